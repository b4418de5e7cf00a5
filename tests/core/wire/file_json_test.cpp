#include "core/wire/file_json.hpp"

#include "core/wire/json.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace std::chrono_literals;

namespace {

const stored_file movie{.id = "f",
                        .kind = media::file_kind::video,
                        .mime = "video/mp4",
                        .name = "a \"b\"",
                        .size = 12,
                        .picture = media::picture_size{3, 4},
                        .length = 1500ms};

std::shared_ptr<attachment> read(message_kind kind, std::string_view content, std::string_view ext = "{}") {
  const auto one = *parse_json(content), other = *parse_json(ext);
  return read_attachment(kind, one.if_object(), other.if_object());
}

} // namespace

TEST_CASE("a content says what the file's row says, and how long it is", "[file_json]") {
  CHECK(file_content(movie, {}) ==
        R"({"fileId":"f","name":"a \"b\"","mime":"video/mp4","size":12,"width":3,"height":4,"seconds":1.5})");
  CHECK(file_content(movie, 7000ms).ends_with(R"("seconds":7})"));
  CHECK(file_content({.id = "f"}, {}) ==
        R"({"fileId":"f","name":"","mime":"","size":0,"width":null,"height":null,"seconds":null})");
  CHECK(upload_result(movie).starts_with(R"({"fileId":"f","kind":"video","name":)"));
}

TEST_CASE("what a message has of files is read from its content and ext", "[file_json]") {
  using enum message_kind;
  CHECK(read(text, "\"x\"") == nullptr);
  CHECK(read(custom, R"({"fileId":"f"})") == nullptr);
  const auto picture = read(image, R"({"fileId":"f","width":9,"seconds":3})");
  CHECK(picture->file_id == "f");
  CHECK(picture->sent == "f");
  CHECK_FALSE(picture->length);
  const auto voice_one = read(voice, R"({"fileId":"f","seconds":3.25,"name":"n"})");
  CHECK(voice_one->length == 3250ms);
  CHECK(voice_one->sent == "f 3250");
  const auto previewed = read(text, "\"x\"", R"({"preview":{"fileId":"p"}})");
  CHECK(previewed->file_id.empty());
  CHECK(previewed->preview_id == "p");
  CHECK(previewed->sent.empty());
  for (const char* ext : {R"({"preview":"p"})", R"({"preview":{}})", R"({"preview":{"fileId":1}})"})
    CHECK(read(text, "\"x\"", ext) == nullptr);
}
