#include "core/wire/file_json.hpp"

#include "core/wire/json.hpp"

#include <cmath>

namespace hongyan {

namespace {

namespace json = boost::json;

/// A time as JSON has it, in seconds: 3, or 3.25.
void append_seconds(std::string& out, std::chrono::milliseconds length) {
  append_json(out, json::value(length.count() % 1000 == 0
                                   ? json::value(length.count() / 1000)
                                   : json::value(static_cast<double>(length.count()) / 1000)));
}

template <class Number>
void append_or_null(std::string& out, std::string_view name, const std::optional<Number>& number) {
  out.append(",\"").append(name).append("\":");
  out += number ? std::to_string(*number) : "null";
}

/// From `name` to `seconds`, as contents and answers have them.
void append_facts(std::string& out, const stored_file& f, std::optional<std::chrono::milliseconds> length) {
  out += ",\"name\":";
  append_json_string(out, f.name);
  out += ",\"mime\":";
  append_json_string(out, f.mime);
  out.append(",\"size\":").append(std::to_string(f.size));
  append_or_null(out, "width", f.picture ? std::optional(f.picture->width) : std::nullopt);
  append_or_null(out, "height", f.picture ? std::optional(f.picture->height) : std::nullopt);
  out += ",\"seconds\":";
  if (length)
    append_seconds(out, *length);
  else
    out += "null";
  out += '}';
}

} // namespace

std::string file_content(const stored_file& f, std::optional<std::chrono::milliseconds> length) {
  std::string out = R"({"fileId":")" + f.id + '"';
  append_facts(out, f, length ? length : f.length);
  return out;
}

std::string upload_result(const stored_file& f) {
  std::string out = R"({"fileId":")" + f.id + R"(","kind":")" + std::string(name_of(f.kind)) + '"';
  append_facts(out, f, f.length);
  return out;
}

std::shared_ptr<attachment> read_attachment(message_kind kind, const json::object* content,
                                            const json::object* ext) {
  const json::object* preview = nullptr;
  if (ext != nullptr)
    if (const auto* value = ext->if_contains("preview")) preview = value->if_object();
  const auto* preview_id = preview != nullptr ? text_of(*preview, "fileId") : nullptr;
  if (!has_file(kind) && preview_id == nullptr) return nullptr;

  auto found = std::make_shared<attachment>();
  if (preview_id != nullptr) found->preview_id = std::string(*preview_id);
  if (!has_file(kind) || content == nullptr) return found;
  if (const auto* id = text_of(*content, "fileId")) found->file_id = std::string(*id);
  found->sent = found->file_id;
  if (kind != message_kind::voice && kind != message_kind::video) return found;
  if (const auto* seconds = content->if_contains("seconds"); seconds != nullptr && seconds->is_number()) {
    found->length = std::chrono::milliseconds(std::llround(seconds->to_number<double>() * 1000));
    found->sent += ' ' + std::to_string(found->length->count());
  }
  return found;
}

} // namespace hongyan
