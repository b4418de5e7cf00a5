#pragma once

#include "persistence/postgres/hosts.hpp"
#include "persistence/store.hpp"

namespace hongyan::postgres {

std::unique_ptr<node_directory> make_directory(std::shared_ptr<hosts> database);

} // namespace hongyan::postgres
