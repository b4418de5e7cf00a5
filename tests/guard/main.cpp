/// What the operations of every message cost, in allocations and, under Callgrind, in instructions: figures
/// that stay the same from run to run, so that a change which makes one dearer is seen at once.
/// `scripts/bench --guard` runs it.
///
/// Each operation is run some times to warm up, then counted. Callgrind writes a file for each, which
/// compare.mjs reads; the allocations are this program's own operator new, and come on standard output.
#include "actors/persistence.hpp"
#include "actors/registry.hpp"
#include "core/cluster/items.hpp"
#include "core/wire/target.hpp"
#include "core/wire/v1/commands.hpp"
#include "core/wire/v1/encode.hpp"
#include "core/wire/ws_codec.hpp"
#include "net/request_reader.hpp"
#include "net/routes.hpp"
#include "tests/guard/allocations.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/fake_store.hpp"
#include "tests/support/private_postgres.hpp"

#include <boost/asio/buffer.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <spdlog/spdlog.h>
#include <valgrind/callgrind.h>

namespace hongyan::test {

namespace {

constexpr int warm_ups = 20;

/// Runs `operation` so often, and says what one costs.
template <class Operation>
void measure(const char* name, int times, Operation operation) {
  for (int i = 0; i < warm_ups; ++i) operation();
  const auto before = allocations.load();
  CALLGRIND_ZERO_STATS;
  for (int i = 0; i < times; ++i) operation();
  CALLGRIND_DUMP_STATS_AT(name);
  std::printf("%s %d %zu\n", name, times, allocations.load() - before);
}

/// The compiler must not see that a result is not used.
template <class T>
void use(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

const std::string content = "sixty-four bytes, as many as a message of the bench has in it...";

new_message to_store(int from, int to, int number) {
  return {.from = user(std::to_string(from)),
          .to = user(std::to_string(to)),
          .content = content,
          .client_msg_id = "c" + std::to_string(number)};
}

message stored(std::int64_t id) {
  return {.id = id,
          .conversation_id = 7,
          .seq = id,
          .from = user("1001"),
          .to = user("1002"),
          .content = content,
          .client_msg_id = "c-0123456789",
          .created_at = from_ms(1'795'000'000'000)};
}

void measure_parsers() {
  const limits bounds;
  const user_id by = user("1001");
  const std::string body = R"({"userId":1001,"targetUserId":1002,"content":")" + content + R"("})";
  measure("classic: parse a push", 500, [&] { use(classic::parse_push(body, bounds)); });

  const std::string rpc =
      R"({"jsonrpc":"2.0","id":17,"method":"message.send","params":{"to":{"userId":"1002"},"clientMsgId":"c-0123456789",)"
      R"("kind":"text","content":{"text":")" +
      content + R"("}}})";
  measure("v1: parse message.send", 500, [&] { use(v1::parse_request(rpc, by, bounds)); });

  const std::string request =
      "POST /push HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  measure("http: read a push", 500, [&] {
    request_reader reader(bounds);
    boost::beast::flat_buffer buffer;
    buffer.commit(boost::asio::buffer_copy(buffer.prepare(request.size()), boost::asio::buffer(request)));
    while (reader.take(buffer) != request_reader::status::done) {
    }
    use(reader);
  });
  measure("http: find a route", 500, [] {
    const auto to = parse_target("/v1/groups/g1/members/1002?x=1");
    use(find_route(all_routes(), "GET", to->path));
  });

  const std::string frame = ws::masked_frame(ws::opcode::text, rpc, {1, 2, 3, 4});
  ws::decoder decoder(ws::peer::client, 1 << 20);
  measure("ws: decode a frame", 500, [&] {
    for (std::string_view bytes = frame; !bytes.empty();) use(decoder.next(bytes));
  });
}

