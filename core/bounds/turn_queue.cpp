#include "core/bounds/turn_queue.hpp"

#include <utility>
#include <vector>

namespace hongyan {

bool turn_queue::take(const std::string& key) {
  auto& mine = lines_[key];
  if (mine.taken >= turns_a_round_ || !mine.waiting.empty()) return false;
  ++mine.taken;
  return true;
}

void turn_queue::wait(const std::string& key, std::unique_ptr<waiter> w) {
  lines_[key].waiting.push_back(std::move(w));
  ++waiting_;
}

bool turn_queue::next_round() {
  std::vector<std::unique_ptr<waiter>> now;
  for (auto at = lines_.begin(); at != lines_.end();) {
    auto& [key, mine] = *at;
    if (mine.waiting.empty()) {
      at = lines_.erase(at);
      continue;
    }
    for (mine.taken = 0; mine.taken < turns_a_round_ && !mine.waiting.empty(); ++mine.taken) {
      now.push_back(std::move(mine.waiting.front()));
      mine.waiting.pop_front();
    }
    ++at;
  }
  waiting_ -= now.size();
  for (auto& w : now) std::exchange(w, nullptr)->run();
  return !lines_.empty();
}

} // namespace hongyan
