/// The promises of persistence/store.hpp, over both stores.
#include "tests/persistence/store_fixtures.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace hongyan;
using namespace hongyan::testing;

using status = append_status;
using texts = std::vector<std::string>;

std::string sqlite_database::ask(const std::string& sql) const {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  std::string value;
  char* why = nullptr;
  const auto take = [](void* into, int, char** row, char**) {
    *static_cast<std::string*>(into) = row[0] == nullptr ? "" : row[0];
    return 0;
  };
  const int code = sqlite3_exec(db, sql.c_str(), take, &value, &why);
  INFO((why == nullptr ? "" : why));
  CHECK(code == SQLITE_OK);
  sqlite3_free(why);
  sqlite3_close(db);
  return value;
}

STORE_TEST("a conversation numbers its messages 1, 2, 3 in the order sent, whoever of the two sends") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();

  auto first = append(*writer, {chat("1", "2", "a"), chat("2", "1", "b"), chat("1", "2", "c")});
  auto second = append(*writer, {chat("2", "1", "d")});
  first.push_back(second[0]);

  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i].status == status::stored);
    CHECK(first[i].seq == static_cast<std::int64_t>(i + 1));
    CHECK(first[i].conversation_id == first[0].conversation_id);
    if (i > 0) CHECK(first[i].id > first[i - 1].id);
  }
}

STORE_TEST("conversations count apart, also in one batch") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();

  const auto got = append(*writer, {chat("1", "2", "a"), chat("3", "1", "b"), chat("1", "2", "c"),
                                    chat("2", "3", "d"), chat("1", "3", "e"), chat("2", "1", "f")});

  CHECK(std::vector{got[0].seq, got[1].seq, got[2].seq, got[3].seq, got[4].seq, got[5].seq} ==
        std::vector<std::int64_t>{1, 1, 2, 1, 2, 3});
  CHECK(got[0].conversation_id == got[2].conversation_id);
  CHECK(got[0].conversation_id == got[5].conversation_id);
  CHECK(got[1].conversation_id == got[4].conversation_id);
  CHECK(std::set{got[0].conversation_id, got[1].conversation_id, got[3].conversation_id}.size() == 3);
}

STORE_TEST("users are told apart by every byte of their ids") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const std::string longest = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

  const auto got =
      append(*writer, {chat("a", "B", "1"), chat("A", "b", "2"), chat("a", "b", "3"), chat("A", "B", "4"),
                       chat("a-b", "ab", "5"), chat("a_b", "ab", "6"), chat(longest, ".:@", "7"),
                       chat("B", "a", "8"), chat(".:@", longest, "9")});

  std::set<std::int64_t> conversations;
  for (std::size_t i = 0; i < 7; ++i) conversations.insert(got[i].conversation_id);
  CHECK(conversations.size() == 7);
  CHECK(got[7].conversation_id == got[0].conversation_id);
  CHECK(got[8].conversation_id == got[6].conversation_id);
  CHECK(got[8].seq == 2);
}

STORE_TEST("numbering goes on after the database was closed and opened") {
  TestType database;
  append_outcome before, after;
  {
    auto store = opened(database.url);
    before = append(*store->make_writer(), {chat("1", "2", "a")})[0];
  }
  {
    auto store = opened(database.url);
    after = append(*store->make_writer(), {chat("2", "1", "b")})[0];
  }

  CHECK(after.seq == 2);
  CHECK(after.id > before.id);
  CHECK(after.conversation_id == before.conversation_id);
}

STORE_TEST("what is read is what was stored, byte for byte") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::string longest;
  for (int i = 0; i < 4096; ++i) longest += "𠮷";
  const texts contents_sent{"'; DROP TABLE message; --",
                            "\"quoted\" \\ back\\\\slash $1 ?1 :x @y {1,2} NULL",
                            "%_* \r\n\t\x01\x7f",
                            "你好 👩‍👩‍👧 𠮷",
                            longest,
                            " ",
                            "{}",
                            "null"};
  std::vector<new_message> batch;
  for (const auto& content : contents_sent) batch.push_back(chat("1", "2", content));
  batch[1].from_name = "李'四\\";
  batch[1].to_name = "";
  batch[2].to_name = "张三";

  const auto got = append(*writer, batch, at(1'764'000'000'123));
  const auto read = latest(*reader, {.user = user("1")});

  REQUIRE(read.size() == batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CHECK(read[i].content == batch[i].content);
    CHECK(read[i].from == batch[i].from);
    CHECK(read[i].to == batch[i].to);
    CHECK(read[i].from_name == batch[i].from_name);
    CHECK(read[i].to_name == batch[i].to_name);
    CHECK(read[i].created_at == at(1'764'000'000'123));
    CHECK(read[i].id == got[i].id);
    CHECK(read[i].seq == got[i].seq);
    CHECK(read[i].conversation_id == got[i].conversation_id);
    CHECK(got[i].created_at == at(1'764'000'000'123));
  }
}

