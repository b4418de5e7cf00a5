/// How long searches take among a million messages, or MILLIONS of them; hidden, since loading takes minutes:
/// run with "[.figures]".
#include "tests/persistence/store_fixtures.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <sqlite3.h>

using namespace hongyan;
using namespace hongyan::testing;

namespace {

constexpr int many = 5'000;
const int messages = [] {
  const char* millions = std::getenv("MILLIONS");
  return 1'000'000 * (millions == nullptr ? 1 : std::atoi(millions));
}();

// Message i: a tenth is in the one conversation of "one", half is spread over those of "many", the others are
// strangers'. One in five has the common word, ten in 200,000 the rare one. Conversations: 1; 2 … 5,001; the
// rest.
const std::string conversation_of_i =
    "CASE WHEN i % 10 = 0 THEN 1 WHEN i % 10 <= 5 THEN 2 + (i / 10 * 5 + i % 10) % " + std::to_string(many) +
    " ELSE 6000 + i % 4001 END";
const std::string kind_of_i = "CASE WHEN i / 10 % 20000 = 3 THEN 2 WHEN i / 10 % 5 = 0 THEN 1 ELSE 0 END";
constexpr std::array texts{"我们去吃饭吧", "今天天气很好", "一只鹦鹉"};

void run(sqlite3* db, const std::string& sql) {
  INFO(sql);
  REQUIRE(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
}

/// `token_list(text)`: SQL for what message_search holds of it.
template <class List>
std::string by_kind(List token_list) {
  std::string sql = "CASE k";
  for (std::size_t k = 0; k < texts.size(); ++k)
    sql += " WHEN " + std::to_string(k) + " THEN " + token_list(texts[k]);
  return sql + " END";
}

void load(const sqlite_database& database) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(database.file.c_str(), &db) == SQLITE_OK);
  const auto tokens = by_kind([](const char* text) {
    std::string sql;
    for (const auto& token : search_tokens(text))
      sql += (sql.empty() ? "" : " || ' ' || ") + ("c || '_" + token + "'");
    return sql;
  });
  run(db,
      "PRAGMA synchronous = OFF; BEGIN; CREATE TEMP TABLE made AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
      " SELECT i + 1 FROM n WHERE i < " +
          std::to_string(messages) + ") SELECT i, " + conversation_of_i + " AS c, " + kind_of_i +
          " AS k FROM n");
  run(db,
      "INSERT INTO message (id, conversation_id, seq, created_at_ms, sender, target, content) SELECT i, c,"
      " row_number() OVER (PARTITION BY c ORDER BY i), i, 'p' || c, 'x', " +
          by_kind([](const char* text) { return "'" + std::string(text) + "'"; }) + " FROM made");
  run(db, "INSERT INTO conversation (id, user_low, user_high, last_seq, last_at_ms) SELECT c, 'low' || c, "
          "'high' || c,"
          " count(*), max(i) FROM made GROUP BY c");
  run(db, "INSERT INTO member (user_id, conversation_id) SELECT CASE WHEN c = 1 THEN 'one' WHEN c < 6000 "
          "THEN 'many'"
          " ELSE 'other' END, c FROM made GROUP BY c");
  run(db, "INSERT INTO message_search (rowid, tokens) SELECT i, " + tokens + " FROM made ORDER BY i");
  run(db, "COMMIT");
  sqlite3_close(db);
}

void load(const postgres_database& database) {
  const auto tokens = by_kind([](const char* text) {
    std::string sql = "ARRAY['@' || c";
    for (const auto& token : search_tokens(text)) sql += ", '" + token + "'";
    return sql + "]";
  });
  postgres_session db(database.url);
  db.ask("CREATE TEMP TABLE made AS SELECT i::bigint, (" + conversation_of_i + ")::bigint AS c, " +
         kind_of_i + " AS k FROM generate_series(1, " + std::to_string(messages) + ") i");
  db.ask("INSERT INTO message (id, conversation_id, seq, created_at_ms, sender, target, content) SELECT i, c,"
         " row_number() OVER (PARTITION BY c ORDER BY i), i, 'p' || c, 'x', " +
         by_kind([](const char* text) { return "'" + std::string(text) + "'"; }) + " FROM made ORDER BY i");
  db.ask("INSERT INTO conversation (id, user_low, user_high, last_seq, last_at_ms) SELECT c, 'low' || c, "
         "'high' || c,"
         " count(*), max(i) FROM made GROUP BY c");
  db.ask("INSERT INTO member (user_id, conversation_id) SELECT CASE WHEN c = 1 THEN 'one' WHEN c < 6000 THEN "
         "'many'"
         " ELSE 'other' END, c FROM made GROUP BY c");
  db.ask("INSERT INTO message_search (message_id, conversation_id, tokens) SELECT i, c, array_to_tsvector(" +
         tokens + ") FROM made ORDER BY i");
  db.ask("SELECT gin_clean_pending_list('message_search_tokens')");
}

} // namespace

TEMPLATE_TEST_CASE("searches among millions of messages", "[.figures]", sqlite_database, postgres_database) {
  TestType database;
  REQUIRE(opened(database.url)->make_writer()->check().has_value());
  load(database);
  auto store = opened(database.url);
  auto reader = store->make_reader();
  for (const char* who : {"one", "many"})
    for (const char* words : {"天气", "鹦鹉", "天气 很好", "无此"}) {
      std::vector<double> ms;
      std::size_t found = 0;
      bool partial = false;
      for (int i = 0; i < 100; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        const auto answer = reader->search({.user = user(who), .terms = search_terms(words), .limit = 51});
        ms.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
        if (!answer) FAIL(answer.error().detail);
        found = answer->messages.size();
        partial = answer->walked_to.has_value();
      }
      std::ranges::sort(ms);
      std::cout << store->kind() << " " << who << " " << words << ": " << found << (partial ? " (more)" : "")
                << ", p50 " << ms[50] << " ms, p99 " << ms[98] << " ms\n";
    }
}
