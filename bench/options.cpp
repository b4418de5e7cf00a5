#include "bench/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>

namespace hongyan::bench {

namespace {

/// Room for the run's tag and the push's number in front of the padding.
constexpr std::size_t content_min = 32;
constexpr std::size_t content_max = 4096;

/// Of a group (contract, section 1), and the one that creates it is a member.
constexpr std::size_t group_users_max = 2'000;

const std::map<std::string, scenario> scenarios{
    {"push", scenario::push},     {"idle", scenario::idle},   {"storm", scenario::storm},
    {"fanout", scenario::fanout}, {"sync", scenario::sync},   {"verify", scenario::verify},
    {"fair", scenario::fair},     {"files", scenario::files}, {"messages", scenario::messages}};

const std::map<std::string, pairing> pairings{
    {"any", pairing::any}, {"same", pairing::same_node}, {"across", pairing::across_nodes}};

std::size_t default_users(scenario what) {
  switch (what) {
  case scenario::push: return 200;
  case scenario::idle: return 5000;
  case scenario::storm: return 2000;
  case scenario::fanout: return 500;
  case scenario::sync: return 64;
  case scenario::verify: return 40;
  case scenario::fair: return 8;
  case scenario::files: return 200;
  case scenario::messages: return 500;
  }
  return 0;
}

constexpr double default_fanout_rate = 20;
constexpr double default_verify_rate = 100;
/// Two who talk, and two strangers.
constexpr std::size_t verify_users_min = 4;
constexpr std::size_t verify_users_max = 10'000;

error bad(std::string detail) { return {errc::malformed, std::move(detail)}; }

/// Adds an option that takes a number from `low` to `high`.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& into, T low, T high,
                        const std::string& help) {
  return app.add_option(name, into, help)->check(CLI::Range(low, high))->type_name("N");
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// The first key of the file, whose lines are `KEY` or `NAME SCOPES KEY`.
result<std::string> read_api_key(const std::string& path) {
  std::ifstream file(path);
  if (!file) return bad("--api-key-file: cannot read " + path);
  for (std::string line; std::getline(file, line);) {
    const auto end = line.find_last_not_of(" \t\r");
    if (end == std::string::npos) continue;
    line.resize(end + 1);
    return line.substr(line.find_last_of(" \t") + 1);
  }
  return bad("--api-key-file: there is no key in " + path);
}

} // namespace

result<server_address> parse_url(const std::string& url, bool anywhere) {
  const std::string accepted = anywhere
                                   ? "; accepted: http://HOST:PORT with HOST an IP address or localhost"
                                   : "; accepted: http://HOST:PORT with HOST 127.x.y.z, [::1] or localhost";
  constexpr std::string_view scheme = "http://";
  auto rest = std::string_view(url);
  if (!rest.starts_with(scheme)) return bad("--url: '" + url + "' is not http" + accepted);
  rest.remove_prefix(scheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.find('/') != std::string_view::npos)
    return bad("--url: '" + url + "' is not HOST:PORT" + accepted);

  const auto digits = rest.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (ec != std::errc() || end != digits.data() + digits.size() || port == 0)
    return bad("--url: '" + std::string(digits) + "' is not a port" + accepted);

  auto host = std::string(rest.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::system::error_code not_numeric;
  const auto address = boost::asio::ip::make_address(host, not_numeric);
  if (not_numeric && anywhere) return bad("--url: '" + host + "' is no address" + accepted);
  if (not_numeric || (!address.is_loopback() && !anywhere))
    return bad("--url: '" + host + "' is not this machine, and load goes to loopback only" + accepted);
  return server_address{{address, port}, std::string(rest)};
}

result<std::variant<options, print_and_exit>> parse_options(const std::vector<std::string>& arguments) {
  options o;
  o.command_line = joined(arguments);
  std::string name;
  std::vector<std::string> urls;
  long duration = 10;

  CLI::App app(
      "Load on a Hongyan server by actors over real sockets, which check what they measure.\n"
      "  push   messages between random users, each seen by both; closed loop, or open loop with --rate\n"
      "  idle   silent connections, and the memory each costs the server\n"
      "  storm  connections as fast as they come, twice; by v1 each with a sync\n"
      "  fanout messages to one group, all of whose members are connected\n"
      "  sync   users who missed messages in 50 conversations come back\n"
      "  verify users who come and go write down all they see, and the whole is judged: is anything lost?\n"
      "  fair   a few users, alone and then beside each of those who want all of the server\n"
      "  files  files of 1 MiB at once\n"
      "  messages what a stream costs beside messages, and what reactions cost");
  app.name("hongyan-bench");
  app.set_version_flag("--version", "hongyan-bench " HONGYAN_VERSION);
  app.add_option("SCENARIO", name, "push, idle, storm, fanout, sync, verify, fair, files or messages")
      ->required();
  app.add_option("--url", urls,
                 "the server, on this machine; push, verify: repeatable, the nodes of a cluster")
      ->type_name("http://HOST:PORT")
      ->allow_extra_args(false);
  auto* users =
      add_number<std::size_t>(app, "--users", o.users, 2, 1'000'000,
                              "connected users (push: 200, idle: 5000, storm: 2000, fanout: 500, sync: 64, "
                              "verify: 40, fair: 8; files: uploads at a time: 200, messages: 500)");
  bool by_v1 = false;
  auto* v1 = app.add_flag("--v1", by_v1, "push, idle, storm: by v1, not by the classic contract");
  bool takes_many = false;
  auto* many = app.add_flag("--many", takes_many, "fanout: members connect with many=true");
  auto* rate =
      add_number(app, "--rate", o.rate, 0.0, 1'000'000.0,
                 "push, fanout, verify: so many a second, whatever the answers; latency counts from the due "
                 "time. 0, not for verify: each sender sends again when it is answered (push: 0, fanout: 20, "
                 "verify: 100)");
  add_number(app, "--duration", duration, 1L, 86'400L,
             "seconds that are measured; fair, files: of each part (10)");
  auto* senders =
      add_number<std::size_t>(app, "--senders", o.senders, 1, 10'000,
                              "push, fanout: those who send at the same time, without a rate (32)");
  std::string pairs_name = "any";
  auto* pairs = app.add_option("--pairs", pairs_name,
                               "push on a cluster: who writes to whom, any, same or across (nodes)")
                    ->type_name("WHICH");
  auto* content = add_number(app, "--content", o.content_bytes, content_min, content_max,
                             "push, fanout, sync: bytes of a message's content (64)");
  auto* missed = add_number<std::size_t>(app, "--missed", o.missed, 1, 100'000,
                                         "sync: messages that each user missed (1000)");
  auto* at_once = add_number<std::size_t>(app, "--at-once", o.at_once, 1, 10'000,
                                          "sync: users that come back at the same time (32)");
  auto* history =
      app.add_option("--history", o.history_file, "verify: write all that happened here, as JSON lines")
          ->type_name("FILE");
  auto* check =
      app.add_option("--check", o.check_files, "verify: judge histories of one run, and do nothing else")
          ->type_name("FILE...");
  std::string key_file;
  auto* key = app.add_option("--api-key-file", key_file,
                             "verify, fair: of a server with --auth token; the first key is used")
                  ->type_name("FILE");
  pid_t server_pid = 0;
  add_number(app, "--server-pid", server_pid, 1, 1 << 22, "the server's process (found by its port)");
  add_number(app, "--database-pid", o.database_pid, 1, 1 << 22,
             "PostgreSQL's first process; its CPU time is counted with its children's");
  app.add_option("--json", o.json_file, "write the figures here")->type_name("FILE");
  app.add_option("--html", o.html_file, "write a report with plots here")->type_name("FILE");

  try {
    // CLI11 takes its arguments in reverse, without the program's name.
    app.parse(std::vector<std::string>(arguments.rbegin(), std::prev(arguments.rend())));
  } catch (const CLI::CallForHelp&) {
    return print_and_exit{app.help()};
  } catch (const CLI::CallForVersion& e) {
    return print_and_exit{std::string(e.what()) + "\n"};
  } catch (const CLI::ParseError& e) {
    return bad(e.what());
  }

  const auto found = scenarios.find(name);
  if (found == scenarios.end())
    return bad("unknown scenario '" + name +
               "'; accepted: push, idle, storm, fanout, sync, verify, fair, files, messages");
  o.what = found->second;
  using enum scenario;
  const std::vector<std::pair<const CLI::Option*, std::vector<scenario>>> takers{
      {v1, {push, idle, storm}}, {many, {fanout}},      {rate, {push, fanout, verify}},
      {senders, {push, fanout}}, {pairs, {push}},       {content, {push, fanout, sync}},
      {missed, {sync}},          {at_once, {sync}},     {history, {verify}},
      {check, {verify}},         {key, {verify, fair}},
  };
  for (const auto& [option, by] : takers)
    if (option->count() > 0 && std::ranges::find(by, o.what) == by.end())
      return bad(option->get_name() + ": the scenario " + name + " does not take it");
  if (urls.empty() && o.check_files.empty()) return bad("--url is required");
  if (urls.size() > 1 && o.what != verify && o.what != push)
    return bad("--url: the scenario " + name + " takes one");
  for (const auto& url : urls) {
    auto server = parse_url(url, o.what == verify);
    if (!server) return server.error();
    o.servers.push_back(std::move(*server));
  }
  if (!key_file.empty()) {
    auto read = read_api_key(key_file);
    if (!read) return read.error();
    o.api_key = std::move(*read);
  }
  if (server_pid != 0) o.server_pids.push_back(server_pid);
  if (o.server_pids.size() > 0 && urls.size() > 1)
    return bad("--server-pid: of several servers each is found by its port");
  if (users->count() == 0) o.users = default_users(o.what);
  const auto pairing_found = pairings.find(pairs_name);
  if (pairing_found == pairings.end())
    return bad("--pairs: '" + pairs_name + "' is not accepted; accepted: any, same, across");
  o.pairs = pairing_found->second;
  if (o.pairs == pairing::across_nodes && urls.size() < 2)
    return bad("--pairs across: takes the --url of two nodes or more");
  if (o.what == push && o.users < 2 * urls.size())
    return bad("--users: push takes two for each node, at least");
  if ((o.what == fanout || o.what == messages) && o.users > group_users_max)
    return bad("--users: a group has at most " + std::to_string(group_users_max) + " members");
  if (o.what == fanout && rate->count() == 0) o.rate = default_fanout_rate;
  if (o.what == verify && (o.users < verify_users_min || o.users > verify_users_max))
    return bad("--users: verify takes " + std::to_string(verify_users_min) + " to " +
               std::to_string(verify_users_max));
  if (o.what == verify && rate->count() == 0) o.rate = default_verify_rate;
  if (o.what == verify && o.rate <= 0) return bad("--rate: verify takes more than 0");
  if (by_v1 || o.what == fanout || o.what == sync || o.what == verify || o.what == fair || o.what == files ||
      o.what == messages)
    o.speaks = takes_many ? protocol::v1_many : protocol::v1;
  o.duration = std::chrono::seconds(duration);
  return o;
}

} // namespace hongyan::bench
