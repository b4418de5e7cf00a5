#include "app/migrate_command.hpp"

#include "persistence/copy_store.hpp"
#include "persistence/store.hpp"

#include <chrono>
#include <iostream>

namespace hongyan {

namespace {

constexpr const char* accepted = "accepted: hongyan migrate --from sqlite:PATH --to postgresql://...";
constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr std::chrono::seconds progress_interval{2};

error refused(const std::string& why) { return {errc::malformed, "migrate: " + why + "; " + accepted}; }

} // namespace

result<void> migrate(const std::vector<std::string>& arguments) {
  std::string from, to;
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    std::string* into = arguments[i] == "--from" ? &from : arguments[i] == "--to" ? &to : nullptr;
    if (into == nullptr) return refused("there is no option " + arguments[i]);
    if (i + 1 == arguments.size()) return refused(arguments[i] + " has no value");
    *into = arguments[i + 1];
  }
  if (!from.starts_with(sqlite_scheme) || from.size() == sqlite_scheme.size())
    return refused("--from is no SQLite store");
  if (to.starts_with(sqlite_scheme)) return refused("--to is no PostgreSQL database");
  // As a server would, with its words for a URL that is none.
  if (auto known = open_store(to); !known)
    return error{errc::malformed, "migrate: --to: " + known.error().detail};

  auto shown_at = std::chrono::steady_clock::now();
  const auto done = copy_store(from.substr(sqlite_scheme.size()), to, [&](const copy_progress& now_is) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_at < progress_interval) return;
    shown_at = now;
    std::cerr << now_is.what << " " << now_is.done << " of " << now_is.all << " rows of " << now_is.table
              << "\n";
  });
  if (!done && done.error().code == errc::unavailable)
    return error{errc::unavailable,
                 done.error().detail + "; what was copied stays, and the same command goes on"};
  if (!done) return done.error();
  if (done->was_there)
    std::cout << "this store was migrated there before; nothing was done\n";
  else
    std::cout << done->messages << " messages of " << done->conversations
              << " conversations are there, and each row is as it was; start the server with --database, and "
                 "with the "
                 "same files.store if it has files\n";
  return {};
}

} // namespace hongyan
