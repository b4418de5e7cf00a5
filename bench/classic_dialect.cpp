#include "bench/classic_dialect.hpp"

namespace hongyan::bench {

namespace {} // namespace

void classic_dialect::add_senders(std::size_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    senders_.push_back(spawn_on<http_client>(where_.system(), where_.shard(), where_.shard(),
                                             asked_.servers[i % asked_.servers.size()], i,
                                             static_cast<http_client::source&>(*this)));
  senders_alive_ = count;
}

void classic_dialect::wake(std::uint32_t sender) {
  caf::anon_send(senders_[sender], caf::publish_atom::value);
}

asio::awaitable<void> classic_dialect::end_senders() {
  for (const auto& sender : senders_) caf::anon_send_exit(sender, caf::exit_reason::user_shutdown);
  while (senders_alive_ > 0) co_await pause(where_.shard(), look);
  senders_.clear();
}

bool classic_dialect::next(http_client& client, std::string& body) {
  const auto message = told_.next(client.index());
  if (!message) return false;
  body += R"({"userId":)";
  body += std::to_string(users_.user(message->from));
  body += R"(,"targetUserId":)";
  body += std::to_string(users_.user(message->to));
  body += R"(,"content":")";
  contents_.append(body, message->number, asked_.content_bytes);
  body += R"("})";
  return true;
}

void classic_dialect::answered(http_client& client, unsigned status) {
  if (status == 200) {
    told_.stored(client.index());
  } else {
    told_.refused(client.index(), std::to_string(status));
  }
}

void classic_dialect::failed(http_client& client, const std::string& why, bool in_flight) {
  told_.broke(client.index(), why, in_flight);
}

void classic_dialect::read(std::uint32_t user, const std::string& frame) {
  auto& known = known_[user];
  switch (read_tail(frame, known, news_)) {
  case tail_state::known_reached: break;
  case tail_state::whole_read:
    if (known > 0) ++whole_new_frames_;
    break;
  case tail_state::unreadable:
    faults_.add("a frame that is not an array of chats",
                "user #" + std::to_string(user) + ": " + beginning_of(frame));
    return;
  case tail_state::not_ascending:
    faults_.add("a frame whose ids do not ascend", "user #" + std::to_string(user));
    return;
  }
  if (news_.empty()) return;
  known = news_.back().id;
  for (const auto& chat : news_) show(user, chat.content);
}

void classic_dialect::tell_more(report& r, bool missing) {
  for (auto& line : faults_.lines()) r.failures.push_back(std::move(line));
  if (whole_new_frames_ > 0)
    (missing ? r.failures : r.notes)
        .push_back(
            std::to_string(whole_new_frames_) +
            " frames held nothing that their socket knew: it lagged by a whole window, and what slid out of "
            "it in between was not shown" +
            (missing ? " (that may explain what was not seen)" : " (nothing is missing)"));
}

} // namespace hongyan::bench
