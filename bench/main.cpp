#include "bench/fair.hpp"
#include "bench/fanout.hpp"
#include "bench/files.hpp"
#include "bench/idle.hpp"
#include "bench/messages.hpp"
#include "bench/options.hpp"
#include "bench/process_stats.hpp"
#include "bench/push.hpp"
#include "bench/report.hpp"
#include "bench/runtime.hpp"
#include "bench/storm.hpp"
#include "bench/sync.hpp"
#include "bench/verify.hpp"

#include <fstream>
#include <iostream>

namespace {

using namespace hongyan;
using namespace hongyan::bench;

constexpr int check_failed = 1;
constexpr int bad_options = 2;
/// Files that are open beside the clients' sockets.
constexpr std::size_t other_files = 128;

/// Sockets that are open in this process at the same time.
std::size_t sockets_of(const options& asked) {
  switch (asked.what) {
  case scenario::fanout: return 2 * asked.users; // both ends of its echo's
  case scenario::verify: return 3 * asked.users; // of who has come back, one or two may still be closing
  default: return asked.users + asked.senders;
  }
}

int refuse(std::string why) {
  for (auto& c : why)
    if (c == '\n' || c == '\r') c = ' ';
  std::cerr << "hongyan-bench: " << why << '\n';
  return bad_options;
}

asio::awaitable<report> run_scenario(runtime& where, const options& asked) {
  switch (asked.what) {
  case scenario::push: return run_push(where, asked);
  case scenario::idle: return run_idle(where, asked);
  case scenario::storm: return run_storm(where, asked);
  case scenario::fanout: return run_fanout(where, asked);
  case scenario::sync: return run_sync(where, asked);
  case scenario::fair: return run_fair(where, asked);
  case scenario::files: return run_files(where, asked);
  case scenario::messages: return run_messages(where, asked);
  case scenario::verify: return run_verify(where, asked);
  }
  std::abort();
}

/// Their processes, by their ports, if all can be seen.
void find_servers(options& asked) {
  for (const auto& server : asked.servers) {
    const auto pid = listener_of(server.endpoint.port());
    if (!pid) return asked.server_pids.clear();
    asked.server_pids.push_back(*pid);
  }
}

/// False: it could not be written, and standard error says so.
bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return true;
  std::cerr << "hongyan-bench: cannot write " << path << '\n';
  return false;
}

/// Prints and writes what was found. Returns the exit status.
int hand_in(const report& found, const options& asked) {
  std::cout << to_table(found);
  int status = found.failures.empty() ? 0 : check_failed;
  const auto circumstances = describe_circumstances(asked.command_line);
  if (!asked.json_file.empty() && !write_file(asked.json_file, to_json(found, circumstances)))
    status = check_failed;
  if (!asked.html_file.empty() && !write_file(asked.html_file, to_html(found, circumstances)))
    status = check_failed;
  return status;
}

} // namespace

int main(int argc, char** argv) {
  auto parsed = parse_options({argv, argv + argc});
  if (!parsed) return refuse(parsed.error().detail);
  if (const auto* text = std::get_if<print_and_exit>(&*parsed)) {
    std::cout << text->text;
    return 0;
  }
  auto asked = std::get<options>(std::move(*parsed));
  if (!asked.check_files.empty()) {
    const auto judged = check_recorded(asked);
    return judged ? hand_in(*judged, asked) : refuse(judged.error().detail);
  }
  const auto files = raise_file_limit();
  if (sockets_of(asked) + other_files > files)
    return refuse("--users: " + std::to_string(sockets_of(asked)) + " sockets are more than the " +
                  std::to_string(files) + " files that this process may open (ulimit -n)");
  if (asked.server_pids.empty()) find_servers(asked);

  runtime where;
  const auto found = where.run([&] { return run_scenario(where, asked); });
  where.exit(hand_in(found, asked));
}
