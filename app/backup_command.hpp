/// hongyan backup TO: what the running server answers to POST /v1/backup, in a file.
#pragma once

#include "config/load_config.hpp"

#include <string>
#include <vector>

namespace hongyan {

/// `arguments` begin with `backup`; behind TO come the server's own options, which say where it listens and
/// which file has its API keys. TO is there when all of it is, and synced. Errors: malformed, with
/// a sentence: the options, a TO that is there already, no server, or what it says.
result<void> back_up(const std::vector<std::string>& arguments, const environment& env);

} // namespace hongyan
