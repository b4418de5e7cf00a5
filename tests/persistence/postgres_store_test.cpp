/// What only PostgreSQL has: other writers, and a server that goes away at any moment.
#include "tests/persistence/severing_proxy.hpp"
#include "tests/persistence/store_fixtures.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <map>
#include <random>
#include <set>
#include <thread>

using namespace hongyan;
using namespace hongyan::testing;

using status = append_status;
using fault = severing_proxy::fault;

namespace {

/// Every conversation's seq is 1, 2, 3 … and its ids ascend with it.
void check_dense(const postgres_database& database) {
  CHECK(
      database.ask(
          "SELECT count(*) FROM (SELECT seq, row_number() OVER (PARTITION BY conversation_id ORDER BY seq)"
          " AS place, id, lag(id) OVER (PARTITION BY conversation_id ORDER BY seq) AS before FROM message) m"
          " WHERE seq <> place OR id < before") == "0");
  CHECK(database.ask("SELECT count(*) FROM conversation c WHERE last_seq <>"
                     " (SELECT coalesce(max(seq), 0) FROM message WHERE conversation_id = c.id)") == "0");
}

/// A batch's append() through a connection that fails: the outcome is unknown.
void append_unknown(message_writer& writer, const std::vector<new_message>& batch, wall_time now = at(1000)) {
  CHECK(failure(writer.append(batch, now)).code == errc::outcome_unknown);
}

std::optional<outcomes> settle(message_writer& writer, const std::vector<new_message>& batch) {
  auto answer = writer.settle(batch);
  if (!answer) FAIL(answer.error().detail);
  return *std::move(answer);
}

/// As long as PostgreSQL is away: until it answers.
outcomes append_at_last(message_writer& writer, const std::vector<new_message>& batch) {
  for (;;) {
    auto answer = writer.append(batch, at(1000));
    if (answer) return *std::move(answer);
    while (answer.error().code == errc::outcome_unknown) {
      auto settled = writer.settle(batch);
      if (settled && *settled) return **std::move(settled);
      if (settled) break;
    }
  }
}

/// Lets a frozen server go on, also when the test fails.
struct thawing {
  private_postgres& server;
  ~thawing() { server.thaw(); }
};

} // namespace

TEST_CASE("writers racing to store the same clientMsgIds store each once, and all hear of the same message",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  constexpr int writers = 4, rounds = 60, batch_size = 8;
  REQUIRE(store->make_writer()->check().has_value());
  std::vector<std::vector<outcomes>> got(writers);
  std::vector<std::string> failures(writers);
  {
    std::barrier together(writers);
    std::vector<std::jthread> threads;
    for (int w = 0; w < writers; ++w)
      threads.emplace_back([&, w] {
        auto writer = store->make_writer();
        for (int round = 0; round < rounds; ++round) {
          std::vector<new_message> batch;
          for (int i = 0; i < batch_size; ++i) {
            const std::string n = std::to_string(round * batch_size + i);
            // In every other round the writers disagree on the target, so that no conversation's lock orders
            // them.
            const std::string to = round % 2 == 0 ? "b" : "b" + std::to_string(w);
            batch.push_back({.from = *user_id::parse("a" + std::to_string(i % 3)),
                             .to = *user_id::parse(to),
                             .content = n,
                             .client_msg_id = n});
          }
          const bool reversed = w % 2 == 1 && round % 2 == 0;
          if (reversed) std::ranges::reverse(batch);
          together.arrive_and_wait();
          auto answer = writer->append(batch, at(1000));
          if (!answer) failures[static_cast<std::size_t>(w)] = answer.error().detail;
          auto in_order = answer ? *answer : outcomes(batch_size);
          if (reversed) std::ranges::reverse(in_order);
          got[static_cast<std::size_t>(w)].push_back(in_order);
        }
      });
  }

  CHECK(failures == std::vector<std::string>(writers));
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < batch_size; ++i) {
      std::map<status, int> count;
      std::set<std::int64_t> ids;
      for (std::size_t w = 0; w < writers; ++w) {
        const auto& outcome = got[w][round][i];
        ++count[outcome.status];
        if (outcome.status != status::conflict) ids.insert(outcome.id);
      }
      REQUIRE(count[status::stored] == 1);
      REQUIRE(count[round % 2 == 0 ? status::duplicate : status::conflict] == writers - 1);
      REQUIRE(ids.size() == 1);
    }
  CHECK(database.ask("SELECT count(*) FROM message") == std::to_string(rounds * batch_size));
  check_dense(database);
}

