#include "core/wire/check.hpp"

#include "core/chat/file.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/commands.hpp"
#include "core/wire/v1/params.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace hongyan {

namespace {

namespace json = boost::json;

/// Of what a user is told.
constexpr std::size_t reason_chars = 256;
constexpr std::array<std::string_view, 3> actions{"allow", "deny", "replace"};

/// Its content is JSON; that of texts and names, a string.
bool is_string(const check_question& question) { return question.event == "name" || is_text(question.kind); }

std::string replacement(v1::params& said, const check_question& question, const limits& limits) {
  if (question.event == "name") return said.text("content", limits.name_chars);
  if (has_file(question.kind)) said.refuse(errc::malformed, "content", "is of a file, which stays as it is");
  return v1::read_content(said, is_text(question.kind) ? message_kind::text : question.kind, limits);
}

void add_strings(const json::value& in, std::string& out) {
  if (const auto* text = in.if_string(); text != nullptr && !text->empty())
    out.append(out.empty() ? "" : "\n").append(std::string_view(*text));
  if (const auto* list = in.if_array(); list != nullptr)
    for (const auto& item : *list) add_strings(item, out);
  if (const auto* object = in.if_object(); object != nullptr)
    for (const auto& member : *object) add_strings(member.value(), out);
}

/// At most `count` characters of it.
std::string first_characters(std::string_view text, std::size_t count) {
  std::size_t bytes = 0;
  for (; bytes < text.size(); ++bytes) {
    const bool begins_one = (static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80;
    if (begins_one && count-- == 0) break;
  }
  return std::string(text.substr(0, bytes));
}

} // namespace

std::string text_in(message_kind kind, const std::string& content, const std::string& names) {
  std::string text;
  if (is_text(kind))
    text = content;
  else if (const auto object = parse_json(content))
    add_strings(*object, text);
  if (!names.empty()) text.append(text.empty() ? "" : "\n").append(names);
  return text;
}

std::string encode_check(const check_question& question) {
  std::string out = R"({"event":)" + json_string(question.event) + R"(,"from":)" +
                    json_string(question.from.text()) + R"(,"to":)";
  if (question.to)
    out.append(question.to->is_group() ? R"({"groupId":)" : R"({"userId":)")
        .append(json_string(question.to->id.text())) += '}';
  else
    out += "null";
  out += R"(,"kind":)";
  out += question.event == "name" ? "null" : json_string(name_of(question.kind));
  out += R"(,"content":)";
  out += is_string(question) ? json_string(question.content) : question.content;
  out.append(R"(,"ext":)").append(question.ext.value_or("null")) += '}';
  return out;
}

result<check_verdict> parse_verdict(std::string_view answer, const check_question& question,
                                    const limits& limits) {
  const auto value = parse_json(answer);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return error{errc::malformed, "its answer is no JSON object"};
  v1::params said(*object);
  check_verdict verdict;
  verdict.what = static_cast<check_verdict::action>(said.choice("action", actions));
  if (const auto* reason = text_of(*object, "reason"))
    verdict.reason = first_characters(*reason, reason_chars);
  if (verdict.what == check_verdict::action::replace) verdict.content = replacement(said, question, limits);
  if (said.fault()) return *said.fault();
  return verdict;
}

} // namespace hongyan
