#include "actors/history.hpp"

#include "actors/v1_reads.hpp"

#include <algorithm>
#include <span>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// What nobody waits for any more would only delay those who do, after a database was away. Whatever a store
/// throws all the same is a fault of ours.
template <class Answer, class Look>
Answer answer_in_time(steady_time until, Look look_up) {
  if (std::chrono::steady_clock::now() > until)
    return {.failure = error{errc::unavailable, "the database was too slow"}};
  try {
    return look_up();
  } catch (const std::exception& e) {
    spdlog::critical("event=uncaught_exception where=history what=\"{}\"", e.what());
    return {.failure = error{errc::internal, "a fault of the server; its log says more"}};
  }
}

history_answer latest_for(message_reader& reader, const history_query& query) {
  auto found = reader.latest(query);
  if (!found) return {.failure = found.error()};
  return {{}, std::make_shared<const std::vector<message>>(std::move(*found))};
}

/// Adds what one answer has read to the figures.
class rows_counted {
public:
  rows_counted(const message_reader& reader, metrics& figures)
      : reader_(reader)
      , figures_(figures)
      , before_(reader.rows_read()) {}
  rows_counted(const rows_counted&) = delete;
  rows_counted& operator=(const rows_counted&) = delete;
  ~rows_counted() { figures_.rows_read.Increment(static_cast<double>(reader_.rows_read() - before_)); }

private:
  const message_reader& reader_;
  metrics& figures_;
  std::uint64_t before_;
};

/// Who is in the group now, and was at each of its entries. Errors: unavailable.
result<void> address(message_reader& reader, std::span<committed_message> entries) {
  auto members = reader.members(entries.front().stored->conversation_id, "", group_members_max);
  if (!members) return members.error();
  audience_ptr last;
  for (auto& entry : entries) {
    const auto was_in = [&](const group_member& m) { return m.joined_seq <= entry.stored->seq; };
    // Ascending by seq, so that an audience of the same size is the same one.
    if (!last || std::ranges::count_if(*members, was_in) != std::ssize(*last)) {
      auto audience = std::make_shared<std::vector<user_id>>();
      for (const auto& m : *members)
        if (was_in(m)) audience->push_back(m.user);
      last = std::move(audience);
    }
    entry.audience = last;
  }
  return {};
}

log_answer log_for(message_reader& reader, const log_question& question) {
  auto found = reader.log(question.ranges);
  if (!found) return {.failure = found.error()};
  log_answer answer;
  for (auto& m : *found) answer.entries.push_back({std::make_shared<const message>(std::move(m)), {}});
  for (auto begin = answer.entries.begin(); begin != answer.entries.end();) {
    const auto end = std::find_if(begin, answer.entries.end(), [&](const committed_message& m) {
      return m.stored->conversation_id != begin->stored->conversation_id;
    });
    if (begin->stored->to.is_group())
      if (auto addressed = address(reader, {begin, end}); !addressed) return {.failure = addressed.error()};
    begin = end;
  }
  return answer;
}

} // namespace

history_actor::behavior_type history(history_actor::pointer, std::shared_ptr<message_reader> reader,
                                     flow* admitted, metrics* figures) {
  return {
      [reader, admitted, figures](query_atom, const history_question& question) {
        const lease taken(admitted->history, 1);
        const rows_counted scope(*reader, *figures);
        return answer_in_time<history_answer>(question.until,
                                              [&] { return latest_for(*reader, question.query); });
      },
      [reader, admitted, figures](query_atom, const v1_question& question) {
        const lease taken(admitted->history, 1);
        const rows_counted scope(*reader, *figures);
        return answer_in_time<v1_answer>(question.until, [&] {
          return read_for(*reader, question.user, question.what, admitted->epoch());
        });
      },
      [reader, admitted, figures](query_atom, const activity_question& question) {
        const lease taken(admitted->history, 1);
        const rows_counted scope(*reader, *figures);
        return answer_in_time<activity_answer>(question.until, [&]() -> activity_answer {
          auto found = reader->active(question.users, question.since);
          if (!found) return {.failure = found.error()};
          return {.rows = *std::move(found)};
        });
      },
      [reader, admitted, figures](query_atom, const log_question& question) {
        const lease taken(admitted->history, 1);
        const rows_counted scope(*reader, *figures);
        return answer_in_time<log_answer>(question.until, [&] { return log_for(*reader, question); });
      },
  };
}

} // namespace hongyan
