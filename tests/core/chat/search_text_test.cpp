#include "core/chat/search_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace hongyan;

using texts = std::vector<std::string>;
using terms = std::vector<search_term>;

TEST_CASE("words are indexed in lower case, once each, without what is between them", "[core][search]") {
  CHECK(search_tokens("Hello, WORLD! hello") == texts{"hello", "world"});
  CHECK(search_tokens("a.b-c_d'e\"f*g(h)") == texts{"a", "b", "c", "d", "e", "f", "g", "h"});
  CHECK(search_tokens("room 101b") == texts{"101b", "room"});
  CHECK(search_tokens("ÄRGER Ярмарка ΑΒΓ") == texts{"ärger", "αβγ", "ярмарка"});
  CHECK(search_tokens("ＡＢＣ１２３") == texts{"abc123"});
}

TEST_CASE("Chinese is indexed by overlapping pairs, and a run's last character alone", "[core][search]") {
  CHECK(search_tokens("你好吗") == texts{"你好", "吗", "好吗"});
  CHECK(search_tokens("好") == texts{"好"});
  CHECK(search_tokens("你好，世界") == texts{"世界", "你好", "好", "界"});
  CHECK(search_tokens("用iPhone拍") == texts{"iphone", "拍", "用"});
  CHECK(search_tokens("カラオケ") == texts{"オケ", "カラ", "ケ", "ラオ"});
  CHECK(search_tokens("𠮷野") == texts{"野", "𠮷野"});
}

TEST_CASE("what is neither letter nor digit leaves nothing to find", "[core][search]") {
  const std::string text = GENERATE("", " ", "!?。，", "😀👍🏽", "→ ★ €", "\n\t");
  CAPTURE(text);

  CHECK(search_tokens(text).empty());
  CHECK(search_terms(text).empty());
}

TEST_CASE("of a long word only the beginning counts, in text and query alike", "[core][search]") {
  const auto tokens = search_tokens(std::string(5000, 'x'));
  REQUIRE(tokens.size() == 1);
  CHECK(tokens[0].size() <= 132);
  CHECK(search_terms(std::string(5000, 'x'))[0].token == tokens[0]);
}

TEST_CASE("a query asks for the beginnings of words and for whole pairs of characters", "[core][search]") {
  CHECK(search_terms("Hel wor") == terms{{"hel", true}, {"wor", true}});
  CHECK(search_terms("你好吗") == terms{{"你好", false}, {"好吗", false}});
  CHECK(search_terms("好") == terms{{"好", true}});
  CHECK(search_terms("好 好") == terms{{"好", true}});
  CHECK(search_terms("说hi") == terms{{"hi", true}, {"说", true}});
}

TEST_CASE("every stretch of a text finds it", "[core][search]") {
  const texts characters{"中", "文", "聊", "天", "服", "务", "器"};
  std::string text;
  for (const auto& c : characters) text += c;
  const auto tokens = search_tokens(text);

  for (std::size_t from = 0; from < characters.size(); ++from) {
    std::string query;
    for (std::size_t i = from; i < characters.size(); ++i) {
      query += characters[i];
      CAPTURE(query);
      for (const auto& term : search_terms(query)) {
        const bool found = std::any_of(tokens.begin(), tokens.end(), [&](const std::string& token) {
          return term.prefix ? token.starts_with(term.token) : token == term.token;
        });
        CHECK(found);
      }
    }
  }
}
