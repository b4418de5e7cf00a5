#include "core/wire/otlp.hpp"

#include "core/wire/json.hpp"

#include <boost/json/array.hpp>

namespace hongyan {

namespace {

namespace json = boost::json;

json::value text_value(std::string_view text) { return {{"stringValue", text}}; }

/// 64-bit numbers are strings, as in all of Protobuf's JSON.
json::value attribute_value(const std::variant<std::string, std::int64_t>& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return {{"intValue", std::to_string(*number)}};
  return text_value(std::get<std::string>(value));
}

json::value attribute(std::string_view name, json::value value) {
  return json::object{{"key", name}, {"value", std::move(value)}};
}

std::string nanoseconds(span_time at) {
  return std::to_string(std::chrono::nanoseconds(at.time_since_epoch()).count());
}

json::value span_json(const trace_span& one) {
  json::object out{{"traceId", view_of(one.begun.own.trace)},
                   {"spanId", view_of(one.begun.own.span)},
                   {"name", one.name},
                   {"kind", static_cast<int>(one.is)},
                   {"startTimeUnixNano", nanoseconds(one.begun.at)},
                   {"endTimeUnixNano", nanoseconds(one.end)}};
  if (one.begun.parent) out["parentSpanId"] = view_of(*one.begun.parent);
  json::array attributes;
  for (const auto& [name, value] : one.attributes)
    attributes.push_back(attribute(name, attribute_value(value)));
  if (!attributes.empty()) out["attributes"] = std::move(attributes);
  constexpr int error_code = 2;
  if (one.has_failed) out["status"] = json::object{{"code", error_code}};
  return out;
}

} // namespace

std::string encode_spans(std::span<const trace_span> some, std::string_view node, std::string_view version) {
  json::array spans;
  for (const auto& one : some) spans.push_back(span_json(one));
  const json::object all{
      {"resourceSpans",
       json::array{json::object{
           {"resource",
            json::object{{"attributes", json::array{attribute("service.name", text_value("hongyan")),
                                                    attribute("service.version", text_value(version)),
                                                    attribute("service.instance.id", text_value(node))}}}},
           {"scopeSpans", json::array{json::object{{"scope", json::object{{"name", "hongyan"}}},
                                                   {"spans", std::move(spans)}}}}}}}};
  std::string body;
  append_json(body, all);
  return body;
}

} // namespace hongyan
