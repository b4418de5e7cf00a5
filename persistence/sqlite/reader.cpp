#include "persistence/sqlite/reader.hpp"

#include "persistence/append_rules.hpp"
#include "persistence/sqlite/files.hpp"
#include "persistence/sqlite/notices.hpp"
#include "persistence/sqlite/rows.hpp"
#include "persistence/sqlite/search.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace hongyan {

namespace {

/// How many steps of SQLite's machine are between two looks at the clock: some tenths of a millisecond.
constexpr int steps_between_looks = 10'000;

/// A bit for each kind that counts as a message: an IN list would be made into a table at each execution,
/// which costs more than a short statement itself.
const std::string is_message = [] {
  std::uint64_t mask = 0;
  for (std::size_t number = 0; number < message_kind_names.size(); ++number)
    if (!is_own_entry(static_cast<message_kind>(number))) mask |= std::uint64_t{1} << number;
  return "(" + std::to_string(mask) + " >> m.kind) & 1";
}();
/// Of direct conversations, without what was taken back and without own entries.
const std::string classic_rows = "m.target IS NOT NULL AND m.recalled = 0 AND " + is_message;
/// Two walks down an index, until each has met `limit` rows that count; UNION drops the second mention of a
/// note to oneself.
const std::string latest_of_user_sql = "SELECT " + message_columns +
                                       " FROM message m WHERE m.id IN (SELECT id FROM ("
                                       "   SELECT * FROM (SELECT m.id FROM message m INDEXED BY "
                                       "message_sender WHERE m.sender = ?1 AND m.id < ?2 AND " +
                                       classic_rows +
                                       "     ORDER BY m.id DESC LIMIT ?3)"
                                       "   UNION"
                                       "   SELECT * FROM (SELECT m.id FROM message m INDEXED BY "
                                       "message_target WHERE m.target = ?1 AND m.id < ?2 AND " +
                                       classic_rows +
                                       "     ORDER BY m.id DESC LIMIT ?3))"
                                       "  ORDER BY id DESC LIMIT ?3)"
                                       " ORDER BY m.id DESC";
const std::string latest_of_pair_sql =
    "SELECT " + message_columns +
    " FROM message m INDEXED BY message_conversation WHERE m.conversation_id ="
    " (SELECT id FROM conversation WHERE user_low = ?1 AND user_high = ?2) AND m.id < ?3 AND " +
    classic_rows + " ORDER BY m.id DESC LIMIT ?4";

/// The last entry that is neither a recall nor an edit, and its time.
constexpr const char* shown_seq = "iif(c.quiet_seq = c.last_seq, c.shown_seq, c.last_seq)";
constexpr const char* shown_at = "iif(c.quiet_seq = c.last_seq, c.shown_at_ms, c.last_at_ms)";

std::string memberships_of(bool with_peers) {
  return std::string("SELECT c.id, c.group_id, c.user_low, c.user_high, m.role, c.last_seq, c.last_at_ms, "
                     "m.first_seq, m.read_seq, m.pinned, m.muted, ") +
         (with_peers ? "peer.read_seq" : "NULL") + ", " + shown_seq + ", " + shown_at +
         ", c.first_seq FROM member m JOIN conversation c ON c.id = m.conversation_id AND c.dismissed = 0" +
         (with_peers ? " LEFT JOIN member peer ON c.group_id IS NULL AND peer.conversation_id = c.id"
                       "  AND peer.user_id = iif(c.user_low = m.user_id, c.user_high, c.user_low)"
                     : "") +
         " WHERE m.user_id = ?1";
}
const std::string memberships_sql = memberships_of(true);
constexpr const char* are_shown = " AND c.last_seq >= m.first_seq";
const std::string shown_memberships_sql = memberships_of(false) + are_shown;
const std::string some_memberships_sql =
    memberships_sql + are_shown + " AND m.conversation_id IN (SELECT value FROM json_each(?2))";
/// ?2 to ?4 the list_key before, ?5 how many. What a page does not show is looked at, and no more.
const std::string listed_sql =
    memberships_sql +
    " AND m.conversation_id IN (SELECT c.id FROM member m JOIN conversation c ON c.id = m.conversation_id"
    "  AND c.dismissed = 0 WHERE m.user_id = ?1 AND " +
    shown_seq + " >= m.first_seq AND (1 - m.pinned, -" + shown_at +
    ", c.id) > (?2, ?3, ?4) ORDER BY 1 - m.pinned, -" + shown_at + ", c.id LIMIT ?5)";
const std::string membership_of_direct_sql = memberships_sql + " AND c.user_low = ?2 AND c.user_high = ?3";
const std::string membership_of_group_sql = memberships_sql + " AND c.group_id = ?2";

const std::string log_sql =
    "SELECT " + message_columns +
    " FROM message m INDEXED BY message_seq WHERE m.conversation_id = ?1 AND m.seq > ?2"
    " AND m.seq < ?3 ORDER BY m.seq ";
const std::string oldest_of_log_sql = log_sql + "ASC LIMIT ?4";
const std::string newest_of_log_sql = log_sql + "DESC LIMIT ?4";
/// A row each: a count of a LIMITed SELECT would make a table of them first, which costs more than they do.
const std::string unread_sql = "SELECT 1 FROM message m INDEXED BY message_seq WHERE m.conversation_id = ?2"
                               " AND m.seq > ?3 AND m.seq <= ?4 AND m.sender <> ?1 AND m.recalled = 0 AND " +
                               is_message + " LIMIT ?5";

/// Two looks into an index: at those that call the user, and at those that call all, are others' and came
/// while the user was there.
constexpr std::string_view first_mention_sql =
    "SELECT min(seq) FROM (SELECT * FROM (SELECT seq FROM mention WHERE conversation_id = ?2 AND user_id = ?1"
    " AND seq > ?3 AND seq <= ?4 AND NOT EXISTS (SELECT 1 FROM stream s WHERE s.conversation_id = ?2"
    " AND s.seq = mention.seq AND s.ended = 0) ORDER BY seq LIMIT 1) UNION ALL SELECT * FROM (SELECT seq "
    "FROM mention WHERE"
    " conversation_id = ?2 AND user_id = '' AND seq <= ?4 AND seq > max(?3, (SELECT joined_seq FROM member "
    "WHERE"
    " conversation_id = ?2 AND user_id = ?1)) AND sender <> ?1 AND NOT EXISTS (SELECT 1 FROM stream s WHERE"
    " s.conversation_id = ?2 AND s.seq = mention.seq AND s.ended = 0) ORDER BY seq LIMIT 1))";

/// Most active first: they fill an answer soonest.
constexpr std::string_view searched_sql =
    "SELECT c.id, m.first_seq FROM member m JOIN conversation c ON c.id = m.conversation_id WHERE m.user_id "
    "= ?1"
    " AND (?2 = 0 OR c.id = ?2) AND c.dismissed = 0 AND c.last_seq >= m.first_seq"
    " ORDER BY c.last_at_ms DESC";
/// What matches from the newest on, until there are enough that the user may read.
const std::string search_sql =
    "SELECT " + message_columns +
    " FROM message_search s CROSS JOIN message m ON m.id = s.rowid CROSS JOIN member"
    " ON member.user_id = ?1 AND member.conversation_id = m.conversation_id AND member.first_seq <= m.seq"
    " WHERE s.message_search MATCH ?2 AND s.rowid > ?3 AND s.rowid < ?4 AND m.recalled = 0"
    " AND " +
    is_message + " ORDER BY s.rowid DESC LIMIT ?5";
/// Words of a MATCH expression, one for each conversation and term: each is looked up, at some 10 us.
constexpr std::size_t match_words_max = 512;
/// With more words than this a search walks over the newest messages of everybody first: what is common is
/// met at once, and what is not is looked up in the index.
constexpr std::size_t index_words_max = 4 * match_words_max;
/// Everybody's messages, newest first.
const std::string walk_sql = "SELECT " + message_columns +
                             " FROM message m WHERE m.id >= ?1 AND m.id < ?2 AND m.recalled = 0"
                             " ORDER BY m.id DESC";
constexpr std::string_view last_id_sql = "SELECT coalesce(max(id), 0) FROM message";
/// Messages in a slice of the walk; the clock is looked at after each. Words are common when one in 32 of the
/// first slice has them.
constexpr std::int64_t slice = 1024, common_hits = slice / 32;

const std::string groups_sql =
    "SELECT c.id, c.group_id, c.name, (SELECT user_id FROM member WHERE conversation_id = c.id AND role = 2),"
    " c.member_count, c.muted, c.history, c.created_at_ms"
    " FROM member m JOIN conversation c ON c.id = m.conversation_id AND c.dismissed = 0 WHERE m.user_id = ?1";
const std::string find_group_sql = groups_sql + " AND c.group_id = ?2";
const std::string list_groups_sql = groups_sql + " AND c.group_id > ?2 ORDER BY c.group_id LIMIT ?3";
constexpr std::string_view members_sql =
    "SELECT user_id, role, joined_seq, first_seq FROM member WHERE conversation_id = ?1 AND user_id > ?2"
    " ORDER BY user_id LIMIT ?3";
constexpr std::string_view profile_sql = "SELECT name, avatar FROM profile WHERE user_id = ?1";
constexpr std::string_view bans_sql =
    "SELECT user_id, reason, since_ms, until_ms FROM ban WHERE changed_ms >= ?1";
constexpr std::string_view revocations_sql = "SELECT user_id, at_us FROM revocation WHERE at_us >= ?1";
constexpr std::string_view blocks_sql = "SELECT blocked FROM block WHERE user_id = ?1 ORDER BY blocked";
constexpr std::string_view has_blocked_sql = "SELECT 1 FROM block WHERE user_id = ?1 AND blocked = ?2";
constexpr std::string_view blockers_sql =
    "SELECT j.key FROM json_each(?2) j CROSS JOIN block b ON b.user_id = j.value AND b.blocked = ?1";
constexpr std::string_view acquainted_sql =
    "SELECT j.key FROM json_each(?2) j WHERE EXISTS ("
    "SELECT 1 FROM member theirs CROSS JOIN member mine"
    " ON mine.user_id = ?1 AND mine.conversation_id = theirs.conversation_id"
    " CROSS JOIN conversation c ON c.id = theirs.conversation_id AND c.dismissed = 0 AND c.last_seq > 0"
    " WHERE theirs.user_id = j.value)";

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

/// A size_t beyond SQLite's integers would mean "no limit" to it.
std::int64_t limit_of(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(limit, no_limit));
}

