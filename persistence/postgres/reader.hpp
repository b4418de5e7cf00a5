/// PostgreSQL's reader.
#pragma once

#include "persistence/store.hpp"

namespace hongyan::postgres {

std::unique_ptr<message_reader> make_reader(const std::string& uri);

} // namespace hongyan::postgres
