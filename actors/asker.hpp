/// The asker: posts to another server and hands its answers back, many at once, so that nobody else waits.
#pragma once

#include "actors/interfaces.hpp"
#include "webhooks/poster.hpp"

#include <memory>

namespace hongyan {

/// Detached. Who has sent it something calls wake() of `posts`, which it else looks at after a while; nothing
/// else of that is anybody's but the asker's.
asker_actor::behavior_type asker(asker_actor::pointer self, std::shared_ptr<webhooks::poster> posts);

} // namespace hongyan