membership read_membership(const sqlite_statement::execution& row, const user_id& user) {
  membership of{.conversation_id = row.integer(0),
                .with = {},
                .role = role_of(row.integer(4)),
                .last_seq = row.integer(5),
                .last_at = from_ms(row.integer(6)),
                .shown_seq = row.integer(12),
                .shown_at = from_ms(row.integer(13)),
                .first_seq = row.integer(7),
                .kept_from = row.integer(14),
                .read_seq = row.integer(8),
                .pinned = row.integer(9) != 0,
                .muted = row.integer(10) != 0};
  if (row.is_null(1)) {
    of.with = stored_user(row.text(row.text(2) == user.text() ? 3 : 2));
    if (!row.is_null(11)) of.peer_read_seq = row.integer(11);
  } else {
    of.with = peer_or_group::group(stored_user(row.text(1)));
  }
  return of;
}

group_info read_group(const sqlite_statement::execution& row) {
  return {.conversation_id = row.integer(0),
          .id = stored_user(row.text(1)),
          .name = std::string(row.text(2)),
          .owner = stored_user(row.text(3)),
          .member_count = static_cast<std::size_t>(row.integer(4)),
          .muted = row.integer(5) != 0,
          .history = history_of(row.integer(6)),
          .created_at = from_ms(row.integer(7))};
}

