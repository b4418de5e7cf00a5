#include "core/wire/check.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

namespace {

user_id user(std::string_view id) { return *user_id::parse(id); }

check_question text_question() {
  return {.from = user("1"), .to = peer_or_group(user("2")), .content = "加微信 \"x\""};
}

std::string fault_of(std::string_view answer, const check_question& question = text_question()) {
  const auto verdict = parse_verdict(answer, question, limits{});
  return verdict ? "" : verdict.error().detail;
}

} // namespace

TEST_CASE("a check asks about messages, edits and names") {
  CHECK(
      encode_check(text_question()) ==
      R"({"event":"send","from":"1","to":{"userId":"2"},"kind":"text","content":"加微信 \"x\"","ext":null})");
  CHECK(
      encode_check({.event = "edit",
                    .from = user("1"),
                    .to = peer_or_group::group(user("g")),
                    .kind = message_kind::custom,
                    .content = R"({"a":1})",
                    .ext = R"({"b":2})"}) ==
      R"({"event":"edit","from":"1","to":{"groupId":"g"},"kind":"custom","content":{"a":1},"ext":{"b":2}})");
  CHECK(encode_check({.event = "name", .from = user("1"), .content = "鸿雁"}) ==
        R"({"event":"name","from":"1","to":null,"kind":null,"content":"鸿雁","ext":null})");
}

TEST_CASE("a verdict allows, denies or replaces") {
  const auto read = [](std::string_view answer, const check_question& question = text_question()) {
    return parse_verdict(answer, question, limits{}).value();
  };
  CHECK(read(R"({"action":"allow","more":1})").what == check_verdict::action::allow);
  const auto denied = read(R"({"action":"deny","reason":"spam"})");
  CHECK(denied.what == check_verdict::action::deny);
  CHECK(denied.reason == "spam");
  CHECK(read(R"({"action":"deny"})").reason.empty());
  std::string long_reason;
  for (int i = 0; i < 300; ++i) long_reason += "雁";
  CHECK(read(R"({"action":"deny","reason":")" + long_reason + "\"}").reason ==
        long_reason.substr(0, 256 * 3));
  CHECK(read(R"({"action":"replace","content":"***"})").content == "***");
  const check_question place{
      .from = user("1"), .to = peer_or_group(user("2")), .kind = message_kind::location, .content = "{}"};
  CHECK(read(R"({"action":"replace","content":{ "latitude":1, "longitude":2 }})", place).content ==
        R"({"latitude":1,"longitude":2})");
  CHECK(read(R"({"action":"replace","content":"N"})", {.event = "name", .from = user("1"), .content = "n"})
            .content == "N");
}

TEST_CASE("what is no verdict says why") {
  for (const auto* bad : {"", "[]", "allow", R"({"action":"perhaps"})", R"({"action":1})", "{}"})
    CHECK_FALSE(fault_of(bad).empty());
  for (const auto* content : {"null", R"("")", "5", R"({"a":1})", R"("a\u0000b")"})
    CHECK_FALSE(fault_of(R"({"action":"replace","content":)" + std::string(content) + "}").empty());
  CHECK_FALSE(fault_of(R"({"action":"replace"})").empty());
  CHECK_FALSE(fault_of(R"({"action":"replace","content":")" + std::string(4097, 'x') + "\"}").empty());
  const check_question picture{
      .from = user("1"), .to = peer_or_group(user("2")), .kind = message_kind::image, .content = "{}"};
  CHECK(fault_of(R"({"action":"replace","content":{"fileId":"f"}})", picture).find("stays as it is") !=
        std::string::npos);
}

TEST_CASE("what people can read of a message is its text, the strings of its content, and names beside it") {
  CHECK(text_in(message_kind::text, "hello") == "hello");
  CHECK(text_in(message_kind::text, "hello", "A\nB") == "hello\nA\nB");
  CHECK(text_in(message_kind::location, R"({"latitude":1,"name":"here","address":""})", "A") == "here\nA");
  new_message m;
  CHECK(names_in(m).empty());
  m.to_name = "B";
  CHECK(names_in(m) == "B");
  m.from_name = "A";
  CHECK(names_in(m) == "A\nB");
}
