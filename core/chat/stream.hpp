/// Messages that are written while they are read: an assistant speaks while it thinks (contract, section 7).
#pragma once

#include "core/chat/message.hpp"
#include "core/errors.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan {

/// 128 bits in hexadecimal: secret, and so unguessable.
inline constexpr std::size_t stream_id_digits = 32;
/// Unicode characters of what a stream says (contract).
inline constexpr std::size_t stream_chars_max = 4096;
/// What was added is stored, and told whole, at least so often; without any for stream_silence a stream ends.
inline constexpr std::chrono::seconds stream_store_interval{2};
inline constexpr std::chrono::seconds stream_silence{60};
/// Of a node that is gone: when another ends its streams. Longer, since a node ends its own.
inline constexpr std::chrono::seconds stream_orphan{stream_silence + 3 * stream_store_interval};

/// Who writes: a user, or an API key, which writes for any. Neither: anybody, where nobody is asked who they
/// are.
struct stream_writer {
  std::optional<user_id> user{};
  std::string key{}; ///< the API key's fingerprint
  bool operator==(const stream_writer&) const = default;
};

/// As a store keeps it: "user:NAME", "key:FINGERPRINT", or nothing.
inline std::string to_text(const stream_writer& by) {
  if (by.user) return "user:" + by.user->text();
  return by.key.empty() ? "" : "key:" + by.key;
}
/// What to_text() made.
inline stream_writer stream_writer_of(std::string_view text) {
  if (text.starts_with("user:")) {
    const auto id = user_id::parse(text.substr(5));
    if (id) return {.user = *id};
  }
  return {.key = std::string(text.substr(std::min<std::size_t>(text.size(), 4)))};
}

/// Who asks after a stream of another's, too.
inline error no_such_stream() {
  return {errc::not_found, "there is no such stream of yours, or it has ended"};
}

/// Where a stream's message is; seq 0: wherever in the conversation one is.
struct stream_place {
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
};

/// A stream's row. It is there for a day after its end, for who begins it again.
struct stream_row {
  std::string id{};
  std::int64_t conversation_id = 0;
  std::int64_t seq = 0;
  stream_writer by{};
  std::string node{}; ///< that has what was added since; empty: none
  bool ended = false;
  wall_time touched{}; ///< when something was stored last
};

/// What a new message becomes when it begins a stream.
struct stream_start {
  std::string id;
  stream_writer by;
  std::string node;
};

/// A stream as the store has it, for the node that writes it.
struct open_stream {
  std::string id{};
  stream_writer by{};
  message what{};          ///< as it is stored
  wall_time touched{};     ///< when something was added that is
  audience_ptr audience{}; ///< who may read it
  std::string held_by{};   ///< another node has it
};

} // namespace hongyan
