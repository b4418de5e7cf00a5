/// A store over plain maps: what the interface means, for tests of what stands on it and as the model that
/// real stores are compared with. One thread.
#pragma once

#include "persistence/store.hpp"

#include <map>
#include <set>
#include <tuple>

namespace hongyan::testing {

/// Everything that is stored. Copied whole for a transaction, so that undoing one is to drop the copy.
struct memory_state {
  struct conversation {
    std::int64_t id = 0;
    std::optional<std::pair<user_id, user_id>> pair{}; ///< of a direct one, the lower first
    std::optional<user_id> group{};
    std::string name{};
    bool muted = false;
    group_history history = group_history::joined;
    bool dismissed = false;
    wall_time created_at{};
    std::vector<message> log{};                      ///< the entry `seq` at seq - 1
    std::int64_t kept_from = 1;                      ///< those below it are gone
    std::map<std::int64_t, std::int64_t> imported{}; ///< by seq, what it was called elsewhere
    std::map<user_id, member_row> members{};

    std::int64_t last_seq() const { return static_cast<std::int64_t>(log.size()); }
  };

  std::map<std::int64_t, conversation> conversations;
  std::map<std::pair<user_id, user_id>, std::int64_t> direct;
  std::map<user_id, std::int64_t> groups; ///< dismissed ones too
  /// Who used which client_msg_id, for which entry.
  std::map<std::pair<user_id, std::string>, std::pair<std::int64_t, std::int64_t>> sent;
  std::map<user_id, profile> profiles;
  std::map<std::string, user_id> identities;
  std::map<user_id, std::int64_t> revocations;
  std::set<std::pair<user_id, user_id>> blocks; ///< who blocks whom
  struct file {
    stored_file facts;
    int state = 0; ///< as in the table
    std::optional<wall_time> due{};
  };
  std::map<std::string, file> files;
  std::set<std::tuple<std::string, std::int64_t, std::int64_t>> message_files; ///< file, conversation, seq
  std::optional<file_identity> file_store;
  std::map<std::string, stream_row> streams;
  /// conversation, seq: whom it calls, of those who were there; a user_id{} for all
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<user_id>> mentioned;
  /// Of an entry, each emoji in the order in which it first came, with who used it.
  struct emoji_users {
    std::string emoji;
    std::set<user_id> users;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<emoji_users>> reactions;
  std::int64_t last_message_id = 0; ///< of reaction events, too
  std::map<std::string, webhook_row> webhooks;
  std::map<std::pair<std::string, std::int64_t>, failed_event> failed_events;
  std::vector<side_event> side_events;
  std::map<user_id, std::pair<ban, wall_time>> bans; ///< with when they changed
  std::set<user_id> present;                         ///< as webhooks were told
  struct check_row {
    content_check facts;
    wall_time due{};
  };
  std::map<std::int64_t, check_row> checks; ///< by message
  void put_check(std::int64_t message, const content_verdict& verdict, wall_time now) {
    checks[message] = {{.message_id = message, .verdict = verdict, .at = now}, now};
  }
  std::map<std::string, wall_time> calls;                            ///< of WeChat's
  std::map<std::string, std::pair<std::int64_t, std::int32_t>> uses; ///< in the last minute that was counted
  std::map<std::pair<user_id, std::string>, push_grant> grants;
  std::vector<push_grant> grants_of(const user_id& user) const {
    std::vector<push_grant> all;
    for (const auto& [key, grant] : grants)
      if (key.first == user) all.push_back(grant);
    return all;
  }
  struct noted {
    notice_row row;
    std::optional<wall_time> due;
  };
  std::map<std::pair<user_id, std::int64_t>, noted> notices;
  void put_notices(std::int64_t in, std::int64_t seq, const user_id& sender, const mentions& whom,
                   wall_time now, wall_time due) {
    auto users = whom.users;
    if (whom.all)
      for (const auto& [user, row] : conversations.at(in).members)
        if (user != sender) users.push_back(user);
    for (const auto& user : users) {
      if (std::ranges::none_of(grants_of(user), [](const push_grant& g) { return g.grants > 0; })) continue;
      const auto [at, is_new] = notices.try_emplace({user, in}, noted{{user, in, seq, seq, now}, due});
      if (at->second.due) at->second.row.last_seq = seq;
    }
  }
  std::vector<kept_version> kept_versions;
  void keep_version(const message& m, message_kind becomes) {
    const bool is_stream = m.kind == message_kind::text_stream;
    if (webhooks.empty() || m.recalled || (is_stream && becomes == message_kind::text_stream)) return;
    kept_versions.push_back({.conversation_id = m.conversation_id,
                             .seq = m.seq,
                             .edits = is_stream ? was_stream : m.edits,
                             .kind = m.kind,
                             .content = is_stream ? "" : m.content,
                             .ext = is_stream ? std::nullopt : m.ext});
  }
  std::size_t member_lists_read = 0; ///< by changes
  std::map<user_id, erasure> erasures;
  std::vector<audit_entry> audit; ///< by id

  /// Nothing: there is none.
  conversation* find(const user_id& from, const peer_or_group& with);
  conversation& make_direct(const user_id& one, const user_id& other);
  message& add(conversation& to, message entry);
  std::vector<reaction_tally> tallies_of(std::int64_t in, std::int64_t seq, const user_id& user) const;
  membership membership_of(const user_id& user, const conversation& in) const;
  /// A message has it, or it is an avatar.
  bool is_kept(const std::string& id) const;
  std::optional<stored_file> find_file(const file_question& question, wall_time now) const;
  void keep_file(const std::string& id) {
    if (const auto at = files.find(id); at != files.end() && at->second.state == 1) at->second.due.reset();
  }
};

class memory_store final : public store {
public:
  std::unique_ptr<message_writer> make_writer() override;
  std::unique_ptr<message_reader> make_reader() override;
  std::string_view kind() const override { return "memory"; }

  const memory_state& state() const { return state_; }
  /// Takes no changes.
  bool is_away = false;

private:
  memory_state state_;
};

} // namespace hongyan::testing
