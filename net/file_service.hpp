/// What the handlers of files have in common.
#pragma once

#include "net/handlers.hpp"

#include <chrono>

namespace hongyan {

/// For the file store's answer; wx.uploadFile waits as long.
inline constexpr std::chrono::seconds store_deadline{60};

/// The file store, when it can be used. Errors: not_found, unavailable.
result<file_service*> usable_files(edge& at);

} // namespace hongyan
