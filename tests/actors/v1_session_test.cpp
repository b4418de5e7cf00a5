#include "actors/v1_session.hpp"

#include "actors/admission.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/v1/encode.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/recording_sink.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <deque>

using namespace hongyan;
using namespace hongyan::test;
using namespace std::chrono_literals;
using events = std::vector<std::string>;

namespace {

template <class Question, class Answer>
struct asked {
  Question what;
  caf::typed_response_promise<Answer> promise;
  lease counted; ///< the credit that the session took for it
};

/// Questions to a fake actor, oldest first, which the test answers when it likes.
template <class Question, class Answer>
using questions = std::deque<asked<Question, Answer>>;

struct asked_for {
  flow& admitted;
  questions<new_message, append_answer> appends;
  questions<read_mark, read_answer> marks;
  questions<change, change_answer> changes;
  questions<v1_question, v1_answer> reads;
  void forget() {
    appends.clear();
    marks.clear();
    changes.clear();
    reads.clear();
  }
};

template <class Answer, class Self, class Question>
auto keep(Self self, credit& taken, questions<Question, Answer>& in, const Question& what) {
  auto promise = self->template make_response_promise<Answer>();
  in.push_back({what, promise, lease(taken, 1)});
  return promise;
}

persistence_actor::behavior_type waiting_persistence(persistence_actor::pointer self, asked_for* log) {
  return {
      [=](append_atom, const new_message& m) { return keep(self, log->admitted.appends, log->appends, m); },
      [=](read_atom, const read_mark& m) { return keep(self, log->admitted.appends, log->marks, m); },
      [=](change_atom, const change& c) { return keep(self, log->admitted.appends, log->changes, c); },
      [](flush_atom) {},
      [](tick_atom) {},
  };
}

history_actor::behavior_type waiting_history(history_actor::pointer self, asked_for* log) {
  return {
      [](query_atom, const history_question&) { return history_answer{}; },
      [=](query_atom, const v1_question& q) {
        const bool searches = std::holds_alternative<search_query>(q.what);
        return keep(self, searches ? log->admitted.searches : log->admitted.history, log->reads, q);
      },
      [](query_atom, const activity_question&) { return activity_answer{}; },
      [](query_atom, const log_question&) { return log_answer{}; },
      [](query_atom, const file_row_question&) { return file_row_answer{}; },
      [](query_atom, const webhook_question&) { return webhook_answer{}; },
      [](flush_atom) {},
      [](tick_atom) {},
  };
}

std::string request(std::string_view id, std::string_view method, std::string_view params = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":")" + std::string(method) +
         R"(","params":)" + std::string(params) + "}";
}

std::string send_request(int id, std::string_view content = "c") {
  return request(std::to_string(id), "message.send",
                 R"({"to":{"userId":"2"},"clientMsgId":"m)" + std::to_string(id) + R"(","content":")" +
                     std::string(content) + R"("})");
}

std::string history_request(int id) {
  return request(std::to_string(id), "message.history", R"({"in":{"userId":"2"}})");
}

std::string typing_request(int id, std::string_view in = R"({"userId":"2"})") {
  return request(std::to_string(id), "conversation.typing", R"({"in":)" + std::string(in) + "}");
}

std::string result_of(int id, std::string_view result = v1::empty_result) {
  return v1::answer(std::to_string(id), result);
}

/// What an event says in short: of an error answer "ID CODE", with what its data holds; of a notification its
/// method and, of `closing`, the code and whether to come back; of an answer "ID ok"; else itself.
std::string gist(const std::string& event) {
  if (!event.starts_with('{')) return event;
  const auto json = boost::json::parse(event).as_object();
  if (const auto* method = json.if_contains("method")) {
    std::string out(method->as_string());
    if (out != "closing") return out;
    const auto& params = json.at("params").as_object();
    out += " " + boost::json::serialize(params.at("code"));
    const auto& after = params.at("reconnectAfterMs");
    if (after.is_null()) return out + " for good";
    if (after.as_int64() == 0) return out + " at once";
    CHECK(after.as_int64() >= 500);
    CHECK(after.as_int64() <= 8000);
    return out;
  }
  if (!json.contains("id")) return event;
  auto out = boost::json::serialize(json.at("id"));
  const auto* failed = json.if_contains("error");
  if (failed == nullptr) return out + " ok";
  const auto& error = failed->as_object();
  CHECK_FALSE(error.at("message").as_string().empty());
  out += " " + boost::json::serialize(error.at("code"));
  if (const auto* data = error.if_contains("data")) {
    auto shown = data->as_object();
    if (auto* after = shown.if_contains("retryAfterMs");
        after != nullptr && after->as_int64() >= 500 && after->as_int64() <= 2000)
      *after = 1000; // it is spread
    out += " " + boost::json::serialize(shown);
  }
  return out;
}

