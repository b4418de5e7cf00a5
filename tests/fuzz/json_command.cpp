#include "core/wire/classic.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/commands.hpp"
#include "core/wire/v1/encode.hpp"
#include "tests/fuzz/targets.hpp"

namespace hongyan::fuzz {

namespace {

const limits defaults;
const user_id me = *user_id::parse("2");

void demand_json(const std::string& text) { demand(parse_json(text).has_value(), "no JSON: " + text); }

std::string compact(const boost::json::value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

/// As the log gives it back.
message stored(const new_message& m) {
  return {.id = 1,
          .conversation_id = 1,
          .seq = 1,
          .from = m.from,
          .to = m.to,
          .from_name = m.from_name,
          .to_name = m.to_name,
          .kind = m.kind,
          .content = m.content,
          .ext = m.ext,
          .client_msg_id = m.client_msg_id};
}

void look_at(const v1::request& request) {
  if (!request.id.empty()) demand_json(request.id);
  const auto id = request.id.empty() ? "null" : request.id;
  if (!request.what) {
    const auto& why = request.what.error();
    demand(!why.detail.empty(), "refused without why");
    demand(row_of(why.code).rpc_code != -32602 || !why.param.empty(),
           "an error that names no parameter: " + why.detail);
    return demand_json(v1::failure(id, why));
  }
  demand_json(v1::answer(id, v1::empty_result));
  if (const auto* m = std::get_if<new_message>(&*request.what)) {
    demand(m->from == me, "a message of somebody else");
    demand(m->client_msg_id && !m->client_msg_id->empty(), "a message without its clientMsgId");
    demand(m->content.size() <= std::max(4 * defaults.content_chars, defaults.object_bytes),
           "a content over its limit");
    demand_json(v1::message_notification(stored(*m)));
    demand_json(classic::encode_chat(stored(*m)));
  }
  if (const auto* watch = std::get_if<v1::watch_users>(&*request.what))
    demand_json(v1::presence_result(watch->users));
  if (const auto* get = std::get_if<v1::get_profiles>(&*request.what))
    demand_json(v1::presence_result(get->users));
}

void look_at(const result<new_message>& pushed) {
  if (!pushed) return demand(!pushed.error().detail.empty(), "a push refused without why");
  demand(pushed->content.find('\0') == std::string::npos, "U+0000 in a text");
  demand_json(classic::encode_chat(stored(*pushed)));
}

} // namespace

void json_command(std::string_view input) {
  look_at(v1::parse_request(input, me, defaults));
  look_at(classic::parse_push(input, defaults));

  const auto value = parse_json(input);
  if (!value) return;
  // Written and read again it is the same; but -0.0, written as -0, is read as the whole number 0.
  const auto once = parse_json(compact(*value));
  demand(once.has_value(), "JSON that cannot be read again");
  const auto text = compact(*once);
  const auto twice = parse_json(text);
  demand(twice.has_value() && compact(*twice) == text, "JSON that changes as it is written: " + text);
}

} // namespace hongyan::fuzz
