#include "app/server.hpp"

#include "actors/asker.hpp"
#include "actors/backup.hpp"
#include "actors/checker.hpp"
#include "actors/directory.hpp"
#include "actors/eraser.hpp"
#include "actors/file_keeper.hpp"
#include "actors/file_worker.hpp"
#include "actors/history.hpp"
#include "actors/login.hpp"
#include "actors/moderator.hpp"
#include "actors/notifier.hpp"
#include "actors/persistence.hpp"
#include "actors/registry.hpp"
#include "actors/retention.hpp"
#include "actors/revocations.hpp"
#include "actors/span_exporter.hpp"
#include "actors/sql_sends.hpp"
#include "actors/streams.hpp"
#include "actors/webhook.hpp"
#include "actors/wechat.hpp"
#include "app/credentials.hpp"
#include "app/runtime.hpp"
#include "app/settings.hpp"
#include "core/bounds/memory_bounds.hpp"
#include "core/tools/random.hpp"
#include "net/cluster_links.hpp"
#include "net/file_service.hpp"
#include "net/listener.hpp"
#include "net/routes.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <curl/curl.h>
#include <spdlog/spdlog.h>
#include <thread>

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
/// Those who write and read files wait for a disk or a bucket.
constexpr std::size_t file_workers = 4;
/// For the first look at the database before the server says that it listens: an embedded one answers at
/// once, an absent one is refused at once, a frozen one need not hold the server up.
constexpr std::chrono::seconds first_look_deadline{3};

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

result<std::unique_ptr<files::blob_store>> open_bucket(const file_settings& of) {
  auto bucket = files::parse_s3_url(of.store);
  if (!bucket) return bucket.error();
  bucket->region = of.s3_region;
  bucket->path_style = of.s3_path_style;
  return files::open_s3(*bucket, of.s3_key_file);
}

/// The server, put together: what is read, then the actors, each spawned by a function of its own, then
/// whoever comes.
class server {
public:
  server(server_config config, config_loader reload)
      : config_(std::move(config))
      , credentials_(config_)
      , admitted_(config_.limits.backlog, config_.limits.deliveries, config_.limits.history,
                  rates_of(config_), config_.limits.searches)
      , connections_(connections_of(config_))
      , reload_(std::move(reload))
      , runtime_(config_.io_threads, config_.cluster_listen.has_value()) {
    set_user_limits(admitted_, config_);
  }

  result<void> open();
  std::string url() const {
    return (credentials_.certificate() != nullptr ? "https://" : "http://") + config_.listen.text();
  }
  result<void> start();
  void wait_for_signal();
  void stop();
  /// An actor ended by a fault, and so the server did.
  bool has_failed() const { return !admitted_.dead_actor().empty(); }

private:
  result<void> open_files();
  result<void> spawn_files(const persistence_actor& persistence);
  registry_actor spawn_registry();
  persistence_actor spawn_persistence(const registry_actor& told);
  asker_actor spawn_asker(const std::shared_ptr<webhooks::poster>& posts);
  wechat_actor spawn_wechat();
  moderator_actor spawn_moderator(const wechat_actor& wechat);
  persistence_actor spawn_checker(const wechat_actor& wechat);
  void spawn_notifier(const registry_actor& registry, const wechat_actor& wechat);
  history_actor spawn_history();
  std::vector<login_actor> spawn_logins();
  void spawn_shard(io_shard& home, const history_actor& history, const history_actor& searches);
  void spawn_cluster();
  void spawn_revocations();
  void spawn_sql_sends();
  void spawn_retention();
  void spawn_eraser();
  void spawn_span_exporter();
  void set_webhooks();
  void tell_presence_if_wanted();
  webhook_actor spawn_webhook(const webhook_settings& of);
  void end_webhooks(const std::vector<webhook_of_node>& all, steady_time deadline);
  void reread_webhooks();
  void watch_for_hangup();
  void tick();
  void watch_writes();
  std::size_t count_open();
  bool drain(steady_time deadline);
  void drop_handles();

