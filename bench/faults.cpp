#include "bench/faults.hpp"

namespace hongyan::bench {

void fault_list::add(const std::string& kind, const std::string& example) {
  auto& t = kinds_[kind];
  if (++t.count == 1) t.example = example;
}

std::vector<std::string> fault_list::lines() const {
  std::vector<std::string> out;
  for (const auto& [kind, t] : kinds_)
    out.push_back(std::to_string(t.count) + " × " + kind + ", for one " + t.example);
  return out;
}

std::string beginning_of(std::string_view text) {
  constexpr std::size_t shown_bytes = 80;
  return std::string(text.substr(0, shown_bytes));
}

} // namespace hongyan::bench
