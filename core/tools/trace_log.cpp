#include "core/tools/trace_log.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace hongyan {

using std::chrono::microseconds;

void trace_log::set_memory(std::size_t bytes) {
  size_ = bytes / parts / sizeof(record);
  for (auto& one : parts_)
    // As the kernel gives it: nothing is written before it is used.
    one.ring =
        size_ > 0 ? std::make_unique_for_overwrite<record[]>(size_) : nullptr; // NOLINT(*-avoid-c-arrays)
}

trace_log::part& trace_log::of_this_thread() {
  static std::atomic<std::size_t> threads = 0;
  thread_local const std::size_t mine = threads++ % parts;
  return parts_[mine];
}

void trace_log::note(trace_event::what of, std::int64_t conversation, std::int64_t first, std::int64_t last,
                     std::string_view user, std::string_view session, std::uint32_t count) {
  if (spans_ != nullptr && spans_->is_on()) spans_->saw(of, conversation, first, last, user, session);
  if (size_ == 0) return;
  record r{.conversation = conversation,
           .first = first,
           .last = last,
           .at_us =
               std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch())
                   .count(),
           .count = count,
           .of = of,
           .user_length = static_cast<std::uint8_t>(std::min(user.size(), user_bytes)),
           .session = {},
           .user = {}};
  std::ranges::copy(user.substr(0, r.user_length), r.user.begin());
  std::ranges::copy(session.substr(0, session_bytes), r.session.begin());
  auto& mine = of_this_thread();
  const std::lock_guard lock(mine.mutex);
  mine.ring[mine.written++ % size_] = r;
}

trace_log::found trace_log::find(std::int64_t conversation, std::int64_t seq, std::int64_t id,
                                 std::size_t of_each) const {
  found all;
  const auto is_of_it = [&](const record& r) {
    if (r.conversation == 0) return r.first <= id && id <= r.last;
    return r.conversation == conversation && r.first <= seq && seq <= r.last;
  };
  for (const auto& one : parts_) {
    const std::lock_guard lock(one.mutex);
    for (std::size_t i = 0; i < std::min<std::uint64_t>(one.written, size_); ++i) {
      const auto& r = one.ring[i];
      if (!is_of_it(r)) continue;
      all.events.push_back(
          {.of = r.of,
           .conversation_id = r.conversation,
           .first = r.first,
           .last = r.last,
           .count = r.count,
           .at = decltype(trace_event::at)(microseconds(r.at_us)),
           .user = std::string(r.user.data(), r.user_length),
           .session = std::string(r.session.data(), ::strnlen(r.session.data(), session_bytes))});
    }
  }
  std::ranges::stable_sort(all.events, {}, &trace_event::at);
  std::array<std::size_t, 6> listed{};
  std::erase_if(all.events, [&](const trace_event& e) {
    if (e.of == trace_event::what::taken) {
      if (all.taken++ == 0) all.first_taken = e.at;
      all.last_taken = e.at;
    }
    return ++listed[static_cast<std::size_t>(e.of)] > of_each;
  });
  return all;
}

} // namespace hongyan