  // What actors and connections refer to, so it outlives them:
  server_config config_;
  credentials credentials_;
  std::unique_ptr<store> database_;
  std::unique_ptr<files::blob_store> file_store_; ///< null: there is none
  std::optional<file_service> files_;             ///< with one
  std::optional<backup_env> backup_env_;
  std::optional<retention_env> retention_env_;
  std::optional<span_exporter_env> exporter_env_;
  std::optional<file_keeper_env> keeper_env_; ///< likewise
  std::optional<metrics> figures_;
  std::vector<std::unique_ptr<webhook_env>> webhook_envs_;
  std::atomic<std::chrono::hours::rep> longest_keep_ = 0; ///< of all webhooks
  flow admitted_;
  std::optional<login_env> login_env_;
  std::optional<checker_env> checker_env_;     ///< with a hook before sends, or a content check
  std::optional<wechat_env> wechat_env_;       ///< when WeChat is asked about what users say
  std::optional<moderator_env> moderator_env_; ///< when it is looked at once it was sent
  std::optional<notifier_env> notifier_env_;   ///< when WeChat tells who is away
  std::optional<cluster_fence> fence_;         ///< in a cluster; and:
  std::optional<cluster_links> links_;
  connection_table connections_; ///< connections give their slots back
  config_loader reload_;
  // Actors, and what has handles to them; see drop_handles():
  runtime runtime_;
  persistence_actor persistence_;
  std::unique_ptr<server_context> context_;
  std::vector<std::unique_ptr<session_env>> session_envs_; ///< one a shard
  std::vector<history_actor> readers_;                     ///< all of them
  // Who comes:
  std::vector<std::unique_ptr<serving_shard>> serving_;
  std::optional<asio::ip::tcp::acceptor> acceptor_;
  std::optional<listener> listener_;

  // The main thread's:
  asio::io_context main_io_;
  asio::signal_set signals_{main_io_, SIGTERM, SIGINT};
  asio::signal_set hangup_{main_io_, SIGHUP};
  asio::steady_timer ticker_{main_io_};
  bool write_hangs_ = false;
};

/// First the address, then the database: a second server started by mistake must not touch the file.
result<void> server::open() {
  auto acceptor = listen_on(runtime_.first_shard().io(), config_.listen, "--listen");
  if (!acceptor) return acceptor.error();
  acceptor_ = std::move(*acceptor);
  config_.listen.port = acceptor_->local_endpoint().port();
  if (config_.node.empty()) config_.node = default_node_name(config_);
  figures_.emplace(config_.node, config_.limits, config_.cluster_listen.has_value());
  figures_->trace.set_memory(config_.trace_memory);
  if (!config_.otlp_url.empty()) figures_->spans.switch_on();
  if (config_.cluster_listen) {
    fence_.emplace(*figures_);
    links_.emplace(runtime_.system(), *fence_);
    if (auto listening = fence_->listen(*config_.cluster_listen); !listening) return listening.error();
  }
  if (auto read = credentials_.read(fence_ ? &*fence_ : nullptr); !read) return read.error();
  auto database = open_store(config_.database);
  if (!database) return error{errc::malformed, "--database: " + database.error().detail};
  database_ = std::move(*database);
  return open_files();
}

result<void> server::open_files() {
  constexpr std::string_view folder = "dir:";
  if (config_.files.is_off()) return {};
  auto opened = config_.files.store.starts_with(folder)
                    ? files::open_folder(config_.files.store.substr(folder.size()))
                    : open_bucket(config_.files);
  if (!opened) return error{errc::malformed, "files.store: " + opened.error().detail};
  file_store_ = std::move(*opened);
  files_.emplace(*file_store_, config_.files);
  return {};
}

/// Sees that the file store is this database's own, if the database can be asked now. Errors: conflict.
result<void> server::spawn_files(const persistence_actor& persistence) {
  if (!files_) return {};
  for (std::size_t i = 0; i < file_workers; ++i)
    files_->workers.push_back(runtime_.spawn_detached(file_worker, file_store_.get()));
  keeper_env_.emplace(
      file_keeper_env{*file_store_, admitted_, *figures_, files_->link_key, backup_env_->is_under_way});
  const file_keeper_actor keeper = runtime_.spawn_detached(file_keeper, &*keeper_env_, persistence);
  result<void> fits;
  caf::scoped_actor self{runtime_.system()};
  self->request(keeper, first_look_deadline, tick_atom::value)
      .receive(
          [&](const blob_done& looked) {
            if (looked.failure && looked.failure->code == errc::conflict)
              fits = error{errc::malformed, "files.store: " + looked.failure->detail};
          },
          [](const caf::error&) {});
  return fits;
}

