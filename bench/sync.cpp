#include "bench/sync.hpp"

#include "bench/backlog.hpp"
#include "bench/cpu_use.hpp"
#include "bench/names.hpp"
#include "bench/server_figures.hpp"
#include "bench/v1_text.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <iostream>
#include <limits>

namespace hongyan::bench {

namespace {

/// The server writes in the background what it has acknowledged a moment ago.
constexpr std::chrono::seconds settling{1};
/// Before a refused sync is tried again.
constexpr std::chrono::milliseconds retry_pause{200};
/// Without any answer.
constexpr std::chrono::seconds stall_max{30};
constexpr std::uint64_t sync_id = 1;
/// Errors that say: later.
constexpr std::string_view rate_limited = "-32029";
constexpr std::string_view unavailable = "-32053";
constexpr std::string_view rows_metric = "hongyan_rows_read_total";

/// A run's state. All on the shard's thread.
class sync_run final : private crowd::listener {
public:
  sync_run(runtime& where, const options& asked)
      : where_(where)
      , asked_(asked)
      , contents_(run_tag())
      , first_(first_user())
      , missed_(where, asked, first_, contents_, log_)
      , users_(where, asked.servers, protocol::v1, first_, *this)
      , came_(asked.users)
      , resuming_(asked.users) {}

  asio::awaitable<report> run();

private:
  bool opened(socket_client& client) override;
  void received(socket_client& client, const std::string& frame) override;
  void lost(socket_client& client) override { resuming_[client.index()] = nullptr; }
  void opening() override;

  asio::awaitable<void> resume_all();
  void ask(socket_client& client);
  asio::awaitable<void> ask_later(std::uint32_t user);
  void take_page(socket_client& client, std::string_view body);
  void finish(socket_client& client);
  report tell();

