/// One HTTP/1 request from bytes as they come: Beast's parser, our limits, and what we refuse although Beast
/// does not. No socket, no clock. The answer is the same in whatever pieces the bytes come.
#pragma once

#include "core/bounds/limits.hpp"
#include "core/errors.hpp"

#include <algorithm>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hongyan {

/// Beast's body into a string, which whoever reads it may empty as it fills. (Beast's own string_body
/// reserves the whole length that the header claims.)
struct text_body {
  using value_type = std::string;

  class reader {
  public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& ec) {
      if (length) body_.reserve(static_cast<std::size_t>(std::min(*length, reserved_max)));
      ec = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& ec) {
      ec = {};
      std::size_t count = 0;
      for (const boost::asio::const_buffer part : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(part.data()), part.size());
        count += part.size();
      }
      return count;
    }
    void finish(boost::system::error_code& ec) { ec = {}; }

  private:
    static constexpr std::uint64_t reserved_max = 4'096;
    value_type& body_;
  };
};

using http_request = boost::beast::http::request<text_body>;

inline std::string_view view(boost::beast::string_view s) { return {s.data(), s.size()}; }

class request_reader {
public:
  enum class status : std::uint8_t {
    need_more, ///< all that can be used was; at most limits.header_bytes stay in the buffer
    header,    ///< the header is whole and good, and a body follows; said once
    done,      ///< request() is whole; what stays in the buffer comes after it
    failed,    ///< failure() says why; take no more
  };

  /// `bounds` must outlive it; of them header_bytes counts.
  explicit request_reader(const limits& bounds);

  /// Takes what it can use off the front of `buffer`, which must hold what it left there before.
  status take(boost::beast::flat_buffer& buffer);

  bool has_header() const { return parser_.is_header_done(); }
  /// The header is good once has_header(), the body once done. The fields are the header's: those of a
  /// trailer are thrown away.
  const http_request& request() const { return parser_.get(); }
  /// Once there is a header, and before more is taken: the body may have so many bytes only, of which it will
  /// not keep one more; else it may have as many as it likes. Nothing, or why not. Errors: too_large.
  std::optional<error> limit_body(std::size_t bytes);
  /// What came of the body since it was last taken.
  std::string take_piece() { return std::exchange(parser_.get().body(), {}); }
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
  boost::beast::http::request_parser<text_body> parser_;
  http_request::header_type header_; ///< of a request that may have a trailer
  std::size_t body_max_ = 0;         ///< when it was limited
  std::size_t framing_bytes_ = 0;    ///< of the header so far, or of the last chunk's header or the trailer
  error failure_;
};

} // namespace hongyan
