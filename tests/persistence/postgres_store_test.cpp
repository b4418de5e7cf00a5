/// What only PostgreSQL has: other writers, and a server that goes away at any moment.
#include "core/chat/search_text.hpp"
#include "persistence/migrations.hpp"
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

/// More than a session has, which prepares each in a message of its own.
constexpr int statements_max = 300;

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

struct person {
  std::string name;
  group_role role = group_role::member;
};

result<void> put_people(change_transaction& t, conversation_row& group, const std::vector<person>& people) {
  std::vector<member_row> rows;
  for (const auto& [name, role] : people) rows.push_back({.user = user(name), .role = role});
  group.member_count += people.size();
  return t.put_members(group.id, rows);
}

void make_group(message_writer& writer, std::string_view id, const std::vector<person>& people) {
  const auto made = writer.transact([&](change_transaction& t) -> result<void> {
    auto group = t.make_group(user(id), "name of " + std::string(id), group_history::joined, at(500));
    REQUIRE((group && *group));
    if (auto put = put_people(t, **group, people); !put) return put;
    return t.update_conversation(**group);
  });
  if (!made) FAIL(made.error().detail);
}

/// Changes a locked group with `work`, and outdates what writers know of it.
template <class Work>
void change_group(message_writer& writer, std::string_view id, Work work) {
  const auto changed = writer.transact([&](change_transaction& t) -> result<void> {
    auto group = t.lock_group(user(id));
    REQUIRE((group && *group));
    if (auto done = work(t, **group); !done) return done;
    return t.update_conversation(**group);
  });
  if (!changed) FAIL(changed.error().detail);
}

std::vector<status> statuses(const outcomes& got) {
  std::vector<status> all;
  for (const auto& outcome : got) all.push_back(outcome.status);
  return all;
}

/// For threads, too: Catch's assertions are for one.
result<void> try_to_block(message_writer& writer, std::string_view by, std::string_view whom, bool blocked) {
  return writer.transact([&](change_transaction& t) -> result<void> {
    const std::vector others{user(whom)};
    if (auto put = t.put_blocks(user(by), others, blocked); !put) return put.error();
    return {};
  });
}

void set_blocked(message_writer& writer, std::string_view by, std::string_view whom, bool blocked) {
  if (const auto done = try_to_block(writer, by, whom, blocked); !done) FAIL(done.error().detail);
}

/// For threads, too. Empty: it could not be stored.
std::vector<status> statuses_of_sending(message_writer& writer, const new_message& m) {
  const auto done = writer.append({&m, 1}, at(1000));
  return done ? statuses(*done) : std::vector<status>{};
}

new_message group_chat(std::string_view from, std::string_view group, std::string content,
                       std::optional<std::string> client_msg_id = {}) {
  auto message = chat(from, "-", std::move(content), std::move(client_msg_id));
  message.to = peer_or_group::group(user(group));
  return message;
}

std::vector<std::string> names(const audience_ptr& audience) {
  std::vector<std::string> all;
  if (audience)
    for (const user_id& member : *audience) all.push_back(member.text());
  return all;
}

