#include "net/reply.hpp"

#include "core/wire/problem.hpp"

#include <boost/beast/http/status.hpp>
#include <ctime>

namespace hongyan {

namespace {

/// RFC 9110 section 5.6.7; formatted once a second.
std::string_view date_header() {
  thread_local std::time_t formatted = 0;
  thread_local char text[48];
  thread_local std::size_t length = 0;
  const auto now = std::time(nullptr);
  if (now != formatted) {
    std::tm fields{};
    gmtime_r(&now, &fields);
    length = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &fields);
    formatted = now;
  }
  return {text, length};
}

} // namespace

reply problem(const error& e) {
  const auto& row = row_of(e.code);
  reply r{.status = row.http_status,
          .content_type = "application/problem+json",
          .body = problem_json(e),
          .headers = {{"X-Content-Type-Options", "nosniff"}}};
  if (row.retry_later) { // whole seconds
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(spread_retry(e)).count();
    r.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  if (e.code == errc::unauthorized) r.headers.emplace_back("WWW-Authenticate", "Bearer");
  return r;
}

reply text_reply(std::string body) { return {.body = std::move(body)}; }

reply json_reply(std::string body) {
  return {.content_type = "application/json",
          .body = std::move(body),
          .headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}};
}

std::string to_wire(const reply& r, wire_options options) {
  std::string out;
  out.reserve(256 + r.body.size());
  out += "HTTP/1.1 ";
  out += std::to_string(r.status);
  out += ' ';
  out += std::string_view(
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(r.status)));
  out += "\r\n";
  out += date_header();
  if (!r.content_type.empty()) {
    out += "Content-Type: ";
    out += r.content_type;
    out += "\r\n";
  }
  const auto length = r.source ? r.source->length() : r.body.size();
  if (!length) {
    if (!options.http_1_0) out += "Transfer-Encoding: chunked\r\n";
  } else if (r.status != 204 && r.status != 304) {
    out += "Content-Length: ";
    out += std::to_string(*length);
    out += "\r\n";
  }
  for (const auto& [name, value] : r.headers) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (r.close) {
    out += "Connection: close\r\n";
  } else if (options.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!options.head) out += r.body;
  return out;
}

} // namespace hongyan
