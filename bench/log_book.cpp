#include "bench/log_book.hpp"

#include <algorithm>

namespace hongyan::bench {

namespace {

std::string described(std::int64_t seq, std::uint64_t number) {
  return "seq " + std::to_string(seq) + (number == 0 ? "" : " (message " + std::to_string(number) + ")");
}

std::string at_user(std::uint32_t user) { return " at user #" + std::to_string(user); }

} // namespace

void log_book::joins(std::uint32_t user, std::int64_t conversation, std::int64_t seq) {
  if (logs_[conversation].readers.emplace(user, seq).second) ++readers_;
}

void log_book::enter(log& in, std::int64_t seq, std::uint64_t number) {
  const auto [entry, is_new] = in.entries.emplace(seq, number);
  if (!is_new) {
    if (entry->second != number)
      faults_.add("two messages with one seq",
                  described(seq, number) + " and " + described(seq, entry->second));
    return;
  }
  if (number == 0) return;
  if (refused_.contains(number))
    faults_.add("answered with an error, but in the log", described(seq, number));
  if (!entered_.insert(number).second) faults_.add("in the log twice", described(seq, number));
}

void log_book::acknowledged(std::int64_t conversation, std::int64_t seq, std::uint64_t number) {
  auto& in = logs_[conversation];
  in.acknowledged = std::max(in.acknowledged, seq);
  enter(in, seq, number);
}

void log_book::refused(std::uint64_t number) {
  refused_.insert(number);
  if (entered_.contains(number))
    faults_.add("answered with an error, but in the log", "message " + std::to_string(number));
}

void log_book::seen(std::uint32_t user, std::int64_t conversation, std::int64_t seq, std::uint64_t number) {
  auto& in = logs_[conversation];
  enter(in, seq, number);
  const auto [reader, is_new] = in.readers.emplace(user, seq);
  if (is_new) {
    ++readers_;
    return;
  }
  auto& last = reader->second;
  if (seq == last + 1) {
    last = seq;
    return;
  }
  const auto where = described(seq, number) + at_user(user) + " after seq " + std::to_string(last);
  faults_.add(seq == last  ? "seen twice at one socket"
              : seq < last ? "seen again, or out of order"
                           : "a hole before what was seen",
              where);
  last = std::max(last, seq);
}

std::size_t log_book::behind_count() const {
  std::size_t behind = 0;
  for (const auto& [conversation, in] : logs_)
    for (const auto& [user, last] : in.readers) behind += last < in.acknowledged;
  return behind;
}

std::vector<std::string> log_book::faults() {
  for (const auto& [conversation, in] : logs_)
    for (const auto& [user, last] : in.readers)
      if (last < in.acknowledged)
        faults_.add("a log not seen to its end",
                    "conversation " + std::to_string(conversation) + at_user(user) + " up to seq " +
                        std::to_string(last) + ", acknowledged up to " + std::to_string(in.acknowledged));
  return faults_.lines();
}

} // namespace hongyan::bench