  runtime& where_;
  const options& asked_;
  contents contents_;
  log_book log_;
  std::uint64_t first_;
  backlog missed_;
  crowd users_;
  std::vector<std::uint64_t> came_;      ///< by user: messages
  std::vector<socket_client*> resuming_; ///< by user; null: not yet, or done
  std::vector<v1_message> page_;         ///< reused by every answer
  std::vector<std::string> failures_;
  histogram resumes_; ///< nanoseconds
  plot progress_{"progress", "Users back", {0}, {{"back", {0}}}};
  cpu_reading cpu_before_, cpu_after_;
  std::optional<double> rows_before_, rows_after_;
  steady_time begun_{};
  steady_time ended_{};
  steady_time heard_{};
  steady_time shown_{};
  std::uint64_t messages_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t refused_ = 0;
  std::size_t put_off_ = 0; ///< calls that wait to be repeated
};

asio::awaitable<report> sync_run::run() {
  const bool filled = co_await missed_.fill();
  if (filled) {
    co_await pause(where_.shard(), settling);
    co_await resume_all();
  }
  co_return tell();
}

asio::awaitable<void> sync_run::resume_all() {
  const auto page_before = co_await fetch_metrics(where_.shard(), asked_.server());
  rows_before_ = metric_value(page_before, rows_metric);
  cpu_before_ = read_cpu(asked_);
  begun_ = ended_ = heard_ = shown_ = where_.shard().now();
  co_await users_.open(asked_.users, asked_.at_once, 0);
  cpu_after_ = read_cpu(asked_);
  const auto page_after = co_await fetch_metrics(where_.shard(), asked_.server());
  rows_after_ = metric_value(page_after, rows_metric);
  if (users_.failed_count() > 0)
    failures_.push_back(std::to_string(users_.failed_count()) + " of " + std::to_string(asked_.users) +
                        " sockets failed");
  for (const auto& line : users_.faults()) failures_.push_back(line);
  while (put_off_ > 0) co_await pause(where_.shard(), retry_pause);
  co_await users_.close();
  for (std::size_t i = 0; i < came_.size(); ++i)
    if (came_[i] != asked_.missed)
      log_.fault("not exactly what was missed",
                 std::to_string(came_[i]) + " messages at user #" + std::to_string(i));
}

bool sync_run::opened(socket_client& client) {
  resuming_[client.index()] = &client;
  ask(client);
  return false;
}

void sync_run::ask(socket_client& client) {
  ++calls_;
  client.send(sync_request(sync_id, client.epoch(), missed_.known()[client.index()]));
}

asio::awaitable<void> sync_run::ask_later(std::uint32_t user) {
  ++put_off_;
  co_await pause(where_.shard(), retry_pause);
  --put_off_;
  if (resuming_[user] != nullptr) ask(*resuming_[user]);
}

void sync_run::received(socket_client& client, const std::string& frame) {
  heard_ = where_.shard().now();
  const auto text = read_text(frame);
  const auto user = client.index();
  if (text.kind == v1_kind::result && text.id == sync_id) return take_page(client, text.body);
  if (text.kind == v1_kind::failure) {
    const auto failure = read_failure(text.body);
    if (failure.starts_with(rate_limited) || failure.starts_with(unavailable)) {
      ++refused_;
      asio::co_spawn(where_.shard().io(), ask_later(user), asio::detached);
    } else {
      log_.fault("a sync was refused", failure);
      finish(client);
    }
  } else if (text.kind == v1_kind::message || text.kind == v1_kind::unreadable) {
    log_.fault("a text that is not expected", "user #" + std::to_string(user) + ": " + beginning_of(frame));
  }
}

void sync_run::take_page(socket_client& client, std::string_view body) {
  const auto user = client.index();
  auto& known = missed_.known()[user];
  const auto facts = read_sync(body, page_);
  if (!facts || facts->reset) {
    log_.fault(facts ? "positions were called void" : "a result of sync that cannot be read",
               "user #" + std::to_string(user) + ": " + beginning_of(body));
    return finish(client);
  }
  auto at = known.begin(); // a conversation's messages come together
  for (const auto& m : page_) {
    if (at == known.end() || at->first != m.conversation)
      at = std::ranges::find(known, m.conversation, &std::pair<std::int64_t, std::int64_t>::first);
    const auto number = contents_.number_of(m.content);
    if (at == known.end() || !number) {
      log_.fault("a message that was not sent to the user", "user #" + std::to_string(user));
      continue;
    }
    at->second = m.seq;
    log_.seen(user, m.conversation, m.seq, *number);
  }
  came_[user] += page_.size();
  messages_ += page_.size();
  if (facts->has_more && !page_.empty()) return ask(client);
  if (facts->has_more) log_.fault("hasMore, but nothing came", "user #" + std::to_string(user));
  finish(client);
}

void sync_run::finish(socket_client& client) {
  resuming_[client.index()] = nullptr;
  ended_ = where_.shard().now();
  resumes_.record(static_cast<std::uint64_t>((ended_ - client.begun()).count()));
  users_.settled(client);
}

void sync_run::opening() {
  const auto now = where_.shard().now();
  if (now - heard_ > stall_max) {
    for (auto* client : resuming_) {
      if (client == nullptr) continue;
      log_.fault("a sync without an answer", "user #" + std::to_string(client->index()));
      finish(*client);
    }
    return;
  }
  if (now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  progress_.seconds.push_back(std::chrono::duration<double>(now - begun_).count());
  progress_.lines[0].values.push_back(static_cast<double>(resumes_.count()));
  std::cerr << "sync: " << resumes_.count() << " of " << asked_.users << " users are back\n";
}

report sync_run::tell() {
  report r{.scenario = "sync", .summary = {}};
  r.summary = std::to_string(asked_.users) + " users who missed " + std::to_string(asked_.missed) +
              " messages each in 50 conversations come back, " + std::to_string(asked_.at_once) +
              " at a time";
  r.failures = missed_.failures();
  for (const auto& line : failures_) r.failures.push_back(line);
  if (r.failures.empty() || messages_ > 0)
    for (auto& line : log_.faults()) r.failures.push_back(std::move(line));
  if (messages_ == 0) r.failures.emplace_back("not one message came");
  if (refused_ > 0)
    r.notes.push_back(std::to_string(refused_) + " calls of sync were put off by the server and repeated");

  const auto took = std::max(std::chrono::duration<double>(ended_ - begun_).count(), 1e-9);
  const auto messages = static_cast<double>(std::max<std::uint64_t>(messages_, 1));
  const auto users = static_cast<double>(asked_.users);
  const auto bytes = static_cast<double>(users_.bytes_received());
  r.figures = {
      {"resumeP50Ms", "connect and have it all, p50", milliseconds(resumes_.percentile(50)), "ms", 2},
      {"resumeP99Ms", "connect and have it all, p99", milliseconds(resumes_.percentile(99)), "ms", 2},
      {"resumeMaxMs", "connect and have it all, max", milliseconds(resumes_.max()), "ms", 2},
      {"messagesPerSecond", "messages that came", static_cast<double>(messages_) / took, "/s"},
      {"callsPerResume", "calls of sync, a user", static_cast<double>(calls_) / users, "", 1},
      {"bytesPerMessage", "received over WebSockets, a message", bytes / messages, "B"},
      {"receivedMiB", "received over WebSockets", bytes / (1 << 20), "MiB", 1},
      {"rowsReadPerMessage", "rows that the server read, a message",
       rows_before_ && rows_after_ ? (*rows_after_ - *rows_before_) / messages
                                   : std::numeric_limits<double>::quiet_NaN(),
       "", 2},
      {"checkedMessages", "messages that came once, in order", static_cast<double>(messages_)},
      {"storedPerSecond", "messages stored before, by 50 senders", missed_.stored_per_second(), "/s"},
  };
  tell_cpu(r, cpu_before_, cpu_after_, ended_ - begun_, messages_, "message");
  r.plots = {progress_};
  return r;
}

} // namespace

asio::awaitable<report> run_sync(runtime& where, const options& asked) {
  sync_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
