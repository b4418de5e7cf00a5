#include "persistence/send_batch.hpp"

#include "persistence/append_rules.hpp"

#include <algorithm>
#include <utility>

namespace hongyan {

std::optional<group_role> conversation_rules::role_of(const user_id& user) const {
  const auto found = std::ranges::lower_bound(*members, user);
  if (found == members->end() || *found != user) return {};
  return static_cast<group_role>(roles[static_cast<std::size_t>(found - members->begin())] - '0');
}

std::string conversation_name(const new_message& message) {
  std::string name;
  if (message.to.is_group()) {
    name.append(1, ' ').append(message.to.id.text());
  } else {
    const auto [low, high] = conversation_key(message.from, message.to.id);
    name.reserve(low.size() + 1 + high.size());
    name.append(low).append(1, ' ').append(high);
  }
  return name;
}

namespace {

append_status verdict_of_rules(const new_message& message, const conversation_rules* rules) {
  if (message.attached && message.attached->refused) return append_status::no_file;
  if (rules == nullptr) return append_status::no_group;
  if (!message.to.is_group()) {
    if (message.from == message.to.id) return append_status::stored;
    const bool to_low = message.to.id < message.from;
    return (to_low ? rules->low_blocks : rules->high_blocks) ? append_status::blocked : append_status::stored;
  }
  const auto role = rules->role_of(message.from);
  if (!role) return append_status::no_group;
  if (*role != group_role::member) return append_status::stored;
  if (rules->muted) return append_status::silenced;
  return message.called && message.called->all ? append_status::may_not_call_all : append_status::stored;
}

} // namespace

append_status verdict(const new_message& message, const conversation_rules* rules) {
  const auto status = verdict_of_rules(message, rules);
  return status == append_status::stored && message.is_probe ? append_status::unchecked : status;
}

send_batch::send_batch(std::size_t size, wall_time now)
    : now_(now)
    , outcomes_(size)
    , refused_(size)
    , first_(size) {}

void send_batch::was_stored(std::size_t i, const new_message& again, message stored) {
  outcomes_[i] = {.status = repeat_status(again, stored),
                  .id = stored.id,
                  .conversation_id = stored.conversation_id,
                  .seq = stored.seq,
                  .created_at = stored.created_at,
                  .ext = stored.ext,
                  .content = stored.content,
                  .kind = stored.kind,
                  .edits = stored.edits,
                  .recalled = stored.recalled};
  stored_before_.emplace(i, std::move(stored));
}

void send_batch::decide(std::span<const new_message> batch, const rules_of& rules) {
  rows_.clear();
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const new_message& message = batch[i];
    first_[i] = i;
    // A space is in no user id, so the joined key is unambiguous.
    std::string key = message.client_msg_id ? message.from.text() + ' ' + *message.client_msg_id : "";
    if (const auto before = seen.find(key); !key.empty() && before != seen.end()) {
      first_[i] = before->second;
      continue;
    }
    if (is_open(i)) {
      const append_status status = verdict(message, rules(i));
      if (status == append_status::stored) {
        rows_.push_back(i);
      } else {
        outcomes_[i] = {.status = status};
        refused_[i] = true;
      }
    }
    if (!key.empty() && !refused_[i]) seen.emplace(std::move(key), i);
  }
}

std::vector<append_outcome> send_batch::finish(std::span<const new_message> batch) && {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::size_t first = first_[i];
    if (first == i) continue;
    append_outcome& outcome = outcomes_[i] = outcomes_[first];
    if (const auto before = stored_before_.find(first); before != stored_before_.end()) {
      outcome.status = repeat_status(batch[i], before->second);
      continue;
    }
    const new_message& sent = batch[first];
    outcome.status = repeat_status(batch[i], {.from = sent.from,
                                              .to = sent.to,
                                              .kind = sent.kind,
                                              .content = sent.content,
                                              .sent_digest = sent_digest(sent)});
    outcome.audience = nullptr;
    outcome.ext = sent.ext;
    outcome.content = sent.content;
    outcome.kind = sent.kind;
  }
  return std::move(outcomes_);
}

row_places place_rows(const std::vector<std::size_t>& rows, const send_batch::rules_of& rules_of) {
  std::vector<const conversation_rules*> rules;
  rules.reserve(rows.size());
  for (const std::size_t i : rows) rules.push_back(rules_of(i));
  auto conversations = rules;
  std::ranges::sort(conversations, {}, &conversation_rules::id);
  const auto repeated = std::ranges::unique(conversations);
  conversations.erase(repeated.begin(), repeated.end());

  row_places at;
  for (const auto* conversation : conversations) {
    at.conversation_ids.push_back(conversation->id);
    at.versions.push_back(conversation->version);
    at.audiences.push_back(conversation->members);
  }
  at.counts.assign(conversations.size(), 0);
  at.places.resize(rules.size());
  at.later.resize(rules.size());
  for (std::size_t row = rules.size(); row-- > 0;) {
    const auto place =
        std::ranges::lower_bound(at.conversation_ids, rules[row]->id) - at.conversation_ids.begin();
    at.places[row] = static_cast<std::int32_t>(place + 1);
    at.later[row] = static_cast<std::int32_t>(at.counts[static_cast<std::size_t>(place)]++);
  }
  return at;
}

} // namespace hongyan
