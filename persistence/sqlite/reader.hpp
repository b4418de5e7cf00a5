/// message_reader on SQLite.
#pragma once

#include "persistence/sqlite/file.hpp"
#include "persistence/store.hpp"

namespace hongyan {

class sqlite_reader final : public message_reader {
public:
  /// `limit`: of each read.
  explicit sqlite_reader(std::shared_ptr<sqlite_file> file, std::chrono::milliseconds limit = read_limit);
  ~sqlite_reader() override;

  result<std::vector<message>> latest(const history_query& query) override;
  result<std::vector<membership>> memberships(const user_id& user) override;
  result<std::vector<membership>> listed(const user_id& user, const list_key& after,
                                         std::size_t limit) override;
  result<std::vector<membership>> some_memberships(const user_id& user,
                                                   std::span<const std::int64_t> of) override;
  result<std::optional<membership>> find_membership(const user_id& user, const peer_or_group& with) override;
  result<std::vector<message>> log(std::span<const log_range> ranges) override;
  result<std::vector<std::size_t>> unread(const user_id& user,
                                          std::span<const unread_question> questions) override;
  result<std::vector<std::optional<std::int64_t>>>
  first_mentions(const user_id& user, std::span<const unread_question> questions) override;
  result<std::vector<message_reactions>> reactions(const user_id& seen_by,
                                                   std::span<const log_range> ranges) override;
  result<search_matches> search(const search_question& question) override;
  result<std::optional<group_info>> find_group(const user_id& user, const user_id& id) override;
  result<std::vector<group_info>> groups(const user_id& user, const std::string& after,
                                         std::size_t limit) override;
  result<std::vector<group_member>> members(std::int64_t conversation, const std::string& after,
                                            std::size_t limit) override;
  result<std::vector<profile>> profiles(std::span<const user_id> users) override;
  result<std::vector<revocation>> revocations(std::int64_t since_us) override;
  result<std::vector<ban>> bans(wall_time since) override;
  result<std::vector<push_grant>> grants(const user_id& user) override;
  result<std::optional<stored_file>> find_file(const file_question& question, wall_time now) override;
  result<std::vector<user_id>> blocks(const user_id& user) override;
  result<bool> has_blocked(const user_id& user, const user_id& other) override;
  result<std::vector<user_id>> blockers(const user_id& user, std::span<const user_id> others) override;
  result<std::vector<user_id>> acquainted(const user_id& user, std::span<const user_id> others) override;
  result<settled_ids> settled() override;
  result<std::vector<message>> entries_by_id(std::int64_t after, std::int64_t up_to,
                                             std::size_t limit) override;
  result<std::vector<side_event>> side_events(std::int64_t after, std::int64_t up_to,
                                              std::size_t limit) override;
  result<std::vector<kept_version>> kept_versions(std::span<const log_range> ranges) override;
  result<std::vector<webhook_row>> webhooks() override;
  result<std::vector<failed_event>> failed_events(const std::string& webhook, std::int64_t after,
                                                  std::size_t limit) override;

private:
  struct session;
  class snapshot;

  result<void> open();
  /// Calls `take` for each row, to the last.
  template <class Take>
  result<void> each(sqlite_statement::execution& rows, Take take);
  struct searched_conversation;
  result<std::vector<searched_conversation>> searched(const search_question& question);
  result<std::vector<message>> search_index(const search_question& question,
                                            std::span<const searched_conversation> in);
  result<search_matches> search_walking(const search_question& question,
                                        std::span<const searched_conversation> in, bool& is_rare);
  bool is_late() const { return std::chrono::steady_clock::now() > until_; }
  result<std::vector<user_id>> some_of(sqlite_statement& statement, const user_id& user,
                                       std::span<const user_id> others);

  std::shared_ptr<sqlite_file> file_;
  std::chrono::milliseconds limit_;
  std::chrono::steady_clock::time_point until_; ///< of the read that is under way
  std::unique_ptr<session> session_;
  bool broken_ = false; ///< the next one to read opens it anew
};

} // namespace hongyan
