#include "core/cluster/items.hpp"

#include "core/tools/text.hpp"

#include <concepts>
#include <utility>

namespace hongyan::cluster {

namespace {

enum class kind : std::uint8_t {
  // Of the wire: never renumber.
  snapshot_begin = 1,
  session_came = 2,
  session_left = 3,
  log_entries = 4,
  position_read = 5,
  typing = 6,
  user_kicked = 7,
  entries_missed = 8,
  snapshot_end = 9,
  users_blocked = 10,
  own_settings = 11,
  own_profile = 12,
  tokens_revoked = 13,
  timeline_met = 14,
  epoch_changed = 15,
  reacted = 16,
  stream_grown = 17,
  stream_wanted = 18,
  trace_wanted = 19,
  trace_told = 20,
  message_followed = 21,
};

class writer {
public:
  template <std::integral T>
  void number(T value) {
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes_.push_back(static_cast<char>(bits >> (8 * i)));
  }
  void flag(bool value) { number(static_cast<std::uint8_t>(value)); }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
  }
  void text(const user_id& value) { text(value.text()); }
  template <class T>
  void optional(const std::optional<T>& value) {
    flag(value.has_value());
    if (value) text(*value);
  }
  void users(const std::vector<user_id>& values) {
    number(static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) text(value);
  }
  std::string take() { return std::move(bytes_); }

private:
  std::string bytes_;
};

/// What the reader throws, and decode() catches: the bytes are not what they should be.
struct bad_bytes {
  const char* why;
};

class reader {
public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  std::string_view bytes(std::size_t count) {
    if (count > rest_.size()) throw bad_bytes{"it is cut short"};
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  template <std::integral T>
  T number() {
    std::make_unsigned_t<T> bits = 0;
    const auto raw = bytes(sizeof(T));
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bits = static_cast<std::make_unsigned_t<T>>(
          bits | static_cast<std::make_unsigned_t<T>>(static_cast<std::uint8_t>(raw[i])) << (8 * i));
    return static_cast<T>(bits);
  }
  bool flag() { return number<std::uint8_t>() != 0; }
  /// Whatever goes on to clients must be good text.
  std::string text() {
    const auto raw = bytes(number<std::uint32_t>());
    utf8_checker check;
    if (!check.feed(raw) || !check.complete()) throw bad_bytes{"a text is not UTF-8"};
    return std::string(raw);
  }
  user_id user() {
    auto id = user_id::parse(bytes(number<std::uint32_t>()));
    if (!id) throw bad_bytes{"an id is none"};
    return *std::move(id);
  }
  std::optional<std::string> optional_text() { return flag() ? std::optional(text()) : std::nullopt; }
  std::vector<user_id> users() {
    std::vector<user_id> values;
    // Not reserved: the count is not to be believed before the users are there.
    for (auto left = number<std::uint32_t>(); left > 0; --left) values.push_back(user());
    return values;
  }

private:
  std::string_view rest_;
};

void put(writer& out, const peer_or_group& value) {
  out.flag(value.is_group());
  out.text(value.id);
}

peer_or_group read_peer_or_group(reader& in) {
  const bool is_group = in.flag();
  auto id = in.user();
  return is_group ? peer_or_group::group(std::move(id)) : peer_or_group(std::move(id));
}

void put(writer& out, const message& m) {
  out.number(m.id);
  out.number(m.conversation_id);
  out.number(m.seq);
  out.text(m.from);
  put(out, m.to);
  out.optional(m.from_name);
  out.optional(m.to_name);
  out.number(static_cast<std::uint8_t>(m.kind));
  out.text(m.content);
  out.optional(m.ext);
  out.optional(m.client_msg_id);
  out.number(to_ms(m.created_at));
  out.flag(m.recalled);
  out.number(to_ms(m.previous_at));
  out.number(m.edits);
  out.users(m.hidden_from ? *m.hidden_from : std::vector<user_id>());
}

message read_message(reader& in) {
  message m;
  m.id = in.number<std::int64_t>();
  m.conversation_id = in.number<std::int64_t>();
  m.seq = in.number<std::int64_t>();
  m.from = in.user();
  m.to = read_peer_or_group(in);
  m.from_name = in.optional_text();
  m.to_name = in.optional_text();
  m.kind = kind_of(in.number<std::uint8_t>());
  m.content = in.text();
  m.ext = in.optional_text();
  m.client_msg_id = in.optional_text();
  m.created_at = from_ms(in.number<std::int64_t>());
  m.recalled = in.flag();
  if (!in.done()) m.previous_at = from_ms(in.number<std::int64_t>());
  if (!in.done()) m.edits = in.number<std::int32_t>();
  if (!in.done())
    if (auto users = in.users(); !users.empty())
      m.hidden_from = std::make_shared<const std::vector<user_id>>(std::move(users));
  return m;
}

// ---- one pair for each kind ----

kind put(writer&, const snapshot_begin&) { return kind::snapshot_begin; }
kind put(writer& out, const session_came& came) {
  out.text(came.user);
  out.number(came.number);
  out.number(came.stamp);
  out.text(came.facts.id);
  out.text(came.facts.device);
  out.flag(came.facts.is_v1);
  out.number(to_ms(came.facts.since));
  return kind::session_came;
}
kind put(writer& out, const session_left& left) {
  out.text(left.user);
  out.number(left.number);
  return kind::session_left;
}
kind put(writer& out, const log_entries& log) {
  out.users(log.audience);
  out.number(static_cast<std::uint32_t>(log.entries.size()));
  for (const auto& m : log.entries) {
    writer one; // with its length: newer nodes may add to it
    put(one, *m);
    out.text(one.take());
  }
  return kind::log_entries;
}
kind put(writer& out, const position_read& read) {
  out.number(read.conversation_id);
  out.text(read.user);
  out.number(read.seq);
  out.optional(read.peer);
  return kind::position_read;
}
kind put(writer& out, const typing& t) {
  out.number(t.conversation_id);
  out.text(t.user);
  out.users(t.users);
  return kind::typing;
}
kind put(writer& out, const user_kicked& kicked) {
  out.text(kicked.user);
  out.number(static_cast<std::uint32_t>(kicked.sessions.size()));
  for (const auto& [node, number] : kicked.sessions) {
    out.text(node);
    out.number(number);
  }
  out.flag(kicked.only_these);
  return kind::user_kicked;
}
kind put(writer& out, const entries_missed& missed) {
  out.number(to_ms(missed.since));
  return kind::entries_missed;
}
kind put(writer&, const snapshot_end&) { return kind::snapshot_end; }
kind put(writer& out, const users_blocked& told) {
  out.text(told.user);
  out.users(told.blocked);
  return kind::users_blocked;
}
kind put(writer& out, const profile& own) {
  out.optional(own.name);
  out.optional(own.avatar);
  return kind::own_profile;
}
kind put(writer& out, const own_settings& settings) {
  out.number(settings.conversation_id);
  out.flag(settings.pinned);
  out.flag(settings.muted);
  out.number(settings.cleared_seq);
  out.number(settings.read_seq);
  return kind::own_settings;
}
kind put(writer& out, const own_changed& own) {
  out.text(own.user);
  return std::visit([&out](const auto& what) { return put(out, what); }, own.what);
}
kind put(writer& out, const tokens_revoked& revoked) {
  out.text(revoked.user);
  out.number(revoked.at_us);
  return kind::tokens_revoked;
}
kind put(writer& out, const timeline_met& met) {
  out.number(met.at.system);
  out.number(met.at.number);
  return kind::timeline_met;
}
kind put(writer& out, const epoch_changed& changed) {
  out.text(changed.now);
  return kind::epoch_changed;
}

kind put(writer& out, const reacted& told) {
  out.number(told.what.conversation_id);
  out.number(told.what.seq);
  out.text(told.what.user);
  out.text(told.what.emoji);
  out.flag(told.what.on);
  out.users(told.users);
  return kind::reacted;
}

kind put(writer& out, const stream_grown& grown) {
  out.number(grown.conversation_id);
  out.number(grown.seq);
  out.number(grown.offset);
  out.text(grown.delta);
  out.users(grown.users);
  return kind::stream_grown;
}
kind put(writer& out, const stream_wanted& wanted) {
  out.number(wanted.conversation_id);
  out.number(wanted.seq);
  return kind::stream_wanted;
}

kind put(writer& out, const trace_wanted& wanted) {
  out.number(wanted.ticket);
  out.number(wanted.conversation_id);
  out.number(wanted.seq);
  out.number(wanted.message_id);
  return kind::trace_wanted;
}

using us_time = decltype(trace_event::at);

kind put(writer& out, const trace_told& told) {
  const auto time = [&](us_time at) { out.number(std::int64_t{at.time_since_epoch().count()}); };
  out.number(told.ticket);
  out.number(static_cast<std::uint64_t>(told.known.taken));
  time(told.known.first_taken);
  time(told.known.last_taken);
  out.number(static_cast<std::uint32_t>(told.known.events.size()));
  for (const auto& e : told.known.events) {
    out.number(static_cast<std::uint8_t>(e.of));
    out.number(e.conversation_id);
    out.number(e.first);
    out.number(e.last);
    out.number(e.count);
    time(e.at);
    out.text(e.user);
    out.text(e.session);
  }
  return kind::trace_told;
}

kind put(writer& out, const message_followed& told) {
  out.number(told.conversation_id);
  out.number(told.seq);
  out.number(told.message_id);
  out.text(told.under);
  return kind::message_followed;
}

session_came read_came(reader& in) {
  session_came came;
  came.user = in.user();
  came.number = in.number<std::uint64_t>();
  came.stamp = in.number<std::int64_t>();
  came.facts.id = in.text();
  came.facts.device = in.text();
  came.facts.is_v1 = in.flag();
  came.facts.since = from_ms(in.number<std::int64_t>());
  return came;
}

log_entries read_entries(reader& in) {
  log_entries log;
  log.audience = in.users();
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
    reader one(in.bytes(in.number<std::uint32_t>()));
    log.entries.push_back(std::make_shared<const message>(read_message(one)));
  }
  return log;
}

position_read read_position(reader& in) {
  position_read read;
  read.conversation_id = in.number<std::int64_t>();
  read.user = in.user();
  read.seq = in.number<std::int64_t>();
  if (in.flag()) read.peer = in.user();
  return read;
}

typing read_typing(reader& in) {
  typing t;
  t.conversation_id = in.number<std::int64_t>();
  t.user = in.user();
  t.users = in.users();
  return t;
}

user_kicked read_kicked(reader& in) {
  user_kicked kicked{.user = in.user()};
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
    auto node = in.text();
    kicked.sessions.push_back({std::move(node), in.number<std::uint64_t>()});
  }
  if (!in.done()) kicked.only_these = in.flag();
  return kicked;
}

