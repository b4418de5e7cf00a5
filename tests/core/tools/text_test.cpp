#include "core/tools/text.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace hongyan;

namespace {

bool valid(std::string_view text) {
  utf8_checker whole;
  const bool at_once = whole.feed(text) && whole.complete();
  utf8_checker bytewise;
  bool by_bytes = true;
  for (char c : text) by_bytes = by_bytes && bytewise.feed({&c, 1});
  by_bytes = by_bytes && bytewise.complete();
  CHECK(at_once == by_bytes);
  return at_once;
}

} // namespace

TEST_CASE("UTF-8 is checked as RFC 3629 says, whole or byte by byte", "[core]") {
  for (const auto* good :
       {"", "a", "你好", "é", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80",
        "twenty-four ASCII bytes.", "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80"})
    CHECK(valid(good));

  for (const auto* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE4\xBD",
        "12345678\xFF", "abc\xC3", "\xC3(", "\xF0\x9F\x98"}) {
    CAPTURE(bad);
    CHECK_FALSE(valid(bad));
  }
}

TEST_CASE("characters are code points", "[core]") {
  CHECK(count_characters("") == 0);
  CHECK(count_characters("a你\xF0\x9F\x98\x80") == 3);
  utf8_checker checker;
  REQUIRE(checker.feed("12345678你好"));
  CHECK(checker.characters() == 10);
}
