/// The hook before a send, as JSON (contract, section 8).
#pragma once

#include "core/bounds/limits.hpp"
#include "core/chat/check.hpp"
#include "core/errors.hpp"

#include <string>
#include <string_view>

namespace hongyan {

/// All that people can read in a message, one a line: a text, or the strings of an object; and names that
/// stand beside.
std::string text_in(message_kind kind, const std::string& content, const std::string& names = {});

/// The names that a message is shown with to classic clients (of a push, as its sender's client gave them),
/// one a line.
template <class Message>
std::string names_in(const Message& m) {
  std::string names = m.from_name.value_or("");
  if (m.to_name) names.append(names.empty() ? "" : "\n").append(*m.to_name);
  return names;
}

/// {event, from, to, kind, content, ext}; of a name `kind` is null.
std::string encode_check(const check_question& question);

/// What the hook has answered. A content that replaces another is held to the rules of its kind; that of a
/// message with a file, which is the server's, cannot be replaced. Errors: malformed, for the log.
result<check_verdict> parse_verdict(std::string_view answer, const check_question& question,
                                    const limits& limits);

} // namespace hongyan
