/// Reads the new end of a classic frame. A frame is the user's whole window, some 9 KB, of which one chat is
/// new: it is read backwards from its end, and only as far as needed, or reading would cost more than
/// serving.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hongyan::bench {

/// A chat in a frame; points into it.
struct tail_chat {
  std::int64_t id = 0;
  /// As it stands in the frame up to the first quote, escapes and all: the contents that we push have none.
  std::string_view content;
};

enum class tail_state : std::uint8_t {
  known_reached, ///< the chat before the new ones has id `known` or less
  whole_read,    ///< all chats of the frame are new
  unreadable,    ///< not a JSON array of chats as the contract writes them
  not_ascending, ///< ids are not ascending
};

/// Puts the chats of `frame` with ids above `known` into `news` (emptied first), oldest first.
tail_state read_tail(std::string_view frame, std::int64_t known, std::vector<tail_chat>& news);

} // namespace hongyan::bench
