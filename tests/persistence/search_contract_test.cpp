/// The promises of persistence/store.hpp about searches, over both stores.
#include "tests/persistence/contract_fixtures.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace hongyan;
using namespace hongyan::testing;

STORE_TEST("a search finds words from their beginning and Chinese anywhere, newest first") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "Hello World"), chat("2", "1", "helpful 你好世界"),
                   chat("1", "3", "say HELLO, 世界你好吗"), chat("1", "1", "othello 好")});

  CHECK(found(*reader, "1", "hel") == texts{"say HELLO, 世界你好吗", "helpful 你好世界", "Hello World"});
  CHECK(found(*reader, "1", "HELLO") == texts{"say HELLO, 世界你好吗", "Hello World"});
  CHECK(found(*reader, "1", "ello").empty());
  CHECK(found(*reader, "1", "wor hel") == texts{"Hello World"});
  CHECK(found(*reader, "1", "你好") == texts{"say HELLO, 世界你好吗", "helpful 你好世界"});
  CHECK(found(*reader, "1", "好世界") == texts{"helpful 你好世界"});
  CHECK(found(*reader, "1", "好") == texts{"othello 好", "say HELLO, 世界你好吗", "helpful 你好世界"});
  CHECK(found(*reader, "1", "界") == texts{"say HELLO, 世界你好吗", "helpful 你好世界"});
  CHECK(found(*reader, "1", "你好 hello") == texts{"say HELLO, 世界你好吗"});
  CHECK(found(*reader, "1", "你界").empty());
  CHECK(found(*reader, "2", "hel") == texts{"helpful 你好世界", "Hello World"});
  const auto hit = got(reader->search({.user = user("2"), .terms = search_terms("helpful")})).messages;
  REQUIRE(hit.size() == 1);
  CHECK(hit[0].from == user("2"));
  CHECK(hit[0].to == peer_or_group(user("1")));
  CHECK(hit[0].seq == 2);
}

STORE_TEST("a search sees what the user may read and nothing else") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto g = make_group(*writer, "g", {"1", "2"});
  const auto direct = append(*writer, {chat("1", "2", "word 1"), chat("1", "2", "word 2"),
                                       chat("3", "4", "word other"), to_group("1", "g", "word g1"),
                                       to_group("2", "g", "word g2"), chat("2", "1", "word 3")})[0]
                          .conversation_id;

  SECTION("never others' messages") {
    CHECK(found(*reader, "2", "word") == texts{"word 3", "word g2", "word g1", "word 2", "word 1"});
    CHECK(found(*reader, "9", "word").empty());
    CHECK(found(*reader, "2", "other").empty());
  }
  SECTION("in one conversation, if it is theirs") {
    CHECK(found(*reader, "2", "word", direct) == texts{"word 3", "word 2", "word 1"});
    CHECK(found(*reader, "2", "word", g) == texts{"word g2", "word g1"});
    CHECK(found(*reader, "3", "word", g).empty());
    CHECK(found(*reader, "2", "word", 12345).empty());
  }
  SECTION("nothing that was taken back") {
    recall(*writer, "1", user("2"), 2);
    recall(*writer, "1", group("g"), 2);
    CHECK(found(*reader, "2", "word") == texts{"word 3", "word g1", "word 1"});
    CHECK(found(*reader, "2", "wo 2").empty());
    append(*writer, {chat("1", "2", "word 2")});
    CHECK(found(*reader, "1", "word 2") == texts{"word 2"});
  }
  SECTION("nothing from before they came, or that they cleared") {
    in_transaction(*writer, [&](change_transaction& t) {
      got(t.put_members(g, std::vector<member_row>{{.user = user("5"), .joined_seq = 2, .first_seq = 2}}));
      auto row = *got(t.member(direct, user("2")));
      row.first_seq = 3;
      got(t.put_members(direct, std::vector{row}));
    });
    CHECK(found(*reader, "5", "word") == texts{"word g2"});
    CHECK(found(*reader, "2", "word") == texts{"word 3", "word g2", "word g1"});
    CHECK(found(*reader, "1", "word").size() == 5);
  }
  SECTION("nothing of a group that they left, or that is no more") {
    in_transaction(*writer, [&](change_transaction& t) { got(t.remove_members(g, std::vector{user("2")})); });
    CHECK(found(*reader, "2", "g1").empty());
    CHECK(found(*reader, "1", "g1") == texts{"word g1"});
    edit_group(*writer, "g", [](change_transaction&, conversation_row& row) { row.dismissed = true; });
    CHECK(found(*reader, "1", "g1").empty());
  }
}

STORE_TEST("names of files and places can be searched for, other objects and own entries cannot") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto base = chat("1", "2", "");
  append(*writer, {of_kind(base, message_kind::file, R"({"fileId":"abc","name":"年度报告.pdf","size":1})"),
                   of_kind(base, message_kind::location,
                           R"({"latitude":1,"longitude":2,"name":"Tiananmen","address":"北京市东城区"})"),
                   of_kind(base, message_kind::custom, R"({"name":"hidden"})"),
                   of_kind(base, message_kind::image, R"({"fileId":"hidden","name":"hidden"})")});
  in_transaction(*writer, [](change_transaction& t) {
    auto row = got(t.lock_direct(user("1"), user("2"), false));
    got(t.append_entry(*row, {.from = user("1"),
                              .to = user("2"),
                              .kind = message_kind::group,
                              .content = R"({"name":"hidden"})"}));
  });

  CHECK(found(*reader, "2", "报告").size() == 1);
  CHECK(found(*reader, "2", "pdf").size() == 1);
  CHECK(found(*reader, "2", "tian 东城").size() == 1);
  CHECK(found(*reader, "2", "abc").empty());
  CHECK(found(*reader, "2", "fileid").empty());
  CHECK(found(*reader, "2", "hidden").empty());
  recall(*writer, "1", user("2"), 1);
  CHECK(found(*reader, "2", "报告").empty());
}

