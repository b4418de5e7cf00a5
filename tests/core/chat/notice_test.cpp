/// What a tap counts, of which client and WeChat both tell.
#include "core/chat/notice.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace std::chrono_literals;

namespace {

const wall_time then{std::chrono::seconds(1'700'000'000)};

} // namespace

TEST_CASE("a tap counts once, whoever tells of it first", "[notice]") {
  push_grant of{.template_id = "t"};
  accept(of, 1, true, then);
  accept(of, 1, false, then + 3s);
  CHECK(of.grants == 1);
  accept(of, 1, false, then + 5s);
  accept(of, 1, true, then + 6s);
  CHECK(of.grants == 2);
  accept(of, 2, true, then + 10s); // two taps, and WeChat tells of each
  accept(of, 1, false, then + 11s);
  accept(of, 1, false, then + 12s);
  CHECK(of.grants == 4);
  accept(of, 1, false, then + 13s); // of one more the client has not told yet
  accept(of, 3, true, then + 14s);
  CHECK(of.grants == 7);
}

TEST_CASE("what one has told of alone is forgotten after a while", "[notice]") {
  push_grant of{.template_id = "t"};
  accept(of, 1, true, then);
  accept(of, 1, false, then + 11min);
  CHECK(of.grants == 2);
}

TEST_CASE("not more is kept than twenty", "[notice]") {
  push_grant of{.template_id = "t"};
  for (int i = 0; i < 9; ++i) accept(of, 5, true, then);
  CHECK(of.grants == grants_max);
  of.grants = 3;
  for (int i = 0; i < 20; ++i) accept(of, 1, false, then); // of all that were told of
  CHECK(of.grants == 3);
  accept(of, 1, false, then);
  CHECK(of.grants == 4);
}

TEST_CASE("a message is noted for its other user, or whom it calls", "[notice]") {
  const auto a = *user_id::parse("a"), b = *user_id::parse("b");
  CHECK(noted_for(a, b, nullptr).users == std::vector{b});
  CHECK(noted_for(a, a, nullptr).users.empty());
  const auto group = peer_or_group::group(*user_id::parse("g"));
  CHECK(noted_for(a, group, nullptr).users.empty());
  CHECK_FALSE(noted_for(a, group, nullptr).all);
  const mentions called{.all = true, .users = {b}};
  CHECK(noted_for(a, group, &called).all);
  CHECK(noted_for(a, group, &called).users == std::vector{b});
}
