/// Messages of another chat become ours: with their times, in their order, and quietly. No event,
/// notification or unread message comes of them.
#pragma once

#include "persistence/store.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
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
  known,   ///< it was imported before
  foreign, ///< its conversation has messages that were not imported; nothing is stored there
  late,    ///< one with a higher id was imported into its conversation, behind which it would stand
  other    ///< another row was imported under its id
};

/// What was imported of a conversation.
struct imported_before {
  std::unordered_map<std::int64_t, wall_time> ids;
  std::int64_t highest = std::numeric_limits<std::int64_t>::min();
  bool is_foreign = false; ///< it will never be ours

  void add(std::int64_t id, wall_time at) {
    ids.emplace(id, at);
    highest = std::max(highest, id);
  }
};

/// Remembers what it has stored and found: some 60 bytes a row. One thread.
class row_importer {
public:
  explicit row_importer(message_writer& writer) : writer_(writer) {}

  /// Stores rows in one transaction, all or none, in their order, which is that of their ids in each
  /// conversation; one status a row. Errors: errc::unavailable: nothing was stored; errc::outcome_unknown:
  /// nobody knows, and a new importer may be given the same rows.
  result<std::vector<import_status>> store(std::span<const imported_row> rows);

private:
  using users = std::pair<user_id, user_id>; ///< of a direct conversation, the lower first

  message_writer& writer_;
  std::map<users, imported_before> known_;
};

} // namespace hongyan
