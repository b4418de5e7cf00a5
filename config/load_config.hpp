/// Reads the options: flag over variable over file over default.
#pragma once

#include "config/server_config.hpp"
#include "core/errors.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hongyan {

/// Looks an environment variable up; nothing when it is not set. A parameter, so that tests need no
/// environment.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// --help or --version was given: print this and end with status 0.
struct print_and_exit {
  std::string text;
};

/// Reads the command line (without the program's name), the environment and the file that --config or
/// HONGYAN_CONFIG names. Errors: errc::malformed; the detail is one line that names the option, what was
/// wrong and what is accepted.
result<std::variant<server_config, print_and_exit>> load_config(const std::vector<std::string>& arguments,
                                                                const environment& env);

} // namespace hongyan