constexpr std::string_view settled_sql = "SELECT seq FROM sqlite_sequence WHERE name = 'message'";
const std::string entries_by_id_sql =
    "SELECT " + message_columns +
    " FROM message m WHERE m.id > ?1 AND m.id <= ?2 AND m.imported_id IS NULL ORDER BY m.id LIMIT ?3";
constexpr std::string_view side_events_sql =
    "SELECT id, conversation_id, seq, user_id, emoji, is_on, at_ms FROM side_event"
    " WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
constexpr std::string_view kept_versions_sql =
    "SELECT conversation_id, seq, edits, kind, content, ext FROM message_version"
    " WHERE conversation_id = ?1 AND seq > ?2 AND seq < ?3";
constexpr std::string_view webhooks_sql = "SELECT name, position, notes, wish FROM webhook ORDER BY name";
constexpr std::string_view failed_events_sql =
    "SELECT event_id, at_ms, attempts, why FROM webhook_failed WHERE webhook = ?1 AND event_id > ?2"
    " ORDER BY event_id LIMIT ?3";

} // namespace

/// What lives as long as the connection.
struct sqlite_reader::session {
  explicit session(sqlite_connection connection) : db(std::move(connection)) {}
  sqlite_connection db;
  sqlite_statement begin{db, "BEGIN"};
  sqlite_statement end{db, "COMMIT"};
  sqlite_statement latest_of_user{db, latest_of_user_sql};
  sqlite_statement latest_of_pair{db, latest_of_pair_sql};
  sqlite_statement memberships{db, shown_memberships_sql};
  sqlite_statement some_memberships{db, some_memberships_sql};
  sqlite_statement listed{db, listed_sql};
  sqlite_statement membership_of_direct{db, membership_of_direct_sql};
  sqlite_statement membership_of_group{db, membership_of_group_sql};
  sqlite_statement oldest_of_log{db, oldest_of_log_sql};
  sqlite_statement newest_of_log{db, newest_of_log_sql};
  sqlite_statement unread{db, unread_sql};
  sqlite_statement first_mention{db, first_mention_sql};
  sqlite_statement reactions{db, reactions_sql};
  sqlite_statement searched{db, searched_sql};
  sqlite_statement search{db, search_sql};
  sqlite_statement walk{db, walk_sql};
  sqlite_statement last_id{db, last_id_sql};
  sqlite_statement find_group{db, find_group_sql};
  sqlite_statement groups{db, list_groups_sql};
  sqlite_statement members{db, members_sql};
  sqlite_statement profile{db, profile_sql};
  sqlite_statement revocations{db, revocations_sql};
  sqlite_statement bans{db, bans_sql};
  sqlite_statement grants{db, sqlite_grants_sql};
  sqlite_statement blocks{db, blocks_sql};
  sqlite_statement file{db, find_file_sql};
  sqlite_statement has_blocked{db, has_blocked_sql};
  sqlite_statement blockers{db, blockers_sql};
  sqlite_statement acquainted{db, acquainted_sql};
  sqlite_statement settled{db, settled_sql};
  sqlite_statement entries_by_id{db, entries_by_id_sql};
  sqlite_statement side_events{db, side_events_sql};
  sqlite_statement kept_versions{db, kept_versions_sql};
  sqlite_statement webhooks{db, webhooks_sql};
  sqlite_statement failed_events{db, failed_events_sql};
};

