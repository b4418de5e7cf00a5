#include "bench/v1_dialect.hpp"

#include "core/bounds/limits.hpp"

namespace hongyan::bench {

bool v1_dialect::may_send(std::uint32_t user) const { return under_way_[user] < sends_in_flight_max; }

/// A request's id is its sender's number, from 1.
void v1_dialect::wake(std::uint32_t sender) {
  auto& carried = carried_[sender];
  if (carried) return;
  carried = told_.next(sender);
  if (!carried) return;
  ++under_way_[carried->from];
  if (!users_.is_open(carried->from)) {
    put_down(sender);
    return told_.broke(sender, "its user's socket is not open", true);
  }
  id_.clear();
  contents_.append(id_, carried->number, 0);
  content_.clear();
  contents_.append(content_, carried->number, asked_.content_bytes);
  users_.send(carried->from, send_request(sender + 1, user_place(users_.user(carried->to)), id_, content_));
}

dialect::letter v1_dialect::put_down(std::uint32_t sender) {
  const auto message = *std::exchange(carried_[sender], {});
  --under_way_[message.from];
  return message;
}

void v1_dialect::read(std::uint32_t user, const std::string& frame) {
  const auto text = read_text(frame);
  switch (text.kind) {
  case v1_kind::message:
    if (const auto m = read_message(text.body)) {
      log_.seen(user, m->conversation, m->seq, show(user, m->content));
      return;
    }
    break;
  case v1_kind::result:
  case v1_kind::failure:
    if (text.id != 0) take_answer(user, text);
    return;
  case v1_kind::session:
  case v1_kind::other: return;
  case v1_kind::messages: // nobody has asked for many
  case v1_kind::unreadable: break;
  }
  log_.fault("a text that cannot be read", "user #" + std::to_string(user) + ": " + beginning_of(frame));
}

void v1_dialect::take_answer(std::uint32_t user, const v1_text& answer) {
  const auto sender = static_cast<std::uint32_t>(answer.id - 1);
  if (answer.id > carried_.size() || !carried_[sender] || carried_[sender]->from != user) {
    log_.fault("an answer to no request", "user #" + std::to_string(user));
    return;
  }
  const auto number = put_down(sender).number;
  if (answer.kind == v1_kind::failure) {
    log_.refused(number);
    const auto failure = read_failure(answer.body);
    told_.refused(sender, failure.substr(0, failure.find(' ')));
  } else {
    if (const auto m = read_message(answer.body)) {
      log_.acknowledged(m->conversation, m->seq, number);
    } else {
      log_.fault("a result without its message", beginning_of(answer.body));
    }
    told_.stored(sender);
  }
  wake(sender);
}

void v1_dialect::sender_lost(std::uint32_t user) {
  for (std::uint32_t sender = 0; sender < carried_.size(); ++sender) {
    if (!carried_[sender] || carried_[sender]->from != user) continue;
    put_down(sender);
    told_.broke(sender, "its user's socket was lost", true);
  }
}

void v1_dialect::tell_more(report& r, bool) {
  for (auto& line : log_.faults()) r.failures.push_back(std::move(line));
}

} // namespace hongyan::bench