/// Errors: malformed: the file store is another database's.
result<void> server::start() {
  credentials_.warn_of_open_files();
  const auto registry = spawn_registry();
  persistence_ = spawn_persistence(registry);
  const auto wechat = spawn_wechat();
  const auto writes = spawn_checker(wechat);
  spawn_notifier(registry, wechat);
  auto& first = runtime_.first_shard();
  const streams_actor written =
      runtime_.spawn_pinned<streams>(first, first, config_.node, writes, registry, admitted_, *figures_);
  caf::anon_send(registry, open_atom::value, written, persistence_);
  context_.reset(new server_context{
      config_, all_routes(), credentials_.keys(), credentials_.certificate(), *figures_, admitted_,
      origins_of(config_), classic_sockets(config_, *figures_, admitted_),
      v1_sockets(config_, *figures_, admitted_), registry, writes, written, spawn_logins(), runtime_.system(),
      connections_, files_ ? &*files_ : nullptr,
      runtime_.spawn_detached(backup_maker, &backup_env_.emplace(*database_, file_store_.get())),
      &backup_env_->is_under_way});
  const auto searches = spawn_history();
  // The shards share a few, each with a connection of its own: reads wait for the database more than for us.
  std::vector<history_actor> histories;
  for (const auto& shard : runtime_.shards()) {
    if (histories.size() < history_actors_max) histories.push_back(spawn_history());
    spawn_shard(*shard, histories[session_envs_.size() % histories.size()], searches);
  }
  if (fence_) spawn_cluster();
  std::vector<caf::actor> vital{caf::actor_cast<caf::actor>(registry),
                                caf::actor_cast<caf::actor>(persistence_)};
  for (const auto& reader : readers_) vital.push_back(caf::actor_cast<caf::actor>(reader));
  runtime_.watch(std::move(vital), admitted_);

  runtime_.start();
  {
    caf::scoped_actor self{runtime_.system()};
    self->request(persistence_, first_look_deadline, tick_atom::value)
        .receive([] {}, [](const caf::error&) {});
  }
  if (auto fits = spawn_files(persistence_); !fits) return fits;
  spawn_revocations();
  spawn_sql_sends();
  spawn_retention();
  spawn_eraser();
  spawn_span_exporter();
  set_webhooks();
  listener_.emplace(std::move(*acceptor_), serving_);
  listener_->start();
  tick();
  return {};
}

registry_actor server::spawn_registry() {
  auto& first = runtime_.first_shard();
  const registry_actor made = runtime_.spawn_pinned<registry>(
      first, first, config_.node, admitted_, *figures_, &credentials_.revoked(), database_->timeline());
  if (auto* timeline = database_->timeline())
    timeline->when_newer([made](database_timeline now, database_timeline before) {
      if (before.number > 0)
        spdlog::warn("event=database_timeline timeline={} before={}", now.number, before.number);
      caf::anon_send(made, timeline_atom::value, now);
    });
  return made;
}

persistence_actor server::spawn_persistence(const registry_actor& told) {
  return runtime_.spawn_detached(persistence, std::shared_ptr<message_writer>(database_->make_writer()), told,
                                 &admitted_, &*figures_, files_.has_value());
}

asker_actor server::spawn_asker(const std::shared_ptr<webhooks::poster>& posts) {
  return runtime_.spawn_detached(asker, posts);
}

