/// A registry that remembers what it was told, and does nothing by itself.
#pragma once

#include "actors/interfaces.hpp"

#include <set>

namespace hongyan::test {

struct registry_log {
  int binds = 0;
  int unbinds = 0;
  int resyncs = 0;
  std::vector<std::int64_t> delivered; ///< ids of messages
  std::vector<audience_ptr> audiences; ///< of the same
  std::vector<read_note> reads;
  std::vector<typing_note> typings;
  std::vector<block_note> blocks;
  int watches_to_come = 0;
  std::vector<own_note> owns;
  std::vector<revocation> revocations;
  std::vector<user_id> watched;
  std::vector<reaction_note> reactions;
  std::vector<stream_note> streams;
  std::vector<stream_place> dropped;
  std::set<user_id> away; ///< all others are here
};

inline registry_actor::behavior_type recording_registry(registry_actor::pointer, registry_log* log) {
  return {
      [log](bind_atom, const user_id&, const session_facts&, const session_actor&) { ++log->binds; },
      [log](unbind_atom, const user_id&, const session_actor&) { ++log->unbinds; },
      [log](deliver_atom, const committed_ptr& batch) {
        for (const auto& m : batch->messages) {
          log->delivered.push_back(m.stored->id);
          log->audiences.push_back(m.audience);
        }
      },
      [log](read_atom, const read_note& note) { log->reads.push_back(note); },
      [log](notify_atom, const typing_note& note) { log->typings.push_back(note); },
      [](open_atom, const streams_actor&, const persistence_actor&) {},
      [log](notify_atom, const stream_note& note) { log->streams.push_back(note); },
      [log](drop_atom, const stream_place& at) { log->dropped.push_back(at); },
      [log](notify_atom, const reaction_note& note) { log->reactions.push_back(note); },
      [log](watch_soon_atom, const session_actor&) {
        ++log->watches_to_come;
        return caf::ok_atom::value;
      },
      [log](block_atom, const block_note& note) { log->blocks.push_back(note); },
      [log](notify_atom, const own_note& note) { log->owns.push_back(note); },
      [log](watch_atom, const std::vector<user_id>& users, const session_actor&) {
        log->watched.insert(log->watched.end(), users.begin(), users.end());
        return users;
      },
      [log](unwatch_atom, const std::vector<user_id>& users, const session_actor&) {
        for (const auto& user : users) std::erase(log->watched, user);
        return caf::ok_atom::value;
      },
      [](kick_atom, const user_id&) { return std::size_t{0}; },
      [log](revoke_atom, const revocation& r) {
        log->revocations.push_back(r);
        return std::size_t{0};
      },
      [log](revoke_atom, const revocation_list& all) {
        log->revocations.insert(log->revocations.end(), all->begin(), all->end());
      },
      [](trace_atom, const trace_question&) { return trace_answer{}; },
      [](online_atom) { return online_ptr{}; },
      [log](online_atom, std::vector<user_id> users) {
        std::erase_if(users, [log](const user_id& u) { return log->away.contains(u); });
        return users;
      },
      [](sessions_atom, const user_id&) { return session_list{}; },
      [](drain_atom) {},
      [log](resync_atom) { ++log->resyncs; },
      [](join_atom, const clustering&) {},
      [](peer_atom, const peer_change&) {},
      [](heard_atom, const peer_items_ptr&) {},
      [](timeline_atom, const database_timeline&) {},
      [](settled_atom, std::uint64_t) {},
      [](doubt_atom) {},
  };
}

} // namespace hongyan::test
