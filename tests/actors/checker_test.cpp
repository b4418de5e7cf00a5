#include "actors/checker.hpp"

#include "actors/admission.hpp"
#include "actors/persistence.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_registry.hpp"
#include "tests/support/memory_store.hpp"

#include <catch2/catch.hpp>
#include <deque>

using namespace hongyan;
using namespace hongyan::test;

namespace {

constexpr const char* allow = R"({"action":"allow"})";

/// What was posted, which waits until the test answers.
struct posts_waiting {
  std::vector<std::string> bodies{};
  std::deque<caf::typed_response_promise<webhooks::posted>> promises{};
};

asker_actor::behavior_type waiting_asker(asker_actor::pointer self, posts_waiting* waiting) {
  return {
      [self, waiting](post_atom, const webhooks::post& what) {
        auto answer_to = self->make_response_promise<webhooks::posted>();
        waiting->bodies.push_back(what.body);
        waiting->promises.push_back(answer_to);
        return answer_to;
      },
      [](flush_atom) {},
  };
}

/// What WeChat is asked about, which waits until the test answers.
struct texts_waiting {
  std::vector<std::string> texts{};
  std::deque<caf::typed_response_promise<content_answer>> promises{};
};

wechat_actor::behavior_type waiting_wechat(wechat_actor::pointer self, texts_waiting* waiting) {
  return {
      [self, waiting](query_atom, const content_question& question) {
        auto answer_to = self->make_response_promise<content_answer>();
        waiting->texts.push_back(question.text);
        waiting->promises.push_back(answer_to);
        return answer_to;
      },
      [](post_atom, const notice_question&) { return notice_answer::sent; },
  };
}

moderator_actor::behavior_type counting_moderator(moderator_actor::pointer, std::size_t* looks) {
  return {[looks](flush_atom) { ++*looks; }, [](tick_atom) {}};
}

/// The checker over persistence and its store; the hook is the test.
struct checker_fixture : actor_fixture {
  testing::memory_store store;
  registry_log told;
  registry_actor registry = system.spawn(recording_registry, &told);
  persistence_actor p = system.spawn(persistence, std::shared_ptr<message_writer>(store.make_writer()),
                                     registry, &admitted, &figures, false);
  posts_waiting waiting;
  asker_actor asks = system.spawn(waiting_asker, &waiting);
  texts_waiting texts_asked;
  wechat_actor wechat = system.spawn(waiting_wechat, &texts_asked);
  std::size_t looks = 0; ///< that the moderator was told to have
  moderator_actor moderates = system.spawn(counting_moderator, &looks);
  current<webhooks::secrets_by_name> secrets{{{"hook", {webhooks::secret{std::string(32, 'k')}}}}};
  current<word_list> words{{}};
  limits bounds;
  checker_env env{.url = "http://127.0.0.1/",
                  .concurrency = 3,
                  .secrets = secrets,
                  .secret = "hook",
                  .words = words,
                  .bounds = bounds,
                  .admitted = admitted,
                  .figures = figures};
  persistence_actor checks =
      spawn_on<checker>(system, home, env, p, asks, std::make_shared<webhooks::poster>(), wechat, moderates);

  checker_fixture() {
    self->send(p, tick_atom::value);
    run();
  }
  ~checker_fixture() {
    end(checks, asks, wechat, moderates, p, registry);
    CHECK(admitted.appends.used() == 0);
  }

  /// Waits for what becomes of it: "stored", "duplicate", or the error's reason or name.
  using outcome = std::function<std::string()>;

  outcome send(std::string content, std::string id = "", std::string to = "2", bool by_back_end = false) {
    new_message m{.from = user("1"), .to = user(to), .content = std::move(content)};
    if (!id.empty()) m.client_msg_id = id;
    m.by_back_end = by_back_end;
    admitted.appends.take(1);
    auto pending = std::make_shared<decltype(self->request(checks, caf::infinite, append_atom::value, m))>(
        self->request(checks, caf::infinite, append_atom::value, m));
    run();
    return [this, pending] {
      std::string what;
      pending->receive(
          [&](const append_answer& answer) {
            const auto why = answer.failure ? answer.failure : refusal_of(answer.outcome.status);
            what = why                                                 ? reason_of(*why)
                   : answer.outcome.status == append_status::duplicate ? "duplicate"
                                                                       : "stored";
          },
          [&](const caf::error&) { what = "none"; });
      return what;
    };
  }

  outcome change_it(change_action action, bool by_back_end = false) {
    admitted.appends.take(1);
    change asked{user("1"), std::move(action), by_back_end};
    auto pending =
        std::make_shared<decltype(self->request(checks, caf::infinite, change_atom::value, asked))>(
            self->request(checks, caf::infinite, change_atom::value, asked));
    run();
    return [pending] {
      std::string what;
      pending->receive(
          [&](const change_answer& answer) { what = answer.failure ? reason_of(*answer.failure) : "done"; },
          [&](const caf::error&) { what = "none"; });
      return what;
    };
  }