STORE_TEST("a message sent again is a duplicate of the first, whatever the names, also after reopening") {
  TestType database;
  append_outcome first;
  {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    first = append(*writer, {chat("1", "2", "a", "x")}, at(1000))[0];
    append(*writer, {chat("2", "1", "b")});
    auto again = chat("1", "2", "a", "x");
    again.from_name = "other";
    const auto repeat = append(*writer, {again}, at(2000))[0];
    CHECK(repeat.status == status::duplicate);
    CHECK(repeat.id == first.id);
    CHECK(repeat.seq == 1);
    CHECK(repeat.conversation_id == first.conversation_id);
    CHECK(repeat.created_at == at(1000));
  }
  auto store = opened(database.url);
  const auto repeat = append(*store->make_writer(), {chat("1", "2", "a", "x")}, at(3000))[0];
  CHECK(repeat.status == status::duplicate);
  CHECK(repeat.id == first.id);
  auto reader = store->make_reader();
  CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"a", "b"});
}

STORE_TEST("a clientMsgId used for another target or content is a conflict, and nothing is stored") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a", "x")});

  const auto got =
      append(*writer, {chat("1", "3", "a", "x"), chat("1", "2", "A", "x"), chat("1", "2", "a", "x")});

  CHECK(got[0].status == status::conflict);
  CHECK(got[1].status == status::conflict);
  CHECK(got[2].status == status::duplicate);
  auto reader = store->make_reader();
  CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"a"});
  CHECK(latest(*reader, {.user = user("3")}).empty());
}

STORE_TEST("a clientMsgId belongs to its sender") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();

  const auto got =
      append(*writer, {chat("1", "2", "a", "x"), chat("2", "1", "b", "x"), chat("1", "2", "c", "X")});

  for (const auto& outcome : got) CHECK(outcome.status == status::stored);
}

STORE_TEST("repeats within a batch are settled against the first of them") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();

  const auto got =
      append(*writer, {chat("1", "2", "a", "x"), chat("1", "2", "a", "x"), chat("1", "3", "a", "x"),
                       chat("1", "2", "b", "x"), chat("1", "2", "c"), chat("1", "2", "a", "x")});

  CHECK(got[0].status == status::stored);
  CHECK(got[1].status == status::duplicate);
  CHECK(got[1].id == got[0].id);
  CHECK(got[1].seq == 1);
  CHECK(got[2].status == status::conflict);
  CHECK(got[3].status == status::conflict);
  CHECK(got[4].status == status::stored);
  CHECK(got[4].seq == 2);
  CHECK(got[5].status == status::duplicate);
}

STORE_TEST("repeats within a batch are settled against what an earlier batch stored") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto stored = append(*writer, {chat("1", "2", "a", "x")}, at(1))[0];

  // The first of this batch conflicts; the second is what was stored long ago.
  const auto got =
      append(*writer, {chat("1", "2", "b", "x"), chat("1", "2", "a", "x"), chat("1", "2", "b", "x")}, at(2));

  CHECK(got[0].status == status::conflict);
  CHECK(got[1].status == status::duplicate);
  CHECK(got[1].id == stored.id);
  CHECK(got[1].created_at == at(1));
  CHECK(got[2].status == status::conflict);
}

STORE_TEST("repeats and conflicts leave no holes in the numbering") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a", "x"), chat("1", "2", "b", "y")});

  const auto got = append(*writer, {chat("1", "2", "c"), chat("1", "2", "a", "x"), chat("1", "2", "d", "z"),
                                    chat("1", "2", "-", "y"), chat("3", "3", "s"), chat("2", "1", "e")});
  const auto next = append(*writer, {chat("1", "2", "f")});

  CHECK(got[0].seq == 3);
  CHECK(got[1].seq == 1);
  CHECK(got[2].seq == 4);
  CHECK(got[3].status == status::conflict);
  CHECK(got[4].seq == 1);
  CHECK(got[5].seq == 5);
  CHECK(next[0].seq == 6);
  auto reader = store->make_reader();
  CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"a", "b", "c", "d", "e", "f"});
}

