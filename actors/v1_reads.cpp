#include "actors/v1_reads.hpp"

#include "core/wire/v1/encode.hpp"

#include <algorithm>

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
  bool is_public;

  v1_answer operator()(const page_query& q) const {
    return encoded(read_history(reader, q), v1::history_result);
  }
  v1_answer operator()(const messages_query& q) const {
    return encoded(read_messages(reader, q), v1::messages_result);
  }
  v1_answer operator()(const search_query& q) const { return encoded(search(reader, q), v1::search_result); }
  v1_answer operator()(const list_query& q) const {
    return encoded(list_conversations(reader, q), v1::list_result);
  }

  v1_answer operator()(const v1::resume& r) const {
    auto query = r.query;
    const bool other_epoch = r.epoch && *r.epoch != epoch;
    if (other_epoch) {
      query.positions.clear();
      query.last.clear();
      query.left.clear();
    }
    auto page = sync(reader, query);
    if (!page) return {.failure = page.error()};
    if (other_epoch) page->reset = "epoch";
    v1_answer answer{.failure = {}, .json = v1::sync_result(*page, epoch, !page->reset.empty())};
    answer.reset = page->reset;
    auto& given = answer.given.emplace();
    if (page->has_more)
      for (const auto& c : page->conversations)
        given[c.of.conversation_id] = c.messages.empty() ? c.of.last_seq : c.messages.back().seq;
    answer.left = std::move(page->left);
    return answer;
  }

  v1_answer operator()(const v1::show_typing& t) const {
    auto hearers = audience(reader, user, t.in);
    if (!hearers) return {.failure = hearers.error()};
    if (!t.is_told) hearers->users.clear();
    return {.failure = {}, .json = std::string(v1::empty_result), .audience = std::move(*hearers)};
  }

  v1_answer operator()(const v1::get_profiles& g) const {
    auto profiles = reader.profiles(g.users);
    if (!profiles) return {.failure = profiles.error()};
    if (!is_public) {
      const auto known = acquaintances(g.users);
      if (!known) return {.failure = known.error()};
      for (auto& p : *profiles)
        if (!has(*known, p.user)) p = {.user = p.user};
    }
    if (!g.only_one) return {.failure = {}, .json = v1::profiles_result(*profiles)};
    if (profiles->empty()) return {.failure = error{errc::not_found, "there is no such user"}};
    return {.failure = {}, .json = v1::profile_result(profiles->front())};
  }
  v1_answer operator()(const v1::watch_users& w) const {
    auto visible = is_public ? result<std::vector<user_id>>(w.users) : acquaintances(w.users);
    if (!visible) return {.failure = visible.error()};
    const auto blockers = reader.blockers(user, *visible);
    if (!blockers) return {.failure = blockers.error()};
    std::erase_if(*visible, [&](const user_id& other) { return has(*blockers, other); });
    return {.failure = {}, .visible = *std::move(visible)};
  }
  v1_answer operator()(const v1::list_blocks&) const {
    return encoded(reader.blocks(user), v1::blocks_result);
  }
  v1_answer operator()(const v1::list_grants& g) const {
    return encoded(reader.grants(user),
                   [&](const std::vector<push_grant>& all) { return v1::grants_result(g.templates, all); });
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

  static bool has(const std::vector<user_id>& users, const user_id& one) {
    return std::ranges::find(users, one) != users.end();
  }
  /// Oneself among them.
  result<std::vector<user_id>> acquaintances(const std::vector<user_id>& of) const {
    auto known = reader.acquainted(user, of);
    if (known && !has(*known, user)) known->push_back(user);
    if (known) std::erase_if(*known, [&](const user_id& one) { return !has(of, one); });
    return known;
  }

  /// A history is asked nothing else.
  template <class Other>
  requires(!v1::readable<Other> && v1::errand_of<Other> != v1::errand::watch) v1_answer
  operator()(const Other&) const {
    return {.failure = error{errc::internal, "not a question for the history"}};
  }
};

} // namespace

v1_answer read_for(message_reader& reader, const user_id& user, const v1::command& what,
                   const std::string& epoch, bool presence_is_public) {
  return std::visit(reading{reader, user, epoch, presence_is_public}, what);
}

} // namespace hongyan
