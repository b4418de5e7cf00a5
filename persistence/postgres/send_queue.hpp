/// What back ends have written in their own transactions, on PostgreSQL.
#pragma once

#include "persistence/postgres/hosts.hpp"
#include "persistence/store.hpp"

#include <memory>

namespace hongyan::postgres {

std::unique_ptr<send_queue> make_send_queue(std::shared_ptr<hosts> database);

/// Makes the functions for it, and lets the role use them; see store::grant_sql().
result<void> grant_sql(const std::shared_ptr<hosts>& database, const std::string& role);

} // namespace hongyan::postgres