std::vector<std::string> found(message_reader& reader, std::string_view by, std::string_view query) {
  const auto answer = reader.search({.user = user(by), .terms = search_terms(query)});
  if (!answer) FAIL(answer.error().detail);
  return contents(answer->messages);
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
    for (int after = 1; after < statements_max; ++after) {
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
  CHECK(database.ask("SELECT count(*) = max(version) FROM schema_migration") == "t");
}

TEST_CASE("what another writer changes in a group holds for the next message", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer(), other = store->make_writer();
  make_group(*other, "g", {{"1", group_role::owner}, {"2"}, {"3"}});
  const auto first = append(*writer, {group_chat("2", "g", "a"), chat("2", "3", "direct")});
  CHECK(statuses(first) == std::vector{status::stored, status::stored});
  CHECK(names(first[0].audience) == std::vector<std::string>{"1", "2", "3"});
  CHECK(first[1].audience == nullptr);

  SECTION("a member who was removed is refused, and hears no more") {
    change_group(*other, "g", [](change_transaction& t, conversation_row& g) {
      return t.remove_members(g.id, std::vector{user("2")});
    });
    const auto got = append(*writer, {group_chat("2", "g", "b"), group_chat("3", "g", "c")});
    CHECK(statuses(got) == std::vector{status::no_group, status::stored});
    CHECK(got[1].seq == 2);
    CHECK(names(got[1].audience) == std::vector<std::string>{"1", "3"});
  }
  SECTION("a member who was added hears, and may send at once") {
    change_group(*other, "g",
                 [](change_transaction& t, conversation_row& g) { return put_people(t, g, {{"10"}}); });
    const auto got = append(*writer, {group_chat("10", "g", "b")});
    CHECK(statuses(got) == std::vector{status::stored});
    CHECK(names(got[0].audience) == std::vector<std::string>{"1", "10", "2", "3"});
    CHECK(names(append(*writer, {group_chat("1", "g", "c")})[0].audience).size() == 4);
  }
  SECTION("a group that is muted takes messages of its owner and admins only") {
    change_group(*other, "g", [](change_transaction& t, conversation_row& g) {
      g.muted = true;
      const std::vector admins{member_row{.user = user("3"), .role = group_role::admin}};
      return t.put_members(g.id, admins);
    });
    CHECK(statuses(append(
              *writer, {group_chat("2", "g", "b"), group_chat("1", "g", "c"), group_chat("3", "g", "d")})) ==
          std::vector{status::silenced, status::stored, status::stored});
    change_group(*other, "g", [](change_transaction&, conversation_row& g) -> result<void> {
      g.muted = false;
      return {};
    });
    CHECK(statuses(append(*writer, {group_chat("2", "g", "b")})) == std::vector{status::stored});
  }
  SECTION("a group that was dismissed is gone") {
    change_group(*other, "g", [](change_transaction&, conversation_row& g) -> result<void> {
      g.dismissed = true;
      return {};
    });
    CHECK(statuses(append(*writer, {group_chat("1", "g", "b"), group_chat("2", "g", "b")})) ==
          std::vector{status::no_group, status::no_group});
    CHECK(database.ask("SELECT last_seq FROM conversation WHERE group_id = 'g'") == "1");
  }
  check_dense(database);
}

TEST_CASE("a block by another node holds for the next message, for the one who is blocked only",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer(), other = store->make_writer();
  append(*writer, {chat("1", "2", "a", "x"), chat("2", "2", "note")});

  set_blocked(*other, "2", "1", true);
  const auto got = append(*writer, {chat("1", "2", "b"), chat("2", "1", "c"), chat("1", "2", "a", "x"),
                                    chat("1", "2", "d", "y"), chat("2", "2", "e")});

  CHECK(statuses(got) ==
        std::vector{status::blocked, status::stored, status::duplicate, status::blocked, status::stored});
  CHECK(got[1].seq == 2);
  CHECK(got[2].seq == 1);
  auto reader = store->make_reader();
  CHECK(*reader->has_blocked(user("2"), user("1")));
  CHECK_FALSE(*reader->has_blocked(user("1"), user("2")));
  CHECK(*reader->blocks(user("2")) == std::vector{user("1")});

  set_blocked(*other, "2", "1", false);
  CHECK(append(*writer, {chat("1", "2", "d", "y")})[0].seq == 3);
  set_blocked(*other, "9", "1", true); // nothing was ever said between them
  CHECK(statuses(append(*writer, {chat("1", "9", "hi")})) == std::vector{status::blocked});
  check_dense(database);
}

TEST_CASE("a conversation that is made while one of its users blocks the other knows of it",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer(), other = store->make_writer();
  REQUIRE(writer->check().has_value());
  REQUIRE(other->check().has_value());
  const auto until_one_waits = [&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (database.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "0")
      if (std::chrono::steady_clock::now() > end) return false;
    return true;
  };
  std::vector<status> sent;

  SECTION("the block first") {
    std::jthread sender;
    const auto done = other->transact([&](change_transaction& t) -> result<void> {
      if (auto put = t.put_blocks(user("9"), std::vector{user("1")}, true); !put) return put.error();
      sender = std::jthread([&] { sent = statuses_of_sending(*writer, chat("1", "9", "hi")); });
      CHECK(until_one_waits());
      return {};
    });
    REQUIRE(done.has_value());
    sender.join();
    CHECK(sent == std::vector{status::blocked});
  }
  SECTION("the conversation first") {
    result<void> blocked;
    std::jthread blocker;
    const auto done = writer->transact([&](change_transaction& t) -> result<void> {
      if (auto made = t.lock_direct(user("1"), user("9"), true); !made) return made.error();
      blocker = std::jthread([&] { blocked = try_to_block(*other, "9", "1", true); });
      CHECK(until_one_waits());
      return {};
    });
    REQUIRE(done.has_value());
    blocker.join();
    CHECK(blocked.has_value());
    CHECK(database.ask("SELECT version FROM conversation") == "1");
    CHECK(statuses(append(*writer, {chat("1", "9", "hi")})) == std::vector{status::blocked});
  }
}

TEST_CASE("whoever blocks a user on one node is not written to by them on another from then on",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer(), other = store->make_writer();
  for (int round = 0; round < 60; ++round) {
    const auto peer = "p" + std::to_string(round);
    std::vector<status> sent;
    std::jthread sender([&] { sent = statuses_of_sending(*writer, chat("1", peer, "first")); });
    set_blocked(*other, peer, "1", true);
    sender.join();
    CHECK_FALSE(sent.empty());
    REQUIRE(statuses(append(*writer, {chat("1", peer, "after")})) == std::vector{status::blocked});
  }
}

TEST_CASE("a block of a hundred users is a few statements, and makes nothing", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("u7", "me", "a"), chat("me", "u8", "b")});
  std::vector<user_id> many;
  for (int i = 0; i < 100; ++i) many.push_back(user("u" + std::to_string(i)));
  for (int again = 0; again < 2; ++again) {
    const auto done = writer->transact([&](change_transaction& t) -> result<void> {
      const auto count = t.put_blocks(user("me"), many, true);
      CHECK(count.value() == 100);
      return {};
    });
    REQUIRE(done.has_value());
  }
  CHECK(database.ask("SELECT count(*) FROM block") == "100");
  CHECK(database.ask("SELECT count(*) || ' ' || sum(version) FROM conversation") == "2 2"); // each once
  CHECK(database.ask("SELECT count(*) FROM member") == "4");
  CHECK(statuses(append(*writer, {chat("u7", "me", "c"), chat("me", "u7", "d")})) ==
        std::vector{status::blocked, status::stored});
}

