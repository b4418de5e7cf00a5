#include "core/wire/multipart.hpp"

#include "core/tools/ascii.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace hongyan {

namespace {

/// A header's value: what stands in front of its parameters, and those.
struct parameters {
  std::string_view value;
  std::vector<std::pair<std::string_view, std::string>> all{};

  const std::string* find(std::string_view name) const {
    const auto found = std::ranges::find_if(all, [&](const auto& p) { return same_word(p.first, name); });
    return found == all.end() ? nullptr : &found->second;
  }
};

/// `form-data; name="file"; filename=a.png`. Of a backslash only `\"` and `\\` are taken for escapes: some
/// send `C:\a.png`. Nothing: it cannot be read.
std::optional<parameters> read_parameters(std::string_view text) {
  parameters out{.value = trimmed(text.substr(0, text.find(';')))};
  text.remove_prefix(std::min(text.size(), text.find(';')));
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    if (text.front() != ';') return {};
    text = trimmed(text.substr(1));
    if (text.empty()) break; // some end with a semicolon
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return {};
    const auto name = trimmed(text.substr(0, equals));
    text = trimmed(text.substr(equals + 1));
    std::string value;
    if (text.starts_with('"')) {
      std::size_t at = 1;
      for (; at < text.size() && text[at] != '"'; ++at) {
        const bool escapes =
            text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
        value += text[at += escapes ? 1 : 0];
      }
      if (at == text.size()) return {};
      text.remove_prefix(at + 1);
    } else {
      const auto end = std::min(text.size(), text.find(';'));
      value = trimmed(text.substr(0, end));
      text.remove_prefix(end);
    }
    out.all.emplace_back(name, std::move(value));
  }
  return out;
}

/// `%XX` to bytes, where `is_meant` says so; else it stands for itself.
template <class Meant>
std::string percent_decoded(std::string_view text, Meant is_meant) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    const char byte = static_cast<char>(high * 16 + low);
    if (low < 0 || !is_meant(byte)) {
      out += text[i];
      continue;
    }
    out += byte;
    i += 2;
  }
  return out;
}

/// Browsers write a quote and line ends as %22, %0D, %0A, and nothing else that way (WHATWG HTML, 4.10.21.8).
std::string browser_decoded(std::string_view text) {
  return percent_decoded(text, [](char c) { return c == '"' || c == '\r' || c == '\n'; });
}

/// `UTF-8''%e6%8a%a5.pdf` (RFC 8187), which RFC 7578 asks nobody to write and some libraries do.
std::optional<std::string> extended_value(std::string_view text) {
  constexpr std::string_view charset = "utf-8'";
  if (!same_word(text.substr(0, charset.size()), charset)) return {};
  const auto language = text.find('\'', charset.size());
  if (language == std::string_view::npos) return {};
  return percent_decoded(text.substr(language + 1), [](char) { return true; });
}

/// RFC 2046, section 5.1.1; a space may not be the last.
bool is_boundary(std::string_view text) {
  constexpr std::size_t boundary_max = 70;
  constexpr std::string_view signs = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= boundary_max && text.back() != ' ' &&
         std::ranges::all_of(text, [&](char c) {
           return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
                  signs.find(c) != std::string_view::npos;
         });
}

} // namespace

result<std::string> multipart_boundary(std::string_view content_type) {
  const auto read = read_parameters(content_type);
  if (!read || !same_word(read->value, "multipart/form-data"))
    return error{errc::malformed, "the body is not multipart/form-data, by its Content-Type"};
  const auto* boundary = read->find("boundary");
  if (boundary == nullptr || !is_boundary(*boundary))
    return error{errc::malformed, "the Content-Type names no boundary of 1 to 70 characters"};
  return *boundary;
}

multipart_decoder::multipart_decoder(std::string_view boundary) : delimiter_("\r\n--") {
  delimiter_ += boundary;
}

multipart_decoder::status multipart_decoder::next(std::string_view& input) {
  while (!input.empty()) {
    auto found = status::need_more;
    switch (state_) {
    case state::preamble:
    case state::body: found = scan(input); break;
    case state::delimiter: found = read_delimiter(input); break;
    case state::header: found = read_header(input); break;
    case state::end: input = {}; return status::need_more;
    case state::failed: return status::failed;
    }
    if (found != status::need_more) return found;
  }
  return status::need_more;
}

