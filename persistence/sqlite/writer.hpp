/// message_writer on SQLite: one connection, one transaction a batch.
#pragma once

#include "core/chat/newest_commits.hpp"
#include "persistence/send_batch.hpp"
#include "persistence/sqlite/file.hpp"
#include "persistence/sqlite/transaction.hpp"

#include <unordered_map>

namespace hongyan {

class sqlite_writer final : public message_writer {
public:
  explicit sqlite_writer(std::shared_ptr<sqlite_file> file);
  ~sqlite_writer() override;
  sqlite_writer(const sqlite_writer&) = delete;
  sqlite_writer& operator=(const sqlite_writer&) = delete;

  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override;
  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message> batch) override;
  result<std::vector<std::optional<stored_file>>> find_files(std::span<const file_question> questions,
                                                             wall_time now) override;
  result<std::vector<read_outcome>> mark_read(std::span<const read_mark> marks) override;
  result<void> transact(const std::function<result<void>(change_transaction&)>& work) override;
  result<void> check() override;
  std::string epoch() const override { return epoch_; }
  store_watch watch() const override { return watch_; }

private:
  struct session;

  error failed(int code) const;
  error gone() const;
  void forget_doubt();
  result<void> open();
  result<void> ready();
  result<void> look_after(std::chrono::steady_clock::duration interval);
  int find_committed(bool& has_all);
  int renew_epoch();
  int read_epoch();
  result<void> look_at_file();
  void note_committed(std::span<const append_outcome> outcomes);
  void checkpoint();
  int begin();
  result<void> commit();
  error give_up(int code);
  int overwrite();

  int decide(std::span<const new_message> batch, send_batch& work);
  int store(const new_message& message, wall_time now, append_outcome& outcome);
  int find_repeat(std::size_t i, const new_message& message, send_batch& work);
  int know_pair(const user_id& from, const user_id& to, conversation_rules& rules);
  int know_group(const user_id& id, const conversation_rules*& known);
  int take_direct_seq(const new_message& message, wall_time now, append_outcome& outcome);
  void make_room();
  int mark_one(const read_mark& mark, read_outcome& outcome);

  std::shared_ptr<sqlite_file> file_;
  bool has_writing_ = false; ///< we are the file's one writer
  std::string epoch_;
  std::unique_ptr<session> session_;
  bool write_failed_ = false; ///< since the last good check()
  bool in_doubt_ = false;     ///< the last commit's sync failed, and nothing has been written over it since
  /// The outcomes of the batch whose commit failed, as they are if it is stored after all. Never without
  /// in_doubt_ until settle() or check() has written over it.
  std::optional<std::vector<append_outcome>> pending_;
  newest_commits committed_;
  std::chrono::steady_clock::time_point looked_at_{};       ///< when look_after() last answered well
  std::chrono::steady_clock::time_point checkpointed_at_{}; ///< the last attempt
  bool is_log_held_ = false; ///< a reader kept that one from its end, such as one that makes a backup
  store_watch watch_;
};

} // namespace hongyan
