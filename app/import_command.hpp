/// hongyan import FILE...: the tutorial's table of chats becomes our messages.
#pragma once

#include "config/load_config.hpp"

#include <string>
#include <vector>

namespace hongyan {

/// `arguments` begin with `import`. Says on standard error how far it is and what it skips, why, and on
/// standard output what became of all. Errors: errc::malformed: the options, a file, or the database; what
/// was stored before stays, and the same may be tried again.
result<void> import_files(const std::vector<std::string>& arguments, const environment& env);

} // namespace hongyan
