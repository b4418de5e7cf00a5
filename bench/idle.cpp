#include "bench/idle.hpp"

#include "bench/dialect.hpp"
#include "bench/ledger.hpp"
#include "bench/process_stats.hpp"

#include <iostream>

namespace hongyan::bench {

namespace {

constexpr std::size_t opening_at_once = 64;
/// A pace that a real server sees, not a storm: what a burst of handshakes needs at its peak is another
/// question.
constexpr double openings_per_second = 2'000;
/// For the server's memory to come to rest before it is read.
constexpr std::chrono::seconds settling{2};
constexpr std::chrono::seconds push_wait{10};

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

/// A run's state. All on the shard's thread.
class idle_run final : private dialect::listener {
public:
  idle_run(runtime& where, const options& asked)
      : where_(where)
      , asked_(asked)
      , speech_(make_dialect(where, asked, *this))
      , users_(speech_->users()) {}

  asio::awaitable<report> run();

private:
  void opening() override;
  std::optional<dialect::letter> next(std::uint32_t sender) override;
  void stored(std::uint32_t sender) override;
  void refused(std::uint32_t sender, const std::string& code) override;
  void broke(std::uint32_t sender, const std::string& why, bool in_flight) override;
  void seen(std::uint32_t user, std::uint64_t number) override { ledger_.seen(user, number); }

  asio::awaitable<void> hold(std::chrono::seconds duration, const char* what);
  asio::awaitable<void> push_one();
  void take_second(const char* what);
  std::optional<std::size_t> resident() const {
    return asked_.server_pids.empty() ? std::nullopt : resident_bytes(asked_.server_pids.front());
  }
  report tell();

  runtime& where_;
  const options& asked_;
  ledger ledger_;
  std::unique_ptr<dialect> speech_;
  crowd& users_;
  std::vector<std::string> failures_;
  plot memory_{"memory", "Resident memory of the server, MiB", {}, {{"resident", {}}}};
  plot connections_{"connections", "Connections open", {}, {{"open", {}}}};
  steady_time begun_{};
  steady_time shown_{};
  std::optional<std::size_t> before_, after_; ///< resident bytes of the server
  std::size_t opened_ = 0;
  std::size_t open_at_end_ = 0;
};

asio::awaitable<report> idle_run::run() {
  begun_ = shown_ = where_.shard().now();
  before_ = resident();
  co_await users_.open(asked_.users, opening_at_once, openings_per_second);
  opened_ = users_.open_count();
  co_await hold(settling, "settling");
  after_ = resident();
  co_await hold(asked_.duration, "holding");
  open_at_end_ = users_.open_count();
  if (open_at_end_ > 0) co_await push_one();
  if (users_.failed_count() > 0)
    failures_.push_back(std::to_string(users_.failed_count()) + " of " + std::to_string(asked_.users) +
                        " sockets failed");
  for (const auto& line : users_.faults()) failures_.push_back(line);
  co_await users_.close();
  co_return tell();
}

void idle_run::opening() {
  const auto now = where_.shard().now();
  if (now - shown_ < std::chrono::seconds(1)) return;
  shown_ = now;
  take_second("opening");
}

asio::awaitable<void> idle_run::hold(std::chrono::seconds duration, const char* what) {
  const auto until = where_.shard().now() + duration;
  while (where_.shard().now() < until) {
    co_await pause(where_.shard(), std::chrono::seconds(1));
    take_second(what);
  }
}

void idle_run::take_second(const char* what) {
  const auto at = std::chrono::duration<double>(where_.shard().now() - begun_).count();
  const auto bytes = mebibytes(resident().value_or(0));
  memory_.seconds.push_back(at);
  memory_.lines[0].values.push_back(bytes);
  connections_.seconds.push_back(at);
  connections_.lines[0].values.push_back(static_cast<double>(users_.open_count()));
  std::cerr << "idle " << fixed(at, 0) << " s: " << what << ", " << users_.open_count() << " open, "
            << users_.failed_count() << " failed, server " << fixed(bytes, 1) << " MiB\n";
}

/// From the first user to the last: both sockets are still of use.
asio::awaitable<void> idle_run::push_one() {
  speech_->add_senders(1);
  speech_->wake(0);
  const auto deadline = where_.shard().now() + push_wait;
  while (ledger_.complete() == 0 && where_.shard().now() < deadline) co_await pause(where_.shard(), look);
  if (ledger_.complete() == 0) failures_.emplace_back("a push to an idle user did not arrive at both ends");
  for (auto& line : ledger_.faults()) failures_.push_back(std::move(line));
  co_await speech_->end_senders();
}

std::optional<dialect::letter> idle_run::next(std::uint32_t) {
  if (ledger_.pushes() > 0) return {};
  const auto last = static_cast<std::uint32_t>(asked_.users - 1);
  const auto now = where_.shard().now();
  return dialect::letter{0, last, ledger_.sent(0, last, now, now)};
}

void idle_run::stored(std::uint32_t) { ledger_.acknowledged(1, where_.shard().now()); }

void idle_run::refused(std::uint32_t, const std::string& code) {
  ledger_.refused(1);
  failures_.push_back("a push to an idle user was answered " + code);
}

void idle_run::broke(std::uint32_t, const std::string& why, bool in_flight) {
  if (in_flight) ledger_.unanswered(1);
  failures_.push_back("a push to an idle user: " + why);
}

report idle_run::tell() {
  report r{.scenario = "idle",
           .summary = std::to_string(asked_.users) + " silent " +
                      (asked_.speaks == protocol::v1 ? "v1 " : "") + "connections, held for " +
                      std::to_string(asked_.duration.count()) + " s"};
  r.failures = failures_;
  r.plots = {memory_, connections_};
  if (before_ && after_ && opened_ > 0) {
    const auto grown = static_cast<double>(*after_) - static_cast<double>(*before_);
    const auto each = grown / static_cast<double>(opened_);
    r.figures = {{"residentBeforeMiB", "resident memory of the server before", mebibytes(*before_), "MiB", 1},
                 {"residentAfterMiB", "and with all connections open", mebibytes(*after_), "MiB", 1},
                 {"bytesPerConnection", "growth for each connection", each, "B"},
                 {"kibPerConnection", "the same", each / 1024, "KiB", 2}};
    r.notes.emplace_back("memory is the process's own (VmRSS); the kernel's for the sockets comes on top");
  } else {
    r.plots.erase(r.plots.begin());
    r.notes.emplace_back("the server's process was not found: no memory figures");
  }
  const auto& taken = users_.handshakes();
  r.figures.push_back({"opened", "connections opened", static_cast<double>(opened_)});
  r.figures.push_back({"openAtEnd", "still open at the end", static_cast<double>(open_at_end_)});
  r.figures.push_back({"handshakeP50Ms", "connect and upgrade, p50",
                       static_cast<double>(taken.percentile(50)) / 1e6, "ms", 2});
  r.figures.push_back({"handshakeP99Ms", "connect and upgrade, p99",
                       static_cast<double>(taken.percentile(99)) / 1e6, "ms", 2});
  speech_->tell(r, ledger_.unseen_count() > 0);
  return r;
}

} // namespace

asio::awaitable<report> run_idle(runtime& where, const options& asked) {
  idle_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
