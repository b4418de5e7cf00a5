/// PostgreSQL's reader.
#pragma once

#include "persistence/postgres/hosts.hpp"
#include "persistence/store.hpp"

namespace hongyan::postgres {

std::unique_ptr<message_reader> make_reader(std::shared_ptr<hosts> database);

} // namespace hongyan::postgres
