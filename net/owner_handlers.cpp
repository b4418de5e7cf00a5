// What only the owner of the data may ask for: a copy of all that is one user's, its end, and what operators
// have done (contract, section 9).

#include "core/tools/wall_time.hpp"
#include "core/wire/file_json.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/encode.hpp"
#include "core/wire/v1/params.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

namespace hongyan {

namespace {

constexpr std::int64_t audit_page_max = 200;
constexpr std::size_t audit_page = 50;
/// An export rests so many times as long as a portion took: of the writer's time it has a third at most.
constexpr int rest_factor = 2;

void append_line(std::string& out, std::string_view type, std::string_view member, std::string_view value) {
  out.append(R"({"type":")").append(type).append(R"(",")").append(member).append("\":").append(value);
  out += "}\n";
}

std::string utc(wall_time t) {
  std::string out;
  append_utc_time(out, t);
  return '"' + out + '"';
}

std::string place_json(const peer_or_group& in) {
  return (in.is_group() ? R"({"groupId":)" : R"({"userId":)") + json_string(in.id.text()) + '}';
}

std::string conversation_json(const own_membership& one) {
  std::string out = R"({"in":)" + place_json(one.in);
  if (one.in.is_group()) {
    out += R"(,"name":)" + json_string(one.name) + R"(,"role":)" +
           json_string(group_role_names[static_cast<std::size_t>(one.role)]);
  }
  out.append(R"(,"pinned":)").append(one.pinned ? "true" : "false");
  out.append(R"(,"muted":)").append(one.muted ? "true" : "false");
  return out += '}';
}

std::string ban_json(const ban& one) {
  return R"({"reason":)" + json_string(one.reason) + R"(,"since":)" + utc(one.since) + R"(,"until":)" +
         (one.until ? utc(*one.until) : "null") + '}';
}

/// A portion as JSON Lines.
std::string lines_of(const own_data& some) {
  std::string out;
  if (some.who) append_line(out, "profile", "profile", v1::profile_result(*some.who));
  for (const auto& identity : some.person.identities)
    append_line(out, "login", "identity", json_string(identity));
  for (const auto& grant : some.grants)
    append_line(out, "grant", "grant",
                R"({"templateId":)" + json_string(grant.template_id) + R"(,"count":)" +
                    std::to_string(grant.grants) + '}');
  for (const auto& blocked : some.person.blocks)
    append_line(out, "block", "userId", json_string(blocked.text()));
  if (some.person.banned) append_line(out, "ban", "ban", ban_json(*some.person.banned));
  for (const auto& one : some.conversations)
    append_line(out, one.in.is_group() ? "group" : "conversation", "conversation", conversation_json(one));
  for (const auto& m : some.messages) append_line(out, "message", "message", v1::encode_message(m));
  for (const auto& file : some.files) append_line(out, "file", "file", upload_result(file));
  return out;
}

asio::awaitable<result<own_data>> read_some(edge& at, const user_id& user, own_data_place from) {
  change what{.by = {}, .action = read_own_data{user, std::move(from)}};
  auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(what));
  if (!answer) co_return answer.error();
  if (!answer->portion) co_return error{errc::internal, "no portion was answered"};
  co_return *std::move(answer->portion);
}

/// All of it, read while it is sent.
class own_data_body final : public body_source {
public:
  own_data_body(edge& at, user_id user, own_data first)
      : at_(at)
      , user_(std::move(user))
      , next_(std::move(first)) {}

  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  asio::awaitable<result<std::string>> next() override {
    std::string lines;
    while (lines.empty()) {
      if (!next_) co_return std::string();
      lines = lines_of(*next_);
      if (next_->next.in == own_data_place::part::end) {
        next_.reset();
        continue;
      }
      auto place = next_->next;
      const auto begin = at_.home.now();
      auto more = co_await read_some(at_, user_, std::move(place));
      if (!more) co_return more.error();
      next_ = *std::move(more);
      const auto took = at_.home.now() - begin;
      boost::system::error_code ended;
      asio::steady_timer pause(at_.home.io(), rest_factor * took);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    }
    co_return lines;
  }

private:
  edge& at_;
  user_id user_;
  std::optional<own_data> next_;
};

std::string encode_audit(const audit_entry& entry) {
  return R"({"id":)" + std::to_string(entry.id) + R"(,"who":)" + json_string(entry.who) + R"(,"when":)" +
         utc(entry.at) + R"(,"what":)" + json_string(entry.what) + R"(,"why":)" + json_string(entry.why) +
         '}';
}

} // namespace

asio::awaitable<reply> export_user(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::owner); !may) co_return problem(may.error());
  auto body = body_object(request);
  if (!body) co_return problem(body.error());
  v1::params given(*body);
  auto user = given.id("userId");
  if (given.fault()) co_return problem(*given.fault());
  own_data_place beginning; // named: what is made in the call GCC 12 frees twice
  auto first = co_await read_some(at, user, std::move(beginning)); // a failure has a status still
  if (!first) co_return problem(first.error());
  reply r{.content_type = "application/x-ndjson",
          .headers = {{"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Content-Disposition", "attachment; filename=\"" + user.text() + ".jsonl\""}}};
  r.source = std::make_unique<own_data_body>(at, std::move(user), *std::move(first));
  co_return r;
}

/// Their tokens are good no more at once; the rest goes in the background.
asio::awaitable<reply> erase_user_of(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::owner); !may) co_return problem(may.error());
  auto user = path_id(request, 0);
  if (!user) co_return problem(user.error());
  revocation revoked{std::move(*user), auth::now_us()};
  change what{.by = {}, .action = erase_user{revoked.user, revoked.at_us}};
  auto r = co_await store_change(at, std::move(what), 202);
  if (r.status != 202) co_return r;
  const auto closed = co_await ask<std::size_t>(at.asks, at.server.registry, ask_deadline, revoke_atom::value,
                                                std::move(revoked));
  if (!closed) co_return problem(closed.error());
  co_return r;
}

asio::awaitable<reply> read_audit_log(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::owner); !may) co_return problem(may.error());
  const auto limit = number_parameter(request.to, "limit", audit_page_max);
  if (!limit) co_return problem(limit.error());
  const auto below = number_parameter(request.to, "cursor", std::numeric_limits<std::int64_t>::max());
  if (!below) co_return problem(below.error());
  const auto size = limit->has_value() ? static_cast<std::size_t>(**limit) : audit_page;
  change what{.by = {}, .action = read_audit{below->value_or(0), size + 1}};
  auto answer = co_await ask_to_store<change_answer>(at, change_atom::value, std::move(what));
  if (!answer) co_return problem(answer.error());
  const auto& all = answer->audit;
  std::string body = R"({"entries":[)";
  for (std::size_t i = 0; i < std::min(size, all.size()); ++i)
    body.append(i > 0 ? "," : "").append(encode_audit(all[i]));
  body += R"(],"cursor":)";
  body += all.size() > size ? '"' + std::to_string(all[size - 1].id) + '"' : "null";
  co_return json_reply(body + "}");
}

} // namespace hongyan
