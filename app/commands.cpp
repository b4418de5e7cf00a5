#include "app/commands.hpp"

#include "app/backup_command.hpp"
#include "app/import_command.hpp"
#include "app/migrate_command.hpp"
#include "persistence/store.hpp"

#include <iostream>

namespace hongyan {

namespace {

/// grant-sql ROLE: lets a role of the database send in transactions of its own.
result<void> grant_sql(const std::vector<std::string>& arguments, const environment& env) {
  if (arguments.size() < 2 || arguments[1].starts_with('-'))
    return error{errc::malformed,
                 "grant-sql: the role is missing; accepted: hongyan grant-sql ROLE --database URL"};
  const auto& role = arguments[1];
  auto loaded = load_config({arguments.begin() + 2, arguments.end()}, env);
  if (!loaded) return loaded.error();
  const auto* config = std::get_if<server_config>(&*loaded);
  if (config == nullptr)
    return error{errc::malformed, "grant-sql: accepted: hongyan grant-sql ROLE --database URL"};
  if (config->database.starts_with("sqlite:"))
    return error{errc::malformed,
                 "grant-sql: --database: it is SQLite, which has no roles; accepted: postgresql://..."};
  auto database = open_store(config->database);
  if (!database) return error{errc::malformed, "--database: " + database.error().detail};
  if (auto granted = (*database)->grant_sql(role); !granted)
    return error{granted.error().code, "grant-sql: " + granted.error().detail};
  std::cout << role << " may call hongyan.send and hongyan.send_to_group\n";
  return {};
}

} // namespace

std::optional<result<void>> run_command(const std::vector<std::string>& arguments, const environment& env) {
  if (arguments.empty()) return {};
  if (arguments.front() == "grant-sql") return grant_sql(arguments, env);
  if (arguments.front() == "import") return import_files(arguments, env);
  if (arguments.front() == "backup") return back_up(arguments, env);
  if (arguments.front() == "migrate") return migrate(arguments);
  return {};
}

} // namespace hongyan