TEST_CASE("a batch of all sorts stores what may be stored, dense and in order", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {{"1"}, {"2"}});
  make_group(*writer, "1", {{"2"}}); // a group's id is no user's
  set_blocked(*writer, "4", "1", true);
  auto image = group_chat("1", "g", R"({"fileId":"f","width":1})", "i");
  image.kind = message_kind::image;
  image.ext = R"({"x":1})";
  append(*writer, {image});

  auto again = image;
  again.content = R"({ "width": 1, "fileId": "f" })";
  again.ext = R"({"x":2})";
  auto other_kind = image;
  other_kind.kind = message_kind::custom;
  const auto got = append(
      *writer, {group_chat("1", "g", "a"), chat("1", "4", "no", "k"), chat("1", "2", "b", "k"), again,
                other_kind, group_chat("3", "g", "no"), group_chat("1", "none", "no"),
                group_chat("2", "g", "c", "m"), chat("1", "4", "b", "k"), group_chat("2", "g", "c", "m"),
                group_chat("2", "1", "d"), chat("2", "1", "e"), group_chat("1", "1", "no")});

  CHECK(statuses(got) == std::vector{status::stored, status::blocked, status::stored, status::duplicate,
                                     status::conflict, status::no_group, status::no_group, status::stored,
                                     status::conflict, status::duplicate, status::stored, status::stored,
                                     status::no_group});
  CHECK(got[0].seq == 2);
  CHECK(got[3].seq == 1);
  CHECK(got[3].ext == R"({"x":1})");
  CHECK_FALSE(got[3].recalled);
  CHECK(got[7].seq == 3);
  CHECK(got[9].seq == 3);
  CHECK(got[9].audience == nullptr);
  CHECK(names(got[10].audience) == std::vector<std::string>{"2"});
  CHECK(got[11].seq == 2);
  CHECK(database.ask("SELECT count(*) FROM message") == "6");
  CHECK(database.ask(
            "SELECT string_agg(user_id || ':' || c.last_at_ms, ' ' ORDER BY user_id) FROM member m"
            " JOIN conversation c ON c.id = m.conversation_id WHERE user_low = '1' AND user_high = '2'") ==
        "1:1000 2:1000");
  check_dense(database);
}

TEST_CASE("a lost commit is settled with its refusals and audiences", "[persistence][postgresql]") {
  postgres_database database;
  severing_proxy proxy(database.server.port());
  auto store = opened(database.server.uri(database.name, proxy.port()));
  auto writer = store->make_writer();
  make_group(*writer, "g", {{"1"}, {"2"}});
  set_blocked(*writer, "3", "1", true);
  const std::vector<new_message> batch{chat("1", "3", "no"), group_chat("1", "g", "a"),
                                       group_chat("9", "g", "no"), chat("1", "2", "b")};
  append(*writer, {batch[1], batch[3]});

  // What refuses is looked at anew, of a pair and of a group, before anything is sent that could store: until
  // then nothing was.
  for (int after = 3;; ++after) {
    REQUIRE(after < statements_max);
    proxy.arm(fault::drop_answer, after);
    if (failure(writer->append(batch, at(1000))).code == errc::outcome_unknown) break;
  }
  const auto settled = settle(*writer, batch);

  REQUIRE(settled.has_value());
  CHECK(statuses(*settled) == std::vector{status::blocked, status::stored, status::no_group, status::stored});
  CHECK((*settled)[1].seq == 2);
  CHECK(names((*settled)[1].audience) == std::vector<std::string>{"1", "2"});
  CHECK((*settled)[3].seq == 2);
  check_dense(database);
}

