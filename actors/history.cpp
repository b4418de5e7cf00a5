#include "actors/history.hpp"

namespace hongyan {

history_actor::behavior_type history(history_actor::pointer, std::shared_ptr<message_reader> reader) {
  return {
      [reader = std::move(reader)](query_atom, const history_query& query) {
        auto found = reader->latest(query);
        if (!found) return history_answer{found.error(), nullptr};
        return history_answer{{}, std::make_shared<const std::vector<message>>(std::move(*found))};
      },
  };
}

} // namespace hongyan
