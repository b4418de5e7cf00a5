/// Who is away is told by WeChat.
#include "actors/notifier.hpp"

#include "tests/support/wechat_fixture.hpp"

using namespace hongyan;
using namespace hongyan::test;
using namespace std::chrono_literals;

namespace {

struct notifier_fixture : wechat_fixture {
  notifier_env rules{
      .templates = std::make_shared<const std::vector<notice_template>>(std::vector{notice_template{
          .id = "T1", .page = {}, .fields = {{"thing1", notice_part::content}}, .delay = 0s}}),
      .identities = settings.identities(),
      .admitted = admitted,
      .figures = figures};
  notifier_actor tells = spawn_on<notifier>(system, home, rules, p, registry, caller);

  notifier_fixture() {
    make("2");
    auto writer = store.make_writer();
    const auto put = writer->transact(
        [&](change_transaction& tx) { return tx.put_grant(user("2"), {.template_id = "T1", .grants = 3}); });
    REQUIRE(put.has_value());
  }
  ~notifier_fixture() { end(tells); }

  /// A message for user 2, as it is stored when WeChat may tell of it.
  void send(const std::string& content, const std::string& from = "1") {
    auto writer = store.make_writer();
    new_message m{.from = user(from), .to = user("2"), .content = content};
    m.notice_after = 0ms;
    REQUIRE(writer->append(std::vector{m}, wall_now()).has_value());
  }
  void look() {
    self->send(tells, tick_atom::value);
    run();
  }
  std::int32_t left() const { return store.state().grants.at({user("2"), "T1"}).grants; }
  std::size_t noted() const { return store.state().notices.size(); }
};

} // namespace

TEST_CASE_METHOD(notifier_fixture, "who is away is told, which costs one", "[wechat]") {
  told.away.insert(user("2"));
  send("hello");
  look();
  answer(token_1);
  REQUIRE(next_path() == "/cgi-bin/message/subscribe/send?access_token=T1");
  CHECK(waiting.posts.front().body ==
        R"({"touser":"o2","template_id":"T1","data":{"thing1":{"value":"hello"}}})");
  CHECK(left() == 3);
  answer(R"({"errcode":0,"errmsg":"ok"})");
  CHECK(left() == 2);
  CHECK(noted() == 1); // they are not told again
  send("again");
  look();
  CHECK(waiting.posts.empty());
}

TEST_CASE_METHOD(notifier_fixture, "who is here is not told", "[wechat]") {
  send("hello");
  look();
  CHECK(waiting.posts.empty());
  CHECK(noted() == 0);
  CHECK(left() == 3);
}

TEST_CASE_METHOD(notifier_fixture, "WeChat says that none are left", "[wechat]") {
  told.away.insert(user("2"));
  send("hello");
  look();
  answer(token_1);
  answer(R"({"errcode":43101,"errmsg":"user refuse to accept the msg"})");
  CHECK(left() == 0);
  look();
  CHECK(waiting.posts.empty());
  CHECK(noted() == 0);
}

TEST_CASE_METHOD(notifier_fixture, "what WeChat does not take is not tried again", "[wechat]") {
  told.away.insert(user("2"));
  send("hello");
  look();
  answer(token_1);
  answer(R"({"errcode":47003,"errmsg":"argument invalid! data.thing1.value invalid"})");
  CHECK(left() == 3);
  send("hello again");
  look();
  CHECK(waiting.posts.empty());
}

TEST_CASE_METHOD(notifier_fixture, "with an old token it is sent again with another", "[wechat]") {
  told.away.insert(user("2"));
  send("hello");
  look();
  answer(token_1);
  answer(R"({"errcode":40001,"errmsg":"invalid credential"})");
  answer(R"({"access_token":"T2","expires_in":7200})");
  CHECK(next_path() == "/cgi-bin/message/subscribe/send?access_token=T2");
  answer(R"({"errcode":0,"errmsg":"ok"})");
  CHECK(left() == 2);
}

TEST_CASE_METHOD(notifier_fixture, "while WeChat is away it is left for later", "[wechat]") {
  told.away.insert(user("2"));
  send("hello");
  look();
  answer(token_1);
  answer(R"({"errcode":-1,"errmsg":"system error"})");
  CHECK(left() == 3);
  CHECK(noted() == 1);
  look(); // it is due again by itself
  CHECK(waiting.posts.empty());
}
