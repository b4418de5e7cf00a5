#include "core/cluster/delivery_order.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace hongyan;
using namespace hongyan::cluster;

namespace {

committed_message entry(std::int64_t conversation, std::int64_t seq) {
  message m;
  m.conversation_id = conversation;
  m.seq = seq;
  return {std::make_shared<const message>(std::move(m)), {}};
}

/// One that followed the one before it at once.
committed_message close_entry(std::int64_t conversation, std::int64_t seq) {
  auto m = *entry(conversation, seq).stored;
  m.created_at = wall_time(std::chrono::hours(1));
  m.previous_at = m.created_at - std::chrono::milliseconds(1);
  return {std::make_shared<const message>(std::move(m)), {}};
}

struct order {
  delivery_order of{};
  steady_time now = steady_time() + std::chrono::hours(1);

  std::vector<std::int64_t> offer(std::int64_t conversation, std::int64_t seq) {
    return seqs([&](auto& out) { of.offer(entry(conversation, seq), now, out); });
  }
  std::vector<std::int64_t> offer_close(std::int64_t conversation, std::int64_t seq) {
    return seqs([&](auto& out) { of.offer(close_entry(conversation, seq), now, out); });
  }
  std::vector<std::int64_t> give_up(std::int64_t conversation, std::int64_t before) {
    return seqs([&](auto& out) { of.give_up(conversation, before, out); });
  }
  template <class Work>
  std::vector<std::int64_t> seqs(Work work) {
    std::vector<committed_message> out;
    work(out);
    std::vector<std::int64_t> found;
    for (const auto& m : out) found.push_back(m.stored->seq);
    return found;
  }
};

using list = std::vector<std::int64_t>;

} // namespace

TEST_CASE("the first entry of a conversation goes out whatever its seq", "[cluster]") {
  order o;
  CHECK(o.offer(1, 5) == list{5});
  CHECK(o.offer(2, 9) == list{9});
  CHECK(o.offer(1, 6) == list{6});
  CHECK(o.of.position(1) == 6);
  CHECK_FALSE(o.of.position(3));
}

TEST_CASE("the first entry of a conversation waits for one that was committed right before it", "[cluster]") {
  order o;
  SECTION("which comes") {
    CHECK(o.offer_close(1, 5).empty());
    CHECK(o.offer_close(1, 6).empty());
    CHECK(o.offer(1, 4) == list{4, 5, 6});
    CHECK(o.offer(1, 3).empty()); // came before, or was not for anybody here
  }
  SECTION("and that one for another") {
    CHECK(o.offer_close(1, 5).empty());
    CHECK(o.offer_close(1, 4).empty());
    CHECK(o.offer_close(1, 2).empty());
    CHECK(o.offer(1, 1) == list{1, 2});
    CHECK(o.offer(1, 3) == list{3, 4, 5});
  }
  SECTION("which does not come, and is looked for") {
    CHECK(o.offer_close(1, 55).empty());
    CHECK_FALSE(o.of.position(1));
    const auto gaps = o.of.overdue(o.now + delivery_order::hold_limit);
    REQUIRE(gaps.size() == 1);
    CHECK(gaps[0].after_seq == 53 - delivery_order::looked_back); // the one before it may be missing as well
    CHECK(gaps[0].before_seq == 55);
    CHECK(o.offer(1, 53) == list{53});
    CHECK(o.offer(1, 54) == list{54, 55});
    CHECK(o.give_up(1, 55).empty());
  }
  SECTION("which is nowhere") {
    CHECK(o.offer_close(1, 5).empty());
    CHECK(o.give_up(1, 5) == list{5});
    CHECK(o.offer_close(1, 4).empty());
    CHECK(o.offer_close(1, 6) == list{6});
  }
  SECTION("of which there is none") { CHECK(o.offer_close(1, 1) == list{1}); }
  CHECK(o.of.held() == 0);
}

TEST_CASE("an entry waits for its predecessor", "[cluster]") {
  order o;
  o.offer(1, 1);
  CHECK(o.offer(1, 4).empty());
  CHECK(o.offer(1, 3).empty());
  CHECK(o.of.held() == 2);
  CHECK(o.offer(1, 2) == list{2, 3, 4});
  CHECK(o.of.held() == 0);
  CHECK(o.of.overdue(o.now + std::chrono::hours(1)).empty());
}

