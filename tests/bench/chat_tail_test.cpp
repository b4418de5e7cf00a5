#include "bench/chat_tail.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace hongyan::bench;

namespace {

std::string chat(int id, const std::string& content) {
  return R"({"id":)" + std::to_string(id) +
         R"(,"userId":2,"targetUserId":1,"createTime":"2026-11-22T18:48:39.123","userName":"李四",)"
         R"("targetUserName":null,"content":")" +
         content + R"("})";
}

std::vector<std::int64_t> ids(const std::vector<tail_chat>& chats) {
  std::vector<std::int64_t> out;
  for (const auto& c : chats) out.push_back(c.id);
  return out;
}

} // namespace

TEST_CASE("the tail of a frame is what is newer than the known id", "[bench][tail]") {
  const auto frame = "[" + chat(3, "a") + "," + chat(5, "b") + "," + chat(9, "c") + "]";
  std::vector<tail_chat> news;

  CHECK(read_tail(frame, 3, news) == tail_state::known_reached);
  CHECK(ids(news) == std::vector<std::int64_t>{5, 9});
  CHECK(news[0].content == "b");
  CHECK(news[1].content == "c");

  CHECK(read_tail(frame, 9, news) == tail_state::known_reached);
  CHECK(news.empty());
}

TEST_CASE("a known chat that slid out of the window still bounds the tail", "[bench][tail]") {
  std::vector<tail_chat> news;
  CHECK(read_tail("[" + chat(5, "b") + "," + chat(9, "c") + "]", 7, news) == tail_state::known_reached);
  CHECK(ids(news) == std::vector<std::int64_t>{9});
}

TEST_CASE("a frame of news alone is told apart", "[bench][tail]") {
  std::vector<tail_chat> news;
  CHECK(read_tail("[" + chat(5, "b") + "," + chat(9, "c") + "]", 0, news) == tail_state::whole_read);
  CHECK(ids(news) == std::vector<std::int64_t>{5, 9});
  CHECK(read_tail("[]", 0, news) == tail_state::whole_read);
  CHECK(news.empty());
}

TEST_CASE("a content that looks like a chat is not taken for one", "[bench][tail]") {
  std::vector<tail_chat> news;
  const auto frame = "[" + chat(4, R"({\"id\":77,\"content\":\"x\"})") + "]";
  CHECK(read_tail(frame, 0, news) == tail_state::whole_read);
  CHECK(ids(news) == std::vector<std::int64_t>{4});
}

TEST_CASE("ids that do not ascend are noticed", "[bench][tail]") {
  std::vector<tail_chat> news;
  CHECK(read_tail("[" + chat(9, "c") + "," + chat(5, "b") + "]", 0, news) == tail_state::not_ascending);
  CHECK(read_tail("[" + chat(5, "c") + "," + chat(5, "c") + "]", 0, news) == tail_state::not_ascending);
}

TEST_CASE("a frame that is no array of chats is noticed", "[bench][tail]") {
  std::vector<tail_chat> news;
  for (const std::string frame : {"", "[", "]", "{}", "[{}]", "[1,2]", R"([{"id":"x"}])"}) {
    CAPTURE(frame);
    CHECK(read_tail(frame, 0, news) == tail_state::unreadable);
  }
}