  static std::string reason_of(const error& why) {
    return why.reason.empty() ? std::string(row_of(why.code).name) : why.reason;
  }

  /// The oldest question that waits.
  void answer(std::string body, std::string trouble = "") {
    REQUIRE_FALSE(waiting.promises.empty());
    auto answer_to = waiting.promises.front();
    waiting.promises.pop_front();
    answer_to.deliver(
        webhooks::posted{.status = 200, .body = std::move(body), .trouble = std::move(trouble)});
    run();
  }

  /// What WeChat says of the oldest text that waits.
  void judge(judgement what) {
    REQUIRE_FALSE(texts_asked.promises.empty());
    auto answer_to = texts_asked.promises.front();
    texts_asked.promises.pop_front();
    answer_to.deliver(content_answer{.verdict = {.what = what, .by = judged_by::wechat, .label = 1}});
    run();
  }

  std::vector<std::string> stored(std::int64_t conversation = 1) {
    std::vector<std::string> all;
    const auto found = store.state().conversations.find(conversation);
    if (found == store.state().conversations.end()) return all;
    for (const auto& m : found->second.log) all.push_back(m.content);
    return all;
  }
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_METHOD(checker_fixture, "what users send is asked about, and stored when it is allowed",
                 "[checker]") {
  auto one = send("hello", "c1");
  CHECK(stored().empty());
  REQUIRE(waiting.bodies.size() == 1);
  CHECK(waiting.bodies[0] ==
        R"({"event":"send","from":"1","to":{"userId":"2"},"kind":"text","content":"hello","ext":null})");
  answer(allow);
  CHECK(one() == "stored");

  auto two = send("spam", "c2");
  answer(R"({"action":"deny","reason":"spam"})");
  CHECK(two() == "spam");
  auto three = send("a word", "c3");
  answer(R"({"action":"replace","content":"a ***"})");
  CHECK(three() == "stored");
  CHECK(stored() == texts{"hello", "a ***"});

  // Who sends again asks nobody.
  CHECK(send("hello", "c1")() == "duplicate");
  CHECK(send("a word", "c3")() == "duplicate");
  CHECK(send("a ***", "c3")() == "conflict");
  CHECK(send("by the back end", "c4", "2", true)() == "stored");
  CHECK(waiting.bodies.size() == 3);
}

TEST_CASE_METHOD(checker_fixture, "one conversation's keep their order, and hold up no other", "[checker]") {
  auto one = send("one", "c1"), two = send("two", "c2"), other = send("other", "c3", "3");
  CHECK(waiting.bodies.size() == 2); // two waits for one
  auto first = waiting.promises.front();
  waiting.promises.pop_front();
  answer(allow);
  CHECK(other() == "stored");
  first.deliver(webhooks::posted{.status = 200, .body = allow});
  run();
  CHECK(one() == "stored");
  answer(allow);
  CHECK(two() == "stored");
  CHECK(stored(2) == texts{"one", "two"});
}

TEST_CASE_METHOD(checker_fixture, "without an answer it is as the configuration says", "[checker]") {
  for (const bool denies : {true, false}) {
    env.denies_on_failure = denies;
    for (const auto& [body, trouble] :
         {std::pair("", "no answer"), std::pair("nonsense", ""), std::pair(R"({"action":"replace"})", "")}) {
      auto sent = send("x");
      answer(body, trouble);
      CHECK(sent() == (denies ? "unavailable" : "stored"));
    }
  }
  CHECK(stored().size() == 3);
}

TEST_CASE_METHOD(checker_fixture, "more than a bound are not asked about at once", "[checker]") {
  std::vector<outcome> sent;
  for (const auto* to : {"2", "3", "4", "5"}) sent.push_back(send("x", "", to));
  // Of many that fail at once none waits, nor is one inside another.
  for (int i = 0; i < 50; ++i) sent.push_back(send("x", "", "6"));
  CHECK(waiting.bodies.size() == 3);
  for (std::size_t i = 3; i < sent.size(); ++i) CHECK(sent[i]() == "unavailable");
  for (int i = 0; i < 3; ++i) answer(allow);
  for (std::size_t i = 0; i < 3; ++i) CHECK(sent[i]() == "stored");
}

TEST_CASE_METHOD(checker_fixture, "edits and names are asked about, other changes are not", "[checker]") {
  auto sent = send("one", "c1");
  answer(allow);
  CHECK(sent() == "stored");
  auto edited = change_it(edit_message{.in = user("2"), .seq = 1, .content = "two"});
  CHECK(waiting.bodies.back().starts_with(
      R"({"event":"edit","from":"1","to":{"userId":"2"},"kind":"text","content":"two")"));
  answer(R"({"action":"replace","content":"three"})");
  CHECK(edited() == "done");
  CHECK(stored().front() == "three");
  auto named = change_it(update_profile{.name = "a name"});
  CHECK(waiting.bodies.back().starts_with(
      R"({"event":"name","from":"1","to":null,"kind":null,"content":"a name")"));
  answer(R"({"action":"deny"})");
  CHECK(named() == "content");
  auto made = change_it(create_group{user("g"), "geese", {user("2")}});
  answer(allow);
  CHECK(made() == "done");
  const auto asked = waiting.bodies.size();
  CHECK(change_it(update_profile{.avatar = "a"})() == "done");
  CHECK(change_it(update_group{.group = user("g"), .muted = true})() == "done");
  CHECK(change_it(update_profile{.name = "b"}, true)() == "done");
  CHECK(waiting.bodies.size() == asked);
}

/// Without a hook.
struct content_fixture : checker_fixture {
  content_fixture() {
    env.url.clear();
    env.rules.text = content_rules::when::before;
  }
  judgement verdict_of(std::int64_t id) const { return store.state().checks.at(id).facts.verdict.what; }
};

TEST_CASE_METHOD(content_fixture, "what WeChat finds risky is not stored", "[checker]") {
  auto good = send("good");
  CHECK(stored().empty());
  judge(judgement::pass);
  CHECK(good() == "stored");
  CHECK(verdict_of(1) == judgement::pass);
  auto bad = send("bad");
  judge(judgement::risky);
  CHECK(bad() == "content");
  auto unsure = send("unsure");
  judge(judgement::review);
  CHECK(unsure() == "stored");
  env.rules.review_is_risky = true;
  unsure = send("unsure");
  judge(judgement::review);
  CHECK(unsure() == "content");
  CHECK(stored() == texts{"good", "unsure"});
}

TEST_CASE_METHOD(content_fixture, "without WeChat's word it is as the rules say", "[checker]") {
  auto one = send("one");
  judge(judgement::failed);
  CHECK(one() == "unavailable");
  env.rules.denies_on_failure = false;
  auto two = send("two");
  judge(judgement::failed);
  CHECK(two() == "stored");
  CHECK(verdict_of(1) == judgement::failed);
}

TEST_CASE_METHOD(content_fixture, "one slow verdict delays its own conversation alone", "[checker]") {
  auto slow = send("slow");
  auto behind = send("behind");
  auto other = send("other", "", "3");
  CHECK(texts_asked.texts == texts{"slow", "other"});
  CHECK(send("by the business", "", "2", true)() == "stored");
  judge(judgement::pass);
  judge(judgement::pass);
  CHECK(other() == "stored");
  judge(judgement::pass);
  CHECK(slow() == "stored");
  CHECK(behind() == "stored");
  CHECK(stored() == texts{"by the business", "slow", "behind"});
}

TEST_CASE_METHOD(content_fixture, "a word of the list needs nobody", "[checker]") {
  words.set(*word_list::parse("bad"));
  CHECK(send("so bad")() == "content");
  CHECK(texts_asked.texts.empty());
  CHECK(change_it(update_profile{.name = "BAD"})() == "content");
}

TEST_CASE_METHOD(content_fixture, "the business is asked first, and WeChat about what it has made of it",
                 "[checker]") {
  env.url = "http://127.0.0.1/";
  auto one = send("rude");
  answer(R"({"action":"replace","content":"polite"})");
  CHECK(texts_asked.texts == texts{"polite"});
  judge(judgement::pass);
  CHECK(one() == "stored");
  auto two = send("worse");
  answer(R"({"action":"deny","reason":"no"})");
  CHECK(two() == "no");
  CHECK(texts_asked.texts.size() == 1);
}

TEST_CASE_METHOD(content_fixture, "what is checked afterwards is stored at once, and looked at",
                 "[checker]") {
  env.rules.text = content_rules::when::after;
  CHECK(send("hello")() == "stored");
  CHECK(looks == 1);
  CHECK(verdict_of(1) == judgement::waiting);
  CHECK(change_it(edit_message{.in = user("2"), .seq = 1, .content = "changed"})() == "done");
  CHECK(verdict_of(1) == judgement::waiting);
  CHECK(texts_asked.texts.empty());
  CHECK(send("by the business", "", "2", true)() == "stored");
  CHECK_FALSE(store.state().checks.contains(2));
  auto name = change_it(update_profile{.name = "a name"}); // it could not be taken back
  CHECK(texts_asked.texts == texts{"a name"});
  judge(judgement::risky);
  CHECK(name() == "content");
}