/// Several statements over one state of the database, for one taking of SQLite's locks, which cost as much as
/// a short statement, and for which all readers wait in line.
class sqlite_reader::snapshot {
public:
  explicit snapshot(session& of) : of_(of) { sqlite_statement::execution(of_.begin).step(); }
  ~snapshot() { sqlite_statement::execution(of_.end).step(); }
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  session& of_;
};

sqlite_reader::sqlite_reader(std::shared_ptr<sqlite_file> file, std::chrono::milliseconds limit)
    : file_(std::move(file))
    , limit_(limit) {}
sqlite_reader::~sqlite_reader() = default;

result<void> sqlite_reader::open() {
  until_ = std::chrono::steady_clock::now() + limit_;
  if (session_ && !broken_ && !session_->db.has_moved()) return {};
  broken_ = false;
  session_.reset();
  auto db = file_->open_for_reading();
  if (!db) return error{errc::unavailable, "SQLite cannot read " + file_->path() + ": " + db.error().detail};
  session_ = std::make_unique<session>(*std::move(db));
  const auto is_late = [](void* until) {
    return std::chrono::steady_clock::now() > *static_cast<decltype(until_)*>(until) ? 1 : 0;
  };
  sqlite3_progress_handler(session_->db.get(), steps_between_looks, is_late, &until_);
  return {};
}

template <class Take>
result<void> sqlite_reader::each(sqlite_statement::execution& rows, Take take) {
  int code = rows.step();
  for (; code == SQLITE_ROW; code = rows.step()) {
    count_rows(1);
    take();
  }
  if (code == SQLITE_DONE) return {};
  if (code == SQLITE_INTERRUPT)
    return error{errc::unavailable,
                 "SQLite took longer than " + std::to_string(limit_.count()) + " ms to read"};
  broken_ = true;
  const std::string why = reason(session_->db, code);
  if (is_damage(code)) file_->note_damage(why);
  return error{errc::unavailable, "SQLite cannot read " + file_->path() + ": " + why};
}

result<std::vector<message>> sqlite_reader::latest(const history_query& query) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(query.peer ? session_->latest_of_pair : session_->latest_of_user);
  if (query.peer) {
    const auto [low, high] = conversation_key(query.user, *query.peer);
    rows.bind(low).bind(high);
  } else {
    rows.bind(query.user.text());
  }
  rows.bind(query.before_id.value_or(no_limit)).bind(limit_of(query.limit));
  std::vector<message> messages;
  if (auto read = each(rows, [&] { messages.push_back(read_message(rows)); }); !read) return read.error();
  std::ranges::reverse(messages);
  return messages;
}

