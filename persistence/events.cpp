#include "persistence/events.hpp"

#include "core/tools/wall_time.hpp"
#include "core/wire/json.hpp"
#include "core/wire/v1/encode.hpp"
#include "persistence/views.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace hongyan {

namespace {

/// An entry's place.
using place = std::pair<std::int64_t, std::int64_t>;

/// The entry that a recall or an edit is about.
place target_of(const message& entry) {
  return {entry.conversation_id, read_edit_entry(entry).seq.value_or(0)};
}

bool is_about_another(const message& entry) { return is_quiet(entry.kind); }

/// What is needed to tell of entries.
struct known_entries {
  std::map<place, message> targets;                           ///< as they are now
  std::map<place, std::map<std::int32_t, kept_version>> kept; ///< by edits

  /// As it was after so many edits.
  message after_edits(message m, std::int32_t edits) const {
    const auto versions = kept.find({m.conversation_id, m.seq});
    if (versions == kept.end()) return m;
    const auto version = versions->second.find(edits);
    if (version == versions->second.end()) return m;
    m.kind = version->second.kind;
    m.content = version->second.content;
    m.ext = version->second.ext;
    m.edits = edits;
    m.recalled = false;
    return m;
  }

  /// It was no message until it was whole, which another entry tells.
  bool came_as_stream(const message& m) const {
    const auto versions = kept.find({m.conversation_id, m.seq});
    return versions != kept.end() && versions->second.contains(was_stream);
  }
};

result<known_entries> look_up(message_reader& reader, std::span<const message> entries) {
  std::vector<log_range> targets, versions;
  for (const message& entry : entries) {
    if (entry.kind == message_kind::group) continue;
    const place at = is_about_another(entry) ? target_of(entry) : place{entry.conversation_id, entry.seq};
    if (is_about_another(entry)) targets.push_back(only(at.first, at.second));
    versions.push_back(only(at.first, at.second));
  }
  known_entries known;
  auto found = reader.log(targets);
  if (!found) return found.error();
  for (auto& one : *found)
    known.targets.insert_or_assign(place{one.conversation_id, one.seq}, std::move(one));
  // After the entries: what is overwritten meanwhile is kept by then.
  auto kept = reader.kept_versions(versions);
  if (!kept) return kept.error();
  for (auto& one : *kept)
    known.kept[{one.conversation_id, one.seq}].insert_or_assign(one.edits, std::move(one));
  return known;
}

/// Who took a message back, as JSON: by its entry, or who wrote it; null is the back end.
std::string recalled_by(const message& entry) {
  const auto content = parse_json(entry.content);
  const auto* object = content ? content->if_object() : nullptr;
  const auto* by = object != nullptr ? object->if_contains("by") : nullptr;
  if (by == nullptr) return json_string(entry.from.text());
  return by->is_string() ? json_string(std::string_view(by->get_string())) : "null";
}

std::string data_of(const message& m) { return "{\"message\":" + v1::encode_message(m) + "}"; }
std::string data_of(const message& m, const std::string& by) {
  return "{\"message\":" + v1::encode_message(m) + ",\"by\":" + by + "}";
}

/// Nothing: nobody is told.
std::optional<event> tell(const message& entry, const known_entries& known) {
  event told{.id = entry.id, .conversation_id = entry.conversation_id, .at = entry.created_at};
  if (entry.kind == message_kind::group) {
    told.type = event_type::group_changed;
    told.data = data_of(entry);
    return told;
  }
  if (!is_about_another(entry)) {
    if (is_own_entry(entry.kind) || known.came_as_stream(entry)) return {};
    told.data = data_of(known.after_edits(entry, 0));
    return told;
  }
  const auto target = known.targets.find(target_of(entry));
  if (target == known.targets.end()) return {}; // of a newer release
  const message& now_is = target->second;
  if (entry.kind == message_kind::recall) {
    if (now_is.kind == message_kind::text_stream) return {}; // it never was a message
    told.type = event_type::message_recalled;
    told.data = data_of(now_is, recalled_by(entry));
    return told;
  }
  const auto edits = static_cast<std::int32_t>(read_edit_entry(entry).edits.value_or(now_is.edits));
  const auto as_it_was = known.after_edits(now_is, edits);
  if (edits == 0) {
    told.data = data_of(as_it_was);
  } else {
    told.type = event_type::message_edited;
    told.data = data_of(as_it_was, json_string(entry.from.text()));
  }
  return told;
}

/// A user's are told one after the other, as a conversation's are.
std::int64_t line_of(const user_id& user) {
  return -1 - static_cast<std::int64_t>(std::hash<std::string>()(user.text()) >> 2);
}

event tell_presence(const side_event& of) {
  std::string data = "{\"userId\":" + json_string(of.what.user.text()) + ",\"since\":\"";
  append_utc_time(data, of.at);
  return {.id = of.id,
          .conversation_id = line_of(of.what.user),
          .type = of.what.on ? event_type::user_online : event_type::user_offline,
          .at = of.at,
          .data = data + "\"}"};
}

event tell(const side_event& of) {
  if (of.is_presence()) return tell_presence(of);
  const reaction& r = of.what;
  std::string data = "{\"conversationId\":\"" + std::to_string(r.conversation_id) +
                     "\",\"seq\":" + std::to_string(r.seq) + ",\"userId\":" + json_string(r.user.text()) +
                     ",\"emoji\":" + json_string(r.emoji) + ",\"on\":" + (r.on ? "true" : "false") + "}";
  return {.id = of.id,
          .conversation_id = r.conversation_id,
          .type = event_type::message_reacted,
          .at = of.at,
          .data = std::move(data)};
}

result<std::vector<event>> events_between(message_reader& reader, std::int64_t after, std::int64_t up_to) {
  const auto limit = static_cast<std::size_t>(up_to - after);
  const auto entries = reader.entries_by_id(after, up_to, limit);
  if (!entries) return entries.error();
  const auto aside = reader.side_events(after, up_to, limit);
  if (!aside) return aside.error();
  const auto known = look_up(reader, *entries);
  if (!known) return known.error();
  std::vector<event> events;
  for (const message& entry : *entries)
    if (auto told = tell(entry, *known)) events.push_back(*std::move(told));
  for (const side_event& one : *aside) events.push_back(tell(one));
  std::ranges::sort(events, {}, &event::id);
  return events;
}

} // namespace

result<event_page> read_events(message_reader& reader, std::int64_t after) {
  const auto settled = reader.settled();
  if (!settled) return settled.error();
  event_page page{.events = {},
                  .up_to = std::max(after, std::min(settled->up_to, after + event_page_ids)),
                  .is_set_back = settled->last < after};
  if (page.up_to == after) return page;
  auto events = events_between(reader, after, page.up_to);
  if (!events) return events.error();
  page.events = *std::move(events);
  return page;
}

result<std::vector<event>> find_events(message_reader& reader, std::span<const std::int64_t> ids) {
  std::vector<event> all;
  for (const std::int64_t id : ids) {
    auto one = events_between(reader, id - 1, id);
    if (!one) return one.error();
    std::ranges::move(*one, std::back_inserter(all));
  }
  return all;
}

} // namespace hongyan
