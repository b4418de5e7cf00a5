#include "core/chat/word_list.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

namespace {

word_list list_of(std::string_view text) {
  auto list = word_list::parse(text);
  REQUIRE(list.has_value());
  return *std::move(list);
}

} // namespace

TEST_CASE("a word is found wherever it stands, in either case", "[words]") {
  const auto list = list_of("# what may not be said\n赌博\r\n  Viagra \n\nab\n");
  CHECK(list.is_in("一起去赌博吧"));
  CHECK(list.is_in("赌博"));
  CHECK(list.is_in("vIAGRA!"));
  CHECK(list.is_in("xxab"));
  CHECK_FALSE(list.is_in("赌"));
  CHECK_FALSE(list.is_in("a b"));
  CHECK_FALSE(list.is_in("what may not be said"));
  CHECK_FALSE(list.is_in(""));
}

TEST_CASE("an empty list is in nothing", "[words]") {
  CHECK(list_of("# none\n\n").empty());
  CHECK_FALSE(list_of("").is_in("anything"));
}

TEST_CASE("a list that cannot be meant is refused with its line", "[words]") {
  const auto long_word = word_list::parse("short\n" + std::string(129, 'x'));
  REQUIRE_FALSE(long_word.has_value());
  CHECK(long_word.error().detail == "line 2 is too long; a word has at most 128 bytes");
  CHECK_FALSE(word_list::parse(std::string_view("a\0b", 3)).has_value());
  std::string many;
  for (int i = 0; i <= 100'000; ++i) many += std::to_string(i) + "\n";
  CHECK_FALSE(word_list::parse(many).has_value());
}
