#include "persistence/import_rows.hpp"

#include <algorithm>
#include <set>

namespace hongyan {

namespace {

/// What is imported was read there.
result<void> read_all(change_transaction& tx, const conversation_row& in) {
  auto members = tx.members(in.id);
  if (!members) return members.error();
  for (member_row& one : *members) one.read_seq = in.last_seq;
  return tx.put_members(in.id, *members);
}

/// A conversation that rows go to.
struct target {
  conversation_row in{};
  std::int64_t before = 0;        ///< its last seq
  const imported_before* known{}; ///< as far as that is remembered; null: nothing is
  imported_before added{};        ///< what is known besides, or new

  std::int64_t highest() const { return std::max(added.highest, known ? known->highest : added.highest); }
  bool is_foreign() const { return added.is_foreign || (known != nullptr && known->is_foreign); }
  std::optional<wall_time> find(std::int64_t id) const {
    for (const imported_before* some : {&added, known})
      if (some != nullptr)
        if (const auto at = some->ids.find(id); at != some->ids.end()) return at->second;
    return {};
  }
};

/// Of one that is foreign nothing more is asked, and nobody who writes there waits for us.
result<target> lock(change_transaction& tx, const user_id& one, const user_id& other,
                    const imported_before* known) {
  target into{.known = known};
  if (into.is_foreign()) return into;
  auto in = tx.lock_direct(one, other, true);
  if (!in) return in.error();
  into.in = **in;
  into.before = into.in.last_seq;
  if (known == nullptr) {
    const auto found = tx.imported(into.in.id);
    if (!found) return found.error();
    for (const auto& [id, at] : *found) into.added.add(id, at);
  }
  const auto count = known != nullptr ? known->ids.size() : into.added.ids.size();
  into.added.is_foreign = into.before != static_cast<std::int64_t>(count);
  return into;
}

result<import_status> import_row(change_transaction& tx, target& into, const imported_row& row) {
  if (const auto at = into.find(row.id)) return *at == row.at ? import_status::known : import_status::other;
  if (into.is_foreign()) return import_status::foreign;
  if (row.id < into.highest()) return import_status::late;
  const message entry{.from = row.from,
                      .to = row.to,
                      .from_name = row.from_name,
                      .to_name = row.to_name,
                      .content = row.content,
                      .created_at = row.at};
  if (auto stored = tx.append_imported(into.in, entry, row.id); !stored) return stored.error();
  into.added.add(row.id, row.at);
  return import_status::stored;
}

} // namespace

result<std::vector<import_status>> row_importer::store(std::span<const imported_row> rows) {
  std::vector<import_status> became(rows.size());
  std::map<users, target> targets;
  const auto done = writer_.transact([&](change_transaction& tx) -> result<void> {
    targets.clear();
    // All are locked first, each transaction in the same order; then rows go in theirs, which is that of
    // their ids.
    std::set<users> pairs;
    for (const imported_row& row : rows) pairs.insert(std::minmax(row.from, row.to));
    for (const users& pair : pairs) {
      const auto at = known_.find(pair);
      auto into = lock(tx, pair.first, pair.second, at == known_.end() ? nullptr : &at->second);
      if (!into) return into.error();
      targets.emplace(pair, *std::move(into));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto status = import_row(tx, targets.at(std::minmax(rows[i].from, rows[i].to)), rows[i]);
      if (!status) return status.error();
      became[i] = *status;
    }
    for (const auto& [pair, into] : targets)
      if (into.in.last_seq != into.before)
        if (auto read = read_all(tx, into.in); !read) return read;
    return {};
  });
  if (!done) return done.error();
  for (auto& [pair, into] : targets) {
    imported_before& known = known_[pair];
    known.ids.merge(into.added.ids);
    known.highest = std::max(known.highest, into.added.highest);
    known.is_foreign = known.is_foreign || into.added.is_foreign;
  }
  return became;
}

} // namespace hongyan