/// Null: nobody asks it anything but who logs in.
wechat_actor server::spawn_wechat() {
  const bool is_wanted = config_.moderation.rules.is_on() || !config_.notices.empty();
  if (config_.wechat.app_id.empty() || !is_wanted) return {};
  auto& env = wechat_env_.emplace(wechat_env{config_.wechat, credentials_.keys(), admitted_, *figures_});
  const auto posts = std::make_shared<webhooks::poster>(
      webhooks::poster_settings{.allow_private = true, // in tests a stand-in's
                                .deadline = auth::wechat_deadline,
                                .connect_deadline = auth::wechat_deadline,
                                .answer_bytes_max = wechat::answer_bytes_max,
                                .keeps_answers = true});
  auto& first = runtime_.first_shard();
  return runtime_.spawn_pinned<wechat_caller>(first, env, first, persistence_, spawn_asker(posts), posts);
}

/// Null: nothing is looked at once it was sent.
moderator_actor server::spawn_moderator(const wechat_actor& wechat) {
  const auto& rules = config_.moderation.rules;
  if (rules.text != content_rules::when::after && !rules.media) return {};
  const auto media_url = [this](const std::string& id, const std::string& mime) {
    // As the back end, for as long as WeChat takes its time.
    constexpr std::chrono::hours good_for{1};
    const auto now = std::chrono::floor<std::chrono::seconds>(wall_now());
    return link_to(*files_, config_.public_url, {.id = id, .mime = mime, .name = id}, {}, now, good_for);
  };
  auto& env =
      moderator_env_.emplace(moderator_env{rules, credentials_.words(), media_url, admitted_, *figures_});
  const moderator_actor made =
      runtime_.spawn_pinned<moderator>(runtime_.first_shard(), env, persistence_, wechat);
  caf::anon_send(made, tick_atom::value);
  return made;
}

void server::spawn_retention() {
  if (config_.retention == config_.retention.zero()) return;
  auto& env = retention_env_.emplace(retention_env{config_.retention, admitted_, *figures_});
  const retention_actor made = runtime_.spawn_pinned<retention>(runtime_.first_shard(), env, persistence_);
  caf::anon_send(made, tick_atom::value);
}

void server::spawn_eraser() {
  const eraser_actor made = runtime_.spawn_pinned<eraser>(runtime_.first_shard(), admitted_, persistence_);
  caf::anon_send(made, tick_atom::value);
}

void server::spawn_span_exporter() {
  if (config_.otlp_url.empty()) return;
  auto& env = exporter_env_.emplace(span_exporter_env{config_.otlp_url, config_.node, *figures_});
  const auto posts = std::make_shared<webhooks::poster>(
      webhooks::poster_settings{.allow_private = true}); // the operator's own, mostly beside this server
  const span_exporter_actor made =
      runtime_.spawn_pinned<span_exporter>(runtime_.first_shard(), env, spawn_asker(posts), posts);
  caf::anon_send(made, tick_atom::value);
}

void server::spawn_notifier(const registry_actor& registry, const wechat_actor& wechat) {
  if (config_.notices.empty()) return;
  auto& env = notifier_env_.emplace(
      notifier_env{std::make_shared<const std::vector<notice_template>>(config_.notices),
                   config_.wechat.identities(), admitted_, *figures_});
  const notifier_actor made =
      runtime_.spawn_pinned<notifier>(runtime_.first_shard(), env, persistence_, registry, wechat);
  caf::anon_send(made, tick_atom::value);
}

/// Whom those ask who write for users.
persistence_actor server::spawn_checker(const wechat_actor& wechat) {
  const auto& hook = config_.before_send;
  const auto& rules = config_.moderation.rules;
  if (hook.url.empty() && !rules.is_on()) return persistence_;
  auto& env = checker_env_.emplace(checker_env{.url = hook.url,
                                               .concurrency = hook.concurrency,
                                               .denies_on_failure = hook.denies_on_failure,
                                               .secrets = credentials_.secrets_of_webhooks(),
                                               .secret = std::string(credentials::before_send),
                                               .rules = rules,
                                               .words = credentials_.words(),
                                               .bounds = config_.limits,
                                               .admitted = admitted_,
                                               .figures = *figures_});
  std::shared_ptr<webhooks::poster> posts;
  asker_actor asks;
  if (!hook.url.empty()) {
    posts = std::make_shared<webhooks::poster>(
        webhooks::poster_settings{.allow_private = true, // the operator's own, mostly beside this server
                                  .deadline = hook.timeout,
                                  .connect_deadline = hook.timeout,
                                  .keeps_answers = true});
    asks = spawn_asker(posts);
  }
  return runtime_.spawn_pinned<checker>(runtime_.first_shard(), env, persistence_, asks, posts, wechat,
                                        spawn_moderator(wechat));
}

