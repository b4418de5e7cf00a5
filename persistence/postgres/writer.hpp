/// PostgreSQL's writer.
#pragma once

#include "persistence/postgres/hosts.hpp"
#include "persistence/store.hpp"

namespace hongyan::postgres {

std::unique_ptr<message_writer> make_writer(std::shared_ptr<hosts> database);

} // namespace hongyan::postgres
