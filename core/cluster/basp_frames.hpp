/// The frames of CAF's protocol between nodes (BASP), followed as bytes go by: CAF 0.17 allocates whatever
/// length a frame claims before any of it has come (libcaf_io/src/io/basp_broker.cpp). Pure.
///
/// A frame is a header of 32 bytes, with the length of what follows as a big-endian number at the fourth
/// (caf/io/basp/header.hpp).
#pragma once

#include "core/cluster/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hongyan::cluster {

class basp_frames {
public:
  static constexpr std::size_t header_bytes = 32;

  /// The next bytes. False: they claim a frame of more than frame_bytes; nothing more is to be fed.
  bool feed(std::string_view bytes);

private:
  std::size_t position_ = 0; ///< in the header
  std::uint32_t length_ = 0; ///< as far as it is known; behind the header, what has not come yet
};

} // namespace hongyan::cluster
