/// SPAN EXPORTER: posts what is followed to the operator's collector (trace.otlp_url), a little at a time.
/// While that is away one portion is tried again, and what finds no room behind it is dropped and counted.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/metrics.hpp"

#include <memory>
#include <string>

namespace hongyan {

/// What it needs. Outlives it.
struct span_exporter_env {
  std::string url;
  std::string node;
  metrics& figures;
};

class span_exporter final : public pinned<span_exporter_actor::base> {
public:
  /// `posts` is the asker's.
  span_exporter(caf::actor_config& config, const span_exporter_env& env, asker_actor asker,
                std::shared_ptr<webhooks::poster> posts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  void step();
  void heard(const webhooks::posted& answer);
  void count(const char* outcome, std::uint64_t spans);
  void rest(std::chrono::milliseconds pause);

  const span_exporter_env& env_;
  asker_actor asker_;
  std::shared_ptr<webhooks::poster> posts_;
  std::string portion_;   ///< encoded; empty: there is none to send again
  std::size_t count_ = 0; ///< spans in it
  std::uint64_t dropped_ = 0;
  bool is_failing_ = false;
};

} // namespace hongyan
