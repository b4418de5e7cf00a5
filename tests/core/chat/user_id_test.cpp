#include "core/chat/user_id.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("a user id is 1 to 64 of the accepted characters", "[core]") {
  CHECK(user_id::parse("2")->text() == "2");
  CHECK(user_id::parse("AZaz09_-.:@")->text() == "AZaz09_-.:@");
  CHECK(user_id::parse(std::string(64, 'x')).has_value());

  for (const auto* bad : {"", "a b", "a/b", "张三", "a\n", "a+b", "a%b"}) {
    CAPTURE(bad);
    CHECK(user_id::parse(bad).has_error());
  }
  CHECK(user_id::parse(std::string(65, 'x')).has_error());
  CHECK(user_id::parse(std::string_view("a\0b", 3)).has_error());
}

TEST_CASE("only a plain decimal integer up to 2^53-1 is written as a number", "[core]") {
  CHECK(user_id::parse("0")->is_number());
  CHECK(user_id::parse("2")->is_number());
  CHECK(user_id::parse("9007199254740991")->is_number());

  for (const auto* text :
       {"9007199254740992", "99999999999999999999", "007", "00", "-1", "1.5", "1e3", "a1"}) {
    CAPTURE(text);
    CHECK_FALSE(user_id::parse(text)->is_number());
  }
}

TEST_CASE("a number and its digits are the same user", "[core]") {
  CHECK(*user_id::from_number(2) == *user_id::parse("2"));
  CHECK(user_id::from_number(9007199254740991).has_value());
  CHECK(user_id::from_number(9007199254740992).has_error());
}
