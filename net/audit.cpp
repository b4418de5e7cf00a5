#include "net/audit.hpp"

#include "core/tools/text.hpp"
#include "net/v1_handlers.hpp"

namespace hongyan {

namespace {

constexpr const char* header = "Audit-Reason";
constexpr std::size_t why_chars = 200;
/// Of a body: who and what it is about stands at its beginning.
constexpr std::size_t what_bytes = 500;

/// Characters that are not ASCII come as a URL has them.
result<std::string> reason_in(std::string_view text) {
  auto why = percent_decoded(text, header);
  if (!why) return why;
  if (count_characters(*why) > why_chars)
    return error{errc::malformed, std::string(header) + " takes at most " + std::to_string(why_chars) +
                                      " characters, percent-encoded UTF-8"};
  return why;
}

std::string what_of(const routed_request& request) {
  auto what = std::string(view(request.http.method_string())) + ' ' + request.to.path;
  for (const auto& [name, value] : request.to.query)
    if (name != "token") what.append(" ").append(name).append("=").append(value); // a secret in no log
  const std::string_view body = request.http.body();
  if (body.empty()) return what;
  utf8_checker utf8;
  if (!utf8.feed(body) || !utf8.complete() || body.find('\0') != std::string_view::npos) return what;
  auto end = std::min(body.size(), what_bytes);
  while (end < body.size() && (static_cast<unsigned char>(body[end]) & 0xC0) == 0x80) --end;
  return what.append(" ").append(body.substr(0, end)).append(end < body.size() ? "..." : "");
}

} // namespace

asio::awaitable<std::optional<reply>> note_request(edge& at, const route& row,
                                                   const routed_request& request) {
  const auto given = view(request.http[header]);
  if (row.audit == audit_rule::never || !request.by.is_back_end() || !request.by.has(row.audited_for) ||
      (row.audit == audit_rule::with_reason && given.empty()))
    co_return std::nullopt;
  auto why = reason_in(given);
  if (!why) co_return problem(why.error());
  change noted{
      .by = {},
      .action = note_audit{{.who = request.by.key_name, .what = what_of(request), .why = *std::move(why)}}};
  auto stored = co_await store_change(at, std::move(noted));
  if (stored.status == 200) co_return std::nullopt;
  co_return stored;
}

} // namespace hongyan
