#include "bench/report.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <cmath>

using namespace hongyan::bench;

namespace {

report sample() {
  return {.scenario = "push",
          .summary = "2 users & <1> sender",
          .figures = {{"pushesPerSecond", "pushes acknowledged", 1234.5, "/s", 1}},
          .plots = {{"throughput", "Pushes a second", {1, 2}, {{"pushes/s", {1000, 1500}}}}},
          .notes = {},
          .failures = {}};
}

const circumstances there{
    .command_line = "hongyan-bench push", .machine = "2 × CPU", .versions = "1", .time = "now"};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("the JSON of a report can be read", "[bench][report]") {
  const auto root = boost::json::parse(to_json(sample(), there)).as_object();
  CHECK(root.at("scenario").as_string() == "push");
  CHECK(root.at("passed").as_bool());
  CHECK(root.at("figures").at("pushesPerSecond").as_double() == 1234.5);
  CHECK(root.at("plots").at("throughput").at("lines").at("pushes/s").as_array().size() == 2);
}

TEST_CASE("a figure stands on a line of its own, for scripts", "[bench][report]") {
  CHECK(has(to_json(sample(), there), "\n    \"pushesPerSecond\": 1234.5\n"));
}

TEST_CASE("a failure is told everywhere", "[bench][report]") {
  auto r = sample();
  r.failures = {"3 × seen twice"};
  CHECK(has(to_table(r), "FAILED: 3 × seen twice"));
  CHECK_FALSE(boost::json::parse(to_json(r, there)).at("passed").as_bool());
  CHECK(has(to_html(r, there), "3 × seen twice"));
  CHECK_FALSE(has(to_html(r, there), "All checks passed"));
}

TEST_CASE("the page needs nothing else and escapes what it shows", "[bench][report]") {
  const auto page = to_html(sample(), there);
  CHECK(has(page, "All checks passed"));
  CHECK(has(page, "2 users &amp; &lt;1&gt; sender"));
  CHECK(has(page, "<polyline"));
  CHECK_FALSE(has(page, "{{"));
  for (const auto* outside : {"<script", "src=", "href=", "@import", "url("}) CHECK_FALSE(has(page, outside));
}

TEST_CASE("a figure that could not be had is told as such", "[bench][report]") {
  auto r = sample();
  r.figures[0].value = std::nan("");
  CHECK(has(to_table(r), "n/a"));
  CHECK(has(to_html(r, there), "n/a"));
  CHECK(boost::json::parse(to_json(r, there)).at("figures").at("pushesPerSecond").is_null());
}

TEST_CASE("a plot without a value is drawn all the same", "[bench][report]") {
  auto r = sample();
  r.plots = {{"empty", "Nothing", {}, {{"none", {}}}}, {"zero", "Zeros", {1}, {{"zero", {0}}}}};
  CHECK(has(to_html(r, there), "Zeros"));
}
