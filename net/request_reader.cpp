#include "net/request_reader.hpp"

#include <boost/beast/http/field.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace hongyan {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

error malformed(std::string detail) { return {errc::malformed, std::move(detail)}; }

/// What Beast found wrong, in the contract's terms.
error explain(const boost::system::error_code& ec, const limits& bounds, std::size_t body_max) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return {errc::header_too_large,
            "the request line and header are over " + std::to_string(bounds.header_bytes) + " bytes"};
  if (ec == http::error::body_limit)
    return {errc::too_large, "the body is over " + std::to_string(body_max) + " bytes"};
  return malformed("malformed HTTP request: " + ec.message());
}

/// What Beast accepts and we do not: whatever two servers could read in two ways (request smuggling).
std::optional<error> check_header(const http_request& request) {
  if (request.count(http::field::host) != 1 &&
      (request.version() >= 11 || request.count(http::field::host) > 1))
    return malformed("a request has exactly one Host header");
  const auto codings = request.count(http::field::transfer_encoding);
  if (codings > 0) {
    if (request.version() < 11) return malformed("HTTP/1.0 has no Transfer-Encoding");
    if (request.count(http::field::content_length) > 0)
      return malformed("a request has Content-Length or Transfer-Encoding, not both");
    if (codings > 1 || !beast::iequals(request[http::field::transfer_encoding], "chunked"))
      return malformed("the only Transfer-Encoding understood is chunked");
  }
  // Beast takes "0, 0" for one number; a proxy may not.
  const auto length = request[http::field::content_length];
  if (request.count(http::field::content_length) > 1 ||
      length.find_first_not_of("0123456789") != beast::string_view::npos)
    return malformed("a request has one Content-Length, which is a number");
  if (request.count(http::field::origin) > 1) return malformed("a request has one Origin");
  return {};
}

/// A header line that goes on in the next one (obs-fold): obsolete, and read differently by different servers
/// (RFC 9112 section 5.2). Beast would unfold it. `bytes` begin with a line of the header, or with the empty
/// one that ends it.
bool has_folded_line(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) return false; // what follows is the body
  const auto header = bytes.substr(0, bytes.find("\r\n\r\n"));
  return header.find("\n ") != std::string_view::npos || header.find("\n\t") != std::string_view::npos;
}

} // namespace

request_reader::request_reader(const limits& bounds) : bounds_(bounds) {
  parser_.header_limit(static_cast<std::uint32_t>(bounds.header_bytes));
  parser_.body_limit(boost::none); // what may come is decided by the header
}

std::optional<error> request_reader::limit_body(std::size_t bytes) {
  body_max_ = bytes;
  if (body_length().value_or(0) > bytes) return explain(http::error::body_limit, bounds_, body_max_);
  parser_.body_limit(bytes);
  return {};
}

std::optional<std::size_t> request_reader::body_length() const {
  if (parser_.chunked()) return {};
  return static_cast<std::size_t>(parser_.content_length().value_or(0));
}

bool request_reader::wants_continue() const {
  return request().version() >= 11 && beast::iequals(request()[http::field::expect], "100-continue");
}

request_reader::status request_reader::fail(error why) {
  failure_ = std::move(why);
  return status::failed;
}

request_reader::status request_reader::take(beast::flat_buffer& buffer) {
  const auto too_long = [&] { return fail(explain(http::error::header_limit, bounds_, body_max_)); };
  for (;;) {
    const bool in_header = !has_header();
    if (in_header && has_folded_line({static_cast<const char*>(buffer.data().data()), buffer.size()}))
      return fail(malformed("a header line must not be folded"));
    const auto body_had = request().body().size();
    boost::system::error_code ec;
    const auto used = parser_.put(buffer.data(), ec);
    buffer.consume(used);
    if (ec && ec != http::error::need_more) return fail(explain(ec, bounds_, body_max_));
    // Beast's own limit is for the request line and for the header, each, and of chunks' headers and the
    // trailer it has none. The parser takes a chunk's header at once, and so the trailer.
    const auto framing = used - (request().body().size() - body_had);
    framing_bytes_ = in_header ? framing_bytes_ + framing : framing;
    if (framing_bytes_ > bounds_.header_bytes) return too_long();
    if (in_header && has_header()) {
      if (auto bad = check_header(request())) return fail(std::move(*bad));
      if (parser_.chunked()) header_ = request().base();
      if (!parser_.is_done()) return status::header;
    }
    if (parser_.is_done()) {
      // Beast puts a trailer's fields among the header's, where proxies did not look (RFC 9110
      // section 6.5.1).
      if (parser_.chunked()) parser_.get().base() = std::move(header_);
      return status::done;
    }
    if (!ec && buffer.size() > 0) continue; // the parser paused at a boundary: give it the rest
    const auto unfinished = buffer.size() + (has_header() ? 0 : framing_bytes_);
    return unfinished > bounds_.header_bytes ? too_long() : status::need_more;
  }
}

} // namespace hongyan