STORE_TEST("a batch of nothing but repeats stores nothing and answers all") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const std::vector<new_message> batch{chat("1", "2", "a", "x"), chat("2", "1", "b", "x"),
                                       chat("1", "1", "c", "y")};
  const auto first = append(*writer, batch);

  const auto again = append(*writer, batch);

  for (std::size_t i = 0; i < batch.size(); ++i) {
    CHECK(again[i].status == status::duplicate);
    CHECK(again[i].id == first[i].id);
    CHECK(again[i].seq == first[i].seq);
  }
  CHECK(append(*writer, {}).empty());
  auto reader = store->make_reader();
  CHECK(latest(*reader, {.user = user("1")}).size() == 3);
}

STORE_TEST("a note to oneself is stored once and listed once") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "1", "a"), chat("1", "2", "b"), chat("1", "1", "c")});

  auto reader = store->make_reader();

  CHECK(contents(latest(*reader, {.user = user("1")})) == texts{"a", "b", "c"});
  CHECK(contents(latest(*reader, {.user = user("1"), .limit = 2})) == texts{"b", "c"});
  CHECK(contents(latest(*reader, {.user = user("1"), .peer = user("1")})) == texts{"a", "c"});
  CHECK(contents(latest(*reader, {.user = user("2")})) == texts{"b"});
}

STORE_TEST("an unknown user or pair has no messages") {
  TestType database;
  auto store = opened(database.url);
  auto reader = store->make_reader();
  CHECK(latest(*reader, {.user = user("1")}).empty());
  append(*store->make_writer(), {chat("1", "2", "a"), chat("2", "3", "b")});

  CHECK(latest(*reader, {.user = user("9")}).empty());
  CHECK(latest(*reader, {.user = user("1"), .peer = user("3")}).empty());
  CHECK(latest(*reader, {.user = user("1"), .limit = 0}).empty());
}

STORE_TEST("latest answers the newest that match, oldest first, as a plain list would") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  std::mt19937 random(20261122);
  const texts names{"1", "2", "A", "a"};
  std::vector<std::pair<new_message, std::int64_t>> all;
  for (int i = 0; i < 40; ++i) {
    std::vector<new_message> batch;
    for (auto n = 1 + random() % 9; n > 0; --n)
      batch.push_back(chat(names[random() % 4], names[random() % 4], std::to_string(random())));
    const auto got = append(*writer, batch);
    for (std::size_t k = 0; k < batch.size(); ++k) all.emplace_back(batch[k], got[k].id);
  }
  std::ranges::sort(all, {}, &std::pair<new_message, std::int64_t>::second);

  for (int i = 0; i < 400; ++i) {
    history_query query{.user = user(names[random() % 4]), .limit = random() % 60};
    if (random() % 2 == 0) query.peer = user(names[random() % 4]);
    if (random() % 2 == 0) query.before_id = all[random() % all.size()].second;
    texts expected;
    for (const auto& [m, id] : all) {
      const bool involved = query.peer ? (m.from == query.user && m.to.id == *query.peer) ||
                                             (m.to.id == query.user && m.from == *query.peer)
                                       : m.from == query.user || m.to.id == query.user;
      if (involved && (!query.before_id || id < *query.before_id)) expected.push_back(m.content);
    }
    if (expected.size() > query.limit)
      expected.erase(expected.begin(), expected.end() - static_cast<long>(query.limit));

    REQUIRE(contents(latest(*reader, query)) == expected);
  }
}

STORE_TEST("five thousand messages keep every conversation dense and in order") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  std::mt19937 random(7);
  std::map<std::int64_t, std::vector<std::pair<std::int64_t, std::int64_t>>> conversations; // seq, id
  std::set<std::int64_t> ids;
  std::size_t total = 0;
  while (total < 5000) {
    std::vector<new_message> batch;
    for (std::size_t n = std::min<std::size_t>(1 + random() % 400, 5000 - total); n > 0; --n, ++total)
      batch.push_back(chat(std::to_string(random() % 12), std::to_string(random() % 12),
                           std::to_string(total),
                           random() % 2 == 0 ? std::optional(std::to_string(total)) : std::nullopt));
    for (const auto& outcome : append(*writer, batch)) {
      REQUIRE(outcome.status == status::stored);
      conversations[outcome.conversation_id].emplace_back(outcome.seq, outcome.id);
      ids.insert(outcome.id);
    }
  }

  CHECK(ids.size() == 5000);
  CHECK(conversations.size() == 78);
  for (const auto& [id, messages] : conversations)
    for (std::size_t i = 0; i < messages.size(); ++i) {
      REQUIRE(messages[i].first == static_cast<std::int64_t>(i + 1));
      if (i > 0) REQUIRE(messages[i].second > messages[i - 1].second);
    }
  // Paging back through one user's messages meets each once.
  auto reader = store->make_reader();
  std::set<std::int64_t> met;
  std::optional<std::int64_t> before;
  std::size_t pages = 0;
  for (;; ++pages) {
    const auto page = latest(*reader, {.user = user("5"), .before_id = before, .limit = 100});
    if (page.empty()) break;
    for (const auto& m : page) REQUIRE(met.insert(m.id).second);
    before = page.front().id;
  }
  CHECK(pages == (met.size() + 99) / 100);
  CHECK(met.size() == latest(*reader, {.user = user("5"), .limit = 5000}).size());
}

