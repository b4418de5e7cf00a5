#include "bench/recorder.hpp"

#include <chrono>

namespace hongyan::bench {

recorder::recorder(const std::string& path) {
  if (!path.empty()) file_.open(path, std::ios::binary);
  if (path.empty()) file_.setstate(std::ios::eofbit); // nothing is asked for, nothing fails
}

void recorder::write(event e) {
  using namespace std::chrono;
  e.at = duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
  e.wall_ms = duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
  if (file_.is_open()) file_ << to_line(e) << '\n';
  events_.push_back(std::move(e));
}

bool recorder::finish() {
  if (file_.is_open()) file_.close();
  return !file_.fail();
}

} // namespace hongyan::bench
