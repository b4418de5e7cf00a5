/// What the messages of a run say: the run's tag, the message's number, and padding. So whoever sees a
/// message knows which one it is, and those of other runs are told apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan::bench {

class contents {
public:
  /// `tag` has no character that JSON escapes.
  explicit contents(std::string tag) : tag_(std::move(tag)) {}

  /// Appends the content of message `number`, padded to `bytes`.
  void append(std::string& out, std::uint64_t number, std::size_t bytes) const;
  /// Nothing when it is none of this run's.
  std::optional<std::uint64_t> number_of(std::string_view content) const;

private:
  std::string tag_;
};

} // namespace hongyan::bench