STORE_TEST("the schema is made once, however often the database is opened") {
  TestType database;
  for (int i = 0; i < 3; ++i) {
    auto store = opened(database.url);
    auto writer = store->make_writer();
    REQUIRE(writer->check().has_value());
    append(*writer, {chat("1", "2", "a")});
  }

  CHECK(database.ask("SELECT count(*) = max(version) FROM schema_migration") == database.ask("SELECT 1 = 1"));
  CHECK(database.ask("SELECT count(*) FROM message") == "3");
}

STORE_TEST("a database of a newer server is refused by name, and left alone") {
  TestType database;
  {
    auto store = opened(database.url);
    REQUIRE(store->make_writer()->check().has_value());
  }
  database.ask("INSERT INTO schema_migration (version) VALUES (1000)");

  std::string why;
  if (auto made = open_store(database.url); !made) { // SQLite is looked at here, PostgreSQL when it is used
    CHECK(made.error().code == errc::malformed);
    CHECK_THAT(made.error().detail, Catch::Contains(database.url.substr(7)));
    why = made.error().detail;
  } else {
    const error refused = failure((*made)->make_writer()->check());
    CHECK(refused.code == errc::unavailable);
    why = refused.detail;
  }

  CHECK_THAT(why, Catch::Contains("version 1000"));
  CHECK_THAT(why, Catch::Contains("newer server"));
  CHECK(why.find('\n') == std::string::npos);
}

STORE_TEST("there is nothing to settle after a batch that was answered") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const std::vector<new_message> batch{chat("1", "2", "a")};
  append(*writer, batch);

  CHECK(failure(writer->settle(batch)).code == errc::internal);
}

TEST_CASE("a store says of which kind it is", "[persistence]") {
  CHECK(opened(sqlite_database().url)->kind() == "sqlite");
  CHECK(opened("postgres://localhost/x")->kind() == "postgresql");
}

TEST_CASE("a URL that is not a database's is refused, with what is accepted", "[persistence]") {
  const std::string url = GENERATE("", "hongyan.db", "sqlite:", "mysql://root:geheim@h/x", "sqlite3:x",
                                   "postgresql:x", "postgresql://h:port:x/y",
                                   "postgresql://h/x?no_such_parameter=1", "postgresql://u:ge%zzheim@h/x");
  CAPTURE(url);

  const error refused = failure(open_store(url));

  CHECK(refused.code == errc::malformed);
  CHECK_THAT(refused.detail, Catch::Contains("postgresql://"));
  CHECK_THAT(refused.detail, !Catch::Contains("geheim") && !Catch::Contains("zzheim"));
  CHECK(refused.detail.find('\n') == std::string::npos);
}

TEST_CASE("a URL is shown without its passwords and otherwise whole", "[persistence]") {
  const auto [url, shown] = GENERATE(table<std::string, std::string>({
      {"sqlite:/a:b@c", "sqlite:/a:b@c"},
      {"postgresql://h:5432/db", "postgresql://h:5432/db"},
      {"postgresql://u@h:5432/db?sslmode=require", "postgresql://u@h:5432/db?sslmode=require"},
      {"postgresql://u:secret@h:5432/db", "postgresql://u:***@h:5432/db"},
      {"postgres://u:se@cr:et@h/db", "postgres://u:***@h/db"},
      {"postgresql://u:se/cr?et@h/db", "postgresql://u:***@h/db"},
      {"postgresql://h/db?user=u&password=secret&sslmode=require",
       "postgresql://h/db?user=u&password=***&sslmode=require"},
      {"postgresql://h/db?password=secret", "postgresql://h/db?password=***"},
      {"postgresql://h/db?sslpassword=secret&passfile=/x", "postgresql://h/db?sslpassword=***&passfile=/x"},
      {"mysql://root:secret@h/x", "mysql://root:***@h/x"},
      {"hongyan.db", "hongyan.db"},
  }));

  CHECK(redacted(url) == shown);
}
