/// The table of routes: a row for each path and method (contract, sections 2 and 4).
#pragma once

#include "net/router.hpp"

namespace hongyan {

std::span<const route> all_routes();

} // namespace hongyan
