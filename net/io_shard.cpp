#include "net/io_shard.hpp"

#include <boost/asio/post.hpp>
#include <pthread.h>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// Messages an actor may handle in a row before sockets and other actors have their turn.
constexpr std::size_t messages_a_turn = 64;

} // namespace

io_shard::io_shard(caf::actor_system& system) : work_(io_.get_executor()), ticker_(io_) { system_ = &system; }

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
  if (job->resume(this, messages_a_turn) == caf::resumable::resume_later) exec_later(job.release());
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