history_actor server::spawn_history() {
  readers_.push_back(runtime_.spawn_detached(
      history, std::shared_ptr<message_reader>(database_->make_reader()), &admitted_, &*figures_));
  return readers_.back();
}

std::vector<login_actor> server::spawn_logins() {
  std::vector<login_actor> all;
  if (config_.wechat.app_id.empty()) return all;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto& env = login_env_.emplace(config_.wechat, credentials_.keys(), admitted_, *figures_);
  for (std::size_t i = 0; i < login_actors; ++i) all.push_back(runtime_.spawn_detached(login, &env));
  return all;
}

/// What the connections of a shard share.
void server::spawn_shard(io_shard& home, const history_actor& history, const history_actor& searches) {
  const auto handle = runtime_.spawn_pinned<bridge>(home, home);
  session_envs_.push_back(std::make_unique<session_env>(session_env{
      context_->registry, history, searches, context_->persistence, *figures_, admitted_, config_.limits,
      config_.classic_window, config_.node, config_.heartbeat, config_.recall_window, config_.edit_window,
      files_ ? config_.files.max : 0, file_types_of(config_), credentials_.keys()}));
  serving_.push_back(std::make_unique<serving_shard>(
      serving_shard{edge{*context_, home, *caf::actor_cast<bridge*>(handle), *session_envs_.back()}, {}}));
}

void server::spawn_cluster() {
  const auto incarnation = random_number();
  auto at = fence_->address();
  // The database sees where this machine is.
  const auto address = is_any_address(at.host) ? ":" + std::to_string(at.port) : at.text();
  auto& first = runtime_.first_shard();
  const auto cluster =
      runtime_.spawn_pinned<cluster_actor>(first, first,
                                           cluster_settings{config_.node, incarnation, config_.cluster_join,
                                                            cluster_fence::heartbeat, cluster_fence::silence},
                                           context_->registry, *links_, admitted_, *figures_);
  // The log that the registry looks into is its own.
  caf::anon_send(context_->registry, join_atom::value, clustering{cluster, spawn_history()});
  runtime_.spawn_detached(directory, std::shared_ptr<node_directory>(database_->make_directory()),
                          node_row{config_.node, address, incarnation}, cluster, &admitted_);
  if (auto opened = links_->open(cluster, config_.node); !opened) {
    // Alone it would part the cluster, unseen: it ends as if the actor had.
    spdlog::critical("event=cluster_not_opened reason=\"{}\"", opened.error().detail);
    admitted_.set_dead_actor("the links between nodes cannot be opened: " + opened.error().detail);
    std::raise(SIGTERM);
  }
}

/// Who was revoked or banned before is known before anybody comes.
void server::spawn_revocations() {
  const revocations_actor made =
      runtime_.spawn_detached(revocations, std::shared_ptr<message_reader>(database_->make_reader()),
                              context_->registry, &credentials_.revoked(), &admitted_.bans);
  caf::scoped_actor self{runtime_.system()};
  self->request(made, first_look_deadline, tick_atom::value).receive([] {}, [](const caf::error&) {});
}

/// Of a database that others may write to.
void server::spawn_sql_sends() {
  auto queue = std::shared_ptr<send_queue>(database_->make_send_queue());
  if (queue)
    runtime_.spawn_detached(sql_sends, std::move(queue), persistence_, &admitted_, &*figures_,
                            &config_.limits);
}

