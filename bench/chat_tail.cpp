#include "bench/chat_tail.hpp"

#include <algorithm>
#include <charconv>

namespace hongyan::bench {

namespace {

// Inside of a JSON string a quote is escaped, so these are found where a chat begins and nowhere else.
constexpr std::string_view chat_begin = R"({"id":)";
constexpr std::string_view content_key = R"("content":")";

std::string_view content_of(std::string_view chat) {
  const auto key = chat.find(content_key);
  if (key == std::string_view::npos) return {};
  const auto content = chat.substr(key + content_key.size());
  return content.substr(0, content.find('"'));
}

} // namespace

tail_state read_tail(std::string_view frame, std::int64_t known, std::vector<tail_chat>& news) {
  news.clear();
  if (frame.size() < 2 || frame.front() != '[' || frame.back() != ']') return tail_state::unreadable;
  if (frame.size() == 2) return tail_state::whole_read;
  auto state = tail_state::whole_read;
  for (auto left = frame.substr(0, frame.size() - 1); left.size() > 1;) {
    const auto begin = left.rfind(chat_begin);
    if (begin == std::string_view::npos) return tail_state::unreadable;
    const auto chat = left.substr(begin);
    std::int64_t id = 0;
    const auto* const digits = chat.data() + chat_begin.size();
    if (std::from_chars(digits, chat.data() + chat.size(), id).ec != std::errc())
      return tail_state::unreadable;
    if (!news.empty() && id >= news.back().id) return tail_state::not_ascending;
    if (id <= known) {
      state = tail_state::known_reached;
      break;
    }
    news.push_back({id, content_of(chat)});
    left = left.substr(0, begin);
  }
  std::ranges::reverse(news);
  return state;
}

} // namespace hongyan::bench
