#include "core/tools/trace_context.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

namespace {

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736", parent = "00f067aa0ba902b7";
const std::string good = "00-" + trace + "-" + parent + "-01";

} // namespace

TEST_CASE("a traceparent is read, and written as it was") {
  const auto of = parse_traceparent(good);
  REQUIRE(of);
  CHECK(view_of(of->trace) == trace);
  CHECK(view_of(of->span) == parent);
  CHECK(of->is_sampled);
  CHECK(traceparent(*of) == good);
  const auto unsampled = parse_traceparent("00-" + trace + "-" + parent + "-02");
  REQUIRE(unsampled);
  CHECK_FALSE(unsampled->is_sampled);
  CHECK(traceparent(*unsampled).ends_with("-00"));
}

TEST_CASE("of a later version what we know is read") {
  CHECK(parse_traceparent("cc-" + trace + "-" + parent + "-01"));
  CHECK(parse_traceparent("cc-" + trace + "-" + parent + "-01-what the future says"));
  CHECK_FALSE(parse_traceparent("cc-" + trace + "-" + parent + "-01.what"));
  CHECK_FALSE(parse_traceparent("ff-" + trace + "-" + parent + "-01"));
}

TEST_CASE("what is no traceparent is none") {
  const std::string none_trace(32, '0'), none_span(16, '0');
  for (const auto& bad : {std::string(), good.substr(1), good + "-", good + "0", "00_" + good.substr(3),
                          "00-" + none_trace + "-" + parent + "-01", "00-" + trace + "-" + none_span + "-01",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + parent + "-01",
                          "00-" + trace + "-" + parent + "-0g", "0x-" + trace + "-" + parent + "-01",
                          "00-" + trace + "." + parent + "-01", "00-" + trace + "-" + parent + ".01"}) {
    INFO(bad);
    CHECK_FALSE(parse_traceparent(bad));
  }
}

TEST_CASE("ids are made anew") {
  CHECK(new_trace_id() != new_trace_id());
  CHECK(parse_traceparent(traceparent({new_trace_id(), new_span_id()})));
}
