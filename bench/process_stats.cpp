#include "bench/process_stats.hpp"

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace hongyan::bench {

namespace {

namespace fs = std::filesystem;

/// Fields of /proc/PID/stat (proc(5)), counted from 0 behind the name, which may hold spaces and brackets.
enum stat_field : std::size_t {
  parent = 1,
  user_time = 11,
  system_time,
  children_user_time,
  children_system_time
};

struct process_stat {
  pid_t parent = 0;
  double own = 0;             ///< CPU seconds
  double waited_children = 0; ///< CPU seconds of children that ended
};

std::optional<process_stat> read_stat(const fs::path& process) {
  std::ifstream file(process / "stat");
  std::string line;
  if (!std::getline(file, line)) return {};
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(std::move(field));
  if (fields.size() <= children_system_time) return {};
  const auto ticks = [&](std::size_t i) {
    return std::stod(fields[i]) / static_cast<double>(sysconf(_SC_CLK_TCK));
  };
  return process_stat{.parent = std::stoi(fields[parent]),
                      .own = ticks(user_time) + ticks(system_time),
                      .waited_children = ticks(children_user_time) + ticks(children_system_time)};
}

fs::path proc(pid_t pid) { return fs::path("/proc") / std::to_string(pid); }

/// Calls `visit(pid, directory)` for each process until it answers true.
template <class Visit>
void each_process(Visit visit) {
  std::error_code ec;
  for (fs::directory_iterator at("/proc", ec), end; !ec && at != end; at.increment(ec)) {
    const auto name = at->path().filename().string();
    pid_t pid = 0;
    const auto [last, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failed != std::errc() || last != name.data() + name.size()) continue;
    if (visit(pid, at->path())) return;
  }
}

/// The value of a line `key: value` or `key : value`.
std::string value_of(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const auto value = line.find_first_not_of(" \t", line.find(':') + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

/// The inode of the listening socket of `port` in one of the kernel's tables; empty when there is none.
std::string listening_inode(const fs::path& table, std::uint16_t port) {
  constexpr std::string_view listening = "0A"; // TCP_LISTEN
  std::ifstream in(table);
  std::string line;
  std::getline(in, line); // the heading
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    if (state == listening && std::stoul(local.substr(local.find(':') + 1), nullptr, 16) == port)
      return inode;
  }
  return "";
}

bool has_open(const fs::path& process, const std::string& link) {
  std::error_code ec;
  for (fs::directory_iterator at(process / "fd", ec), end; !ec && at != end; at.increment(ec)) {
    std::error_code unreadable;
    if (fs::read_symlink(at->path(), unreadable) == link) return true;
  }
  return false;
}

} // namespace

std::optional<double> cpu_seconds(pid_t pid) {
  const auto stat = read_stat(proc(pid));
  if (!stat) return {};
  return stat->own;
}

std::optional<double> cpu_seconds_with_children(pid_t pid) {
  const auto first = read_stat(proc(pid));
  if (!first) return {};
  double sum = first->own + first->waited_children;
  each_process([&](pid_t, const fs::path& directory) {
    if (const auto stat = read_stat(directory); stat && stat->parent == pid)
      sum += stat->own + stat->waited_children;
    return false;
  });
  return sum;
}

double own_cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double machine_cpu_seconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft_interrupts = 0,
         steal = 0;
  file >> name >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts >> steal;
  return (user + nice + system + interrupts + soft_interrupts + steal) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::optional<std::size_t> resident_bytes(pid_t pid) {
  const auto value = value_of(proc(pid) / "status", "VmRSS");
  if (value.empty()) return {};
  return std::stoul(value) * 1024; // the kernel writes kB and means KiB
}

std::optional<pid_t> listener_of(std::uint16_t port) {
  auto inode = listening_inode("/proc/net/tcp", port);
  if (inode.empty()) inode = listening_inode("/proc/net/tcp6", port);
  if (inode.empty()) return {};
  std::optional<pid_t> found;
  each_process([&](pid_t pid, const fs::path& directory) {
    if (has_open(directory, "socket:[" + inode + "]")) found = pid;
    return found.has_value();
  });
  return found;
}

std::string machine_description() {
  utsname kernel{};
  uname(&kernel);
  auto model = value_of("/proc/cpuinfo", "model name");
  if (model.empty()) model = kernel.machine;
  const auto memory = value_of("/proc/meminfo", "MemTotal");
  const auto gib = memory.empty() ? 0 : (std::stoul(memory) + (1 << 19)) >> 20;
  return std::to_string(std::thread::hardware_concurrency()) + " × " + model + ", " + std::to_string(gib) +
         " GiB, " + kernel.sysname + " " + kernel.release;
}

std::size_t raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

} // namespace hongyan::bench
