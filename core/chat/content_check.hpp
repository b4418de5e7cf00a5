/// What a content check says of a message (contract, section 8), and of whom it was asked.
#pragma once

#include "core/chat/message.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace hongyan {

/// Stored by number: never renumber.
enum class judgement : std::uint8_t {
  waiting = 0, ///< it is to be asked for, or its answer is on its way
  pass = 1,
  review = 2, ///< WeChat is not sure
  risky = 3,
  failed = 4, ///< nobody could say
};
inline constexpr std::array<std::string_view, 5> judgement_names = {"waiting", "pass", "review", "risky",
                                                                    "failed"};
/// Of a number that was stored.
inline judgement judgement_of(std::int64_t number) {
  return number >= 0 && number < static_cast<std::int64_t>(judgement_names.size())
             ? static_cast<judgement>(number)
             : judgement::failed;
}

enum class judged_by : std::uint8_t { nobody = 0, words = 1, wechat = 2 };
inline judged_by judged_by_of(std::int64_t number) {
  return number == 1 ? judged_by::words : number == 2 ? judged_by::wechat : judged_by::nobody;
}

struct content_verdict {
  judgement what = judgement::waiting;
  judged_by by = judged_by::nobody;
  std::optional<std::int32_t> label{}; ///< WeChat's own number of what it found
  bool operator==(const content_verdict&) const = default;
};

/// What is looked at as a picture or voice, and not by what is written in it.
constexpr bool is_checked_as_media(message_kind kind) {
  return kind == message_kind::image || kind == message_kind::voice;
}

/// Nobody had anything to look at, or to ask.
inline constexpr content_verdict nobody_asked{judgement::pass, judged_by::nobody, {}};
/// Our own list has been asked, and nobody else.
inline constexpr content_verdict passed_by_words{judgement::pass, judged_by::words, {}};

/// What the operator wants of content checks.
struct content_rules {
  enum class when : std::uint8_t { off, before, after };
  when text = when::off;
  bool media = false;            ///< pictures and voices, after they are sent
  bool review_is_risky = false;  ///< what WeChat is not sure of
  bool denies_on_failure = true; ///< what nobody could say anything of

  bool is_on() const { return text != when::off || media; }
  /// Whether a message of this kind is checked before it is stored, or once it is.
  bool checks_before(message_kind kind) const { return text == when::before && !is_checked_as_media(kind); }
  bool checks_after(message_kind kind) const {
    return is_checked_as_media(kind) ? media : text == when::after;
  }
  /// Whether what this is said of may not be, or not stay.
  bool refuses(const content_verdict& verdict) const {
    switch (verdict.what) {
    case judgement::risky: return true;
    case judgement::review: return review_is_risky;
    case judgement::failed: return denies_on_failure;
    case judgement::waiting:
    case judgement::pass: break;
    }
    return false;
  }
};

/// What is known of a message's check.
struct content_check {
  std::int64_t message_id = 0;
  content_verdict verdict{};
  wall_time at{};            ///< when it was judged; of one that waits, when it was asked for
  std::int32_t attempts = 0; ///< of one that waits: how often somebody took it up
  std::string trace_id{};    ///< WeChat's name for a picture or voice that it looks at; empty: none
};

/// A message that is to be checked now.
struct waiting_check {
  message what;
  std::int32_t attempts = 0;
  std::string trace_id{};
};

/// Texts that WeChat is asked about in a clock minute (its own limit, which cannot be raised), and of those
/// one user's (contract, section 8).
inline constexpr std::int32_t checks_a_minute = 4000;
inline constexpr std::int32_t user_checks_a_minute = 60;

/// What somebody who is about to ask WeChat about a user's text is told.
struct check_leave {
  std::optional<std::string> openid{}; ///< nothing: the user has come by no WeChat login
  bool granted = false;                ///< it is within the limits above, and counted
};

} // namespace hongyan
