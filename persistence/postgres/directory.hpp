#pragma once

#include "persistence/store.hpp"

namespace hongyan::postgres {

std::unique_ptr<node_directory> make_directory(const std::string& uri);

} // namespace hongyan::postgres