TEST_CASE("the first thing sent for a batch stores it, once its conversations are known",
          "[persistence][postgresql]") {
  postgres_database database;
  severing_proxy proxy(database.server.port());
  auto store = opened(database.server.uri(database.name, proxy.port()));
  auto writer = store->make_writer();
  make_group(*writer, "g", {{"1"}, {"2"}});
  const std::vector<new_message> batch{chat("1", "2", "a"), group_chat("1", "g", "b"), chat("2", "3", "c")};
  append(*writer, batch);

  proxy.arm(fault::drop_answer, 1);
  append_unknown(*writer, batch);

  const auto settled = settle(*writer, batch);
  REQUIRE(settled.has_value());
  CHECK((*settled)[1].seq == 2);
  proxy.arm(fault::drop_answer, 1);
  const std::vector marks{read_mark{user("2"), user("1"), 2},
                          read_mark{user("2"), peer_or_group::group(user("g")), 1}};
  CHECK(failure(writer->mark_read(marks)).code == errc::outcome_unknown);
  CHECK(database.ask("SELECT string_agg(read_seq::text, ' ' ORDER BY conversation_id) FROM member"
                     " WHERE user_id = '2' AND read_seq > 0") == "1 2");
  check_dense(database);
}

TEST_CASE("a member who is removed and added all the time may send while in the audience, and not otherwise",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer(), other = store->make_writer();
  make_group(*other, "g", {{"1"}, {"2"}});
  constexpr int rounds = 300;
  std::vector<result<outcomes>> got;
  {
    std::barrier together(2);
    const std::jthread changing([&] {
      for (int i = 0; i < rounds; ++i) {
        together.arrive_and_wait();
        change_group(*other, "g", [i](change_transaction& t, conversation_row& g) -> result<void> {
          const std::vector who{user("2")};
          return i % 2 == 0 ? t.remove_members(g.id, who) : put_people(t, g, {{"2"}});
        });
      }
    });
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      got.push_back(
          writer->append(std::vector{group_chat("1", "g", "a"), group_chat("2", "g", "b")}, at(1000)));
    }
  }

  int refused = 0;
  for (const auto& answer : got) {
    REQUIRE(answer.has_value());
    const auto& [sure, doubtful] = std::tie((*answer)[0], (*answer)[1]);
    REQUIRE(sure.status == status::stored);
    const bool in = doubtful.status == status::stored;
    REQUIRE((in || doubtful.status == status::no_group));
    REQUIRE(names(sure.audience) ==
            (in ? std::vector<std::string>{"1", "2"} : std::vector<std::string>{"1"}));
    refused += in ? 0 : 1;
  }
  CHECK(refused > 0);
  CHECK(refused < rounds);
  check_dense(database);
}

TEST_CASE("read positions go forward only, to the last entry at most, in one transaction",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {{"1"}, {"2"}});
  const auto first = append(
      *writer, {chat("1", "2", "a"), chat("1", "2", "b"), group_chat("1", "g", "c"), chat("1", "1", "note")});
  const peer_or_group group = peer_or_group::group(user("g"));

  const std::vector marks{read_mark{user("2"), user("1"), 1}, read_mark{user("2"), user("1"), 99},
                          read_mark{user("2"), user("1"), 1}, read_mark{user("2"), group, 1},
                          read_mark{user("3"), group, 1},     read_mark{user("3"), user("1"), 1},
                          read_mark{user("1"), user("1"), 1}, read_mark{user("1"), user("g"), 1},
                          read_mark{user("1"), user("2"), -5}};
  const auto got = writer->mark_read(marks);

  REQUIRE(got.has_value());
  const auto is = [&](std::size_t i, bool found_it, bool moved, std::int64_t seq) {
    const read_outcome& outcome = (*got)[i];
    return outcome.found == found_it && outcome.moved == moved && outcome.seq == seq;
  };
  CHECK(is(0, true, true, 1));
  CHECK(is(1, true, true, 2));
  CHECK(is(2, true, false, 2));
  CHECK(is(3, true, true, 1));
  CHECK((*got)[3].conversation_id == first[2].conversation_id);
  CHECK(is(4, false, false, 0));
  CHECK(is(5, false, false, 0));
  CHECK(is(6, true, true, 1));
  CHECK(is(7, false, false, 0));
  CHECK(is(8, true, false, 0));
  auto reader = store->make_reader();
  const auto peer = reader->find_membership(user("1"), user("2"));
  REQUIRE((peer && *peer));
  CHECK((*peer)->peer_read_seq == 2);
  CHECK((*peer)->read_seq == 0);
}