result<std::vector<membership>> sqlite_reader::memberships(const user_id& user) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->memberships);
  rows.bind(user.text());
  std::vector<membership> all;
  if (auto read = each(rows, [&] { all.push_back(read_membership(rows, user)); }); !read) return read.error();
  return all;
}

result<std::vector<membership>> sqlite_reader::some_memberships(const user_id& user,
                                                                std::span<const std::int64_t> of) {
  if (auto opened = open(); !opened) return opened.error();
  const std::string ids = json_list(of);
  sqlite_statement::execution rows(session_->some_memberships);
  rows.bind(user.text()).bind(ids);
  std::vector<membership> some;
  if (auto read = each(rows, [&] { some.push_back(read_membership(rows, user)); }); !read)
    return read.error();
  return some;
}

result<std::vector<membership>> sqlite_reader::listed(const user_id& user, const list_key& after,
                                                      std::size_t limit) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->listed);
  rows.bind(user.text()).bind(after[0]).bind(after[1]).bind(after[2]).bind(limit_of(limit));
  std::vector<membership> some;
  if (auto read = each(rows, [&] { some.push_back(read_membership(rows, user)); }); !read)
    return read.error();
  std::ranges::sort(some, {}, list_key_of);
  return some;
}

result<std::optional<membership>> sqlite_reader::find_membership(const user_id& user,
                                                                 const peer_or_group& with) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(with.is_group() ? session_->membership_of_group
                                                   : session_->membership_of_direct);
  rows.bind(user.text());
  const auto [low, high] = conversation_key(user, with.id);
  if (with.is_group())
    rows.bind(with.id.text());
  else
    rows.bind(low).bind(high);
  std::optional<membership> found;
  if (auto read = each(rows, [&] { found = read_membership(rows, user); }); !read) return read.error();
  return found;
}

result<std::vector<message>> sqlite_reader::log(std::span<const log_range> ranges) {
  if (auto opened = open(); !opened) return opened.error();
  const snapshot all_of_it(*session_);
  std::vector<message> messages;
  for (const log_range& range : ranges) {
    sqlite_statement::execution rows(range.newest ? session_->newest_of_log : session_->oldest_of_log);
    rows.bind(range.conversation_id).bind(range.after_seq).bind(range.before_seq).bind(limit_of(range.limit));
    const auto first = static_cast<std::ptrdiff_t>(messages.size());
    if (auto read = each(rows, [&] { messages.push_back(read_message(rows)); }); !read) return read.error();
    if (range.newest) std::reverse(messages.begin() + first, messages.end());
  }
  return messages;
}

result<std::vector<std::size_t>> sqlite_reader::unread(const user_id& user,
                                                       std::span<const unread_question> questions) {
  if (auto opened = open(); !opened) return opened.error();
  const snapshot all_of_it(*session_);
  std::vector<std::size_t> counts;
  counts.reserve(questions.size());
  for (const unread_question& question : questions) {
    sqlite_statement::execution rows(session_->unread);
    rows.bind(user.text())
        .bind(question.conversation_id)
        .bind(question.after_seq)
        .bind(question.up_to_seq)
        .bind(limit_of(unread_max));
    auto& count = counts.emplace_back(0);
    if (auto read = each(rows, [&] { ++count; }); !read) return read.error();
  }
  return counts;
}

result<std::vector<std::optional<std::int64_t>>>
sqlite_reader::first_mentions(const user_id& user, std::span<const unread_question> questions) {
  if (auto opened = open(); !opened) return opened.error();
  const snapshot all_of_it(*session_);
  std::vector<std::optional<std::int64_t>> seqs;
  for (const unread_question& question : questions) {
    sqlite_statement::execution rows(session_->first_mention);
    rows.bind(user.text()).bind(question.conversation_id).bind(question.after_seq).bind(question.up_to_seq);
    auto& seq = seqs.emplace_back();
    const auto take = [&] {
      if (!rows.is_null(0)) seq = rows.integer(0);
    };
    if (auto read = each(rows, take); !read) return read.error();
  }
  return seqs;
}