own_changed read_settings(reader& in) {
  own_changed own{.user = in.user(), .what = own_settings{}};
  auto& settings = std::get<own_settings>(own.what);
  settings.conversation_id = in.number<std::int64_t>();
  settings.pinned = in.flag();
  settings.muted = in.flag();
  settings.cleared_seq = in.number<std::int64_t>();
  settings.read_seq = in.number<std::int64_t>();
  return own;
}

own_changed read_profile(reader& in) {
  profile now_is{.user = in.user()};
  now_is.name = in.optional_text();
  now_is.avatar = in.optional_text();
  return {now_is.user, now_is};
}

reacted read_reacted(reader& in) {
  reacted told;
  told.what.conversation_id = in.number<std::int64_t>();
  told.what.seq = in.number<std::int64_t>();
  told.what.user = in.user();
  told.what.emoji = in.text();
  told.what.on = in.flag();
  told.users = in.users();
  return told;
}

stream_grown read_grown(reader& in) {
  stream_grown grown;
  grown.conversation_id = in.number<std::int64_t>();
  grown.seq = in.number<std::int64_t>();
  grown.offset = in.number<std::uint32_t>();
  grown.delta = in.text();
  grown.users = in.users();
  return grown;
}

trace_wanted read_trace_wanted(reader& in) {
  trace_wanted wanted;
  wanted.ticket = in.number<std::uint64_t>();
  wanted.conversation_id = in.number<std::int64_t>();
  wanted.seq = in.number<std::int64_t>();
  wanted.message_id = in.number<std::int64_t>();
  return wanted;
}

