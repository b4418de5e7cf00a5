#include "persistence/postgres/notices.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/postgres/transaction.hpp"

namespace hongyan::postgres {

result<std::vector<push_grant>> transaction::grants(const user_id& user, bool lock) {
  ask_of(user);
  if (lock)
    if (auto locked = run("lock_user"); !locked) return locked.error(); // its rows may not be there yet
  auto rows = run("grants");
  if (!rows) return rows.error();
  return read_grants(*rows);
}

result<void> transaction::put_grant(const user_id& user, const push_grant& grant) {
  ask_of(user);
  parameters_.add(std::string_view(grant.template_id));
  parameters_.add(std::int64_t{grant.grants});
  parameters_.add(std::int64_t{grant.one_sided});
  parameters_.add(to_ms(grant.told_at));
  return done("put_grant");
}

result<std::optional<user_id>> transaction::find_identity(const std::string& identity) {
  parameters_.clear();
  parameters_.add(std::string_view(identity));
  auto rows = run("find_identity");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<user_id>();
  return std::optional(stored_user(rows->text(0, 0)));
}

result<void> transaction::put_notices(std::int64_t conversation, std::int64_t seq, const user_id& sender,
                                      const mentions& whom, wall_time now, wall_time due) {
  parameters_.clear();
  parameters_.add(conversation);
  parameters_.add(seq);
  parameters_.begin_texts(whom.users.size() + (whom.all ? 1 : 0));
  for (const user_id& user : whom.users) parameters_.element(user.text());
  if (whom.all) parameters_.element("");
  parameters_.add(std::string_view(sender.text()));
  parameters_.add(to_ms(now));
  parameters_.add(to_ms(due));
  return done("put_notice");
}

result<std::vector<notice_row>> transaction::take_notices(wall_time now, wall_time again, std::size_t limit) {
  parameters_.clear();
  parameters_.add(to_ms(now));
  parameters_.add(to_ms(again));
  parameters_.add(static_cast<std::int64_t>(limit));
  auto rows = run("take_notices");
  if (!rows) return rows.error();
  std::vector<notice_row> all;
  for (int row = 0; row < rows->size(); ++row)
    all.push_back({.user = stored_user(rows->text(row, 0)),
                   .conversation_id = rows->bigint(row, 1),
                   .first_seq = rows->bigint(row, 2),
                   .last_seq = rows->bigint(row, 3),
                   .noted_at = from_ms(rows->bigint(row, 4))});
  return all;
}

result<std::optional<notice_facts>> transaction::find_notice(const user_id& reader, std::int64_t conversation,
                                                             std::int64_t seq) {
  parameters_.clear();
  parameters_.add(std::string_view(reader.text()));
  parameters_.add(conversation);
  parameters_.add(seq);
  auto rows = run("find_notice");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<notice_facts>();
  constexpr int next = 15; // after those of the message
  return std::optional(notice_facts{.what = read_message(*rows, 0, 0),
                                    .sender_name = std::string(rows->text(0, next)),
                                    .group_name = std::string(rows->text(0, next + 1)),
                                    .is_muted = rows->boolean(0, next + 2),
                                    .read_seq = rows->bigint(0, next + 3),
                                    .first_seq = rows->bigint(0, next + 4),
                                    .is_called = rows->boolean(0, next + 5),
                                    .is_blocked = rows->boolean(0, next + 6),
                                    .is_checked_yet = rows->boolean(0, next + 7)});
}

result<void> transaction::put_notice_due(const user_id& user, std::int64_t conversation,
                                         std::optional<wall_time> due) {
  ask_of(user);
  parameters_.add(conversation);
  if (due)
    parameters_.add(to_ms(*due));
  else
    parameters_.add_null();
  return done("put_notice_due");
}

result<void> transaction::drop_notice(const user_id& user, std::int64_t conversation, std::int64_t up_to) {
  ask_of(user);
  parameters_.add(conversation);
  parameters_.add(up_to);
  return done("drop_notice");
}

result<void> transaction::drop_notices(const user_id& user) {
  ask_of(user);
  return done("drop_notices");
}

std::vector<push_grant> read_grants(const pg_rows& rows) {
  std::vector<push_grant> all;
  for (int row = 0; row < rows.size(); ++row)
    all.push_back({.template_id = std::string(rows.text(row, 0)),
                   .grants = static_cast<std::int32_t>(rows.bigint(row, 1)),
                   .one_sided = static_cast<std::int32_t>(rows.bigint(row, 2)),
                   .told_at = from_ms(rows.bigint(row, 3))});
  return all;
}

} // namespace hongyan::postgres
