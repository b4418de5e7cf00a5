#include "persistence/postgres/handle.hpp"

#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace hongyan {

namespace {

/// Types' numbers in PostgreSQL's catalogue, part of its wire format.
constexpr std::uint32_t bigint_type = 20, int_type = 23, text_type = 25;
constexpr int binary = 1;

/// So often those who wait look whether they do so in vain.
constexpr std::chrono::milliseconds look_interval{50};

/// libpq ends its texts with a newline, and some have more than one line.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text)
    if (c == '\n' || c == '\t')
      line += line.empty() || line.back() == ' ' ? "" : " ";
    else
      line += c;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string_view or_empty(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view(text);
}

/// libpq's notice receiver; `kept`: the connection's warning_. Notices of a lower kind mean nothing to us.
void note_warning(void* kept, const PGresult* notice) {
  if (or_empty(PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED)) == "WARNING")
    *static_cast<std::string*>(kept) =
        one_line(or_empty(PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY)));
}

std::int64_t read_bigint(const char* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<std::int64_t>(be64toh(value));
}

} // namespace

void throw_exception_from_error(const pg_error& e, const boost::source_location&) {
  throw std::logic_error("took the rows of a failed statement: " + e.text);
}

// -- pg_parameters
// ---------------------------------------------------------------------------------------------

void pg_parameters::clear() {
  bytes_.clear();
  fields_.clear();
}

void pg_parameters::begin() { fields_.push_back({bytes_.size(), bytes_.size(), false}); }

void pg_parameters::append_int(std::uint32_t value) {
  value = htobe32(value);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void pg_parameters::append_bigint(std::uint64_t value) {
  value = htobe64(value);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// PostgreSQL's array_recv(): dimensions, "may have NULLs", element type; then for the dimension length and
/// first index. Elements follow, each with its length in bytes.
void pg_parameters::append_array_header(std::uint32_t element_type, std::size_t count) {
  append_int(count == 0 ? 0 : 1);
  append_int(1);
  append_int(element_type);
  if (count == 0) return;
  append_int(static_cast<std::uint32_t>(count));
  append_int(1);
}

void pg_parameters::add(std::int64_t value) {
  begin();
  append_bigint(static_cast<std::uint64_t>(value));
  end();
}

void pg_parameters::add(std::string_view value) {
  begin();
  bytes_ += value;
  end();
}

void pg_parameters::add(std::span<const std::int64_t> values) {
  begin();
  append_array_header(bigint_type, values.size());
  for (const std::int64_t value : values) {
    append_int(sizeof value);
    append_bigint(static_cast<std::uint64_t>(value));
  }
  end();
}

void pg_parameters::add(std::span<const std::int32_t> values) {
  begin();
  append_array_header(int_type, values.size());
  for (const std::int32_t value : values) {
    append_int(sizeof value);
    append_int(static_cast<std::uint32_t>(value));
  }
  end();
}

void pg_parameters::begin_texts(std::size_t count) {
  begin();
  append_array_header(text_type, count);
  end();
}

void pg_parameters::element(std::string_view value) {
  append_int(static_cast<std::uint32_t>(value.size()));
  bytes_ += value;
  end();
}

void pg_parameters::null_element() {
  append_int(0xFFFFFFFF); // length -1
  end();
}

void pg_parameters::add_null() {
  begin();
  fields_.back().null = true;
}

// -- pg_rows
// ---------------------------------------------------------------------------------------------------

void pg_rows::clearer::operator()(pg_result* rows) const { PQclear(rows); }

int pg_rows::size() const { return PQntuples(rows_.get()); }

bool pg_rows::is_null(int row, int column) const { return PQgetisnull(rows_.get(), row, column) == 1; }

std::int64_t pg_rows::bigint(int row, int column) const {
  const std::string_view bytes = text(row, column);
  return bytes.size() == sizeof(std::int64_t) ? read_bigint(bytes.data()) : 0;
}

bool pg_rows::boolean(int row, int column) const { return text(row, column) == std::string_view("\1", 1); }

std::string_view pg_rows::text(int row, int column) const {
  return {PQgetvalue(rows_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(rows_.get(), row, column))};
}

std::optional<std::string> pg_rows::optional_text(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return std::string(text(row, column));
}

std::vector<std::int64_t> pg_rows::bigints(int row, int column) const {
  constexpr std::size_t header = 20, element = 4 + sizeof(std::int64_t);
  const std::string_view bytes = text(row, column);
  std::vector<std::int64_t> values;
  for (std::size_t at = header; at + element <= bytes.size(); at += element)
    values.push_back(read_bigint(bytes.data() + at + 4));
  return values;
}

// -- pg_connection
// ---------------------------------------------------------------------------------------------

void pg_connection::finisher::operator()(pg_conn* connection) const { PQfinish(connection); }

pg_outcome<pg_connection> pg_connection::connect(const settings& to, duration limit,
                                                 const std::function<bool()>& is_in_vain) {
  std::vector<const char*> names, values;
  for (const auto& [name, value] : to) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);

  const auto deadline = clock::now() + limit;
  pg_connection made;
  made.is_in_vain_ = is_in_vain;
  made.connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  pg_conn* c = made.connection_.get();
  if (c == nullptr) return pg_error{"out of memory"};
  const std::string_view host = or_empty(PQhost(c)), port = or_empty(PQport(c));
  made.where_ = host.empty() ? std::string("the default host") : std::string(host) + ":" + std::string(port);
  // Notices would go to standard error, past our log.
  made.warning_ = std::make_unique<std::string>();
  PQsetNoticeReceiver(c, note_warning, made.warning_.get());
  if (PQstatus(c) == CONNECTION_BAD) return made.broken();

  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(c)) {
    if (next == PGRES_POLLING_FAILED) return made.broken();
    if (auto why = made.wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) return *why;
  }
  if (PQsetnonblocking(c, 1) != 0) return made.broken();
  made.warning_->clear(); // of connecting: that a library's version has changed, perhaps
  return made;
}

