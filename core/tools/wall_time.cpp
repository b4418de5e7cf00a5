#include "core/tools/wall_time.hpp"

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

std::optional<wall_time> parse_utc_time(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != form.size()) return {};
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return {};
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (const char c : text.substr(at, digits)) value = value * 10 + (c - '0');
    return value;
  };
  using namespace std::chrono;
  const year_month_day date{year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                            day(static_cast<unsigned>(number(8, 2)))};
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return {};
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(number(20, 3));
}

} // namespace hongyan
