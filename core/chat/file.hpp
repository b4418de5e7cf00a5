/// A file that a user has uploaded: what its row says, and what a message says of it.
#pragma once

#include "core/chat/message.hpp"
#include "core/errors.hpp"
#include "core/media/file_type.hpp"
#include "core/media/picture_size.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

struct stored_file {
  std::string id{}; ///< random: file_id_digits hexadecimal ones
  user_id owner{};
  media::file_kind kind = media::file_kind::file; ///< by its own bytes
  std::string mime{};
  std::string name{};
  std::int64_t size = 0; ///< bytes
  std::optional<media::picture_size> picture{};
  std::optional<std::chrono::milliseconds> length{}; ///< of a voice or video, as its sender says
  wall_time created_at{};
};

/// 128 bits, which nobody guesses.
inline constexpr std::size_t file_id_digits = 32;

/// Could it be one of ours?
bool is_file_id(std::string_view text);

/// A picture that a client made of another, to be shown until that has come (contract, section 6).
inline constexpr std::int64_t preview_bytes_max = 32 * 1024;

/// The files of a message on its way into the store.
struct attachment {
  std::string file_id{};                             ///< of the content; empty: it has none
  std::string preview_id{};                          ///< of `ext.preview`; likewise
  std::optional<std::chrono::milliseconds> length{}; ///< `seconds` of a voice or video, as the message says
  std::optional<error> refused{};                    ///< why the message may not have them
  /// What of the content counts when the message is sent again; the store has filled in the rest. Empty: all
  /// of it.
  std::string sent{};
};

/// May a message of this kind have this file as its content? A `file` may be anything.
bool suits(message_kind kind, const stored_file& f);
/// A message of this kind has a file as its content.
bool has_file(message_kind kind);

} // namespace hongyan
