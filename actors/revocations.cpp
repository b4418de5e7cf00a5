#include "actors/revocations.hpp"

#include "core/tools/wall_time.hpp"

#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

constexpr std::int64_t us(std::chrono::microseconds span) { return span.count(); }

/// Read again each time: by so much the clocks of two nodes may differ, and a commit be late.
constexpr auto overlap = us(std::chrono::minutes(10));

struct watch {
  std::shared_ptr<message_reader> reader;
  auth::revocations* known;
  ban_table* bans;
  std::int64_t looked_us = 0; ///< the last time it could; 0: never

  /// What was not known before.
  std::vector<revocation> look() {
    const auto now = auth::now_us();
    const auto since = looked_us == 0 ? now - us(auth::revocation_life) : looked_us - overlap;
    auto found = reader->revocations(since);
    if (!found) return {}; // the log and /readyz say that of the database already
    const auto banned = reader->bans(looked_us == 0 ? wall_time{} : from_ms(since / 1000));
    if (!banned) return {};
    for (const auto& one : *banned) bans->note(one, wall_now());
    looked_us = now;
    known->forget_old(now);
    std::erase_if(*found, [this](const revocation& r) { return !known->note(r.user, r.at_us); });
    return *std::move(found);
  }
};

} // namespace

revocations_actor::behavior_type revocations(revocations_actor::pointer self,
                                             std::shared_ptr<message_reader> reader, registry_actor registry,
                                             auth::revocations* known, ban_table* bans) {
  return {
      [self, registry, it = watch{std::move(reader), known, bans}](tick_atom) mutable {
        try {
          if (auto fresh = it.look(); !fresh.empty())
            self->send(registry, revoke_atom::value,
                       revocation_list(std::make_shared<const std::vector<revocation>>(std::move(fresh))));
        } catch (const std::exception& e) {
          spdlog::critical("event=uncaught_exception where=revocations what=\"{}\"", e.what());
        }
        self->delayed_send(self, revocations_interval, tick_atom::value);
      },
  };
}

} // namespace hongyan
