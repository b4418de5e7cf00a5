/// The composition root: makes everything, in order, and stops it in the one order that is safe.
#pragma once

#include "config/server_config.hpp"
#include "core/errors.hpp"

#include <functional>

namespace hongyan {

/// Reads the configuration anew, as at the start.
using config_loader = std::function<result<server_config>()>;

/// Serves until SIGTERM or SIGINT, then drains. `ready` is called with the URL once the server listens.
/// SIGHUP takes keys, certificates and webhooks as they are by then. Errors: errc::malformed: the database or
/// the address cannot be used; nothing was started.
result<void> serve(server_config config, config_loader reload,
                   const std::function<void(const std::string& url)>& ready);

} // namespace hongyan
