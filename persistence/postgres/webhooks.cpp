#include "persistence/postgres/webhooks.hpp"

#include "persistence/postgres/rows.hpp"
#include "persistence/postgres/transaction.hpp"

namespace hongyan::postgres {

result<std::optional<webhook_row>> transaction::take_webhook(const hold_webhook& hold) {
  parameters_.clear();
  parameters_.add(std::string_view(hold.name));
  parameters_.add(std::string_view(hold.holder));
  parameters_.add(std::int64_t{webhook_hold.count()});
  auto rows = run("take_webhook");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<webhook_row>();
  return std::optional(
      webhook_row{.name = hold.name, .position = rows->bigint(0, 0), .notes = std::string(rows->text(0, 1))});
}

result<std::optional<std::string>> transaction::put_webhook(const store_webhook& now_is) {
  parameters_.clear();
  parameters_.add(std::string_view(now_is.name));
  parameters_.add(now_is.position);
  parameters_.add(std::string_view(now_is.holder));
  parameters_.add(now_is.let_go ? std::int64_t{0} : std::int64_t{webhook_hold.count()});
  parameters_.add(std::string_view(now_is.notes));
  auto rows = run("put_webhook");
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<std::string>();
  return std::optional(std::string(rows->text(0, 0)));
}

result<void> transaction::put_failed_events(const std::string& webhook,
                                            std::span<const failed_event> events) {
  if (events.empty()) return {};
  parameters_.clear();
  parameters_.add(std::string_view(webhook));
  add_numbers(parameters_, events, [](const failed_event& one) { return one.id; });
  add_numbers(parameters_, events, [](const failed_event& one) { return to_ms(one.at); });
  add_numbers(parameters_, events, [](const failed_event& one) { return one.attempts; });
  add_texts(parameters_, events, [](const failed_event& one) { return std::string_view(one.why); });
  return done("put_failed_events");
}

result<void> transaction::drop_failed_events(const std::string& webhook, std::span<const std::int64_t> ids) {
  if (ids.empty()) return {};
  parameters_.clear();
  parameters_.add(std::string_view(webhook));
  add_numbers(parameters_, ids, std::identity());
  return done("drop_failed_events");
}

result<bool> transaction::put_wish(const std::string& webhook, const std::string& wish) {
  parameters_.clear();
  parameters_.add(std::string_view(webhook));
  parameters_.add(std::string_view(wish));
  parameters_.add(static_cast<std::int64_t>(wishes_bytes_max));
  auto rows = run("put_wish");
  if (!rows) return rows.error();
  return rows->size() > 0;
}

result<void> transaction::put_presence(const tell_presence& what) {
  parameters_.clear();
  parameters_.add(std::string_view(what.user.text()));
  if (!what.online) return done("goes");
  parameters_.add(std::string_view(what.node));
  return done("come");
}

result<std::size_t> transaction::drop_presence(const std::string& node) {
  parameters_.clear();
  parameters_.add(std::string_view(node));
  parameters_.add(static_cast<std::int64_t>(presence_portion));
  auto rows = run("some_go");
  if (!rows) return rows.error();
  return static_cast<std::size_t>(rows->size());
}

result<void> transaction::forget_kept(wall_time before) {
  parameters_.clear();
  parameters_.add(to_ms(before));
  return done("forget_kept");
}

} // namespace hongyan::postgres
