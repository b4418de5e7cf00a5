#include "bench/storm.hpp"

#include "bench/crowd.hpp"
#include "bench/names.hpp"
#include "bench/process_stats.hpp"
#include "bench/v1_text.hpp"

#include <iostream>

namespace hongyan::bench {

namespace {

constexpr std::size_t opening_at_once = 256;
constexpr int rounds = 2;
/// The server's books are closed a moment after its sockets.
constexpr std::chrono::milliseconds between_rounds{500};
constexpr std::uint64_t storm_sync_id = 1;
/// A point of the plots.
constexpr std::chrono::milliseconds step{100};

/// A run's state. All on the shard's thread.
class storm_run final : private crowd::listener {
public:
  storm_run(runtime& where, const options& asked)
      : where_(where)
      , asked_(asked)
      , users_(where, asked.servers, asked.speaks, first_user(), *this) {}

  asio::awaitable<report> run();

private:
  bool opened(socket_client& client) override;
  void received(socket_client& client, const std::string& frame) override;
  void opening() override;

  void begin_round(int round);
  void end_round(report& r);
  std::optional<double> server_cpu() const {
    return asked_.server_pids.empty() ? std::nullopt : cpu_seconds(asked_.server_pids.front());
  }

  runtime& where_;
  const options& asked_;
  crowd users_;
  // of this round
  histogram served_; ///< by v1: connected, and all that was missed is there; nanoseconds
  std::size_t refused_ = 0;
  std::string name_;
  std::string key_;
  plot progress_;
  std::optional<double> cpu_before_;
  steady_time begun_{};
  steady_time next_point_{};
  steady_time next_line_{};
};

asio::awaitable<report> storm_run::run() {
  report r{.scenario = "storm", .summary = {}};
  r.summary = std::to_string(asked_.users) + " connections as fast as they come, " +
              std::to_string(opening_at_once) + " at a time, " + std::to_string(rounds) + " rounds";
  for (int round = 1; round <= rounds; ++round) {
    begin_round(round);
    co_await users_.open(asked_.users, opening_at_once, 0);
    end_round(r);
    co_await users_.close();
    co_await pause(where_.shard(), between_rounds);
  }
  for (const auto& line : users_.faults()) r.failures.push_back(line);
  co_return r;
}

void storm_run::begin_round(int round) {
  name_ = "round " + std::to_string(round);
  key_ = "round" + std::to_string(round);
  progress_ = {key_, "Connections open, " + name_, {0}, {{"open", {0}}}};
  cpu_before_ = server_cpu();
  served_ = {};
  refused_ = 0;
  begun_ = where_.shard().now();
  next_point_ = begun_ + step;
  next_line_ = begun_ + std::chrono::seconds(1);
}

/// Who comes back by v1 asks for what was missed, as every client of it does.
bool storm_run::opened(socket_client& client) {
  if (asked_.speaks != protocol::v1) return true;
  client.send(sync_request(storm_sync_id, client.epoch(), {}));
  return false;
}

void storm_run::received(socket_client& client, const std::string& frame) {
  const auto text = asked_.speaks == protocol::v1 ? read_text(frame) : v1_text{};
  if (text.id != storm_sync_id) return; // nobody pushes
  if (text.kind == v1_kind::failure) ++refused_;
  served_.record(static_cast<std::uint64_t>((where_.shard().now() - client.begun()).count()));
  users_.settled(client);
}

void storm_run::opening() {
  const auto now = where_.shard().now();
  const auto at = std::chrono::duration<double>(now - begun_).count();
  if (now >= next_point_ || users_.open_count() == asked_.users) {
    next_point_ = now + step;
    progress_.seconds.push_back(at);
    progress_.lines[0].values.push_back(static_cast<double>(users_.open_count()));
  }
  if (now < next_line_) return;
  next_line_ = now + std::chrono::seconds(1);
  std::cerr << "storm " << name_ << ", " << fixed(at, 0) << " s: " << users_.open_count() << " open, "
            << users_.failed_count() << " failed\n";
}

void storm_run::end_round(report& r) {
  const auto cpu_after = server_cpu();
  const auto took = std::chrono::duration<double>(users_.opening_took()).count();
  const auto opened = static_cast<double>(users_.open_count());
  const auto& taken = users_.handshakes();
  const auto milliseconds = [&](double percent) {
    return static_cast<double>(taken.percentile(percent)) / 1e6;
  };
  std::cerr << "storm " << name_ << ": " << users_.open_count() << " open after " << fixed(took, 2) << " s\n";
  r.figures.push_back(
      {key_ + "ConnectsPerSecond", name_ + ": connections", took > 0 ? opened / took : 0, "/s"});
  r.figures.push_back(
      {key_ + "HandshakeP50Ms", name_ + ": connect and upgrade, p50", milliseconds(50), "ms", 2});
  r.figures.push_back(
      {key_ + "HandshakeP99Ms", name_ + ": connect and upgrade, p99", milliseconds(99), "ms", 2});
  r.figures.push_back(
      {key_ + "HandshakeMaxMs", name_ + ": connect and upgrade, max", milliseconds(100), "ms", 2});
  if (cpu_before_ && cpu_after && opened > 0)
    r.figures.push_back({key_ + "ServerCpuUsPerConnection", name_ + ": CPU of the server, a connection",
                         (*cpu_after - *cpu_before_) * 1e6 / opened, "µs", 1});
  if (served_.count() > 0) {
    const auto served = [&](double percent) {
      return static_cast<double>(served_.percentile(percent)) / 1e6;
    };
    r.figures.push_back(
        {key_ + "ServedP50Ms", name_ + ": connect, upgrade and sync, p50", served(50), "ms", 2});
    r.figures.push_back(
        {key_ + "ServedMaxMs", name_ + ": connect, upgrade and sync, max", served(100), "ms", 2});
    r.figures.push_back({key_ + "Refused", name_ + ": syncs refused", static_cast<double>(refused_)});
  }
  if (refused_ > 0)
    r.failures.push_back(name_ + ": " + std::to_string(refused_) + " calls of sync were refused");
  r.figures.push_back({key_ + "Failed", name_ + ": failed", static_cast<double>(users_.failed_count())});
  if (users_.failed_count() > 0)
    r.failures.push_back(name_ + ": " + std::to_string(users_.failed_count()) + " of " +
                         std::to_string(asked_.users) + " connections failed");
  r.plots.push_back(std::move(progress_));
}

} // namespace

asio::awaitable<report> run_storm(runtime& where, const options& asked) {
  storm_run run(where, asked);
  co_return co_await run.run();
}

} // namespace hongyan::bench
