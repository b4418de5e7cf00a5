#include "core/bounds/ban_table.hpp"

#include "core/tools/wall_time.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace std::chrono_literals;

namespace {
user_id user(std::string_view id) { return *user_id::parse(id); }
} // namespace

TEST_CASE("a ban holds until it is over or lifted, and says until when") {
  ban_table bans;
  const auto now = from_ms(1'764'460'800'000); // 2025-11-30T00:00:00Z
  CHECK_FALSE(bans.refusal(user("1"), now));
  bans.note({.user = user("1"), .reason = "spam", .since = now, .until = now + 60s}, now);
  bans.note({.user = user("2"), .since = now}, now);
  CHECK(bans.size() == 2);

  const auto why = bans.refusal(user("1"), now);
  REQUIRE(why);
  CHECK(why->code == errc::forbidden);
  CHECK(why->reason == "banned");
  CHECK(why->until == "2025-11-30T00:01:00.000Z");
  CHECK(bans.refusal(user("2"), now + 24h)->until == "");
  CHECK_FALSE(bans.refusal(user("3"), now));
  REQUIRE(bans.find(user("1"), now));
  CHECK(bans.find(user("1"), now)->reason == "spam");
  CHECK_FALSE(bans.find(user("1"), now + 60s));
  CHECK_FALSE(bans.find(user("3"), now));

  CHECK_FALSE(bans.refusal(user("1"), now + 60s));
  CHECK(bans.size() == 1);
  bans.note({.user = user("2"), .since = now, .until = now}, now);
  CHECK(bans.size() == 0);
  CHECK_FALSE(bans.refusal(user("2"), now));
}

TEST_CASE("bans are listed by user, those in force") {
  ban_table bans;
  const auto now = from_ms(1'000'000);
  for (const char* id : {"c", "a", "b"}) bans.note({.user = user(id), .since = now}, now);
  bans.note({.user = user("aa"), .since = now, .until = now + 1s}, now);
  const auto names = [&](const std::string& after, std::size_t limit) {
    std::string all;
    for (const auto& one : bans.list(after, limit, now + 2s)) all += one.user.text() + " ";
    return all;
  };
  CHECK(names("", 10) == "a b c ");
  CHECK(names("a", 1) == "b ");
  CHECK(names("c", 10).empty());
}
