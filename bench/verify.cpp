#include "bench/verify.hpp"

#include "bench/checker.hpp"
#include "bench/names.hpp"
#include "bench/tokens.hpp"
#include "bench/verify_user.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

namespace hongyan::bench {

namespace {

/// Who talk among themselves, and must see nothing else.
constexpr std::size_t strangers = 2;
constexpr std::size_t group_members_max = 8;
/// For everybody to connect, for the first time and after the faults.
constexpr std::chrono::seconds gather_deadline{45};
/// For everybody to read all, from one node.
constexpr std::chrono::seconds read_deadline{120};
constexpr std::chrono::seconds end_deadline{6};
/// Strangers try one after the other.
constexpr std::chrono::milliseconds between_intrusions{200};

/// What the checker found, and how it is told.
void tell_verdict(report& r, std::span<const event> history) {
  const auto found = check(history);
  for (const auto kind : all_anomalies()) {
    const auto at = found.found.find(kind);
    r.figures.push_back({std::string(name_of(kind)), std::string(name_of(kind)),
                         at == found.found.end() ? 0 : static_cast<double>(at->second.count)});
  }
  for (auto& line : found.lines()) r.failures.push_back(std::move(line));
}

/// A run's state. All on the shard's thread.
class verify_run final : private socket_client::watcher {
public:
  verify_run(runtime& where, const options& asked) : world_(where, asked) { world_.watcher = this; }

  asio::awaitable<report> run();

private:
  void opened(socket_client& client) override;
  void received(socket_client& client, const std::string& frame) override;
  void failed(socket_client& client, const std::string& why) override;
  void ended(socket_client& client) override;
  /// Null: its user has left it.
  verify_user* owner_of(const socket_client& client);

  void make_places();
  void add_place(verify_place p);
  asio::awaitable<bool> make_tokens();
  asio::awaitable<bool> gather();
  asio::awaitable<void> talk();
  asio::awaitable<void> heal();
  asio::awaitable<void> read_all();
  asio::awaitable<void> end();
  /// Lets the users work until all are `done`. False: the time is over.
  template <class Done>
  asio::awaitable<bool> until(const Done& done, steady_time::duration at_most);
  void tick();
  void send_one();
  void intrude();
  bool is_full() const;
  void show(const char* phase);
  report tell();

