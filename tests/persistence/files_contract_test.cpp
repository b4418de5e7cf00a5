/// What the stores promise of files (persistence/store.hpp), over both.
#include "persistence/changes.hpp"
#include "tests/persistence/contract_fixtures.hpp"

using namespace hongyan;
using namespace hongyan::testing;

namespace {

std::string id_of(char digit) { return std::string(file_id_digits, digit); }

/// A file that is there whole; due at 1,000,000 when nothing refers to it.
std::string add_file(message_writer& writer, std::string_view owner, char digit, stored_file facts = {}) {
  facts.id = id_of(digit);
  in_transaction(writer, [&](change_transaction& t) {
    got(t.add_file(facts.id, user(owner), at(500), at(1'000'000)));
    CHECK(got(t.finish_file(facts)));
  });
  return facts.id;
}

new_message with_file(new_message m, const std::string& id, const std::string& preview = "") {
  m.kind = message_kind::image;
  m.content = "{\"fileId\":\"" + id + "\"}";
  m.attached = std::make_shared<attachment>();
  m.attached->file_id = id;
  m.attached->preview_id = preview;
  m.attached->sent = id;
  return m;
}

/// Who of these sees it, as reader and writer both say.
texts seen_by(message_reader& reader, message_writer& writer, const std::string& id, const texts& users,
              std::int64_t now = 1000) {
  texts those;
  for (const auto& name : users) {
    const bool seen = got(reader.find_file({user(name), id}, at(now))).has_value();
    CHECK(got(writer.find_files(std::vector{file_question{user(name), id}}, at(now)))[0].has_value() == seen);
    if (seen) those.push_back(name);
  }
  return those;
}

} // namespace

STORE_TEST("a file is what its row says, once it is whole") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto id = id_of('a');
  in_transaction(*writer, [&](change_transaction& t) { got(t.add_file(id, user("1"), at(500), at(9000))); });
  CHECK(seen_by(*reader, *writer, id, {"1"}).empty());

  const stored_file facts{.id = id,
                          .kind = media::file_kind::video,
                          .mime = "video/mp4",
                          .name = "电影.mp4",
                          .size = 5'000'000'000,
                          .picture = media::picture_size{640, 480},
                          .length = std::chrono::milliseconds(7250)};
  in_transaction(*writer, [&](change_transaction& t) {
    CHECK(got(t.finish_file(facts)));
    CHECK_FALSE(got(t.finish_file(facts)));
    CHECK_FALSE(got(t.finish_file({.id = id_of('b')})));
  });
  const auto found = got(reader->find_file({user("1"), id}, at(1000)));
  REQUIRE(found.has_value());
  CHECK(found->owner == user("1"));
  CHECK(found->kind == facts.kind);
  CHECK(found->mime == facts.mime);
  CHECK(found->name == facts.name);
  CHECK(found->size == facts.size);
  CHECK(found->picture == facts.picture);
  CHECK(found->length == facts.length);
  CHECK(found->created_at == at(500));
  CHECK(seen_by(*reader, *writer, id, {"1", "2"}) == texts{"1"});
  CHECK(got(reader->find_file({{}, id}, at(1000))).has_value());
  CHECK(seen_by(*reader, *writer, id, {"1"}, 9000).empty());
}

STORE_TEST("several files are found at once, in the order asked") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto a = add_file(*writer, "1", 'a', {.name = "a"}), b = add_file(*writer, "2", 'b', {.name = "b"});
  const auto found = got(writer->find_files(
      std::vector<file_question>{{user("1"), b}, {{}, b}, {user("1"), "no"}, {user("1"), a}}, at(1000)));
  REQUIRE(found.size() == 4);
  CHECK_FALSE(found[0].has_value());
  CHECK(found[1]->name == "b");
  CHECK_FALSE(found[2].has_value());
  CHECK(found[3]->name == "a");
}

STORE_TEST("whoever may read a message that has it sees a file") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  make_group(*writer, "g", {"1", "2", "3"});
  const auto id = add_file(*writer, "1", 'a'), small = add_file(*writer, "1", 'b');
  append(*writer, {chat("2", "1", "before"), with_file(to_group("1", "g", ""), id, small),
                   with_file(chat("1", "4", ""), id)});
  const texts all = {"1", "2", "3", "4", "5"};
  CHECK(seen_by(*reader, *writer, id, all) == texts{"1", "2", "3", "4"});
  CHECK(seen_by(*reader, *writer, small, all) == texts{"1", "2", "3"});
  CHECK(seen_by(*reader, *writer, id, {"4"}, 2'000'000) == texts{"4"}); // it is due no more

  edit_group(*writer, "g", [&](change_transaction& t, conversation_row& row) {
    got(t.remove_members(row.id, std::vector{user("2")}));
    auto mine = got(t.member(row.id, user("3")));
    mine->first_seq = 2;
    got(t.put_members(row.id, std::vector{*mine}));
  });
  CHECK(seen_by(*reader, *writer, id, all) == texts{"1", "4"});
}