const std::string again_later = R"( {"retryAfterMs":1000})";

message_ptr stored(std::int64_t seq) {
  return std::make_shared<const message>(message{.id = 100 + seq,
                                                 .conversation_id = 7,
                                                 .seq = seq,
                                                 .from = user("1"),
                                                 .to = user("2"),
                                                 .content = "c",
                                                 .client_msg_id = "m" + std::to_string(seq)});
}

append_answer answered(append_status status, std::int64_t seq = 1) {
  append_answer a{.failure = {}, .outcome = {.status = status, .id = 100 + seq, .seq = seq}, .stored = {}};
  if (status == append_status::stored || status == append_status::duplicate) a.stored = stored(seq);
  return a;
}

shared_frames text_frame(std::string_view text) {
  return std::make_shared<const std::string>(ws::frame(ws::opcode::text, text));
}

struct v1_session_fixture : actor_fixture {
  registry_log told;
  asked_for got{.admitted = admitted, .appends = {}, .marks = {}, .changes = {}, .reads = {}};
  asked_for got_searches{.admitted = admitted, .appends = {}, .marks = {}, .changes = {}, .reads = {}};
  limits bounds{.outbox_bytes = 150'000};
  std::shared_ptr<recording_sink> sink = std::make_shared<recording_sink>();
  current<auth::key_ring> keys{auth::key_ring{.tokens = {.secret = std::string(32, 's')}, .asks = true}};
  session_env env{.registry = system.spawn(recording_registry, &told),
                  .history = system.spawn(waiting_history, &got),
                  .searches = system.spawn(waiting_history, &got_searches),
                  .persistence = system.spawn(waiting_persistence, &got),
                  .figures = figures,
                  .admitted = admitted,
                  .bounds = bounds,
                  .window = 3,
                  .node = "n1",
                  .heartbeat = 25s,
                  .recall_window = 90s,
                  .keys = keys};
  session_actor s =
      spawn_on<v1_session>(system, home, home, user("1"), session_facts{.id = "s1", .is_v1 = true},
                           std::shared_ptr<frame_sink>(sink), env);

  v1_session_fixture() {
    admitted.set_database(true, "");
    admitted.set_epoch("e1");
    run();
  }
  ~v1_session_fixture() {
    got.forget();
    end(s, env.registry, env.history, env.searches, env.persistence);
    CHECK(admitted.appends.used() == 0);
    CHECK(admitted.history.used() == 0);
    CHECK(admitted.deliveries.used() == 0);
  }

  void bind() {
    self->send(s, bound_atom::value);
    run();
  }
  void open() {
    bind();
    REQUIRE(gists() == events{"open", "session"});
  }
  void hear(const std::string& text) {
    REQUIRE(sink->session != nullptr);
    sink->session->text_received(text);
    run();
  }
  void writable() {
    sink->session->writable();
    run();
  }
  void gone(close_code why) {
    sink->session->gone(why);
    run();
  }
  void notify(std::string_view text) {
    self->send(s, notify_atom::value, text_frame(text));
    run();
  }
  void deliver(std::int64_t conversation, std::int64_t seq, std::string_view text) {
    admitted.deliveries.take(1);
    self->send(s, deliver_atom::value,
               news_ptr(std::make_shared<const news>(news{.conversation_id = conversation,
                                                          .last_seq = seq,
                                                          .frames = text_frame(text),
                                                          .committed = home.now(),
                                                          .counted = lease(admitted.deliveries, 1)})));
    run();
  }
  void close(close_code code) {
    self->send(s, close_atom::value, code);
    run();
  }
  /// Answers the oldest question of a kind.
  template <class Question, class Answer>
  void answer(questions<Question, Answer>& of, const Answer& with) {
    REQUIRE_FALSE(of.empty());
    of.front().promise.deliver(with);
    of.pop_front();
    run();
  }
  void answer_send(std::int64_t seq) { answer(got.appends, answered(append_status::stored, seq)); }

  /// What was sent since the last look.
  events take() { return sink->take(); }
  events gists() {
    events all;
    for (const auto& event : take()) all.push_back(gist(event));
    return all;
  }
};

} // namespace

