/// Merges new messages into the search index, beside the writer.
///
/// What is stored goes to GIN's pending list first, which is cheap; the sender whose batch fills that waits
/// while all of it is merged (50 ms for 1 MB). Here it is merged before it is full, on a connection and a
/// thread of its own. Nothing depends on it: a search reads the list too, and PostgreSQL merges it itself
/// when nobody else does.
#pragma once

#include "persistence/postgres/hosts.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace hongyan::postgres {

class index_keeper {
public:
  explicit index_keeper(hosts& database) : hosts_(database) {}
  /// Waits for a merge under way, some seconds at most.
  ~index_keeper() = default;
  index_keeper(const index_keeper&) = delete;
  index_keeper& operator=(const index_keeper&) = delete;

  /// So many bytes of text were stored.
  void count(std::size_t bytes);

private:
  void run(const std::stop_token& stop);
  void merge();

  hosts& hosts_;
  pg_connection connection_; ///< the thread's
  std::mutex mutex_;
  std::condition_variable_any enough_;
  std::size_t unmerged_ = 0; ///< bytes since the last merge; guarded by mutex_
  std::jthread thread_;      ///< from the first merge on
};

} // namespace hongyan::postgres
