#include "bench/push.hpp"

#include "bench/chat_tail.hpp"
#include "bench/crowd.hpp"
#include "bench/http_client.hpp"
#include "bench/ledger.hpp"
#include "bench/names.hpp"
#include "bench/process_stats.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cmath>
#include <deque>
#include <iostream>
#include <random>

namespace hongyan::bench {

namespace {

/// Sockets that open at the same time.
constexpr std::size_t opening_at_once = 64;
/// Not counted: for caches, and for the server to have filled its windows.
constexpr std::chrono::seconds warm_up{2};
constexpr std::chrono::seconds warm_up_max{10};
/// Of an open loop at its rate, after the warm-up at full speed.
constexpr std::chrono::seconds rate_warm_up{1};
/// Chats in a full window (classic.window); a run with emptier ones would measure something cheaper.
constexpr std::size_t window_chats = 50;
/// For answers after the last push; the server has its own deadline for each.
constexpr std::chrono::seconds answers_deadline{40};
/// For frames after the last answer.
constexpr std::chrono::seconds sightings_deadline{10};
constexpr std::chrono::milliseconds look{10};
/// Connections of an open loop: for answers that take up to so long on average, within bounds.
constexpr double pool_seconds = 0.5;
constexpr std::size_t pool_min = 64;
constexpr std::size_t pool_max = 1024;
/// CPU of processes that do not take part, above which figures are not to be trusted.
constexpr double others_cores_max = 0.1;

double milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

double seconds(steady_time::duration d) { return std::chrono::duration<double>(d).count(); }

/// CPU seconds of all that take part, at one moment.
struct cpu_reading {
  double bench = own_cpu_seconds();
  double machine = machine_cpu_seconds();
  std::optional<double> server{};
  std::optional<double> database{};
};

/// A run's state. All on the shard's thread.
class push_run final : private crowd::listener, private http_client::source {
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
  void received(socket_client& client, const std::string& frame) override;
  bool next(http_client& client, std::string& body) override;
  void answered(http_client& client, unsigned status) override;
  void failed(http_client& client, const std::string& why, bool in_flight) override;
  void ended(http_client&) override { --senders_alive_; }

  asio::awaitable<bool> open_sockets();
  void spawn_senders();
  void start_all_senders();
  asio::awaitable<void> fill_windows();
  asio::awaitable<void> generate(steady_time from, steady_time until);
  asio::awaitable<void> measure();
  asio::awaitable<void> settle();
  asio::awaitable<void> end_clients();
  void take_second(const cpu_reading& before, const cpu_reading& now, double length);

  std::pair<std::uint32_t, std::uint32_t> pick_pair();
  bool is_counted(steady_time due) const { return due >= from_ && due < until_; }
  cpu_reading read_cpu() const;
  report tell();
  void tell_latencies(report& r) const;
  void tell_costs(report& r) const;
  void tell_plots(report& r) const;

