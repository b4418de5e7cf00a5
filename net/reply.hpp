/// An HTTP answer, and its bytes.
#pragma once

#include "core/bounds/flow.hpp"
#include "core/errors.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hongyan {

struct reply {
  unsigned status = 200;
  std::string content_type = "text/plain";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  bool close = false; ///< close the connection after it
};

/// The answer to a failed request, as application/problem+json.
reply problem(const error& e);

reply text_reply(std::string body);
reply json_reply(std::string body);

struct wire_options {
  bool http_1_0 = false; ///< the request's version
  bool head = false;     ///< leave the body out
};

/// The answer as it goes onto the socket.
std::string to_wire(const reply& r, wire_options options);

} // namespace hongyan
