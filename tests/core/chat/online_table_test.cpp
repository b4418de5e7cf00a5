#include "core/chat/online_table.hpp"
#include "core/chat/watch_table.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace hongyan;

namespace {

const user_id ann = *user_id::parse("ann"), bob = *user_id::parse("bob"), eve = *user_id::parse("eve");

session_facts v1_of(std::string device) { return {.device = std::move(device), .is_v1 = true}; }

} // namespace

TEST_CASE("who is here: sessions by user, numbered, since the first of them", "[online_table]") {
  online_table<std::string> here;
  CHECK(here.find(ann) == nullptr);
  here.add(ann, "phone", v1_of("p"), 7, from_ms(1000));
  here.add(ann, "classic", {}, 8, from_ms(2000));
  here.add(bob, "tablet", v1_of(""), 9, from_ms(3000));
  REQUIRE(here.find(ann) != nullptr);
  CHECK(here.find(ann)->since == from_ms(1000));
  CHECK(here.find(ann)->sessions[1].number == 2);
  CHECK(here.find(ann)->sessions[1].stamp == 8);
  CHECK(here.find(bob)->sessions[0].number == 3);
  CHECK(here.users() == 2);
  CHECK(here.v1_sessions() == 2);
}

TEST_CASE("sessions are taken out by what they are; a user without any is not here", "[online_table]") {
  online_table<std::string> here;
  here.add(ann, "old", v1_of("phone"), 1, {});
  here.add(ann, "other", v1_of("tablet"), 2, {});
  const auto taken = here.take_if(ann, [](const auto& l) { return l.facts.device == "phone"; });
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].session == "old");
  CHECK(taken[0].number == 1);
  CHECK(here.v1_sessions() == 1);
  CHECK(here.take_if(ann, [](const auto& l) { return l.session == "old"; }).empty());
  CHECK(here.take_if(bob, [](const auto&) { return true; }).empty());
  CHECK(here.take_if(ann, [](const auto&) { return true; }).size() == 1);
  CHECK_FALSE(here.contains(ann));
  CHECK(here.v1_sessions() == 0);
  CHECK(here.add(ann, "new", {}, 3, from_ms(5)).number == 3); // never one that was
  CHECK(here.find(ann)->since == from_ms(5));
}

TEST_CASE("who watches is told, until they stop", "[watch_table]") {
  watch_table<std::string> watches;
  CHECK(watches.watch({ann, bob}, "s") == std::vector{ann, bob});
  watches.watch({ann}, "t");
  REQUIRE(watches.watchers_of(ann) != nullptr);
  CHECK(watches.watchers_of(ann)->size() == 2);
  watches.unwatch({ann, eve}, "s");
  CHECK(*watches.watchers_of(ann) == std::unordered_set<std::string>{"t"});
  watches.unwatch({ann}, "t");
  CHECK(watches.watchers_of(ann) == nullptr);
  CHECK(watches.watchers_of(bob)->contains("s"));
}

TEST_CASE("who blocks a watcher is watched no more, and not by a question that is under way",
          "[watch_table]") {
  watch_table<std::string> watches;
  watches.watch({ann}, "s");
  CHECK(watches.block(ann, "s"));
  CHECK_FALSE(watches.block(ann, "s"));
  CHECK(watches.watchers_of(ann) == nullptr);

  watches.intend("s"); // before it asks whom it may watch
  watches.intend("s");
  CHECK_FALSE(watches.block(bob, "s"));
  CHECK(watches.watch({ann, bob}, "s") == std::vector{ann});
  CHECK(watches.watch({bob}, "s").empty()); // the second question may have been asked before the block, too
  CHECK(watches.watch({bob}, "s") == std::vector{bob}); // asked anew
  watches.intend("s");
  watches.block(eve, "s");
  watches.forget_intentions("s");
  CHECK(watches.watch({eve}, "s") == std::vector{eve}); // another session, by chance of the same name
}
