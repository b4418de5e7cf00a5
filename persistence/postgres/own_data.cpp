#include "persistence/postgres/own_data.hpp"

#include "core/tools/wall_time.hpp"
#include "persistence/append_rules.hpp"
#include "persistence/postgres/files.hpp"
#include "persistence/postgres/transaction.hpp"

#include <limits>

namespace hongyan::postgres {

/// Some rows, behind `after`.
template <class T, class After, class Read>
result<std::vector<T>> transaction::own_rows(const char* statement, const user_id& user, const After& after,
                                             std::size_t limit, Read read) {
  ask_of(user);
  parameters_.add(after);
  parameters_.add(static_cast<std::int64_t>(limit));
  const auto rows = run(statement);
  if (!rows) return rows.error();
  std::vector<T> all;
  for (int row = 0; row < rows->size(); ++row) all.push_back(read(*rows, row));
  return all;
}

result<own_person> transaction::find_person(const user_id& user) {
  own_person found;
  ask_of(user);
  const auto identities = run("own_identities");
  if (!identities) return identities.error();
  for (int row = 0; row < identities->size(); ++row) found.identities.emplace_back(identities->text(row, 0));
  const auto blocks = run("own_blocks");
  if (!blocks) return blocks.error();
  for (int row = 0; row < blocks->size(); ++row) found.blocks.push_back(stored_user(blocks->text(row, 0)));
  const auto banned = run("own_ban");
  if (!banned) return banned.error();
  if (banned->size() > 0)
    found.banned = ban_of(user, banned->text(0, 0), banned->bigint(0, 1), banned->bigint(0, 2));
  return found;
}

result<std::vector<own_membership>> transaction::conversations_of(const user_id& user, std::int64_t after,
                                                                  std::size_t limit) {
  return own_rows<own_membership>(
      "own_conversations", user, after, limit, [](const pg_rows& rows, int row) -> own_membership {
        return {.conversation_id = rows.bigint(row, 0),
                .in = rows.is_null(row, 1) ? peer_or_group(stored_user(rows.text(row, 2)))
                                           : peer_or_group::group(stored_user(rows.text(row, 1))),
                .name = std::string(rows.text(row, 3)),
                .role = role_of(rows.bigint(row, 4)),
                .pinned = rows.boolean(row, 5),
                .muted = rows.boolean(row, 6)};
      });
}

result<std::vector<message>> transaction::keyed_messages_of(const user_id& user, const std::string& after,
                                                            std::size_t limit) {
  return own_rows<message>("own_keyed_messages", user, std::string_view(after), limit,
                           [](const pg_rows& rows, int row) { return read_message(rows, row, 0); });
}

result<std::vector<message>> transaction::direct_messages_of(const user_id& user, std::int64_t after,
                                                             std::size_t limit) {
  return own_rows<message>("own_direct_messages", user, after, limit,
                           [](const pg_rows& rows, int row) { return read_message(rows, row, 0); });
}

result<std::vector<stored_file>> transaction::files_of(const user_id& user, const std::string& after,
                                                       std::size_t limit) {
  return own_rows<stored_file>(
      "own_files", user, std::string_view(after), limit,
      [](const pg_rows& rows, int row) { return read_file(rows, row, std::string(rows.text(row, 0))); });
}

result<void> transaction::erase_person(const user_id& user) {
  ask_of(user);
  return done("erase_person");
}

result<void> transaction::erase_message(const message& of) {
  parameters_.clear();
  parameters_.add(of.conversation_id);
  parameters_.add(of.id);
  parameters_.add(of.seq);
  return done("erase_message");
}

result<std::optional<std::int64_t>> transaction::erase_names(const user_id& user, std::int64_t after,
                                                             std::size_t limit) {
  ask_of(user);
  parameters_.add(after);
  parameters_.add(static_cast<std::int64_t>(limit));
  const auto rows = run("erase_names");
  if (!rows) return rows.error();
  return rows->is_null(0, 0) ? std::optional<std::int64_t>() : std::optional(rows->bigint(0, 0));
}

result<void> transaction::discard_file(const std::string& id, wall_time now) {
  parameters_.clear();
  parameters_.add(std::string_view(id));
  parameters_.add(to_ms(now));
  return done("discard_file");
}

result<std::optional<erasure>> transaction::next_erasure(wall_time begun_by) {
  parameters_.clear();
  parameters_.add(to_ms(begun_by));
  const auto rows = run("next_erasure");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<erasure>();
  return std::optional(erasure{
      .user = stored_user(rows->text(0, 0)),
      .begun_at = from_ms(rows->bigint(0, 1)),
      .place = {static_cast<own_data_place::part>(rows->bigint(0, 2)), std::string(rows->text(0, 3))}});
}

result<void> transaction::put_erasure(const erasure& now_is) {
  ask_of(now_is.user);
  if (now_is.place.in == own_data_place::part::end) return done("end_erasure");
  parameters_.add(to_ms(now_is.begun_at));
  parameters_.add(static_cast<std::int64_t>(now_is.place.in));
  parameters_.add(std::string_view(now_is.place.after));
  return done("put_erasure");
}

result<void> transaction::put_audit(const audit_entry& entry) {
  parameters_.clear();
  parameters_.add(to_ms(entry.at));
  parameters_.add(std::string_view(entry.who));
  parameters_.add(std::string_view(entry.what));
  parameters_.add(std::string_view(entry.why));
  return done("put_audit");
}

result<std::vector<audit_entry>> transaction::audit(std::int64_t below, std::size_t limit) {
  parameters_.clear();
  parameters_.add(below > 0 ? below : std::numeric_limits<std::int64_t>::max());
  parameters_.add(static_cast<std::int64_t>(limit));
  const auto rows = run("audit");
  if (!rows) return rows.error();
  std::vector<audit_entry> all;
  for (int row = 0; row < rows->size(); ++row)
    all.push_back({.id = rows->bigint(row, 0),
                   .at = from_ms(rows->bigint(row, 1)),
                   .who = std::string(rows->text(row, 2)),
                   .what = std::string(rows->text(row, 3)),
                   .why = std::string(rows->text(row, 4))});
  return all;
}

} // namespace hongyan::postgres