STORE_TEST("a message that is taken back has its files no more") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto id = add_file(*writer, "1", 'a');
  append(*writer, {with_file(chat("1", "2", ""), id), with_file(chat("1", "3", ""), id)});
  const auto take_back = [&](std::string_view from_whom) {
    const auto done = apply(
        *writer, {.by = user("1"), .action = recall_message{.in = user(from_whom), .seq = 1}}, at(2000));
    REQUIRE(done.has_value());
  };
  take_back("2");
  CHECK(seen_by(*reader, *writer, id, {"1", "2", "3"}) == texts{"1", "3"});
  const auto due = [&](std::int64_t now) {
    texts ids;
    in_transaction(*writer,
                   [&](change_transaction& t) { ids = got(t.take_due_files(at(now), at(now + 100), 10)); });
    return ids;
  };
  CHECK(due(5'000'000).empty());
  take_back("3");
  CHECK(seen_by(*reader, *writer, id, {"2", "3"}).empty());
  CHECK(due(1'999).empty());
  CHECK(due(2'000) == texts{id});
  CHECK(seen_by(*reader, *writer, id, {"1"}).empty());
  CHECK(due(2'099).empty());      // somebody deletes it ...
  CHECK(due(2'100) == texts{id}); // ... or did not
  in_transaction(*writer, [&](change_transaction& t) { got(t.forget_files(std::vector{id, id_of('z')})); });
  CHECK(due(9'000'000).empty());
}

STORE_TEST("an avatar is everybody's to see, for as long as it is one") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto reader = store->make_reader();
  const auto id = add_file(*writer, "1", 'a', {.kind = media::file_kind::image});
  const auto set = [&](std::string_view who, const std::string& avatar) {
    return apply(*writer, {.by = user(who), .action = update_profile{.avatar = avatar}}, at(1000));
  };
  CHECK(failure(set("2", id)).code == errc::not_found);
  CHECK(set("2", id_of('f')).has_value()); // of no file: text like any
  CHECK(set("1", id).has_value());
  CHECK(seen_by(*reader, *writer, id, {"1", "2"}, 2'000'000) == texts{"1", "2"});
  CHECK(set("2", id).has_value());
  CHECK(set("1", "https://example.com/a.png").has_value());
  CHECK(seen_by(*reader, *writer, id, {"3"}, 2'000'000) == texts{"3"});
  CHECK(set("2", "").has_value());
  CHECK(seen_by(*reader, *writer, id, {"1", "3"}, 2000).empty());
  const auto sound = add_file(*writer, "1", 'c', {.kind = media::file_kind::voice});
  CHECK(failure(set("1", sound)).code == errc::malformed);
}

STORE_TEST("a repeat is told by what was sent, not by what is stored") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  const auto a = add_file(*writer, "1", 'a'), b = add_file(*writer, "1", 'b');
  auto sent = with_file(chat("1", "2", ""), a);
  sent.client_msg_id = "x";
  sent.content = "what the server made of it";
  auto again = sent;
  again.attached = std::make_shared<attachment>(*sent.attached);
  again.content = "what the client says now";
  auto other = with_file(chat("1", "2", ""), b);
  other.client_msg_id = "x";
  other.content = sent.content;
  const auto first = append(*writer, {sent, again, other});
  CHECK(first[0].status == append_status::stored);
  CHECK(first[1].status == append_status::duplicate);
  CHECK(first[1].content == sent.content);
  CHECK(first[2].status == append_status::conflict);
  const auto later = append(*writer, {again, other});
  CHECK(later[0].status == append_status::duplicate);
  CHECK(later[0].content == sent.content);
  CHECK(later[0].id == first[0].id);
  CHECK(later[1].status == append_status::conflict);
}

STORE_TEST("what may not have its files is not stored, unless it was before") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  auto sent = with_file(chat("1", "2", ""), add_file(*writer, "1", 'a'));
  sent.client_msg_id = "x";
  append(*writer, {sent});
  auto again = sent, fresh = sent;
  again.attached = std::make_shared<attachment>(*sent.attached);
  again.attached->refused = error{errc::not_found};
  fresh.attached = again.attached;
  fresh.client_msg_id = "y";
  const auto outcomes = append(*writer, {again, fresh});
  CHECK(outcomes[0].status == append_status::duplicate);
  CHECK(outcomes[1].status == append_status::no_file);
}

STORE_TEST("a database goes with the first file store that it meets") {
  TestType database;
  auto store = opened(database.url);
  auto writer = store->make_writer();
  for (const char* name : {"one", "other"}) {
    const auto done = apply(*writer, {.action = identify_files{name, std::string("key of ") + name}}, at(1));
    REQUIRE(done.has_value());
    CHECK(done->identity->store == "one");
    CHECK(done->identity->link_key == "key of one");
  }
}
