#include "actors/asker.hpp"

#include <chrono>
#include <unordered_map>

namespace hongyan {

namespace {

/// How long it waits for answers; what comes meanwhile wakes it.
constexpr std::chrono::milliseconds asker_poll_limit{200};

struct in_flight {
  std::shared_ptr<webhooks::poster> posts;
  std::unordered_map<std::uint64_t, caf::typed_response_promise<webhooks::posted>> asked{};
  std::uint64_t last = 0;

  void look() {
    for (auto& answer : posts->poll(asker_poll_limit)) {
      const auto found = asked.find(answer.ticket);
      auto answer_to = std::move(found->second);
      asked.erase(found);
      answer_to.deliver(std::move(answer));
    }
  }
};

} // namespace

asker_actor::behavior_type asker(asker_actor::pointer self, std::shared_ptr<webhooks::poster> posts) {
  const std::shared_ptr<in_flight> it(new in_flight{.posts = std::move(posts)});
  return {
      [self, it](post_atom, webhooks::post& what) {
        auto answer_to = self->make_response_promise<webhooks::posted>();
        it->posts->start(++it->last, std::move(what));
        it->asked.emplace(it->last, answer_to);
        if (it->asked.size() == 1) self->send(self, flush_atom::value);
        return answer_to;
      },
      [self, it](flush_atom) {
        it->look();
        if (!it->asked.empty()) self->send(self, flush_atom::value);
      },
  };
}

} // namespace hongyan
