#include "persistence/views.hpp"

#include "core/wire/json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <charconv>
#include <limits>
#include <map>
#include <tuple>

namespace hongyan {

namespace {

error no_such_group(const peer_or_group& in) {
  return {errc::not_found, "there is no group \"" + in.id.text() + "\" that is yours"};
}

error not_a_cursor() {
  return {errc::malformed, "cursor is none that this server gave: pass the one of the page before, or none",
          "cursor"};
}

/// `N` numbers with points between them. Nothing: it is something else.
template <std::size_t N>
std::optional<std::array<std::int64_t, N>> parse_cursor(std::string_view text) {
  std::array<std::int64_t, N> numbers{};
  for (std::size_t i = 0; i < N; ++i) {
    if (i > 0) {
      if (text.empty() || text.front() != '.') return {};
      text.remove_prefix(1);
    }
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (fault != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (!text.empty()) return {};
  return numbers;
}

/// How many entries lie between the two, without them: seqs are dense.
std::size_t entries_between(std::int64_t after_seq, std::int64_t before_seq) {
  return before_seq - after_seq > 1 ? static_cast<std::size_t>(before_seq - after_seq - 1) : 0;
}

/// The highest seq that is not the user's to read.
std::int64_t hidden_up_to(const membership& m) { return m.readable_from() - 1; }

/// What a client that has all up to `position` may read besides.
std::int64_t read_from(const membership& m, std::int64_t position) {
  return std::max(std::min(position, m.last_seq), hidden_up_to(m));
}

/// Counts what an answer holds.
class answer_budget {
public:
  /// May this one come too? The first always may.
  bool takes(const message& m) {
    return takes(m.content.size() + (m.ext ? m.ext->size() : 0) + bytes_of(m.reactions));
  }
  bool takes(const message_reactions& r) { return takes(bytes_of(r.tallies)); }

private:
  static std::size_t bytes_of(const std::vector<reaction_tally>& tallies) {
    std::size_t bytes = 0;
    for (const auto& tally : tallies) bytes += tally.emoji.size() + 40; // with what is around it in JSON
    return bytes;
  }
  bool takes(std::size_t size) {
    if (used_ > 0 && used_ + size > answer_bytes_max) return false;
    used_ += size + 1;
    return true;
  }

  std::size_t used_ = 0;
};

/// Drops what is too much for one answer, from the far end. True: something was dropped.
bool trim(std::vector<message>& messages, bool keep_newest) {
  answer_budget budget;
  if (keep_newest) {
    const auto kept = std::find_if_not(messages.rbegin(), messages.rend(),
                                       [&](const message& m) { return budget.takes(m); });
    const bool dropped = kept != messages.rend();
    messages.erase(messages.begin(), kept.base());
    return dropped;
  }
  const auto end =
      std::find_if_not(messages.begin(), messages.end(), [&](const message& m) { return budget.takes(m); });
  const bool dropped = end != messages.end();
  messages.erase(end, messages.end());
  return dropped;
}

/// The highest entry of which the user knows.
std::int64_t known_up_to(const membership& m) { return std::max(m.read_seq, hidden_up_to(m)); }

/// Of those of `pages` for which `is_asked` holds: asks the store by one question for all, and gives each its
/// answer.
template <class Page, class Asked, class Ask, class Take>
result<void> ask_each(std::vector<Page>& pages, Asked is_asked, Ask ask, Take take) {
  std::vector<unread_question> questions;
  std::vector<Page*> asked;
  for (Page& page : pages) {
    if (!is_asked(page)) continue;
    questions.push_back({page.of.conversation_id, known_up_to(page.of), page.of.last_seq});
    asked.push_back(&page);
  }
  if (questions.empty()) return {};
  const auto answers = ask(questions);
  if (!answers) return answers.error();
  for (std::size_t i = 0; i < asked.size(); ++i) take(*asked[i], (*answers)[i]);
  return {};
}

/// Unread counts, of those for which `is_asked` holds; and, of all that have unread messages, the first that
/// calls the user.
template <class Page, class Asked>
result<void> fill_unread(message_reader& reader, const user_id& user, std::vector<Page>& pages,
                         Asked is_asked) {
  auto counted = ask_each(
      pages, [&](const Page& p) { return is_asked(p) && p.of.last_seq > known_up_to(p.of); },
      [&](const auto& questions) { return reader.unread(user, questions); },
      [](Page& p, std::size_t count) { p.unread = count; });
  if (!counted) return counted;
  return ask_each(
      pages, [](const Page& p) { return p.unread > 0; },
      [&](const auto& questions) { return reader.first_mentions(user, questions); },
      [](Page& p, std::optional<std::int64_t> seq) { p.mention_seq = seq; });
}

/// By conversation and seq.
using reactions_by_message = std::map<std::pair<std::int64_t, std::int64_t>, std::vector<reaction_tally>>;

result<reactions_by_message> read_reactions(message_reader& reader, const user_id& user,
                                            const std::vector<log_range>& ranges) {
  reactions_by_message found;
  if (ranges.empty()) return found;
  auto rows = reader.reactions(user, ranges);
  if (!rows) return rows.error();
  for (auto& r : *rows) found[{r.conversation_id, r.seq}] = std::move(r.tallies);
  return found;
}

/// The stretches of the logs in which these messages are.
void add_ranges(const std::vector<message>& messages, std::vector<log_range>& ranges) {
  for (const message& m : messages) {
    if (is_own_entry(m.kind) || m.recalled) continue;
    auto* last = ranges.empty() ? nullptr : &ranges.back();
    if (last != nullptr && last->conversation_id == m.conversation_id && m.seq >= last->before_seq &&
        m.seq - last->before_seq < 8) // a walk over a few is cheaper than another
      last->before_seq = m.seq + 1;
    else
      ranges.push_back(only(m.conversation_id, m.seq));
  }
}

void give_reactions(std::vector<message>& messages, const reactions_by_message& found) {
  for (message& m : messages)
    if (const auto at = found.find({m.conversation_id, m.seq}); at != found.end()) m.reactions = at->second;
}

/// Everything that is known of a message beside its row, as the user sees it, who may read from `first_seq`
/// on.
result<void> complete(message_reader& reader, const user_id& user, std::vector<message>& messages,
                      std::int64_t first_seq) {
  const auto allowed = [first_seq](std::int64_t, std::int64_t seq) { return seq >= first_seq; };
  if (auto filled = fill_edits(reader, messages, allowed); !filled) return filled;
  std::vector<log_range> ranges;
  add_ranges(messages, ranges);
  const auto found = read_reactions(reader, user, ranges);
  if (!found) return found.error();
  give_reactions(messages, *found);
  return {};
}

/// The conversation list's order, as what a cursor says: less comes first.
std::string list_cursor(const membership& m) {
  const auto key = list_key_of(m);
  return std::to_string(key[0]) + "." + std::to_string(key[1]) + "." + std::to_string(key[2]);
}

result<void> fill(message_reader& reader, const user_id& user, std::vector<conversation_view>& views) {
  if (views.empty()) return {};
  std::vector<log_range> ranges;
  for (const conversation_view& view : views)
    ranges.push_back(only(view.of.conversation_id, view.of.shown_seq));
  auto last = reader.log(ranges);
  if (!last) return last.error();
  if (auto completed = complete(reader, user, *last, 1); !completed) return completed;
  auto entry = last->begin();
  for (conversation_view& view : views)
    if (entry != last->end() && entry->conversation_id == view.of.conversation_id)
      view.last = std::move(*entry++);
  return fill_unread(reader, user, views, [](const conversation_view&) { return true; });
}

/// Has the log what the client holds? Below what is theirs to read nothing is judged; of what is no more
/// theirs (left, cleared) only what the log says otherwise, or that there is no such conversation at all: the
/// store is then older than it.
result<std::string_view> why_void(message_reader& reader, std::span<const held_message> held,
                                  const std::map<std::int64_t, const membership*>& theirs) {
  const auto is_theirs = [&](const held_message& h) { return theirs.contains(h.conversation_id); };
  std::vector<held_message> judged;
  std::vector<log_range> ranges;
  for (const held_message& h : held) {
    if (const auto at = theirs.find(h.conversation_id);
        at != theirs.end() && h.seq <= hidden_up_to(*at->second))
      continue;
    judged.push_back(h);
    ranges.push_back(only(h.conversation_id, h.seq));
  }
  if (ranges.empty()) return std::string_view();
  const auto entries = reader.log(ranges);
  if (!entries) return entries.error();

  auto entry = entries->begin();
  std::vector<log_range> beginnings;
  for (const held_message& h : judged) {
    const bool is_there =
        entry != entries->end() && entry->conversation_id == h.conversation_id && entry->seq == h.seq;
    if (!is_there && is_theirs(h)) return std::string_view("no_message");
    if (!is_there) {
      beginnings.push_back({.conversation_id = h.conversation_id,
                            .before_seq = std::numeric_limits<std::int64_t>::max(),
                            .limit = 1}); // whatever is kept of it
      continue;
    }
    if (entry->id != h.id || entry->created_at != h.created_at) return std::string_view("other_message");
    ++entry;
  }
  if (beginnings.empty()) return std::string_view();
  for (const log_range& one : beginnings) {
    const auto begun = reader.log(std::span(&one, 1));
    if (!begun) return begun.error();
    if (!begun->empty()) continue;
    // Nothing is kept of it, perhaps, and it is there all the same.
    const auto members = reader.members(one.conversation_id, "", 1);
    if (!members) return members.error();
    if (members->empty()) return std::string_view("no_conversation");
  }
  return std::string_view();
}

/// Why the client's positions mean nothing here: it holds what this store has not, so the store was set back.
/// Empty: they are good. A position is of something committed, and this reads what is committed, so it is
/// never ahead of us by chance.
result<std::string_view> why_void(message_reader& reader, const sync_query& query,
                                  const std::vector<membership>& shown) {
  if (query.positions.empty() && query.last.empty()) return std::string_view();
  std::map<std::int64_t, const membership*> theirs;
  for (const membership& m : shown) {
    const auto position = query.positions.find(m.conversation_id);
    if (position != query.positions.end() && position->second > m.last_seq) return std::string_view("ahead");
    if (!query.last.empty()) theirs.emplace(m.conversation_id, &m);
  }
  return why_void(reader, query.last, theirs);
}

/// Decides what one answer to `sync` holds, and then reads it.
class sync_planner {
public:
  explicit sync_planner(const sync_query& query)
      : query_(query)
      , left_(std::max<std::size_t>(query.limit, 1)) {} // or it would never end

  sync_page plan(std::vector<membership> shown) {
    std::ranges::sort(shown, {}, [](const membership& m) {
      return std::pair(-m.last_at.time_since_epoch().count(), m.conversation_id);
    });
    list_gone(shown);
    std::vector<membership> unchanged;
    for (membership& m : shown) {
      const auto known = query_.positions.find(m.conversation_id);
      if (known == query_.positions.end())
        plan_new(std::move(m));
      else if (read_from(m, known->second) < m.last_seq)
        plan_newer(std::move(m), known->second);
      else
        unchanged.push_back(std::move(m));
    }
    if (page_.has_more) return std::move(page_); // they come with the last page
    for (membership& m : unchanged)
      if (has_room()) page_.conversations.push_back({.of = std::move(m), .messages = {}});
    return std::move(page_);
  }

  const std::vector<log_range>& ranges() const { return ranges_; }
  /// In which something is new, newest active first.
  std::vector<std::int64_t> take_changed() { return std::move(changed_); }

private:
  bool has_room() const { return page_.conversations.size() < sync_conversations_max; }

  void list_gone(const std::vector<membership>& shown) {
    std::vector<std::int64_t> ids;
    for (const membership& m : shown) ids.push_back(m.conversation_id);
    std::ranges::sort(ids);
    for (const auto& [id, position] : query_.positions)
      if (!std::ranges::binary_search(ids, id)) page_.gone.push_back(id);
  }

  /// A conversation that the client does not have: as if it had all but the newest messages.
  void plan_new(membership m) {
    const auto oldest = m.last_seq - static_cast<std::int64_t>(query_.recent);
    plan_newer(std::move(m), std::max<std::int64_t>(oldest, 0));
  }

  void plan_newer(membership m, std::int64_t position) {
    const auto after = read_from(m, position);
    const auto wanted = entries_between(after, m.last_seq + 1);
    changed_.push_back(m.conversation_id);
    add(std::move(m), {.after_seq = after, .limit = wanted}, wanted > left_);
  }

  /// Takes in as much of `range`, of which `limit` messages are wanted, as there is room for.
  void add(membership m, log_range range, bool has_more) {
    if (!has_room() || (left_ == 0 && range.limit > 0)) {
      page_.has_more = true;
      return;
    }
    range.limit = std::min(range.limit, left_);
    range.conversation_id = m.conversation_id;
    range.before_seq = m.last_seq + 1;
    left_ -= range.limit;
    if (range.limit > 0) ranges_.push_back(range);
    page_.has_more = page_.has_more || has_more;
    page_.conversations.push_back({.of = std::move(m), .messages = {}, .has_more = has_more});
  }

  const sync_query& query_;
  std::size_t left_; ///< messages
  sync_page page_;
  std::vector<std::int64_t> changed_;
  std::vector<log_range> ranges_; ///< in the order of the page's conversations, which need not all have one
};

/// How many of the messages are unread, when they are all that were said since the user read.
std::optional<std::size_t> unread_among(const user_id& user, const synced_conversation& c) {
  const auto after = known_up_to(c.of);
  if (c.messages.empty() || c.messages.front().seq > after + 1 || c.messages.back().seq < c.of.last_seq)
    return {};
  const auto is_unread = [&](const message& m) {
    return m.seq > after && m.from != user && !m.recalled && !is_own_entry(m.kind);
  };
  return std::min(static_cast<std::size_t>(std::ranges::count_if(c.messages, is_unread)), unread_max);
}

/// Of the messages that come, and of each conversation's newest, which the client may have without them.
result<void> fill_reactions(message_reader& reader, const sync_query& query,
                            std::vector<synced_conversation>& conversations) {
  const auto newest_after = [&](const membership& m) {
    return std::max(m.last_seq - static_cast<std::int64_t>(query.recent), hidden_up_to(m));
  };
  std::vector<log_range> ranges;
  for (const synced_conversation& c : conversations) {
    add_ranges(c.messages, ranges);
    ranges.push_back({c.of.conversation_id, newest_after(c.of), c.of.last_seq + 1, query.recent});
  }
  const auto found = read_reactions(reader, query.user, ranges);
  if (!found) return found.error();
  if (found->empty()) return {};
  answer_budget budget;
  for (synced_conversation& c : conversations) {
    give_reactions(c.messages, *found);
    const auto id = c.of.conversation_id;
    const auto end = found->upper_bound({id, c.of.last_seq});
    for (auto at = found->upper_bound({id, newest_after(c.of)}); at != end; ++at) {
      message_reactions newest{id, at->first.second, at->second};
      // What is too much is left out: a client asks for what it shows.
      if (budget.takes(newest)) c.changed.push_back(std::move(newest));
    }
  }
  return {};
}

result<void> fill(message_reader& reader, const sync_query& query, const std::vector<log_range>& ranges,
                  std::vector<synced_conversation>& conversations) {
  if (!ranges.empty()) {
    auto entries = reader.log(ranges);
    if (!entries) return entries.error();
    const auto allowed = [&](std::int64_t conversation, std::int64_t seq) {
      const auto at = std::ranges::find(conversations, conversation,
                                        [](const synced_conversation& c) { return c.of.conversation_id; });
      return at != conversations.end() && seq >= at->of.first_seq;
    };
    if (auto filled = fill_edits(reader, *entries, allowed); !filled) return filled;
    auto conversation = conversations.begin();
    for (message& entry : *entries) {
      const auto is_its = [&](const synced_conversation& c) {
        return c.of.conversation_id == entry.conversation_id;
      };
      conversation = std::find_if(conversation, conversations.end(), is_its);
      if (conversation == conversations.end()) break;
      conversation->messages.push_back(std::move(entry));
    }
  }
  // The store is asked only for what cannot be counted here: a phone that comes back mostly has read all that
  // it had.
  for (synced_conversation& c : conversations)
    if (const auto count = unread_among(query.user, c)) c.unread = *count;
  auto counted = fill_unread(reader, query.user, conversations,
                             [&](const synced_conversation& c) { return !unread_among(query.user, c); });
  if (!counted) return counted;
  return fill_reactions(reader, query, conversations);
}

/// What is too much for one answer comes with the next: the rest of the conversation in which the room ended,
/// and those after it in which something is new.
void trim(sync_page& page) {
  answer_budget budget;
  bool full = false;
  std::erase_if(page.conversations, [&](synced_conversation& c) {
    if (c.messages.empty()) return false;
    const auto end = std::find_if_not(c.messages.begin(), c.messages.end(),
                                      [&](const message& m) { return !full && budget.takes(m); });
    if (end == c.messages.end()) return false;
    full = page.has_more = c.has_more = true;
    c.messages.erase(end, c.messages.end());
    return c.messages.empty();
  });
}

/// Plans a page over these conversations of the user, and reads it. `left` of the page: what is new in them
/// beyond it.
result<sync_page> read_page(message_reader& reader, const sync_query& query, std::vector<membership> shown) {
  sync_planner planner(query);
  auto page = planner.plan(std::move(shown));
  if (auto filled = fill(reader, query, planner.ranges(), page.conversations); !filled) return filled.error();
  trim(page);
  std::vector<std::int64_t> done;
  for (const synced_conversation& c : page.conversations)
    if (!c.has_more) done.push_back(c.of.conversation_id);
  std::ranges::sort(done);
  page.left = planner.take_changed();
  std::erase_if(page.left, [&](std::int64_t id) { return std::ranges::binary_search(done, id); });
  return page;
}

/// memberships() has not read them.
result<void> fill_peers(message_reader& reader, const user_id& user,
                        std::vector<synced_conversation>& conversations) {
  std::vector<std::int64_t> ids;
  for (const synced_conversation& c : conversations)
    if (!c.of.with.is_group()) ids.push_back(c.of.conversation_id);
  if (ids.empty()) return {};
  const auto found = reader.some_memberships(user, ids);
  if (!found) return found.error();
  std::map<std::int64_t, std::int64_t> positions;
  for (const membership& m : *found) positions.emplace(m.conversation_id, m.peer_read_seq.value_or(0));
  for (synced_conversation& c : conversations)
    if (!c.of.with.is_group())
      c.of.peer_read_seq = positions[c.of.conversation_id]; // 0 when cleared just now
  return {};
}

result<sync_page> sync_all(message_reader& reader, const sync_query& given) {
  auto shown = reader.memberships(given.user);
  if (!shown) return shown.error();
  const auto reset = why_void(reader, given, *shown);
  if (!reset) return reset.error();
  sync_query query = given;
  if (!reset->empty()) query.positions.clear();
  auto page = read_page(reader, query, *std::move(shown));
  if (!page) return page;
  if (auto filled = fill_peers(reader, query.user, page->conversations); !filled) return filled.error();
  page->reset = *reset;
  if (page->left.size() > sync_left_max) page->left.resize(sync_left_max);
  return page;
}

/// A page in the middle: of a user with 10,000 conversations each page would else look at all of them, to
/// give ten. What has become new, gone or void meanwhile is for the last page, which looks at all. Without
/// conversations: nothing was left.
result<sync_page> sync_left(message_reader& reader, const sync_query& query) {
  // Something is new in each, so that no more of them have room.
  const auto some =
      std::span(query.left).first(std::min(query.left.size(), std::max<std::size_t>(query.limit, 1)));
  auto shown = reader.some_memberships(query.user, some);
  if (!shown) return shown.error();
  std::erase_if(*shown, [&](const membership& m) {
    const auto known = query.positions.find(m.conversation_id);
    return known != query.positions.end() && read_from(m, known->second) >= m.last_seq;
  });
  auto page = read_page(reader, query, *std::move(shown));
  if (!page) return page;
  page->gone.clear();
  page->has_more = true;
  page->left.insert(page->left.end(), query.left.begin() + std::ssize(some), query.left.end());
  return page;
}

} // namespace

result<history_page> read_history(message_reader& reader, const page_query& query) {
  const auto found = reader.find_membership(query.user, query.in);
  if (!found) return found.error();
  if (!*found && query.in.is_group()) return no_such_group(query.in);
  if (!*found) return history_page{};

  const membership& m = **found;
  const auto end = m.last_seq + 1;
  const auto after = read_from(m, query.after_seq.value_or(0));
  const auto before = std::clamp<std::int64_t>(query.before_seq.value_or(end), 0, end);
  const auto available = entries_between(after, before);
  history_page page{.messages = {}, .has_more = available > query.limit};
  if (available == 0 || query.limit == 0) return page;
  const log_range range{m.conversation_id, after, before, query.limit, !query.after_seq};
  auto entries = reader.log(std::span(&range, 1));
  if (!entries) return entries.error();
  page.messages = *std::move(entries);
  if (auto completed = complete(reader, query.user, page.messages, m.first_seq); !completed)
    return completed.error();
  if (trim(page.messages, range.newest)) page.has_more = true;
  return page;
}

result<std::vector<message>> read_messages(message_reader& reader, const messages_query& query) {
  const auto found = reader.find_membership(query.user, query.in);
  if (!found) return found.error();
  if (!*found && query.in.is_group()) return no_such_group(query.in);
  if (!*found) return std::vector<message>{};
  auto seqs = query.seqs;
  std::ranges::sort(seqs);
  const auto repeated = std::ranges::unique(seqs);
  seqs.erase(repeated.begin(), repeated.end());
  std::vector<log_range> ranges;
  for (const auto seq : seqs)
    if (seq >= (*found)->first_seq) ranges.push_back(only((*found)->conversation_id, seq));
  if (ranges.empty()) return std::vector<message>{};
  auto messages = reader.log(ranges);
  if (!messages) return messages;
  if (auto completed = complete(reader, query.user, *messages, (*found)->first_seq); !completed)
    return completed.error();
  trim(*messages, false);
  return messages;
}

std::string edit_content(std::int64_t seq, const std::string* content) {
  std::string json = "{\"seq\":" + std::to_string(seq) + ",\"content\":";
  if (content != nullptr)
    append_json_string(json, *content);
  else
    json += "null";
  return json + "}";
}

std::string edit_entry(const message& now_is) {
  return "{\"seq\":" + std::to_string(now_is.seq) + ",\"edits\":" + std::to_string(now_is.edits) + "}";
}

told_edit read_edit_entry(const message& edit) {
  const auto content = parse_json(edit.content);
  const auto* object = content ? content->if_object() : nullptr;
  const auto number = [object](std::string_view name) -> std::optional<std::int64_t> {
    const auto* value = object != nullptr ? object->if_contains(name) : nullptr;
    if (value == nullptr || !value->is_int64()) return {};
    return value->get_int64();
  };
  return {number("seq"), number("edits")};
}

result<void> fill_edits(message_reader& reader, std::vector<message>& entries, const may_read& allowed) {
  std::vector<log_range> ranges;
  std::vector<message*> edits;
  for (message& m : entries) {
    if (m.kind != message_kind::edit) continue;
    const auto seq = read_edit_entry(m).seq;
    if (!seq) continue;
    ranges.push_back(only(m.conversation_id, *seq));
    edits.push_back(&m);
  }
  if (edits.empty()) return {};
  const auto edited = reader.log(ranges);
  if (!edited) return edited.error();
  auto now_is = edited->begin();
  for (message* edit : edits) {
    const auto seq = *read_edit_entry(*edit).seq;
    const bool is_there =
        now_is != edited->end() && now_is->conversation_id == edit->conversation_id && now_is->seq == seq;
    const bool is_shown = is_there && !now_is->recalled && allowed(edit->conversation_id, seq);
    edit->content = edit_content(seq, is_shown ? &now_is->content : nullptr);
    if (is_there) ++now_is;
  }
  return {};
}

result<conversation_page> list_conversations(message_reader& reader, const list_query& query) {
  const auto begin = query.cursor.empty() ? std::array{std::numeric_limits<std::int64_t>::min(),
                                                       std::int64_t{}, std::int64_t{}}
                                          : parse_cursor<3>(query.cursor);
  if (!begin) return not_a_cursor();
  // One more than the page holds, to know whether there is another.
  const auto most = std::max<std::size_t>(query.limit, 1);
  auto shown = reader.listed(query.user, *begin, most + 1);
  if (!shown) return shown.error();

  conversation_page page;
  const auto size = std::min(shown->size(), most);
  for (std::size_t i = 0; i < size; ++i) page.conversations.push_back({std::move((*shown)[i])});
  if (size < shown->size()) page.cursor = list_cursor(page.conversations.back().of);
  if (auto filled = fill(reader, query.user, page.conversations); !filled) return filled.error();
  answer_budget budget;
  const auto end = std::ranges::find_if_not(page.conversations, [&](const conversation_view& view) {
    return !view.last || budget.takes(*view.last);
  });
  if (end != page.conversations.end()) {
    page.conversations.erase(end, page.conversations.end());
    page.cursor = list_cursor(page.conversations.back().of);
  }
  return page;
}

result<sync_page> sync(message_reader& reader, const sync_query& query) {
  if (!query.left.empty()) {
    auto page = sync_left(reader, query);
    if (!page || !page->conversations.empty()) return page;
  }
  return sync_all(reader, query);
}

result<search_page> search(message_reader& reader, const search_query& query) {
  search_question question{.user = query.user, .terms = search_terms(query.text), .limit = query.limit + 1};
  if (question.terms.empty()) return search_page{};
  if (!query.cursor.empty()) {
    const auto before = parse_cursor<1>(query.cursor);
    if (!before) return not_a_cursor();
    question.before_id = (*before)[0];
  }
  if (query.in) {
    const auto found = reader.find_membership(query.user, *query.in);
    if (!found) return found.error();
    if (!*found && query.in->is_group()) return no_such_group(*query.in);
    if (!*found) return search_page{};
    question.conversation_id = (*found)->conversation_id;
  }
  // One more than the page holds, to know whether there is another.
  auto matches = reader.search(question);
  if (!matches) return matches.error();
  search_page page{.messages = std::move(matches->messages), .cursor = {}};
  const bool cut = page.messages.size() > query.limit;
  if (cut) page.messages.resize(query.limit);
  if (auto completed = complete(reader, query.user, page.messages, 1); !completed) return completed.error();
  const bool trimmed = trim(page.messages, false);
  if ((cut || trimmed) && !page.messages.empty())
    page.cursor = std::to_string(page.messages.back().id);
  else if (matches->walked_to)
    page.cursor = std::to_string(*matches->walked_to);
  return page;
}

result<typing_audience> audience(message_reader& reader, const user_id& user, const peer_or_group& in) {
  if (!in.is_group() && in.id != user) {
    const auto blocked = reader.has_blocked(in.id, user);
    if (!blocked) return blocked.error();
    if (*blocked) return blocked_by_peer();
  }
  const auto found = reader.find_membership(user, in);
  if (!found) return found.error();
  if (!*found && in.is_group()) return no_such_group(in);
  if (!*found || (*found)->last_seq == 0) return typing_audience{};

  typing_audience others{.conversation_id = (*found)->conversation_id, .users = {}};
  if (in.is_group()) {
    auto members = reader.members(others.conversation_id, "", group_members_max);
    if (!members) return members.error();
    for (group_member& member : *members)
      if (member.user != user) others.users.push_back(std::move(member.user));
    return others;
  }
  if (in.id != user) others.users.push_back(in.id);
  return others;
}

} // namespace hongyan
