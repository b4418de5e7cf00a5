/// A tar stream (POSIX.1-1988 ustar) of plain files, a header at a time: what comes between is their bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hongyan {

inline constexpr std::size_t tar_block = 512;

/// What stands before a file's bytes: its owner's alone to read. `name` is at most 100 bytes. A size of 8 GiB
/// or more is written as GNU tar does, which all of today read.
std::string tar_header(std::string_view name, std::uint64_t size, std::chrono::sys_seconds changed);

/// How many zeros follow the bytes of a file of this size.
constexpr std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((tar_block - size % tar_block) % tar_block);
}

/// Header, bytes and padding.
constexpr std::uint64_t tar_length(std::uint64_t size) { return tar_block + size + tar_padding(size); }

/// What ends a stream: so many zeros.
inline constexpr std::size_t tar_end = 2 * tar_block;

} // namespace hongyan
