/// The login actor: the one that asks WeChat. Several share the work, since each waits for its answer.
#pragma once

#include "actors/interfaces.hpp"
#include "auth/key_files.hpp"
#include "auth/wechat.hpp"
#include "core/metrics.hpp"
#include "core/tools/circuit_breaker.hpp"
#include "core/tools/current.hpp"

namespace hongyan {

/// What all login actors share. Outlives them.
struct login_env {
  auth::wechat_settings wechat;
  const current<auth::key_ring>& keys; ///< with the app's secret
  flow& admitted;
  metrics& figures;
  /// Five failures in a row, and WeChat is left alone for ten seconds.
  circuit_breaker breaker{5, std::chrono::seconds(10)};
};

/// Detached.
login_actor::behavior_type login(login_actor::pointer self, login_env* env);

} // namespace hongyan
