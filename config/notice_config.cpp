#include "config/notice_config.hpp"

#include "config/values.hpp"
#include "core/tools/ascii.hpp"
#include "wechat/notice.hpp"

#include <algorithm>
#include <array>

namespace hongyan {

namespace {

constexpr std::array<std::string_view, 4> part_names{"content", "sender", "time", "conversation"};
constexpr std::size_t templates_max = 16, page_bytes_max = 1024;
constexpr std::int64_t delay_max = 3600;

/// What is accepted, when a field is not.
std::optional<std::string> add_field(const std::string& key, const toml::node& value, notice_template& out) {
  const auto name = value.value_exact<std::string>().value_or("");
  const auto at = std::ranges::find(part_names, name);
  if (at == part_names.end()) return "\"content\", \"sender\", \"time\" or \"conversation\"";
  const auto part = static_cast<notice_part>(at - part_names.begin());
  if (auto accepted = wechat::key_fault(key, part); !accepted.empty())
    return accepted + ", as the template has it, for " + name;
  out.fields.emplace_back(key, part);
  return {};
}

std::optional<error> read_notice(const toml::table& table, const std::string& place, notice_template& out) {
  const auto where = [&](const std::string& key) { return "wechat.subscribe." + key + " in " + place; };
  const auto refused = [&](const std::string& key, const toml::node& node, const std::string& accepted) {
    const auto value = scalar_text(node);
    return bad(where(key), (value ? "\"" + *value + "\"" : "its value") + " is not accepted", accepted);
  };
  for (const auto& [name, node] : table) {
    const std::string key(name.str());
    if (key == "template_id") {
      out.id = node.value_exact<std::string>().value_or("");
      if (out.id.empty() || out.id.size() > template_id_chars_max ||
          !std::ranges::all_of(out.id, is_id_character))
        return refused(key, node,
                       "a template's id, as WeChat's console shows it: 1 to 64 of A-Z, a-z, 0-9, _ and -");
    } else if (key == "page") {
      out.page = node.value_exact<std::string>().value_or("");
      const auto is_plain = [](char ch) { return ch > 0x20 && ch < 0x7F && ch != '"' && ch != '\\'; };
      if (out.page.empty() || out.page.size() > page_bytes_max || out.page.front() == '/' ||
          !std::ranges::all_of(out.page, is_plain))
        return refused(
            key, node,
            "a page of the mini-program as pages/chat/chat, without a / in front, and with {to} in a "
            "query, if you like");
    } else if (key == "delay") {
      const auto seconds = node.value_exact<std::int64_t>().value_or(-1);
      if (seconds < 0 || seconds > delay_max)
        return refused(key, node, range<std::int64_t>(0, delay_max, ", in seconds"));
      out.delay = std::chrono::seconds(seconds);
    } else if (key == "fields") {
      const auto* fields = node.as_table();
      if (fields == nullptr || fields->empty())
        return bad(where(key), "it is no table, or empty",
                   "fields = { thing1 = \"content\", name2 = \"sender\" }");
      for (const auto& [field, value] : *fields)
        if (auto accepted = add_field(std::string(field.str()), value, out))
          return refused(key + "." + std::string(field.str()), value, *accepted);
    } else {
      return bad(where(key), "unknown key", "template_id, page, fields and delay");
    }
  }
  if (out.id.empty()) return bad(where("template_id"), "it is missing", "template_id and fields together");
  if (out.fields.empty()) return bad(where("fields"), "it is missing", "template_id and fields together");
  return {};
}

} // namespace

std::optional<error> read_notices(const toml::node& node, const std::string& file,
                                  std::vector<notice_template>& out) {
  const auto* list = node.as_array();
  if (list == nullptr || !std::ranges::all_of(*list, [](const toml::node& n) { return n.is_table(); }))
    return bad("wechat.subscribe in " + file, "it is no list of tables",
               "a table [[wechat.subscribe]] for each template");
  for (const auto& item : *list) {
    const auto place = file + " line " + std::to_string(item.source().begin.line);
    notice_template one;
    if (auto e = read_notice(*item.as_table(), place, one)) return e;
    if (std::ranges::find(out, one.id, &notice_template::id) != out.end())
      return bad("wechat.subscribe.template_id in " + place, "\"" + one.id + "\" is there twice",
                 "each template once");
    out.push_back(std::move(one));
    if (out.size() > templates_max)
      return bad("wechat.subscribe in " + place, "there are too many",
                 std::to_string(templates_max) + " at most");
  }
  return {};
}

} // namespace hongyan