TEST_CASE("writers that wait for one another's clientMsgIds in a circle are set free, and store each once",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  REQUIRE(store->make_writer()->check().has_value());
  const std::vector one{chat("a", "b", "1", "1"), chat("a", "c", "2", "2")};
  const std::vector other{chat("a", "d", "2", "2"), chat("a", "e", "1", "1")};
  result<outcomes> got_one = error{}, got_other = error{};
  {
    std::barrier together(2);
    const auto race = [&](const std::vector<new_message>& batch, result<outcomes>& got) {
      auto writer = store->make_writer();
      together.arrive_and_wait();
      got = writer->append(batch, at(1000));
    };
    const std::jthread first(race, std::cref(one), std::ref(got_one));
    const std::jthread second(race, std::cref(other), std::ref(got_other));
  }

  REQUIRE(got_one.has_value());
  REQUIRE(got_other.has_value());
  CHECK(((*got_one)[0].status == status::stored) != ((*got_other)[1].status == status::stored));
  CHECK(((*got_one)[1].status == status::stored) != ((*got_other)[0].status == status::stored));
  CHECK(database.ask("SELECT count(*) FROM message") == "2");
  check_dense(database);
}

TEST_CASE("writers racing for the same conversations leave no hole and do not block one another for ever",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  constexpr int writers = 4, batches = 100;
  REQUIRE(store->make_writer()->check().has_value());
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int w = 0; w < writers; ++w)
      threads.emplace_back([&, w] {
        auto writer = store->make_writer();
        std::mt19937 random(static_cast<unsigned>(w));
        for (int i = 0; i < batches; ++i) {
          std::vector<new_message> batch;
          for (auto n = 1 + random() % 20; n > 0; --n)
            batch.push_back({.from = *user_id::from_number(random() % 5),
                             .to = *user_id::from_number(random() % 5),
                             .content = "x"});
          if (!writer->append(batch, at(1000))) ++failed;
        }
      });
  }

  CHECK(failed == 0);
  CHECK(database.ask("SELECT count(*) FROM conversation") == "15");
  CHECK(database.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == "0");
  check_dense(database);
}

TEST_CASE("a commit whose answer was lost is settled as stored, with the outcomes it had",
          "[persistence][postgresql]") {
  postgres_database database;
  severing_proxy proxy(database.server.port());
  auto store = opened(database.server.uri(database.name, proxy.port()));
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "earlier"), chat("1", "2", "known", "k"), chat("2", "3", "earlier")});
  const std::vector<new_message> batch{chat("1", "2", "a"),      chat("1", "2", "a"),
                                       chat("2", "1", "b", "x"), chat("2", "3", "c"),
                                       chat("2", "1", "b", "x"), chat("2", "1", "-", "x")};

  proxy.arm(fault::drop_answer);
  append_unknown(*writer, batch, at(2000));
  const auto settled = settle(*writer, batch);

  REQUIRE(settled.has_value());
  REQUIRE(settled->size() == batch.size());
  auto reader = opened(database.url)->make_reader();
  const auto stored = latest(*reader, {.user = user("2")});
  REQUIRE(stored.size() == 7);
  for (std::size_t i = 0; i < 4; ++i) {
    const message& m = stored[i + 3];
    const append_outcome& outcome = (*settled)[i];
    CHECK(outcome.status == status::stored);
    CHECK(m.content == batch[i].content);
    CHECK(m.id == outcome.id);
    CHECK(m.seq == outcome.seq);
    CHECK(m.conversation_id == outcome.conversation_id);
    CHECK(m.created_at == outcome.created_at);
  }
  CHECK((*settled)[2].seq == 5);
  CHECK((*settled)[4].status == status::duplicate);
  CHECK((*settled)[4].id == (*settled)[2].id);
  CHECK((*settled)[5].status == status::conflict);
  CHECK(append(*writer, {chat("1", "2", "next")})[0].seq == 6);
}