/// Up to the next delimiter. Of the preamble, which stands before the first one, nobody hears.
multipart_decoder::status multipart_decoder::scan(std::string_view& input) {
  const auto show = [this](std::string_view found) {
    data_ = found;
    return state_ == state::body && !found.empty() ? status::data : status::need_more;
  };
  if (matched_ > 0) {
    const auto rest = std::string_view(delimiter_).substr(matched_);
    const auto more = static_cast<std::size_t>(std::ranges::mismatch(rest, input).in1 - rest.begin());
    input.remove_prefix(more);
    matched_ += more;
    if (matched_ == delimiter_.size()) {
      matched_ = 0;
      line_.clear();
      state_ = state::delimiter;
      return status::need_more;
    }
    if (input.empty()) return status::need_more;
    return show(std::string_view(delimiter_).substr(0, std::exchange(matched_, 0)));
  }
  // What ends like the beginning of a delimiter begins at its last CR, since the delimiter has no other.
  auto end = input.find(delimiter_);
  if (end == std::string_view::npos) {
    end = input.rfind('\r');
    if (end == std::string_view::npos || !delimiter_.starts_with(input.substr(end))) end = input.size();
  }
  const auto found = input.substr(0, end);
  input.remove_prefix(end);
  if (!input.empty()) { // it begins here: matched above, by the next call
    matched_ = 1;
    input.remove_prefix(1);
  }
  return show(found);
}

/// Behind a delimiter stand two hyphens, or the end of its line.
multipart_decoder::status multipart_decoder::read_delimiter(std::string_view& input) {
  constexpr std::size_t padding_max = 64;
  constexpr auto* other = "the multipart body has a boundary that is followed by something else";
  while (!input.empty()) {
    line_ += input.front();
    input.remove_prefix(1);
    if (line_ == "--") {
      state_ = state::end;
      return status::end;
    }
    if (line_.ends_with("\r\n")) {
      if (!trimmed(std::string_view(line_).substr(0, line_.size() - 2)).empty()) return fail(other);
      if (++parts_ > parts_max) return fail("the multipart body has more than 32 parts");
      line_.clear();
      header_bytes_ = 0;
      has_name_ = false;
      part_ = {};
      state_ = state::header;
      return status::need_more;
    }
    if (line_.size() > padding_max) return fail(other);
  }
  return status::need_more;
}

multipart_decoder::status multipart_decoder::read_header(std::string_view& input) {
  while (!input.empty()) {
    const auto end = input.find('\n');
    const auto piece = input.substr(0, end == std::string_view::npos ? end : end + 1);
    header_bytes_ += piece.size();
    if (header_bytes_ > header_bytes_max) return fail("a part's header is over 4096 bytes");
    line_ += piece;
    input.remove_prefix(piece.size());
    if (!line_.ends_with('\n')) continue;
    if (!line_.ends_with("\r\n")) return fail("a line of a part's header does not end with CR LF");
    line_.resize(line_.size() - 2);
    if (!line_.empty()) {
      if (!read_field(line_)) return fail("a part's Content-Disposition cannot be read");
      line_.clear();
      continue;
    }
    if (!has_name_) return fail("a part has no Content-Disposition: form-data with a name");
    state_ = state::body;
    return status::part;
  }
  return status::need_more;
}

/// False: it is the one that counts, and cannot be read.
bool multipart_decoder::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !same_word(trimmed(line.substr(0, colon)), "content-disposition"))
    return true;
  const auto read = read_parameters(line.substr(colon + 1));
  if (!read || !same_word(read->value, "form-data") || has_name_) return false;
  const auto* name = read->find("name");
  if (name == nullptr) return false;
  has_name_ = true;
  part_.name = browser_decoded(*name);
  if (const auto* plain = read->find("filename")) part_.file_name = browser_decoded(*plain);
  if (const auto* extended = read->find("filename*"))
    if (auto decoded = extended_value(*extended)) part_.file_name = std::move(decoded);
  return true;
}

multipart_decoder::status multipart_decoder::fail(const char* why) {
  failure_ = error{errc::malformed, why};
  state_ = state::failed;
  return status::failed;
}

} // namespace hongyan