  verify_world world_;
  std::vector<std::unique_ptr<verify_user>> users_;
  std::vector<std::vector<std::uint32_t>> places_of_; ///< by user
  std::vector<std::uint32_t> groups_;
  std::vector<std::string> failures_;
  std::vector<std::string> notes_;
  std::size_t held_back_ = 0;
  steady_time shown_{};
};

asio::awaitable<report> verify_run::run() {
  make_places();
  const bool has_tokens = co_await make_tokens();
  bool gathered = has_tokens;
  if (gathered) gathered = co_await gather();
  if (gathered) {
    co_await talk();
    co_await heal();
    co_await read_all();
  }
  co_await end();
  co_return tell();
}

void verify_run::make_places() {
  const auto count = static_cast<std::uint32_t>(world_.asked.users);
  const auto first = first_user();
  for (std::uint32_t i = 0; i < count; ++i) {
    world_.users.push_back(std::to_string(first + i));
    users_.push_back(std::make_unique<verify_user>(world_, i));
  }
  places_of_.resize(count);
  const auto members = static_cast<std::uint32_t>(count - strangers);
  const auto tag = run_tag();
  const auto group_count = std::max<std::uint32_t>(2, members / group_members_max);
  for (std::uint32_t g = 0; g < group_count; ++g) {
    verify_place p{.name = "g" + std::to_string(g), .members = {}, .group = tag + std::to_string(g)};
    for (std::uint32_t i = 0; i < std::min<std::uint32_t>(group_members_max, members); ++i)
      p.members.push_back((g * members / group_count + i) % members);
    groups_.push_back(static_cast<std::uint32_t>(world_.places.size()));
    add_place(std::move(p));
  }
  // Neighbours talk, those who are left over with the first; the strangers are the last two.
  for (std::uint32_t i = 0; i + 1 < members; i += 2)
    add_place({.name = "d" + std::to_string(i), .members = {i, i + 1}});
  if (members % 2 == 1) add_place({.name = "d" + std::to_string(members - 1), .members = {members - 1, 0}});
  add_place({.name = "d" + std::to_string(members + 1), .members = {members, members + 1}});
}

void verify_run::add_place(verify_place p) {
  event e{.kind = event_kind::members, .conversation = p.name};
  for (const auto member : p.members) {
    e.users.push_back(world_.users[member]);
    places_of_[member].push_back(static_cast<std::uint32_t>(world_.places.size()));
  }
  auto key = p.group;
  if (key.empty()) key = std::min(e.users[0], e.users[1]) + " " + std::max(e.users[0], e.users[1]);
  e.text = key;
  world_.names[key] = p.name;
  world_.log.write(std::move(e));
  world_.places.push_back(std::move(p));
}

// Sockets.

verify_user* verify_run::owner_of(const socket_client& client) {
  auto& user = *users_[world_.owners[client.index() - 1]];
  return user.session() == client.index() && !user.is_away() ? &user : nullptr;
}

void verify_run::opened(socket_client& client) {
  if (auto* user = owner_of(client)) user->opened(client);
}

void verify_run::received(socket_client& client, const std::string& frame) {
  if (auto* user = owner_of(client)) user->received(frame);
}

void verify_run::failed(socket_client& client, const std::string& why) {
  ++world_.sockets_over;
  if (auto* user = owner_of(client)) user->over(why);
}

void verify_run::ended(socket_client& client) {
  ++world_.sockets_over;
  if (auto* user = owner_of(client)) user->over("ended");
}

// The parts of a run.

template <class Done>
asio::awaitable<bool> verify_run::until(const Done& done, steady_time::duration at_most) {
  const auto deadline = world_.where.shard().now() + at_most;
  while (!std::ranges::all_of(users_, done)) {
    if (world_.where.shard().now() >= deadline) co_return false;
    tick();
    co_await pause(world_.where.shard(), look);
  }
  co_return true;
}

void verify_run::tick() {
  for (const auto& user : users_) user->tick();
}

asio::awaitable<bool> verify_run::make_tokens() {
  auto tokens = co_await fetch_tokens(world_.where.shard(), world_.asked, world_.users);
  if (tokens) {
    world_.tokens = *std::move(tokens);
  } else {
    failures_.push_back(tokens.error().detail);
  }
  co_return tokens.has_value();
}

asio::awaitable<bool> verify_run::gather() {
  const auto is_ready = [](const auto& user) { return user->is_ready(); };
  const bool connected = co_await until(is_ready, gather_deadline);
  if (connected) {
    const auto has_groups = [this](const auto& user) {
      if (user != users_.front()) return user->is_idle();
      for (const auto g : groups_)
        if (!world_.places[g].made) users_[world_.places[g].members[0]]->make_group(g);
      return std::ranges::all_of(groups_, [this](auto g) { return world_.places[g].made; });
    };
    const bool made = co_await until(has_groups, gather_deadline);
    if (made) co_return true;
  }
  failures_.push_back(connected ? "the groups could not be made" : "not all users could connect");
  co_return false;
}

asio::awaitable<void> verify_run::talk() {
  auto& shard = world_.where.shard();
  world_.calm = false;
  const auto begin = shard.now();
  const auto finish = begin + world_.asked.duration;
  auto intrusion = begin;
  double sent = 0;
  while (shard.now() < finish) {
    const auto passed = std::chrono::duration<double>(shard.now() - begin).count();
    for (; sent < passed * world_.asked.rate; ++sent) send_one();
    for (; intrusion < shard.now(); intrusion += between_intrusions) intrude();
    tick();
    show("talking");
    if (is_full()) {
      notes_.push_back("the run was ended after " + fixed(passed, 0) +
                       " s: its history was as long as this program keeps one");
      break;
    }
    co_await pause(shard, look);
  }
  world_.calm = true;
}

void verify_run::send_one() {
  const auto members = users_.size() - strangers;
  const auto from = world_.below(world_.one_in(20) ? users_.size() : members);
  const auto& places = places_of_[from];
  if (!users_[from]->write_to(places[world_.below(places.size())])) ++held_back_;
}

/// A stranger writes to a group, or asks for its history.
void verify_run::intrude() {
  auto& stranger = *users_[users_.size() - 1 - world_.below(strangers)];
  const auto group = groups_[world_.below(groups_.size())];
  if (world_.one_in(2)) {
    stranger.intrude(group);
  } else if (!stranger.is_reading()) {
    stranger.read(group, false);
  }
}

/// What is known will be read again from each node, by each member.
bool verify_run::is_full() const {
  const auto reads = world_.asked.servers.size() * group_members_max * world_.letters;
  return world_.log.events().size() + reads > recorder::events_max;
}

asio::awaitable<void> verify_run::heal() {
  world_.log.write({.kind = event_kind::healed});
  for (std::uint32_t i = 0; i < users_.size(); ++i) {
    users_[i]->hurry();
    users_[i]->write_to_last(places_of_[i].front());
  }
  const auto is_idle = [](const auto& user) { return user->is_idle(); };
  co_await until(is_idle, gather_deadline);
  for (const auto& user : users_) user->ping();
  co_await until(is_idle, gather_deadline);
  for (const auto& user : users_) user->sync();
  co_await until(is_idle, gather_deadline);
}

asio::awaitable<void> verify_run::read_all() {
  const auto is_idle = [](const auto& user) { return user->is_idle(); };
  for (std::size_t node = 0; node < world_.asked.servers.size(); ++node) {
    show("reading");
    for (std::uint32_t i = 0; i < users_.size(); ++i) {
      users_[i]->move_to(node);
      for (const auto place : places_of_[i]) users_[i]->read(place, true);
      if (i + strangers < users_.size()) continue;
      for (const auto group : groups_) users_[i]->read(group, true);
    }
    const bool all = co_await until(is_idle, read_deadline);
    if (all) continue;
    const auto late = std::ranges::count_if(users_, [](const auto& user) { return !user->is_idle(); });
    failures_.push_back(std::to_string(late) + " users could not read all from " +
                        world_.asked.servers[node].host);
  }
}

asio::awaitable<void> verify_run::end() {
  for (const auto& user : users_) user->leave();
  const auto deadline = world_.where.shard().now() + end_deadline;
  while (world_.sockets_over < world_.owners.size() && world_.where.shard().now() < deadline)
    co_await pause(world_.where.shard(), look);
  if (!world_.log.finish()) failures_.push_back("--history: cannot write " + world_.asked.history_file);
}

void verify_run::show(const char* phase) {
  const auto now = world_.where.shard().now();
  if (now - shown_ < std::chrono::seconds(1)) return;
  shown_ = now;
  const auto ready = std::ranges::count_if(users_, [](const auto& user) { return user->is_ready(); });
  std::cerr << "verify, " << phase << ": " << ready << " of " << users_.size() << " users connected, "
            << world_.acknowledged << " messages acknowledged, " << world_.unknown << " left open, "
            << world_.lost << " sessions lost\n";
}

report verify_run::tell() {
  report r{.scenario = "verify", .summary = {}};
  const auto& asked = world_.asked;
  const auto nodes = asked.servers.size();
  r.summary = std::to_string(asked.users) + " users in " + std::to_string(world_.places.size()) +
              " conversations, " + fixed(asked.rate, 0) + " messages a second for " +
              std::to_string(asked.duration.count()) + " s" +
              (nodes > 1 ? ", over " + std::to_string(nodes) + " nodes" : "");
  const auto count = [&](const char* key, const char* label, std::uint64_t value) {
    r.figures.push_back({key, label, static_cast<double>(value)});
  };
  count("sends", "sends, repetitions included", world_.sends);
  count("acknowledged", "acknowledged", world_.acknowledged);
  count("leftOpen", "left open: no answer, or an unclear one", world_.unknown);
  count("repeated", "sent again with the same clientMsgId", world_.repeated);
  count("duplicates", "answered as known already", world_.duplicates);
  count("refused", "refused (most of them strangers')", world_.refused);
  count("shownLive", "messages shown live", world_.shown_live);
  count("shownBySync", "shown by sync", world_.shown_by_sync);
  count("shownByRead", "shown in histories", world_.shown_by_read);
  count("sessions", "sessions that users asked for", world_.owners.size());
  count("unreachable", "sessions that could not be had", world_.unreachable);
  count("lostSessions", "sessions lost", world_.lost);
  count("leftSessions", "sessions left on purpose", world_.left);
  count("syncs", "syncs", world_.syncs);
  count("holes", "holes that clients noticed, and closed by sync", world_.holes);
  count("events", "events of the history", world_.log.events().size());
  if (held_back_ > 0)
    notes_.push_back(std::to_string(held_back_) +
                     " messages were not written: 64 of their users' waited already");
  r.notes = notes_;
  r.failures = failures_;
  for (auto& line : world_.faults.lines()) r.failures.push_back(std::move(line));
  tell_verdict(r, world_.log.events());
  return r;
}

} // namespace

asio::awaitable<report> run_verify(runtime& where, const options& asked) {
  verify_run run(where, asked);
  co_return co_await run.run();
}

result<report> check_recorded(const options& asked) {
  std::vector<event> events;
  for (const auto& path : asked.check_files) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return error{errc::malformed, "--check: cannot read " + path};
    const auto read = read_history(file, path, events);
    if (!read) return error{errc::malformed, "--check: " + read.error().detail};
  }
  std::ranges::stable_sort(events, {}, &event::at);
  report r{.scenario = "verify", .summary = "a recorded history is judged"};
  r.figures.push_back({"events", "events of the history", static_cast<double>(events.size())});
  tell_verdict(r, events);
  return r;
}

} // namespace hongyan::bench
