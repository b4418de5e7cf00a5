#include "core/media/file_type.hpp"

#include <algorithm>
#include <array>

namespace hongyan::media {

namespace {

using namespace std::string_view_literals;
using enum file_kind;

struct signature {
  std::size_t at;
  std::string_view bytes;
  file_type type;
};

/// Of RIFF files the form stands behind the size, of ISO media (`ftyp`) the major brand.
constexpr std::array signatures = {
    signature{0, "\xFF\xD8\xFF"sv, {image, "image/jpeg"}},
    signature{0, "\x89PNG\r\n\x1A\n"sv, {image, "image/png"}},
    signature{0, "GIF87a"sv, {image, "image/gif"}},
    signature{0, "GIF89a"sv, {image, "image/gif"}},
    signature{8, "WEBP"sv, {image, "image/webp"}},
    signature{8, "WAVE"sv, {voice, "audio/wav"}},
    signature{8, "AVI "sv, {video, "video/x-msvideo"}},
    signature{0, "ID3"sv, {voice, "audio/mpeg"}},
    signature{0, "#!AMR"sv, {voice, "audio/amr"}},
    signature{0, "#!SILK_V3"sv, {voice, "audio/silk"}},
    signature{0, "\x02#!SILK_V3"sv, {voice, "audio/silk"}}, // as WeChat writes it
    signature{0, "fLaC"sv, {voice, "audio/flac"}},
    signature{0, "OggS"sv, {voice, "audio/ogg"}},
    signature{0, "\x1A\x45\xDF\xA3"sv, {video, "video/webm"}},
    signature{0, "%PDF-"sv, {file, "application/pdf"}},
    signature{0, "PK\x03\x04"sv, {file, "application/zip"}},
    signature{0, "\x1F\x8B\x08"sv, {file, "application/gzip"}},
    signature{0, "7z\xBC\xAF\x27\x1C"sv, {file, "application/x-7z-compressed"}},
    signature{0, "Rar!\x1A\x07"sv, {file, "application/vnd.rar"}},
    signature{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, {file, "application/x-ole-storage"}},
};

constexpr file_type mp4{video, "video/mp4"}, m4a{voice, "audio/mp4"}, heic{image, "image/heic"},
    avif{image, "image/avif"};

/// Major brands that are no video (https://mp4ra.org).
file_type of_brand(std::string_view brand) {
  if (brand.starts_with("M4A") || brand.starts_with("M4B")) return m4a;
  if (brand == "avif" || brand == "avis") return avif;
  for (const auto still : {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "mif1"sv, "msf1"sv})
    if (brand == still) return heic;
  return brand == "qt  " ? file_type{video, "video/quicktime"} : mp4;
}

std::uint8_t octet(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

/// A frame's header of MPEG audio (ISO 11172-3, 2.4.1.3): layer III with values that mean something; or of
/// ADTS (ISO 13818-7), which begins alike and has no layer.
const file_type* of_audio_frame(std::string_view bytes) {
  static constexpr file_type mp3{voice, "audio/mpeg"}, aac{voice, "audio/aac"};
  if (bytes.size() < 4 || octet(bytes, 0) != 0xFF || (octet(bytes, 1) & 0xE0) != 0xE0) return nullptr;
  const int version = octet(bytes, 1) >> 3 & 3, layer = octet(bytes, 1) >> 1 & 3;
  if ((octet(bytes, 1) & 0xF0) == 0xF0 && layer == 0)
    return (octet(bytes, 2) >> 2 & 15) < 13 ? &aac : nullptr;
  const int rate = octet(bytes, 2) >> 4, sampling = octet(bytes, 2) >> 2 & 3;
  return version != 1 && layer == 1 && rate != 0 && rate != 15 && sampling != 3 ? &mp3 : nullptr;
}

} // namespace

std::string_view name_of(file_kind kind) {
  constexpr std::array names = {"image"sv, "voice"sv, "video"sv, "file"sv};
  return names[static_cast<std::size_t>(kind)];
}

file_type type_of(std::string_view first_bytes) {
  if (first_bytes.size() >= 12 && first_bytes.substr(4, 4) == "ftyp")
    return of_brand(first_bytes.substr(8, 4));
  for (const auto& s : signatures) {
    if (s.at == 8 && !first_bytes.starts_with("RIFF")) continue;
    if (first_bytes.size() >= s.at && first_bytes.substr(s.at).starts_with(s.bytes)) return s.type;
  }
  if (const auto* audio = of_audio_frame(first_bytes)) return *audio;
  if (first_bytes.size() >= 14 && first_bytes.starts_with("BM") && first_bytes.substr(6, 4) == "\0\0\0\0"sv)
    return {image, "image/bmp"};
  return {file, "application/octet-stream"};
}

bool is_inline(std::string_view mime) {
  static constexpr std::array played = {"audio/mpeg"sv, "audio/aac"sv, "audio/mp4"sv, "audio/wav"sv,
                                        "video/mp4"sv};
  return mime.starts_with("image/") || std::ranges::find(played, mime) != played.end();
}

} // namespace hongyan::media
