/// A queue that is served by turns: each user (or whoever a key names) has a line of their own, first in,
/// first out, and the lines take turns by cost. Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995):
/// whoever asks for much waits for themselves, not the others for them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace hongyan {

/// One thread at a time. Not bounded by itself: its owner admits before, and looks at waiting().
template <class T>
class fair_queue {
public:
  /// `quantum`: the cost that a line may run up in one turn. Costs are in the owner's units, at least 1.
  explicit fair_queue(std::size_t quantum) : quantum_(quantum) {}

  void push(const std::string& key, std::size_t cost, T item) {
    const auto [found, is_new] = lines_.try_emplace(key);
    auto& l = found->second;
    if (is_new) turns_.push_back(&*found);
    l.items.push_back({cost, std::move(item)});
    ++size_;
  }

  /// Whose turn it is. Nothing: it is empty.
  std::optional<T> pop() {
    if (turns_.empty()) return {};
    for (;;) {
      auto* const entry = turns_.front();
      auto& l = entry->second;
      if (!std::exchange(l.has_turn, true)) l.deficit += static_cast<std::ptrdiff_t>(quantum_);
      const auto cost = static_cast<std::ptrdiff_t>(l.items.front().cost);
      // A line alone keeps nobody waiting.
      if (cost > l.deficit && turns_.size() > 1) {
        l.has_turn = false;
        turns_.splice(turns_.end(), turns_, turns_.begin());
        continue;
      }
      auto next = std::move(l.items.front());
      l.items.pop_front();
      l.deficit = std::max<std::ptrdiff_t>(l.deficit - cost, std::min<std::ptrdiff_t>(l.deficit, 0));
      --size_;
      if (l.items.empty()) { // what is left of its turn is lost, or the idle could save up
        turns_.pop_front();
        lines_.erase(entry->first);
      }
      return std::move(next.item);
    }
  }

  /// What was popped of this line cost so much more than was said when it was pushed: its next ones wait for
  /// it, for debt_turns turns at most. Who has nothing waiting owes nothing.
  void charge(const std::string& key, std::size_t cost) {
    const auto found = lines_.find(key);
    if (found == lines_.end()) return;
    const auto most = debt_turns * static_cast<std::ptrdiff_t>(quantum_);
    auto& deficit = found->second.deficit;
    deficit = std::max(deficit - static_cast<std::ptrdiff_t>(cost), -most);
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// Items of one line.
  std::size_t waiting(const std::string& key) const {
    const auto found = lines_.find(key);
    return found == lines_.end() ? 0 : found->second.items.size();
  }

private:
  static constexpr std::ptrdiff_t debt_turns = 64; ///< bounds pop()

  struct waiting_item {
    std::size_t cost;
    T item;
  };
  struct line {
    std::deque<waiting_item> items;
    std::ptrdiff_t deficit = 0; ///< below 0: what it owes
    bool has_turn = false;
  };
  using lines = std::unordered_map<std::string, line>;

  std::size_t quantum_;
  lines lines_;
  std::list<typename lines::value_type*> turns_; ///< the lines that have items; an entry's address is stable
  std::size_t size_ = 0;
};

} // namespace hongyan
