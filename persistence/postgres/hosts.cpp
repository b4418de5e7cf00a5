#include "persistence/postgres/hosts.hpp"

#include <libpq-fe.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace hongyan::postgres {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using settings = pg_connection::settings;

/// A host that is up answers in far less. Where there is another one it need not wait for longer; where there
/// is none, a server that is short of breath gets its time.
constexpr milliseconds connect_limit{1000}, last_connect_limit{3000};
/// Contract, promise 10: who stores on a false primary knows within a second.
constexpr milliseconds look_out_interval{1000};
/// So long a failure answers others who would connect.
constexpr milliseconds failure_holds{1000};
/// The writer is woken to look after the database twice a second (app/server.cpp).
constexpr milliseconds proof_wait{1000};

/// Ours, where the URI does not say otherwise. keepalives and tcp_user_timeout: a cut cable is noticed in
/// seconds, not in two hours.
constexpr std::array<std::pair<const char*, const char*>, 5> defaults{{{"keepalives_idle", "5"},
                                                                       {"keepalives_interval", "2"},
                                                                       {"keepalives_count", "2"},
                                                                       {"tcp_user_timeout", "5000"},
                                                                       {"application_name", "hongyan"}}};

// The name of a file of the write-ahead log begins with its timeline, in eight hexadecimal digits. A standby
// has no position to write at. A server that has crashed and mended itself keeps its postmaster, but begins
// its statistics anew.
constexpr const char* identify_sql = R"(
SELECT s.system_identifier, CASE WHEN pg_is_in_recovery() THEN 0 ELSE
         ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END,
       (extract(epoch FROM (SELECT greatest(pg_postmaster_start_time(), stats_reset) FROM pg_stat_bgwriter))
         * 1000000)::bigint,
       current_setting('transaction_read_only') = 'on', pg_backend_pid()::bigint
FROM pg_control_system() s)";

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  for (;;) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

/// Of a host with several addresses a setting for each, for libpq would wait for a silent one only.
std::vector<settings> each_address(const settings& of) {
  const auto value = [&](std::string_view name) {
    const auto found = std::ranges::find(of, name, &settings::value_type::first);
    return found == of.end() ? std::string() : found->second;
  };
  const auto name = value("host");
  if (name.empty() || name.starts_with('/') || name.starts_with('@') || !value("hostaddr").empty())
    return {of};
  addrinfo* found = nullptr;
  addrinfo wanted{};
  wanted.ai_flags = AI_ADDRCONFIG;
  wanted.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(name.c_str(), nullptr, &wanted, &found) != 0) return {of}; // libpq will say why
  std::vector<settings> all;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      all.emplace_back(of).emplace_back("hostaddr", text.data());
  }
  freeaddrinfo(found);
  if (all.size() < 2) return {of};
  return all;
}

} // namespace

pg_outcome<server_identity> identify(pg_connection& connection, milliseconds limit) {
  const pg_parameters none;
  auto found = connection.query(identify_sql, none, limit);
  if (!found) return found.error();
  return server_identity{
      .what = {.at = {found->bigint(0, 0), static_cast<std::uint32_t>(found->bigint(0, 1))},
               .started_us = found->bigint(0, 2)},
      .is_read_only = found->boolean(0, 3),
      .backend_pid = found->bigint(0, 4)};
}

/// What is said of hosts is divided among them, what else is said goes for each.
hosts::hosts(const std::string& uri) {
  std::vector<std::string> names{""}, addresses{""}, ports{""};
  settings common{{"client_encoding", "UTF8"}};
  PQconninfoOption* parsed = PQconninfoParse(uri.c_str(), nullptr);
  for (const auto* option = parsed; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view name = option->keyword, value = option->val;
    if (name == "host") {
      names = split(value);
    } else if (name == "hostaddr") {
      addresses = split(value);
    } else if (name == "port") {
      ports = split(value);
    } else if (name == "connect_timeout") {
      int seconds = 0; // none, or zero: libpq would wait for ever, we do not
      std::from_chars(value.data(), value.data() + value.size(), seconds);
      if (seconds > 0) connect_limit_ = std::chrono::seconds(seconds);
    } else if (name != "target_session_attrs" && name != "client_encoding") { // we look for ourselves
      common.emplace_back(name, value);
    }
  }
  PQconninfoFree(parsed);
  for (const auto& [name, value] : defaults)
    if (std::ranges::find(common, name, &settings::value_type::first) == common.end())
      common.emplace_back(name, value);

  // As libpq pairs them: the nth name with the nth address and port, or all with the one port there is.
  for (std::size_t i = 0; i < std::max(names.size(), addresses.size()); ++i) {
    const auto nth = [i](const std::vector<std::string>& of) {
      return of.size() == 1 ? of.front() : i < of.size() ? of[i] : std::string();
    };
    host h{.settings = common, .name = {}};
    if (!nth(names).empty()) h.settings.emplace_back("host", nth(names));
    if (!nth(addresses).empty()) h.settings.emplace_back("hostaddr", nth(addresses));
    if (!nth(ports).empty()) h.settings.emplace_back("port", nth(ports));
    const auto port = nth(ports).empty() ? std::string("5432") : nth(ports);
    h.name = (nth(names).empty() ? nth(addresses) : nth(names)) + ":" + port;
    hosts_.push_back(std::move(h));
  }
  if (hosts_.size() > 1) lookout_ = std::jthread([this](const std::stop_token& stop) { look_out(stop); });
}

hosts::~hosts() = default;

std::vector<hosts::host> hosts::in_order() const {
  const std::lock_guard lock(mutex_);
  return hosts_;
}