void measure_encoders() {
  const auto m = stored(123'456);
  measure("classic: encode a chat", 500, [&] { use(classic::encode_chat(m)); });
  measure("v1: encode a message notification", 500, [&] { use(v1::message_notification(m)); });
  measure("ws: a frame", 500, [&] { use(ws::frame(ws::opcode::text, content)); });
  const cluster::log_entries log{.audience = {}, .entries = {std::make_shared<const message>(m)}};
  measure("cluster: encode an entry", 500, [&] { use(cluster::encode(log)); });
  const auto bytes = cluster::encode(log);
  measure("cluster: decode an entry", 500, [&] { use(cluster::decode(bytes)); });

  classic::window latest(50);
  const auto json = std::make_shared<const std::string>(classic::encode_chat(m));
  std::int64_t id = 0;
  for (; id < 50; ++id) latest.add({id, json});
  measure("classic: a chat into a window of 50, and its text", 200, [&] {
    latest.add({++id, json});
    std::string out;
    out.reserve(latest.json_bytes());
    latest.append_json(out);
    use(out);
  });
}

/// A session that does nothing with what it is told. (CAF 0.17 spawns no function without an argument of its
/// own.)
session_actor::behavior_type deaf_session(session_actor::pointer, int) {
  return {[](bound_atom) {},
          [](deliver_atom, const delivery_ptr&) {},
          [](deliver_atom, const news_ptr&) {},
          [](notify_atom, const shared_frames&) {},
          [](close_atom, close_code) {},
          [](revoke_atom, std::int64_t) {},
          [](const history_answer&) {}};
}

/// A direct message for a classic and a v1 session of each end, and a group's for 100 sessions.
void measure_registry() {
  actor_fixture f;
  auto r = spawn_on<registry>(f.system, f.home, f.home, "here", f.admitted, f.figures);
  std::vector<session_actor> sessions;
  const auto bind = [&](const user_id& who, bool is_v1) {
    sessions.push_back(f.system.spawn(deaf_session, 0));
    f.self->send(r, bind_atom::value, who, session_facts{.id = "s", .is_v1 = is_v1}, sessions.back());
  };
  auto members = std::make_shared<std::vector<user_id>>();
  for (int i = 1001; i <= 1100; ++i) {
    members->push_back(user(std::to_string(i)));
    bind(members->back(), true);
  }
  bind(user("1001"), false);
  bind(user("1002"), false);
  f.run();
  std::int64_t id = 0;
  const auto deliver = [&](bool to_group) {
    auto m = stored(++id);
    if (to_group) m.to = peer_or_group::group(user("g1"));
    auto batch = std::make_shared<committed_batch>();
    batch->messages.push_back(
        {std::make_shared<const message>(std::move(m)), to_group ? members : audience_ptr()});
    f.self->send(r, deliver_atom::value, committed_ptr(std::move(batch)));
    f.run();
  };
  measure("registry: a direct message to four sessions", 200, [&] { deliver(false); });
  measure("registry: a group's message to 100 sessions", 100, [&] { deliver(true); });
  for (auto& s : sessions) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  sessions.clear();
  f.end(r);
}

constexpr int batch_size = 32;

/// A store that has stored whatever it gets.
struct willing_writer final : unable_writer {
  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override {
    std::vector<append_outcome> all;
    for (std::size_t i = 0; i < batch.size(); ++i)
      all.push_back({.id = ++last, .conversation_id = 7, .seq = last, .created_at = now});
    return all;
  }
  std::int64_t last = 0;
};

void measure_batcher() {
  actor_fixture f;
  registry_log told;
  auto r = f.system.spawn(recording_registry, &told);
  auto p = f.system.spawn(persistence, std::shared_ptr<message_writer>(std::make_shared<willing_writer>()), r,
                          &f.admitted, &f.figures, false);
  int number = 0;
  measure("persistence: a batch of 32", 50, [&] {
    for (int i = 0; i < batch_size; ++i)
      caf::anon_send(p, append_atom::value, to_store(1001 + i, 2001 + i, ++number));
    f.run();
  });
  f.end(p, r);
}

/// What a store and its library do for a batch of 32 direct messages; a server's own work is another
/// process's.
void measure_store(const char* name, store& of) {
  const auto writer = of.make_writer();
  int number = 0;
  measure(name, 20, [&] {
    std::vector<new_message> batch;
    for (int i = 0; i < batch_size; ++i) batch.push_back(to_store(1001 + i, 2001 + i, ++number));
    const auto outcomes = writer->append(batch, from_ms(1'795'000'000'000));
    if (!outcomes) {
      std::fprintf(stderr, "%s: %s\n", name, outcomes.error().detail.c_str());
      std::exit(1);
    }
  });
}

void measure_stores() {
  const auto folder =
      std::filesystem::temp_directory_path() / ("hongyan-guard-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  {
    const auto sqlite = open_store("sqlite:" + (folder / "guard.db").string());
    measure_store("sqlite: store a batch of 32", **sqlite);
  }
  std::filesystem::remove_all(folder);
  auto& server = testing::private_postgres::shared();
  const auto postgres = open_store(server.uri(server.new_database()));
  measure_store("postgresql: store a batch of 32", **postgres);
}

} // namespace

} // namespace hongyan::test

int main() {
  using namespace hongyan::test;
  spdlog::set_level(spdlog::level::off); // standard output is for the figures
  measure_parsers();
  measure_encoders();
  measure_registry();
  measure_batcher();
  measure_stores();
}
