/// Messages of another chat become ours: with their times, in their order, and quietly. No event,
/// notification or unread message comes of them.
#pragma once

#include "persistence/store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hongyan {

/// A text of a direct conversation, as another chat's table has it.
struct imported_row {
  std::int64_t id = 0; ///< there
  user_id from, to;
  wall_time at{};
  std::optional<std::string> from_name{}; ///< shown to classic clients
  std::optional<std::string> to_name{};
  std::string content;
};

/// What became of a row.
enum class import_status : std::uint8_t {
  stored,
  known,  ///< it was imported before
  foreign ///< its conversation has messages that were not imported; nothing is stored there
};

/// Remembers what it has stored and found: some 50 bytes a row. One thread.
class row_importer {
public:
  explicit row_importer(message_writer& writer) : writer_(writer) {}

  /// Stores rows in one transaction, all or none, in their order; one status a row.
  /// Errors: errc::unavailable: nothing was stored; errc::outcome_unknown: nobody knows, and a new importer
  /// may be given the same rows.
  result<std::vector<import_status>> store(std::span<const imported_row> rows);

private:
  using users = std::pair<user_id, user_id>; ///< of a direct conversation, the lower first

  message_writer& writer_;
  std::map<users, std::unordered_set<std::int64_t>> known_; ///< what was imported of each conversation
};

} // namespace hongyan
