/// SQLite's C interface with owners: a connection, and statements that are prepared once. Knows nothing of
/// messages. Codes are SQLite's extended result codes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace hongyan {

/// A connection; one thread at a time.
class sqlite_connection {
public:
  /// Not yet open.
  sqlite_connection() = default;

  /// Opens the file, which is there; `path` is absolute. Answers SQLite's code.
  int open(const std::string& path);

  /// The path leads to another file than the one that is open, or to none: it was deleted, renamed or
  /// replaced. A stat() of it, some microseconds.
  bool has_moved() const;

  /// Runs statements whose rows nobody needs. Answers SQLite's code.
  int run(const char* sql);

  /// SQLite's words for what failed last.
  std::string error_text() const;

  sqlite3* get() const { return db_.get(); }

private:
  struct closer {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, closer> db_;
};

/// A prepared statement. Its connection must outlive it.
class sqlite_statement {
public:
  /// A statement that could not be prepared answers the reason from every step().
  sqlite_statement(const sqlite_connection& connection, std::string_view sql);

  /// One execution: bind, step, read. Leaving the scope makes the statement ready for the next one. Bound
  /// text is not copied: it must live as long as this.
  class execution {
  public:
    explicit execution(sqlite_statement& statement)
        : statement_(statement.handle_.get())
        , code_(statement.code_) {}
    ~execution();
    execution(const execution&) = delete;
    execution& operator=(const execution&) = delete;

    execution& bind(std::int64_t value);
    execution& bind(std::string_view value);
    execution& bind_null();
    execution& bind_optional(const std::optional<std::string>& value);
    execution& bind_optional(std::optional<std::string_view> value);

    /// SQLITE_ROW, SQLITE_DONE, or the code of what failed.
    int step();
    /// Steps to the end, whatever rows there are. SQLITE_OK, or the code of what failed.
    int finish();

    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    std::string_view text(int column) const;
    std::optional<std::string> optional_text(int column) const;

  private:
    sqlite3_stmt* statement_;
    int code_;
    int bound_ = 0;
  };

private:
  struct finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
  int code_;
};

} // namespace hongyan
