/// The tables [[wechat.subscribe]] of the configuration.
#pragma once

#include "core/chat/notice.hpp"
#include "core/errors.hpp"

#include <optional>
#include <string>
#include <toml++/toml.h>
#include <vector>

namespace hongyan {

/// Adds a template for each table. Errors: malformed, with the key, its place in `file` and what is accepted.
std::optional<error> read_notices(const toml::node& node, const std::string& file,
                                  std::vector<notice_template>& out);

} // namespace hongyan
