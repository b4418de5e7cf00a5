#include "bench/verify_user.hpp"

#include "core/wire/json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

namespace hongyan::bench {

namespace {

namespace json = boost::json;
using ms = std::chrono::milliseconds;

/// Without an answer for so long a line is dead (docs/protocol.md).
constexpr std::chrono::seconds answer_deadline{10};
/// Far below the 32 that a server takes.
constexpr std::size_t sends_under_way_max = 8;
constexpr std::size_t outbox_max = 64;
/// Between two tries to connect: doubled from the first to the last, times 0.5 to 1.5. Shorter than an app's,
/// since a run is short.
constexpr ms first_wait{100};
constexpr ms last_wait{3'200};
/// How long a session lasts until its user leaves on purpose, on average.
constexpr double session_seconds = 4;
constexpr ms longest_absence{600};
/// One message in so many is sent again though it was acknowledged, or twice at once; after one in so many
/// acknowledgements the history is read.
constexpr std::uint64_t repeats = 20;
constexpr std::uint64_t reads = 20;
/// Behind one sending in so many the line is cut before the answer can come.
constexpr std::uint64_t cuts = 50;
constexpr ms repeat_within{2'000};
constexpr std::int64_t newest_page = 20;
constexpr std::int64_t whole_page = 500;

// Errors after which the message may have been stored, and those that say: later.
constexpr std::int64_t unavailable = -32053;
constexpr std::int64_t internal = -32603;
constexpr std::int64_t rate_limited = -32029;
constexpr std::int64_t conflict = -32009;

std::string text(const json::object& of, std::string_view member) {
  const auto* found = text_of(of, member);
  return found == nullptr ? std::string() : std::string(*found);
}

std::int64_t number(const json::object& of, std::string_view member) {
  const auto* found = of.if_contains(member);
  const auto* value = found == nullptr ? nullptr : found->if_int64();
  return value == nullptr ? 0 : *value;
}

bool flag(const json::object& of, std::string_view member) {
  const auto* found = of.if_contains(member);
  return found != nullptr && found->is_bool() && found->get_bool();
}

const json::object& object(const json::object& of, std::string_view member) {
  static const json::object none;
  const auto* found = of.if_contains(member);
  return found != nullptr && found->is_object() ? found->get_object() : none;
}

/// The members of an array that are objects.
std::vector<const json::object*> objects(const json::object& of, std::string_view member) {
  std::vector<const json::object*> out;
  const auto* found = of.if_contains(member);
  if (found != nullptr && found->is_array())
    for (const auto& value : found->get_array())
      if (value.is_object()) out.push_back(&value.get_object());
  return out;
}

std::uint64_t hash_of_content(const json::object& message) {
  const auto* content = message.if_contains("content");
  if (content == nullptr) return body_hash("");
  if (content->is_string()) return body_hash(content->get_string());
  std::string serialized;
  append_json(serialized, *content);
  return body_hash(serialized);
}

std::string id_of(std::uint64_t letter) { return "m" + std::to_string(letter); }

} // namespace

steady_time::duration verify_world::about(double seconds) {
  const std::chrono::duration<double> drawn(std::exponential_distribution<double>(1 / seconds)(random));
  return std::chrono::duration_cast<steady_time::duration>(drawn);
}

verify_user::verify_user(verify_world& world, std::uint32_t index) : world_(world), index_(index) {}

event verify_user::now(event_kind kind) const {
  return {.kind = kind, .client = world_.users[index_], .session = session_, .node = node_};
}

event verify_user::about(event_kind kind, std::uint32_t place, std::uint64_t number) const {
  auto e = now(kind);
  e.conversation = world_.places[place].name;
  if (number != 0) e.client_msg_id = id_of(number);
  if (socket_ != nullptr) e.epoch = socket_->epoch();
  return e;
}

void verify_user::fault(const std::string& kind, const std::string& example) {
  world_.faults.add(kind, "user " + world_.users[index_] + " on " + node_ + ": " + example);
}

// Coming and going.

void verify_user::connect() {
  const auto& nodes = world_.asked.servers;
  const auto& server = nodes[wanted_node_ ? *wanted_node_ : world_.below(nodes.size())];
  world_.owners.push_back(index_);
  session_ = world_.owners.size();
  node_ = server.host;
  phase_ = phase::connecting;
  world_.log.write(now(event_kind::connect));
  auto& shard = world_.where.shard();
  actor_ =
      spawn_on<socket_client>(world_.where.system(), shard, shard, server, protocol::v1,
                              std::stoull(world_.users[index_]), static_cast<std::uint32_t>(session_),
                              std::optional<asio::ip::address>(), *world_.watcher, world_.tokens[index_]);
}

void verify_user::opened(socket_client& client) {
  socket_ = &client;
  failures_ = 0;
  told_to_wait_.reset();
  auto e = now(event_kind::session);
  e.epoch = client.epoch();
  world_.log.write(std::move(e));
  phase_ = phase::syncing;
  leave_at_ = client.begun() + world_.about(session_seconds);
  sync();
}

void verify_user::over(const std::string& why) {
  if (phase_ == phase::connecting) {
    ++world_.unreachable;
    const auto wait = std::min(last_wait, first_wait * (1 << std::min(failures_++, 5U)));
    return end(why, wait / 2 + ms(world_.below(static_cast<std::uint64_t>(wait.count()))));
  }
  ++world_.lost;
  end(why, told_to_wait_.value_or(ms(world_.below(longest_absence.count()))));
}

void verify_user::end(const std::string& why, steady_time::duration back_after) {
  if (phase_ == phase::away) return;
  for (const auto& [id, c] : calls_) {
    if (c.what == method::send) {
      ++world_.unknown;
      world_.log.write(about(event_kind::unknown, c.place, c.number));
    } else if (c.what == method::read) {
      world_.log.write(about(event_kind::read_fail, c.place, 0));
    }
  }
  calls_.clear();
  for (auto& [id, l] : outbox_) l.under_way = 0;
  std::erase_if(outbox_, [](const auto& l) { return l.second.once && l.second.sendings > 0; });
  for (auto& r : readings_) r.begun = false;
  aside_.clear();
  syncing_ = false;
  socket_ = nullptr;
  actor_ = nullptr;
  auto e = now(event_kind::closed);
  e.text = why;
  world_.log.write(std::move(e));
  phase_ = phase::away;
  back_at_ = world_.where.shard().now() + back_after;
}

void verify_user::depart(bool abruptly, const std::string& why, steady_time::duration back_after) {
  if (phase_ == phase::away) return;
  if (abruptly || phase_ == phase::connecting) {
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
  } else {
    caf::anon_send(actor_, caf::close_atom::value); // it ends by itself
  }
  end(why, back_after);
}

void verify_user::move_to(std::optional<std::size_t> node) {
  wanted_node_ = node;
  depart(false, "left for another node", {});
  hurry();
}

void verify_user::hurry() { back_at_ = {}; }

void verify_user::leave() {
  for_good_ = true;
  depart(false, "left for good", {});
}

void verify_user::tick() {
  const auto at = world_.where.shard().now();
  if (phase_ == phase::away) {
    if (!for_good_ && at >= back_at_) connect();
    return;
  }
  for (const auto& [id, c] : calls_) {
    if (at < c.deadline) continue;
    ++world_.lost;
    return depart(true, "no answer within 10 s", {});
  }
  if (phase_ != phase::ready) return;
  if (!world_.calm && at >= leave_at_) {
    ++world_.left;
    const auto absence = ms(world_.below(longest_absence.count()));
    return world_.one_in(2) ? depart(true, "cut off on purpose", absence)
                            : depart(false, "left on purpose", absence);
  }
  send_due();
  read_next();
}

// Asking.

std::uint64_t verify_user::ask(method what, std::string_view name, const json::object& params,
                               std::uint64_t number, std::uint32_t place) {
  const auto id = ++last_call_;
  calls_[id] = {what, world_.where.shard().now() + answer_deadline, number, place};
  std::string request = R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")";
  request.append(name).append(R"(","params":)");
  append_json(request, params);
  request += '}';
  socket_->send(request); // may end the session
  return id;
}

json::object verify_user::place_json(std::uint32_t place) const {
  const auto& p = world_.places[place];
  if (!p.group.empty()) return {{"groupId", p.group}};
  const auto peer = p.members[0] == index_ ? p.members[1] : p.members[0];
  return {{"userId", world_.users[peer]}};
}

bool verify_user::write_to(std::uint32_t place) {
  if (outbox_.size() >= outbox_max) return false;
  outbox_[++world_.letters] = {.place = place};
  return true;
}

void verify_user::intrude(std::uint32_t place) {
  if (outbox_.size() < outbox_max) outbox_[++world_.letters] = {.place = place, .once = true};
}

void verify_user::send_due() {
  const auto at = world_.where.shard().now();
  std::size_t under_way = 0;
  for (const auto& [number, l] : outbox_) under_way += l.under_way;
  for (auto& [number, l] : outbox_) {
    if (under_way >= sends_under_way_max) return;
    if (l.under_way > 0 || at < l.due) continue;
    const bool twice = !world_.calm && !l.once && l.sendings == 0 && world_.one_in(repeats);
    for (int i = 0; i < (twice ? 2 : 1); ++i) {
      ++under_way;
      send(number, l);
      if (phase_ != phase::ready) return; // the socket was over
    }
    if (!world_.calm && world_.one_in(cuts)) {
      ++world_.left;
      return depart(true, "cut off behind a send", {});
    }
  }
}

void verify_user::send(std::uint64_t number, letter& l) {
  const auto content = "verify " + world_.users[index_] + " " + std::to_string(number);
  if (++l.sendings > 1) ++world_.repeated;
  ++l.under_way;
  ++world_.sends;
  auto e = about(event_kind::send, l.place, number);
  e.body = body_hash(content);
  world_.log.write(std::move(e));
  ask(method::send, "message.send",
      {{"to", place_json(l.place)}, {"clientMsgId", id_of(number)}, {"kind", "text"}, {"content", content}},
      number, l.place);
}

void verify_user::sync() {
  if (syncing_ || socket_ == nullptr) return;
  syncing_ = true;
  ++world_.syncs;
  auto e = now(event_kind::sync_begin);
  for (const auto& [id, seq] : positions_)
    e.text.append(e.text.empty() ? "" : " ").append(id).append(":").append(std::to_string(seq));
  world_.log.write(std::move(e));
  ask_sync_page();
}

void verify_user::ask_sync_page() {
  aside_.clear(); // what came before this call is in its answer
  json::object params;
  if (!epoch_.empty()) {
    params["epoch"] = epoch_;
    auto& positions = params["positions"].emplace_object();
    for (const auto& [id, seq] : positions_) positions[id] = seq;
  }
  ask(method::sync, "sync", params);
}

void verify_user::ping() {
  if (socket_ != nullptr) ask(method::ping, "ping", {});
}

void verify_user::make_group(std::uint32_t place) {
  if (phase_ != phase::ready || !calls_.empty()) return;
  const auto& p = world_.places[place];
  json::array members;
  for (std::size_t i = 1; i < p.members.size(); ++i) members.emplace_back(world_.users[p.members[i]]);
  ask(method::create, "group.create", {{"groupId", p.group}, {"name", p.group}, {"members", members}}, 0,
      place);
}

void verify_user::read(std::uint32_t place, bool whole) { readings_.push_back({place, whole}); }

void verify_user::read_next() {
  if (readings_.empty() || readings_.front().begun || phase_ != phase::ready) return;
  auto& r = readings_.front();
  r.begun = true;
  r.after = 0;
  world_.log.write(about(event_kind::read_begin, r.place, 0));
  json::object params{{"in", place_json(r.place)}, {"limit", r.whole ? whole_page : newest_page}};
  if (r.whole) params["afterSeq"] = 0;
  ask(method::read, "message.history", params, 0, r.place);
}

// Being told.

void verify_user::received(const std::string& frame) {
  const auto parsed = parse_json(frame);
  const auto* o = parsed ? parsed->if_object() : nullptr;
  if (o == nullptr) return fault("a text that cannot be read", beginning_of(frame));
  if (o->contains("method")) return take_notice(text(*o, "method"), object(*o, "params"));
  const auto id = static_cast<std::uint64_t>(number(*o, "id"));
  if (id == 0) return take_ping(object(*o, "result")); // the socket's own heartbeat
  const auto waiting = calls_.find(id);
  if (waiting == calls_.end()) return fault("an answer to no request", beginning_of(frame));
  const auto asked = waiting->second;
  calls_.erase(waiting);
  if (o->contains("error")) {
    take_error(asked, object(*o, "error"));
  } else {
    take_result(asked, object(*o, "result"));
  }
}

void verify_user::take_notice(const std::string& name, const json::object& params) {
  if (name == "message") return take_message(object(params, "message"));
  if (name == "closing") told_to_wait_ = ms(number(params, "reconnectAfterMs"));
}

void verify_user::take_result(const call& asked, const json::object& result) {
  switch (asked.what) {
  case method::send: {
    const auto& message = object(result, "message");
    auto e = about(event_kind::ok, asked.place, asked.number);
    e.seq = number(message, "seq");
    world_.log.write(std::move(e));
    ++world_.acknowledged;
    if (flag(result, "duplicate")) ++world_.duplicates;
    return settle(asked.number, true);
  }
  case method::sync: return take_page(result);
  case method::ping: return take_ping(result);
  case method::read: return take_history(result);
  case method::create: world_.places[asked.place].made = true; return;
  }
}

void verify_user::take_error(const call& asked, const json::object& error) {
  const auto code = number(error, "code");
  const auto why = std::to_string(code) + " " + text(error, "message");
  const bool later = code == unavailable || code == internal || code == rate_limited;
  const auto wait = ms(std::max<std::int64_t>(number(object(error, "data"), "retryAfterMs"), 100));
  switch (asked.what) {
  case method::send: {
    const bool open = code == unavailable || code == internal;
    auto e = about(open ? event_kind::unknown : event_kind::fail, asked.place, asked.number);
    e.text = why;
    world_.log.write(std::move(e));
    ++(open ? world_.unknown : world_.refused);
    const auto l = outbox_.find(asked.number);
    if (l == outbox_.end()) return;
    if (later && !l->second.once) {
      --l->second.under_way;
      l->second.due = world_.where.shard().now() + wait;
      return;
    }
    if (!l->second.once) fault("a message was refused", why);
    return settle(asked.number, false);
  }
  case method::read: {
    auto e = about(event_kind::read_fail, asked.place, 0);
    e.text = why;
    world_.log.write(std::move(e));
    if (later) {
      readings_.front().begun = false;
    } else {
      readings_.pop_front();
    }
    return;
  }
  case method::sync:
    if (!later) fault("a sync was refused", why);
    return depart(true, "sync: " + why, wait); // once more after the next `session`
  case method::create:
    if (code == conflict) world_.places[asked.place].made = true; // by a request whose answer was lost
    return;
  case method::ping: return;
  }
}

/// `stored`: acknowledged; else refused for good.
void verify_user::settle(std::uint64_t number, bool stored) {
  const auto at = outbox_.find(number);
  if (at == outbox_.end()) return; // the other one of two at once
  auto& l = at->second;
  if (l.under_way > 0) --l.under_way;
  if (!stored || world_.calm || l.again || l.once) {
    outbox_.erase(at);
    return;
  }
  if (world_.one_in(reads) && readings_.empty()) read(l.place, false);
  if (!world_.one_in(repeats)) {
    outbox_.erase(at);
    return;
  }
  l.again = true;
  l.due = world_.where.shard().now() + ms(world_.below(repeat_within.count()));
}

void verify_user::take_message(const json::object& message) {
  ++world_.shown_live;
  show(message, shown::live);
  const auto id = text(message, "conversationId");
  const auto seq = number(message, "seq");
  if (syncing_) {
    aside_.emplace_back(id, seq);
  } else {
    follow(id, seq);
  }
}

void verify_user::follow(const std::string& conversation_id, std::int64_t seq) {
  const auto at = positions_.find(conversation_id);
  const auto position = at == positions_.end() ? -1 : at->second;
  if (seq <= position) return;
  if (at != positions_.end() && seq == position + 1) {
    at->second = seq;
    return;
  }
  if (at != positions_.end()) ++world_.holes;
  sync();
}

void verify_user::take_page(const json::object& page) {
  if (flag(page, "reset")) {
    positions_.clear();
    world_.log.write(now(event_kind::reset));
  }
  epoch_ = text(page, "epoch");
  for (const auto* c : objects(page, "conversations")) {
    const auto messages = objects(*c, "messages");
    for (const auto* m : messages) {
      ++world_.shown_by_sync;
      show(*m, shown::by_sync);
    }
    auto& position = positions_[text(*c, "conversationId")];
    if (!flag(*c, "hasMore")) {
      position = number(*c, "lastSeq");
    } else if (!messages.empty()) {
      position = number(*messages.back(), "seq");
    }
  }
  if (flag(page, "hasMore")) return ask_sync_page();
  auto e = now(event_kind::sync_end);
  e.epoch = epoch_;
  world_.log.write(std::move(e));
  syncing_ = false;
  if (phase_ == phase::syncing) phase_ = phase::ready;
  const auto waited = std::exchange(aside_, {});
  for (const auto& [id, seq] : waited) follow(id, seq);
}

void verify_user::take_ping(const json::object& result) {
  for (const auto& [id, seq] : object(result, "positions")) {
    const auto at = positions_.find(std::string(id));
    if (!seq.is_int64() || (at != positions_.end() && at->second >= seq.get_int64())) continue;
    ++world_.holes;
    return sync();
  }
}

void verify_user::take_history(const json::object& page) {
  auto& r = readings_.front();
  const auto messages = objects(page, "messages");
  for (const auto* m : messages) {
    ++world_.shown_by_read;
    show(*m, shown::by_read);
    r.after = std::max(r.after, number(*m, "seq"));
  }
  const bool more = flag(page, "hasMore");
  if (r.whole && more && !messages.empty()) {
    ask(method::read, "message.history",
        {{"in", place_json(r.place)}, {"limit", whole_page}, {"afterSeq", r.after}}, 0, r.place);
    return;
  }
  auto e = about(event_kind::read_end, r.place, 0);
  e.seq = r.whole || !more || messages.empty() ? 1 : number(*messages.front(), "seq");
  world_.log.write(std::move(e));
  readings_.pop_front();
}

void verify_user::show(const json::object& message, shown how) {
  auto e = now(event_kind::entry);
  const auto& to = object(message, "to");
  const auto group = text(to, "groupId");
  e.from = text(message, "from");
  const auto peer = text(to, "userId");
  const auto key = !group.empty() ? group : std::min(e.from, peer) + " " + std::max(e.from, peer);
  const auto name = world_.names.find(key);
  e.conversation = name == world_.names.end() ? key : name->second;
  e.epoch = socket_->epoch();
  e.seq = number(message, "seq");
  e.client_msg_id = text(message, "clientMsgId");
  e.body = hash_of_content(message);
  e.how = how;
  const auto kind = text(message, "kind");
  if (kind == "group" || kind == "recall") e.text = kind;
  world_.log.write(std::move(e));
}

} // namespace hongyan::bench