TEST_CASE("what went out does not go out again", "[cluster]") {
  order o;
  o.offer(1, 1);
  o.offer(1, 2);
  CHECK(o.offer(1, 2).empty());
  CHECK(o.offer(1, 1).empty());
  o.offer(1, 4);
  CHECK(o.offer(1, 4).empty());
  CHECK(o.of.held() == 1);
}

TEST_CASE("a gap is named once, when it has been open for a while", "[cluster]") {
  order o;
  o.offer(1, 1);
  o.offer(1, 5);
  CHECK(o.of.overdue(o.now + delivery_order::hold_limit / 2).empty());
  const auto gaps = o.of.overdue(o.now + delivery_order::hold_limit);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].conversation_id == 1);
  CHECK(gaps[0].after_seq == 1);
  CHECK(gaps[0].before_seq == 5);
  CHECK(o.of.overdue(o.now + delivery_order::hold_limit * 2).empty());
  CHECK(o.give_up(1, 5) == list{5});
  CHECK(o.offer(1, 2).empty()); // too late: order before completeness, clients see the gap
  CHECK(o.offer(1, 6) == list{6});
}

TEST_CASE("behind a gap there may be another", "[cluster]") {
  order o;
  o.offer(1, 1);
  o.offer(1, 3);
  o.offer(1, 6);
  REQUIRE(o.of.overdue(o.now + delivery_order::hold_limit).size() == 1);
  CHECK(o.offer(1, 2) == list{2, 3});
  const auto next = o.of.overdue(o.now + delivery_order::hold_limit);
  REQUIRE(next.size() == 1);
  CHECK(next[0].after_seq == 3);
  CHECK(next[0].before_seq == 6);
  CHECK(o.give_up(1, 6) == list{6});
}

TEST_CASE("a gap that opened while another was looked up is not given up with it", "[cluster]") {
  order o;
  o.offer(1, 1);
  o.offer(1, 3);
  REQUIRE(o.of.overdue(o.now + delivery_order::hold_limit).size() == 1);
  o.offer(1, 5); // 4 is on its way
  CHECK(o.offer(1, 2) == list{2, 3});
  CHECK(o.give_up(1, 3).empty());
  CHECK(o.offer(1, 4) == list{4, 5});
  o.offer(1, 8);
  o.offer(1, 10);
  CHECK(o.give_up(1, 8) == list{8});
  CHECK(o.of.held() == 1);
}

TEST_CASE("a gap too wide is not waited for", "[cluster]") {
  order o;
  o.offer(1, 1);
  CHECK(o.offer(1, 5).empty());
  CHECK(o.offer(1, 2 + delivery_order::gap_max) == list{5, 2 + delivery_order::gap_max});
  CHECK(o.of.held() == 0);
}

TEST_CASE("what is held back has a limit", "[cluster]") {
  order o;
  const auto conversations = static_cast<std::int64_t>(delivery_order::held_max);
  for (std::int64_t c = 1; c <= conversations + 1; ++c) o.offer(c, 1);
  for (std::int64_t c = 1; c <= conversations; ++c) o.offer(c, 3);
  CHECK(o.of.held() == delivery_order::held_max);
  CHECK(o.offer(conversations + 1, 3) == list{3});
  CHECK(o.of.held() == delivery_order::held_max);
}

TEST_CASE("a conversation is remembered for a while, and longer while something waits in it", "[cluster]") {
  order o;
  o.offer(1, 1);
  o.offer(2, 1);
  o.offer(2, 3);
  for (int turn = 0; turn < 3; ++turn) {
    CHECK((o.of.position(1) == 1) == (turn < 2));
    o.now += delivery_order::memory;
    o.offer(9, 1 + turn);
  }
  CHECK_FALSE(o.of.position(1));
  CHECK(o.offer(2, 2) == list{2, 3});
}

TEST_CASE("however entries come, each goes out once and in order", "[cluster]") {
  std::mt19937 random(20261123);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    order o;
    list all;
    for (std::int64_t seq = 1; seq <= 40; ++seq) all.push_back(seq);
    auto coming = all;
    coming.insert(coming.end(), all.begin(), all.end());
    std::shuffle(coming.begin(), coming.end(), random);
    coming.insert(coming.begin(), 1); // from the start
    list went;
    for (const auto seq : coming)
      for (const auto out : o.offer(1, seq)) went.push_back(out);
    CHECK(went == all);
    CHECK(o.of.held() == 0);
  }
}
