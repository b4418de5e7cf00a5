#include "core/wire/problem.hpp"

#include "core/wire/json.hpp"

namespace hongyan {

std::string problem_json(const error& e) {
  const auto& row = row_of(e.code);
  std::string out = R"({"type":"urn:hongyan:problem:)";
  out += row.name;
  out += R"(","title":)";
  append_json_string(out, row.title);
  out += R"(,"status":)";
  out += std::to_string(row.http_status);
  out += R"(,"detail":)";
  append_json_string(out, e.detail);
  if (!e.reason.empty()) {
    out += R"(,"reason":)";
    append_json_string(out, e.reason);
  }
  if (e.until) out.append(R"(,"until":)").append(json_until(*e.until));
  if (e.offset) out.append(R"(,"offset":)").append(std::to_string(*e.offset));
  return out += '}';
}

} // namespace hongyan