/// As the configuration has them now: those that are as they were go on.
void server::set_webhooks() {
  for (const auto& one : config_.webhooks)
    longest_keep_ =
        std::max<std::chrono::hours::rep>(longest_keep_, std::chrono::hours(one.keep_days).count());
  tell_presence_if_wanted();
  const auto before = context_->webhooks.get();
  std::vector<webhook_of_node> all, gone;
  for (const auto& one : *before)
    if (std::ranges::find(config_.webhooks, one.settings) == config_.webhooks.end()) gone.push_back(one);
  end_webhooks(gone, std::chrono::steady_clock::now() + first_look_deadline);
  caf::scoped_actor self{runtime_.system()};
  for (const auto& settings : config_.webhooks) {
    const auto known = std::ranges::find(*before, settings, &webhook_of_node::settings);
    if (known != before->end()) {
      all.push_back(*known);
      continue;
    }
    const webhook_actor made = spawn_webhook(settings);
    self->request(made, first_look_deadline, tick_atom::value)
        .receive([](caf::ok_atom) {}, [](const caf::error&) {});
    all.push_back({settings, made});
  }
  context_->webhooks.set(std::move(all));
}

/// Of those whom this node had when it ended nobody has told that they are gone.
void server::tell_presence_if_wanted() {
  const auto is_presence = [](const std::string& type) {
    return type == name_of(event_type::user_online) || type == name_of(event_type::user_offline);
  };
  const bool wanted = std::ranges::any_of(config_.webhooks, [&](const webhook_settings& one) {
    return one.events.empty() || std::ranges::any_of(one.events, is_presence);
  });
  if (admitted_.tells_presence.exchange(wanted) || !wanted || listener_) return;
  const auto deadline = std::chrono::steady_clock::now() + first_look_deadline;
  caf::scoped_actor self{runtime_.system()};
  bool is_more = admitted_.database_up();
  while (is_more && std::chrono::steady_clock::now() < deadline) {
    admitted_.appends.take(1);
    change what{.action = forget_presence{config_.cluster_listen ? config_.node : ""}};
    self->request(persistence_, first_look_deadline, change_atom::value, std::move(what))
        .receive([&](const change_answer& answer) { is_more = answer.is_more && !answer.failure; },
                 [&](const caf::error&) { is_more = false; });
  }
}

webhook_actor server::spawn_webhook(const webhook_settings& of) {
  webhook_envs_.push_back(std::make_unique<webhook_env>(webhook_env{
      .name = of.name,
      .url = of.url,
      .settings = {.types = {of.events.begin(), of.events.end()},
                   .concurrency = of.concurrency,
                   .keep = of.keep_days,
                   .jitter = [] { return 0.9 + static_cast<double>(random_number() % 200) / 1000; }},
      .allow_private = of.allow_private,
      // A server alone takes over what it had at once, whatever its port is now.
      .holder = config_.cluster_listen ? config_.node : "alone",
      .longest_keep = longest_keep_,
      .secrets = credentials_.secrets_of_webhooks(),
      .timeline = database_->timeline(),
      .admitted = admitted_,
      .figures = *figures_}));
  return runtime_.spawn_detached(webhook, webhook_envs_.back().get(),
                                 std::shared_ptr<message_reader>(database_->make_reader()), persistence_);
}

/// They store what is done and let go, so that whoever is next begins at once.
void server::end_webhooks(const std::vector<webhook_of_node>& all, steady_time deadline) {
  caf::scoped_actor self{runtime_.system()};
  for (const auto& one : all)
    self->send(one.teller, drain_atom::value); // all at once; then each is waited for
  for (const auto& one : all) {
    const auto left = std::max(deadline - std::chrono::steady_clock::now(), steady_time::duration::zero());
    self->request(one.teller, left, drain_atom::value).receive([](caf::ok_atom) {}, [](const caf::error&) {});
  }
}

/// The file's webhooks, if it can be read and their secrets as well; else they stay as they are.
void server::reread_webhooks() {
  auto fresh = reload_();
  auto taken = fresh ? credentials_.take_webhooks(fresh->webhooks) : result<void>(fresh.error());
  if (!taken) {
    spdlog::warn("event=webhooks_not_read reason=\"{}\"", taken.error().detail);
    return;
  }
  config_.webhooks = std::move(fresh->webhooks);
  set_webhooks();
  if (!config_.webhooks.empty()) spdlog::info("event=webhooks_read count={}", config_.webhooks.size());
}