milliseconds hosts::limit_of(std::size_t nth, std::size_t of) const {
  return connect_limit_.value_or(nth + 1 < of ? connect_limit : last_connect_limit);
}

pg_outcome<pg_connection> hosts::connect(const attempt& use) {
  const auto all = in_order();
  pg_error why{.text = {}, .state = {}, .lost = false};
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto made = try_host(all[i], limit_of(i, all.size()), use);
    if (made) {
      put_first(all[i].name);
      return made;
    }
    // Who said no said it at once. Who said nothing costs the next attempt its patience again, so comes last.
    if (made.error().silent) put_last(all[i].name);
    why.text += (why.text.empty() ? "" : "; ") + made.error().text;
    why.lost |= made.error().lost;
  }
  note_failure(why);
  return why;
}

pg_outcome<pg_connection> hosts::try_host(const host& to, milliseconds limit, const attempt& use) {
  // Asked all the time while it is waited for: a session elsewhere may find the true primary meanwhile.
  const auto known = newest_.get();
  const auto is_in_vain = [&] {
    if (newest_.get() == known) return false;
    const std::lock_guard lock(mutex_);
    return hosts_.front().name != to.name; // somebody has met a newer primary, elsewhere
  };
  pg_error why;
  for (const auto& address : each_address(to.settings)) {
    auto made = pg_connection::connect(address, limit, is_in_vain);
    if (!made) {
      why = made.error();
      continue;
    }
    pg_connection& connection = *made;
    const auto found = identify(connection, limit);
    if (!found) {
      why = found.error();
      continue;
    }
    const auto unfit = [&](const std::string& reason) {
      why = pg_error{"PostgreSQL at " + connection.where() + " cannot be used: " + reason, {}, false};
    };
    // First it is learnt, then judged: the newest timeline that anybody met is what all are measured by, from
    // now on and in the middle of a wait.
    const auto at = found->what.at;
    if (at.number > 0) newest_.meet(at);
    connection.close_when([this, at] { return newest_.is_outdated(at); });
    if (at.number > 0 && newest_.is_outdated(at)) {
      unfit("it is a primary of timeline " + std::to_string(at.number) + ", and there is one of timeline " +
            std::to_string(newest_.get().number) + "; stop it");
    } else if (found->is_read_only) {
      unfit("it is read-only, perhaps a standby; give the URL of the primary");
    } else if (auto used = use(connection, *found); !used) {
      why = used.error();
    } else {
      return made;
    }
  }
  return why;
}

pg_outcome<pg_connection> hosts::connect_beside(const pg_connection& other) {
  const auto all = in_order();
  const auto same =
      std::ranges::find_if(all, [&](const host& h) { return all.size() == 1 || h.name == other.where(); });
  if (same == all.end()) return pg_error{"there is no host " + other.where()};
  return pg_connection::connect(same->settings, connect_limit, {});
}

void hosts::put_first(const std::string& name) {
  const std::lock_guard lock(mutex_);
  failure_.reset();
  const auto found = std::ranges::find(hosts_, name, &host::name);
  if (found != hosts_.end()) std::rotate(hosts_.begin(), found, found + 1);
}

void hosts::put_last(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(hosts_, name, &host::name);
  if (found != hosts_.end()) std::rotate(found, found + 1, hosts_.end());
}

void hosts::note_failure(const pg_error& why) {
  const std::lock_guard lock(mutex_);
  failure_ = why;
  failed_at_ = steady_clock::now();
}

std::optional<pg_error> hosts::just_failed() const {
  const std::lock_guard lock(mutex_);
  return failure_ && steady_clock::now() - failed_at_ < failure_holds ? failure_ : std::nullopt;
}

void hosts::expect_proofs() {
  const std::lock_guard lock(mutex_);
  expects_proofs_ = true;
}

void hosts::prove(const primary& of) {
  const std::lock_guard lock(mutex_);
  proven_ = of;
  proof_is_wanted_ = false;
  failure_.reset();
  changed_.notify_all();
}

bool hosts::is_proven(const primary& of) const {
  const std::lock_guard lock(mutex_);
  return !expects_proofs_ || proven_ == of;
}

bool hosts::proof_is_wanted() const {
  const std::lock_guard lock(mutex_);
  return proof_is_wanted_;
}

bool hosts::wait_for_proof(const primary& of) {
  std::unique_lock lock(mutex_);
  proof_is_wanted_ = expects_proofs_ && proven_ != of;
  return changed_.wait_for(lock, proof_wait, [&] { return !expects_proofs_ || proven_ == of; });
}

/// Beside the sessions, which would not look elsewhere as long as they are answered: is one of the other
/// hosts a newer primary? A session is kept with each, for it lasts through a promotion.
void hosts::look_out(const std::stop_token& stop) {
  std::map<std::string, pg_connection> sessions;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, look_out_interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    // The first is the one that the sessions use: they see for themselves what becomes of it.
    auto others = in_order();
    sessions.erase(others.front().name);
    others.erase(others.begin());
    for (const auto& other : others) {
      auto& session = sessions[other.name];
      if (!session.is_alive()) {
        session.close();
        auto made =
            pg_connection::connect(other.settings, connect_limit, [&] { return stop.stop_requested(); });
        if (!made) continue;
        session = *std::move(made);
      }
      const auto found = identify(session, connect_limit);
      if (!found) {
        session.close();
        continue;
      }
      const auto& at = found->what.at;
      const auto newest = newest_.get();
      // What is said of another cluster says nothing of ours.
      if (at.system != newest.system || at.number <= newest.number) continue;
      // In this order: who closes its session because of the timeline is to find the new host first.
      put_first(other.name);
      newest_.meet(at);
    }
  }
}

} // namespace hongyan::postgres
