/// What the command line asks for.
#pragma once

#include "core/errors.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

namespace hongyan::bench {

enum class scenario : std::uint8_t { push, idle, storm, fanout, sync, verify, fair, files, messages };

/// What the clients speak.
enum class protocol : std::uint8_t {
  classic,
  v1,
  v1_many ///< v1 with ?many=true: several messages in one text
};
constexpr bool is_v1(protocol p) { return p != protocol::classic; }

/// Of a cluster's users: who writes to whom.
enum class pairing : std::uint8_t { any, same_node, across_nodes };

/// A server under test.
struct server_address {
  boost::asio::ip::tcp::endpoint endpoint;
  std::string host; ///< for the Host header
};

struct options {
  const server_address& server() const { return servers.front(); }

  scenario what = scenario::push;
  std::vector<server_address> servers{}; ///< one; for push and verify one or more, the nodes of a cluster
  protocol speaks = protocol::classic;
  std::size_t users = 0;
  double rate = 0; ///< messages a second; 0: each sender sends again when its last was answered
  std::chrono::seconds duration{10};
  std::size_t senders = 32;
  pairing pairs = pairing::any;
  std::size_t content_bytes = 64;
  std::size_t missed = 1000;              ///< messages that each returning user missed
  std::size_t at_once = 32;               ///< users that return at the same time
  std::string history_file{};             ///< verify: where what happened is written
  std::vector<std::string> check_files{}; ///< verify: judge what was written, and do nothing else
  std::string api_key{};            ///< verify, fair: makes the users' tokens; empty: none are asked for
  std::vector<pid_t> server_pids{}; ///< all of servers', or none
  pid_t database_pid = 0;           ///< PostgreSQL's postmaster; 0: not measured
  std::string json_file{};
  std::string html_file{};
  std::string command_line{}; ///< as typed, for the report
};

/// Text to print instead of running: --help, --version.
struct print_and_exit {
  std::string text;
};

/// Reads the arguments, the program's name first. Errors: errc::malformed, one line that names the option,
/// what was wrong and what is accepted.
result<std::variant<options, print_and_exit>> parse_options(const std::vector<std::string>& arguments);

/// Reads `http://HOST:PORT`. Unless `anywhere`, HOST is this machine: load is meant for one's own server,
/// never for somebody else's.
result<server_address> parse_url(const std::string& url, bool anywhere);

} // namespace hongyan::bench
