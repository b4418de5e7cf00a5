#include "core/media/file_name.hpp"
#include "core/media/file_type.hpp"
#include "core/media/picture_size.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hongyan::media;
using namespace std::string_literals;

namespace {

std::string png(std::string_view width, std::string_view height) {
  return "\x89PNG\r\n\x1A\n\0\0\0\rIHDR"s.append(width).append(height).append("\x08\x06\0\0\0rest"s);
}

std::string segment(char marker, const std::string& content) {
  const auto length = content.size() + 2;
  return "\xFF"s + marker + static_cast<char>(length >> 8) + static_cast<char>(length & 255) + content;
}

std::string jpeg(const std::string& before, char frame = '\xC0') {
  return "\xFF\xD8"s + before + segment(frame, "\x08\x01\x02\x03\x04\x03 components"s) + "\xFF\xDA scan";
}

std::optional<picture_size> size_of(std::string_view bytes, std::size_t piece = 1'000'000) {
  picture_header header;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    header.feed(bytes.substr(0, piece));
  return header.size();
}

} // namespace

TEST_CASE("a file's type is what its first bytes say", "[media]") {
  const std::pair<std::string, std::string> files[] = {
      {"\xFF\xD8\xFF\xE0", "image image/jpeg"},
      {png("\0\0\0\1"s, "\0\0\0\1"s), "image image/png"},
      {"GIF89a", "image image/gif"},
      {"RIFF....WEBPVP8 ", "image image/webp"},
      {"RIFF....WAVEfmt ", "voice audio/wav"},
      {"RIFF....AVI LIST", "video video/x-msvideo"},
      {"RIFF....????", "file application/octet-stream"},
      {"....WEBP....", "file application/octet-stream"},
      {"BM\x46\0\0\0\0\0\0\0\x36\0\0\0"s, "image image/bmp"},
      {"BM is the name of a text", "file application/octet-stream"},
      {"ID3\x04", "voice audio/mpeg"},
      {"\xFF\xFB\x90\x64", "voice audio/mpeg"},
      {"\xFF\xF3\x48\xC4", "voice audio/mpeg"}, // MPEG 2, as a phone records at 16 kHz
      {"\xFF\xF1\x50\x80", "voice audio/aac"},
      {"\xFF\xFE\x48\0"s, "file application/octet-stream"}, // a text in UTF-16
      {"#!AMR\n", "voice audio/amr"},
      {"\x02#!SILK_V3", "voice audio/silk"},
      {"OggS", "voice audio/ogg"},
      {"\0\0\0\x1C"
       "ftypM4A \0\0\0\0"s,
       "voice audio/mp4"},
      {"\0\0\0\x1C"
       "ftypisom\0\0\0\0"s,
       "video video/mp4"},
      {"\0\0\0\x1C"
       "ftypqt  \0\0\0\0"s,
       "video video/quicktime"},
      {"\0\0\0\x1C"
       "ftypheic\0\0\0\0"s,
       "image image/heic"},
      {"\x1A\x45\xDF\xA3", "video video/webm"},
      {"%PDF-1.7", "file application/pdf"},
      {"PK\x03\x04", "file application/zip"},
      {"<svg xmlns=\"http://www.w3.org/2000/svg\">", "file application/octet-stream"},
      {"<!doctype html>", "file application/octet-stream"},
      {"", "file application/octet-stream"},
      {"\xFF", "file application/octet-stream"},
  };
  for (const auto& [bytes, expected] : files) {
    CAPTURE(expected);
    const auto type = type_of(bytes);
    CHECK(std::string(name_of(type.kind)) + " " + std::string(type.mime) == expected);
  }
}

TEST_CASE("only what runs nothing is shown in place", "[media]") {
  for (const auto* mime :
       {"image/gif", "image/heic", "audio/mpeg", "audio/aac", "audio/mp4", "audio/wav", "video/mp4"})
    CHECK(is_inline(mime));
  for (const auto* mime : {"application/pdf", "application/octet-stream", "video/webm", "video/quicktime",
                           "audio/ogg", "audio/amr", "text/html", ""})
    CHECK_FALSE(is_inline(mime));
}

