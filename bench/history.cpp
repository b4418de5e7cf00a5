#include "bench/history.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <utility>

namespace hongyan::bench {

namespace {

namespace json = boost::json;

constexpr std::array<std::pair<event_kind, std::string_view>, 17> kind_names{
    {{event_kind::members, "members"},
     {event_kind::connect, "connect"},
     {event_kind::session, "session"},
     {event_kind::send, "send"},
     {event_kind::ok, "ok"},
     {event_kind::fail, "fail"},
     {event_kind::unknown, "unknown"},
     {event_kind::entry, "entry"},
     {event_kind::sync_begin, "syncBegin"},
     {event_kind::reset, "reset"},
     {event_kind::sync_end, "syncEnd"},
     {event_kind::read_begin, "readBegin"},
     {event_kind::read_end, "readEnd"},
     {event_kind::read_fail, "readFail"},
     {event_kind::closed, "closed"},
     {event_kind::healed, "healed"},
     {event_kind::mark, "mark"}}};

constexpr std::array<std::pair<shown, std::string_view>, 4> shown_names{
    {{shown::none, ""}, {shown::live, "live"}, {shown::by_sync, "sync"}, {shown::by_read, "history"}}};

constexpr int hex = 16;

template <class Value, std::size_t count>
std::string_view name_of(const std::array<std::pair<Value, std::string_view>, count>& names, Value value) {
  return std::ranges::find(names, value, &std::pair<Value, std::string_view>::first)->second;
}

error bad(std::string why) { return {errc::malformed, std::move(why)}; }

/// Members of an object, which may be missing.
struct reader {
  const json::object& of;

  std::string text(std::string_view member) const {
    const auto* found = text_of(of, member);
    return found == nullptr ? std::string() : std::string(*found);
  }
  std::int64_t number(std::string_view member) const {
    const auto* found = of.if_contains(member);
    const auto* value = found == nullptr ? nullptr : found->if_int64();
    return value == nullptr ? 0 : *value;
  }
};

} // namespace

std::uint64_t body_hash(std::string_view content) {
  constexpr std::uint64_t offset = 0xcbf29ce484222325;
  constexpr std::uint64_t prime = 0x100000001b3;
  auto hash = offset;
  for (const char c : content) hash = (hash ^ static_cast<std::uint8_t>(c)) * prime;
  return hash;
}

std::string to_line(const event& e) {
  std::string out = R"({"at":)" + std::to_string(e.at) + R"(,"time":")";
  append_utc_time(out, wall_time(std::chrono::milliseconds(e.wall_ms)));
  out += '"';
  const auto text = [&](std::string_view member, std::string_view value) {
    if (value.empty()) return;
    out.append(",\"").append(member).append("\":");
    append_json_string(out, value);
  };
  const auto number = [&](std::string_view member, auto value) {
    if (value != 0) out.append(",\"").append(member).append("\":").append(std::to_string(value));
  };
  text("event", name_of(kind_names, e.kind));
  text("client", e.client);
  number("session", e.session);
  text("node", e.node);
  text("conversation", e.conversation);
  text("epoch", e.epoch);
  number("seq", e.seq);
  text("from", e.from);
  text("clientMsgId", e.client_msg_id);
  if (e.body != 0) {
    char digits[hex];
    text("body", {digits, std::to_chars(digits, digits + hex, e.body, hex).ptr});
  }
  text("how", name_of(shown_names, e.how));
  if (!e.users.empty()) {
    out += R"(,"users":[)";
    for (std::size_t i = 0; i < e.users.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, e.users[i]);
    }
    out += ']';
  }
  text("text", e.text);
  return out += '}';
}

result<event> read_line(std::string_view line) {
  const auto parsed = parse_json(line);
  if (!parsed) return parsed.error();
  const auto* object = parsed->if_object();
  if (object == nullptr) return bad("not an object");
  const reader members{*object};
  event e;
  const auto kind = members.text("event");
  const auto* known = std::ranges::find(kind_names, kind, &std::pair<event_kind, std::string_view>::second);
  if (known == kind_names.end()) return bad("no event that is known: '" + kind + "'");
  e.kind = known->first;
  e.at = members.number("at");
  e.client = members.text("client");
  e.session = static_cast<std::uint64_t>(members.number("session"));
  e.node = members.text("node");
  e.conversation = members.text("conversation");
  e.epoch = members.text("epoch");
  e.seq = members.number("seq");
  e.from = members.text("from");
  e.client_msg_id = members.text("clientMsgId");
  const auto body = members.text("body");
  std::from_chars(body.data(), body.data() + body.size(), e.body, hex);
  const auto how = members.text("how");
  const auto* way = std::ranges::find(shown_names, how, &std::pair<shown, std::string_view>::second);
  if (way == shown_names.end()) return bad("an entry was shown in no way that is known: '" + how + "'");
  e.how = way->first;
  if (const auto* users = object->if_contains("users"); users != nullptr && users->is_array())
    for (const auto& user : users->get_array())
      if (const auto* id = user.if_string()) e.users.emplace_back(*id);
  e.text = members.text("text");
  return e;
}

result<void> read_history(std::istream& file, const std::string& name, std::vector<event>& into) {
  std::string line;
  for (std::uint64_t number = 1; std::getline(file, line); ++number) {
    auto e = read_line(line);
    if (!e && file.eof()) break; // the run that wrote it was killed in the middle of it
    if (!e) return bad(name + ", line " + std::to_string(number) + ": " + e.error().detail);
    into.push_back(std::move(*e));
  }
  return {};
}

} // namespace hongyan::bench