bool pg_connection::is_alive() {
  if (!connection_ || is_in_vain()) return false;
  // A transaction that somebody left open would take in what is to be committed.
  if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) return false;
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  if (socket.fd < 0) return false;
  if (::poll(&socket, 1, 0) == 0) return true; // nothing to read: no end of the stream either
  // Something came unasked: a parameter's change, or the server's goodbye and the stream's end. These are two
  // reads, so ask the socket again after the first.
  for (int reads = 0; reads < 2; ++reads)
    if (PQconsumeInput(connection_.get()) == 0) return false;
  PQisBusy(connection_.get()); // lets libpq take in what came
  return PQstatus(connection_.get()) == CONNECTION_OK;
}

int pg_connection::server_version() const { return PQserverVersion(connection_.get()); }
int pg_connection::backend_pid() const { return PQbackendPID(connection_.get()); }

std::string_view pg_connection::server_setting(const char* name) const {
  return or_empty(PQparameterStatus(connection_.get(), name));
}

void pg_connection::point_at(const pg_parameters& parameters) {
  values_.clear();
  lengths_.clear();
  formats_.assign(parameters.fields_.size(), binary);
  for (const auto& field : parameters.fields_) {
    values_.push_back(field.null ? nullptr : parameters.bytes_.data() + field.begin);
    lengths_.push_back(static_cast<int>(field.end - field.begin));
  }
}

pg_outcome<pg_rows> pg_connection::query(const char* sql, const pg_parameters& parameters, duration limit) {
  point_at(parameters);
  return finish(PQsendQueryParams(connection_.get(), sql, static_cast<int>(values_.size()), nullptr,
                                  values_.data(), lengths_.data(), formats_.data(), binary),
                limit);
}

pg_outcome<void> pg_connection::prepare(const char* name, const char* sql, duration limit) {
  if (auto done = finish(PQsendPrepare(connection_.get(), name, sql, 0, nullptr), limit); !done)
    return done.error();
  return {};
}

pg_outcome<pg_rows> pg_connection::run(const char* name, const pg_parameters& parameters, duration limit) {
  point_at(parameters);
  return finish(PQsendQueryPrepared(connection_.get(), name, static_cast<int>(values_.size()), values_.data(),
                                    lengths_.data(), formats_.data(), binary),
                limit);
}

pg_outcome<void> pg_connection::script(const std::string& sql, duration limit) {
  if (auto done = finish(PQsendQuery(connection_.get(), sql.c_str()), limit); !done) return done.error();
  return {};
}

