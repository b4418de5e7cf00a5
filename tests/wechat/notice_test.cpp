/// Subscribe messages: what their fields say, within WeChat's limits.
#include "wechat/notice.hpp"

#include "core/tools/text.hpp"
#include "wechat/api.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

using namespace hongyan;
using namespace hongyan::wechat;

namespace {

due_notice notice(std::string content, std::string sender = "小雁") {
  due_notice what{.user = *user_id::parse("2"), .openid = "o2", .template_id = "T1", .what = {}};
  what.what.from = *user_id::parse("wx:1");
  what.what.to = *user_id::parse("2");
  what.what.content = std::move(content);
  what.what.created_at = wall_time(std::chrono::seconds(1'764'000'000)); // 2025-11-24T16:00:00Z
  what.sender_name = std::move(sender);
  return what;
}

std::string content_of(std::string text) {
  return field_value("thing1", notice_part::content, notice(std::move(text)));
}
std::string name_of(std::string name) {
  return field_value("name2", notice_part::sender, notice("x", std::move(name)));
}

std::string times(const std::string& text, int n) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}

} // namespace

TEST_CASE("a field is one line within its limit, and never empty", "[wechat]") {
  CHECK(content_of("你好 😀") == "你好 😀");
  CHECK(content_of(times("字", 20)) == times("字", 20));
  CHECK(content_of(times("字", 21)) == times("字", 19) + "…");
  CHECK(content_of(times("😀", 30)) == times("😀", 19) + "…");
  CHECK(content_of(" first\nsecond\t line\r\n") == "first second line");
  CHECK(content_of("a\u00A0\u3000b\u2028c") == "a b c");
  CHECK(content_of("x\u200By\uFEFF") == "xy");
  CHECK(content_of("\u0001\u0007 \n") == "[消息]");
  CHECK(content_of("\u0085") == "[消息]");
  CHECK(count_characters(content_of(times("👨‍👩‍👧‍👦", 30))) <= 20);
  auto picture = notice("{}");
  picture.what.kind = message_kind::image;
  CHECK(field_value("thing1", notice_part::content, picture) == "[图片]");
}

TEST_CASE("a name is short, and one's id where there is none", "[wechat]") {
  CHECK(name_of("小雁") == "小雁");
  CHECK(name_of("一个很长很长很长很长的名字") == "一个很长很长很长很…");
  CHECK(name_of("a name of twenty let") == "a name of twenty let");
  CHECK(name_of("a name of more letters than that") == "a name of more lette");
  CHECK(count_characters(name_of("user 1234567890")) == 10); // with digits as Chinese ones
  CHECK(name_of("") == "wx:1");
  CHECK(name_of("\u200B ") == "wx:1");
}

TEST_CASE("a conversation is the other user, or the group", "[wechat]") {
  auto what = notice("x");
  CHECK(field_value("thing4", notice_part::conversation, what) == "小雁");
  what.what.to = peer_or_group::group(*user_id::parse("g1"));
  CHECK(field_value("thing4", notice_part::conversation, what) == "g1");
  what.group_name = "大雁群";
  CHECK(field_value("thing4", notice_part::conversation, what) == "大雁群");
}

TEST_CASE("a time is the server's own, as WeChat writes it", "[wechat]") {
  const auto text = field_value("time3", notice_part::time, notice("x"));
  CHECK(count_characters(text) == 17);
  CHECK(text.substr(4, 3) == "年");
  CHECK(text.substr(0, 4) == "2025");
  CHECK(text == field_value("date3", notice_part::time, notice("x")));
}

TEST_CASE("a notice is posted with its page, which knows where it is of", "[wechat]") {
  notice_template of{.id = "T1", .page = "pages/chat/chat?{to}"};
  of.fields = {{"thing1", notice_part::content}, {"name2", notice_part::sender}};
  CHECK(encode_notice(of, notice(R"(say "hi")")) ==
        R"({"touser":"o2","template_id":"T1","page":"pages/chat/chat?userId=wx:1",)"
        R"("data":{"thing1":{"value":"say \"hi\""},"name2":{"value":"小雁"}}})");
  auto in_group = notice("x");
  in_group.what.to = peer_or_group::group(*user_id::parse("g1"));
  CHECK(encode_notice(of, in_group).find("pages/chat/chat?groupId=g1") != std::string::npos);
  of.page.clear();
  CHECK(encode_notice(of, notice("x")).find("page") == std::string::npos);
}

TEST_CASE("a key of a template is of a type that can say it", "[wechat]") {
  CHECK(key_fault("thing1", notice_part::content).empty());
  CHECK(key_fault("name12", notice_part::sender).empty());
  CHECK(key_fault("date1", notice_part::time).empty());
  for (const char* key : {"name1", "time1", "thing", "1", "", "number1", "phrase1"})
    CHECK_FALSE(key_fault(key, notice_part::content).empty());
  CHECK_FALSE(key_fault("thing1", notice_part::time).empty());
}

TEST_CASE("WeChat says what became of it", "[wechat]") {
  const auto fault = [](std::string body) { return parse_sent({.status = 200, .body = std::move(body)}); };
  CHECK_FALSE(fault(R"({"errcode":0,"errmsg":"ok"})").has_value());
  CHECK(fault(R"({"errcode":43101})")->what == failure::used_up);
  CHECK(fault(R"({"errcode":47003})")->what == failure::malformed);
  CHECK(fault(R"({"errcode":40037})")->what == failure::malformed);
  CHECK(fault(R"({"errcode":42001})")->what == failure::token);
  CHECK(fault(R"({"errcode":45009})")->what == failure::quota);
  CHECK(fault(R"({"errcode":-1})")->what == failure::away);
  CHECK(fault("<html>")->what == failure::away);
}
