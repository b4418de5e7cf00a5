#include "persistence/sqlite/handle.hpp"

#include <sqlite3.h>

namespace hongyan {

void sqlite_connection::closer::operator()(sqlite3* db) const { sqlite3_close(db); }

int sqlite_connection::open(const std::string& path) {
  sqlite3* db = nullptr;
  // NOMUTEX: a connection belongs to one thread at a time, SQLite need not lock it.
  const int code = sqlite3_open_v2(
      path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  db_.reset(db);
  return code;
}

bool sqlite_connection::has_moved() const {
  int moved = 0;
  return sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

int sqlite_connection::run(const char* sql) {
  return sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
}

std::string sqlite_connection::error_text() const { return sqlite3_errmsg(db_.get()); }

void sqlite_statement::finalizer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

sqlite_statement::sqlite_statement(const sqlite_connection& connection, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  code_ = sqlite3_prepare_v3(connection.get(), sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  handle_.reset(statement);
}

sqlite_statement::execution::~execution() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

sqlite_statement::execution& sqlite_statement::execution::bind(std::int64_t value) {
  if (code_ == SQLITE_OK) code_ = sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

sqlite_statement::execution& sqlite_statement::execution::bind(std::string_view value) {
  if (code_ == SQLITE_OK)
    code_ = sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

sqlite_statement::execution& sqlite_statement::execution::bind_null() {
  ++bound_; // what is not bound is NULL
  return *this;
}

sqlite_statement::execution&
sqlite_statement::execution::bind_optional(const std::optional<std::string>& value) {
  return bind_optional(value ? std::optional(std::string_view(*value)) : std::nullopt);
}

sqlite_statement::execution&
sqlite_statement::execution::bind_optional(std::optional<std::string_view> value) {
  return value ? bind(*value) : bind_null();
}

int sqlite_statement::execution::step() { return code_ == SQLITE_OK ? sqlite3_step(statement_) : code_; }

int sqlite_statement::execution::finish() {
  int code = step();
  while (code == SQLITE_ROW) code = step();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

bool sqlite_statement::execution::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t sqlite_statement::execution::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view sqlite_statement::execution::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr
             ? std::string_view{}
             : std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<std::string> sqlite_statement::execution::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return std::string(text(column));
}

} // namespace hongyan
