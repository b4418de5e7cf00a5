#include "persistence/copy_store.hpp"

#include "persistence/postgres/copy_target.hpp"
#include "persistence/sqlite/copy_source.hpp"

#include <algorithm>

namespace hongyan {

namespace {

text_row key_of(const copied_table& of, const std::vector<copied_column>& by, const text_row& row) {
  text_row key;
  for (const copied_column& one : by) key.push_back(row[place_of(of, one.name)]);
  return key;
}

/// Each portion is behind what is there, which is where an earlier copy was ended.
result<void> copy_table(copy_source& from, postgres::copy_target& to, const copied_table& of,
                        const std::function<void(const copy_progress&)>& tell) {
  const auto all = from.count(of.name);
  if (!all) return all.error();
  const auto there = to.count(of.name);
  if (!there) return there.error();
  copy_progress so_far{.what = "copied", .table = of.name, .done = *there, .all = *all};
  auto after = to.last_key(of);
  if (!after) return after.error();
  for (;;) {
    const auto rows = from.rows(of, of.key, *after);
    if (!rows) return rows.error();
    if (rows->empty()) return {};
    if (auto stored = to.store(of, *rows); !stored) return stored;
    *after = key_of(of, of.key, rows->back());
    so_far.done += static_cast<std::int64_t>(rows->size());
    tell(so_far);
  }
}

error differs(const copied_table& of) {
  return {errc::conflict,
          "migrate: the copy of " + of.name +
              " is not what --from has; was a server run on it meanwhile? Empty the database of "
              "--to, and begin again"};
}

/// Row by row, in the same order: so each conversation has as many entries, with the same seqs, ids and
/// contents.
result<std::int64_t> compare_table(copy_source& from, postgres::copy_target& to, const copied_table& of,
                                   const std::function<void(const copy_progress&)>& tell) {
  const auto all = from.count(of.name);
  if (!all) return all.error();
  copy_progress so_far{.what = "compared", .table = of.name, .done = 0, .all = *all};
  std::int64_t searchable = 0;
  for (text_row after;;) {
    const auto ours = from.rows(of, of.order, after);
    if (!ours) return ours.error();
    const auto theirs = to.rows(of, of.order, after);
    if (!theirs) return theirs.error();
    if (*ours != *theirs) return differs(of);
    if (ours->empty()) break;
    if (of.name == "message")
      searchable += std::ranges::count_if(
          *ours, [&](const text_row& row) { return !postgres::tokens_of(of, row).empty(); });
    after = key_of(of, of.order, ours->back());
    so_far.done += static_cast<std::int64_t>(ours->size());
    tell(so_far);
  }
  if (of.name == "message") {
    const auto indexed = to.count("message_search");
    if (!indexed) return indexed.error();
    if (*indexed != searchable) return differs(of);
  }
  return so_far.done;
}

} // namespace

result<copied_store> copy_store(const std::string& from_path, const std::string& to_uri,
                                const std::function<void(const copy_progress&)>& tell) {
  auto from = copy_source::open(from_path);
  if (!from) return from.error();
  auto to = postgres::copy_target::open(to_uri);
  if (!to) return to.error();
  auto tables = from->tables();
  if (!tables) return tables.error();
  const auto is_to_copy = to->begin(*tables, from->epoch());
  if (!is_to_copy) return is_to_copy.error();
  copied_store done{.was_there = !*is_to_copy};
  if (done.was_there) return done;
  for (copied_table& one : *tables) {
    if (auto described = to->describe(one); !described) return described.error();
    if (auto copied = copy_table(*from, *to, one, tell); !copied) return copied.error();
  }
  for (const copied_table& one : *tables) {
    const auto rows = compare_table(*from, *to, one, tell);
    if (!rows) return rows.error();
    if (one.name == "message") done.messages = *rows;
    if (one.name == "conversation") done.conversations = *rows;
  }
  const auto last_id = from->last_id();
  if (!last_id) return last_id.error();
  if (auto ended = to->end(from->epoch(), *last_id); !ended) return ended.error();
  return done;
}

} // namespace hongyan
