/// What a writer knows of conversations, so that it can say who may send where without asking.
///
/// It is good as long as the conversation's version is the same, which the statement that stores a batch sees
/// to: it stores nothing where a version is another. What is refused is refused on what was learned after the
/// batch came, since nothing else would notice that it is out of date.
///
/// So whoever begins to block somebody has to change the version of their conversation, and must not miss one
/// that another node is just making: the two would not see each other's rows, and the maker would go on with
/// rules of before. Therefore both lock the pair (see pair_stripe_sql): who makes conversations shares it
/// until they are committed, who blocks has it alone, before the statement that looks for conversations. If
/// the blocker was first, the block is committed before the conversation is, and whoever learns the
/// conversation's rules, in one statement and so as of one moment, finds it. If the maker was first, the
/// blocker's statement sees the conversation, and changes its version.
#pragma once

#include "persistence/send_batch.hpp"

#include <string>
#include <unordered_map>

namespace hongyan::postgres {

/// Conversations by their names, as many as fit.
class known_conversations {
public:
  const conversation_rules* find(const std::string& name) const;
  void learn(const std::string& name, conversation_rules rules);
  void forget(const std::string& name);
  void clear();
  /// Bounded in the simplest way: forgets all when it is too much, and the next batches learn again whom they
  /// need. Rules that were found before are gone then.
  void make_room();

private:
  static std::size_t size_of(const std::string& name, const conversation_rules& rules);

  std::unordered_map<std::string, conversation_rules> known_;
  std::size_t bytes_ = 0;
};

} // namespace hongyan::postgres
