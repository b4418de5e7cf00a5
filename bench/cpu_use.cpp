#include "bench/cpu_use.hpp"

#include "bench/process_stats.hpp"

#include <algorithm>

namespace hongyan::bench {

namespace {

/// CPU of processes that do not take part, above which figures are not to be trusted.
constexpr double others_cores_max = 0.1;

} // namespace

cpu_reading read_cpu(const options& asked) {
  cpu_reading now{.bench = own_cpu_seconds(), .machine = machine_cpu_seconds()};
  for (const auto pid : asked.server_pids)
    if (const auto used = cpu_seconds(pid)) now.server = now.server.value_or(0) + *used;
  if (asked.database_pid != 0) now.database = cpu_seconds_with_children(asked.database_pid);
  return now;
}

void tell_cpu(report& r, const cpu_reading& before, const cpu_reading& after,
              std::chrono::duration<double> between, std::uint64_t count, const std::string& what) {
  const auto used = [](std::optional<double> from, std::optional<double> to) -> std::optional<double> {
    if (!from || !to) return {};
    return *to - *from;
  };
  auto name = what;
  name.front() = static_cast<char>(name.front() - 'a' + 'A');
  const auto add = [&](const std::string& who, const std::string& label, double seconds) {
    r.figures.push_back({who + "CpuUsPer" + name, "CPU of " + label + ", a " + what,
                         seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(count, 1)), "µs", 1});
  };
  const auto bench = after.bench - before.bench;
  const auto server = used(before.server, after.server);
  const auto database = used(before.database, after.database);
  if (server) add("server", "the server", *server);
  if (database) add("database", "the database", *database);
  if (server && database) add("both", "server and database", *server + *database);
  add("bench", "the bench itself", bench);
  if (!server) { // without its share, that would be counted as another's
    r.notes.emplace_back("the server's process was not found: no CPU figures of it");
    return;
  }
  const auto others = std::max(0.0, after.machine - before.machine - bench - *server - database.value_or(0)) /
                      between.count();
  r.figures.push_back({"othersCores", "CPU of everything else meanwhile", others, "cores", 2});
  if (others > others_cores_max)
    r.notes.push_back("other processes used " + fixed(others, 2) +
                      " cores meanwhile: on a quiet machine there is more throughput and less latency");
}

} // namespace hongyan::bench
