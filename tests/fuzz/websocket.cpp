#include "actors/v1_session.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/encode.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/recording_sink.hpp"

#include <algorithm>
#include <vector>

namespace hongyan::fuzz {

namespace {

using namespace std::chrono_literals;
using status = ws::decoder::status;

constexpr std::size_t message_bytes_max = 1024;

/// The frames of a client that sends each line as a text.
std::string frames_of(std::string_view lines) {
  std::string out;
  while (!lines.empty()) out += ws::masked_frame(ws::opcode::text, take_line(lines), {1, 2, 3, 4});
  return out;
}

/// What the server hears in a client's bytes.
struct heard {
  status what;
  std::string payload; ///< when it failed, the close code
  bool operator==(const heard&) const = default;
};

template <class Next>
std::vector<heard> decode(std::string_view bytes, Next next) {
  std::vector<heard> out;
  ws::decoder decoder(ws::peer::client, message_bytes_max);
  while (!bytes.empty()) {
    std::string_view piece = next(bytes);
    for (;;) {
      const auto now = decoder.next(piece);
      if (now == status::need_more) break;
      if (now == status::failed) {
        out.push_back({now, std::to_string(static_cast<unsigned>(decoder.failure()))});
        return out;
      }
      const auto& payload = decoder.payload();
      demand(payload.size() <= (now == status::text ? message_bytes_max : 125), "a payload over its limit");
      if (now == status::text) {
        utf8_checker utf8;
        demand(utf8.feed(payload) && utf8.complete(), "a text that is not UTF-8");
      }
      out.push_back({now, payload});
    }
    demand(piece.empty(), "bytes are left although more are needed");
  }
  return out;
}

// Actors that answer at once, and give back what the session took of the flow for its question.

persistence_actor::behavior_type storing_persistence(persistence_actor::pointer, flow* admitted) {
  return {
      [=](append_atom, const new_message& m) {
        const lease counted(admitted->appends, 1);
        auto stored = std::make_shared<message>();
        stored->id = stored->conversation_id = stored->seq = 1;
        stored->from = m.from;
        stored->to = m.to;
        stored->kind = m.kind;
        stored->content = m.content;
        stored->ext = m.ext;
        stored->client_msg_id = m.client_msg_id;
        return append_answer{.outcome = {.status = append_status::stored, .id = 1, .seq = 1},
                             .stored = std::move(stored)};
      },
      [=](read_atom, const read_mark&) {
        const lease counted(admitted->appends, 1);
        return read_answer{};
      },
      [=](change_atom, const change&) {
        const lease counted(admitted->appends, 1);
        return change_answer{};
      },
      [](flush_atom) {},
      [](tick_atom) {},
  };
}

history_actor::behavior_type empty_history(history_actor::pointer, flow* admitted) {
  return {
      [](query_atom, const history_question&) { return history_answer{}; },
      [=](query_atom, const v1_question&) {
        const lease counted(admitted->history, 1);
        return v1_answer{.json = std::string(v1::empty_result)};
      },
      [](query_atom, const activity_question&) { return activity_answer{}; },
      [](query_atom, const log_question&) { return log_answer{}; },
      [](query_atom, const file_row_question&) { return file_row_answer{}; },
      [](query_atom, const webhook_question&) { return webhook_answer{}; },
      [](flush_atom) {},
      [](tick_atom) {},
  };
}

/// A server around sessions, under CAF's test coordinator.
struct surroundings : test::actor_fixture {
  test::registry_log told;
  limits bounds;
  current<auth::key_ring> keys{auth::key_ring{}};
  session_env env{.registry = system.spawn(test::recording_registry, &told),
                  .history = system.spawn(empty_history, &admitted),
                  .searches = system.spawn(empty_history, &admitted),
                  .persistence = system.spawn(storing_persistence, &admitted),
                  .figures = figures,
                  .admitted = admitted,
                  .bounds = bounds,
                  .window = 3,
                  .node = "n1",
                  .heartbeat = 25s,
                  .recall_window = 120s,
                  .keys = keys};

  surroundings() {
    admitted.set_database(true, "");
    admitted.set_epoch("e1");
    run();
  }
};

/// One for all inputs, and for ever: an actor system takes long to begin and to end.
surroundings& around() {
  static auto& all = *new surroundings; // NOLINT
  return all;
}

/// One session hears these texts. Answers what it said after its first word.
std::vector<std::string> hold_session(const std::vector<std::string>& texts) {
  auto& a = around();
  const auto sink = std::make_shared<test::recording_sink>();
  session_actor session = spawn_on<v1_session>(a.system, a.home, a.home, test::user("1"),
                                               session_facts{.id = "s1", .is_v1 = true},
                                               std::shared_ptr<frame_sink>(sink), a.env);
  a.run();
  a.self->send(session, bound_atom::value);
  a.run();
  demand(sink->take().size() == 2, "a session begins otherwise than with its own notification");
  for (const auto& text : texts) {
    sink->session->text_received(text);
    a.run();
  }
  sink->session->gone(close_code::left);
  a.run();
  session = nullptr;
  a.run();
  demand(sink->session == nullptr, "a session that does not end");
  demand(a.admitted.appends.used() == 0 && a.admitted.history.used() == 0, "a session that keeps credits");
  a.told = {};
  return sink->take();
}

} // namespace

void websocket(std::string_view input) {
  if (input.empty()) return;
  cutter pieces(input.front());
  const bool in_lines = input.front() >= 'A' && input.front() <= 'Z';
  input.remove_prefix(1);
  const auto frames = in_lines ? frames_of(input) : std::string(input);
  input = frames;
  const auto whole = decode(input, [](std::string_view& rest) { return std::exchange(rest, {}); });
  demand(whole == decode(input, [&](std::string_view& rest) { return pieces.take(rest); }),
         "pieces make other messages of the same bytes");

  std::vector<std::string> texts, owed;
  for (const auto& [what, payload] : whole) {
    if (what != status::text) continue;
    texts.push_back(payload);
    auto id = v1::parse_request(payload, test::user("1"), around().bounds).id;
    if (!id.empty()) owed.push_back(std::move(id));
  }
  if (texts.empty()) return;
  auto events = hold_session(texts);
  demand(!events.empty() && events.back() == "cut", "a session that does not end by closing its socket");
  events.pop_back();
  // Here all is answered at once, so in order: each request once, and nothing else is said.
  demand(events.size() == owed.size(), "not one answer for each request");
  for (std::size_t i = 0; i < owed.size(); ++i) {
    demand(parse_json(events[i]).has_value(), "no JSON: " + events[i]);
    demand(events[i].starts_with(R"({"jsonrpc":"2.0","id":)" + owed[i] + ","), "another id: " + events[i]);
  }
}

} // namespace hongyan::fuzz
