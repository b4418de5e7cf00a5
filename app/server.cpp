#include "app/server.hpp"

#include "actors/directory.hpp"
#include "actors/history.hpp"
#include "actors/login.hpp"
#include "actors/persistence.hpp"
#include "actors/registry.hpp"
#include "actors/revocations.hpp"
#include "actors/watcher.hpp"
#include "core/bounds/memory_bounds.hpp"
#include "core/tools/random.hpp"
#include "net/cluster_links.hpp"
#include "net/listener.hpp"
#include "net/routes.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <curl/curl.h>
#include <future>
#include <spdlog/spdlog.h>
#include <thread>
#include <unistd.h>

namespace hongyan {

namespace {

/// How often the persistence actor looks after the database: a lost one is back in use well within the
/// promised 5 s of its return.
constexpr std::chrono::milliseconds database_tick{500};
constexpr std::size_t history_actors_max = 4;
/// Contract, section 1: of what there is, clients may have a quarter.
constexpr std::size_t memory_part = 4;
/// Questions to WeChat at the same time; each takes some tens of milliseconds.
constexpr std::size_t login_actors = 8;
/// For the first look at the database before the server says that it listens: an embedded one answers at
/// once, an absent one is refused at once, a frozen one need not hold the server up.
constexpr std::chrono::seconds first_look_deadline{3};

/// Runs `work` on a shard's thread and waits for its result.
template <class Work>
auto on_shard(io_shard& shard, Work work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto done = task.get_future();
  asio::post(shard.io(), std::move(task));
  return done.get();
}

caf::actor_system_config& configure(caf::actor_system_config& config, bool is_cluster) {
  config.add_message_types<caf::id_block::hongyan>();
  if (is_cluster) load_distribution(config);
  // Our actors are pinned or detached, so CAF's own scheduler has nothing to run.
  config.set("scheduler.max-threads", std::size_t{1});
  return config;
}

origin_policy origins_of(const server_config& config) {
  return {.allowed = config.allow_origin,
          .wechat = !config.asks_for_tokens,
          .loopback_only = is_loopback_host(config.listen.host)};
}

/// Contract, section 2: pings every 25 s, closes a peer that has been silent for 60 s.
websocket_env classic_sockets(const server_config& config, metrics& figures, flow& admitted) {
  return {figures,
          admitted.memory,
          config.limits.message_bytes,
          config.heartbeat,
          std::chrono::milliseconds(config.heartbeat) * 12 / 5,
          transfer_deadline};
}

/// Contract, section 3: the clients ping, by a method of the protocol; a socket that takes no more bytes is
/// cut after 5 s.
websocket_env v1_sockets(const server_config& config, metrics& figures, flow& admitted) {
  return {figures, admitted.memory, config.limits.message_bytes, {}, {}, std::chrono::seconds(5)};
}

/// Contract, section 1: with --auth none, rates are off.
flow_rates rates_of(const server_config& config) {
  if (!config.asks_for_tokens) return {};
  const auto& l = config.limits;
  return {.sends = {l.sends_per_second, l.sends_burst},
          .day_bytes = l.user_day_bytes,
          .requests = {l.requests_per_second, l.requests_burst},
          .handshakes = {l.handshakes_per_second, l.handshakes_burst},
          .node_handshakes = {node_handshakes_per_second, node_handshakes_burst},
          .logins = {l.logins_per_second, l.logins_burst},
          .bad_tokens = {l.logins_per_second, l.logins_burst}};
}

/// Contract, section 1: with --auth none, limits of an address are off.
connection_table::bounds connections_of(const server_config& config) {
  const bool limited = config.asks_for_tokens;
  return {.all = config.limits.connections,
          .reserve = reserve_connections,
          .each = limited ? config.limits.address_sessions : 0,
          .handshakes = tls_handshakes_max,
          .handshakes_each = limited ? address_tls_handshakes_max : 0};
}

bool is_any_address(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

/// Contract: host:port. Every machine of a cluster may listen on "any address", so there the host is its
/// name.
std::string default_node_name(const server_config& config) {
  char machine[HOST_NAME_MAX + 1] = {};
  if (!config.cluster_listen || !is_any_address(config.listen.host) ||
      gethostname(machine, sizeof machine) != 0)
    return config.listen.text();
  return std::string(machine) + ":" + std::to_string(config.listen.port);
}

/// What was read anew is used; what cannot be read leaves what was before.
template <class T, class Use>
void take(const char* what, result<T> read, Use use) {
  if (read) {
    use(*std::move(read));
    spdlog::info("event={}_read", what);
  } else {
    spdlog::error("event={}_not_read reason=\"{}\"", what, read.error().detail);
  }
}

/// How much memory may be used, for whoever sizes the machine.
void tell_bounds(const limits& of, bool is_cluster, const memory_found& there_is) {
  constexpr std::size_t mib = 1 << 20;
  spdlog::info(
      "event=bounds clients_mib={} user_mib={} {}_mib={} "
      "meaning=\"the server keeps at most clients_mib for its clients (limits.memory), of it user_mib "
      "for one user; its queues and caches come on top\"",
      of.memory / mib, of.memory / memory_budget::user_share / mib, there_is.from, there_is.bytes / mib);
  for (const auto& [what, bytes] : memory_bounds(of, is_cluster))
    spdlog::debug("event=bound what={} mib={}", what, bytes / mib);
}

/// All parts, in the order of their making.
class server {
public:
  explicit server(server_config config)
      : config_(std::move(config))
      , admitted_(config_.limits.backlog, config_.limits.deliveries, config_.limits.history,
                  rates_of(config_), config_.limits.searches)
      , connections_(connections_of(config_))
      , system_(std::in_place, configure(caf_config_, config_.cluster_listen.has_value())) {
    admitted_.memory.set_limit(config_.limits.memory);
    if (config_.asks_for_tokens) {
      admitted_.sessions_a_user = config_.limits.sessions;
      admitted_.blocks_a_user = config_.limits.blocks;
      admitted_.groups_a_user = config_.limits.groups_owned;
    }
    admitted_.presence_is_public = config_.presence_is_public;
    const auto cores = std::max(1u, std::thread::hardware_concurrency());
    const auto count = config_.io_threads > 0 ? config_.io_threads : cores;
    for (unsigned i = 0; i < count; ++i) shards_.push_back(std::make_unique<io_shard>(*system_));
  }

  result<void> open();
  std::string url() const { return (certificate_ ? "https://" : "http://") + config_.listen.text(); }
  void start();
  void wait_for_signal();
  void stop();
  /// An actor ended by a fault, and so the server did.
  bool has_failed() const { return !admitted_.dead_actor().empty(); }

private:
  history_actor history_for(std::size_t shard);
  history_actor spawn_history();
  std::vector<login_actor> spawn_logins();
  result<void> open_cluster();
  void start_cluster();
  result<std::shared_ptr<const cluster_tls>> read_cluster_certificate() const;
  result<auth::key_ring> read_keys() const;
  void warn_of_open_files() const;
  void reread();
  void watch_for_hangup();
  void tick();
  void watch_writes();
  std::size_t count_connections();
  bool drain(steady_time deadline);
  bool end_actors(steady_time deadline);

  server_config config_;
  auth::revocations revoked_;
  std::optional<current<auth::key_ring>> keys_;
  std::optional<current<tls_context>> certificate_; ///< nothing: in the clear
  std::unique_ptr<store> database_;
  std::optional<metrics> figures_;
  flow admitted_;
  std::optional<login_env> login_env_;
  std::optional<cluster_fence> fence_; ///< in a cluster; and:
  std::optional<cluster_links> links_;
  connection_table connections_; ///< connections give their slots back: it outlives the shards
  caf::actor_system_config caf_config_;
  // Shards outlive the actor system: it may still touch the execution unit of an actor that has just ended.
  std::vector<std::unique_ptr<io_shard>> shards_;
  std::optional<caf::actor_system> system_;
  std::unique_ptr<server_context> context_;
  std::vector<std::unique_ptr<session_env>> session_envs_; ///< one a shard
  std::vector<caf::actor> bridges_;
  std::vector<caf::actor> cluster_actors_; ///< the cluster actor and the directory
  history_actor cluster_log_;              ///< the registry's own
  std::vector<history_actor> readers_;     ///< all of them
  std::optional<caf::actor> watcher_;
  bool write_hangs_ = false;
  revocations_actor revocations_; ///< with --auth token
  std::vector<std::unique_ptr<serving_shard>> serving_;
  std::optional<asio::ip::tcp::acceptor> acceptor_;
  std::optional<listener> listener_;

  asio::io_context main_io_;
  asio::signal_set signals_{main_io_, SIGTERM, SIGINT};
  asio::signal_set hangup_{main_io_, SIGHUP};
  asio::steady_timer ticker_{main_io_};
};

/// First the address, then the database: a second server started by mistake must not touch the file.
result<void> server::open() {
  auto acceptor = listen_on(shards_.front()->io(), config_.listen, "--listen");
  if (!acceptor) return acceptor.error();
  acceptor_ = std::move(*acceptor);
  config_.listen.port = acceptor_->local_endpoint().port();
  if (config_.node.empty()) config_.node = default_node_name(config_);
  figures_.emplace(config_.node, config_.limits, config_.cluster_listen.has_value());
  if (auto opened = open_cluster(); !opened) return opened.error();
  auto keys = read_keys();
  if (!keys) return keys.error();
  keys_.emplace(*std::move(keys));
  if (!config_.tls_certificate.empty()) {
    auto certificate = tls_context::read(config_.tls_certificate, config_.tls_key);
    if (!certificate) return certificate.error();
    certificate_.emplace(*std::move(certificate));
  }
  auto database = open_store(config_.database);
  if (!database) return error{errc::malformed, "--database: " + database.error().detail};
  database_ = std::move(*database);
  return {};
}

result<auth::key_ring> server::read_keys() const {
  auto ring = auth::read_keys(config_.keys);
  if (ring) {
    ring->asks = config_.asks_for_tokens;
    ring->revoked = &revoked_;
  }
  return ring;
}

/// Files with secrets should be their owner's alone. They are used all the same: containers mount them so.
void server::warn_of_open_files() const {
  std::vector<std::string> secret{config_.keys.secret, config_.keys.api_keys, config_.keys.wechat_secret,
                                  config_.tls_key, config_.cluster_tls_key};
  std::erase(secret, "");
  for (const auto& file : auth::open_to_others(secret))
    spdlog::warn("event=secret_open_to_others file={} advice=\"chmod 600\"", file);
}

void server::reread() {
  warn_of_open_files();
  take("keys", read_keys(), [this](auto keys) { keys_->set(std::move(keys)); });
  // Certificates are for connections from now on.
  if (fence_ && !config_.cluster_tls_certificate.empty())
    take("cluster_certificate", read_cluster_certificate(),
         [this](auto certificate) { fence_->secure(std::move(certificate)); });
  if (certificate_)
    take("certificate", tls_context::read(config_.tls_certificate, config_.tls_key),
         [this](auto certificate) { certificate_->set(std::move(certificate)); });
}

void server::watch_for_hangup() {
  hangup_.async_wait([this](const boost::system::error_code& ec, int) {
    if (ec) return;
    reread();
    watch_for_hangup();
  });
}

void server::start() {
  warn_of_open_files();
  auto& first = *shards_.front();
  auto registry_handle = spawn_on<registry>(*system_, first, first, config_.node, admitted_, *figures_,
                                            &revoked_, database_->timeline());
  if (auto* timeline = database_->timeline())
    timeline->when_newer([registry_handle](database_timeline now, database_timeline before) {
      if (before.number > 0)
        spdlog::warn("event=database_timeline timeline={} before={}", now.number, before.number);
      caf::anon_send(registry_handle, timeline_atom::value, now);
    });
  auto persistence_handle =
      system_->spawn<caf::detached>(persistence, std::shared_ptr<message_writer>(database_->make_writer()),
                                    registry_handle, &admitted_, &*figures_);
  context_.reset(new server_context{config_, all_routes(), *keys_, certificate_ ? &*certificate_ : nullptr,
                                    *figures_, admitted_, origins_of(config_),
                                    classic_sockets(config_, *figures_, admitted_),
                                    v1_sockets(config_, *figures_, admitted_), registry_handle,
                                    persistence_handle, spawn_logins(), *system_, connections_});
  const auto searches = spawn_history();
  for (auto& shard : shards_) {
    auto handle = spawn_on<bridge>(*system_, *shard, *shard);
    auto& asks = *caf::actor_cast<bridge*>(handle);
    bridges_.push_back(std::move(handle));
    session_envs_.push_back(std::make_unique<session_env>(
        session_env{registry_handle, history_for(session_envs_.size()), searches, persistence_handle,
                    *figures_, admitted_, config_.limits, config_.classic_window, config_.node,
                    config_.heartbeat, config_.recall_window, *keys_}));
    serving_.push_back(std::make_unique<serving_shard>(
        serving_shard{edge{*context_, *shard, asks, *session_envs_.back()}, {}}));
  }
  if (fence_) start_cluster();
  std::vector<caf::actor> vital{caf::actor_cast<caf::actor>(registry_handle),
                                caf::actor_cast<caf::actor>(persistence_handle)};
  for (const auto& reader : readers_) vital.push_back(caf::actor_cast<caf::actor>(reader));
  watcher_ = system_->spawn(watch, std::move(vital), &admitted_);
  for (auto& shard : shards_) shard->start();
  caf::scoped_actor self{*system_};
  self->request(persistence_handle, first_look_deadline, tick_atom::value)
      .receive([] {}, [](const caf::error&) {});
  if (config_.asks_for_tokens) { // who was revoked before is known before anybody comes
    revocations_ = system_->spawn<caf::detached>(
        revocations, std::shared_ptr<message_reader>(database_->make_reader()), registry_handle, &revoked_);
    self->request(revocations_, first_look_deadline, tick_atom::value)
        .receive([] {}, [](const caf::error&) {});
  }
  listener_.emplace(std::move(*acceptor_), serving_);
  listener_->start();
  tick();
}

/// The shards share a few, each with a connection of its own: reads wait for the database more than for us.
history_actor server::history_for(std::size_t shard) {
  if (shard >= history_actors_max) return session_envs_[shard % history_actors_max]->history;
  return spawn_history();
}

history_actor server::spawn_history() {
  readers_.push_back(system_->spawn<caf::detached>(
      history, std::shared_ptr<message_reader>(database_->make_reader()), &admitted_, &*figures_));
  return readers_.back();
}

result<std::shared_ptr<const cluster_tls>> server::read_cluster_certificate() const {
  return cluster_tls::read(
      {config_.cluster_tls_certificate, config_.cluster_tls_key, config_.cluster_tls_authority});
}

result<void> server::open_cluster() {
  if (!config_.cluster_listen) return {};
  fence_.emplace(*figures_);
  links_.emplace(*system_, *fence_);
  if (auto listening = fence_->listen(*config_.cluster_listen); !listening) return listening.error();
  if (config_.cluster_tls_certificate.empty()) return {};
  auto certificate = read_cluster_certificate();
  if (!certificate) return certificate.error();
  fence_->secure(*std::move(certificate));
  return {};
}

void server::start_cluster() {
  const auto incarnation = random_number();
  auto at = fence_->address();
  // The database sees where this machine is.
  const auto address = is_any_address(at.host) ? ":" + std::to_string(at.port) : at.text();
  cluster_log_ = spawn_history();
  auto cluster = spawn_on<cluster_actor>(*system_, *shards_.front(), *shards_.front(),
                                         cluster_settings{config_.node, incarnation, config_.cluster_join,
                                                          cluster_fence::heartbeat, cluster_fence::silence},
                                         context_->registry, *links_, admitted_, *figures_);
  caf::anon_send(context_->registry, join_atom::value, clustering{cluster, cluster_log_});
  cluster_actors_.push_back(
      system_->spawn<caf::detached>(directory, std::shared_ptr<node_directory>(database_->make_directory()),
                                    node_row{config_.node, address, incarnation}, cluster, &admitted_));
  if (auto opened = links_->open(cluster, config_.node); !opened) {
    // Alone it would part the cluster, unseen: it ends as if the actor had.
    spdlog::critical("event=cluster_not_opened reason=\"{}\"", opened.error().detail);
    admitted_.set_dead_actor("the links between nodes cannot be opened: " + opened.error().detail);
    std::raise(SIGTERM);
  }
  cluster_actors_.push_back(std::move(cluster));
}

std::vector<login_actor> server::spawn_logins() {
  std::vector<login_actor> all;
  if (config_.wechat.app_id.empty()) return all;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto& env = login_env_.emplace(config_.wechat, *keys_, admitted_, *figures_);
  for (std::size_t i = 0; i < login_actors; ++i) all.push_back(system_->spawn<caf::detached>(login, &env));
  return all;
}

void server::tick() {
  ticker_.expires_after(database_tick);
  ticker_.async_wait([this](const boost::system::error_code& ec) {
    if (ec || !context_) return;
    if (!admitted_.look_asked.exchange(true)) caf::anon_send(context_->persistence, tick_atom::value);
    for (const auto& reader : readers_) caf::anon_send(reader, tick_atom::value);
    watch_writes();
    tick();
  });
}

/// A write that hangs says nothing itself: its actor waits for it.
void server::watch_writes() {
  const auto held = admitted_.writing_for(std::chrono::steady_clock::now());
  const bool hangs = held > commit_alarm;
  if (hangs == std::exchange(write_hangs_, hangs)) return;
  if (hangs) {
    spdlog::error("event=write_hangs seconds={}", std::chrono::floor<std::chrono::seconds>(held).count());
  } else {
    spdlog::info("event=write_goes_on");
  }
}

void server::wait_for_signal() {
  watch_for_hangup();
  signals_.async_wait([this](const boost::system::error_code& ec, int) {
    if (!ec) main_io_.stop();
  });
  main_io_.run();
  main_io_.restart();
}

/// Sockets open on all shards, HTTP and WebSocket.
std::size_t server::count_connections() {
  std::size_t http = 0;
  for (std::size_t i = 0; i < shards_.size(); ++i)
    http += on_shard(*shards_[i], [&, i] { return serving_[i]->connections.size(); });
  return http + static_cast<std::size_t>(figures_->websocket_connections.Value());
}

/// Accepts nothing more, lets what was accepted be stored and answered, closes sessions with 1001. False:
/// something was left at the deadline.
bool server::drain(steady_time deadline) {
  context_->draining = true;
  on_shard(*shards_.front(), [this] { listener_->stop(); });
  for (std::size_t i = 0; i < shards_.size(); ++i)
    on_shard(*shards_[i], [&, i] {
      for (auto* connection : http_connections(serving_[i]->connections)) connection->drain();
    });
  caf::anon_send(context_->registry, drain_atom::value);

  asio::steady_timer pause(main_io_);
  for (auto left = count_connections(); left > 0; left = count_connections()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      spdlog::warn("event=drain_cut connections={}", left);
      return false;
    }
    pause.expires_after(std::chrono::milliseconds(10));
    pause.async_wait([this](const boost::system::error_code&) { main_io_.stop(); });
    main_io_.restart();
    main_io_.run(); // the database is looked after meanwhile
  }
  return true;
}

/// A handle that is kept would hang the actor system's destructor; a shard stopped too early would leave an
/// actor without its turn. False: an actor has not ended by the deadline.
bool server::end_actors(steady_time deadline) {
  ticker_.cancel();
  if (watcher_) caf::anon_send_exit(*watcher_, caf::exit_reason::user_shutdown); // first: their ends are ours
  watcher_.reset();
  caf::anon_send_exit(context_->persistence, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(context_->registry, caf::exit_reason::user_shutdown);
  for (auto& b : bridges_) caf::anon_send_exit(b, caf::exit_reason::user_shutdown);
  bridges_.clear();
  for (auto& actor : cluster_actors_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  cluster_actors_.clear();
  cluster_log_ = nullptr;
  for (auto& reader : readers_) caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
  readers_.clear();
  if (revocations_) caf::anon_send_exit(revocations_, caf::exit_reason::user_shutdown);
  revocations_ = nullptr;
  if (auto* timeline = database_->timeline()) timeline->when_newer({});
  for (auto& env : session_envs_) {
    env->history = nullptr;
    env->searches = nullptr;
    env->persistence = nullptr;
    env->registry = nullptr;
  }
  for (auto& l : context_->logins) caf::anon_send_exit(l, caf::exit_reason::user_shutdown);
  context_->logins.clear();
  context_->persistence = nullptr;
  context_->registry = nullptr;

  while (system_->registry().running() > 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      spdlog::warn("event=actors_left count={}", system_->registry().running());
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void server::stop() {
  const auto deadline = std::chrono::steady_clock::now() + config_.drain_timeout;
  // When the time is up the kernel cuts what is left, whatever it waits for. What was answered is durable.
  const int status = admitted_.dead_actor().empty() ? 0 : 1;
  std::thread([deadline, status] {
    std::this_thread::sleep_until(deadline);
    std::_Exit(status);
  }).detach();
  if (!drain(deadline) || !end_actors(deadline)) std::_Exit(status);
  if (fence_) fence_->stop();
  for (auto& shard : shards_) shard->stop();
  listener_.reset();
  serving_.clear();
  system_.reset();
  context_.reset();
  shards_.clear();
}

} // namespace

result<void> serve(server_config config, const std::function<void(const std::string& url)>& ready) {
  const auto database = redacted(config.database);
  const auto there_is = find_memory();
  if (config.limits.memory == 0) config.limits.memory = there_is.bytes / memory_part;
  const auto limits = config.limits;
  const bool is_cluster = config.cluster_listen.has_value();
  server s(std::move(config));
  if (auto opened = s.open(); !opened) return opened.error();
  tell_bounds(limits, is_cluster, there_is);
  s.start();
  ready(s.url());
  spdlog::info("event=listening url={} database={}", s.url(), database);
  s.wait_for_signal();
  spdlog::info("event=draining");
  s.stop();
  spdlog::info("event=stopped");
  if (s.has_failed())
    return error{errc::internal, "a part of the server had ended by a fault; the log says which"};
  return {};
}

} // namespace hongyan
