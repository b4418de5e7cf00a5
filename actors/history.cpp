#include "actors/history.hpp"

#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

history_answer failed(error e) { return {std::move(e), nullptr}; }

history_answer look_up(message_reader& reader, const history_question& question) {
  // What nobody waits for any more would only delay those who do, after a database was away.
  if (std::chrono::steady_clock::now() > question.until)
    return failed({errc::unavailable, "the database was too slow"});
  try {
    auto found = reader.latest(question.query);
    if (!found) return failed(found.error());
    return {{}, std::make_shared<const std::vector<message>>(std::move(*found))};
  } catch (const std::exception& e) {
    spdlog::critical("event=uncaught_exception where=history what=\"{}\"", e.what());
    return failed({errc::internal, "a fault of the server; its log says more"});
  }
}

} // namespace

history_actor::behavior_type history(history_actor::pointer, std::shared_ptr<message_reader> reader) {
  return {
      [reader = std::move(reader)](query_atom, const history_question& question) {
        return look_up(*reader, question);
      },
  };
}

} // namespace hongyan
