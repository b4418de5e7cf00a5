#include "actors/span_exporter.hpp"

#include "core/wire/otlp.hpp"

#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

constexpr std::chrono::seconds pause{1};
/// Before a portion that the collector could not take is sent again, unless it says when.
constexpr std::chrono::seconds retry_pause{5};
/// Some 400 bytes each.
constexpr std::size_t portion_max = 512;

/// OTLP says which answers ask for another try: no answer at all, and these.
bool is_retried(const webhooks::posted& answer) {
  if (!answer.status) return true;
  const auto status = *answer.status;
  return status == 429 || status == 502 || status == 503 || status == 504;
}

} // namespace

span_exporter::span_exporter(caf::actor_config& config, const span_exporter_env& env, asker_actor asker,
                             std::shared_ptr<webhooks::poster> posts)
    : pinned(config)
    , env_(env)
    , asker_(std::move(asker))
    , posts_(std::move(posts)) {
  for (const char* outcome : {"sent", "refused", "dropped"}) count(outcome, 0);
}

span_exporter::behavior_type span_exporter::make_behavior() {
  return {[this](tick_atom) { step(); }};
}

void span_exporter::on_exit() { asker_ = nullptr; }

void span_exporter::rest(std::chrono::milliseconds how_long) {
  delayed_send(this, how_long, tick_atom::value);
}

/// Also of none: an alarm sees the first one only where there was a 0 before.
void span_exporter::count(const char* outcome, std::uint64_t spans) {
  env_.figures.spans_told.Add({{"outcome", outcome}}).Increment(static_cast<double>(spans));
}

void span_exporter::step() {
  auto& spans = env_.figures.spans;
  const auto dropped = spans.dropped();
  count("dropped", dropped - std::exchange(dropped_, dropped));
  if (portion_.empty()) {
    const auto some = spans.take(portion_max);
    if (some.empty()) return rest(pause);
    count_ = some.size();
    portion_ = encode_spans(some, env_.node, HONGYAN_VERSION);
  }
  // Its deadline is the poster's.
  request(asker_, caf::infinite, post_atom::value, webhooks::post{.url = env_.url, .body = portion_})
      .then([this](const webhooks::posted& answer) { heard(answer); },
            [](const caf::error&) {}); // the server stops
  posts_->wake();
}

void span_exporter::heard(const webhooks::posted& answer) {
  const bool has_failed = !answer.trouble.empty();
  if (has_failed && !is_failing_)
    spdlog::warn("event=spans_failing reason=\"{}\"", answer.trouble);
  else if (!has_failed && is_failing_)
    spdlog::info("event=spans_recovered");
  is_failing_ = has_failed;
  if (has_failed && is_retried(answer)) return rest(answer.retry_after.value_or(retry_pause));
  count(has_failed ? "refused" : "sent", count_);
  portion_.clear();
  rest(count_ == portion_max ? std::chrono::milliseconds(0) : pause);
}

} // namespace hongyan
