// What was kept long enough goes, some of it at a time.

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

/// In one transaction, of so many conversations: senders wait for it, a millisecond or two.
constexpr std::size_t entries_at_once = 16, conversations_at_once = 16;

} // namespace

result<void> change_run::operator()(const drop_old& what) {
  dropped_entries all{.up_to = what.after};
  for (std::size_t i = 0; i < conversations_at_once && all.count < entries_at_once && !all.is_end; ++i) {
    auto some = tx_.drop_old_entries(all.up_to, what.before, entries_at_once - all.count);
    if (!some) return some.error();
    all.up_to = some->up_to;
    all.is_end = some->is_end;
    all.count += some->count;
    all.files.insert(all.files.end(), std::make_move_iterator(some->files.begin()),
                     std::make_move_iterator(some->files.end()));
    if (some->count == 0) break; // it has looked at enough
  }
  if (auto released = release_files(std::move(all.files)); !released) return released;
  outcome_.dropped = std::move(all);
  return {};
}

} // namespace hongyan
