/// libpq with owners and deadlines: a connection, parameters and rows in PostgreSQL's binary format. Knows
/// nothing of messages.
///
/// libpq's own waits have no limit (a frozen server, a cut cable: reliability.md, D6), so every statement is
/// sent and awaited here with a deadline, and a connection that missed one is closed: its state is unknown.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct pg_conn;
struct pg_result;

namespace hongyan {

/// Why a statement has no rows.
struct pg_error {
  std::string text{};  ///< one line, without values of ours or a password
  std::string state{}; ///< SQLSTATE; empty when the server said nothing
  bool lost = true; ///< the connection broke or missed the deadline: what became of the statement is unknown
  bool silent = false; ///< it missed the deadline
};

/// Needed by boost's result<T>::value(); we check before we take, so reaching it is a bug of ours.
[[noreturn]] void throw_exception_from_error(const pg_error& e, const boost::source_location& where);

template <class T>
using pg_outcome = boost::system::result<T, pg_error>;

/// A statement's parameters, in order; made once and reused, so that the hot path allocates nothing.
class pg_parameters {
public:
  void clear();

  void add(std::int64_t value);
  void add(std::string_view value);
  void add(std::span<const std::int64_t> values); ///< bigint[]
  void add(std::span<const std::int32_t> values); ///< int[]
  /// text[] of `count` elements, each to be given by element() or null_element().
  void begin_texts(std::size_t count);
  void element(std::string_view value);
  void null_element();
  void add_null();

private:
  friend class pg_connection;

  struct field {
    std::size_t begin;
    std::size_t end;
    bool null;
  };

  void begin();
  void end() { fields_.back().end = bytes_.size(); }
  void append_int(std::uint32_t value);
  void append_bigint(std::uint64_t value);
  void append_array_header(std::uint32_t element_type, std::size_t count);

  std::string bytes_;
  std::vector<field> fields_;
};

/// A statement's rows, in binary.
class pg_rows {
public:
  pg_rows() = default;
  explicit pg_rows(pg_result* rows) : rows_(rows) {}

  int size() const;
  bool is_null(int row, int column) const;
  std::int64_t bigint(int row, int column) const;
  bool boolean(int row, int column) const;
  std::string_view text(int row, int column) const;
  std::optional<std::string> optional_text(int row, int column) const;
  /// A bigint[] without NULLs; a NULL is empty.
  std::vector<std::int64_t> bigints(int row, int column) const;

private:
  struct clearer {
    void operator()(pg_result* rows) const;
  };
  std::unique_ptr<pg_result, clearer> rows_;
};

/// A session; one thread at a time. An error with `lost` has closed it.
class pg_connection {
public:
  using duration = std::chrono::milliseconds;

  /// Not open.
  pg_connection() = default;

  /// Parameters of libpq, by their keywords.
  using settings = std::vector<std::pair<std::string, std::string>>;

  /// Connects within `limit`, or until `is_in_vain` says so.
  static pg_outcome<pg_connection> connect(const settings& to, duration limit,
                                           const std::function<bool()>& is_in_vain);

  /// Asked before a statement's rows are believed, and often while they are awaited: the session is closed
  /// when it answers true, and the statement has failed, as one whose connection broke.
  void close_when(std::function<bool()> is_in_vain) { is_in_vain_ = std::move(is_in_vain); }

  bool is_open() const { return connection_ != nullptr; }

  /// It was closed because it was in vain, and not by the server or by a fault.
  bool ended_in_vain() const { return ended_in_vain_; }
  /// When the server has last answered a statement.
  std::chrono::steady_clock::time_point answered_at() const { return answered_at_; }

  /// False when the server has closed the session while it was idle, or it is in vain. Asks the socket only,
  /// not the server.
  bool is_alive();

  void close() { connection_.reset(); }

  /// "HOST:PORT", for people.
  const std::string& where() const { return where_; }
  /// Of the server, as libpq counts: 150003 for 15.3.
  int server_version() const;
  /// The server's process, as it said at connecting; a pooler's word may be another than the server's.
  int backend_pid() const;
  /// What the server reported at connecting, such as server_encoding; empty when it did not.
  std::string_view server_setting(const char* name) const;

  // A warning fails a statement as a broken connection does. We give no reason for one, but there is this: a
  // commit whose wait for a synchronous standby was cancelled is answered as if all were well.

  /// One statement and its transaction: the rows are those of a statement that has been *committed*.
  pg_outcome<pg_rows> query(const char* sql, const pg_parameters& parameters, duration limit);
  /// Gives a statement a name for run().
  pg_outcome<void> prepare(const char* name, const char* sql, duration limit);
  /// As query(), for a prepared statement.
  pg_outcome<pg_rows> run(const char* name, const pg_parameters& parameters, duration limit);
  /// Waits for what the session listens to, for `limit` at most.
  void wait_for_notice(duration limit);
  /// Several statements without parameters or rows.
  pg_outcome<void> script(const std::string& sql, duration limit);

private:
  using clock = std::chrono::steady_clock;
  struct finisher {
    void operator()(pg_conn* connection) const;
  };

  /// Arguments of libpq's sending functions, which want them in four arrays.
  void point_at(const pg_parameters& parameters);
  /// Sends what libpq has queued and awaits all its results, to the server's "ready for the next".
  pg_outcome<pg_rows> finish(int queued, duration limit);
  /// Waits for the socket; nothing, or why not.
  std::optional<pg_error> wait(short events, clock::time_point deadline);
  /// An error of the connection, with the server's name.
  pg_error failed(const std::string& why) const;
  pg_error broken() const;
  bool is_in_vain() {
    if (!is_in_vain_ || !is_in_vain_()) return false;
    ended_in_vain_ = true;
    return true;
  }

  std::unique_ptr<pg_conn, finisher> connection_;
  std::function<bool()> is_in_vain_;
  std::unique_ptr<std::string> warning_; ///< that came with a statement; where it is libpq knows
  std::string where_;
  clock::time_point answered_at_{};
  bool ended_in_vain_ = false;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

/// A transaction on a connection, with an end: what was not committed is rolled back when it is dropped, or
/// the connection closed where that cannot be done. The connection must outlive it, and is not to be
/// exchanged meanwhile.
class pg_transaction {
public:
  using duration = std::chrono::milliseconds;

  /// Begins it, and runs `settings`, statements for it alone.
  static pg_outcome<pg_transaction> begin(pg_connection& connection, const std::string& settings,
                                          duration limit);
  pg_transaction(pg_transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr))
      , limit_(other.limit_) {}
  pg_transaction& operator=(pg_transaction&&) = delete;
  ~pg_transaction();

  /// Whatever it answers, the transaction is over.
  pg_outcome<void> commit();

private:
  pg_transaction(pg_connection& connection, duration limit) : connection_(&connection), limit_(limit) {}

  pg_connection* connection_; ///< null: it is over
  duration limit_;            ///< of each statement of ours
};

} // namespace hongyan