TEST_CASE("a picture's size is read from its header, however it is cut", "[media]") {
  const std::pair<std::string, picture_size> pictures[] = {
      {png("\0\0\x03\x20"s, "\0\0\x02\x58"s), {800, 600}},
      {"GIF89a\x20\x03\x58\x02"s, {800, 600}},
      {"GIF89a\x20\x03\x58\x02\xF7\0\0 and what comes behind it"s, {800, 600}},
      {"RIFF....WEBPVP8X\x0A\0\0\0\0\0\0\0\x1F\x03\0\x57\x02\0"s, {800, 600}},
      {"RIFF....WEBPVP8L\x0A\0\0\0\x2F\x1F\xC3\x95\0 more bytes"s, {800, 600}},
      {"RIFF....WEBPVP8 \x0A\0\0\0\0\0\0\x9D\x01\x2A\x20\x03\x58\x02"s, {800, 600}},
      {jpeg(""), {772, 258}},
      {jpeg("", '\xC2'), {772, 258}},
      {jpeg(segment('\xE1', std::string(60'000, '\xFF')) + "\xFF\xFF" + segment('\xC4', "tables") +
            "\xFF\x01"),
       {772, 258}},
  };
  for (const auto& [bytes, size] : pictures)
    for (const std::size_t piece : {1'000'000, 1, 2, 29, 30, 31, 4096}) {
      CAPTURE(bytes.substr(0, 16), piece);
      CHECK(size_of(bytes, piece) == size);
    }
}

TEST_CASE("a header that says no size has none", "[media]") {
  for (const auto& bytes :
       {""s, "\xFF\xD8\xFF"s, "\xFF\xD8\xFF\xDA\0\x10"s, "\xFF\xD8\xFF\xE0\0\0"s, "\xFF\xD8\xFF\xE0\0\x01xx"s,
        "\xFF\xD8\xFF\xE0\0\x02no segment"s, "\xFF\xD8\xFF\xD9"s, png("\0\0\0\0"s, "\0\0\0\1"s),
        "\x89PNG\r\n\x1A\n\0\0\0\rtEXt and no header first"s, "RIFF....WEBPVP8 no key frame in this one"s,
        "a text that is longer than any header of a picture"s})
    for (const std::size_t piece : {1'000'000, 1}) {
      CAPTURE(bytes.substr(0, 16), piece);
      CHECK_FALSE(size_of(bytes, piece));
    }
}

TEST_CASE("a file's name is made harmless", "[media]") {
  const std::pair<std::string, std::string> names[] = {
      {"a.png", "a.png"},
      {"报告 2026.pdf", "报告 2026.pdf"},
      {"/etc/passwd", "passwd"},
      {"..\\..\\boot.ini", "boot.ini"},
      {"a\r\nb\tc\x7F.txt", "abc.txt"},
      {"gpj.\xE2\x80\xAE"
       "exe",
       "gpj.exe"}, // U+202E
      {"a\xE2\x81\xA6"
       "b\xD8\x9C"
       "c",
       "abc"}, // U+2066, U+061C
      {"a\xFF"
       "b\xC3",
       "ab"},
      {"...", "file"},
      {"", "file"},
      {"dir/", "file"},
      {" .hidden. ", "hidden"},
      {"👨‍👩‍👧.png", "👨‍👩‍👧.png"},
      {"a\0b"s, "ab"},
  };
  for (const auto& [given, clean] : names) CHECK(clean_file_name(given) == clean);
  const auto cut = clean_file_name(std::string(254, 'a') + "报");
  CHECK(cut == std::string(254, 'a'));
}

TEST_CASE("Content-Disposition says the name to old and new clients", "[media]") {
  CHECK(content_disposition(true, "a b.png") == "inline; filename=\"a b.png\"");
  CHECK(content_disposition(false, "报\"1\".pdf") ==
        "attachment; filename=\"____1_.pdf\"; filename*=UTF-8''%E6%8A%A5%221%22.pdf");
}
