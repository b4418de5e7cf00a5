#include "core/chat/file.hpp"

#include <algorithm>

namespace hongyan {

bool is_file_id(std::string_view text) {
  return text.size() == file_id_digits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool has_file(message_kind kind) {
  using enum message_kind;
  return kind == image || kind == voice || kind == video || kind == file;
}

bool suits(message_kind kind, const stored_file& f) {
  return kind == message_kind::file || name_of(kind) == name_of(f.kind);
}

} // namespace hongyan
