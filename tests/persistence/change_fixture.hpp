/// What tests of persistence/changes.hpp have in common: a store in memory, and users who act.
#pragma once

#include "persistence/changes.hpp"
#include "tests/persistence/store_fixtures.hpp"
#include "tests/support/memory_store.hpp"

namespace hongyan::testing {

inline std::vector<user_id> users(std::initializer_list<std::string_view> names) {
  std::vector<user_id> list;
  for (const auto name : names) list.push_back(user(name));
  return list;
}

struct change_fixture {
  memory_store store;
  std::unique_ptr<message_writer> writer = store.make_writer();
  std::unique_ptr<message_reader> reader = store.make_reader();
  wall_time now = at(10'000);
  change_limits limits{};

  result<change_outcome> try_as(std::optional<user_id> by, change_action what) {
    return apply(*writer, {std::move(by), std::move(what)}, now, limits);
  }
  change_outcome as(std::string_view by, change_action what) {
    auto done = try_as(user(by), std::move(what));
    if (!done) FAIL(done.error().detail);
    return *std::move(done);
  }
  change_outcome as_back_end(change_action what) {
    auto done = try_as({}, std::move(what));
    if (!done) FAIL(done.error().detail);
    return *std::move(done);
  }
  /// Refused, with a sentence, and nothing was changed.
  errc refused(std::optional<user_id> by, change_action what) {
    const auto entries = store.state().last_message_id;
    const error why = failure(try_as(std::move(by), std::move(what)));
    CHECK(why.detail.size() > 15);
    CHECK(store.state().last_message_id == entries);
    return why.code;
  }
  errc refused(std::string_view by, change_action what) { return refused(user(by), std::move(what)); }

  /// Group "g" of owner "o", admins "a" and "b", members "m" and "n".
  void make_group(group_history history = group_history::joined) {
    as("o", create_group{user("g"), "Geese", users({"a", "b", "m", "n"}), history});
    as("o", set_role{user("g"), user("a"), group_role::admin});
    as("o", set_role{user("g"), user("b"), group_role::admin});
  }

  const memory_state::conversation& conversation(const peer_or_group& in, std::string_view by = "o") {
    auto& state = const_cast<memory_state&>(store.state());
    const auto* found = state.find(user(by), in);
    REQUIRE(found != nullptr);
    return *found;
  }
  const memory_state::conversation& g() { return conversation(group("g")); }
  group_role role(std::string_view name) { return g().members.at(user(name)).role; }
  bool is_member(std::string_view name) { return g().members.contains(user(name)); }

  std::int64_t say(std::string_view from, const peer_or_group& to, std::string content = "x") {
    auto message = chat(from, "-", std::move(content));
    message.to = to;
    const auto got = append(*writer, {message}, now)[0];
    REQUIRE(got.status == append_status::stored);
    return got.seq;
  }
};

inline std::string content(const change_outcome& outcome) {
  REQUIRE(outcome.entries.size() == 1);
  CHECK(outcome.entries[0].entry.kind == message_kind::group);
  return outcome.entries[0].entry.content;
}

inline std::vector<user_id> told(const change_outcome& outcome) {
  REQUIRE(outcome.entries.size() == 1);
  REQUIRE(outcome.entries[0].audience);
  return *outcome.entries[0].audience;
}

} // namespace hongyan::testing

#define CHANGE_TEST(name) TEST_CASE_METHOD(hongyan::testing::change_fixture, name, "[persistence][changes]")
