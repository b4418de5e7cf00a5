/// PostgreSQL's writer.
#pragma once

#include "persistence/store.hpp"

namespace hongyan::postgres {

std::unique_ptr<message_writer> make_writer(const std::string& uri);

} // namespace hongyan::postgres
