#include "persistence/import_rows.hpp"

#include <algorithm>
#include <set>

namespace hongyan {

namespace {

using ids = std::unordered_set<std::int64_t>;

/// What is imported was read there.
result<void> read_all(change_transaction& tx, const conversation_row& in) {
  auto members = tx.members(in.id);
  if (!members) return members.error();
  for (member_row& one : *members) one.read_seq = in.last_seq;
  return tx.put_members(in.id, *members);
}

/// A conversation that rows go to.
struct target {
  conversation_row in;
  std::int64_t before = 0; ///< its last seq
  const ids* known;        ///< what was imported of it, as far as that is remembered; null: nothing is
  ids added{};             ///< what is known besides, or new
  bool is_ours = false;    ///< all of it was imported

  bool has(std::int64_t id) const { return added.contains(id) || (known != nullptr && known->contains(id)); }
};

result<target> lock(change_transaction& tx, const user_id& one, const user_id& other, const ids* known) {
  auto in = tx.lock_direct(one, other, true);
  if (!in) return in.error();
  target into{.in = **in, .before = (*in)->last_seq, .known = known};
  if (known == nullptr) {
    const auto found = tx.imported(into.in.id);
    if (!found) return found.error();
    into.added.insert(found->begin(), found->end());
  }
  into.is_ours =
      into.before == static_cast<std::int64_t>(known != nullptr ? known->size() : into.added.size());
  return into;
}

result<import_status> import_row(change_transaction& tx, target& into, const imported_row& row) {
  if (into.has(row.id)) return import_status::known;
  if (!into.is_ours) return import_status::foreign;
  const message entry{.from = row.from,
                      .to = row.to,
                      .from_name = row.from_name,
                      .to_name = row.to_name,
                      .content = row.content,
                      .created_at = row.at};
  if (auto stored = tx.append_imported(into.in, entry, row.id); !stored) return stored.error();
  into.added.insert(row.id);
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
  for (auto& [pair, into] : targets) known_[pair].merge(into.added);
  return became;
}

} // namespace hongyan
