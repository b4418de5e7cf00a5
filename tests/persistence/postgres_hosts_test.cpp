/// Which of several PostgreSQL hosts is the primary, and when what it answers is believed.
#include "tests/persistence/store_fixtures.hpp"

#include <thread>

using namespace hongyan;
using namespace hongyan::testing;

using status = append_status;

namespace {

/// Which cluster it is, as PostgreSQL tells it.
std::int64_t system_of(const postgres_database& database) {
  return std::stoll(database.ask("SELECT system_identifier FROM pg_control_system()"));
}

} // namespace

TEST_CASE("on a primary whose timeline is not the newest nothing is stored or read",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "a")});
  REQUIRE(reader->latest({.user = user("1")}).has_value());
  CHECK(writer->watch().timeline == 1);
  CHECK(writer->watch().host == "127.0.0.1:" + std::to_string(database.server.port()));

  SECTION("when a peer says so: its sessions are left") {
    store->timeline()->hear({system_of(database), 2});
    const auto refused = failure(writer->append(std::vector{chat("1", "2", "b")}, at(1000)));
    CHECK(refused.code == errc::unavailable);
    CHECK(refused.detail.find("it is a primary of timeline 1, and there is one of timeline 2") !=
          std::string::npos);
    CHECK(failure(reader->latest({.user = user("1")})).code == errc::unavailable);
    CHECK(database.ask("SELECT count(*) FROM message") == "1");
  }
  SECTION("when a peer says so while a commit is awaited: nobody knows, and nothing is acknowledged") {
    postgres_session other(database.url);
    other.ask("BEGIN");
    other.ask("LOCK TABLE message");
    std::thread peer([&] {
      while (
          database.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
                       "current_database()") == "0")
        std::this_thread::yield();
      store->timeline()->hear({system_of(database), 2});
    });
    const std::vector batch{chat("1", "2", "b")};
    append_unknown(*writer, batch);
    peer.join();
    CHECK(failure(writer->settle(batch)).code == errc::unavailable);
  }
  SECTION("when the store says so: also for a process that has just begun") {
    CHECK(database.ask("SELECT timeline FROM store_identity") == "1");
    database.ask("UPDATE store_identity SET timeline = 3");
    auto next = opened(database.url);
    auto late = next->make_writer();
    CHECK(failure(late->check()).detail.find("newer timeline") != std::string::npos);
    CHECK(failure(late->check()).detail.find("one of timeline 3") != std::string::npos);
  }
  SECTION("but what is said of another database says nothing") {
    store->timeline()->hear({system_of(database) + 1, 9});
    CHECK(append(*writer, {chat("1", "2", "b")})[0].status == status::stored);
    database.ask("UPDATE store_identity SET timeline = 3, timeline_system = 5");
    auto next = opened(database.url);
    CHECK(next->make_writer()->check().has_value());
  }
}

TEST_CASE("a warning at a commit is no acknowledgement", "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  append(*writer, {chat("1", "2", "a")});
  // As PostgreSQL does when the wait for a synchronous standby is cancelled: the statement goes well.
  database.ask("CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
               "$$ BEGIN RAISE WARNING 'not replicated'; RETURN NULL; END $$");
  database.ask("CREATE TRIGGER warn AFTER INSERT ON message EXECUTE FUNCTION warn()");
  const std::vector batch{chat("1", "2", "b")};
  append_unknown(*writer, batch);
  const auto settled = settle(*writer, batch);
  REQUIRE(settled);
  CHECK((*settled)[0].seq == 2);
}

TEST_CASE("a primary that was met anew is read from once the writer has committed on it",
          "[persistence][postgresql]") {
  postgres_database database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("1", "2", "a")});
  REQUIRE(reader->latest({.user = user("1")}).has_value());
  database.server.stop();
  database.server.start();
  const auto refused = failure(reader->latest({.user = user("1")}));
  CHECK(refused.detail.find("is not read from before") != std::string::npos);
  REQUIRE(writer->check().has_value());
  CHECK(reader->latest({.user = user("1")}).has_value());
}

TEST_CASE("hosts are tried one by one, and one that can be used is found", "[persistence][postgresql]") {
  postgres_database database;
  const auto port = std::to_string(database.server.port());
  for (const auto& hosts : {"127.0.0.1:1,127.0.0.1:" + port, "127.0.0.1:" + port + ",127.0.0.1:1"}) {
    auto store = opened("postgresql://postgres@" + hosts + "/" + database.name);
    auto writer = store->make_writer();
    REQUIRE(writer->check().has_value());
    CHECK(writer->watch().host == "127.0.0.1:" + port);
    CHECK(store->make_reader()->latest({.user = user("1")}).has_value());
  }
}

TEST_CASE("why no host can be used is said of each", "[persistence][postgresql]") {
  auto store = opened("postgresql://postgres@127.0.0.1:1,127.0.0.2:1/x");
  const auto refused = failure(store->make_writer()->check());
  CHECK(refused.detail.find("127.0.0.1:1 does not answer") != std::string::npos);
  CHECK(refused.detail.find("127.0.0.2:1 does not answer") != std::string::npos);
  // Who comes just behind is answered at once.
  CHECK(failure(store->make_reader()->latest({.user = user("1")})).detail == refused.detail);
}
