#include "core/tools/span_log.hpp"

#include "core/tools/trace_log.hpp"
#include "core/wire/otlp.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

using namespace hongyan;
using what = trace_event::what;

namespace {

const trace_context asked{new_trace_id(), new_span_id()};

std::vector<std::string> names_of(const std::vector<trace_span>& all) {
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  return names;
}

} // namespace

TEST_CASE("nothing is followed until it is asked for") {
  span_log spans;
  CHECK_FALSE(spans.begin(asked));
  CHECK_FALSE(spans.begin({}));
  spans.follow(1, 1, 1, {.own = asked});
  CHECK_FALSE(spans.followed(1));
}

TEST_CASE("what is followed is under who asks, or begins a trace") {
  span_log spans;
  spans.switch_on();
  const auto under = spans.begin(asked);
  REQUIRE(under);
  CHECK(under->own.trace == asked.trace);
  CHECK(under->own.span != asked.span);
  CHECK(under->parent == asked.span);
  const auto first = spans.begin({});
  REQUIRE(first);
  CHECK_FALSE(first->parent);
  CHECK(first->own.trace != asked.trace);
  auto unsampled = asked;
  unsampled.is_sampled = false;
  CHECK_FALSE(spans.begin(unsampled));
}

TEST_CASE("so many a second are followed, and those who ask are not kept out by those who do not") {
  span_log spans;
  spans.switch_on();
  constexpr std::size_t tries = 1000;
  std::size_t first = 0, all = 0;
  for (std::size_t i = 0; i < tries; ++i) first += spans.begin({}) != nullptr;
  for (std::size_t i = 0; i < tries; ++i) all += spans.begin(asked) != nullptr;
  CHECK(first >= span_log::first_max);
  CHECK(first < tries); // more than one second of them, on a slow machine
  CHECK(all >= span_log::asked_max);
  CHECK(all < tries);
}

TEST_CASE("what becomes of a message that is followed is told") {
  span_log spans;
  spans.switch_on();
  trace_log log(&spans);
  const span_begun under{.own = asked, .at = span_now()};
  log.note(what::committed, 7, 4, 4); // before it is followed
  spans.follow(7, 5, 900, under);
  log.note(what::committed, 7, 5, 5);
  log.note(what::announced, 7, 5, 6);
  log.note(what::taken, 7, 3, 6, "li4", "session");
  log.note(what::queued, 0, 899, 900, "zhang3");
  log.note(what::read, 7, 0, 8, "li4");
  log.note(what::pushed, 7, 5, 5, "wang5");
  log.note(what::taken, 7, 6, 6, "li4");   // another
  log.note(what::taken, 8, 5, 5, "li4");   // of another conversation
  log.note(what::taken, 0, 901, 950, "x"); // later
  const auto all = spans.take(100);
  CHECK(names_of(all) == std::vector<std::string>{"commit", "deliver", "deliver", "read", "notice"});
  for (const auto& one : all) {
    CHECK(one.begun.own.trace == asked.trace);
    CHECK(one.begun.parent == asked.span);
    CHECK(one.end >= one.begun.at);
  }
  CHECK(all[1].begun.at == under.at);
  CHECK(spans.followed(900)->own.span == asked.span);
  CHECK(spans.take(1).empty());
}

TEST_CASE("of many sockets some are told, of many messages the newest are followed") {
  span_log spans;
  spans.switch_on();
  spans.follow(1, 1, 1, {.own = asked});
  for (std::size_t i = 0; i < 5 * span_log::of_each_max; ++i) spans.saw(what::taken, 1, 1, 1, "u", "s");
  CHECK(spans.take(1000).size() == span_log::of_each_max);
  for (std::size_t i = 0; i < span_log::followed_max; ++i)
    spans.follow(2, static_cast<std::int64_t>(i), static_cast<std::int64_t>(i) + 2, {.own = asked});
  CHECK_FALSE(spans.followed(1));
  CHECK(spans.followed(2));
}

TEST_CASE("spans that nobody fetches are dropped, and counted") {
  span_log spans;
  spans.switch_on();
  for (std::size_t i = 0; i < span_log::spans_max + 3; ++i)
    spans.end({.own = asked}, "x", trace_span::kind::server);
  CHECK(spans.dropped() == 3);
  CHECK(spans.take(10).size() == 10);
  CHECK(spans.take(span_log::spans_max).size() == span_log::spans_max - 10);
}

TEST_CASE("spans are told as OTLP has them in JSON") {
  const auto context = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  const auto parent = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000aa-01");
  const auto at = [](std::int64_t us) { return span_time(std::chrono::microseconds(us)); };
  const std::vector<trace_span> some{
      {.begun = {*context, parent->span, at(1'544'712'660'000'000)},
       .end = at(1'544'712'661'000'001),
       .name = "POST /push",
       .is = trace_span::kind::server,
       .has_failed = true,
       .attributes = {{"http.route", "/push"}, {"http.response.status_code", std::int64_t{503}}}}};
  CHECK(boost::json::parse(encode_spans(some, "node-1", "0.2.0")) == boost::json::parse(R"({
    "resourceSpans": [{
      "resource": {"attributes": [
        {"key": "service.name", "value": {"stringValue": "hongyan"}},
        {"key": "service.version", "value": {"stringValue": "0.2.0"}},
        {"key": "service.instance.id", "value": {"stringValue": "node-1"}}]},
      "scopeSpans": [{
        "scope": {"name": "hongyan"},
        "spans": [{
          "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "parentSpanId": "00000000000000aa",
          "name": "POST /push", "kind": 2,
          "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000001000",
          "attributes": [
            {"key": "http.route", "value": {"stringValue": "/push"}},
            {"key": "http.response.status_code", "value": {"intValue": "503"}}],
          "status": {"code": 2}}]}]}]})"));
}
