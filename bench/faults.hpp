/// What went wrong in a run: each kind once, with how often and the first example.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hongyan::bench {

class fault_list {
public:
  void add(const std::string& kind, const std::string& example);
  /// One line for each kind; none: nothing went wrong.
  std::vector<std::string> lines() const;

private:
  struct tally {
    std::uint64_t count = 0;
    std::string example;
  };
  std::map<std::string, tally> kinds_;
};

/// What is shown of a text that should not be as it is.
std::string beginning_of(std::string_view text);

} // namespace hongyan::bench
