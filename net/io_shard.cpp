#include "net/io_shard.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// Messages an actor may handle in a row before sockets and other actors have their turn.
constexpr std::size_t actor_messages_a_turn = 64;
/// Requests of one key in a round. The dearest that a stranger can ask for is a look at an EdDSA signature,
/// 0.1 to 0.2 ms: so one address holds up a round by a millisecond or so.
constexpr std::size_t requests_a_round = 8;

/// One after another, before they are paced: some requests at once are no attack.
constexpr std::size_t greedy_rounds_free = 64;
/// Between rounds in which all who want a turn are connections that never pause. They would take the
/// processor from the writer, and the network's interrupts from the disk's, at no use to anybody.
constexpr std::chrono::milliseconds between_greedy_rounds{1};

template <class Handler>
struct waiting final : turn_queue::waiter {
  explicit waiting(Handler h) : handler(std::move(h)) {}
  void run() override { std::move(handler)(); }
  Handler handler;
};

template <class Handler>
std::unique_ptr<turn_queue::waiter> make_waiter(Handler h) {
  return std::make_unique<waiting<Handler>>(std::move(h));
}

} // namespace

io_shard::io_shard(caf::actor_system& system)
    : work_(io_.get_executor())
    , ticker_(io_)
    , pacer_(io_)
    , turns_(requests_a_round) {
  system_ = &system;
}

io_shard::~io_shard() { stop(); }

void io_shard::start() {
  tick();
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "hongyan-shard");
}

void io_shard::stop() {
  if (!thread_.joinable()) return;
  work_.reset();
  io_.stop();
  thread_.join();
}

void io_shard::run() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& e) {
      // Handlers catch their own; what still comes here must not end the thread.
      spdlog::critical("event=uncaught_exception where=shard what=\"{}\"", e.what());
    }
  }
}

void io_shard::exec_later(caf::resumable* job) {
  // The posted handler owns the reference that the caller passes: a job that never runs is released all the
  // same.
  asio::post(io_, [this, owned = caf::intrusive_ptr<caf::resumable>{job, false}]() mutable {
    give_turn(std::move(owned));
  });
}

void io_shard::give_turn(caf::intrusive_ptr<caf::resumable> job) {
  if (job->resume(this, actor_messages_a_turn) == caf::resumable::resume_later) exec_later(job.release());
}

asio::awaitable<void> io_shard::yield() { co_await asio::post(io_, asio::use_awaitable); }

asio::awaitable<void> io_shard::next_turn(const std::string& key, bool again) {
  if (!again) {
    someone_pauses_ = true;
    if (is_paced_) pacer_.cancel(); // the round begins now
  }
  begin_round();
  if (!again && turns_.take(key)) co_return;
  auto initiate = [&](auto handler) { turns_.wait(key, make_waiter(std::move(handler))); };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
}

asio::awaitable<void> io_shard::bulk_turn() {
  auto initiate = [&](auto handler) {
    bulk_.push_back(make_waiter(std::move(handler)));
    if (bulk_.size() == 1) asio::post(io_, [this] { give_bulk_turn(); });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
}

void io_shard::give_bulk_turn() {
  const auto next = std::move(bulk_.front());
  bulk_.pop_front();
  if (!bulk_.empty()) asio::post(io_, [this] { give_bulk_turn(); });
  next->run();
}

/// What is posted comes behind all that is ready, a look at the sockets among it: that is a round.
void io_shard::begin_round() {
  if (std::exchange(in_round_, true)) return;
  const auto end = [this](const boost::system::error_code& = {}) {
    in_round_ = is_paced_ = false;
    if (turns_.next_round()) {
      ++rounds_;
      begin_round();
    } else {
      rounds_ = 0;
    }
  };
  is_paced_ = !std::exchange(someone_pauses_, false) && rounds_ > greedy_rounds_free;
  if (!is_paced_) return asio::post(io_, end);
  pacer_.expires_after(between_greedy_rounds);
  pacer_.async_wait(end); // whether it is over or was cut short
}

void io_shard::tick() {
  ticker_.expires_after(timer_wheel::tick);
  ticker_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    tick(); // first: whatever a timer throws, the next tick comes
    timers().advance(now());
  });
}

} // namespace hongyan
