#include "bench/report.hpp"

#include "bench/process_stats.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
#include <boost/version.hpp>
#include <caf/config.hpp>
#include <cmath>
#include <cstdio>

namespace hongyan::bench {

namespace {

/// JSON has no infinity and no NaN.
std::string number(double value, int decimals) {
  return std::isfinite(value) ? fixed(value, decimals) : "null";
}

template <class Items, class Show>
std::string list(const Items& items, const std::string& separator, Show show) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += separator;
    out += show(item);
  }
  return out;
}

std::string numbers(const std::vector<double>& values) {
  return "[" + list(values, ",", [](double v) { return number(v, 3); }) + "]";
}

} // namespace

std::string fixed(double value, int decimals) {
  if (std::isnan(value)) return "n/a";
  char text[64];
  const auto length = std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return {text, static_cast<std::size_t>(length)};
}

double milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

circumstances describe_circumstances(const std::string& command_line) {
  circumstances c{.command_line = command_line, .machine = machine_description(), .versions = {}, .time = {}};
  c.versions = "hongyan-bench " HONGYAN_VERSION ", CAF " + std::to_string(CAF_VERSION / 10000) + "." +
               std::to_string(CAF_VERSION / 100 % 100) + "." + std::to_string(CAF_VERSION % 100) +
               ", Boost " + std::to_string(BOOST_VERSION / 100000) + "." +
               std::to_string(BOOST_VERSION / 100 % 1000) + ", GCC " __VERSION__;
  append_utc_time(c.time, wall_now());
  return c;
}

std::string to_table(const report& r) {
  std::size_t width = 0;
  for (const auto& f : r.figures) width = std::max(width, f.label.size());
  std::string out = r.scenario + ": " + r.summary + "\n";
  for (const auto& f : r.figures) {
    const auto value = fixed(f.value, f.decimals);
    out += "  " + f.label + std::string(width - f.label.size() + 2, ' ') +
           std::string(value.size() < 12 ? 12 - value.size() : 0, ' ') + value + " " + f.unit + "\n";
  }
  for (const auto& note : r.notes) out += "  note: " + note + "\n";
  for (const auto& failure : r.failures) out += "  FAILED: " + failure + "\n";
  out += r.failures.empty() ? "  checks: all passed\n" : "  checks: FAILED\n";
  return out;
}

std::string to_json(const report& r, const circumstances& c) {
  std::string out =
      "{\n  \"scenario\": " + json_string(r.scenario) + ",\n  \"summary\": " + json_string(r.summary) +
      ",\n  \"passed\": " + (r.failures.empty() ? "true" : "false") +
      ",\n  \"commandLine\": " + json_string(c.command_line) + ",\n  \"machine\": " + json_string(c.machine) +
      ",\n  \"versions\": " + json_string(c.versions) + ",\n  \"time\": " + json_string(c.time);
  // One figure a line: scripts without a JSON parser read them too.
  out += ",\n  \"figures\": {\n    " +
         list(r.figures, ",\n    ",
              [](const figure& f) {
                return json_string(f.key) + ": " + number(f.value, std::max(f.decimals, 0));
              }) +
         "\n  }";
  out += ",\n  \"notes\": [" + list(r.notes, ", ", json_string) + "]";
  out += ",\n  \"failures\": [" + list(r.failures, ", ", json_string) + "]";
  out +=
      ",\n  \"plots\": {\n    " +
      list(r.plots, ",\n    ",
           [](const plot& p) {
             return json_string(p.key) + ": {\"title\": " + json_string(p.title) +
                    ", \"seconds\": " + numbers(p.seconds) + ", \"lines\": {" +
                    list(p.lines, ", ",
                         [](const plot::line& l) { return json_string(l.name) + ": " + numbers(l.values); }) +
                    "}}";
           }) +
      "\n  }\n}\n";
  return out;
}

} // namespace hongyan::bench
