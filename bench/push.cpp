#include "bench/push.hpp"

#include "bench/cpu_use.hpp"
#include "bench/dialect.hpp"
#include "bench/ledger.hpp"
#include "bench/pace.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cmath>
#include <deque>
#include <iostream>
#include <random>

namespace hongyan::bench {

namespace {

/// Sockets that open at the same time.
constexpr std::size_t opening_at_once = 64;
/// Not counted: for caches, and for the server to have filled its windows.
constexpr std::chrono::seconds warm_up_min{2};
constexpr std::chrono::seconds warm_up_max{10};
/// Of an open loop at its rate, after the warm-up at full speed.
constexpr std::chrono::seconds rate_warm_up{1};
/// Chats in a full window (classic.window); a run with emptier ones would measure something cheaper.
constexpr std::size_t window_chats = 50;
/// For answers after the last push; the server has its own deadline for each.
constexpr std::chrono::seconds answers_deadline{40};
/// For frames after the last answer.
constexpr std::chrono::seconds sightings_deadline{10};
/// Connections of an open loop: for answers that take up to so long on average, within bounds.
constexpr double pool_seconds = 0.5;
constexpr std::size_t pool_min = 64;
constexpr std::size_t pool_max = 1024;

double seconds(steady_time::duration d) { return std::chrono::duration<double>(d).count(); }

std::string on_nodes(const options& asked) {
  if (asked.servers.size() == 1) return "";
  return ", on " + std::to_string(asked.servers.size()) + " nodes" +
         (asked.pairs == pairing::same_node      ? ", to users of the same node"
          : asked.pairs == pairing::across_nodes ? ", to users of other nodes"
                                                 : "");
}

/// A run's state. All on the shard's thread.
class push_run final : private dialect::listener {
public:
  push_run(runtime& where, const options& asked);

  asio::awaitable<report> run();

private:
  enum class pace : std::uint8_t { stopped, closed_loop, open_loop };

  /// One second of the run.
  struct second {
    double at;
    double acknowledged;
    double p50, p90, p99;
    double delivered_p99;
    double bench, server, database; ///< CPU, in cores
  };

  // from the sockets and the senders
  std::optional<dialect::letter> next(std::uint32_t sender) override;
  void stored(std::uint32_t sender) override;
  void refused(std::uint32_t sender, const std::string& code) override;
  void broke(std::uint32_t sender, const std::string& why, bool in_flight) override;
  void seen(std::uint32_t user, std::uint64_t number) override;

  asio::awaitable<bool> open_sockets();
  std::size_t sender_count() const;
  void start_all_senders();
  asio::awaitable<void> warm_up();
  void make_due(steady_time due);
  asio::awaitable<void> measure();
  asio::awaitable<void> settle();
  asio::awaitable<void> end_clients();
  void take_second(const cpu_reading& before, const cpu_reading& now, double length);

  std::pair<std::uint32_t, std::uint32_t> pick_pair(std::uint32_t sender);
  bool may_pair(std::uint32_t from, std::uint32_t to) const;
  bool is_counted(steady_time due) const { return due >= from_ && due < until_; }
  report tell();
  void tell_latencies(report& r) const;
  void tell_plots(report& r) const;

  runtime& where_;
  const options& asked_;
  ledger ledger_;
  std::unique_ptr<dialect> speech_;
  crowd& users_;
  std::vector<std::uint64_t> in_flight_; ///< by sender: the number of its push
  std::vector<std::uint32_t> idle_;      ///< senders, the latest used last
  std::deque<steady_time> due_;          ///< open loop: pushes that no sender has taken yet
  std::minstd_rand random_{std::random_device{}()};
  std::map<std::string, std::uint64_t> refusals_; ///< by code
  std::map<std::string, std::uint64_t> broken_;   ///< connections of senders
  std::vector<std::string> failures_;

