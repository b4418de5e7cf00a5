/// PostgreSQL's change_transaction: its primitives are statements of an open transaction.
#pragma once

#include "persistence/postgres/handle.hpp"
#include "persistence/postgres/session.hpp"
#include "persistence/store.hpp"

#include <optional>
#include <vector>

namespace hongyan::postgres {

/// To be prepared in the session that a transaction is of.
const std::vector<named_statement>& transaction_statements();

class transaction final : public change_transaction {
public:
  /// `connection` has begun one; both are used until the object is gone.
  transaction(pg_connection& connection, pg_parameters& parameters)
      : connection_(connection)
      , parameters_(parameters) {}

  result<std::optional<conversation_row>> lock_group(const user_id& id) override;
  result<std::optional<conversation_row>> lock_direct(const user_id& one, const user_id& other,
                                                      bool make) override;
  result<std::optional<conversation_row>> make_group(const user_id& id, const std::string& name,
                                                     group_history history, wall_time now) override;
  result<void> update_conversation(const conversation_row& row) override;

  result<std::optional<member_row>> member(std::int64_t conversation, const user_id& user) override;
  result<std::vector<member_row>> members(std::int64_t conversation) override;
  result<void> put_members(std::int64_t conversation, std::span<const member_row> rows) override;
  result<void> remove_members(std::int64_t conversation, std::span<const user_id> users) override;

  result<std::optional<message>> entry(const conversation_row& in, std::int64_t seq) override;
  result<message> append_entry(conversation_row& in, message entry) override;
  result<message> append_imported(conversation_row& in, message entry, std::int64_t id) override;
  result<std::vector<imported_entry>> imported(std::int64_t conversation) override;
  result<void> erase_content(const message& of) override;
  result<std::optional<message>> find_message(std::int64_t id) override;
  result<void> rewrite(const message& before, const message& now_is) override;
  result<std::vector<reaction_tally>> reactions(const message& to, const user_id& seen_by) override;
  result<bool> put_reaction(const reaction& r) override;

