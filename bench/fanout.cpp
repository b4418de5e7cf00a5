#include "bench/fanout.hpp"

#include "bench/contents.hpp"
#include "bench/cpu_use.hpp"
#include "bench/crowd.hpp"
#include "bench/echo.hpp"
#include "bench/log_book.hpp"
#include "bench/names.hpp"
#include "bench/pace.hpp"
#include "bench/v1_text.hpp"
#include "core/bounds/limits.hpp"
#include "core/wire/ws_codec.hpp"

#include <boost/asio/co_spawn.hpp>
#include <deque>
#include <iostream>
#include <limits>

namespace hongyan::bench {

namespace {

constexpr std::size_t opening_at_once = 64;
/// For the group's first entry to reach all members.
constexpr std::chrono::seconds group_deadline{10};
/// Not counted.
constexpr std::chrono::seconds warm_up{1};
/// For answers after the last message; the server has its own deadline for each.
constexpr std::chrono::seconds answers_deadline{40};
/// For notifications after the last answer.
constexpr std::chrono::seconds sightings_deadline{10};
constexpr std::chrono::seconds echo_duration{2};
/// The request that makes the group; those of messages have the message's number.
constexpr std::uint64_t create_id = std::numeric_limits<std::uint32_t>::max();

std::string without_dash(std::string tag) {
  tag.pop_back();
  return tag;
}

/// A run's state. All on the shard's thread.
class fanout_run final : private crowd::listener {
public:
  fanout_run(runtime& where, const options& asked)
      : where_(where)
      , asked_(asked)
      , tag_(run_tag())
      , contents_(tag_)
      , group_(without_dash(tag_))
      , place_(group_place(group_))
      , users_(where, asked.servers, asked.speaks, first_user(), *this)
      , under_way_(asked.users) {}

  asio::awaitable<report> run();

private:
  /// A message, by number - 1.
  struct sent_message {
    steady_time due;
    std::uint32_t seen = 0; ///< by so many members
    bool answered = false;
  };

  void received(socket_client& client, const std::string& frame) override;
  void lost(socket_client& client) override;
  void take_answer(std::uint32_t member, const v1_text& answer);
  void take_message(std::uint32_t member, const v1_message& m, std::size_t text_bytes);

  asio::awaitable<bool> make_group();
  void send_due(steady_time due);
  void send_waiting();
  asio::awaitable<void> measure();
  void take_second(const cpu_reading& before, const cpu_reading& now, std::chrono::duration<double> length);
  asio::awaitable<void> settle();
  std::size_t unanswered() const { return messages_.size() - answers_; }
  bool is_counted(steady_time due) const { return due >= from_ && due < until_; }
  report tell();

  runtime& where_;
  const options& asked_;
  std::string tag_;
  contents contents_;
  std::string group_;
  std::string place_;
  log_book log_;
  crowd users_;
  std::vector<std::uint32_t> under_way_; ///< by member: messages without an answer
  std::vector<sent_message> messages_;
  std::deque<steady_time> waiting_; ///< due, but no member may have another one under way
  std::string id_;                  ///< reused by every message
  std::string content_;
  std::vector<v1_message> together_; ///< reused by every text
  std::vector<std::string> failures_;
  std::string refusal_; ///< the first
  echo_figures echo_;

