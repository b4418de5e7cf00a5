#include "persistence/postgres/rules.hpp"

namespace hongyan::postgres {

namespace {

/// 300,000 direct conversations, or 400 groups of 2,000 members. A miss costs a small statement for the whole
/// batch.
constexpr std::size_t known_bytes_max = std::size_t{64} << 20U;

} // namespace

const conversation_rules* known_conversations::find(const std::string& name) const {
  const auto found = known_.find(name);
  return found == known_.end() ? nullptr : &found->second;
}

void known_conversations::learn(const std::string& name, conversation_rules rules) {
  forget(name);
  bytes_ += size_of(name, rules);
  known_.emplace(name, std::move(rules));
}

void known_conversations::forget(const std::string& name) {
  const auto found = known_.find(name);
  if (found == known_.end()) return;
  bytes_ -= size_of(found->first, found->second);
  known_.erase(found);
}

void known_conversations::clear() {
  known_.clear();
  bytes_ = 0;
}

void known_conversations::make_room() {
  if (bytes_ > known_bytes_max) clear();
}

std::size_t known_conversations::size_of(const std::string& name, const conversation_rules& rules) {
  std::size_t bytes = sizeof(conversation_rules) + sizeof(std::string) + name.size() + 40; // the map's own
  if (rules.members)
    for (const user_id& member : *rules.members) bytes += sizeof(user_id) + 1 + member.text().size();
  return bytes;
}

} // namespace hongyan::postgres
