#include "persistence/postgres/send_queue.hpp"

#include "core/tools/wall_time.hpp"
#include "persistence/postgres/rows.hpp"
#include "persistence/postgres/session.hpp"

#include <utility>

namespace hongyan {

namespace embedded {
extern const std::string_view postgres_grant_sql;
} // namespace embedded

namespace postgres {

namespace {

/// One node at a time has it, until its transaction ends: when it dies, PostgreSQL lets go by itself.
constexpr const char* hold_sql = "SELECT pg_try_advisory_xact_lock(7310575182467098)";
constexpr const char* take_sql = R"(
SELECT id, sender, recipient, to_group, kind, content, client_msg_id, ext FROM sql_send ORDER BY id LIMIT $1::bigint)";
constexpr const char* refuse_sql = R"(
INSERT INTO sql_refused (id, role, sender, recipient, to_group, kind, client_msg_id, reason, detail, at_ms)
SELECT s.id, s.role, s.sender, s.recipient, s.to_group, s.kind, s.client_msg_id, r.reason, r.detail, $4::bigint
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS r (id, reason, detail) JOIN sql_send s ON s.id = r.id
ON CONFLICT DO NOTHING)";
constexpr const char* drop_sql = "DELETE FROM sql_send WHERE id = ANY ($1::bigint[])";
constexpr const char* forget_sql = "DELETE FROM sql_refused WHERE at_ms < $1::bigint";
constexpr const char* listen_sql = "LISTEN hongyan_sql_send";
constexpr auto kept = std::chrono::hours(24 * 30);

class queue final : public send_queue {
public:
  explicit queue(std::shared_ptr<hosts> database) : hosts_(std::move(database)) {}

  result<std::vector<queued_send>> take(std::size_t limit) override {
    turn_.reset();
    if (auto opened = open(); !opened) return opened.error();
    auto begun = pg_transaction::begin(connection_, "", check_limit);
    if (!begun) return failed(begun.error());
    turn_.emplace(*std::move(begun));
    parameters_.clear();
    auto held = connection_.query(hold_sql, parameters_, check_limit);
    if (!held) return failed(held.error());
    if (!held->boolean(0, 0)) return end_turn();
    parameters_.add(static_cast<std::int64_t>(limit));
    auto rows = connection_.query(take_sql, parameters_, write_limit);
    if (!rows) return failed(rows.error());
    if (rows->size() == 0) return end_turn();
    std::vector<queued_send> all;
    for (int row = 0; row < rows->size(); ++row)
      all.push_back({.id = rows->bigint(row, 0),
                     .sender = std::string(rows->text(row, 1)),
                     .recipient = std::string(rows->text(row, 2)),
                     .to_group = rows->boolean(row, 3),
                     .kind = std::string(rows->text(row, 4)),
                     .content = std::string(rows->text(row, 5)),
                     .client_msg_id = std::string(rows->text(row, 6)),
                     .ext = rows->optional_text(row, 7)});
    return all;
  }

  result<void> done(std::span<const std::int64_t> sent, std::span<const refused_send> refused) override {
    if (!turn_) return error{errc::unavailable, "its transaction is over"};
    std::vector<std::int64_t> all(sent.begin(), sent.end());
    for (const auto& one : refused) all.push_back(one.id);
    if (!refused.empty()) {
      parameters_.clear();
      add_numbers(parameters_, refused, [](const refused_send& one) { return one.id; });
      add_texts(parameters_, refused, [](const refused_send& one) { return std::string_view(one.reason); });
      add_texts(parameters_, refused, [](const refused_send& one) { return std::string_view(one.detail); });
      parameters_.add(to_ms(wall_now()));
      if (auto put = connection_.query(refuse_sql, parameters_, write_limit); !put)
        return failed(put.error());
      parameters_.clear(); // as new ones come, the old ones go
      parameters_.add(to_ms(wall_now() - kept));
      if (auto forgotten = connection_.query(forget_sql, parameters_, write_limit); !forgotten)
        return failed(forgotten.error());
    }
    parameters_.clear();
    add_numbers(parameters_, all, std::identity());
    if (auto dropped = connection_.query(drop_sql, parameters_, write_limit); !dropped)
      return failed(dropped.error());
    const auto committed = turn_->commit();
    turn_.reset();
    if (!committed) return failed(committed.error());
    return {};
  }

  void wait(std::chrono::milliseconds limit) override {
    turn_.reset();
    if (connection_.is_open()) connection_.wait_for_notice(limit);
  }

private:
  result<void> open() {
    if (connection_.is_alive()) return {};
    turn_.reset();
    connection_.close();
    auto made = open_session(*hosts_, {});
    if (!made) return unavailable(made.error());
    connection_ = std::move(made->connection);
    // Behind a pooler nothing is heard; then it is looked for alone.
    if (auto listening = connection_.script(listen_sql, check_limit); !listening)
      return failed(listening.error());
    return {};
  }

  std::vector<queued_send> end_turn() {
    turn_.reset();
    return {};
  }

  error failed(const pg_error& why) {
    turn_.reset();
    connection_.close();
    return unavailable(why);
  }

  std::shared_ptr<hosts> hosts_;
  pg_connection connection_;
  std::optional<pg_transaction> turn_; ///< while rows are being sent
  pg_parameters parameters_;
};

/// `text` with `value` wherever `name` is.
std::string with(std::string text, std::string_view name, std::string_view value) {
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size())
    text.replace(at, name.size(), value);
  return text;
}

} // namespace

std::unique_ptr<send_queue> make_send_queue(std::shared_ptr<hosts> database) {
  return std::make_unique<queue>(std::move(database));
}

result<void> grant_sql(const std::shared_ptr<hosts>& database, const std::string& role) {
  auto made = open_session(*database, {});
  if (!made) return unavailable(made.error());
  auto& connection = made->connection;
  pg_parameters parameters;
  parameters.add(std::string_view(role));
  const auto names = connection.query(R"(
SELECT quote_ident(rolname), quote_ident((SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                          WHERE c.oid = 'sql_send'::regclass))
FROM pg_roles WHERE rolname = $1::text)",
                                      parameters, check_limit);
  if (!names) return unavailable(names.error());
  if (names->size() == 0)
    return error{errc::not_found, "the database has no role \"" + role + "\"; make it by CREATE ROLE"};
  auto script = with(std::string(embedded::postgres_grant_sql), "{role}", names->text(0, 0));
  auto begun = pg_transaction::begin(connection, "", check_limit);
  if (!begun) return unavailable(begun.error());
  if (auto run = connection.script(with(std::move(script), "{tables}", names->text(0, 1)), write_limit); !run)
    return unavailable(run.error());
  if (auto committed = begun->commit(); !committed) return unavailable(committed.error());
  return {};
}

} // namespace postgres

} // namespace hongyan