  runtime& where_;
  const options& asked_;
  ledger ledger_;
  crowd users_;
  std::vector<caf::actor> senders_;
  std::vector<std::uint64_t> in_flight_; ///< by sender: the number of its push
  std::vector<std::uint32_t> idle_;      ///< senders, the latest used last
  std::deque<steady_time> due_;          ///< open loop: pushes that no sender has taken yet
  std::vector<std::int64_t> known_;      ///< by user: the newest id its socket has shown
  std::vector<tail_chat> news_;          ///< reused by every frame
  std::minstd_rand random_{std::random_device{}()};
  std::map<unsigned, std::uint64_t> statuses_;  ///< of answers that were no 200
  std::map<std::string, std::uint64_t> broken_; ///< connections of senders
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
  std::uint64_t frame_bytes_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t whole_new_frames_ = 0;
  std::uint64_t waited_ = 0; ///< due pushes that found no idle sender
  std::uint64_t unrelated_ = 0;
  std::uint64_t filled_ = 0;
  std::size_t senders_alive_ = 0;
  pace pace_ = pace::stopped;
  bool generating_ = false;
};

push_run::push_run(runtime& where, const options& asked)
    : where_(where)
    , asked_(asked)
    , ledger_(run_tag())
    , users_(where, asked.server, first_user(), *this)
    , known_(asked.users) {}

asio::awaitable<report> push_run::run() {
  const bool all_open = co_await open_sockets(); // in the if itself GCC 12 mislays the coroutine's frame
  if (all_open) {
    spawn_senders();
    co_await fill_windows();
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

void push_run::spawn_senders() {
  auto count = asked_.senders;
  if (asked_.rate > 0)
    count =
        std::max(count, std::clamp(static_cast<std::size_t>(asked_.rate * pool_seconds), pool_min, pool_max));
  in_flight_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i)
    senders_.push_back(spawn_on<http_client>(where_.system(), where_.shard(), where_.shard(), asked_.server,
                                             i, static_cast<http_client::source&>(*this)));
  senders_alive_ = count;
}

/// Each connects and asks for a push, and then again after every answer. An open loop's further connections
/// wait.
void push_run::start_all_senders() {
  idle_.clear();
  for (const auto& sender : senders_) caf::anon_send(sender, caf::publish_atom::value);
}

/// Closed loop at full speed until windows are full, whatever pace is measured then.
asio::awaitable<void> push_run::fill_windows() {
  const auto begin = where_.shard().now();
  pace_ = pace::closed_loop;
  start_all_senders();
  const auto needed = asked_.users * window_chats / 2; // a push is a chat in two windows
  for (;;) {
    co_await pause(where_.shard(), look);
    const auto passed = where_.shard().now() - begin;
    if (passed >= warm_up_max || (passed >= warm_up && acknowledged_ >= needed)) break;
  }
  filled_ = acknowledged_;
  if (asked_.rate == 0) co_return;
  pace_ = pace::stopped;
  while (ledger_.unanswered_count() > 0 && where_.shard().now() - begin < answers_deadline)
    co_await pause(where_.shard(), look);
}

/// Makes pushes due at even distances, and wakes a sender for each.
asio::awaitable<void> push_run::generate(steady_time from, steady_time until) {
  generating_ = true;
  const std::chrono::duration<double> distance(1 / asked_.rate);
  for (std::uint64_t made = 0;;) {
    const auto due =
        from + std::chrono::duration_cast<steady_time::duration>(distance * static_cast<double>(made));
    if (due >= until) break;
    if (due > where_.shard().now()) {
      co_await pause_until(where_.shard(), due);
      continue;
    }
    due_.push_back(due);
    ++made;
    if (idle_.empty()) {
      ++waited_;
    } else {
      caf::anon_send(senders_[idle_.back()], caf::publish_atom::value);
      idle_.pop_back();
    }
  }
  generating_ = false;
}

asio::awaitable<void> push_run::measure() {
  auto& shard = where_.shard();
  if (asked_.rate > 0) {
    pace_ = pace::open_loop;
    const auto begin = shard.now();
    from_ = begin + rate_warm_up;
    until_ = from_ + asked_.duration;
    asio::co_spawn(shard.io(), generate(begin, until_), asio::detached);
    co_await pause_until(shard, from_);
    waited_ = 0;
  } else {
    from_ = shard.now();
    until_ = from_ + asked_.duration;
  }
  cpu_before_ = cpu_after_ = read_cpu();
  auto last = from_;
  acknowledged_in_second_ = 0;
  acknowledge_second_.clear();
  deliver_second_.clear();
  for (int i = 1; last < until_; ++i) {
    co_await pause_until(shard, std::min(from_ + std::chrono::seconds(i), until_));
    const auto now = shard.now();
    const auto cpu = read_cpu();
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
  while ((generating_ || !due_.empty() || ledger_.unanswered_count() > 0) && where_.shard().now() < deadline)
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
  for (const auto& sender : senders_) caf::anon_send_exit(sender, caf::exit_reason::user_shutdown);
  while (senders_alive_ > 0) co_await pause(where_.shard(), look);
  senders_.clear();
  co_await users_.close();
}

/// While windows are filled each user has its turn; then it is random.
std::pair<std::uint32_t, std::uint32_t> push_run::pick_pair() {
  const auto users = static_cast<std::uint32_t>(asked_.users);
  if (from_ == steady_time::max()) {
    const auto turn = ledger_.pushes();
    const auto from = static_cast<std::uint32_t>(turn % users);
    const auto step = static_cast<std::uint32_t>(turn / users % (users - 1)) + 1;
    return {from, (from + step) % users};
  }
  const auto from = std::uniform_int_distribution<std::uint32_t>(0, users - 1)(random_);
  const auto to = std::uniform_int_distribution<std::uint32_t>(0, users - 2)(random_);
  return {from, to < from ? to : to + 1};
}

bool push_run::next(http_client& client, std::string& body) {
  const auto now = where_.shard().now();
  auto due = now;
  if (pace_ == pace::open_loop && !due_.empty()) {
    due = due_.front();
    due_.pop_front();
  } else if (pace_ != pace::closed_loop || client.index() >= asked_.senders) {
    idle_.push_back(client.index());
    return false;
  }
  const auto [from, to] = pick_pair();
  const auto number = in_flight_[client.index()] = ledger_.sent(from, to, due, now);
  body += R"({"userId":)";
  body += std::to_string(users_.user(from));
  body += R"(,"targetUserId":)";
  body += std::to_string(users_.user(to));
  body += R"(,"content":")";
  ledger_.append_content(body, number, asked_.content_bytes);
  body += R"("})";
  return true;
}

void push_run::answered(http_client& client, unsigned status) {
  const auto number = in_flight_[client.index()];
  if (status != 200) {
    ++statuses_[status];
    ledger_.refused(number);
    return;
  }
  const auto now = where_.shard().now();
  const auto due = ledger_.acknowledged(number, now);
  ++acknowledged_;
  ++acknowledged_in_second_;
  if (is_counted(due)) acknowledge_second_.record(static_cast<std::uint64_t>((now - due).count()));
}

void push_run::failed(http_client& client, const std::string& why, bool in_flight) {
  ++broken_[why];
  if (in_flight) ledger_.unanswered(in_flight_[client.index()]);
}

void push_run::received(socket_client& client, const std::string& frame) {
  const auto user = client.index();
  ++frames_;
  frame_bytes_ += frame.size();
  auto& known = known_[user];
  switch (read_tail(frame, known, news_)) {
  case tail_state::known_reached: break;
  case tail_state::whole_read:
    if (known > 0) ++whole_new_frames_;
    break;
  case tail_state::unreadable:
    ledger_.fault("a frame that is not an array of chats",
                  "user #" + std::to_string(user) + ": " + frame.substr(0, 80));
    return;
  case tail_state::not_ascending:
    ledger_.fault("a frame whose ids do not ascend", "user #" + std::to_string(user));
    return;
  }
  if (news_.empty()) return;
  known = news_.back().id;
  const auto now = where_.shard().now();
  for (const auto& chat : news_) {
    const auto sighting = ledger_.seen(user, chat.content);
    if (!sighting) {
      ++unrelated_;
    } else if (sighting->by_receiver && is_counted(sighting->due)) {
      deliver_second_.record(static_cast<std::uint64_t>((now - sighting->due).count()));
    }
  }
}

cpu_reading push_run::read_cpu() const {
  cpu_reading now;
  if (asked_.server_pid != 0) now.server = cpu_seconds(asked_.server_pid);
  if (asked_.database_pid != 0) now.database = cpu_seconds_with_children(asked_.database_pid);
  return now;
}

report push_run::tell() {
  report r{.scenario = "push", .summary = {}};
  r.summary = std::to_string(asked_.users) + " users, " +
              (asked_.rate > 0 ? "open loop at " + fixed(asked_.rate, 0) + "/s over up to " +
                                     std::to_string(in_flight_.size()) + " connections"
                               : "closed loop of " + std::to_string(asked_.senders) + " senders") +
              ", contents of " + std::to_string(asked_.content_bytes) + " bytes, " +
              std::to_string(asked_.duration.count()) + " s";
  r.failures = failures_;
  for (auto& line : ledger_.faults()) r.failures.push_back(std::move(line));
  if (acknowledged_counted_ == 0) r.failures.emplace_back("not one push was acknowledged");
  if (whole_new_frames_ > 0)
    (ledger_.unseen_count() > 0 ? r.failures : r.notes)
        .push_back(
            std::to_string(whole_new_frames_) +
            " frames held nothing that their socket knew: it lagged by a whole window, and what slid out of "
            "it in between was not shown" +
            (ledger_.unseen_count() > 0 ? " (that may explain what was not seen)" : " (nothing is missing)"));
  if (filled_ < asked_.users * window_chats / 2)
    r.notes.emplace_back("windows were not full when measuring began; a frame then costs less");
  if (asked_.server_pid == 0)
    r.notes.emplace_back("the server's process was not found: no CPU figures of it");
  if (unrelated_ > 0)
    r.notes.push_back(std::to_string(unrelated_) + " chats that this run did not push were seen");

  tell_latencies(r);
  tell_costs(r);
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
  for (const auto& [status, count] : statuses_)
    r.figures.push_back({"status" + std::to_string(status), "pushes answered " + std::to_string(status),
                         static_cast<double>(count)});
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
        {"waitedForConnection", "due pushes that found no free connection", static_cast<double>(waited_)});
}