result<std::vector<message_reactions>> sqlite_reader::reactions(const user_id& seen_by,
                                                                std::span<const log_range> ranges) {
  if (auto opened = open(); !opened) return opened.error();
  const snapshot all_of_it(*session_);
  std::vector<message_reactions> all;
  std::size_t left = reaction_rows_max;
  for (const log_range& range : ranges) {
    if (left == 0) break;
    sqlite_statement::execution rows(session_->reactions);
    rows.bind(seen_by.text()).bind(range.conversation_id).bind(range.after_seq).bind(range.before_seq);
    rows.bind(limit_of(left));
    auto first = true;
    const auto take = [&] {
      --left;
      if (first || all.back().seq != rows.integer(3))
        all.push_back({.conversation_id = range.conversation_id, .seq = rows.integer(3), .tallies = {}});
      first = false;
      all.back().tallies.push_back(read_tally(rows));
    };
    if (auto read = each(rows, take); !read) return read.error();
  }
  return all;
}

struct sqlite_reader::searched_conversation {
  std::int64_t id = 0;
  std::int64_t first_seq = 1;
};

/// The conversations to search.
result<std::vector<sqlite_reader::searched_conversation>>
sqlite_reader::searched(const search_question& question) {
  sqlite_statement::execution rows(session_->searched);
  rows.bind(question.user.text()).bind(question.conversation_id.value_or(0));
  std::vector<searched_conversation> all;
  if (auto read = each(rows, [&] { all.push_back({rows.integer(0), rows.integer(1)}); }); !read)
    return read.error();
  return all;
}

result<search_matches> sqlite_reader::search(const search_question& question) {
  if (auto opened = open(); !opened) return opened.error();
  if (question.terms.empty() || question.limit == 0) return search_matches{};
  const auto conversations = searched(question);
  if (!conversations) return conversations.error();
  const auto all_of_index = [&]() -> result<search_matches> {
    auto found = search_index(question, *conversations);
    if (!found) return found.error();
    return search_matches{.messages = *std::move(found)};
  };
  if (conversations->size() * question.terms.size() <= index_words_max) return all_of_index();

  const auto begin = std::chrono::steady_clock::now();
  bool is_rare = true;
  until_ = begin + question.within;
  auto walked = search_walking(question, *conversations, is_rare);
  if (!walked || !is_rare) return walked;
  // Half of the time for the index; what that is too slow for the walk brings by and by.
  until_ = begin + question.within / 2;
  if (auto found = all_of_index(); found || !is_late()) return found;
  is_rare = false;
  until_ = begin + question.within;
  return search_walking(question, *conversations, is_rare);
}

/// Asks the index about all of these conversations.
result<std::vector<message>> sqlite_reader::search_index(const search_question& question,
                                                         std::span<const searched_conversation> in) {
  std::vector<message> found;
  const std::size_t at_once = std::max<std::size_t>(1, match_words_max / question.terms.size());
  std::vector<std::int64_t> ids;
  for (auto rest = in; !rest.empty();) {
    // The words are looked up inside one step of SQLite's machine, where nobody looks at the clock.
    if (is_late()) return error{errc::unavailable, "SQLite took too long to search"};
    const std::size_t count = std::min(at_once, rest.size());
    ids.clear();
    for (const auto& conversation : rest.first(count)) ids.push_back(conversation.id);
    const std::string match = match_expression(ids, question.terms);
    rest = rest.subspan(count);
    // What is older than all of a full answer is not of interest.
    const std::int64_t after = found.size() < question.limit ? 0 : found.back().id;
    sqlite_statement::execution rows(session_->search);
    rows.bind(question.user.text()).bind(match).bind(after).bind(question.before_id.value_or(no_limit));
    rows.bind(limit_of(question.limit));
    if (auto read = each(rows, [&] { found.push_back(read_message(rows)); }); !read) return read.error();
    std::ranges::sort(found, std::ranges::greater{}, &message::id);
    if (found.size() > question.limit) found.resize(question.limit);
  }
  return found;
}

