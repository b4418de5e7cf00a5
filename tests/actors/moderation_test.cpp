/// Who asks WeChat, and who has checked what was sent.
#include "actors/moderator.hpp"
#include "tests/support/wechat_fixture.hpp"

using namespace hongyan;
using namespace hongyan::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* pass = R"({"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100}})";
constexpr const char* risky = R"({"errcode":0,"errmsg":"ok","result":{"suggest":"risky","label":20006}})";
constexpr const char* over_quota = R"({"errcode":45009,"errmsg":"reach max api minute quota limit"})";

struct moderation_fixture : wechat_fixture {
  current<word_list> words{{}};
  moderator_env rules{
      .rules = {.text = content_rules::when::after, .media = true},
      .words = words,
      .media_url = [](const std::string& id, const std::string&) { return "https://c/" + id; },
      .admitted = admitted,
      .figures = figures};
  moderator_actor looks = spawn_on<moderator>(system, home, rules, p, caller);

  ~moderation_fixture() { end(looks); }

  using outcome = std::function<content_answer()>;
  outcome ask(std::string text, std::string by = "1") {
    content_question question{.user = user(by), .text = std::move(text)};
    auto pending =
        std::make_shared<decltype(self->request(caller, caf::infinite, query_atom::value, question))>(
            self->request(caller, caf::infinite, query_atom::value, question));
    run();
    return [pending] {
      content_answer what;
      pending->receive([&](const content_answer& answer) { what = answer; },
                       [](const caf::error&) { FAIL("no answer"); });
      return what;
    };
  }

  /// A message that is to be checked, as the checker has it stored.
  std::int64_t send(message_kind kind, std::string content, std::string from = "1") {
    new_message m{.from = user(from), .to = user("2"), .kind = kind, .content = std::move(content)};
    m.judged = std::make_shared<const content_verdict>();
    admitted.appends.take(1);
    std::int64_t id = 0;
    auto pending = self->request(p, caf::infinite, append_atom::value, m);
    run();
    pending.receive([&](const append_answer& a) { id = a.outcome.id; }, [](const caf::error&) {});
    REQUIRE(id > 0);
    self->send(looks, flush_atom::value);
    run();
    return id;
  }
  const content_check& check_of(std::int64_t id) const { return store.state().checks.at(id).facts; }
  bool is_recalled(std::int64_t id) const {
    for (const auto& [number, in] : store.state().conversations)
      for (const auto& m : in.log)
        if (m.id == id) return m.recalled;
    return false;
  }
};

std::string picture(const std::string& mime) {
  return R"({"fileId":"0123456789abcdef0123456789abcdef","mime":")" + mime + R"("})";
}

} // namespace

TEST_CASE_METHOD(moderation_fixture, "one access token is asked for, for all who wait", "[wechat]") {
  auto one = ask("hello");
  auto two = ask("world");
  REQUIRE(waiting.posts.size() == 1);
  CHECK(next_path() == "/cgi-bin/stable_token");
  answer(token_1);
  REQUIRE(waiting.posts.size() == 2);
  CHECK(next_path() == "/wxa/msg_sec_check?access_token=T1");
  answer(pass);
  answer(risky);
  CHECK(one().verdict == content_verdict{judgement::pass, judged_by::wechat, 100});
  CHECK(two().verdict == content_verdict{judgement::risky, judged_by::wechat, 20006});
  auto three = ask("again"); // with the token that is known
  CHECK(next_path() == "/wxa/msg_sec_check?access_token=T1");
  answer(pass);
  three();
  advance(7200s - 59s);
  auto four = ask("an hour later");
  CHECK(next_path() == "/cgi-bin/stable_token");
  answer(R"({"access_token":"T2","expires_in":7200})");
  answer(pass);
  four();
}

TEST_CASE_METHOD(moderation_fixture, "a token that is good no more is renewed once", "[wechat]") {
  auto one = ask("hello");
  answer(token_1);
  answer(R"({"errcode":42001,"errmsg":"access_token expired"})");
  CHECK(next_path() == "/cgi-bin/stable_token");
  answer(R"({"access_token":"T2","expires_in":7200})");
  CHECK(next_path() == "/wxa/msg_sec_check?access_token=T2");
  answer(R"({"errcode":40001,"errmsg":"invalid credential"})");
  CHECK(waiting.posts.empty());
  CHECK(one().verdict.what == judgement::failed);
}

