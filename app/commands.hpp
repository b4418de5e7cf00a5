/// What `hongyan` does besides serving: its commands.
#pragma once

#include "config/load_config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hongyan {

/// Runs the command that the first argument names, and says on standard output what it did. Nothing: it names
/// none, and the server is meant. Errors: for people, one line.
std::optional<result<void>> run_command(const std::vector<std::string>& arguments, const environment& env);

} // namespace hongyan