/// Looks at everybody's messages, newest first, until the answer is full, the time is up or, with `is_rare`,
/// the first slice had too few; then `is_rare` stays true.
result<search_matches> sqlite_reader::search_walking(const search_question& question,
                                                     std::span<const searched_conversation> in,
                                                     bool& is_rare) {
  std::unordered_map<std::int64_t, std::int64_t> first_seqs;
  first_seqs.reserve(in.size());
  for (const auto& conversation : in) first_seqs.emplace(conversation.id, conversation.first_seq);
  std::int64_t high = 0;
  {
    sqlite_statement::execution last(session_->last_id);
    if (auto read = each(last, [&] { high = last.integer(0) + 1; }); !read) return read.error();
  }
  high = std::min(high, question.before_id.value_or(no_limit));

  search_matches found;
  const auto until = std::exchange(until_, std::chrono::steady_clock::now() + limit_); // whole slices
  while (high > 1 && found.messages.size() < question.limit) {
    const std::int64_t low = std::max<std::int64_t>(high - slice, 1);
    sqlite_statement::execution rows(session_->walk);
    rows.bind(low).bind(high);
    const auto look_at = [&] {
      const auto theirs = first_seqs.find(rows.integer(1));
      if (theirs == first_seqs.end() || rows.integer(2) < theirs->second) return;
      auto m = read_message(rows);
      if (found.messages.size() < question.limit && has_all(m, question.terms))
        found.messages.push_back(std::move(m));
    };
    if (auto read = each(rows, look_at); !read) return read.error();
    high = low;
    if (is_rare && high > 1 && std::ssize(found.messages) < common_hits) return found;
    is_rare = false;
    if (high > 1 && found.messages.size() < question.limit && std::chrono::steady_clock::now() > until) {
      found.walked_to = high;
      break;
    }
  }
  is_rare = false;
  return found;
}

result<std::optional<group_info>> sqlite_reader::find_group(const user_id& user, const user_id& id) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->find_group);
  rows.bind(user.text()).bind(id.text());
  std::optional<group_info> found;
  if (auto read = each(rows, [&] { found = read_group(rows); }); !read) return read.error();
  return found;
}

result<std::vector<group_info>> sqlite_reader::groups(const user_id& user, const std::string& after,
                                                      std::size_t limit) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->groups);
  rows.bind(user.text()).bind(after).bind(limit_of(limit));
  std::vector<group_info> all;
  if (auto read = each(rows, [&] { all.push_back(read_group(rows)); }); !read) return read.error();
  return all;
}

result<std::vector<group_member>> sqlite_reader::members(std::int64_t conversation, const std::string& after,
                                                         std::size_t limit) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->members);
  rows.bind(conversation).bind(after).bind(limit_of(limit));
  std::vector<group_member> all;
  const auto take = [&] {
    all.push_back({.user = stored_user(rows.text(0)),
                   .role = role_of(rows.integer(1)),
                   .joined_seq = rows.integer(2),
                   .first_seq = rows.integer(3)});
  };
  if (auto read = each(rows, take); !read) return read.error();
  return all;
}

result<std::vector<profile>> sqlite_reader::profiles(std::span<const user_id> users) {
  if (auto opened = open(); !opened) return opened.error();
  std::vector<profile> all;
  all.reserve(users.size());
  for (const user_id& user : users) {
    profile& of = all.emplace_back(profile{.user = user});
    sqlite_statement::execution rows(session_->profile);
    rows.bind(user.text());
    const auto take = [&] {
      of.name = rows.optional_text(0);
      of.avatar = rows.optional_text(1);
    };
    if (auto read = each(rows, take); !read) return read.error();
  }
  return all;
}

result<std::vector<revocation>> sqlite_reader::revocations(std::int64_t since_us) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->revocations);
  rows.bind(since_us);
  std::vector<revocation> all;
  const auto take = [&] { all.push_back({stored_user(rows.text(0)), rows.integer(1)}); };
  if (auto read = each(rows, take); !read) return read.error();
  return all;
}

result<std::vector<ban>> sqlite_reader::bans(wall_time since) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->bans);
  rows.bind(to_ms(since));
  std::vector<ban> all;
  const auto take = [&] {
    all.push_back(ban_of(stored_user(rows.text(0)), rows.text(1), rows.integer(2), rows.integer(3)));
  };
  if (auto read = each(rows, take); !read) return read.error();
  return all;
}

result<std::vector<push_grant>> sqlite_reader::grants(const user_id& user) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->grants);
  rows.bind(user.text());
  std::vector<push_grant> all;
  if (auto read = each(rows, [&] { all.push_back(read_grant(rows)); }); !read) return read.error();
  return all;
}

result<std::optional<stored_file>> sqlite_reader::find_file(const file_question& question, wall_time now) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->file);
  bind_question(rows, question, now);
  std::optional<stored_file> found;
  if (auto read = each(rows, [&] { found = read_file(rows, question.id); }); !read) return read.error();
  return found;
}

result<std::vector<user_id>> sqlite_reader::blocks(const user_id& user) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->blocks);
  rows.bind(user.text());
  std::vector<user_id> all;
  if (auto read = each(rows, [&] { all.push_back(stored_user(rows.text(0))); }); !read) return read.error();
  return all;
}