TEST_CASE("a lost commit that held repeats of older messages is settled with them",
          "[persistence][postgresql]") {
  postgres_database database;
  severing_proxy proxy(database.server.port());
  auto store = opened(database.server.uri(database.name, proxy.port()));
  auto writer = store->make_writer();
  const auto old = append(*writer, {chat("1", "2", "a", "x")})[0];
  const std::vector<new_message> batch{chat("1", "2", "b", "x"), chat("1", "2", "a", "x"),
                                       chat("1", "2", "c", "y")};

  proxy.arm(fault::drop_answer, 3); // the attempt that finds the repeat, the look at it, and then the commit
  append_unknown(*writer, batch);
  const auto settled = settle(*writer, batch);

  REQUIRE(settled.has_value());
  CHECK((*settled)[0].status == status::conflict);
  CHECK((*settled)[1].status == status::duplicate);
  CHECK((*settled)[1].id == old.id);
  CHECK((*settled)[2].status == status::stored);
  CHECK((*settled)[2].seq == 2);
  check_dense(database);
}

TEST_CASE("a batch settled as not stored is never stored, though the server still works on it",
          "[persistence][postgresql]") {
  postgres_database database;
  severing_proxy proxy(database.server.port());
  auto store = opened(database.server.uri(database.name, proxy.port()));
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "earlier")});
  const std::vector<new_message> batch{chat("1", "2", "a"), chat("1", "2", "b", "x")};
  postgres_session blocker(database.url);
  blocker.ask("BEGIN");
  blocker.ask("SELECT * FROM conversation FOR UPDATE");

  proxy.arm(fault::cut_client);
  append_unknown(*writer, batch);
  CHECK(failure(writer->append(batch, at(1))).code == errc::outcome_unknown); // not before it is settled
  CHECK_FALSE(settle(*writer, batch).has_value());
  blocker.ask("COMMIT");
  proxy.release(); // the server has ended the statement, one way or the other

  CHECK(database.ask("SELECT count(*) FROM message") == "1");
  CHECK(append(*writer, batch)[1].seq == 3);
  check_dense(database);
}

TEST_CASE("settling twice answers the same, when the first answer was lost too",
          "[persistence][postgresql]") {
  postgres_database database;
  severing_proxy proxy(database.server.port());
  auto store = opened(database.server.uri(database.name, proxy.port()));
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "earlier")});
  const std::vector<new_message> batch{chat("1", "2", "a")};
  postgres_session blocker(database.url);

  SECTION("stored") {
    proxy.arm(fault::drop_answer);
    append_unknown(*writer, batch);
    proxy.arm(fault::drop_answer, 1);
    CHECK(failure(writer->settle(batch)).code == errc::unavailable);
    const auto settled = settle(*writer, batch);
    REQUIRE(settled.has_value());
    CHECK((*settled)[0].seq == 2);
  }
  SECTION("not stored") {
    blocker.ask("BEGIN");
    blocker.ask("SELECT * FROM conversation FOR UPDATE");
    proxy.arm(fault::cut_client);
    append_unknown(*writer, batch);
    // Whichever of settle()'s statements it is that breaks, opening the session included.
    for (int after = 1; after < 40; ++after) {
      proxy.arm(fault::drop_answer, after);
      const auto answer = writer->settle(batch);
      if (answer.has_value()) {
        CHECK(after > 8); // else nothing broke, and this shows nothing
        CHECK_FALSE(answer->has_value());
        break;
      }
      CHECK(answer.error().code == errc::unavailable);
    }
    proxy.arm(fault::none);
    blocker.ask("COMMIT");
    proxy.release();
    CHECK(database.ask("SELECT count(*) FROM message") == "1");
    CHECK(append(*writer, batch)[0].seq == 2);
  }
}

TEST_CASE("a lock that is held too long ends as unavailable, and nothing is stored later",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  postgres_session blocker(database.url);
  blocker.ask("BEGIN");
  blocker.ask("SELECT * FROM conversation FOR UPDATE");

  const error refused = failure(writer->append(std::vector{chat("1", "2", "b")}, at(1)));
  blocker.ask("COMMIT");

  CHECK(refused.code == errc::unavailable);
  CHECK_THAT(refused.detail, Catch::Contains("statement timeout"));
  CHECK(append(*writer, {chat("1", "2", "c")})[0].seq == 2);
}

