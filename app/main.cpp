#include "app/commands.hpp"
#include "app/server.hpp"
#include "config/load_config.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

namespace {

/// Status of a bad option or configuration (contract, section 1).
constexpr int bad_configuration = 2;

/// One line a person can act on; never more than one.
int refuse(std::string why) {
  for (auto& c : why)
    if (c == '\n' || c == '\r') c = ' ';
  std::cerr << "hongyan: " << why << '\n';
  return bad_configuration;
}

/// Each socket is a file descriptor: take as many as the system lets us.
void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

/// A core would hold keys, tokens and messages.
void write_no_core() {
  const rlimit none{};
  setrlimit(RLIMIT_CORE, &none);
}

void set_up_log(const std::string& level) {
  auto log = spdlog::stderr_logger_mt("hongyan");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
  log->set_level(spdlog::level::from_str(level));
  log->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(log));
}

} // namespace

int main(int argc, char** argv) {
  using namespace hongyan;
  std::signal(SIGPIPE, SIG_IGN); // a log that nobody reads any more must not end the server
  std::signal(SIGHUP, SIG_IGN);  // nor a terminal that closes, before anything is there to be reread
  const auto env = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  if (const auto done = run_command({argv + 1, argv + argc}, env))
    return *done ? 0 : refuse(done->error().detail);
  auto loaded = load_config({argv + 1, argv + argc}, env);
  if (!loaded) return refuse(loaded.error().detail);
  if (const auto* text = std::get_if<print_and_exit>(&*loaded)) {
    std::cout << text->text;
    return 0;
  }
  auto config = std::get<server_config>(std::move(*loaded));
  if (!config.time_zone.empty()) setenv("TZ", config.time_zone.c_str(), 1);
  tzset();
  raise_file_limit();
  write_no_core();
  set_up_log(config.log_level);

  const auto reload = [&]() -> result<server_config> {
    auto again = load_config({argv + 1, argv + argc}, env);
    if (!again) return again.error();
    if (auto* fresh = std::get_if<server_config>(&*again)) return std::move(*fresh);
    return config; // --help is given at the start alone
  };
  const auto served = serve(config, reload, [](const std::string& url) {
    std::cout << "hongyan listening on " << url << std::endl; // flushed: someone waits for it
  });
  return served ? 0 : refuse(served.error().detail);
}