void server::watch_for_hangup() {
  hangup_.async_wait([this](const boost::system::error_code& ec, int) {
    if (ec) return;
    credentials_.reread();
    reread_webhooks();
    watch_for_hangup();
  });
}

void server::tick() {
  ticker_.expires_after(database_tick);
  ticker_.async_wait([this](const boost::system::error_code& ec) {
    if (ec || !context_) return;
    if (!admitted_.look_asked.exchange(true)) caf::anon_send(persistence_, tick_atom::value);
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

/// Sockets open on all shards, HTTP and WebSocket, and streams that are not stored yet.
std::size_t server::count_open() {
  std::size_t http = 0;
  for (const auto& shard : serving_)
    http += runtime::on_shard(shard->at.home, [&] { return shard->connections.size(); });
  return http +
         static_cast<std::size_t>(figures_->websocket_connections.Value() + figures_->streams_open.Value());
}

/// Accepts nothing more, lets what was accepted be stored and answered, closes sessions with 1001. False:
/// something was left at the deadline.
bool server::drain(steady_time deadline) {
  context_->draining = true;
  runtime::on_shard(runtime_.first_shard(), [this] {
    if (listener_) listener_->stop();
  });
  for (const auto& shard : serving_)
    runtime::on_shard(shard->at.home, [&] {
      for (auto* connection : http_connections(shard->connections)) connection->drain();
    });
  caf::anon_send(context_->registry, drain_atom::value);
  caf::anon_send(context_->streams, drain_atom::value);
  end_webhooks(*context_->webhooks.get(), deadline);

  asio::steady_timer pause(main_io_);
  for (auto left = count_open(); left > 0; left = count_open()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      spdlog::warn("event=drain_cut left={}", left);
      return false;
    }
    pause.expires_after(std::chrono::milliseconds(10));
    pause.async_wait([this](const boost::system::error_code&) { main_io_.stop(); });
    main_io_.restart();
    main_io_.run(); // the database is looked after meanwhile
  }
  return true;
}

/// Of all actors: one that is kept would hang the actor system's destructor.
void server::drop_handles() {
  ticker_.cancel();
  if (auto* timeline = database_->timeline()) timeline->when_newer({});
  readers_.clear();
  for (auto& env : session_envs_) {
    env->history = nullptr;
    env->searches = nullptr;
    env->persistence = nullptr;
    env->registry = nullptr;
  }
  context_->logins.clear();
  if (files_) files_->workers.clear();
  context_->backups = nullptr;
  context_->webhooks.set({});
  context_->persistence = nullptr;
  persistence_ = nullptr;
  context_->streams = nullptr;
  context_->registry = nullptr;
}

/// In the one order that is safe; see docs/architecture.md.
void server::stop() {
  const auto deadline = std::chrono::steady_clock::now() + config_.drain_timeout;
  // When the time is up the kernel cuts what is left, whatever it waits for. What was answered is durable.
  const int status = admitted_.dead_actor().empty() ? 0 : 1;
  std::thread([deadline, status] {
    std::this_thread::sleep_until(deadline);
    std::_Exit(status);
  }).detach();
  if (!drain(deadline)) std::_Exit(status);
  drop_handles();
  if (!runtime_.end_actors(deadline)) std::_Exit(status);
  if (fence_) fence_->stop();
  runtime_.stop_shards();
  listener_.reset();
  serving_.clear();
  runtime_.close_system();
}

} // namespace

result<void> serve(server_config config, config_loader reload,
                   const std::function<void(const std::string& url)>& ready) {
  const auto database = redacted(config.database);
  const auto there_is = find_memory();
  if (config.limits.memory == 0) config.limits.memory = there_is.bytes / memory_part;
  const auto limits = config.limits;
  const bool is_cluster = config.cluster_listen.has_value();
  server s(std::move(config), std::move(reload));
  if (auto opened = s.open(); !opened) return opened.error();
  tell_bounds(limits, is_cluster, there_is);
  if (auto started = s.start(); !started) {
    s.stop();
    return started.error();
  }
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
