// What becomes of each message of a batch, by literals: no store.
#include "persistence/send_batch.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace hongyan;

namespace {

user_id user(std::string_view text) { return *user_id::parse(text); }

new_message to_user(std::string_view from, std::string_view to, std::string content,
                    std::optional<std::string> id = {}) {
  return {.from = user(from), .to = user(to), .content = std::move(content), .client_msg_id = std::move(id)};
}
new_message to_group(std::string_view from, std::string_view group, std::string content = "x") {
  return {.from = user(from), .to = peer_or_group::group(user(group)), .content = std::move(content)};
}

audience_ptr people(std::initializer_list<std::string_view> ids) {
  auto all = std::make_shared<std::vector<user_id>>();
  for (const auto id : ids) all->push_back(user(id));
  return all;
}

message earlier(std::int64_t seq, const new_message& as) {
  return {
      .id = 100 + seq, .conversation_id = 7, .seq = seq, .from = as.from, .to = as.to, .content = as.content};
}

/// A batch, and what is known of its conversations.
struct trial {
  std::vector<new_message> messages;
  std::map<std::string, conversation_rules> known;
  send_batch batch{messages.size(), from_ms(1000)};

  send_batch::rules_of rules() {
    return [this](std::size_t i) {
      const auto found = known.find(conversation_name(messages[i]));
      return found == known.end() ? nullptr : &found->second;
    };
  }
  std::vector<std::size_t> rows() {
    batch.decide(messages, rules());
    return batch.rows();
  }
  /// Stores the rows as seq 1, 2, ..., and answers what became of all.
  std::vector<append_outcome> outcomes() {
    std::int64_t seq = 0;
    for (const auto i : rows()) batch.stored(i) = {.id = 100 + ++seq, .conversation_id = 7, .seq = seq};
    return std::move(batch).finish(messages);
  }
};

using enum append_status;

std::vector<append_status> statuses_of(const std::vector<append_outcome>& of) {
  std::vector<append_status> all;
  for (const auto& o : of) all.push_back(o.status);
  return all;
}

} // namespace

TEST_CASE("who may send: blocks, membership, silence", "[send_batch]") {
  const conversation_rules plain{}, low_blocks{.low_blocks = true}, high_blocks{.high_blocks = true};
  CHECK(verdict(to_user("1", "2", "x"), &plain) == stored);
  CHECK(verdict(to_user("2", "1", "x"), &low_blocks) == blocked);
  CHECK(verdict(to_user("1", "2", "x"), &low_blocks) == stored); // who blocks may write
  CHECK(verdict(to_user("1", "2", "x"), &high_blocks) == blocked);
  CHECK(verdict(to_user("1", "1", "x"), &low_blocks) == stored); // a note to oneself

  const conversation_rules open{.members = people({"1", "2", "3"}), .roles = "012"};
  const conversation_rules muted{.muted = true, .members = open.members, .roles = open.roles};
  CHECK(verdict(to_group("1", "g"), nullptr) == no_group);
  CHECK(verdict(to_group("9", "g"), &open) == no_group);
  CHECK(verdict(to_group("1", "g"), &open) == stored);
  CHECK(verdict(to_group("1", "g"), &muted) == silenced);
  CHECK(verdict(to_group("2", "g"), &muted) == stored);
  CHECK(verdict(to_group("3", "g"), &muted) == stored);
}

TEST_CASE("what repeats an earlier one of the batch is its duplicate, or a conflict", "[send_batch]") {
  trial t{{to_user("1", "2", "a", "c"), to_user("1", "2", "a", "c"), to_user("1", "2", "b", "c"),
           to_user("2", "1", "a", "c"), to_user("1", "2", "a")},
          {{"1 2", {}}}};
  CHECK(t.rows() == std::vector<std::size_t>{0, 3, 4}); // another sender's id is another
  const auto all = t.outcomes();
  CHECK(statuses_of(all) == std::vector{stored, duplicate, conflict, stored, stored});
  CHECK(all[1].seq == all[0].seq);
  CHECK(all[4].seq == 3);
}

TEST_CASE("a duplicate in the batch has no audience, and ext as first sent", "[send_batch]") {
  trial t{{to_group("1", "g"), to_group("1", "g")}, {{" g", {.members = people({"1"}), .roles = "0"}}}};
  for (auto& m : t.messages) m.client_msg_id = "c";
  t.messages[0].ext = "{}";
  t.rows();
  t.batch.stored(0) = {.id = 1, .conversation_id = 7, .seq = 1, .audience = t.known[" g"].members};
  const auto all = std::move(t.batch).finish(t.messages);
  CHECK(all[0].audience);
  CHECK_FALSE(all[1].audience);
  CHECK(all[1].ext == "{}");
}

TEST_CASE("what was stored before is told so, whatever is forbidden since", "[send_batch]") {
  trial t{{to_user("1", "2", "a", "c"), to_user("1", "2", "a", "c"), to_user("1", "2", "new")},
          {{"1 2", {.high_blocks = true}}}};
  t.batch.was_stored(0, t.messages[0], earlier(5, t.messages[0]));
  CHECK_FALSE(t.batch.is_open(0));
  CHECK(t.batch.has_repeats());
  const auto all = t.outcomes();
  CHECK(statuses_of(all) == std::vector{duplicate, duplicate, blocked});
  CHECK(all[0].seq == 5);
  CHECK(all[1].seq == 5);
}

TEST_CASE("what is refused is not the first of those that repeat it, and is decided anew", "[send_batch]") {
  trial t{{to_group("1", "g"), to_group("1", "g")}, {}};
  for (auto& m : t.messages) m.client_msg_id = "c";
  CHECK(t.rows().empty());
  CHECK_FALSE(t.batch.is_open(0));
  t.known[" g"] = {.members = people({"1"}), .roles = "0"}; // made meanwhile
  CHECK(t.rows().empty());
  t.batch.reopen();
  CHECK(statuses_of(t.outcomes()) == std::vector{stored, duplicate});
}

TEST_CASE("rows know their conversation's place, and how many follow in it", "[send_batch]") {
  trial t{{to_user("1", "2", "a"), to_user("3", "4", "b"), to_user("2", "1", "c"), to_group("1", "g")},
          {{"1 2", {.id = 20, .version = 2}},
           {"3 4", {.id = 10, .version = 1}},
           {" g", {.id = 15, .version = 3, .members = people({"1"}), .roles = "0"}}}};
  const auto at = place_rows(t.rows(), t.rules());
  CHECK(at.conversation_ids == std::vector<std::int64_t>{10, 15, 20});
  CHECK(at.versions == std::vector<std::int64_t>{1, 3, 2});
  CHECK(at.counts == std::vector<std::int64_t>{1, 1, 2});
  CHECK(at.places == std::vector<std::int32_t>{3, 1, 3, 2});
  CHECK(at.later == std::vector<std::int32_t>{1, 0, 0, 0});
  CHECK(at.audiences[1] == t.known[" g"].members);
}