pg_outcome<pg_rows> pg_connection::finish(int queued, duration limit) {
  const auto deadline = clock::now() + limit;
  const auto close_with = [this](pg_error why) {
    close();
    return why;
  };
  pg_conn* c = connection_.get();
  if (c == nullptr) return pg_error{"not connected"};
  if (queued == 0) return close_with(broken());
  warning_->clear();

  for (int left = PQflush(c); left != 0; left = PQflush(c)) {
    if (left < 0) return close_with(broken());
    // The server may have to be read from before it goes on reading from us.
    if (auto why = wait(POLLIN | POLLOUT, deadline)) return close_with(*std::move(why));
    if (PQconsumeInput(c) == 0) return close_with(broken());
  }

  // To the end, which is the server's "ready": a statement's rows come *before* its commit.
  pg_rows rows;
  std::optional<pg_error> refused;
  for (;;) {
    while (PQisBusy(c) == 1) {
      if (auto why = wait(POLLIN, deadline)) return close_with(*std::move(why));
      if (PQconsumeInput(c) == 0) return close_with(broken());
    }
    PGresult* next = PQgetResult(c);
    if (next == nullptr) break;
    pg_rows received(next);
    const ExecStatusType status = PQresultStatus(next);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
      rows = std::move(received);
    else // without the server's DETAIL, which may quote a message
      refused = pg_error{one_line(or_empty(PQresultErrorField(next, PG_DIAG_MESSAGE_PRIMARY))),
                         std::string(or_empty(PQresultErrorField(next, PG_DIAG_SQLSTATE))), false};
  }
  if (PQstatus(c) != CONNECTION_OK) {
    if (!refused || refused->text.empty()) return close_with(broken());
    pg_error why = failed(refused->text);
    why.state = refused->state;
    return close_with(std::move(why));
  }
  answered_at_ = clock::now();
  if (is_in_vain()) return close_with(failed("another server is the primary now"));
  if (refused) {
    refused->text = "PostgreSQL at " + where_ + " refuses: " + refused->text + " (" + refused->state + ")";
    return *std::move(refused);
  }
  if (!warning_->empty()) return close_with(pg_error{"PostgreSQL at " + where_ + " warns: " + *warning_});
  return rows;
}

std::optional<pg_error> pg_connection::wait(short events, clock::time_point deadline) {
  pollfd socket{PQsocket(connection_.get()), events, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left <= left.zero()) {
      pg_error why = failed("it is silent for too long");
      why.silent = true;
      return why;
    }
    if (is_in_vain()) return failed("another server is the primary now");
    const int ready =
        ::poll(&socket, 1, static_cast<int>((is_in_vain_ ? std::min(left, look_interval) : left).count()));
    if (ready > 0) return std::nullopt;
    if (ready < 0 && errno != EINTR) return pg_error{std::string("poll: ") + std::strerror(errno)};
  }
}

void pg_connection::wait_for_notice(duration limit) {
  const auto deadline = clock::now() + limit;
  for (;;) {
    if (PQconsumeInput(connection_.get()) == 0) return close();
    bool any = false;
    while (auto* notice = PQnotifies(connection_.get())) {
      PQfreemem(notice);
      any = true;
    }
    if (any) return;
    if (const auto silent = wait(POLLIN, deadline)) {
      if (!silent->silent) close();
      return;
    }
  }
}

pg_error pg_connection::failed(const std::string& why) const {
  return pg_error{"PostgreSQL at " + where_ + " does not answer: " + why};
}

pg_error pg_connection::broken() const { return failed(one_line(PQerrorMessage(connection_.get()))); }

// -- pg_transaction
// --------------------------------------------------------------------------------------------

pg_outcome<pg_transaction> pg_transaction::begin(pg_connection& connection, const std::string& settings,
                                                 duration limit) {
  pg_transaction begun(connection, limit);
  if (auto done = connection.script("BEGIN; " + settings, limit); !done) return done.error();
  return begun;
}

pg_transaction::~pg_transaction() {
  if (connection_ == nullptr || !connection_->is_open()) return;
  if (!connection_->script("ROLLBACK", limit_)) connection_->close();
}

pg_outcome<void> pg_transaction::commit() {
  pg_connection& connection = *std::exchange(connection_, nullptr);
  auto done = connection.script("COMMIT", limit_);
  if (!done && connection.is_open()) connection.close();
  return done;
}

} // namespace hongyan