TEST_CASE_METHOD(v1_session_fixture, "v1: the first thing a client hears is its session", "[v1_session]") {
  CHECK(told.binds == 1);
  CHECK(take().empty());
  bind();
  const auto heard = take();
  REQUIRE(heard.size() == 2);
  CHECK(heard[0] == "open");
  const auto text = boost::json::parse(heard[1]).as_object();
  CHECK_FALSE(text.contains("id"));
  CHECK(text.at("method") == "session");
  const auto& params = text.at("params").as_object();
  CHECK(params.at("userId") == "1");
  CHECK(params.at("sessionId") == "s1");
  CHECK(params.at("node") == "n1");
  CHECK(params.at("epoch") == "e1");
  CHECK(params.at("heartbeatSeconds") == 25);
  CHECK(params.at("limits").as_object().at("sendsInFlight") == 32);
  CHECK(params.at("limits").as_object().at("recallSeconds") == 90);
  CHECK(params.at("expiresAt").is_null());
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a session that is closed while it opens refuses the upgrade",
                 "[v1_session]") {
  close(close_code::going_away);
  CHECK(take() == events{"refused 503", "cut"});
  CHECK(told.unbinds == 1);
  bind();
  CHECK(take().empty());
}

TEST_CASE_METHOD(v1_session_fixture, "v1: what is no request is answered, and the socket stays",
                 "[v1_session]") {
  open();
  hear("{");
  hear("[]");
  hear(R"({"id":3,"method":"ping"})");
  hear(request("4", "no.such"));
  hear(request("5", "message.recall", R"({"in":{"userId":"2"}})"));
  hear(request("6", "ping", "[]"));
  hear(request(R"("seven")", "ping"));
  CHECK(gists() == events{"null -32700", "null -32600", "3 -32600", "4 -32601", R"(5 -32602 {"param":"seq"})",
                          R"(6 -32602 {"param":"params"})", R"("seven" ok)"});
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a token that a set clock has ended is noticed at the next ping",
                 "[v1_session]") {
  end(s);
  sink = std::make_shared<recording_sink>();
  s = spawn_on<v1_session>(system, home, home, user("1"),
                           session_facts{.id = "s1", .is_v1 = true, .expires = wall_now()},
                           std::shared_ptr<frame_sink>(sink), env);
  run();
  open(); // this clock stands still, so that its timer is not due
  hear(request("1", "ping"));
  CHECK(gists() == events{"closing 4001 at once", "close 4001"});
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a notification is done and never answered", "[v1_session]") {
  open();
  hear(R"({"jsonrpc":"2.0","method":"no.such"})");
  hear(R"({"jsonrpc":"2.0","method":"ping"})");
  hear(R"({"jsonrpc":"2.0","method":"message.send"})");
  const std::string send = R"({"jsonrpc":"2.0","method":"message.send","params":)"
                           R"({"to":{"userId":"2"},"clientMsgId":"a","content":"c"}})";
  hear(send);
  answer_send(1);
  hear(send);
  answer(got.appends, append_answer{.failure = error{errc::unavailable}});
  hear(send);
  advance(push_deadline + 100ms);
  CHECK(take().empty());
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a send is stored, then answered", "[v1_session]") {
  open();
  hear(send_request(1, "hello"));
  CHECK(take().empty());
  CHECK(admitted.appends.used() == 1);
  REQUIRE(got.appends.size() == 1);
  const auto& m = got.appends.front().what;
  CHECK(m.from == user("1"));
  CHECK(m.to == peer_or_group(user("2")));
  CHECK(m.content == "hello");
  CHECK(m.client_msg_id == "m1");

  answer_send(1);
  CHECK(take() == events{result_of(1, v1::send_result(*stored(1), false))});
  CHECK(admitted.appends.used() == 0);
  CHECK(figures.pushes_stored.Value() == 1);

  hear(send_request(2));
  answer(got.appends, answered(append_status::duplicate, 1));
  CHECK(take() == events{result_of(2, v1::send_result(*stored(1), true))});
  CHECK(figures.pushes_stored.Value() == 1);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: who was told another epoch hears nothing of the new one",
                 "[v1_session]") {
  open();
  hear(send_request(1, "hello"));
  admitted.set_epoch("e2");
  SECTION("not that a message was stored: it is sent again, and found") { answer_send(1); }
  SECTION("no message") {
    deliver(7, 2, "{}");
    answer_send(1);
  }
  CHECK(gists() == events{"closing 1001", "close 1001"});
}