  result<void> put_profile(const profile& p) override;
  result<profile> find_profile(const user_id& user) override;
  result<void> revoke(const user_id& user, std::int64_t at_us) override;
  result<void> put_ban(const ban& what, wall_time now) override;
  result<user_id> user_of_identity(const std::string& identity, const user_id& made_up,
                                   wall_time now) override;
  result<std::size_t> put_blocks(const user_id& user, std::span<const user_id> others, bool blocked) override;
  result<std::vector<user_id>> blockers(const user_id& user, std::span<const user_id> others) override;
  result<std::size_t> groups_owned(const user_id& user) override;
  result<std::optional<stream_row>> find_stream(const std::string& id) override;
  result<std::optional<stream_row>> stream_of(std::int64_t conversation, std::int64_t seq) override;
  result<void> put_stream(const stream_row& row) override;
  result<std::vector<std::string>> old_streams(bool ended, wall_time before, std::size_t limit) override;
  result<void> forget_streams(std::span<const std::string> ids) override;
  result<std::optional<webhook_row>> take_webhook(const hold_webhook& hold) override;
  result<std::optional<std::string>> put_webhook(const store_webhook& now_is) override;
  result<void> put_failed_events(const std::string& webhook, std::span<const failed_event> events) override;
  result<void> drop_failed_events(const std::string& webhook, std::span<const std::int64_t> ids) override;
  result<bool> put_wish(const std::string& webhook, const std::string& wish) override;
  result<void> put_presence(const tell_presence& what) override;
  result<std::size_t> drop_presence(const std::string& node) override;
  result<void> forget_kept(wall_time before) override;
  result<void> put_check(std::int64_t message, const content_verdict& verdict, wall_time now) override;
  result<std::optional<content_check>> find_check(std::int64_t message) override;
  result<std::optional<content_check>> find_check_of(const std::string& trace) override;
  result<std::vector<content_check>> take_checks(wall_time now, wall_time again, std::size_t limit) override;
  result<void> expect_verdict(std::int64_t message, const std::string& trace, wall_time due) override;
  result<bool> note_call(const std::string& name, wall_time now) override;
  result<std::optional<std::string>> identity_of(const user_id& user, const std::string& prefix) override;
  result<bool> count_use(const std::string& name, std::int64_t minute, std::int32_t n,
                         std::int32_t most) override;
  result<std::optional<user_id>> find_identity(const std::string& identity) override;
  result<std::vector<push_grant>> grants(const user_id& user, bool lock) override;
  result<void> put_grant(const user_id& user, const push_grant& grant) override;
  result<void> put_notices(std::int64_t conversation, std::int64_t seq, const user_id& sender,
                           const mentions& whom, wall_time now, wall_time due) override;
  result<std::vector<notice_row>> take_notices(wall_time now, wall_time again, std::size_t limit) override;
  result<std::optional<notice_facts>> find_notice(const user_id& reader, std::int64_t conversation,
                                                  std::int64_t seq) override;
  result<void> put_notice_due(const user_id& user, std::int64_t conversation,
                              std::optional<wall_time> due) override;
  result<void> drop_notice(const user_id& user, std::int64_t conversation, std::int64_t up_to) override;
  result<void> drop_notices(const user_id& user) override;
  result<void> add_file(const std::string& id, const user_id& owner, wall_time now, wall_time due) override;
  result<bool> finish_file(const stored_file& file) override;
  result<std::optional<stored_file>> find_file(const file_question& question, wall_time now) override;
  result<void> keep_file(const std::string& id) override;
  result<void> release_file(const std::string& id, wall_time now) override;
  result<std::vector<std::string>> detach_files(const message& of) override;
  result<dropped_entries> drop_old_entries(std::int64_t after, wall_time before, std::size_t limit) override;
  result<own_person> find_person(const user_id& user) override;
  result<std::vector<own_membership>> conversations_of(const user_id& user, std::int64_t after,
                                                       std::size_t limit) override;
  result<std::vector<message>> keyed_messages_of(const user_id& user, const std::string& after,
                                                 std::size_t limit) override;
  result<std::vector<message>> direct_messages_of(const user_id& user, std::int64_t after,
                                                  std::size_t limit) override;
  result<std::vector<stored_file>> files_of(const user_id& user, const std::string& after,
                                            std::size_t limit) override;
  result<void> erase_person(const user_id& user) override;
  result<void> erase_message(const message& of) override;
  result<std::optional<std::int64_t>> erase_names(const user_id& user, std::int64_t after,
                                                  std::size_t limit) override;
  result<void> discard_file(const std::string& id, wall_time now) override;
  result<std::optional<erasure>> next_erasure(wall_time begun_by) override;
  result<void> put_erasure(const erasure& now_is) override;
  result<void> put_audit(const audit_entry& entry) override;
  result<std::vector<audit_entry>> audit(std::int64_t below, std::size_t limit) override;
  result<std::vector<std::string>> take_due_files(wall_time now, wall_time again, std::size_t limit) override;
  result<void> forget_files(std::span<const std::string> ids) override;
  result<file_identity> identify_files(const file_identity& first) override;

  /// Why a statement failed, which loses the transaction.
  const std::optional<pg_error>& failure() const { return failure_; }
  /// Bytes of text that append_imported() has put into the search index.
  std::size_t indexed_bytes() const { return indexed_bytes_; }

private:
  result<pg_rows> run(const char* statement);
  /// The user is the first parameter.
  void ask_of(const user_id& user);
  template <class T, class After, class Read>
  result<std::vector<T>> own_rows(const char* statement, const user_id& user, const After& after,
                                  std::size_t limit, Read read);
  result<void> done(const char* statement);                      ///< its rows are nobody's concern
  result<std::vector<std::string>> texts(const char* statement); ///< of each row the first column
  result<std::optional<stream_row>> read_stream(const char* statement);
  result<std::optional<content_check>> read_check_of(const char* statement);
  result<std::optional<conversation_row>> lock(const char* statement, const peer_or_group& of);

  std::size_t indexed_bytes_ = 0;
  pg_connection& connection_;
  pg_parameters& parameters_;
  std::optional<pg_error> failure_;
};

} // namespace hongyan::postgres
