/// A session that remembers what it is told, and does nothing by itself.
#pragma once

#include "actors/interfaces.hpp"

#include <string>
#include <vector>

namespace hongyan::test {

using heard = std::vector<std::string>;

inline session_actor::behavior_type recording_session(session_actor::pointer, heard* log) {
  return {
      [log](bound_atom) { log->push_back("bound"); },
      [log](deliver_atom, const delivery_ptr& d) {
        std::string ids = d->reload ? "reload" : "chats";
        for (const auto& c : d->chats) ids += " " + std::to_string(c.id);
        log->push_back(ids);
      },
      [log](deliver_atom, const news_ptr& n) {
        log->push_back("news " + std::to_string(n->conversation_id) + ":" + std::to_string(n->last_seq));
      },
      [log](notify_atom, const shared_frames& f) { log->push_back(f->substr(f->find('{'))); },
      [log](close_atom, close_code code) {
        log->push_back("close " + std::to_string(static_cast<unsigned>(code)));
      },
      [log](revoke_atom, std::int64_t at_us) { log->push_back("revoke " + std::to_string(at_us)); },
      [](const history_answer&) {},
  };
}

} // namespace hongyan::test