trace_told read_trace_told(reader& in) {
  const auto time = [&] { return us_time(std::chrono::microseconds(in.number<std::int64_t>())); };
  trace_told told;
  told.ticket = in.number<std::uint64_t>();
  told.known.taken = static_cast<std::size_t>(in.number<std::uint64_t>());
  told.known.first_taken = time();
  told.known.last_taken = time();
  // Not reserved: the count is not to be believed before the events are there.
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
    trace_event e;
    e.of = static_cast<trace_event::what>(in.number<std::uint8_t>()); // a newer node may know more
    e.conversation_id = in.number<std::int64_t>();
    e.first = in.number<std::int64_t>();
    e.last = in.number<std::int64_t>();
    e.count = in.number<std::uint32_t>();
    e.at = time();
    e.user = in.text();
    e.session = in.text();
    told.known.events.push_back(std::move(e));
  }
  return told;
}

message_followed read_followed(reader& in) {
  message_followed told;
  told.conversation_id = in.number<std::int64_t>();
  told.seq = in.number<std::int64_t>();
  told.message_id = in.number<std::int64_t>();
  told.under = in.text();
  return told;
}

std::optional<item> read_item(kind what, reader in) {
  switch (what) {
  case kind::snapshot_begin: return snapshot_begin{};
  case kind::session_came: return read_came(in);
  case kind::session_left: {
    auto user = in.user();
    return session_left{std::move(user), in.number<std::uint64_t>()};
  }
  case kind::log_entries: return read_entries(in);
  case kind::position_read: return read_position(in);
  case kind::typing: return read_typing(in);
  case kind::user_kicked: return read_kicked(in);
  case kind::entries_missed:
    return entries_missed{in.done() ? wall_time() : from_ms(in.number<std::int64_t>())};
  case kind::snapshot_end: return snapshot_end{};
  case kind::users_blocked: {
    auto user = in.user();
    return users_blocked{std::move(user), in.users()};
  }
  case kind::own_settings: return read_settings(in);
  case kind::own_profile: return read_profile(in);
  case kind::tokens_revoked: {
    auto user = in.user();
    return tokens_revoked{std::move(user), in.number<std::int64_t>()};
  }
  case kind::timeline_met: {
    const auto system = in.number<std::int64_t>();
    return timeline_met{{system, in.number<std::uint32_t>()}};
  }
  case kind::epoch_changed: return epoch_changed{in.text()};
  case kind::reacted: return read_reacted(in);
  case kind::stream_grown: return read_grown(in);
  case kind::stream_wanted: {
    const auto conversation = in.number<std::int64_t>();
    return stream_wanted{conversation, in.number<std::int64_t>()};
  }
  case kind::trace_wanted: return read_trace_wanted(in);
  case kind::trace_told: return read_trace_told(in);
  case kind::message_followed: return read_followed(in);
  }
  return {}; // of a newer version
}

} // namespace

std::string encode(const item& what) {
  writer body;
  const auto k = std::visit([&](const auto& value) { return put(body, value); }, what);
  writer out;
  out.number(static_cast<std::uint8_t>(k));
  out.text(body.take());
  return out.take();
}

result<std::vector<item>> decode(std::string_view bytes) {
  std::vector<item> items;
  try {
    for (reader in(bytes); !in.done();) {
      const auto what = static_cast<kind>(in.number<std::uint8_t>());
      const auto body = in.bytes(in.number<std::uint32_t>());
      try {
        if (auto read = read_item(what, reader(body))) items.push_back(*std::move(read));
      } catch (const bad_bytes&) {
        if (what == kind::session_came || what == kind::session_left) throw; // the store does not know these
        items.push_back(entries_missed{});
      }
    }
  } catch (const bad_bytes& bad) {
    return error{errc::malformed, bad.why};
  }
  return items;
}

} // namespace hongyan::cluster