result<bool> sqlite_reader::has_blocked(const user_id& user, const user_id& other) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->has_blocked);
  rows.bind(user.text()).bind(other.text());
  bool found = false;
  if (auto read = each(rows, [&] { found = true; }); !read) return read.error();
  return found;
}

result<std::vector<user_id>> sqlite_reader::blockers(const user_id& user, std::span<const user_id> others) {
  if (auto opened = open(); !opened) return opened.error();
  return some_of(session_->blockers, user, others);
}

result<std::vector<user_id>> sqlite_reader::acquainted(const user_id& user, std::span<const user_id> others) {
  if (auto opened = open(); !opened) return opened.error();
  return some_of(session_->acquainted, user, others);
}

/// Those of `others` whose places, from 0 and ascending, a statement answers.
result<std::vector<user_id>> sqlite_reader::some_of(sqlite_statement& statement, const user_id& user,
                                                    std::span<const user_id> others) {
  sqlite_statement::execution rows(statement);
  const std::string list = json_list(others);
  rows.bind(user.text()).bind(list);
  std::vector<user_id> found;
  const auto take = [&] { found.push_back(others[static_cast<std::size_t>(rows.integer(0))]); };
  if (auto read = each(rows, take); !read) return read.error();
  return found;
}

/// One writes at a time.
result<settled_ids> sqlite_reader::settled() {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->settled);
  std::int64_t last = 0;
  if (auto read = each(rows, [&] { last = rows.integer(0); }); !read) return read.error();
  return settled_ids{last, last};
}

result<std::vector<message>> sqlite_reader::entries_by_id(std::int64_t after, std::int64_t up_to,
                                                          std::size_t limit) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->entries_by_id);
  rows.bind(after).bind(up_to).bind(limit_of(limit));
  std::vector<message> all;
  if (auto read = each(rows, [&] { all.push_back(read_message(rows)); }); !read) return read.error();
  return all;
}

result<std::vector<side_event>> sqlite_reader::side_events(std::int64_t after, std::int64_t up_to,
                                                           std::size_t limit) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->side_events);
  rows.bind(after).bind(up_to).bind(limit_of(limit));
  std::vector<side_event> all;
  const auto take = [&] {
    all.push_back({.id = rows.integer(0),
                   .what = {.conversation_id = rows.integer(1),
                            .seq = rows.integer(2),
                            .user = stored_user(rows.text(3)),
                            .emoji = std::string(rows.text(4)),
                            .on = rows.integer(5) != 0},
                   .at = from_ms(rows.integer(6))});
  };
  if (auto read = each(rows, take); !read) return read.error();
  return all;
}

result<std::vector<kept_version>> sqlite_reader::kept_versions(std::span<const log_range> ranges) {
  if (auto opened = open(); !opened) return opened.error();
  const snapshot all_of_it(*session_);
  std::vector<kept_version> all;
  for (const log_range& range : ranges) {
    sqlite_statement::execution rows(session_->kept_versions);
    rows.bind(range.conversation_id).bind(range.after_seq).bind(range.before_seq);
    const auto take = [&] {
      all.push_back({.conversation_id = rows.integer(0),
                     .seq = rows.integer(1),
                     .edits = static_cast<std::int32_t>(rows.integer(2)),
                     .kind = kind_of(rows.integer(3)),
                     .content = std::string(rows.text(4)),
                     .ext = rows.optional_text(5)});
    };
    if (auto read = each(rows, take); !read) return read.error();
  }
  return all;
}

result<std::vector<webhook_row>> sqlite_reader::webhooks() {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->webhooks);
  std::vector<webhook_row> all;
  const auto take = [&] {
    all.push_back({.name = std::string(rows.text(0)),
                   .position = rows.integer(1),
                   .notes = std::string(rows.text(2)),
                   .wish = std::string(rows.text(3))});
  };
  if (auto read = each(rows, take); !read) return read.error();
  return all;
}

result<std::vector<failed_event>> sqlite_reader::failed_events(const std::string& webhook, std::int64_t after,
                                                               std::size_t limit) {
  if (auto opened = open(); !opened) return opened.error();
  sqlite_statement::execution rows(session_->failed_events);
  rows.bind(webhook).bind(after).bind(limit_of(limit));
  std::vector<failed_event> all;
  const auto take = [&] {
    all.push_back({.id = rows.integer(0),
                   .at = from_ms(rows.integer(1)),
                   .attempts = static_cast<std::int32_t>(rows.integer(2)),
                   .why = std::string(rows.text(3))});
  };
  if (auto read = each(rows, take); !read) return read.error();
  return all;
}

} // namespace hongyan
