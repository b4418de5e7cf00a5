/// The composition root: makes everything, in order, and stops it in the one order that is safe.
#pragma once

#include "config/server_config.hpp"
#include "core/errors.hpp"

#include <functional>

namespace hongyan {

/// Serves until SIGTERM or SIGINT, then drains. `ready` is called with the URL once the server listens.
/// Errors: errc::malformed: the database or the address cannot be used; nothing was started.
result<void> serve(server_config config, const std::function<void(const std::string& url)>& ready);

} // namespace hongyan