TEST_CASE("a transaction is all or nothing, and is begun anew after a lost race",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto stored = append(*writer, {chat("1", "2", "hello world"), chat("1", "2", "b")});
  auto reader = store->make_reader();
  CHECK(found(*reader, "2", "world") == std::vector<std::string>{"hello world"});

  SECTION("the work's own error undoes it") {
    const auto undone = writer->transact([&](change_transaction& t) -> result<void> {
      REQUIRE(t.put_profile({.user = user("1"), .name = "x"}).has_value());
      return error{errc::forbidden, "no"};
    });
    CHECK(undone.error().code == errc::forbidden);
    CHECK_FALSE((*reader->profiles(std::vector{user("1")}))[0].name.has_value());
  }
  SECTION("a deadlock is tried again") {
    auto other = store->make_writer();
    std::barrier together(2);
    std::atomic<int> runs = 0;
    const auto race = [&](message_writer& by, const char* one, const char* two, result<void>& into) {
      bool first = true;
      into = by.transact([&](change_transaction& t) -> result<void> {
        ++runs;
        if (auto locked = t.lock_direct(user("1"), user(one), true); !locked) return locked.error();
        if (std::exchange(first, false)) together.arrive_and_wait();
        if (auto locked = t.lock_direct(user("1"), user(two), true); !locked) return locked.error();
        return {};
      });
    };
    append(*writer, {chat("1", "3", "c")});
    REQUIRE(other->check().has_value());
    result<void> here = error{}, there = error{};
    {
      const std::jthread elsewhere(race, std::ref(*other), "3", "2", std::ref(there));
      race(*writer, "2", "3", here);
    }
    CHECK(here.has_value());
    CHECK(there.has_value());
    CHECK(runs >= 3); // whoever is tried again may meet the other once more
  }
  SECTION("a recall takes the content away everywhere, and is logged") {
    const auto recalled = writer->transact([&](change_transaction& t) -> result<void> {
      auto direct = t.lock_direct(user("1"), user("2"), false);
      REQUIRE((direct && *direct));
      auto of = t.entry(**direct, 1);
      REQUIRE((of && *of));
      CHECK((*of)->content == "hello world");
      if (auto erased = t.erase_content(**of); !erased) return erased;
      auto logged = t.append_entry(**direct, {.from = user("1"),
                                              .to = user("2"),
                                              .kind = message_kind::recall,
                                              .content = R"({"seq":1})",
                                              .created_at = at(3000)});
      REQUIRE(logged.has_value());
      CHECK(logged->seq == 3);
      CHECK((*direct)->last_seq == 3);
      return {};
    });
    REQUIRE(recalled.has_value());
    CHECK(found(*reader, "2", "world").empty());
    CHECK(contents(latest(*reader, {.user = user("2")})) == std::vector<std::string>{"b"});
    CHECK(contents(latest(*reader, {.user = user("2"), .peer = user("1")})) == std::vector<std::string>{"b"});
    const std::vector ranges{log_range{stored[0].conversation_id, 0, 9, 9}};
    const auto log = reader->log(ranges);
    REQUIRE((log && log->size() == 3));
    CHECK((*log)[0].recalled);
    CHECK((*log)[0].content.empty());
    CHECK((*log)[2].kind == message_kind::recall);
    CHECK(append(*writer, {chat("2", "1", "d")})[0].seq == 4);
    const std::vector questions{unread_question{stored[0].conversation_id, 0}};
    CHECK(*reader->unread(user("2"), questions) == std::vector<std::size_t>{1});
  }
  check_dense(database);
}

TEST_CASE("a lost commit of a transaction is told apart from a lost beginning", "[persistence][postgresql]") {
  postgres_database database;
  severing_proxy proxy(database.server.port());
  auto store = opened(database.server.uri(database.name, proxy.port()));
  auto writer = store->make_writer();
  REQUIRE(writer->check().has_value());
  const auto name = [&](const char* text) {
    return writer->transact(
        [&](change_transaction& t) { return t.put_profile({.user = user("1"), .name = text}); });
  };

  proxy.arm(fault::drop_answer, 2);
  CHECK(failure(name("a")).code == errc::unavailable);
  CHECK(database.ask("SELECT count(*) FROM profile") == "0");
  REQUIRE(writer->check().has_value());
  proxy.arm(fault::drop_answer, 3);
  CHECK(failure(name("b")).code == errc::outcome_unknown);
  CHECK(database.ask("SELECT name FROM profile") == "b");
  CHECK(name("c").has_value());
}

TEST_CASE("a search meets the user's own conversations, from where they may read",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {{"1"}, {"2"}});
  auto file = chat("1", "2", R"({"fileId":"secret","name":"Bericht 年度报告.pdf","size":1})");
  file.kind = message_kind::file;
  const auto got =
      append(*writer, {chat("1", "2", "今天天气很好"), chat("3", "4", "今天天气很好"),
                       group_chat("2", "g", "天气 weather's fine"), file, chat("1", "2", "...")});
  auto reader = store->make_reader();

  CHECK(found(*reader, "1", "天气") == std::vector<std::string>{"天气 weather's fine", "今天天气很好"});
  CHECK(found(*reader, "1", "weath 天").size() == 1);
  CHECK(found(*reader, "3", "weather").empty());
  CHECK(found(*reader, "2", "报告 pdf").size() == 1);
  CHECK(found(*reader, "2", "secret").empty());
  CHECK(database.ask("SELECT count(*) FROM message_search") == "4");
  search_question paged{.user = user("1"), .terms = search_terms("天气"), .before_id = got[2].id, .limit = 1};
  CHECK(reader->search(paged)->messages.at(0).id == got[0].id);
  paged.before_id.reset();
  paged.conversation_id = got[0].conversation_id;
  CHECK(reader->search(paged)->messages.at(0).id == got[0].id);
  paged.conversation_id = got[1].conversation_id;
  CHECK(reader->search(paged)->messages.empty());

  change_group(*writer, "g", [](change_transaction& t, conversation_row& g) {
    const std::vector later{member_row{.user = user("1"), .first_seq = 2}};
    return t.put_members(g.id, later);
  });
  CHECK(found(*reader, "1", "weather").empty());
  CHECK(found(*reader, "2", "weather").size() == 1);
}