void push_run::tell_costs(report& r) const {
  const auto pushes = static_cast<double>(std::max<std::uint64_t>(acknowledged_counted_, 1));
  const auto each = [&](std::optional<double> before, std::optional<double> after) -> std::optional<double> {
    if (!before || !after) return {};
    return (*after - *before) * 1e6 / pushes;
  };
  const auto server = each(cpu_before_.server, cpu_after_.server);
  const auto database = each(cpu_before_.database, cpu_after_.database);
  if (server) r.figures.push_back({"serverCpuUsPerPush", "CPU of the server, a push", *server, "µs", 1});
  if (database)
    r.figures.push_back({"databaseCpuUsPerPush", "CPU of the database, a push", *database, "µs", 1});
  if (server && database)
    r.figures.push_back(
        {"bothCpuUsPerPush", "CPU of server and database, a push", *server + *database, "µs", 1});
  r.figures.push_back({"benchCpuUsPerPush", "CPU of the bench itself, a push",
                       *each(cpu_before_.bench, cpu_after_.bench), "µs", 1});
  if (server) { // without the server's share it would be counted as another's
    const auto taking_part = (cpu_after_.bench - cpu_before_.bench) +
                             (*cpu_after_.server - *cpu_before_.server) +
                             (database ? *cpu_after_.database - *cpu_before_.database : 0);
    const auto others =
        std::max(0.0, cpu_after_.machine - cpu_before_.machine - taking_part) / seconds(asked_.duration);
    r.figures.push_back({"othersCores", "CPU of everything else meanwhile", others, "cores", 2});
    if (others > others_cores_max)
      r.notes.push_back("other processes used " + fixed(others, 2) +
                        " cores meanwhile: on a quiet machine there is more throughput and less latency");
  }
  r.figures.push_back({"frames", "frames received", static_cast<double>(frames_)});
  r.figures.push_back(
      {"meanFrameBytes", "bytes of a frame, on average",
       static_cast<double>(frame_bytes_) / static_cast<double>(std::max<std::uint64_t>(frames_, 1)), "B"});
  r.figures.push_back({"receivedMiB", "received over WebSockets",
                       static_cast<double>(users_.bytes_received()) / (1 << 20), "MiB", 1});
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
