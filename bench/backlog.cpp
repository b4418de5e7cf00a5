#include "bench/backlog.hpp"

#include "bench/v1_text.hpp"
#include "core/bounds/limits.hpp"

#include <iostream>

namespace hongyan::bench {

namespace {

/// So many has a person who uses the thing.
constexpr std::size_t conversations = 50;
/// Without any answer.
constexpr std::chrono::seconds stall_max{40};

} // namespace

backlog::backlog(runtime& where, const options& asked, std::uint64_t first_user, const contents& what,
                 log_book& log)
    : where_(where)
    , asked_(asked)
    , first_user_(first_user)
    , contents_(what)
    , log_(log)
    , peers_(where, asked.servers, protocol::v1, first_user + asked.users, *this)
    , sending_(conversations)
    , known_(asked.users) {}

asio::awaitable<bool> backlog::fill() {
  co_await peers_.open(conversations, conversations, 0);
  for (auto& p : sending_) p.wanted = asked_.users;
  co_await send_all();
  starting_ = false;
  if (failures_.empty()) {
    for (std::uint32_t i = 0; i < conversations; ++i)
      sending_[i] = {0, asked_.users * (asked_.missed / conversations + (i < asked_.missed % conversations))};
    const auto begin = where_.shard().now();
    co_await send_all();
    const auto took = std::chrono::duration<double>(where_.shard().now() - begin).count();
    if (failures_.empty()) stored_per_second_ = static_cast<double>(asked_.users * asked_.missed) / took;
  }
  for (const auto& line : peers_.faults()) failures_.push_back(line);
  co_await peers_.close();
  co_return failures_.empty();
}

asio::awaitable<void> backlog::send_all() {
  for (std::uint32_t from = 0; from < conversations; ++from)
    for (std::size_t i = 0; i < sends_in_flight_max; ++i) send_next(from);
  auto seen_answers = answers_;
  auto progress = where_.shard().now();
  auto shown = progress;
  while (answers_ < receivers_.size() && failures_.empty() && peers_.failed_count() == 0) {
    co_await pause(where_.shard(), look);
    const auto now = where_.shard().now();
    if (answers_ != seen_answers) progress = now;
    seen_answers = answers_;
    if (now - progress > stall_max) failures_.emplace_back("messages to store were not answered");
    if (now - shown < std::chrono::seconds(1)) continue;
    shown = now;
    std::cerr << "sync: " << answers_ << " of " << asked_.users * (conversations + asked_.missed)
              << " messages stored\n";
  }
}

void backlog::send_next(std::uint32_t from) {
  auto& p = sending_[from];
  if (p.sent == p.wanted || !failures_.empty()) return;
  const auto user = static_cast<std::uint32_t>(p.sent++ % asked_.users);
  receivers_.push_back(user);
  const auto number = receivers_.size();
  id_.clear();
  contents_.append(id_, number, 0);
  content_.clear();
  contents_.append(content_, number, asked_.content_bytes);
  peers_.send(from, send_request(number, user_place(first_user_ + user), id_, content_));
}

void backlog::received(socket_client& client, const std::string& frame) {
  const auto text = read_text(frame);
  if (text.id == 0 && text.kind != v1_kind::unreadable) return; // a heartbeat's, or its own message as stored
  const auto m = text.kind == v1_kind::result ? read_message(text.body) : std::nullopt;
  if (!m || text.id > receivers_.size()) {
    if (failures_.empty())
      failures_.push_back("a message to store was answered " +
                          (text.kind == v1_kind::failure ? read_failure(text.body) : beginning_of(frame)));
    return;
  }
  ++answers_;
  const auto user = receivers_[text.id - 1];
  if (starting_) {
    known_[user].emplace_back(m->conversation, m->seq);
    log_.joins(user, m->conversation, m->seq);
  } else {
    log_.acknowledged(m->conversation, m->seq, text.id);
  }
  send_next(client.index());
}

} // namespace hongyan::bench
