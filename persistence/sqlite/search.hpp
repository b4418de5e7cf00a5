/// The table message_search: what is put into it, and what it is asked. Tokens are those of
/// core/chat/search_text.hpp with their conversation before them.
#pragma once

#include "core/chat/message.hpp"
#include "core/chat/search_text.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hongyan {

/// Message id, indexed_tokens(). The second takes them out again: they must be the same.
inline constexpr std::string_view index_message_sql =
    "INSERT INTO message_search (rowid, tokens) VALUES (?1, ?2)";
inline constexpr std::string_view unindex_message_sql =
    "INSERT INTO message_search (message_search, rowid, tokens) VALUES ('delete', ?1, ?2)";

/// What a text of this conversation is indexed under. Empty: nothing can be found in it.
std::string indexed_tokens(std::int64_t conversation, std::string_view text);

/// The MATCH expression for messages of any of `conversations` that have all of `terms`; neither is empty.
std::string match_expression(std::span<const std::int64_t> conversations, std::span<const search_term> terms);

/// Whether a search for `terms` finds this message.
bool has_all(const message& m, std::span<const search_term> terms);

} // namespace hongyan
