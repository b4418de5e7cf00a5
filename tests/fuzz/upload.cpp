#include "core/media/file_name.hpp"
#include "core/media/file_type.hpp"
#include "core/media/picture_size.hpp"
#include "core/tools/text.hpp"
#include "core/wire/multipart.hpp"
#include "tests/fuzz/targets.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace hongyan::fuzz {

namespace {

using status = multipart_decoder::status;

struct part {
  std::string name;
  std::optional<std::string> file_name;
  std::string content;
  bool operator==(const part&) const = default;
};

struct outcome {
  std::vector<part> parts{};
  bool whole = false, failed = false;
  bool operator==(const outcome&) const = default;
};

template <class Next>
outcome decode(std::string_view bytes, Next next) {
  outcome out;
  multipart_decoder decoder("X");
  while (!bytes.empty() && !out.failed) {
    std::string_view piece = next(bytes);
    for (auto now = decoder.next(piece); now != status::need_more; now = decoder.next(piece)) {
      if (now == status::part) out.parts.push_back({decoder.part().name, decoder.part().file_name, {}});
      if (now == status::data) {
        demand(!out.parts.empty() && !decoder.data().empty(), "data of no part, or none");
        out.parts.back().content += decoder.data();
      }
      if (now == status::failed) {
        demand(decoder.failure().code == errc::malformed && !decoder.failure().detail.empty(),
               "a body refused without why");
        out.failed = true;
        break;
      }
    }
  }
  out.whole = decoder.is_at_end();
  return out;
}

template <class Next>
std::optional<media::picture_size> size_of(std::string_view bytes, Next next) {
  media::picture_header header;
  while (!bytes.empty()) header.feed(next(bytes));
  return header.size();
}

} // namespace

void upload(std::string_view input) {
  if (input.empty()) return;
  cutter pieces(input.front()), again(input.front());
  const auto bytes = input.substr(1);
  const auto whole = [](std::string_view& rest) { return std::exchange(rest, {}); };

  const auto read = decode(bytes, whole);
  demand(read == decode(bytes, [&](std::string_view& rest) { return pieces.take(rest); }),
         "a body that is another one in pieces");
  demand(read.parts.size() <= multipart_decoder::parts_max, "more parts than there may be");
  for (const auto& p : read.parts) {
    demand(p.content.find("\r\n--X") == std::string::npos, "a boundary in a part");
    const auto name = media::clean_file_name(p.file_name.value_or(""));
    utf8_checker utf8;
    demand(!name.empty() && name.size() <= media::file_name_bytes && utf8.feed(name) && utf8.complete() &&
               name.find_first_of("/\\") == std::string::npos && media::clean_file_name(name) == name,
           "a name that is not clean");
    for (const char c : media::content_disposition(false, name))
      demand(c >= 0x20 && c < 0x7F, "a header with what may not stand in one");
  }

  demand(size_of(bytes, whole) == size_of(bytes, [&](std::string_view& rest) { return again.take(rest); }),
         "a picture of another size in pieces");
  const auto type = media::type_of(bytes.substr(0, media::signature_bytes));
  demand(type.mime.find('/') != std::string_view::npos && !media::name_of(type.kind).empty(),
         "a type that is none");
  if (const auto boundary = multipart_boundary(bytes))
    demand(boundary->size() >= 1 && boundary->size() <= 70, "a boundary of another length");
}

} // namespace hongyan::fuzz