  histogram acknowledge_, acknowledge_second_; ///< nanoseconds
  histogram deliver_, deliver_second_;
  std::vector<second> seconds_;
  cpu_reading cpu_before_, cpu_after_;
  steady_time from_ = steady_time::max(); ///< what is due between these is counted
  steady_time until_ = steady_time::max();
  std::uint64_t acknowledged_ = 0;         ///< in all
  std::uint64_t acknowledged_counted_ = 0; ///< between from_ and until_
  std::uint64_t acknowledged_in_second_ = 0;
  std::uint64_t waited_ = 0; ///< due pushes that found no idle sender
  std::uint64_t needed_ = 0; ///< acknowledged pushes that fill all windows; 0: there are none in v1
  std::uint64_t filled_ = 0;
  pace pace_ = pace::stopped;
  bool generating_ = false;
};

push_run::push_run(runtime& where, const options& asked)
    : where_(where)
    , asked_(asked)
    , speech_(make_dialect(where, asked, *this))
    , users_(speech_->users())
    , needed_(asked.speaks == protocol::classic ? asked.users * window_chats / 2 : 0) {
} // a push is in two windows

asio::awaitable<report> push_run::run() {
  const bool all_open = co_await open_sockets(); // in the if itself GCC 12 mislays the coroutine's frame
  if (all_open) {
    in_flight_.resize(sender_count());
    speech_->add_senders(in_flight_.size());
    co_await warm_up();
    co_await measure();
    co_await settle();
  }
  co_await end_clients();
  co_return tell();
}

asio::awaitable<bool> push_run::open_sockets() {
  co_await users_.open(asked_.users, opening_at_once, 0);
  co_return users_.failed_count() == 0;
}

std::size_t push_run::sender_count() const {
  if (asked_.rate == 0) return asked_.senders;
  return std::max(asked_.senders,
                  std::clamp(static_cast<std::size_t>(asked_.rate * pool_seconds), pool_min, pool_max));
}

/// Each asks for a push, and then again after every answer. An open loop's further senders wait.
void push_run::start_all_senders() {
  idle_.clear();
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) speech_->wake(i);
}

/// Closed loop at full speed until windows are full, whatever pace is measured then.
asio::awaitable<void> push_run::warm_up() {
  const auto begin = where_.shard().now();
  pace_ = pace::closed_loop;
  start_all_senders();
  for (;;) {
    co_await pause(where_.shard(), look);
    const auto passed = where_.shard().now() - begin;
    if (passed >= warm_up_max || (passed >= warm_up_min && acknowledged_ >= needed_)) break;
  }
  filled_ = acknowledged_;
  if (asked_.rate == 0) co_return;
  pace_ = pace::stopped;
  while (ledger_.unanswered_count() > 0 && where_.shard().now() - begin < answers_deadline)
    co_await pause(where_.shard(), look);
}

void push_run::make_due(steady_time due) {
  due_.push_back(due);
  if (idle_.empty()) {
    ++waited_;
    return;
  }
  if (asked_.servers.size() > 1) // the latest used would be of one node for long
    std::swap(idle_[std::uniform_int_distribution<std::size_t>(0, idle_.size() - 1)(random_)], idle_.back());
  const auto sender = idle_.back();
  idle_.pop_back();
  speech_->wake(sender);
}

asio::awaitable<void> push_run::measure() {
  auto& shard = where_.shard();
  if (asked_.rate > 0) {
    pace_ = pace::open_loop;
    const auto begin = shard.now();
    from_ = begin + rate_warm_up;
    until_ = from_ + asked_.duration;
    generating_ = true;
    asio::co_spawn(
        shard.io(),
        at_even_distances(shard, begin, until_, asked_.rate, [this](steady_time due) { make_due(due); }),
        [this](const std::exception_ptr&) { generating_ = false; });
    co_await pause_until(shard, from_);
    waited_ = 0;
  } else {
    from_ = shard.now();
    until_ = from_ + asked_.duration;
  }
  cpu_before_ = cpu_after_ = read_cpu(asked_);
  auto last = from_;
  acknowledged_in_second_ = 0;
  acknowledge_second_.clear();
  deliver_second_.clear();
  for (int i = 1; last < until_; ++i) {
    co_await pause_until(shard, std::min(from_ + std::chrono::seconds(i), until_));
    const auto now = shard.now();
    const auto cpu = read_cpu(asked_);
    take_second(cpu_after_, cpu, seconds(now - last));
    cpu_after_ = cpu;
    last = now;
  }
  if (pace_ == pace::closed_loop) pace_ = pace::stopped;
}

void push_run::take_second(const cpu_reading& before, const cpu_reading& now, double length) {
  const auto cores = [&](std::optional<double> a, std::optional<double> b) {
    return a && b ? (*b - *a) / length : 0.0;
  };
  const second s{.at = static_cast<double>(seconds_.size() + 1),
                 .acknowledged = static_cast<double>(acknowledged_in_second_) / length,
                 .p50 = milliseconds(acknowledge_second_.percentile(50)),
                 .p90 = milliseconds(acknowledge_second_.percentile(90)),
                 .p99 = milliseconds(acknowledge_second_.percentile(99)),
                 .delivered_p99 = milliseconds(deliver_second_.percentile(99)),
                 .bench = cores(before.bench, now.bench),
                 .server = cores(before.server, now.server),
                 .database = cores(before.database, now.database)};
  std::cerr << "push " << fixed(s.at, 0) << " s: " << fixed(s.acknowledged, 0) << " pushes/s, p50 "
            << fixed(s.p50, 2) << " ms, p99 " << fixed(s.p99, 2) << " ms, delivered p99 "
            << fixed(s.delivered_p99, 2) << " ms\n";
  seconds_.push_back(s);
  acknowledged_counted_ += acknowledged_in_second_;
  acknowledged_in_second_ = 0;
  acknowledge_.add(acknowledge_second_);
  acknowledge_second_.clear();
  deliver_.add(deliver_second_);
  deliver_second_.clear();
}

/// Waits for the answers that are outstanding, then for what both ends have not seen yet.
asio::awaitable<void> push_run::settle() {
  auto deadline = where_.shard().now() + answers_deadline;
  const auto awaits = [this] { return !due_.empty() || ledger_.unanswered_count() > 0; };
  while ((generating_ || (awaits() && users_.open_count() > 0)) && where_.shard().now() < deadline)
    co_await pause(where_.shard(), look);
  pace_ = pace::stopped;
  if (ledger_.unanswered_count() > 0)
    failures_.push_back(std::to_string(ledger_.unanswered_count()) + " pushes were not answered at all");
  deadline = where_.shard().now() + sightings_deadline;
  while (ledger_.unseen_count() > 0 && users_.open_count() > 0 && where_.shard().now() < deadline)
    co_await pause(where_.shard(), look);
  acknowledge_.add(acknowledge_second_);
  deliver_.add(deliver_second_);
}

asio::awaitable<void> push_run::end_clients() {
  const auto lost = users_.failed_count();
  if (lost > 0)
    failures_.push_back(std::to_string(lost) + " of " + std::to_string(asked_.users) + " sockets failed");
  for (const auto& line : users_.faults()) failures_.push_back(line);
  co_await speech_->end_senders();
  co_await users_.close();
}

bool push_run::may_pair(std::uint32_t from, std::uint32_t to) const {
  const auto nodes = asked_.servers.size();
  return from != to && (asked_.pairs == pairing::any ||
                        (asked_.pairs == pairing::same_node) == (from % nodes == to % nodes));
}

/// While windows are filled each user has its turn; then it is random. Users of a cluster write by the node
/// they are on.
std::pair<std::uint32_t, std::uint32_t> push_run::pick_pair(std::uint32_t sender) {
  const auto users = static_cast<std::uint32_t>(asked_.users);
  if (from_ == steady_time::max()) {
    const auto turn = ledger_.pushes();
    const auto from = static_cast<std::uint32_t>(turn % users);
    const auto step = static_cast<std::uint32_t>(turn / users % (users - 1)) + 1;
    auto to = (from + step) % users;
    while (!may_pair(from, to)) to = (to + 1) % users;
    return {from, to};
  }
  std::uniform_int_distribution<std::uint32_t> any(0, users - 1);
  auto from = any(random_);
  if (asked_.speaks == protocol::classic) { // whose senders are connections to the nodes in turn
    const auto nodes = static_cast<std::uint32_t>(asked_.servers.size());
    from = from / nodes * nodes + sender % nodes;
    if (from >= users) from -= nodes;
  }
  for (std::uint32_t tried = 0; tried < users && !speech_->may_send(from); ++tried) from = (from + 1) % users;
  auto to = any(random_);
  while (!may_pair(from, to)) to = any(random_);
  return {from, to};
}

std::optional<dialect::letter> push_run::next(std::uint32_t sender) {
  const auto now = where_.shard().now();
  auto due = now;
  if (pace_ == pace::open_loop && !due_.empty()) {
    due = due_.front();
    due_.pop_front();
  } else if (pace_ != pace::closed_loop || sender >= asked_.senders) {
    idle_.push_back(sender);
    return {};
  }
  const auto [from, to] = pick_pair(sender);
  const auto number = in_flight_[sender] = ledger_.sent(from, to, due, now);
  return dialect::letter{from, to, number};
}

void push_run::stored(std::uint32_t sender) {
  const auto now = where_.shard().now();
  const auto due = ledger_.acknowledged(in_flight_[sender], now);
  ++acknowledged_;
  ++acknowledged_in_second_;
  if (is_counted(due)) acknowledge_second_.record(static_cast<std::uint64_t>((now - due).count()));
}

void push_run::refused(std::uint32_t sender, const std::string& code) {
  ++refusals_[code];
  ledger_.refused(in_flight_[sender]);
}

void push_run::broke(std::uint32_t sender, const std::string& why, bool in_flight) {
  ++broken_[why];
  if (in_flight) ledger_.unanswered(in_flight_[sender]);
}

void push_run::seen(std::uint32_t user, std::uint64_t number) {
  const auto sighting = ledger_.seen(user, number);
  if (sighting && sighting->by_receiver && is_counted(sighting->due))
    deliver_second_.record(static_cast<std::uint64_t>((where_.shard().now() - sighting->due).count()));
}

report push_run::tell() {
  report r{.scenario = "push", .summary = {}};
  r.summary = std::to_string(asked_.users) + (asked_.speaks == protocol::v1 ? " users of v1, " : " users, ") +
              (asked_.rate > 0 ? "open loop at " + fixed(asked_.rate, 0) + "/s over up to " +
                                     std::to_string(in_flight_.size()) + " connections"
                               : "closed loop of " + std::to_string(asked_.senders) + " senders") +
              on_nodes(asked_) + ", contents of " + std::to_string(asked_.content_bytes) + " bytes, " +
              std::to_string(asked_.duration.count()) + " s";
  r.failures = failures_;
  for (auto& line : ledger_.faults()) r.failures.push_back(std::move(line));
  if (acknowledged_counted_ == 0) r.failures.emplace_back("not one push was acknowledged");
  if (filled_ < needed_)
    r.notes.emplace_back("windows were not full when measuring began; a frame then costs less");

  tell_latencies(r);
  tell_cpu(r, cpu_before_, cpu_after_, asked_.duration, acknowledged_counted_, "push");
  speech_->tell(r, ledger_.unseen_count() > 0);
  tell_plots(r);
  return r;
}

void push_run::tell_latencies(report& r) const {
  const auto rate = static_cast<double>(acknowledged_counted_) / seconds(asked_.duration);
  r.figures = {
      {"pushesPerSecond", "pushes acknowledged", rate, "/s", rate < 1000 ? 1 : 0},
      {"acknowledgeP50Ms", "acknowledged after, p50", milliseconds(acknowledge_.percentile(50)), "ms", 3},
      {"acknowledgeP90Ms", "acknowledged after, p90", milliseconds(acknowledge_.percentile(90)), "ms", 3},
      {"acknowledgeP99Ms", "acknowledged after, p99", milliseconds(acknowledge_.percentile(99)), "ms", 3},
      {"acknowledgeMaxMs", "acknowledged after, max", milliseconds(acknowledge_.max()), "ms", 3},
      {"deliverP50Ms", "seen by the receiver after, p50", milliseconds(deliver_.percentile(50)), "ms", 3},
      {"deliverP99Ms", "seen by the receiver after, p99", milliseconds(deliver_.percentile(99)), "ms", 3},
      {"deliverMaxMs", "seen by the receiver after, max", milliseconds(deliver_.max()), "ms", 3},
      {"checkedPushes", "pushes seen by both ends, once, in order", static_cast<double>(ledger_.complete())},
  };
  for (const auto& [code, count] : refusals_)
    r.figures.push_back({"status" + code, "pushes answered " + code, static_cast<double>(count)});
  std::uint64_t broken = 0;
  for (const auto& [why, count] : broken_) {
    broken += count;
    r.notes.push_back(std::to_string(count) + " × a sender: " + why);
  }
  if (broken > 0)
    r.figures.push_back(
        {"brokenConnections", "connections of senders that broke", static_cast<double>(broken)});
  if (asked_.rate > 0)
    r.figures.push_back(
        {"waitedForConnection", "due pushes that found no free sender", static_cast<double>(waited_)});
}

void push_run::tell_plots(report& r) const {
  std::vector<double> at;
  for (const auto& s : seconds_) at.push_back(s.at);
  const auto line = [&](const std::string& name, double second::*value) {
    plot::line l{name, {}};
    for (const auto& s : seconds_) l.values.push_back(s.*value);
    return l;
  };
  plot cpu{"cpu", "CPU, cores", at, {line("bench", &second::bench)}};
  if (cpu_before_.server) cpu.lines.push_back(line("server", &second::server));
  if (cpu_before_.database) cpu.lines.push_back(line("database", &second::database));
  r.plots = {
      {"throughput", "Pushes acknowledged a second", at, {line("pushes/s", &second::acknowledged)}},
      {"latency",
       "Latency, ms",
       at,
       {line("acknowledged p50", &second::p50), line("acknowledged p90", &second::p90),
        line("acknowledged p99", &second::p99), line("seen by the receiver p99", &second::delivered_p99)}},
      std::move(cpu)};
}

} // namespace

asio::awaitable<report> run_push(runtime& where, const options& asked) {
  push_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
