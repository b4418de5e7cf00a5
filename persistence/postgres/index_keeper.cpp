#include "persistence/postgres/index_keeper.hpp"

#include "persistence/postgres/session.hpp"

namespace hongyan::postgres {

namespace {

/// About 1 MB of the pending list, of the 8 MB that it may have (0002_conversations.sql): an entry there
/// takes some six times the text that it is of, in any script.
constexpr std::size_t bytes_a_merge = 128 * 1024;

/// A merge that is lost in a crash is done again.
constexpr const char* settings_sql = "SET synchronous_commit = off";
constexpr const char* merge_sql = "SELECT gin_clean_pending_list('message_search_tokens')";

} // namespace

void index_keeper::count(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  unmerged_ += bytes;
  if (unmerged_ < bytes_a_merge) return;
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  enough_.notify_one();
}

void index_keeper::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!enough_.wait(lock, stop, [this] { return unmerged_ >= bytes_a_merge; })) return;
      unmerged_ = 0;
    }
    merge();
  }
}

/// Failures are left to the next time: the server may be away, or the index another role's.
void index_keeper::merge() {
  if (!connection_.is_alive()) {
    connection_.close();
    auto made = open_session(hosts_, {});
    if (!made) return;
    connection_ = std::move(made->connection);
    if (!connection_.script(settings_sql, write_limit)) return connection_.close();
  }
  if (!connection_.script(merge_sql, write_limit)) connection_.close();
}

} // namespace hongyan::postgres
