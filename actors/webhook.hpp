/// The webhook actor: tells one receiver what happens, event by event, as webhooks/delivery.hpp decides.
#pragma once

#include "actors/interfaces.hpp"
#include "core/metrics.hpp"
#include "core/tools/current.hpp"
#include "webhooks/delivery.hpp"
#include "webhooks/signature.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace hongyan {

/// What one needs. Outlives it.
struct webhook_env {
  std::string name;
  std::string url;
  webhooks::delivery_settings settings;
  bool allow_private = false;
  std::string holder; ///< this node
  /// Hours that any webhook waits for its receiver: so long is kept what events were.
  const std::atomic<std::chrono::hours::rep>& longest_keep;
  const current<webhooks::secrets_by_name>& secrets;
  const newest_timeline* timeline; ///< of the database; null: there is but one
  flow& admitted;
  metrics& figures;
};

/// Detached: it reads the log on a connection of its own, and waits for the receiver.
webhook_actor::behavior_type webhook(webhook_actor::pointer self, webhook_env* env,
                                     std::shared_ptr<message_reader> reader, persistence_actor persistence);

} // namespace hongyan
