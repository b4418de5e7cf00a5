#include "core/time_format.hpp"

#include <ctime>

namespace hongyan {

namespace {

using breakdown = std::tm* (*)(const std::time_t*, std::tm*);

/// A day's second is formatted once, not once a message: localtime_r takes a lock of the whole process.
struct second_cache {
  std::time_t second = -1;
  char text[32] = {};
  std::size_t length = 0;
};

void append(std::string& out, wall_time t, breakdown break_down, second_cache& cache) {
  const auto second = std::chrono::floor<std::chrono::seconds>(t);
  const std::time_t key = second.time_since_epoch().count();
  if (key != cache.second) {
    std::tm fields{};
    break_down(&key, &fields);
    cache.length = std::strftime(cache.text, sizeof cache.text, "%Y-%m-%dT%H:%M:%S", &fields);
    cache.second = key;
  }
  const auto millis = static_cast<int>((t - second).count());
  out.append(cache.text, cache.length);
  out += '.';
  out += static_cast<char>('0' + millis / 100);
  out += static_cast<char>('0' + millis / 10 % 10);
  out += static_cast<char>('0' + millis % 10);
}

} // namespace

wall_time wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void append_local_time(std::string& out, wall_time t) {
  thread_local second_cache cache;
  append(out, t, localtime_r, cache);
}

void append_utc_time(std::string& out, wall_time t) {
  thread_local second_cache cache;
  append(out, t, gmtime_r, cache);
  out += 'Z';
}

} // namespace hongyan
