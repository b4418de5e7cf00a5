/// The tables [[webhooks]] of the configuration, and what URLs are posted to.
#pragma once

#include "config/server_config.hpp"
#include "core/errors.hpp"

#include <optional>
#include <string>
#include <toml++/toml.h>
#include <vector>

namespace hongyan {

/// What is accepted, when that is no URL that may be posted to.
std::optional<std::string> posted_url_fault(const std::string& url);

/// Adds a webhook for each table. Errors: malformed, with the key, its place in `file` and what is accepted.
std::optional<error> read_webhooks(const toml::node& node, const std::string& file,
                                   std::vector<webhook_settings>& out);

} // namespace hongyan
