/// Subscribe messages, as WeChat takes them. Pure.
#pragma once

#include "core/chat/notice.hpp"

#include <string>
#include <string_view>

namespace hongyan::wechat {

/// A key of a template is a type and a number. What a field of ours can be written to; empty: it can.
std::string key_fault(std::string_view key, notice_part part);

/// In a page: the user or group that the notice is of, as `userId=…` or `groupId=…`.
inline constexpr std::string_view page_place = "{to}";

/// What is posted to send it.
std::string encode_notice(const notice_template& of, const due_notice& what);

/// What a field says: within WeChat's limits for its type, and never empty, which WeChat refuses.
std::string field_value(std::string_view key, notice_part part, const due_notice& what);

} // namespace hongyan::wechat
