#include "persistence/postgres/retention.hpp"

#include "core/tools/wall_time.hpp"
#include "persistence/postgres/transaction.hpp"

namespace hongyan::postgres {

result<dropped_entries> transaction::drop_old_entries(std::int64_t after, wall_time before,
                                                      std::size_t limit) {
  parameters_.clear();
  parameters_.add(after);
  parameters_.add(static_cast<std::int64_t>(old_conversations_looked_at));
  const auto looked_at = run("old_conversations");
  if (!looked_at) return looked_at.error();
  dropped_entries done{.up_to = after};
  int row = 0;
  while (row < looked_at->size() &&
         (looked_at->is_null(row, 1) || looked_at->bigint(row, 1) >= to_ms(before)))
    done.up_to = looked_at->bigint(row++, 0);
  if (row == looked_at->size()) {
    done.is_end = static_cast<std::size_t>(row) < old_conversations_looked_at;
    return done;
  }
  const auto conversation = looked_at->bigint(row, 0);
  parameters_.clear();
  parameters_.add(conversation);
  parameters_.add(to_ms(before));
  parameters_.add(static_cast<std::int64_t>(limit));
  const auto dropped = run("drop_old");
  if (!dropped) return dropped.error();
  done.count = static_cast<std::size_t>(dropped->bigint(0, 0));
  for (int file = 1; file < dropped->size(); ++file) done.files.emplace_back(dropped->text(file, 1));
  // Perhaps there are more in it: it is looked at again.
  if (done.count < limit) done.up_to = conversation;
  return done;
}

} // namespace hongyan::postgres