TEST_CASE("a session that ended while idle is made again unnoticed", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "a")});
  latest(*reader, {.user = user("1")});

  SECTION("because it was ended") {
    // pg_terminate_backend() with a time waits for the end.
    CHECK(database.ask("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                       " WHERE datname = current_database() AND pid <> pg_backend_pid()") == "2");
  }
  SECTION("because the server was restarted") {
    database.server.stop();
    database.server.start();
  }

  CHECK(append(*writer, {chat("1", "2", "b")})[0].seq == 2);
  CHECK(latest(*reader, {.user = user("1")}).size() == 2);
}

TEST_CASE("PostgreSQL may be away at the start and at any time, and is used when it is back",
          "[persistence][postgresql]") {
  postgres_database database;
  database.server.stop();
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();

  const error away = failure(writer->check());
  CHECK(away.code == errc::unavailable);
  CHECK_THAT(away.detail, Catch::Contains("PostgreSQL at 127.0.0.1:" +
                                          std::to_string(database.server.port()) + " does not answer: "));
  CHECK(away.detail.find('\n') == std::string::npos);
  CHECK(failure(writer->append(std::vector{chat("1", "2", "a")}, at(1))).code == errc::unavailable);
  CHECK(failure(reader->latest({.user = user("1")})).code == errc::unavailable);

  database.server.start();
  CHECK(writer->check().has_value());
  CHECK(append(*writer, {chat("1", "2", "a")})[0].seq == 1);
  CHECK(latest(*reader, {.user = user("1")}).size() == 1);
}

TEST_CASE("PostgreSQL killed under load loses nothing that was acknowledged and stores nothing twice",
          "[persistence][postgresql]") {
  postgres_database database;
  constexpr std::size_t writers = 3, kills = 4, batches_between = 25;
  struct sent {
    std::vector<new_message> batch;
    outcomes answer;
  };
  std::vector<std::vector<sent>> done(writers);
  std::atomic<std::size_t> batches = 0;
  std::atomic<bool> enough = false;
  auto store = opened(database.url);
  {
    std::vector<std::jthread> threads;
    for (std::size_t w = 0; w < writers; ++w)
      threads.emplace_back([&, w] {
        auto writer = store->make_writer();
        std::mt19937 random(static_cast<unsigned>(w));
        for (std::size_t n = 0; !enough; ++n) {
          std::vector<new_message> batch;
          for (auto size = 1 + random() % 6; size > 0; --size) {
            const std::string text = std::to_string(w) + "-" + std::to_string(n) + "-" + std::to_string(size);
            batch.push_back({.from = *user_id::from_number(random() % 4),
                             .to = *user_id::from_number(random() % 4),
                             .content = text,
                             .client_msg_id = random() % 2 == 0 ? std::optional(text) : std::nullopt});
          }
          auto answer = append_at_last(*writer, batch);
          done[w].push_back({std::move(batch), std::move(answer)});
          ++batches;
        }
      });
    for (std::size_t kill = 0; kill < kills; ++kill) {
      for (const std::size_t from = batches; batches < from + batches_between;) std::this_thread::yield();
      database.server.kill9();
      database.server.start();
    }
    for (const std::size_t from = batches; batches < from + batches_between;) std::this_thread::yield();
    enough = true;
  }

  std::map<std::int64_t, std::pair<std::string, std::int64_t>> acknowledged; // id: content, seq
  for (const auto& writer : done)
    for (const auto& [batch, answer] : writer)
      for (std::size_t i = 0; i < batch.size(); ++i) {
        REQUIRE(answer[i].status == status::stored);
        REQUIRE(acknowledged.emplace(answer[i].id, std::pair(batch[i].content, answer[i].seq)).second);
      }
  CHECK(database.ask("SELECT count(*) FROM message") == std::to_string(acknowledged.size()));
  CHECK(database.ask("SELECT count(DISTINCT content) FROM message") == std::to_string(acknowledged.size()));
  auto reader = store->make_reader();
  std::size_t found = 0;
  for (const auto* name : {"0", "1", "2", "3"})
    for (const message& m : latest(*reader, {.user = user(name), .limit = 1'000'000})) {
      if (m.from != user(name)) continue;
      ++found;
      REQUIRE(acknowledged.at(m.id) == std::pair(m.content, m.seq));
    }
  CHECK(found == acknowledged.size());
  check_dense(database);
}

TEST_CASE("a server that hangs is given up in time, and used again when it goes on",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  REQUIRE(writer->check().has_value());
  error hangs;
  std::chrono::steady_clock::duration took{};
  {
    database.server.freeze();
    const thawing finally{database.server};
    const auto start = std::chrono::steady_clock::now();
    hangs = failure(writer->check());
    took = std::chrono::steady_clock::now() - start;
  }

  CHECK(hangs.code == errc::unavailable);
  CHECK_THAT(hangs.detail, Catch::Contains("does not answer"));
  CHECK(took < std::chrono::seconds(4));
  CHECK(writer->check().has_value());
}

TEST_CASE("a commit is flushed before it is acknowledged, whatever the server's default",
          "[persistence][postgresql]") {
  postgres_database database;
  database.ask("ALTER DATABASE " + database.name + " SET synchronous_commit = off");
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});

  const std::string before = database.ask("SELECT pg_current_wal_insert_lsn()");
  append(*writer, {chat("1", "2", "b")});

  CHECK(database.ask("SELECT pg_current_wal_flush_lsn() > '" + before + "'") == "t");
}

