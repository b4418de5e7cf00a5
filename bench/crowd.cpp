#include "bench/crowd.hpp"

#include <algorithm>

namespace hongyan::bench {

namespace {

/// Clients from one source address; the kernel has some 28,000 ports for one.
constexpr std::size_t clients_per_source = 28'000;
/// Closing handshakes under way at the same time, so that a crowd's end is no storm of its own.
constexpr std::size_t closing_at_once = 1'000;

} // namespace

crowd::crowd(runtime& where, const std::vector<server_address>& servers, protocol speaks,
             std::uint64_t first_user, listener& told)
    : where_(where)
    , servers_(servers)
    , told_(told)
    , first_user_(first_user)
    , speaks_(speaks) {}

asio::awaitable<void> crowd::open(std::size_t count, std::size_t at_once, double per_second) {
  clients_.clear();
  speakers_.assign(count, nullptr);
  phases_.assign(count, phase::opening);
  handshakes_.clear();
  wanted_ = count;
  at_once_ = at_once;
  busy_ = open_ = failed_ = 0;
  begun_ = last_opened_ = where_.shard().now();
  while (clients_.size() < wanted_ || busy_ > 0) {
    const auto passed = std::chrono::duration<double>(where_.shard().now() - begun_).count();
    allowed_ =
        per_second > 0 ? std::min(wanted_, static_cast<std::size_t>(passed * per_second) + 1) : wanted_;
    spawn_more();
    co_await pause(where_.shard(), look);
    told_.opening();
  }
}

void crowd::spawn_more() {
  while (busy_ < at_once_ && clients_.size() < allowed_) spawn_next();
}

void crowd::spawn_next() {
  const auto index = clients_.size();
  const auto& server = servers_[index % servers_.size()];
  std::optional<asio::ip::address> source;
  if (wanted_ > clients_per_source && server.endpoint.address().is_v4())
    source = asio::ip::address_v4(asio::ip::address_v4::loopback().to_uint() +
                                  static_cast<std::uint32_t>(index / clients_per_source));
  ++busy_;
  ++alive_;
  clients_.push_back(spawn_on<socket_client>(where_.system(), where_.shard(), where_.shard(), server, speaks_,
                                             user(index), static_cast<std::uint32_t>(index), source,
                                             static_cast<socket_client::watcher&>(*this),
                                             index < tokens_.size() ? tokens_[index] : std::string()));
}

void crowd::opened(socket_client& client) {
  ++open_;
  phases_[client.index()] = phase::working;
  speakers_[client.index()] = &client;
  last_opened_ = where_.shard().now();
  handshakes_.record(static_cast<std::uint64_t>((last_opened_ - client.begun()).count()));
  if (told_.opened(client)) settled(client);
}

void crowd::settled(socket_client& client) {
  if (phases_[client.index()] != phase::working) return;
  phases_[client.index()] = phase::settled;
  --busy_;
  spawn_more(); // at once: a storm does not wait for a tick
}

void crowd::send(std::size_t index, std::string_view text) {
  if (is_open(index)) speakers_[index]->send(text);
}

void crowd::received(socket_client& client, const std::string& frame) {
  ++frames_;
  told_.received(client, frame);
}

void crowd::failed(socket_client& client, const std::string& why) {
  ++failed_;
  const auto known = std::ranges::find(faults_, why, &std::pair<std::string, std::size_t>::first);
  if (known == faults_.end()) {
    faults_.emplace_back(why, 1);
  } else {
    ++known->second;
  }
  const bool was_open = is_open(client.index());
  leave(client);
  if (was_open) told_.lost(client);
}

void crowd::ended(socket_client& client) { leave(client); }

void crowd::leave(socket_client& client) {
  --alive_;
  bytes_received_ += client.bytes_received();
  auto& now = phases_[client.index()];
  if (is_open(client.index())) --open_;
  if (now != phase::settled) --busy_;
  now = phase::over;
  speakers_[client.index()] = nullptr;
  clients_[client.index()] = nullptr;
}

asio::awaitable<void> crowd::close() {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (!clients_[i]) continue;
    caf::anon_send(clients_[i], caf::close_atom::value);
    if ((i + 1) % closing_at_once == 0) co_await pause(where_.shard(), look);
  }
  // Each client has its own deadline for the closing handshake.
  while (open_ > 0) co_await pause(where_.shard(), look);
  for (const auto& client : clients_)
    if (client) caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
  while (alive_ > 0) co_await pause(where_.shard(), look);
}

std::vector<std::string> crowd::faults() const {
  std::vector<std::string> lines;
  for (const auto& [why, count] : faults_) lines.push_back(std::to_string(count) + " × a socket: " + why);
  return lines;
}

} // namespace hongyan::bench