TEST_CASE("a database of version 1 is migrated, and its messages are found", "[persistence][postgresql]") {
  postgres_database database;
  database.ask(std::string(postgres_migrations()[0].sql));
  database.ask(
      "CREATE TABLE schema_migration (version bigint PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT"
      " now()); INSERT INTO schema_migration (version) VALUES (1);"
      " INSERT INTO conversation (user_low, user_high, last_seq) VALUES ('1', '2', 3000), ('1', '1', 1);"
      " INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, content, client_msg_id)"
      " SELECT 1, n, n, '1', '2', CASE n WHEN 1 THEN '老消息' WHEN 3000 THEN 'newest old' ELSE '...' END,"
      " CASE n WHEN 3000 THEN 'x' END FROM generate_series(1, 3000) n;"
      " INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, content)"
      " VALUES (2, 1, 77, '1', '1', 'note to myself')");
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  REQUIRE(writer->check().has_value());

  CHECK(found(*reader, "2", "消息") == std::vector<std::string>{"老消息"});
  CHECK(found(*reader, "1", "newest").size() == 1);
  CHECK(found(*reader, "1", "myself").size() == 1);
  CHECK(found(*reader, "2", "myself").empty());
  const auto all = reader->memberships(user("1"));
  REQUIRE((all && all->size() == 2));
  for (const membership& m : *all) CHECK(m.last_at == at(m.with == user("2") ? 3000 : 77));
  const auto got = append(*writer, {chat("1", "2", "newest old", "x"), chat("2", "1", "new")});
  CHECK(statuses(got) == std::vector{status::duplicate, status::stored});
  CHECK(got[1].seq == 3001);
  CHECK(found(*reader, "1", "new").size() == 2);
  check_dense(database);
}