TEST_CASE("a server that cannot keep the promises is refused, with what to change",
          "[persistence][postgresql]") {
  postgres_database database;
  std::string url = database.url, reason;
  bool restart = false;
  SECTION("read-only") {
    database.ask("ALTER DATABASE " + database.name + " SET default_transaction_read_only = on");
    reason = "read-only";
  }
  SECTION("another encoding") {
    url = database.server.uri(
        database.server.new_database("ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"));
    reason = "ENCODING 'UTF8'";
  }
  SECTION("fsync off") {
    database.server.stop();
    database.server.start({"fsync=off"});
    restart = true;
    reason = "fsync = off";
  }

  const error refused = failure(opened(url)->make_writer()->check());
  if (restart) {
    database.server.stop();
    database.server.start();
  }

  CHECK(refused.code == errc::unavailable);
  CHECK_THAT(refused.detail, Catch::Contains(reason));
}

TEST_CASE("a primary that has become read-only is noticed by check", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  REQUIRE(writer->check().has_value());

  // As the session sees it when its server was demoted without ending it.
  database.ask("ALTER SYSTEM SET default_transaction_read_only = on");
  database.ask("SELECT pg_reload_conf()");
  std::optional<error> noticed;
  for (int looks = 0; looks < 1000 && !noticed; ++looks) // the reload reaches the session in its own time
    if (auto checked = writer->check(); !checked) noticed = checked.error();
  {
    postgres_session fix(database.server.uri("postgres"));
    fix.ask("SET default_transaction_read_only = off");
    fix.ask("ALTER SYSTEM RESET default_transaction_read_only");
    fix.ask("SELECT pg_reload_conf()");
  }

  REQUIRE(noticed.has_value());
  CHECK_THAT(noticed->detail, Catch::Contains("read-only"));
}

TEST_CASE("no password gets into an error's text", "[persistence][postgresql]") {
  postgres_database database;
  const std::string port = std::to_string(database.server.port());
  const std::string url = "postgresql://" + GENERATE_COPY(values<std::string>({
                                                "postgres:geheim@127.0.0.1:1/x",
                                                "nobody:geheim@127.0.0.1:" + port + "/x",
                                                "127.0.0.1:" + port + "/x?password=geheim&user=nobody",
                                            }));

  const error refused = failure(opened(url)->make_writer()->check());

  CHECK(refused.code == errc::unavailable);
  CHECK_THAT(refused.detail, !Catch::Contains("geheim"));
}

TEST_CASE("several servers may open an empty database at once", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  std::vector<std::string> failures(6);
  {
    std::barrier together(static_cast<std::ptrdiff_t>(failures.size()));
    std::vector<std::jthread> threads;
    for (auto& why : failures)
      threads.emplace_back([&] {
        auto writer = store->make_writer();
        together.arrive_and_wait();
        if (auto checked = writer->check(); !checked) why = checked.error().detail;
      });
  }

  CHECK(failures == std::vector<std::string>(failures.size()));
  CHECK(database.ask("SELECT count(*) FROM schema_migration") == "1");
}
