#include "core/tools/timer_wheel.hpp"

#include <algorithm>

namespace hongyan {

timer_wheel::anchor::anchor() { next_ = previous_ = this; }

timer_wheel::timer_wheel() = default;

std::chrono::milliseconds::rep timer_wheel::tick_of(steady_time t) { return t.time_since_epoch() / tick; }

void timer_wheel::link(timer& before, timer& node) {
  node.next_ = before.next_;
  node.previous_ = &before;
  before.next_->previous_ = &node;
  before.next_ = &node;
}

void timer_wheel::timer::clear() {
  if (next_ == nullptr) return;
  next_->previous_ = previous_;
  previous_->next_ = next_;
  next_ = previous_ = nullptr;
}

void timer_wheel::timer::set(timer_wheel& wheel, steady_time due) {
  clear();
  due_ = due;
  // A slot is visited when its tick is over, so that nothing in it is early; what is overdue goes into the
  // next.
  const auto at = std::max(tick_of(due), wheel.tick_now_);
  link(wheel.slots_[static_cast<std::size_t>(at) % slot_count], *this);
}

void timer_wheel::advance(steady_time now) {
  const auto target = tick_of(now);
  if (target <= tick_now_) return;
  const auto rounds = std::min<std::chrono::milliseconds::rep>(target - tick_now_, slot_count);
  const auto first = target - rounds;
  tick_now_ = target;
  for (auto t = first; t < target; ++t) {
    auto& slot = slots_[static_cast<std::size_t>(t) % slot_count];
    // Onto a list of its own first: what fires may set and clear timers, also in this very slot.
    anchor visiting;
    while (slot.next_ != &slot) {
      timer& node = *slot.next_;
      node.clear();
      link(visiting, node);
    }
    while (visiting.next_ != &visiting) {
      timer& node = *visiting.next_;
      node.clear();
      if (node.due_ <= now) {
        node.fired(now);
      } else {
        link(slot, node);
      }
    }
  }
}

} // namespace hongyan
