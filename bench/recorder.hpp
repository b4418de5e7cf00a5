/// Writes down what the clients of a `verify` run do and see: for the checker, and to a file.
#pragma once

#include "bench/history.hpp"

#include <fstream>

namespace hongyan::bench {

/// Only on the shard's thread.
class recorder {
public:
  /// Beyond it nothing more should be sent: an event takes some 300 bytes.
  static constexpr std::size_t events_max = 2'000'000;

  /// Writes to `path` as well, unless it is empty.
  explicit recorder(const std::string& path);

  /// Adds the time.
  void write(event e);
  const std::vector<event>& events() const { return events_; }
  /// Closes the file. False: it could not be written.
  bool finish();

private:
  std::vector<event> events_;
  std::ofstream file_;
};

} // namespace hongyan::bench
