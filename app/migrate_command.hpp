/// hongyan migrate --from sqlite:PATH --to postgresql://...: a store of one machine becomes one that a
/// cluster shares.
#pragma once

#include "core/errors.hpp"

#include <string>
#include <vector>

namespace hongyan {

/// `arguments` begin with `migrate`. Says on standard error how far it is, and on standard output what is
/// there at the end. Errors: as copy_store(); what was copied stays, and the same command goes on.
result<void> migrate(const std::vector<std::string>& arguments);

} // namespace hongyan