  histogram acknowledge_, deliver_, complete_; ///< nanoseconds
  histogram deliver_second_;
  plot throughput_{"throughput", "Deliveries a second", {}, {{"deliveries/s", {}}}};
  plot latency_{"latency", "Latency of deliveries, ms", {}, {{"p50", {}}, {"p99", {}}}};
  plot cpu_{"cpu", "CPU, cores", {}, {{"bench", {}}, {"server", {}}, {"database", {}}}};
  cpu_reading cpu_before_, cpu_after_;
  steady_time from_ = steady_time::max(); ///< what is due between these is counted
  steady_time until_ = steady_time::max();
  std::uint64_t answers_ = 0;
  std::uint64_t acknowledged_counted_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t deliveries_ = 0; ///< in all
  std::uint64_t deliveries_in_second_ = 0;
  std::uint64_t deliveries_counted_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  std::uint32_t turn_ = 0; ///< the member that sends next
  bool has_group_ = false;
  bool generating_ = false;
  bool closed_loop_ = false; ///< and running: every answer lets the next message out
};

asio::awaitable<report> fanout_run::run() {
  co_await users_.open(asked_.users, opening_at_once, 0);
  if (users_.failed_count() == 0) {
    const bool made = co_await make_group();
    if (made) {
      co_await measure();
      co_await settle();
    }
  }
  if (users_.failed_count() > 0)
    failures_.push_back(std::to_string(users_.failed_count()) + " of " + std::to_string(asked_.users) +
                        " sockets failed");
  for (const auto& line : users_.faults()) failures_.push_back(line);
  co_await users_.close();
  if (deliveries_ > 0) {
    std::cerr << "fanout: the bare echo, " << echo_duration.count() << " s\n";
    const auto text_bytes = delivered_bytes_ / deliveries_;
    const auto frame_bytes = text_bytes + ws::header(ws::opcode::text, text_bytes).size();
    echo_ = co_await measure_echo(where_, asked_.users, frame_bytes, echo_duration);
    if (!echo_.failure.empty()) failures_.push_back(echo_.failure);
  }
  co_return tell();
}

/// The first member makes it. All are there when each has seen its first entry.
asio::awaitable<bool> fanout_run::make_group() {
  std::vector<std::uint64_t> members;
  for (std::size_t i = 1; i < asked_.users; ++i) members.push_back(users_.user(i));
  users_.send(0, create_group_request(create_id, group_, members));
  const auto deadline = where_.shard().now() + group_deadline;
  while (!(has_group_ && log_.reader_count() == asked_.users) && failures_.empty() &&
         where_.shard().now() < deadline)
    co_await pause(where_.shard(), look);
  if (failures_.empty() && !has_group_) failures_.emplace_back("group.create was not answered");
  if (failures_.empty() && log_.reader_count() < asked_.users)
    failures_.push_back("the group's first entry reached " + std::to_string(log_.reader_count()) + " of " +
                        std::to_string(asked_.users) + " members");
  co_return failures_.empty();
}

void fanout_run::send_due(steady_time due) {
  waiting_.push_back(due);
  send_waiting();
}

/// Members send in turn; who has as many under way as the server takes is passed over.
void fanout_run::send_waiting() {
  for (std::size_t tried = 0; !waiting_.empty() && tried < asked_.users; ++tried) {
    const auto member = turn_;
    turn_ = (turn_ + 1) % static_cast<std::uint32_t>(asked_.users);
    if (under_way_[member] >= sends_in_flight_max || !users_.is_open(member)) continue;
    messages_.push_back({waiting_.front()});
    waiting_.pop_front();
    ++under_way_[member];
    const auto number = messages_.size();
    id_.clear();
    contents_.append(id_, number, 0);
    content_.clear();
    contents_.append(content_, number, asked_.content_bytes);
    users_.send(member, send_request(number, place_, id_, content_));
    tried = 0;
  }
}

asio::awaitable<void> fanout_run::measure() {
  auto& shard = where_.shard();
  const auto begin = shard.now();
  from_ = begin + warm_up;
  until_ = from_ + asked_.duration;
  if (asked_.rate > 0) {
    generating_ = true;
    asio::co_spawn(
        shard.io(),
        at_even_distances(shard, begin, until_, asked_.rate, [this](steady_time due) { send_due(due); }),
        [this](const std::exception_ptr&) { generating_ = false; });
  } else {
    closed_loop_ = true;
    for (std::size_t i = 0; i < asked_.senders; ++i) send_due(shard.now());
  }
  co_await pause_until(shard, from_);
  deliveries_in_second_ = 0;
  deliver_second_.clear();
  cpu_before_ = cpu_after_ = read_cpu(asked_);
  auto last = shard.now();
  for (int i = 1; last < until_; ++i) {
    co_await pause_until(shard, std::min(from_ + std::chrono::seconds(i), until_));
    const auto now = shard.now();
    const auto cpu = read_cpu(asked_);
    take_second(cpu_after_, cpu, now - last);
    cpu_after_ = cpu;
    last = now;
  }
  closed_loop_ = false;
}

void fanout_run::take_second(const cpu_reading& before, const cpu_reading& now,
                             std::chrono::duration<double> length) {
  const auto at = static_cast<double>(throughput_.seconds.size() + 1);
  const auto rate = static_cast<double>(deliveries_in_second_) / length.count();
  const auto p50 = milliseconds(deliver_second_.percentile(50));
  const auto p99 = milliseconds(deliver_second_.percentile(99));
  std::cerr << "fanout " << fixed(at, 0) << " s: " << fixed(rate, 0) << " deliveries/s, p50 " << fixed(p50, 2)
            << " ms, p99 " << fixed(p99, 2) << " ms\n";
  for (auto* p : {&throughput_, &latency_, &cpu_}) p->seconds.push_back(at);
  throughput_.lines[0].values.push_back(rate);
  latency_.lines[0].values.push_back(p50);
  latency_.lines[1].values.push_back(p99);
  const auto cores = [&](std::optional<double> a, std::optional<double> b) {
    return a && b ? (*b - *a) / length.count() : 0.0;
  };
  cpu_.lines[0].values.push_back(cores(before.bench, now.bench));
  cpu_.lines[1].values.push_back(cores(before.server, now.server));
  cpu_.lines[2].values.push_back(cores(before.database, now.database));
  deliveries_counted_ += deliveries_in_second_;
  deliveries_in_second_ = 0;
  deliver_.add(deliver_second_);
  deliver_second_.clear();
}

asio::awaitable<void> fanout_run::settle() {
  auto deadline = where_.shard().now() + answers_deadline;
  const auto awaits = [this] { return !waiting_.empty() || unanswered() > 0; };
  while ((generating_ || (awaits() && users_.open_count() > 0)) && where_.shard().now() < deadline)
    co_await pause(where_.shard(), look);
  if (unanswered() > 0)
    failures_.push_back(std::to_string(unanswered()) + " messages were not answered at all");
  deadline = where_.shard().now() + sightings_deadline;
  while (log_.behind_count() > 0 && users_.open_count() > 0 && where_.shard().now() < deadline)
    co_await pause(where_.shard(), look);
  deliver_.add(deliver_second_);
}

void fanout_run::received(socket_client& client, const std::string& frame) {
  const auto text = read_text(frame);
  switch (text.kind) {
  case v1_kind::message:
    if (const auto m = read_message(text.body)) {
      take_message(client.index(), *m, frame.size());
      return;
    }
    break;
  case v1_kind::messages:
    if (read_messages(text.body, together_)) {
      for (const auto& m : together_) take_message(client.index(), m, frame.size() / together_.size());
      return;
    }
    break;
  case v1_kind::result:
  case v1_kind::failure:
    if (text.id != 0) take_answer(client.index(), text);
    return;
  case v1_kind::session:
  case v1_kind::other: return;
  case v1_kind::unreadable: break;
  }
  log_.fault("a text that cannot be read",
             "member #" + std::to_string(client.index()) + ": " + beginning_of(frame));
}

void fanout_run::take_message(std::uint32_t member, const v1_message& m, std::size_t text_bytes) {
  const auto number = contents_.number_of(m.content).value_or(0);
  log_.seen(member, m.conversation, m.seq, number);
  if (number == 0) return; // the group's own entry
  if (number > messages_.size()) {
    log_.fault("never sent, but seen", "message " + std::to_string(number));
    return;
  }
  ++deliveries_;
  ++deliveries_in_second_;
  delivered_bytes_ += text_bytes;
  auto& message = messages_[number - 1];
  ++message.seen;
  if (!is_counted(message.due)) return;
  const auto took = static_cast<std::uint64_t>((where_.shard().now() - message.due).count());
  deliver_second_.record(took);
  if (message.seen == asked_.users) complete_.record(took);
}

void fanout_run::take_answer(std::uint32_t member, const v1_text& answer) {
  if (answer.id == create_id) {
    has_group_ = answer.kind == v1_kind::result;
    if (!has_group_) failures_.push_back("group.create was answered " + read_failure(answer.body));
    return;
  }
  if (answer.id > messages_.size() || messages_[answer.id - 1].answered) {
    log_.fault("an answer to no request", "member #" + std::to_string(member));
    return;
  }
  auto& message = messages_[answer.id - 1];
  message.answered = true;
  ++answers_;
  --under_way_[member];
  if (answer.kind == v1_kind::failure) {
    if (++refused_ == 1) refusal_ = read_failure(answer.body);
    log_.refused(answer.id);
  } else if (const auto m = read_message(answer.body)) {
    log_.acknowledged(m->conversation, m->seq, answer.id);
    if (is_counted(message.due)) {
      ++acknowledged_counted_;
      acknowledge_.record(static_cast<std::uint64_t>((where_.shard().now() - message.due).count()));
    }
  } else {
    log_.fault("a result without its message", beginning_of(answer.body));
  }
  if (closed_loop_) {
    send_due(where_.shard().now());
  } else {
    send_waiting();
  }
}

/// What it had under way may have been stored or not.
void fanout_run::lost(socket_client& client) { answers_ += std::exchange(under_way_[client.index()], 0); }

report fanout_run::tell() {
  report r{.scenario = "fanout", .summary = {}};
  r.summary = "a group of " + std::to_string(asked_.users) + " connected members, " +
              (asked_.speaks == protocol::v1_many ? "with many=true, " : "") +
              (asked_.rate > 0 ? "open loop at " + fixed(asked_.rate, 0) + " messages/s"
                               : "closed loop of " + std::to_string(asked_.senders) + " messages under way") +
              " by members in turn, contents of " + std::to_string(asked_.content_bytes) + " bytes, " +
              std::to_string(asked_.duration.count()) + " s";
  r.failures = failures_;
  for (auto& line : log_.faults()) r.failures.push_back(std::move(line));
  if (acknowledged_counted_ == 0) r.failures.emplace_back("not one message was acknowledged");
  if (refused_ > 0) r.notes.push_back(std::to_string(refused_) + " messages were refused: " + refusal_);

  const auto duration = std::chrono::duration<double>(asked_.duration).count();
  r.figures = {
      {"messagesPerSecond", "messages acknowledged", static_cast<double>(acknowledged_counted_) / duration,
       "/s", 1},
      {"deliveriesPerSecond", "deliveries", static_cast<double>(deliveries_counted_) / duration, "/s"},
      {"deliverP50Ms", "delivered after, p50", milliseconds(deliver_.percentile(50)), "ms", 3},
      {"deliverP99Ms", "delivered after, p99", milliseconds(deliver_.percentile(99)), "ms", 3},
      {"deliverMaxMs", "delivered after, max", milliseconds(deliver_.max()), "ms", 3},
      {"completeP50Ms", "delivered to the last member after, p50", milliseconds(complete_.percentile(50)),
       "ms", 3},
      {"completeP99Ms", "delivered to the last member after, p99", milliseconds(complete_.percentile(99)),
       "ms", 3},
      {"acknowledgeP50Ms", "acknowledged after, p50", milliseconds(acknowledge_.percentile(50)), "ms", 3},
      {"acknowledgeP99Ms", "acknowledged after, p99", milliseconds(acknowledge_.percentile(99)), "ms", 3},
      {"refused", "messages refused", static_cast<double>(refused_)},
  };
  tell_cpu(r, cpu_before_, cpu_after_, asked_.duration, deliveries_counted_, "delivery");
  if (deliveries_ > 0)
    r.figures.push_back({"meanFrameBytes", "bytes of a delivery, on average",
                         static_cast<double>(delivered_bytes_) / static_cast<double>(deliveries_), "B"});
  r.figures.push_back({"receivedMiB", "received over WebSockets",
                       static_cast<double>(users_.bytes_received()) / (1 << 20), "MiB", 1});
  r.figures.push_back({"echoFramesPerSecond", "a bare echo's frames", echo_.frames_per_second, "/s"});
  r.figures.push_back({"echoCpuUsPerFrame", "CPU of a bare echo, a frame", echo_.cpu_us_per_frame, "µs", 1});
  r.notes.emplace_back(
      "the bare echo: a thread of the bench reads frames of the same size from as many loopback "
      "sockets and writes them back, without WebSocket, JSON or database, while the bench's own "
      "thread sends each again; one frame is under way on each socket");
  r.plots = {throughput_, latency_, cpu_};
  return r;
}

} // namespace

asio::awaitable<report> run_fanout(runtime& where, const options& asked) {
  fanout_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