TEST_CASE("the epoch stays until the database is a copy in another place", "[persistence][postgresql]") {
  postgres_database database;
  std::string epoch;
  {
    auto writer = opened(database.url)->make_writer();
    CHECK(writer->epoch().empty());
    REQUIRE(writer->check().has_value());
    epoch = writer->epoch();
    CHECK(epoch.size() == 16);
    CHECK(epoch.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  const auto epoch_at = [](const std::string& url) {
    auto writer = opened(url)->make_writer();
    REQUIRE(writer->check().has_value());
    return writer->epoch();
  };
  CHECK(epoch_at(database.url) == epoch);

  const std::string copy = database.server.new_database("TEMPLATE " + database.name);
  const std::string there = epoch_at(database.server.uri(copy));
  CHECK(there.size() == 16);
  CHECK(there != epoch);
  CHECK(epoch_at(database.server.uri(copy)) == there);
  CHECK(epoch_at(database.url) == epoch);
}

TEST_CASE("a role that owns the database and no more is enough", "[persistence][postgresql]") {
  postgres_database database;
  database.ask("CREATE ROLE ordinary LOGIN");
  database.ask("ALTER DATABASE " + database.name + " OWNER TO ordinary");
  database.ask("GRANT ALL ON SCHEMA public TO ordinary");
  std::string url = database.url;
  url.replace(url.find("postgres@"), 9, "ordinary@");
  auto store = opened(url);
  auto writer = store->make_writer();

  REQUIRE(writer->check().has_value());
  CHECK(writer->epoch().size() == 16);
  append(*writer, {chat("1", "2", "hello")});
  auto reader = store->make_reader();
  CHECK(found(*reader, "1", "hello").size() == 1);
}

TEST_CASE("groups, members and profiles are read in order and in pages", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "b", {{"2", group_role::owner}, {"1", group_role::admin}, {"10"}});
  make_group(*writer, "a", {{"1", group_role::owner}});
  make_group(*writer, "c", {{"2", group_role::owner}});
  const auto again = writer->transact([&](change_transaction& t) -> result<void> {
    auto taken = t.make_group(user("a"), "x", group_history::all, at(1));
    REQUIRE(taken.has_value());
    CHECK_FALSE(taken->has_value());
    return t.put_profile({.user = user("1"), .name = "n"});
  });
  REQUIRE(again.has_value());
  REQUIRE(
      writer
          ->transact([&](change_transaction& t) { return t.put_profile({.user = user("1"), .avatar = "v"}); })
          .has_value());
  auto reader = store->make_reader();

  const auto groups = reader->groups(user("1"), "", 10);
  REQUIRE((groups && groups->size() == 2));
  CHECK((*groups)[1].id == user("b"));
  CHECK((*groups)[1].owner == user("2"));
  CHECK((*groups)[1].member_count == 3);
  CHECK((*groups)[1].name == "name of b");
  CHECK((*groups)[1].created_at == at(500));
  CHECK(reader->groups(user("1"), "a", 10)->size() == 1);
  CHECK(reader->groups(user("1"), "", 1)->at(0).id == user("a"));
  CHECK((*reader->find_group(user("1"), user("b"))).has_value());
  CHECK_FALSE((*reader->find_group(user("1"), user("c"))).has_value());
  const auto members = reader->members((*groups)[1].conversation_id, "1", 10);
  REQUIRE((members && members->size() == 2));
  CHECK((*members)[0].user == user("10"));
  CHECK((*members)[1].role == group_role::owner);
  const auto profiles = reader->profiles(std::vector{user("2"), user("1"), user("2")});
  REQUIRE((profiles && profiles->size() == 3));
  CHECK((*profiles)[1].name == "n");
  CHECK((*profiles)[1].avatar == "v");
  CHECK_FALSE((*profiles)[2].name.has_value());
}

TEST_CASE("ranges of several logs come in one answer, each in its order", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  make_group(*writer, "g", {{"1"}});
  std::vector<new_message> batch;
  for (int i = 1; i <= 9; ++i) {
    batch.push_back(chat("1", "2", "d" + std::to_string(i)));
    batch.push_back(group_chat("1", "g", "g" + std::to_string(i)));
  }
  const auto got = append(*writer, batch);
  const auto direct = got[0].conversation_id, group = got[1].conversation_id;
  auto reader = store->make_reader();

  const std::vector ranges{log_range{group, 2, 9, 3}, log_range{direct, 0, 100, 2, true},
                           log_range{group, 8, 9, 5}, log_range{direct, 0, 4, 0},
                           log_range{group, 0, 3, 9, true}};
  const auto log = reader->log(ranges);

  REQUIRE(log.has_value());
  CHECK(contents(*log) == std::vector<std::string>{"g3", "g4", "g5", "d8", "d9", "g1", "g2"});
  CHECK((*log)[0].to == peer_or_group::group(user("g")));
  CHECK((*log)[3].to == peer_or_group(user("2")));
}

TEST_CASE("a newer schema is used when it says that this version may", "[persistence][postgresql]") {
  postgres_database database;
  const auto can_store = [&] {
    auto store = opened(database.url);
    return store->make_writer()->append(std::vector{chat("1", "2", "hello")}, at(1)).has_value();
  };
  REQUIRE(can_store());
  const auto known = std::to_string(postgres_migrations().back().version);
  database.ask("INSERT INTO schema_migration (version, oldest) VALUES (900, " + known + ")");
  CHECK(can_store());
  database.ask("INSERT INTO schema_migration (version, oldest) VALUES (901, 901)");
  CHECK_FALSE(can_store());
}

namespace {

/// `count` messages of a conversation of "1" with a user of its own, by SQL, as if just loaded: nothing of
/// them is known to the planner. Every message has the lexeme `word`, and the last the lexeme "rare".
void load(const postgres_database& database, const std::string& peer, int count, const std::string& word) {
  database.ask(
      "WITH c AS (INSERT INTO conversation (user_low, user_high, last_seq, last_at_ms) VALUES ('1', '" +
      peer + "', " + std::to_string(count) +
      ", 1000) RETURNING id), joined AS (INSERT INTO member (user_id, conversation_id)"
      " SELECT unnest(ARRAY['1', '" +
      peer +
      "']), id FROM c), stored AS (INSERT INTO message (conversation_id, seq, created_at_ms, sender,"
      " target, content) SELECT c.id, i, 1000, '" +
      peer + "', '1', '" + word + "' FROM c, generate_series(1, " + std::to_string(count) +
      ") i RETURNING id, conversation_id, seq) INSERT INTO message_search (message_id, conversation_id,"
      " tokens) SELECT id, conversation_id, array_to_tsvector(ARRAY['@' || conversation_id, '" +
      word + "', CASE WHEN seq = " + std::to_string(count) + " THEN 'rare' ELSE 'm' END]) FROM stored");
}

std::string sessions_of(const postgres_database& database) {
  return database.ask("SELECT coalesce(string_agg(pid::text, ' '), '') FROM pg_stat_activity WHERE datname = "
                      "current_database() AND application_name = 'hongyan'");
}

} // namespace

TEST_CASE("searches keep their session, and read no table from end to end, statistics or not",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  REQUIRE(store->make_writer()->check().has_value());
  auto reader = store->make_reader();
  load(database, "2", 30'000, "common");
  load(database, "3", 30'000, "other");
  REQUIRE(found(*reader, "1", "rare").size() == 2);
  const auto session = sessions_of(database);
  for (int i = 0; i < 20; ++i) {
    CHECK(found(*reader, "1", "rare").size() == 2);
    CHECK(found(*reader, "1", "common").size() == 50);
    CHECK(found(*reader, "2", "rare").size() == 1);
    CHECK(found(*reader, "4", "common").empty());
  }
  CHECK(sessions_of(database) == session);
  CHECK(session.find(' ') == std::string::npos);

  reader.reset(); // a session tells what it has read when it ends
  while (!sessions_of(database).empty()) std::this_thread::yield();
  CHECK(database.ask("SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables"
                     " WHERE relname IN ('message', 'message_search')") == "0");
}

TEST_CASE("the first mention is found in its index, among as many as there are",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  REQUIRE(store->make_writer()->check().has_value());
  database.ask("INSERT INTO mention (conversation_id, user_id, seq, sender)"
               " SELECT 1, 'u' || n % 50, n, 's' FROM generate_series(1, 20000) AS n");
  database.ask("VACUUM ANALYZE mention"); // also tells what the insert has scanned
  const std::string scans = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'mention'";
  const auto scans_before = database.ask(scans);
  auto reader = store->make_reader();
  const std::vector<unread_question> questions{{1, 150}, {2, 0}};
  for (int i = 0; i < 10; ++i) {
    CHECK(reader->first_mentions(user("u7"), questions).value() ==
          std::vector<std::optional<std::int64_t>>{157, std::nullopt});
  }
  reader.reset(); // a session tells what it has read when it ends
  while (!sessions_of(database).empty()) std::this_thread::yield();
  CHECK(database.ask(scans) == scans_before);
  CHECK(database.ask("SELECT idx_tup_fetch < 50 FROM pg_stat_user_tables WHERE relname = 'mention'") == "t");
}

TEST_CASE("a search that fails leaves no transaction behind", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  REQUIRE(store->make_writer()->check().has_value());
  auto reader = store->make_reader();
  load(database, "2", 1'000, "common");
  REQUIRE(found(*reader, "1", "rare").size() == 1);
  postgres_session other(database.url);
  // The index's own statement waits longer than it may.
  other.ask("BEGIN");
  other.ask("LOCK TABLE member");
  CHECK(failure(reader->search({.user = user("1"), .terms = search_terms("rare")})).code ==
        errc::unavailable);
  other.ask("ROLLBACK");
  CHECK(found(*reader, "1", "rare").size() == 1);
}

TEST_CASE("a search whose time is up answers what it has, and goes on from there",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  REQUIRE(store->make_writer()->check().has_value());
  auto reader = store->make_reader();
  load(database, "2", 15'000, "common"); // more than the index is asked to bring
  load(database, "3", 10'000, "other");
  search_question question{.user = user("1"),
                           .terms = search_terms("common"),
                           .limit = 100,
                           .within = std::chrono::milliseconds(-1)};
  std::vector<std::int64_t> ids;
  int pages = 0;
  for (;;) {
    const auto page = reader->search(question);
    if (!page) FAIL(page.error().detail);
    for (const auto& m : page->messages) ids.push_back(m.id);
    REQUIRE(++pages < 200);
    if (!page->walked_to) break;
    REQUIRE(page->walked_to != question.before_id);
    question.before_id = page->walked_to;
  }
  CHECK(pages > 30); // each looked at the newest few
  CHECK(ids.size() == 100);
  CHECK(std::ranges::is_sorted(ids, std::greater{}));
  CHECK(ids.front() == 15'000);
}

TEST_CASE("a database that was set back under its sessions gets a new epoch", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "kept")}, at(1000));
  append(*writer, {chat("1", "2", "lost"), chat("3", "4", "kept")}, at(2000));
  REQUIRE(writer->check().has_value());
  const auto epoch = writer->epoch();
  auto idle = store->make_writer(); // another node's, which has stored nothing
  REQUIRE(idle->check().has_value());

  SECTION("when nothing is gone it keeps its own, whoever looks and however often") {
    database.server.stop();
    database.server.start();
    REQUIRE(writer->check().has_value());
    REQUIRE(writer->check().has_value());
    CHECK(writer->epoch() == epoch);
    CHECK(writer->watch().set_backs == 0);
  }
  SECTION("also where only what another node has committed and this one delivered is gone") {
    idle->remember(std::vector<held_message>{{.conversation_id = 1, .seq = 99, .id = 99}});
    REQUIRE(idle->check().has_value());
    CHECK(idle->watch().set_backs == 1);
    CHECK(idle->epoch() != epoch);
  }
  SECTION("and every node learns of it") {
    database.ask("DELETE FROM message WHERE content = 'lost'");
    database.ask("UPDATE conversation SET last_seq = 1 WHERE last_seq = 2");
    SECTION("also when another message has the place") {
      auto other = store->make_writer();
      append(*other, {chat("2", "1", "new")}, at(3000));
    }
    REQUIRE(writer->check().has_value());
    CHECK(writer->watch().set_backs == 1);
    CHECK(writer->epoch() != epoch);
    REQUIRE(idle->check().has_value());
    CHECK(idle->epoch() == writer->epoch());
    CHECK(idle->watch().set_backs == 0);
    REQUIRE(writer->check().has_value());
    CHECK(writer->watch().set_backs == 1); // told once
    CHECK(append(*writer, {chat("1", "2", "goes on")}, at(4000))[0].status == status::stored);
  }
}
