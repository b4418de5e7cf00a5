#include "net/parameters.hpp"

#include "core/wire/json.hpp"
#include "net/handlers.hpp"

#include <charconv>

namespace hongyan {

std::optional<trace_context> parent_of(const http_request& request) {
  constexpr std::string_view name = "traceparent";
  if (request.count(name) != 1) return {};
  return parse_traceparent(view(request[name]));
}

result<user_id> user_parameter(const target& to, std::string_view name) {
  const auto value = to.parameter(name);
  if (!value)
    return error{errc::malformed, "the parameter " + std::string(name) + " is missing; it is " +
                                      std::string(user_id::accepted)};
  auto id = user_id::parse(*value);
  if (!id) return error{errc::malformed, "the parameter " + std::string(name) + ": " + id.error().detail};
  return id;
}

result<std::optional<std::int64_t>> number_parameter(const target& to, std::string_view name,
                                                     std::int64_t highest, std::int64_t lowest) {
  const auto value = to.parameter(name);
  if (!value) return std::optional<std::int64_t>{};
  const auto text = *value;
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size() || number < lowest || number > highest)
    return error{errc::malformed, "the parameter " + std::string(name) + " must be a whole number from " +
                                      std::to_string(lowest) + " to " + std::to_string(highest)};
  return std::optional(number);
}

result<boost::json::object> body_object(const routed_request& request) {
  auto body = parse_json(request.http.body(), v1_json_depth_max);
  if (!body) return body.error();
  if (!body->is_object()) return error{errc::malformed, "the body must be a JSON object"};
  return std::move(body->as_object());
}

} // namespace hongyan