STORE_TEST("signs in a text or a query are nothing but signs") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const texts all{"it's \"quoted\" AND (nested) NOT near",
                  "100% of_it; DROP TABLE message; --",
                  "C++ & C# | D! <-> :* 'a':1A",
                  "tokens:x ^y -z {a b} \\backslash\\ *",
                  "，你好。《世界》！",
                  "col1 12_hello 3_x"};
  std::vector<new_message> batch;
  for (const auto& content : all) batch.push_back(chat("1", "2", content));
  append(*writer, batch);

  const std::map<std::string, std::size_t> expected{
      {"\"quoted\"", 1}, {"quoted'", 1},     {"'; DROP TABLE message; --", 1},
      {"100%", 1},       {"AND", 1},         {"and or", 0},
      {"NOT near", 1},   {"C++", 2},         {"(nested", 1},
      {"tokens:x", 1},   {"x*", 2},          {"^y", 1},
      {"-z", 1},         {"{a b}", 1},       {"\\backslash\\", 1},
      {"《世界》", 1},   {"你好。", 1},      {"hello", 1},
      {"12_hello", 1},   {"12 hello", 1},    {"d <-> :*", 2},
      {"%", 0},          {"' OR 1=1 --", 0}, {"message_search", 0}};
  for (const auto& [query, count] : expected) {
    if (search_terms(query).empty()) continue;
    CAPTURE(query);
    CHECK(found(*reader, "2", query).size() == count);
  }
}

STORE_TEST("pages of a search follow each other, as a plain list would") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::mt19937 random(20261122);
  const texts syllables{"red", "green", "re", "r", "你", "好", "吗", " ", "，"};
  const auto sentence = [&](std::size_t longest) {
    std::string text;
    for (auto n = 1 + random() % longest; n > 0; --n) text += syllables[random() % syllables.size()];
    return text;
  };
  for (const std::string id : {"g", "h"}) make_group(*writer, id, {"1", "2", "3"});
  struct sent {
    std::string from, to, content;
    std::int64_t id = 0, conversation = 0;
  };
  std::vector<sent> all;
  for (int i = 0; i < 30; ++i) {
    std::vector<new_message> batch;
    const auto begin = all.size();
    for (auto n = 1 + random() % 20; n > 0; --n) {
      sent s{std::to_string(1 + random() % 3), texts{"1", "2", "3", "4", "g", "h"}[random() % 6],
             sentence(8)};
      batch.push_back(s.to == "g" || s.to == "h" ? to_group(s.from, s.to, s.content)
                                                 : chat(s.from, s.to, s.content));
      all.push_back(std::move(s));
    }
    const auto outcomes = append(*writer, batch);
    for (std::size_t k = 0; k < outcomes.size(); ++k) {
      all[begin + k].id = outcomes[k].id;
      all[begin + k].conversation = outcomes[k].conversation_id;
    }
  }

  for (int i = 0; i < 300; ++i) {
    const std::string who = std::to_string(1 + random() % 4);
    const auto terms = search_terms(sentence(3));
    if (terms.empty()) continue;
    search_question question{.user = user(who), .terms = terms, .limit = 1 + random() % 20};
    if (random() % 3 == 0) question.conversation_id = all[random() % all.size()].conversation;
    std::vector<std::int64_t> expected, met;
    for (auto m = all.rbegin(); m != all.rend(); ++m) {
      const bool theirs = m->from == who || m->to == who || (m->to >= "g" && who != "4");
      if (!theirs || (question.conversation_id && *question.conversation_id != m->conversation)) continue;
      const auto tokens = search_tokens(m->content);
      const bool all_there = std::ranges::all_of(terms, [&](const search_term& term) {
        return std::ranges::any_of(tokens, [&](const std::string& token) {
          return term.prefix ? token.starts_with(term.token) : token == term.token;
        });
      });
      if (all_there) expected.push_back(m->id);
    }
    for (;;) {
      const auto page = got(reader->search(question)).messages;
      REQUIRE(page.size() <= question.limit);
      for (const auto& m : page) met.push_back(m.id);
      if (page.size() < question.limit) break;
      question.before_id = met.back();
    }
    REQUIRE(met == expected);
  }
}

STORE_TEST("a search over more conversations than fit one question finds the newest of all") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  for (int round = 0; round < 2; ++round) {
    std::vector<new_message> batch;
    for (int i = 0; i < 700; ++i)
      batch.push_back(
          chat("u" + std::to_string((i * 37) % 700), "1", "word " + std::to_string(round * 700 + i)));
    append(*writer, batch, at(round));
  }

  const auto page =
      got(reader->search({.user = user("1"), .terms = search_terms("word"), .limit = 1000})).messages;
  REQUIRE(page.size() == 1000);
  for (std::size_t i = 0; i < page.size(); ++i)
    REQUIRE(page[i].content == "word " + std::to_string(1399 - i));
  const auto next =
      got(reader->search(
              {.user = user("1"), .terms = search_terms("word"), .before_id = page.back().id, .limit = 1000}))
          .messages;
  CHECK(next.size() == 400);
}
