/// The newest messages that a node has committed, or delivered for others. Where one of them is no more in
/// the store, the store was set back: a copy put back, a failover that lost commits. Pure.
#pragma once

#include "core/chat/query.hpp"

#include <algorithm>
#include <vector>

namespace hongyan {

class newest_commits {
public:
  static constexpr std::size_t conversations_max = 8; ///< as many as clients name in `sync`

  /// Of each conversation the newest is kept; beyond conversations_max that of the quietest is dropped.
  void note(const held_message& committed) {
    std::erase_if(kept_,
                  [&](const held_message& h) { return h.conversation_id == committed.conversation_id; });
    if (kept_.size() == conversations_max) kept_.erase(kept_.begin());
    kept_.push_back(committed);
  }
  void clear() { kept_.clear(); }

  /// The newest last.
  const std::vector<held_message>& all() const { return kept_; }

private:
  std::vector<held_message> kept_;
};

} // namespace hongyan
