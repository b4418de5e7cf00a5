/// How a coroutine asks an actor: the one file that knows both Asio's completion and CAF's requests.
#pragma once

#include "actors/shard.hpp"
#include "core/errors.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace hongyan {

namespace asio = boost::asio;

/// Sends a shard's requests and takes their answers. Pinned; used on its shard's thread only.
class bridge final : public pinned<caf::event_based_actor> {
public:
  bridge(caf::actor_config& config, shard& home) : pinned(config), home_(home) {}

  shard& home() { return home_; }

protected:
  caf::behavior make_behavior() override {
    // An answer that comes after our deadline has nobody waiting.
    set_default_handler(caf::drop);
    return {[](caf::ok_atom) {}}; // without any handler the actor would end
  }

private:
  shard& home_;
};

namespace detail {

/// One question under way; the answer, an error and the deadline race for it.
template <class T, class Handler>
struct question final : timer_wheel::timer {
  explicit question(Handler h) : handler(std::move(h)) {}

  void fired(steady_time) override { fail("the server did not get to it in time"); }
  void fail(std::string why) {
    finish(result<T>(boost::system::in_place_error, errc::unavailable, std::move(why)));
  }
  void finish(result<T> answer) {
    if (!handler) return;
    clear();
    auto complete = std::move(*handler);
    handler.reset();
    std::move(complete)(std::move(answer));
  }

  std::optional<Handler> handler;
};

} // namespace detail

/// Asks `to` and awaits its answer on this thread. The deadline is ours, on the shard's wheel: CAF 0.17 would
/// keep each request's time-out, and a reference to the actor, until it expires.
/// Errors: errc::unavailable: no answer in time, or the actor is gone.
template <class T, class Handle, class... Args>
asio::awaitable<result<T>> ask(bridge& self, Handle to, steady_time::duration limit, Args... args) {
  auto initiate = [&](auto handler) {
    using question = detail::question<T, decltype(handler)>;
    auto q = std::make_shared<question>(std::move(handler));
    q->set(self.home().timers(), self.home().now() + limit);
    // The timer has no owner but the pending request, which CAF keeps until the answer or the actor's end.
    self.request(to, caf::infinite, std::move(args)...)
        .then([q](T& answer) { q->finish(result<T>(boost::system::in_place_value, std::move(answer))); },
              [q](caf::error&) { q->fail("the server is shutting down"); });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(result<T>)>(
      initiate, asio::use_awaitable);
}

} // namespace hongyan
