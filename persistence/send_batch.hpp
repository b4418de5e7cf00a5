/// What becomes of each message of a batch is decided here, for both stores: what was stored before, what is
/// refused, what is left to store, and where. Pure. A store learns what it is asked for, stores the rows, and
/// says what they became.
///
/// What else must be stored with a message, such as an event for others, is made of rows(), by the store that
/// stores them, in the same transaction.
#pragma once

#include "persistence/store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace hongyan {

/// What a store knows of a conversation: who may send there, and whom it goes to.
struct conversation_rules {
  std::int64_t id = 0;
  std::int64_t version = 0; ///< another one, and they hold no more
  // of a direct conversation:
  bool low_blocks = false; ///< the lower of the two users has blocked the other
  bool high_blocks = false;
  // of a group:
  bool muted = false;
  audience_ptr members{};
  std::string roles{}; ///< of each member, a digit

  std::optional<group_role> role_of(const user_id& user) const;
};

/// The conversation a message belongs to, as text: "LOW HIGH" or " GROUP"; no id has a space in it.
std::string conversation_name(const new_message& message);

/// May it be stored? Without rules there is no such group. Of a probe that may: unchecked.
append_status verdict(const new_message& message, const conversation_rules* rules);

class send_batch {
public:
  /// Of a message of the batch, by its position: the rules of its conversation; null: there is none.
  using rules_of = std::function<const conversation_rules*(std::size_t)>;

  /// Of so many messages, which each call that reads them is given: a batch may be settled long after it was
  /// sent, and its owner keeps them.
  send_batch(std::size_t size, wall_time now);

  std::size_t size() const { return outcomes_.size(); }
  wall_time now() const { return now_; }

  /// Of this message it is not known that it is refused or was stored before.
  bool is_open(std::size_t i) const { return !refused_[i] && !stored_before_.contains(i); }
  /// It was stored before this batch: by its sender, under its client_msg_id.
  void was_stored(std::size_t i, const new_message& again, message stored);
  bool has_repeats() const { return !stored_before_.empty(); }
  /// Rules have changed: what was refused is decided anew.
  void reopen() { refused_.assign(size(), false); }

  /// Decides: rows() are what is to be stored, the first of those in the batch that repeat one another.
  void decide(std::span<const new_message> batch, const rules_of& rules);
  const std::vector<std::size_t>& rows() const { return rows_; }

  /// A row was stored.
  append_outcome& stored(std::size_t i) { return outcomes_[i]; }
  const append_outcome& outcome(std::size_t i) const { return outcomes_[i]; }

  /// The outcomes of all, once the rows have theirs: those that repeat another one of the batch have its.
  std::vector<append_outcome> finish(std::span<const new_message> batch) &&;

private:
  wall_time now_;
  std::vector<append_outcome> outcomes_;
  std::vector<bool> refused_;
  std::unordered_map<std::size_t, message> stored_before_;
  /// Of each message, the first in the batch with its sender and client_msg_id that is or was stored; most
  /// often itself.
  std::vector<std::size_t> first_;
  std::vector<std::size_t> rows_;
};

/// The rows' places in their conversations, for a store that takes the seqs of a whole batch at once.
struct row_places {
  // By place, ascending by id:
  std::vector<std::int64_t> conversation_ids;
  std::vector<std::int64_t> versions;
  std::vector<std::int64_t> counts; ///< rows
  std::vector<audience_ptr> audiences;
  // By row:
  std::vector<std::int32_t> places; ///< its conversation's, from 1
  std::vector<std::int32_t> later;  ///< how many rows of the same conversation follow
};
row_places place_rows(const std::vector<std::size_t>& rows, const send_batch::rules_of& rules);

} // namespace hongyan
