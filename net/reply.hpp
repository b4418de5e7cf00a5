/// An HTTP answer, and its bytes.
#pragma once

#include "core/bounds/flow.hpp"
#include "core/errors.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hongyan {

/// A body that is made piece by piece while it is sent.
class body_source {
public:
  virtual ~body_source() = default;
  virtual std::optional<std::uint64_t> length() const = 0; ///< in bytes, of all of it; null: its end says it
  /// The next piece, some 64 KiB at most; empty: that was all. Errors: whatever they are, the connection is
  /// cut, since the status was sent.
  virtual boost::asio::awaitable<result<std::string>> next() = 0;
};

struct reply {
  unsigned status = 200;
  std::string content_type = "text/plain";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  bool close = false;                    ///< close the connection after it
  std::unique_ptr<body_source> source{}; ///< of its body, when that is large; `body` is empty then
};

/// The answer to a failed request, as application/problem+json.
reply problem(const error& e);

reply text_reply(std::string body);
reply json_reply(std::string body);

struct wire_options {
  bool http_1_0 = false; ///< the request's version
  bool head = false;     ///< leave the body out
};

/// The answer as it goes onto the socket; without what comes of a source.
std::string to_wire(const reply& r, wire_options options);

} // namespace hongyan
