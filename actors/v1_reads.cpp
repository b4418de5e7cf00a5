#include "actors/v1_reads.hpp"

#include "core/v1/encode.hpp"

namespace hongyan {

namespace {

template <class T, class Encode>
v1_answer encoded(const result<T>& found, Encode encode) {
  if (!found) return {.failure = found.error()};
  return {.failure = {}, .json = encode(*found)};
}

/// A cursor names the last id of the page before; the mark keeps one from being made up by hand.
constexpr std::string_view cursor_mark = "after.";

/// The id that a cursor names; empty for the first page.
result<std::string> id_before(std::string_view cursor) {
  if (cursor.empty()) return std::string();
  if (!cursor.starts_with(cursor_mark) || !user_id::parse(cursor.substr(cursor_mark.size())))
    return error{errc::malformed,
                 "cursor is none that this server gave: pass the one of the page before, or none", "cursor"};
  return std::string(cursor.substr(cursor_mark.size()));
}

/// One more row than asked for tells whether there is another page: then its cursor.
template <class Row>
std::string cut_page(std::vector<Row>& rows, std::size_t limit, user_id Row::*key) {
  if (rows.size() <= limit) return {};
  rows.resize(limit);
  return std::string(cursor_mark) + (rows.back().*key).text();
}

error no_group() { return {errc::not_found, "there is no such group of yours", "groupId"}; }

struct reading {
  message_reader& reader;
  const user_id& user;
  const std::string& epoch;

  v1_answer operator()(const page_query& q) const {
    return encoded(read_history(reader, q), v1::history_result);
  }
  v1_answer operator()(const search_query& q) const { return encoded(search(reader, q), v1::search_result); }
  v1_answer operator()(const list_query& q) const {
    return encoded(list_conversations(reader, q), v1::list_result);
  }

  v1_answer operator()(const v1::resume& r) const {
    const bool reset = r.epoch && *r.epoch != epoch;
    auto query = r.query;
    if (reset) query.positions.clear();
    const auto page = sync(reader, query);
    if (!page) return {.failure = page.error()};
    v1_answer answer{.failure = {}, .json = v1::sync_result(*page, epoch, reset)};
    auto& given = answer.given.emplace();
    if (page->has_more)
      for (const auto& c : page->conversations)
        given[c.of.conversation_id] = c.messages.empty() ? c.of.last_seq : c.messages.back().seq;
    return answer;
  }

  v1_answer operator()(const v1::show_typing& t) const {
    auto hearers = audience(reader, user, t.in);
    if (!hearers) return {.failure = hearers.error()};
    return {.failure = {}, .json = std::string(v1::empty_result), .audience = std::move(*hearers)};
  }

  v1_answer operator()(const v1::get_profiles& g) const {
    return encoded(reader.profiles(g.users), v1::profiles_result);
  }
  v1_answer operator()(const v1::list_blocks&) const {
    return encoded(reader.blocks(user), v1::blocks_result);
  }

  v1_answer operator()(const v1::get_group& g) const {
    auto group = reader.find_group(user, g.group);
    if (!group) return {.failure = group.error()};
    if (!*group) return {.failure = no_group()};
    return {.failure = {}, .json = v1::group_result(**group)};
  }
  v1_answer operator()(const v1::list_groups& g) const {
    const auto after = id_before(g.cursor);
    if (!after) return {.failure = after.error()};
    auto rows = reader.groups(user, *after, g.limit + 1);
    if (!rows) return {.failure = rows.error()};
    const auto cursor = cut_page(*rows, g.limit, &group_info::id);
    return {.failure = {}, .json = v1::groups_result(*rows, cursor)};
  }
  v1_answer operator()(const v1::list_members& g) const {
    const auto after = id_before(g.cursor);
    if (!after) return {.failure = after.error()};
    const auto group = reader.find_group(user, g.group);
    if (!group) return {.failure = group.error()};
    if (!*group) return {.failure = no_group()};
    auto rows = reader.members((*group)->conversation_id, *after, g.limit + 1);
    if (!rows) return {.failure = rows.error()};
    const auto cursor = cut_page(*rows, g.limit, &group_member::user);
    return {.failure = {}, .json = v1::members_result(*rows, cursor)};
  }

  // Those that do not read.
  template <class Other>
  v1_answer operator()(const Other&) const {
    return {.failure = error{errc::internal, "not a question for the history"}};
  }
};

} // namespace

v1_answer read_for(message_reader& reader, const user_id& user, const v1::command& what,
                   const std::string& epoch) {
  return std::visit(reading{reader, user, epoch}, what);
}

} // namespace hongyan
