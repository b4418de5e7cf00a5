/// WeChat, as a test answers for it, and whoever asks it, over a store in memory.
#pragma once

#include "actors/persistence.hpp"
#include "actors/wechat.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/memory_store.hpp"

#include <catch2/catch.hpp>
#include <deque>

namespace hongyan::test {

inline constexpr const char* token_1 = R"({"access_token":"T1","expires_in":7200})";

/// What was posted to WeChat, which waits until the test answers.
struct posts_to_wechat {
  std::deque<webhooks::post> posts{};
  std::deque<caf::typed_response_promise<webhooks::posted>> promises{};
};

inline asker_actor::behavior_type waiting_asker(asker_actor::pointer self, posts_to_wechat* waiting) {
  return {
      [self, waiting](post_atom, const webhooks::post& what) {
        auto answer_to = self->make_response_promise<webhooks::posted>();
        waiting->posts.push_back(what);
        waiting->promises.push_back(answer_to);
        return answer_to;
      },
      [](flush_atom) {},
  };
}

struct wechat_fixture : actor_fixture {
  testing::memory_store store;
  registry_log told;
  registry_actor registry = system.spawn(recording_registry, &told);
  persistence_actor p = system.spawn(persistence, std::shared_ptr<message_writer>(store.make_writer()),
                                     registry, &admitted, &figures, false);
  posts_to_wechat waiting;
  asker_actor asks = system.spawn(waiting_asker, &waiting);
  auth::wechat_settings settings{.app_id = "wx1", .base_url = "http://w"};
  current<auth::key_ring> keys{auth::key_ring{.wechat_secret = "s"}};
  wechat_env env{settings, keys, admitted, figures};
  wechat_actor caller =
      spawn_on<wechat_caller>(system, home, env, home, p, asks, std::make_shared<webhooks::poster>());
  wechat_fixture() {
    self->send(p, tick_atom::value);
    run();
    make("1");
  }
  ~wechat_fixture() {
    end(caller, asks, p, registry);
    CHECK(admitted.appends.used() == 0);
  }

  /// A user of a login by WeChat, whose openid is "o" and the id.
  void make(const std::string& id) {
    auto writer = store.make_writer();
    const auto made = writer->transact([&](change_transaction& tx) -> result<void> {
      return tx.user_of_identity("wechat:wx1:o" + id, user(id), {}).has_value() ? result<void>()
                                                                                : error{errc::internal};
    });
    REQUIRE(made.has_value());
  }

  /// The oldest post that waits.
  void answer(std::string body) {
    REQUIRE_FALSE(waiting.promises.empty());
    auto answer_to = waiting.promises.front();
    waiting.promises.pop_front();
    waiting.posts.pop_front();
    answer_to.deliver(webhooks::posted{.status = 200, .body = std::move(body)});
    run();
  }
  std::string next_path() const {
    REQUIRE_FALSE(waiting.posts.empty());
    return waiting.posts.front().url.substr(std::string("http://w").size());
  }
};

} // namespace hongyan::test