TEST_CASE_METHOD(v1_session_fixture, "v1: each reason why a send is not stored has its code",
                 "[v1_session]") {
  open();
  const auto refused = [&](const append_answer& a) {
    hear(send_request(1));
    answer(got.appends, a);
    const auto said = take();
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("planted") == std::string::npos);
    return gist(said[0]);
  };
  const auto failed = [](errc code) { return append_answer{.failure = error{code, "planted"}}; };
  CHECK(refused(answered(append_status::conflict)) == "1 -32009");
  CHECK(refused(answered(append_status::blocked)) == R"(1 -32003 {"reason":"blocked"})");
  CHECK(refused(answered(append_status::silenced)) == R"(1 -32003 {"reason":"muted"})");
  CHECK(refused(answered(append_status::no_group)) == "1 -32004");
  CHECK(refused(failed(errc::unavailable)) == "1 -32053" + again_later);
  CHECK(refused(failed(errc::outcome_unknown)) == "1 -32053" + again_later);
  CHECK(refused(failed(errc::internal)) == "1 -32053" + again_later);
  CHECK(figures.pushes_stored.Value() == 0);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: reads, marks and changes are asked and answered", "[v1_session]") {
  open();
  hear(history_request(1));
  CHECK(admitted.history.used() == 1);
  CHECK(got.reads.front().what.user == user("1"));
  CHECK(got.reads.front().what.until == home.now() + ask_deadline);
  CHECK(std::get<page_query>(got.reads.front().what.what).in == peer_or_group(user("2")));
  answer(got.reads, v1_answer{.json = R"({"messages":[],"hasMore":false})"});
  CHECK(take() == events{result_of(1, R"({"messages":[],"hasMore":false})")});
  CHECK(admitted.history.used() == 0);

  hear(history_request(2));
  answer(got.reads, v1_answer{.failure = error{errc::not_found, "none"}});
  hear(history_request(3));
  answer(got.reads, v1_answer{.failure = error{errc::unavailable, "planted"}});
  CHECK(gists() == events{"2 -32004", "3 -32053" + again_later});

  hear(request("30", "message.search", R"({"query":"q"})"));
  CHECK(got.reads.empty()); // it keeps nobody else waiting
  answer(got_searches.reads, v1_answer{.json = R"({"messages":[],"cursor":null})"});
  CHECK(take() == events{result_of(30, R"({"messages":[],"cursor":null})")});

  hear(request("4", "conversation.read", R"({"in":{"userId":"2"},"seq":9})"));
  CHECK(admitted.appends.used() == 1);
  CHECK(got.marks.front().what.user == user("1"));
  CHECK(got.marks.front().what.seq == 9);
  answer(got.marks, read_answer{});
  CHECK(take() == events{result_of(4)});
  hear(request("5", "conversation.read", R"({"in":{"userId":"2"},"seq":9})"));
  answer(got.marks, read_answer{error{errc::not_found, "none"}});
  CHECK(gists() == events{"5 -32004"});

  hear(request("6", "message.recall", R"({"in":{"userId":"2"},"seq":4})"));
  CHECK(admitted.appends.used() == 1);
  CHECK(got.changes.front().what.by == user("1"));
  const auto& recall = std::get<recall_message>(got.changes.front().what.action);
  CHECK(recall.seq == 4);
  CHECK(recall.window == 90s); // the configured one
  answer(got.changes, change_answer{});
  CHECK(take() == events{result_of(6)});

  hear(request("7", "group.create", R"({"name":"g","members":["2"]})"));
  const group_info group{.conversation_id = 3,
                         .id = user("g1"),
                         .name = "g",
                         .owner = user("1"),
                         .member_count = 2,
                         .created_at = {}};
  answer(got.changes, change_answer{{}, group});
  CHECK(take() == events{result_of(7, v1::group_result(group))});
  hear(request("8", "group.leave", R"({"groupId":"g1"})"));
  answer(got.changes, change_answer{error{errc::forbidden, "hand it over before"}, {}});
  CHECK(gists() == events{"8 -32003"});
  CHECK(admitted.appends.used() == 0);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: an actor that is gone answers nothing, the session does",
                 "[v1_session]") {
  open();
  caf::anon_send_exit(env.persistence, caf::exit_reason::user_shutdown);
  run();
  hear(send_request(1));
  CHECK(gists() == events{"1 -32053" + again_later});
  admitted.appends.give(1); // whom it was taken for is gone
}

