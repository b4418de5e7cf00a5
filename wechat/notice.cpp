#include "wechat/notice.hpp"

#include "core/tools/text.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/classic.hpp"
#include "core/wire/json.hpp"

#include <algorithm>
#include <array>

namespace hongyan::wechat {

namespace {

// WeChat's limits, in characters.
constexpr std::size_t thing_max = 20, name_max = 10, latin_name_max = 20;

std::string_view type_of(std::string_view key) {
  const auto end = key.find_last_not_of("0123456789");
  return end == std::string_view::npos || end + 1 == key.size() ? std::string_view() : key.substr(0, end + 1);
}

bool is_latin(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F && (c < '0' || c > '9'); });
}

/// One line, without what cannot be seen, which WeChat takes for nothing or refuses.
std::string one_line(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = skip_characters(text, at, 1);
    const auto character = text.substr(at, end - at);
    at = end;
    // No-break and ideographic spaces, separators of lines.
    constexpr std::array<std::string_view, 4> spaces{"\u00A0", "\u3000", "\u2028", "\u2029"};
    // Of zero width, marks of direction, the byte order mark; a joiner stays, which makes one emoji of
    // several.
    constexpr std::array<std::string_view, 5> unseen{"\u200B", "\u200C", "\u200E", "\u200F", "\uFEFF"};
    const auto first = static_cast<unsigned char>(character.front());
    const bool is_c1 =
        character.size() == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
    if (first <= 0x20 || first == 0x7F || is_c1 || std::ranges::find(spaces, character) != spaces.end()) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (std::ranges::find(unseen, character) == unseen.end()) {
      out += character;
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string cut(std::string text, std::size_t characters) {
  if (count_characters(text) <= characters) return text;
  text.resize(skip_characters(text, 0, characters - 1));
  return text + "…";
}

std::string said_by(const due_notice& what) {
  auto name = one_line(what.sender_name);
  return name.empty() ? what.what.from.text() : name;
}

std::string text_of_part(notice_part part, const due_notice& what) {
  switch (part) {
  case notice_part::content: {
    auto text = one_line(classic::shown_content(what.what));
    return text.empty() ? "[消息]" : text;
  }
  case notice_part::sender: return said_by(what);
  case notice_part::conversation: {
    if (!what.what.to.is_group()) return said_by(what);
    auto name = one_line(what.group_name);
    return name.empty() ? what.what.to.id.text() : name;
  }
  case notice_part::time: break;
  }
  // 2026年11月30日 09:05, of the server's time zone (classic.time_zone).
  std::string iso;
  append_local_time(iso, what.what.created_at);
  return iso.substr(0, 4) + "年" + iso.substr(5, 2) + "月" + iso.substr(8, 2) + "日 " + iso.substr(11, 5);
}

std::string page_of(const notice_template& of, const due_notice& what) {
  auto page = of.page;
  const auto& to = what.what.to;
  if (const auto at = page.find(page_place); at != std::string::npos) // a query takes an id as it is
    page.replace(at, page_place.size(),
                 to.is_group() ? "groupId=" + to.id.text() : "userId=" + what.what.from.text());
  return page;
}

} // namespace

std::string key_fault(std::string_view key, notice_part part) {
  const auto type = type_of(key);
  if (part == notice_part::time) return type == "time" || type == "date" ? "" : "a key as time1 or date1";
  if (type == "thing" || (type == "name" && part != notice_part::content)) return "";
  return part == notice_part::content ? "a key as thing1" : "a key as thing1 or name1";
}

std::string field_value(std::string_view key, notice_part part, const due_notice& what) {
  auto text = text_of_part(part, what);
  if (part == notice_part::time) return text;
  if (type_of(key) == "name") return is_latin(text) ? text.substr(0, latin_name_max) : cut(text, name_max);
  return cut(std::move(text), thing_max);
}

std::string encode_notice(const notice_template& of, const due_notice& what) {
  std::string body = R"({"touser":)" + json_string(what.openid) + R"(,"template_id":)" + json_string(of.id);
  if (!of.page.empty()) body += R"(,"page":)" + json_string(page_of(of, what));
  body += R"(,"data":{)";
  for (const auto& [key, part] : of.fields) {
    if (body.back() != '{') body += ',';
    body += json_string(key) + R"(:{"value":)" + json_string(field_value(key, part, what)) + "}";
  }
  return body + "}}";
}

} // namespace hongyan::wechat
