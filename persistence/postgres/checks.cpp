#include "persistence/postgres/checks.hpp"

#include "persistence/postgres/transaction.hpp"

namespace hongyan::postgres {

namespace {

content_check read_check(const pg_rows& rows, int row) {
  content_check check{.message_id = rows.bigint(row, 0)};
  check.verdict = {
      .what = judgement_of(rows.bigint(row, 1)), .by = judged_by_of(rows.bigint(row, 2)), .label = {}};
  if (const auto label = rows.bigint(row, 3); label != 0)
    check.verdict.label = static_cast<std::int32_t>(label);
  check.at = from_ms(rows.bigint(row, 4));
  check.attempts = static_cast<std::int32_t>(rows.bigint(row, 5));
  check.trace_id = rows.text(row, 6);
  return check;
}

} // namespace

result<void> transaction::put_check(std::int64_t message, const content_verdict& verdict, wall_time now) {
  parameters_.clear();
  parameters_.add(message);
  parameters_.add(static_cast<std::int64_t>(verdict.what));
  parameters_.add(static_cast<std::int64_t>(verdict.by));
  parameters_.add(std::int64_t{verdict.label.value_or(0)});
  parameters_.add(to_ms(now));
  return done("put_check");
}

result<std::optional<content_check>> transaction::read_check_of(const char* statement) {
  auto rows = run(statement);
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<content_check>();
  return std::optional(read_check(*rows, 0));
}

result<std::optional<content_check>> transaction::find_check(std::int64_t message) {
  parameters_.clear();
  parameters_.add(message);
  return read_check_of("find_check");
}

result<std::optional<content_check>> transaction::find_check_of(const std::string& trace) {
  parameters_.clear();
  parameters_.add(std::string_view(trace));
  return read_check_of("find_check_of");
}

result<std::vector<content_check>> transaction::take_checks(wall_time now, wall_time again,
                                                            std::size_t limit) {
  parameters_.clear();
  parameters_.add(to_ms(now));
  parameters_.add(to_ms(again));
  parameters_.add(static_cast<std::int64_t>(limit));
  auto rows = run("take_checks");
  if (!rows) return rows.error();
  std::vector<content_check> all;
  for (int row = 0; row < rows->size(); ++row) all.push_back(read_check(*rows, row));
  std::ranges::sort(all, {}, &content_check::message_id);
  return all;
}

result<void> transaction::expect_verdict(std::int64_t message, const std::string& trace, wall_time due) {
  parameters_.clear();
  parameters_.add(message);
  parameters_.add(to_ms(due));
  parameters_.add(std::string_view(trace));
  return done("expect_verdict");
}

result<std::optional<std::string>> transaction::identity_of(const user_id& user, const std::string& prefix) {
  ask_of(user);
  parameters_.add(std::string_view(prefix));
  auto rows = run("identity_of");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<std::string>();
  return std::optional(std::string(rows->text(0, 0)));
}

result<bool> transaction::note_call(const std::string& name, wall_time now) {
  parameters_.clear();
  parameters_.add(std::string_view(name));
  parameters_.add(to_ms(now));
  auto rows = run("note_call");
  if (!rows) return rows.error();
  return rows->size() > 0;
}

result<bool> transaction::count_use(const std::string& name, std::int64_t minute, std::int32_t n,
                                    std::int32_t most) {
  parameters_.clear();
  parameters_.add(std::string_view(name));
  parameters_.add(minute);
  parameters_.add(std::int64_t{n});
  parameters_.add(std::int64_t{most});
  auto rows = run("count_use");
  if (!rows) return rows.error();
  return rows->size() > 0;
}

} // namespace hongyan::postgres
