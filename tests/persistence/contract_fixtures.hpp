/// What the contract suites of groups, logs, search and transactions say in one word.
#pragma once

#include "core/chat/search_text.hpp"
#include "persistence/changes.hpp"
#include "tests/persistence/store_fixtures.hpp"

namespace hongyan::testing {

using texts = std::vector<std::string>;

/// What `answer` holds, which must be no error.
template <class T>
T got(result<T> answer) {
  if (!answer) FAIL(answer.error().detail);
  return *std::move(answer);
}

/// A change of which no step may fail.
template <class Work>
void in_transaction(message_writer& writer, Work work) {
  const auto done = writer.transact([&](change_transaction& t) -> result<void> {
    work(t);
    return {};
  });
  if (!done) FAIL(done.error().detail);
}

/// A change that no rule refuses; without `by` the server's own.
inline change_outcome change_it(message_writer& writer, change_action what, std::optional<user_id> by = {},
                                wall_time now = at(2000)) {
  return got(apply(writer, {std::move(by), std::move(what)}, now));
}

inline member_row member(std::string_view id, group_role role = group_role::member) {
  return {.user = user(id), .role = role};
}

/// A group whose first member owns it; without an entry. Answers its conversation.
inline std::int64_t make_group(message_writer& writer, std::string_view id, const texts& members) {
  std::int64_t conversation = 0;
  in_transaction(writer, [&](change_transaction& t) {
    auto row = got(t.make_group(user(id), "name of " + std::string(id), group_history::joined, at(500)));
    REQUIRE(row.has_value());
    std::vector<member_row> rows;
    for (const auto& name : members)
      rows.push_back(member(name, rows.empty() ? group_role::owner : group_role::member));
    got(t.put_members(row->id, rows));
    row->member_count = rows.size();
    got(t.update_conversation(*row));
    conversation = row->id;
  });
  return conversation;
}

/// Changes a group's row.
template <class Edit>
void edit_group(message_writer& writer, std::string_view id, Edit edit) {
  in_transaction(writer, [&](change_transaction& t) {
    auto row = got(t.lock_group(user(id)));
    REQUIRE(row.has_value());
    edit(t, *row);
    got(t.update_conversation(*row));
  });
}

inline new_message to_group(std::string_view from, std::string_view id, std::string content,
                            std::optional<std::string> client_msg_id = {}) {
  return {.from = user(from),
          .to = group(id),
          .content = std::move(content),
          .client_msg_id = std::move(client_msg_id)};
}

inline new_message of_kind(new_message m, message_kind kind, std::string content) {
  m.kind = kind;
  m.content = std::move(content);
  return m;
}

/// Takes the entry `seq` of a place back.
inline void recall(message_writer& writer, std::string_view by, const peer_or_group& in, std::int64_t seq) {
  in_transaction(writer, [&](change_transaction& t) {
    auto row = got(in.is_group() ? t.lock_group(in.id) : t.lock_direct(user(by), in.id, false));
    REQUIRE(row.has_value());
    const auto entry = got(t.entry(*row, seq));
    REQUIRE(entry.has_value());
    got(t.erase_content(*entry));
  });
}

inline void block(message_writer& writer, std::string_view by, std::string_view whom, bool blocked = true) {
  in_transaction(
      writer, [&](change_transaction& t) { got(t.put_blocks(user(by), std::vector{user(whom)}, blocked)); });
}

inline std::vector<message> whole_log(message_reader& reader, std::int64_t conversation) {
  return got(reader.log(std::vector{
      log_range{.conversation_id = conversation, .after_seq = 0, .before_seq = 1'000'000, .limit = 10'000}}));
}

inline texts found(message_reader& reader, std::string_view who, const std::string& query,
                   std::optional<std::int64_t> conversation = {}) {
  return contents(got(reader.search({.user = user(who),
                                     .terms = search_terms(query),
                                     .conversation_id = conversation,
                                     .limit = 500}))
                      .messages);
}

inline read_outcome mark(message_writer& writer, std::string_view who, const peer_or_group& in,
                         std::int64_t seq) {
  const auto answered = got(writer.mark_read(std::vector{read_mark{user(who), in, seq}}));
  REQUIRE(answered.size() == 1);
  return answered[0];
}

inline std::size_t unread(message_reader& reader, std::string_view who, std::int64_t conversation,
                          std::int64_t after) {
  const auto counts = got(reader.unread(user(who), std::vector{unread_question{conversation, after}}));
  REQUIRE(counts.size() == 1);
  return counts[0];
}

inline texts names(const std::vector<user_id>& users) {
  texts all;
  for (const auto& u : users) all.push_back(u.text());
  return all;
}

} // namespace hongyan::testing
