/// One HTTP/1 request from bytes as they come: Beast's parser, our limits, and what we refuse although Beast
/// does not. No socket, no clock. The answer is the same in whatever pieces the bytes come.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/errors.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <optional>

namespace hongyan {

using http_request = boost::beast::http::request<boost::beast::http::string_body>;

class request_reader {
public:
  enum class status : std::uint8_t {
    need_more, ///< all that can be used was; at most limits.header_bytes stay in the buffer
    header,    ///< the header is whole and good, and a body follows; said once
    done,      ///< request() is whole; what stays in the buffer comes after it
    failed,    ///< failure() says why; take no more
  };

  /// `bounds` must outlive it; of them header_bytes and body_bytes count.
  explicit request_reader(const limits& bounds);

  /// Takes what it can use off the front of `buffer`, which must hold what it left there before.
  status take(boost::beast::flat_buffer& buffer);

  bool has_header() const { return parser_.is_header_done(); }
  /// The header is good once has_header(), the body once done. The fields are the header's: those of a
  /// trailer are thrown away.
  const http_request& request() const { return parser_.get(); }
  /// Once there is a header: from now on the body may have so many bytes only, of which it will not keep one
  /// more. Nothing, or why not. Errors: too_large.
  std::optional<error> limit_body(std::size_t bytes);
  /// What the header says of the body; nothing: it comes in chunks.
  std::optional<std::size_t> body_length() const;
  /// The request is whole.
  bool is_done() const { return parser_.is_done(); }
  /// It waits for "100 Continue" before it sends the body.
  bool wants_continue() const;
  /// Errors: malformed, header_too_large, too_large.
  const error& failure() const { return failure_; }

private:
  status fail(error why);

  const limits& bounds_;
  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
  http_request::header_type header_; ///< of a request that may have a trailer
  std::size_t body_max_;
  std::size_t framing_bytes_ = 0; ///< of the header so far, or of the last chunk's header or the trailer
  error failure_;
};

} // namespace hongyan
