#include "actors/eraser.hpp"

#include "core/tools/wall_time.hpp"

#include <algorithm>
#include <chrono>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// What was sent with a token that is good no more has come by then: a socket lives on for 5 s.
constexpr std::chrono::seconds settling{10};
/// Between two steps, of two messages each: fifty times what one took, so that of those who write at that
/// moment few wait for it; within limits, since a busy server has to come to the end, too.
constexpr int rest_factor = 50;
constexpr std::chrono::milliseconds pause_min{50}, pause_max{200};
/// While there is nobody to erase, or after a failure.
constexpr std::chrono::seconds idle_pause{5};

} // namespace

eraser::eraser(caf::actor_config& config, flow& admitted, persistence_actor persistence)
    : pinned(config)
    , admitted_(admitted)
    , persistence_(std::move(persistence)) {}

eraser::behavior_type eraser::make_behavior() {
  return {[this](tick_atom) { step(); }};
}

void eraser::on_exit() { persistence_ = nullptr; }

void eraser::step() {
  if (!admitted_.database_up()) {
    delayed_send(this, idle_pause, tick_atom::value);
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  // Without a deadline: nobody waits for it, and persistence answers each, at its own end too.
  admitted_.appends.take(1);
  request(persistence_, caf::infinite, change_atom::value,
          change{.action = go_on_erasing{.begun_by = wall_now() - settling}})
      .then(
          [this, begin](const change_answer& answer) {
            if (answer.failure) spdlog::warn("event=erasure_failed reason=\"{}\"", answer.failure->detail);
            const auto& of = answer.erased;
            if (of && of->place.in == own_data_place::part::end)
              spdlog::info("event=user_erased user={}", of->user.text());
            const auto took =
                std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
            if (of)
              delayed_send(this, std::clamp(rest_factor * took, pause_min, pause_max), tick_atom::value);
            else
              delayed_send(this, idle_pause, tick_atom::value);
          },
          [](const caf::error&) {}); // the server stops
}

} // namespace hongyan