TEST_CASE_METHOD(v1_session_fixture, "v1: 32 sends and 64 requests may be in flight", "[v1_session]") {
  open();
  for (int id = 1; id <= 33; ++id) hear(send_request(id));
  CHECK(gists() == events{"33 -32029" + again_later});
  REQUIRE(got.appends.size() == 32);
  for (int id = 1; id <= 32; ++id)
    CHECK(got.appends[static_cast<std::size_t>(id) - 1].what.client_msg_id == "m" + std::to_string(id));

  answer_send(1);
  hear(send_request(34));
  hear(send_request(35));
  CHECK(gists() == events{"1 ok", "35 -32029" + again_later});

  for (int id = 101; id <= 133; ++id) hear(history_request(id));
  CHECK(gists() == events{"133 -32029" + again_later});
  CHECK(got.reads.size() == 32);
  hear(request("140", "presence.watch", R"({"userIds":["2"]})"));
  CHECK(gists() == events{"140 -32029" + again_later});
  CHECK(told.watched.empty());
  hear(request("141", "ping")); // asks nobody
  answer(got.reads, v1_answer{.json = "{}"});
  hear(history_request(142));
  CHECK(gists() == events{"141 ok", "101 ok"});
  CHECK(got.reads.size() == 32);
  CHECK(admitted.appends.used() == 32);
  CHECK(admitted.history.used() == 32);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: what the server cannot take now is refused at once",
                 "[v1_session]") {
  open();
  const auto unavailable = [](int id) { return std::to_string(id) + " -32053" + again_later; };
  const auto refuses_writes = [&] {
    // More than may be in flight: what was refused is not.
    for (int id = 1; id <= 70; ++id) {
      hear(send_request(id));
      CHECK(gists() == events{unavailable(id)});
    }
    hear(request("71", "conversation.read", R"({"in":{"userId":"2"},"seq":9})"));
    hear(request("72", "conversation.clear", R"({"in":{"userId":"2"}})"));
    CHECK(gists() == events{unavailable(71), unavailable(72)});
    hear(history_request(73));
    CHECK(got.reads.size() == 1);
    answer(got.reads, v1_answer{.json = "{}"});
    CHECK(gists() == events{"73 ok"});
  };
  SECTION("the backlog is full") {
    admitted.appends.take(100);
    refuses_writes();
    CHECK(admitted.appends.used() == 100);
    admitted.appends.give(100);
  }
  SECTION("too many deliveries are under way") {
    admitted.deliveries.take(100);
    refuses_writes();
    admitted.deliveries.give(100);
  }
  SECTION("the database is down") {
    admitted.set_database(false, "planted");
    refuses_writes();
    admitted.set_database(true, "");
  }
  SECTION("too many read") {
    admitted.history.take(100);
    for (int id = 1; id <= 70; ++id) {
      hear(history_request(id));
      CHECK(gists() == events{unavailable(id)});
    }
    CHECK(admitted.history.used() == 100);
    admitted.history.give(100);
    CHECK(got.reads.empty());
  }
  hear(send_request(80));
  answer_send(1);
  CHECK(gists() == events{"80 ok"});
  CHECK(admitted.appends.used() == 0);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: who waits too long is told so once", "[v1_session]") {
  open();
  hear(send_request(1));
  advance(5s);
  hear(history_request(2)); // asked later, and due earlier
  advance(1s);
  hear(history_request(3));
  advance(ask_deadline - 1100ms);
  CHECK(take().empty());
  advance(200ms);
  CHECK(gists() == events{"2 -32053" + again_later});
  advance(1s);
  CHECK(gists() == events{"3 -32053" + again_later});
  CHECK(admitted.history.used() == 2); // they wait all the same

  advance(push_deadline - 16s - 200ms);
  CHECK(take().empty());
  CHECK(admitted.appends.used() == 1);
  advance(400ms);
  const auto said = take();
  REQUIRE(said.size() == 1);
  CHECK(gist(said[0]) == "1 -32053" + again_later);
  CHECK(said[0].find("clientMsgId") != std::string::npos); // it may be stored: send again
  CHECK(admitted.appends.used() == 1);

  answer_send(1);
  answer(got.reads, v1_answer{.json = "{}"});
  answer(got.reads, v1_answer{.json = "{}"});
  CHECK(take().empty());

  // The room of what was given up is there again, once.
  for (int id = 10; id < 43; ++id) hear(send_request(id));
  CHECK(gists() == events{"42 -32029" + again_later});
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a ping tells the positions that moved since the last one",
                 "[v1_session]") {
  open();
  const auto ping = [&] {
    hear(request("1", "ping"));
    const auto said = take();
    REQUIRE(said.size() == 1);
    const auto result = boost::json::parse(said[0]).as_object().at("result").as_object();
    CHECK(result.at("serverTime").is_string());
    return boost::json::serialize(result.at("positions"));
  };
  CHECK(ping() == "{}");
  deliver(7, 1, R"({"n":1})");
  deliver(8, 5, R"({"n":2})");
  deliver(7, 3, R"({"n":3})");
  CHECK(take() == events{R"({"n":1})", R"({"n":2})", R"({"n":3})"});
  CHECK(ping() == R"({"7":3,"8":5})");
  CHECK(ping() == "{}");
  deliver(8, 6, R"({"n":4})");
  take();
  CHECK(ping() == R"({"8":6})");
  CHECK(admitted.deliveries.used() == 0);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: who says nothing for 2.5 heartbeats is closed", "[v1_session]") {
  open();
  SECTION("from the start") {}
  SECTION("any text keeps it alive, what it hears does not") {
    advance(60s);
    hear("no JSON");
    advance(30s);
    hear(request("1", "ping"));
    take();
    deliver(7, 1, "{}");
    take();
  }
  advance(62'400ms);
  CHECK(take().empty());
  advance(200ms);
  CHECK(gists() == events{"closing 4010", "close 4010"});
  hear(request("1", "ping"));
  deliver(7, 2, "{}");
  advance(100s);
  CHECK(take().empty());
  gone(close_code::idle);
  CHECK(take() == events{"cut"});
  CHECK(told.unbinds == 1);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: what a slow socket cannot take waits in order", "[v1_session]") {
  open();
  sink->slow = true;
  notify(R"({"n":1})");
  CHECK(take() == events{R"({"n":1})"});
  notify(R"({"n":2})");
  hear(request("3", "no.such"));
  deliver(7, 1, R"({"n":4})");
  CHECK(take().empty());
  CHECK(admitted.deliveries.used() == 0);
  writable(); // joined: one write
  const auto joined = take();
  REQUIRE(joined.size() == 3);
  CHECK(joined[0] == R"({"n":2})");
  CHECK(gist(joined[1]) == "3 -32601");
  CHECK(joined[2] == R"({"n":4})");
  writable();
  CHECK(take().empty());
  sink->slow = false;
  notify(R"({"n":5})");
  notify(R"({"n":6})");
  CHECK(take() == events{R"({"n":5})", R"({"n":6})"});
}

TEST_CASE_METHOD(v1_session_fixture, "v1: what waits is joined up to a size", "[v1_session]") {
  open();
  const std::string large(40'000, 'x');
  sink->slow = true;
  notify("1");
  notify("2" + large);
  notify("3" + large);
  notify("4" + large);
  CHECK(take() == events{"1"});
  SECTION("slow still") {
    writable();
    CHECK(take() == events{"2" + large, "3" + large});
    writable();
    CHECK(take() == events{"4" + large});
  }
  SECTION("no more") {
    sink->slow = false;
    writable();
    CHECK(take() == events{"2" + large, "3" + large, "4" + large});
  }
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a client for which too much waits is closed without a word",
                 "[v1_session]") {
  open();
  const std::string large(60'000, 'x');
  sink->slow = true;
  notify("1" + large); // on its way: does not count
  notify("2" + large);
  notify("3" + large);
  CHECK(take() == events{"1" + large});
  hear(send_request(9));
  deliver(7, 1, "4" + large);
  CHECK(take() == events{"close 4008"});
  notify("5");
  answer_send(1);
  writable();
  CHECK(take().empty());
  gone(close_code::too_slow);
  CHECK(take() == events{"cut"});
}

TEST_CASE_METHOD(v1_session_fixture, "v1: typing is told to the place, now and then", "[v1_session]") {
  open();
  hear(typing_request(1));
  REQUIRE(got.reads.size() == 1);
  CHECK(std::get<v1::show_typing>(got.reads.front().what.what).in == peer_or_group(user("2")));
  CHECK(told.typings.empty());
  answer(got.reads, v1_answer{.json = "{}", .audience = {.conversation_id = 7, .users = {user("2")}}});
  CHECK(take() == events{result_of(1)});
  REQUIRE(told.typings.size() == 1);
  CHECK(told.typings[0].users == std::vector<user_id>{user("2")});
  CHECK(told.typings[0].origin == s.address());
  CHECK(told.typings[0].conversation_id == 7);
  CHECK(told.typings[0].user == user("1"));

  // Too early: it is only asked whether they have blocked this user.
  advance(1900ms);
  hear(typing_request(2));
  REQUIRE(got.reads.size() == 1);
  CHECK_FALSE(std::get<v1::show_typing>(got.reads.front().what.what).is_told);
  answer(got.reads, v1_answer{.failure = error{errc::forbidden, "blocked"}});
  CHECK(gists() == events{"2 -32003"});
  hear(typing_request(3, R"({"groupId":"2"})")); // another place
  CHECK(got.reads.size() == 1);
  answer(got.reads, v1_answer{.failure = error{errc::not_found, "no such group of yours"}});
  CHECK(gists() == events{"3 -32004"});
  hear(typing_request(5, R"({"groupId":"2"})")); // too early: answered all the same, and nobody is asked
  CHECK(take() == events{result_of(5)});
  CHECK(got.reads.empty());
  advance(200ms);
  hear(typing_request(4));
  CHECK(got.reads.size() == 1);
  answer(got.reads, v1_answer{.json = "{}"}); // nobody hears it
  CHECK(take() == events{result_of(4)});
  CHECK(told.typings.size() == 1);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a session ends with its token, unless that is renewed in time",
                 "[v1_session]") {
  open();
  const auto refresh = [&](int id, const char* by, std::chrono::seconds life) {
    const auto token = auth::mint({user(by), "", wall_now() + life}, keys.get()->tokens, wall_now());
    hear(request(std::to_string(id), "session.refresh", R"({"token":")" + token + R"("})"));
  };
  refresh(1, "1", 30s);
  CHECK(gists() == events{"1 ok"});
  advance(20s);
  refresh(2, "1", 40s);
  refresh(3, "2", 300s);
  hear(request("4", "session.refresh", R"({"token":"x"})"));
  CHECK(gists() == events{"2 ok", "3 -32003", "4 -32001"});
  advance(35s);
  CHECK(take().empty());
  advance(6s);
  CHECK(gists() == events{"closing 4001 at once", "close 4001"}); // at once, with a new token
}

TEST_CASE_METHOD(v1_session_fixture, "v1: bad tokens of session.refresh count to the address",
                 "[v1_session]") {
  flow strict(8192, 65'536, 256, {.bad_tokens = {1, 2}});
  strict.set_database(true, "");
  strict.set_epoch("e1");
  session_env limited{
      env.registry, env.history, env.searches,  env.persistence,   env.figures,     strict, env.bounds,
      env.window,   env.node,    env.heartbeat, env.recall_window, env.edit_window, 0,      {},
      env.keys};
  const auto own_sink = std::make_shared<recording_sink>();
  session_actor own = spawn_on<v1_session>(system, home, home, user("2"),
                                           session_facts{.id = "s2", .is_v1 = true, .address = "192.0.2.7"},
                                           std::shared_ptr<frame_sink>(own_sink), limited);
  run();
  self->send(own, bound_atom::value);
  run();
  own_sink->take();
  const auto bad = [&](const char* id) {
    own_sink->session->text_received(request(id, "session.refresh", R"({"token":"x"})"));
    run();
    const auto heard = own_sink->take();
    REQUIRE(heard.size() == 1);
    return gist(heard[0]);
  };
  CHECK(bad("1") == "1 -32001");
  CHECK(bad("2") == "2 -32001");
  CHECK_THAT(bad("3"), Catch::StartsWith("3 -32029"));
  CHECK_FALSE(admit_bad_token(strict, figures, "192.0.2.7", home.now()).has_value());
  CHECK(admit_bad_token(strict, figures, "192.0.2.8", home.now()).has_value());
  CHECK(
      admit_login(strict, figures, "192.0.2.7", home.now()).has_value()); // WeChat's login is not shut for it
  end(own);
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a session ends when its token is revoked, not when an older one is",
                 "[v1_session]") {
  open();
  self->send(s, revoke_atom::value, std::int64_t{1} << 60);
  run();
  CHECK(take().empty()); // nobody asked it for a token
  const auto now_us = auth::now_us();
  const auto token = auth::mint({user("1"), "", wall_now() + 300s}, keys.get()->tokens, now_us);
  hear(request("1", "session.refresh", R"({"token":")" + token + R"("})"));
  CHECK(gists() == events{"1 ok"});
  self->send(s, revoke_atom::value, now_us - 1);
  run();
  CHECK(take().empty());
  self->send(s, revoke_atom::value, now_us);
  run();
  CHECK(gists() == events{"closing 4003 for good", "close 4003"});
}

TEST_CASE_METHOD(v1_session_fixture, "v1: presence is watched until it is not, or the session ends",
                 "[v1_session]") {
  open();
  hear(request("1", "presence.watch", R"({"userIds":["2","3",4,"5"]})"));
  REQUIRE(got.reads.size() == 1);
  CHECK(told.watches_to_come == 1); // before anybody is asked
  CHECK(told.watched.empty());
  answer(got.reads, v1_answer{.visible = std::vector{user("2"), user("3"), user("4")}}); // 5 has blocked them
  CHECK(take() == events{result_of(1, R"({"online":["2","3","4"]})")}); // the fake says: all are online
  CHECK(told.watched == std::vector<user_id>{user("2"), user("3"), user("4")});
  hear(request("2", "presence.unwatch", R"({"userIds":["3","99"]})"));
  CHECK(take() == events{result_of(2)});
  CHECK(told.watched == std::vector<user_id>{user("2"), user("4")});

  std::string many;
  for (int i = 1001; i <= 1199; ++i) many += (many.empty() ? "\"" : ",\"") + std::to_string(i) + '"';
  hear(request("3", "presence.watch", R"({"userIds":[)" + many + "]}"));
  CHECK(gists() == events{R"(3 -32602 {"param":"userIds"})"});
  CHECK(told.watched.size() == 2);
  for (int i = 0; i < 70; ++i) {
    hear(request("4", "presence.watch", R"({"userIds":[]})"));
    answer(got.reads, v1_answer{.visible = std::vector<user_id>()});
  }
  CHECK(gists() == events(70, "4 ok"));
  hear(request("5", "presence.watch", R"({"userIds":["6","7"]})"));
  hear(request("6", "presence.unwatch", R"({"userIds":["6"]})"));
  answer(got.reads, v1_answer{.visible = std::vector{user("6"), user("7")}});
  CHECK(take() == events{result_of(6), result_of(5, R"({"online":["7"]})")});
  hear(request("7", "presence.watch", R"({"userIds":["8"]})"));
  answer(got.reads, v1_answer{.failure = error{errc::unavailable, "planted"}});
  CHECK(gists() == events{"7 -32053" + again_later});
  CHECK(admitted.history.used() == 0);

  gone(close_code::left);
  CHECK(told.watched.empty());
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a session that is ended says why, then closes", "[v1_session]") {
  open();
  hear(send_request(1));
  SECTION("kicked") {
    close(close_code::kicked);
    CHECK(gists() == events{"closing 4003 for good", "close 4003"});
  }
  SECTION("replaced") {
    close(close_code::replaced);
    CHECK(gists() == events{"closing 4009 for good", "close 4009"});
  }
  SECTION("kicked, slow") {
    sink->slow = true;
    notify("{}");
    notify("{}");
    take();
    close(close_code::kicked); // what waits is forgotten
    CHECK(gists() == events{"closing 4003 for good", "close 4003"});
    writable();
  }
  answer_send(1);
  hear(send_request(2));
  notify("{}");
  deliver(7, 1, "{}");
  close(close_code::going_away);
  close(close_code::kicked);
  CHECK(take().empty());
  CHECK(got.appends.empty());
}

TEST_CASE_METHOD(v1_session_fixture, "v1: a drain waits for the answers under way", "[v1_session]") {
  open();
  SECTION("there are none") {
    close(close_code::going_away);
    CHECK(gists() == events{"closing 1001", "close 1001"});
  }
  SECTION("they come") {
    hear(send_request(1));
    hear(history_request(2));
    close(close_code::going_away);
    CHECK(gists() == events{"closing 1001"});
    hear(send_request(3)); // too late
    CHECK(got.appends.size() == 1);
    close(close_code::going_away);
    deliver(7, 1, R"({"n":1})"); // what was stored before is still told
    answer_send(1);
    CHECK(gists() == events{R"({"n":1})", "1 ok"});
    answer(got.reads, v1_answer{.json = "{}"});
    CHECK(gists() == events{"2 ok", "close 1001"});
  }
  SECTION("they do not come") {
    hear(send_request(1));
    close(close_code::going_away);
    take();
    advance(push_deadline + 100ms);
    CHECK(gists() == events{"1 -32053" + again_later, "close 1001"});
    answer_send(1);
  }
  SECTION("they wait for a slow socket") {
    sink->slow = true;
    notify(R"({"n":1})");
    hear(request("2", "ping"));
    take();
    close(close_code::going_away);
    CHECK(gists() == events{"closing 1001"});
    writable();
    CHECK(gists() == events{"2 ok", "close 1001"});
  }
  SECTION("the socket is slow for the last word") {
    hear(history_request(2));
    sink->slow = true;
    close(close_code::going_away);
    CHECK(gists() == events{"closing 1001"});
    answer(got.reads, v1_answer{.json = "{}"});
    CHECK(take().empty()); // behind it
    writable();
    CHECK(gists() == events{"2 ok", "close 1001"});
  }
  SECTION("the user is kicked meanwhile") {
    hear(send_request(1));
    close(close_code::going_away);
    take();
    close(close_code::kicked);
    CHECK(gists() == events{"close 4003"}); // the last word was said
    answer_send(1);
  }
  CHECK(take().empty());
  gone(close_code::going_away);
  CHECK(take() == events{"cut"});
}

TEST_CASE_METHOD(v1_session_fixture,
                 "v1: who asks and leaves stays until the work is done, or for its deadline",
                 "[v1_session]") {
  open();
  hear(send_request(1));
  hear(history_request(2));
  gone(close_code::lost);
  CHECK(told.unbinds == 1); // offline at once
  CHECK(admitted.appends.used() == 1);
  CHECK(take().empty());
  SECTION("it is done") {
    answer(got.reads, v1_answer{.json = "{}"});
    CHECK(take().empty());
    CHECK(admitted.history.used() == 0);
    answer_send(1);
  }
  SECTION("nobody answers") {
    advance(ask_deadline + 100ms);
    CHECK(take().empty());
    advance(push_deadline - ask_deadline);
    CHECK(admitted.history.used() == 1);
    CHECK(admitted.appends.used() == 1);
  }
  CHECK(take() == events{"cut"});
}
