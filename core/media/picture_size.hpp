/// How wide and high a picture is, by its header: nothing is decoded. Pure; fed as the file comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan::media {

struct picture_size {
  std::uint32_t width = 0, height = 0;
  bool operator==(const picture_size&) const = default;
};

/// Of JPEG, PNG, GIF and WebP; of anything else there is none.
class picture_header {
public:
  /// More of the file, from its beginning on. What comes after the size is known, or cannot be found, costs
  /// nothing.
  void feed(std::string_view piece);
  std::optional<picture_size> size() const { return size_.width > 0 ? std::optional(size_) : std::nullopt; }

private:
  enum class format : std::uint8_t { unknown, jpeg, done };

  void begin();
  void walk_jpeg();
  void found(std::uint32_t width, std::uint32_t height);

  /// What was fed and not looked at: never more than the longest header of a segment, and one piece's rest.
  std::string kept_;
  std::uint64_t skip_ = 0; ///< bytes of the segment that the walk is in
  format format_ = format::unknown;
  picture_size size_; ///< zero: not known
};

} // namespace hongyan::media
