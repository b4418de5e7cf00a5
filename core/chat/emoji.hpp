/// Emoji, as reactions are made of them. Pure.
#pragma once

#include <string_view>

namespace hongyan {

/// Bytes of one reaction (contract, section 7).
inline constexpr std::size_t emoji_bytes_max = 32;

/// Is it one emoji or several, of at most emoji_bytes_max bytes? `text` is valid UTF-8. Whatever is an emoji
/// code point (Unicode's emoji-data.txt 15.0, in whole blocks where those are mostly emoji), with what joins
/// and varies them: ZWJ, VS16, skin tones, regional indicators, keycaps, and tags behind a black flag.
bool is_emoji(std::string_view text);

} // namespace hongyan
