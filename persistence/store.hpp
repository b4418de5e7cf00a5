/// Where messages live: the truth, and the sequencer. Synchronous, without actors: its callers are detached
/// actors, which may block. Two implementations, SQLite and PostgreSQL, under one contract suite
/// (tests/persistence/store_contract_test.cpp).
///
/// "Stored" means committed and synced by the database's own commit.
#pragma once

#include "core/message.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hongyan {

enum class append_status : std::uint8_t {
  stored,    ///< new, and durable
  duplicate, ///< this sender's client_msg_id was stored before, with the same target and content
  conflict,  ///< this sender's client_msg_id was stored before with another target or content; nothing stored
};

/// What became of one message of a batch. For a duplicate it tells of the message first stored; for a
/// conflict only the status means anything.
struct append_outcome {
  append_status status = append_status::stored;
  std::int64_t id = 0;
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  wall_time created_at{};
};

/// Writes. One object, one connection, one thread at a time.
class message_writer {
public:
  virtual ~message_writer() = default;

  /// Stores a batch in one transaction, all or none, in its order, and answers one outcome a message, in the
  /// batch's order. Messages of one batch may repeat a client_msg_id: the first is stored, the others are
  /// duplicates or conflicts. A conversation is made with its first message. Opens the database when it is
  /// not open.
  ///
  /// Errors: errc::unavailable: nothing was stored, and nothing of this batch ever will be.
  /// errc::outcome_unknown: the commit was under way when the connection broke: call settle() with the same
  /// batch until it answers; no other append() before that.
  virtual result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) = 0;

  /// After errc::outcome_unknown: what became of that batch. Nothing: it was not stored and never will be.
  /// Errors: errc::unavailable: the database still does not answer; ask again.
  virtual result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message> batch) = 0;

  /// Opens the database when it is not open (migrating it when its schema is older) and sees that it answers.
  /// Errors: errc::unavailable, with the reason for a person.
  virtual result<void> check() = 0;
};

/// Which messages: those that involve `user`; with `peer`, only between the two.
struct history_query {
  user_id user;
  std::optional<user_id> peer{};
  std::optional<std::int64_t> before_id{}; ///< exclusive
  std::size_t limit = 50;
};

/// Reads, on a connection of its own: a slow read never delays a write. One thread at a time.
class message_reader {
public:
  virtual ~message_reader() = default;

  /// The newest `limit` messages that match, oldest first (by id). Opens the database when it is not open.
  /// Errors: errc::unavailable.
  virtual result<std::vector<message>> latest(const history_query& query) = 0;
};

/// A database, by its URL; makes connections to it. Thread-safe.
class store {
public:
  virtual ~store() = default;
  virtual std::unique_ptr<message_writer> make_writer() = 0;
  virtual std::unique_ptr<message_reader> make_reader() = 0;
  /// For logs and metrics: "sqlite" or "postgresql".
  virtual std::string_view kind() const = 0;
};

/// Makes the store for `sqlite:PATH` or a libpq URI. SQLite is opened (and migrated) here, so that a file
/// that cannot be used is known at start; PostgreSQL is only looked at, since it may come later. Errors:
/// errc::malformed: the URL, or a file that cannot be opened, is in use by another server, is not ours or is
/// of a newer version; the detail says which and what to do.
result<std::unique_ptr<store>> open_store(const std::string& url);

/// `url` without its password, for logs and error texts.
std::string redacted(const std::string& url);

} // namespace hongyan