TEST_CASE_METHOD(moderation_fixture, "of a user whom WeChat does not know it is not asked", "[wechat]") {
  CHECK(ask("hello", "3")().is_unknown);
  CHECK(waiting.posts.empty());
}

TEST_CASE_METHOD(moderation_fixture, "a user over the minute's part fails, and others go on", "[wechat]") {
  make("5");
  std::vector<outcome> all;
  for (int i = 0; i < user_checks_a_minute; ++i) all.push_back(ask("x"));
  const auto refused = ask("x")();
  CHECK(refused.verdict.what == judgement::failed);
  CHECK(refused.is_for_later);
  auto other = ask("x", "5");
  answer(token_1);
  while (!waiting.posts.empty()) answer(pass);
  for (auto& one : all) CHECK(one().verdict.what == judgement::pass);
  CHECK(other().verdict.what == judgement::pass);
}

TEST_CASE_METHOD(moderation_fixture, "a WeChat that does not answer is left alone for a while", "[wechat]") {
  for (int i = 0; i < 5; ++i) {
    auto one = ask("x");
    answer(i == 0 ? token_1 : "<html>");
    if (i == 0) answer("<html>");
    CHECK(one().is_for_later);
  }
  CHECK(ask("x")().verdict.what == judgement::failed);
  CHECK(waiting.posts.empty());
  advance(5s);
  auto again = ask("x");
  answer(pass);
  CHECK(again().verdict.what == judgement::pass);
}

TEST_CASE_METHOD(moderation_fixture, "the worst piece of a long text counts, and ends it", "[wechat]") {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "字";
  auto one = ask(text);
  answer(token_1);
  answer(pass);
  answer(R"({"errcode":0,"result":{"suggest":"review","label":21000}})");
  CHECK(one().verdict == content_verdict{judgement::review, judged_by::wechat, 21000});
  auto two = ask(text);
  answer(risky);
  CHECK(waiting.posts.empty());
  CHECK(two().verdict.what == judgement::risky);
}

TEST_CASE_METHOD(moderation_fixture, "what was sent is checked, and taken back when it may not stay",
                 "[moderator]") {
  const auto good = send(message_kind::text, "hello");
  answer(token_1);
  answer(pass);
  CHECK(check_of(good).verdict == content_verdict{judgement::pass, judged_by::wechat, 100});
  const auto bad = send(message_kind::text, "bad");
  answer(risky);
  CHECK(is_recalled(bad));
  CHECK_FALSE(is_recalled(good));
}

TEST_CASE_METHOD(moderation_fixture, "our own list needs nobody", "[moderator]") {
  words.set(*word_list::parse("赌博"));
  const auto bad = send(message_kind::location, R"({"name":"去赌博","latitude":1})", "3");
  CHECK(is_recalled(bad));
  CHECK(check_of(bad).verdict == content_verdict{judgement::risky, judged_by::words, {}});
  const auto good = send(message_kind::text, "hello", "3");
  CHECK(check_of(good).verdict == content_verdict{judgement::pass, judged_by::words, {}});
  CHECK(waiting.posts.empty());
}

TEST_CASE_METHOD(moderation_fixture, "who cannot be asked now is asked again", "[moderator]") {
  const auto id = send(message_kind::text, "hello");
  answer(token_1);
  answer(over_quota);
  CHECK(check_of(id).verdict.what == judgement::waiting);
  CHECK_FALSE(is_recalled(id));
  const auto never = send(message_kind::text, "hello");
  answer(R"({"errcode":61010,"errmsg":"code is expired"})"); // again would be the same
  CHECK(check_of(never).verdict.what == judgement::failed);
  CHECK(is_recalled(never)); // as the rules say
}

TEST_CASE_METHOD(moderation_fixture, "a picture waits for WeChat's call", "[moderator]") {
  const auto id = send(message_kind::image, picture("image/png"));
  answer(token_1);
  CHECK(next_path() == "/wxa/media_check_async?access_token=T1");
  CHECK(waiting.posts.front().body.find(R"("media_url":"https://c/0123456789abcdef0123456789abcdef")") !=
        std::string::npos);
  answer(R"({"errcode":0,"errmsg":"ok","trace_id":"t1"})");
  CHECK(check_of(id).trace_id == "t1");
  CHECK(check_of(id).verdict.what == judgement::waiting);
  const auto other = send(message_kind::image, picture("image/webp")); // WeChat takes none of that
  CHECK(check_of(other).verdict == content_verdict{judgement::pass, judged_by::nobody, {}});
  CHECK(waiting.posts.empty());
}
