/// Messages of another chat (persistence/import_rows.hpp), over both stores.
#include "persistence/changes.hpp"
#include "persistence/events.hpp"
#include "persistence/import_rows.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;

namespace {

using statuses = std::vector<import_status>;
constexpr auto stored = import_status::stored, known = import_status::known, foreign = import_status::foreign,
               late = import_status::late, other = import_status::other;

imported_row row(std::int64_t id, const std::string& from, const std::string& to,
                 const std::string& content) {
  return {.id = id, .from = user(from), .to = user(to), .at = at(id), .content = content};
}

texts said(message_reader& reader, const std::string& one, const std::string& peer) {
  return contents(got(reader.latest({.user = user(one), .peer = user(peer)})));
}

} // namespace

STORE_TEST("what is imported is there with its time and order, was read, and can be found") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  row_importer importer(*writer);
  auto named = row(1, "a", "b", "大雁南飞");
  named.from_name = "A";
  CHECK(got(importer.store(std::vector{named, row(2, "b", "a", "two"), row(3, "c", "a", "other"),
                                       row(4, "a", "b", "three"), row(5, "a", "a", "a note")})) ==
        statuses(5, stored));
  CHECK(said(*reader, "a", "b") == texts{"大雁南飞", "two", "three"});
  CHECK(contents(got(reader->latest({.user = user("a")}))) ==
        texts{"大雁南飞", "two", "other", "three", "a note"}); // whose conversations they are does not matter
  const auto first = got(reader->latest({.user = user("a"), .peer = user("b")})).front();
  CHECK(first.created_at == at(1));
  CHECK(first.from == user("a"));
  CHECK(first.from_name == "A");
  CHECK(first.seq == 1);
  CHECK(!first.client_msg_id);
  for (const auto& in : got(reader->memberships(user("a")))) {
    CHECK(in.read_seq == in.last_seq);
    CHECK(unread(*reader, "a", in.conversation_id, in.read_seq) == 0);
  }
  CHECK(found(*reader, "b", "南飞") == texts{"大雁南飞"});
  // What is said from now on is said behind it.
  const auto next = append(*writer, {chat("b", "a", "now")})[0];
  CHECK(next.seq == 4);
}

STORE_TEST("rows are imported once, in one run and in another") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const std::vector rows{row(1, "a", "b", "1"), row(2, "b", "a", "2")};
  {
    row_importer importer(*writer);
    CHECK(got(importer.store(rows)) == statuses{stored, stored});
    CHECK(got(importer.store(std::vector{rows[1], row(3, "a", "b", "3"), row(3, "a", "b", "3")})) ==
          statuses{known, stored, known});
  }
  row_importer again(*writer);
  CHECK(got(again.store(std::vector{rows[0], rows[1], row(3, "a", "b", "3"), row(4, "a", "b", "4")})) ==
        statuses{known, known, known, stored});
  CHECK(said(*reader, "a", "b") == texts{"1", "2", "3", "4"});
}

STORE_TEST("a conversation with messages of its own takes none, and what was imported is still known") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  append(*writer, {chat("a", "b", "said here")});
  row_importer importer(*writer);
  CHECK(got(importer.store(std::vector{row(1, "b", "a", "x"), row(2, "a", "c", "y")})) ==
        statuses{foreign, stored});
  append(*writer, {chat("c", "a", "said here, too")});
  CHECK(got(importer.store(std::vector{row(2, "a", "c", "y"), row(3, "a", "c", "z")})) ==
        statuses{known, foreign});
  row_importer again(*writer);
  CHECK(got(again.store(std::vector{row(2, "a", "c", "y"), row(3, "a", "c", "z")})) ==
        statuses{known, foreign});
  CHECK(said(*reader, "a", "b") == texts{"said here"});
  CHECK(said(*reader, "a", "c") == texts{"y", "said here, too"});
}

STORE_TEST("a row that would stand behind later ones, and one whose id is another's, are left out") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  auto of_another_table = row(3, "a", "b", "of another table");
  of_another_table.at = at(7);
  {
    row_importer importer(*writer);
    CHECK(got(importer.store(std::vector{row(3, "a", "b", "3"), row(1, "a", "c", "1"), row(2, "b", "a", "2"),
                                         of_another_table})) == statuses{stored, stored, late, other});
    CHECK(got(importer.store(std::vector{row(2, "b", "a", "2"), row(4, "a", "b", "4")})) ==
          statuses{late, stored});
  }
  row_importer again(*writer);
  CHECK(got(again.store(std::vector{row(2, "b", "a", "2"), of_another_table, row(4, "a", "b", "4"),
                                    row(5, "a", "b", "5")})) == statuses{late, other, known, stored});
  CHECK(said(*reader, "a", "b") == texts{"3", "4", "5"});
}

STORE_TEST("no event comes of what is imported") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto hold = got(apply(*writer, {{}, hold_webhook{"w", "n"}}, at(1)));
  row_importer importer(*writer);
  got(importer.store(std::vector{row(1, "a", "b", "imported")}));
  append(*writer, {chat("a", "c", "said here")});
  std::vector<event> events;
  for (std::int64_t after = hold.webhook->position; events.empty();) {
    auto page = got(read_events(*reader, after));
    after = page.up_to;
    events = page.events;
  }
  REQUIRE(events.size() == 1);
  CHECK(events[0].data.find("said here") != std::string::npos);
}
