#include "tests/support/memory_store.hpp"

#include "persistence/append_rules.hpp"

#include <algorithm>

namespace hongyan::testing {

namespace {

using kept = memory_state::conversation;

std::pair<user_id, user_id> pair_of(const user_id& one, const user_id& other) {
  return std::minmax(one, other);
}

peer_or_group peer_or_group_of(const kept& c, const user_id& seen_by) {
  if (c.group) return peer_or_group::group(*c.group);
  return c.pair->first == seen_by ? c.pair->second : c.pair->first;
}

/// Counted, searched and shown by the classic contract: not the log's own, and still there.
bool is_said(const message& m) { return !is_own_entry(m.kind) && !m.recalled; }

bool matches(const message& m, const std::vector<search_term>& terms) {
  const auto tokens = search_tokens(searchable_text(m.kind, m.content));
  return std::ranges::all_of(terms, [&](const search_term& term) {
    return std::ranges::any_of(tokens, [&](const std::string& token) {
      return term.prefix ? token.starts_with(term.token) : token == term.token;
    });
  });
}

audience_ptr audience_of(const kept& c) {
  if (!c.group) return nullptr;
  std::vector<user_id> users;
  for (const auto& [user, row] : c.members) users.push_back(user);
  return std::make_shared<const std::vector<user_id>>(std::move(users));
}

template <class T>
void keep_newest(std::vector<T>& ascending, std::size_t limit) {
  if (ascending.size() > limit)
    ascending.erase(ascending.begin(), ascending.end() - static_cast<std::ptrdiff_t>(limit));
}

class memory_transaction final : public change_transaction {
public:
  explicit memory_transaction(memory_state& state) : state_(state) {}

  result<std::optional<conversation_row>> lock_group(const user_id& id) override {
    const auto* c = state_.find({}, peer_or_group::group(id));
    if (c == nullptr) return std::optional<conversation_row>{};
    return std::optional(row_of(*c, peer_or_group::group(id)));
  }

  result<std::optional<conversation_row>> lock_direct(const user_id& one, const user_id& other,
                                                      bool make) override {
    const auto* c = make ? &state_.make_direct(one, other) : state_.find(one, other);
    if (c == nullptr) return std::optional<conversation_row>{};
    return std::optional(row_of(*c, other));
  }

  result<std::optional<conversation_row>> make_group(const user_id& id, const std::string& name,
                                                     group_history history, wall_time now) override {
    const auto conversation_id = static_cast<std::int64_t>(state_.conversations.size()) + 1;
    if (!state_.groups.emplace(id, conversation_id).second) return std::optional<conversation_row>{};
    auto& c = state_.conversations[conversation_id];
    c.id = conversation_id;
    c.group = id;
    c.name = name;
    c.history = history;
    c.created_at = now;
    return std::optional(row_of(c, peer_or_group::group(id)));
  }

  result<void> update_conversation(const conversation_row& row) override {
    auto& c = state_.conversations.at(row.id);
    c.name = row.name;
    c.muted = row.muted;
    c.history = row.history;
    c.dismissed = row.dismissed;
    return {};
  }

  result<std::optional<member_row>> member(std::int64_t conversation, const user_id& user) override {
    const auto& members = state_.conversations.at(conversation).members;
    const auto at = members.find(user);
    return at == members.end() ? std::nullopt : std::optional(at->second);
  }

  result<std::vector<member_row>> members(std::int64_t conversation) override {
    ++state_.member_lists_read;
    std::vector<member_row> rows;
    for (const auto& [user, row] : state_.conversations.at(conversation).members) rows.push_back(row);
    return rows;
  }

  result<void> put_members(std::int64_t conversation, std::span<const member_row> rows) override {
    for (const member_row& row : rows) state_.conversations.at(conversation).members[row.user] = row;
    return {};
  }

  result<void> remove_members(std::int64_t conversation, std::span<const user_id> users) override {
    for (const user_id& user : users) state_.conversations.at(conversation).members.erase(user);
    return {};
  }

  result<std::optional<message>> entry(const conversation_row& in, std::int64_t seq) override {
    const auto& log = state_.conversations.at(in.id).log;
    if (seq < state_.conversations.at(in.id).kept_from || seq > static_cast<std::int64_t>(log.size()))
      return std::optional<message>{};
    return std::optional(log[static_cast<std::size_t>(seq - 1)]);
  }

  result<message> append_entry(conversation_row& in, message entry) override {
    const message& added = state_.add(state_.conversations.at(in.id), std::move(entry));
    in.last_seq = added.seq;
    return added;
  }

  result<message> append_imported(conversation_row& in, message entry, std::int64_t id) override {
    auto added = append_entry(in, std::move(entry));
    if (added) state_.conversations.at(in.id).imported[added->seq] = id;
    return added;
  }

  result<std::vector<imported_entry>> imported(std::int64_t conversation) override {
    const auto& in = state_.conversations.at(conversation);
    std::vector<imported_entry> all;
    for (const auto& [seq, id] : in.imported)
      all.push_back({id, in.log[static_cast<std::size_t>(seq - 1)].created_at});
    return all;
  }

  result<void> erase_content(const message& of) override {
    message& m = state_.conversations.at(of.conversation_id).log.at(static_cast<std::size_t>(of.seq - 1));
    state_.keep_version(m, message_kind::text_stream);
    m.content.clear();
    m.ext.reset();
    m.recalled = true;
    state_.mentioned.erase({of.conversation_id, of.seq});
    state_.reactions.erase({of.conversation_id, of.seq});
    return {};
  }

  result<std::optional<message>> find_message(std::int64_t id) override {
    for (const auto& [conversation, c] : state_.conversations)
      for (const message& m : c.log)
        if (m.id == id && m.seq >= c.kept_from) return std::optional(m);
    return std::optional<message>{};
  }

  result<void> rewrite(const message& before, const message& now_is) override {
    auto& m =
        state_.conversations.at(before.conversation_id).log.at(static_cast<std::size_t>(before.seq - 1));
    state_.keep_version(m, now_is.kind);
    if (m.sent_digest == 0) m.sent_digest = digest_of_first(m);
    m.kind = now_is.kind;
    m.content = now_is.content;
    m.edits = now_is.edits;
    return {};
  }

  result<std::vector<reaction_tally>> reactions(const message& to, const user_id& seen_by) override {
    return state_.tallies_of(to.conversation_id, to.seq, seen_by);
  }

  result<bool> put_reaction(const reaction& r) override {
    auto& all = state_.reactions[{r.conversation_id, r.seq}];
    auto at = std::ranges::find(all, r.emoji, &memory_state::emoji_users::emoji);
    if (!r.on) {
      if (at == all.end() || at->users.erase(r.user) == 0) return false;
      if (at->users.empty()) all.erase(at);
      return tell(r);
    }
    if (at == all.end()) at = all.insert(all.end(), {r.emoji, {}});
    return at->users.insert(r.user).second && tell(r);
  }

  bool tell(const reaction& r) {
    if (!state_.webhooks.empty()) state_.side_events.push_back({.id = ++state_.last_message_id, .what = r});
    return true;
  }

  result<std::optional<webhook_row>> take_webhook(const hold_webhook& hold) override {
    const auto [at, is_new] = state_.webhooks.try_emplace(
        hold.name, webhook_row{.name = hold.name, .position = state_.last_message_id});
    return std::optional(at->second);
  }
  result<std::optional<std::string>> put_webhook(const store_webhook& now_is) override {
    const auto at = state_.webhooks.find(now_is.name);
    if (at == state_.webhooks.end()) return std::optional<std::string>();
    at->second.position = now_is.position;
    at->second.notes = now_is.notes;
    return std::optional(std::exchange(at->second.wish, ""));
  }
  result<void> put_failed_events(const std::string& webhook, std::span<const failed_event> events) override {
    for (const auto& one : events) state_.failed_events.insert_or_assign({webhook, one.id}, one);
    return {};
  }
  result<void> drop_failed_events(const std::string& webhook, std::span<const std::int64_t> ids) override {
    for (const auto id : ids) state_.failed_events.erase({webhook, id});
    return {};
  }
  result<bool> put_wish(const std::string& webhook, const std::string& wish) override {
    const auto at = state_.webhooks.find(webhook);
    if (at == state_.webhooks.end() || at->second.wish.size() + wish.size() >= wishes_bytes_max) return false;
    at->second.wish += wish + '\n';
    return true;
  }
  result<void> put_ban(const ban& what, wall_time now) override {
    state_.bans.insert_or_assign(what.user, std::pair(what, now));
    return {};
  }
  result<void> put_check(std::int64_t message, const content_verdict& verdict, wall_time now) override {
    state_.put_check(message, verdict, now);
    return {};
  }
  result<std::optional<content_check>> find_check(std::int64_t message) override {
    const auto at = state_.checks.find(message);
    if (at == state_.checks.end()) return std::optional<content_check>();
    return std::optional(at->second.facts);
  }
  result<std::optional<content_check>> find_check_of(const std::string& trace) override {
    for (const auto& [id, row] : state_.checks)
      if (!trace.empty() && row.facts.trace_id == trace) return std::optional(row.facts);
    return std::optional<content_check>();
  }
  result<std::vector<content_check>> take_checks(wall_time now, wall_time again, std::size_t limit) override {
    std::vector<memory_state::check_row*> due;
    for (auto& [id, row] : state_.checks)
      if (row.facts.verdict.what == judgement::waiting && row.due <= now) due.push_back(&row);
    std::ranges::stable_sort(due, {}, [](const auto* row) { return row->due; });
    std::vector<content_check> all;
    for (auto* row : due) {
      if (all.size() == limit) break;
      row->due = again;
      ++row->facts.attempts;
      all.push_back(row->facts);
    }
    return all;
  }
  result<void> expect_verdict(std::int64_t message, const std::string& trace, wall_time due) override {
    const auto at = state_.checks.find(message);
    if (at == state_.checks.end() || at->second.facts.verdict.what != judgement::waiting) return {};
    at->second.facts.trace_id = trace;
    at->second.due = due;
    return {};
  }
  result<std::optional<std::string>> identity_of(const user_id& user, const std::string& prefix) override {
    for (const auto& [identity, theirs] : state_.identities)
      if (theirs == user && identity.starts_with(prefix)) return std::optional(identity);
    return std::optional<std::string>();
  }
  result<bool> note_call(const std::string& name, wall_time now) override {
    std::erase_if(state_.calls, [&](const auto& one) { return one.second < now - std::chrono::days(1); });
    return state_.calls.emplace(name, now).second;
  }
  result<bool> count_use(const std::string& name, std::int64_t minute, std::int32_t n,
                         std::int32_t most) override {
    auto& [when, used] = state_.uses[name];
    const auto before = when == minute ? used : 0;
    if (before + n > most) return false;
    when = minute;
    used = before + n;
    return true;
  }

  result<std::optional<user_id>> find_identity(const std::string& identity) override {
    const auto at = state_.identities.find(identity);
    return at == state_.identities.end() ? std::optional<user_id>() : std::optional(at->second);
  }
  result<std::vector<push_grant>> grants(const user_id& user, bool) override {
    return state_.grants_of(user);
  }
  result<void> put_grant(const user_id& user, const push_grant& grant) override {
    state_.grants[{user, grant.template_id}] = grant;
    return {};
  }
  result<void> put_notices(std::int64_t conversation, std::int64_t seq, const user_id& sender,
                           const mentions& whom, wall_time now, wall_time due) override {
    state_.put_notices(conversation, seq, sender, whom, now, due);
    return {};
  }
  result<std::vector<notice_row>> take_notices(wall_time now, wall_time again, std::size_t limit) override {
    std::vector<memory_state::noted*> due;
    for (auto& [key, one] : state_.notices)
      if (one.due && *one.due <= now) due.push_back(&one);
    std::ranges::stable_sort(due, {}, [](const auto* one) { return *one->due; });
    std::vector<notice_row> all;
    for (auto* one : due) {
      if (all.size() == limit) break;
      one->due = again;
      all.push_back(one->row);
    }
    return all;
  }
  result<std::optional<notice_facts>> find_notice(const user_id& reader, std::int64_t conversation,
                                                  std::int64_t seq) override {
    const auto& c = state_.conversations.at(conversation);
    const auto r = c.members.find(reader);
    if (c.dismissed || r == c.members.end() || seq < 1 || seq > c.last_seq())
      return std::optional<notice_facts>();
    const message& m = c.log[static_cast<std::size_t>(seq - 1)];
    const auto name = state_.profiles.find(m.from);
    const auto called = state_.mentioned.find({conversation, seq});
    const auto check = state_.checks.find(m.id);
    return std::optional(notice_facts{
        .what = m,
        .sender_name = name == state_.profiles.end() ? "" : name->second.name.value_or(""),
        .group_name = c.name,
        .is_muted = r->second.muted,
        .read_seq = r->second.read_seq,
        .first_seq = r->second.first_seq,
        .is_called = called != state_.mentioned.end() &&
                     std::ranges::any_of(called->second,
                                         [&](const user_id& u) { return u == reader || u == user_id{}; }),
        .is_blocked = state_.blocks.contains({reader, m.from}),
        .is_checked_yet =
            check == state_.checks.end() || check->second.facts.verdict.what != judgement::waiting});
  }
  result<void> put_notice_due(const user_id& user, std::int64_t conversation,
                              std::optional<wall_time> due) override {
    if (const auto at = state_.notices.find({user, conversation}); at != state_.notices.end())
      at->second.due = due;
    return {};
  }
  result<void> drop_notice(const user_id& user, std::int64_t conversation, std::int64_t up_to) override {
    const auto at = state_.notices.find({user, conversation});
    if (at != state_.notices.end() && at->second.row.last_seq <= up_to) state_.notices.erase(at);
    return {};
  }
  result<void> drop_notices(const user_id& user) override {
    std::erase_if(state_.notices, [&](const auto& one) { return one.first.first == user; });
    return {};
  }

  result<void> put_presence(const tell_presence& what) override {
    const bool is_new = what.online ? !state_.webhooks.empty() && state_.present.insert(what.user).second
                                    : state_.present.erase(what.user) > 0;
    if (is_new) tell({.user = what.user, .on = what.online});
    return {};
  }
  result<std::size_t> drop_presence(const std::string&) override {
    std::size_t gone = 0;
    for (; gone < presence_portion && !state_.present.empty(); ++gone)
      if (auto put = put_presence({.user = *state_.present.begin(), .online = false, .node = {}}); !put)
        return put.error();
    return gone;
  }
  result<void> forget_kept(wall_time before) override {
    std::erase_if(state_.side_events, [&](const side_event& one) { return one.at < before; });
    std::erase_if(state_.failed_events, [&](const auto& one) { return one.second.at < before; });
    return {};
  }

  result<void> put_profile(const profile& p) override {
    profile& known = state_.profiles[p.user];
    known.user = p.user;
    if (p.name) known.name = p.name;
    if (p.avatar) known.avatar = p.avatar;
    return {};
  }

  result<profile> find_profile(const user_id& user) override {
    const auto at = state_.profiles.find(user);
    return at == state_.profiles.end() ? profile{.user = user} : at->second;
  }
  result<void> revoke(const user_id& user, std::int64_t at_us) override {
    auto& known = state_.revocations[user];
    known = std::max(known, at_us);
    return {};
  }
  result<user_id> user_of_identity(const std::string& identity, const user_id& made_up, wall_time) override {
    return state_.identities.emplace(identity, made_up).first->second;
  }

  result<std::size_t> put_blocks(const user_id& user, std::span<const user_id> others,
                                 bool blocked) override {
    for (const user_id& other : others) {
      if (blocked)
        state_.blocks.emplace(user, other);
      else
        state_.blocks.erase({user, other});
    }
    if (!blocked) return std::size_t{0};
    return static_cast<std::size_t>(
        std::ranges::count_if(state_.blocks, [&](const auto& block) { return block.first == user; }));
  }

  result<std::vector<user_id>> blockers(const user_id& user, std::span<const user_id> others) override {
    std::vector<user_id> found;
    for (const user_id& other : others)
      if (state_.blocks.contains({other, user})) found.push_back(other);
    return found;
  }

  result<std::size_t> groups_owned(const user_id& user) override {
    return static_cast<std::size_t>(std::ranges::count_if(state_.conversations, [&](const auto& c) {
      const auto at = c.second.members.find(user);
      return at != c.second.members.end() && at->second.role == group_role::owner;
    }));
  }

  result<std::optional<stream_row>> find_stream(const std::string& id) override {
    const auto at = state_.streams.find(id);
    return at == state_.streams.end() ? std::nullopt : std::optional(at->second);
  }
  result<std::optional<stream_row>> stream_of(std::int64_t conversation, std::int64_t seq) override {
    for (const auto& [id, row] : state_.streams)
      if (row.conversation_id == conversation && row.seq == seq) return std::optional(row);
    return std::optional<stream_row>{};
  }
  result<void> put_stream(const stream_row& row) override {
    state_.streams.at(row.id) = row;
    return {};
  }
  result<std::vector<std::string>> old_streams(bool ended, wall_time before, std::size_t limit) override {
    std::vector<std::pair<wall_time, std::string>> found;
    for (const auto& [id, row] : state_.streams)
      if (row.ended == ended && row.touched < before) found.emplace_back(row.touched, id);
    std::ranges::sort(found);
    found.resize(std::min(found.size(), limit));
    std::vector<std::string> ids;
    for (auto& [touched, id] : found) ids.push_back(std::move(id));
    return ids;
  }
  result<void> forget_streams(std::span<const std::string> ids) override {
    for (const auto& id : ids) state_.streams.erase(id);
    return {};
  }
  result<void> add_file(const std::string& id, const user_id& owner, wall_time now, wall_time due) override {
    state_.files[id] = {{.id = id, .owner = owner, .created_at = now}, 0, due};
    return {};
  }
  result<bool> finish_file(const stored_file& file) override {
    const auto at = state_.files.find(file.id);
    if (at == state_.files.end() || at->second.state != 0) return false;
    const auto [owner, created_at] = std::pair(at->second.facts.owner, at->second.facts.created_at);
    at->second.facts = file;
    at->second.facts.owner = owner;
    at->second.facts.created_at = created_at;
    at->second.state = 1;
    return true;
  }
  result<std::optional<stored_file>> find_file(const file_question& question, wall_time now) override {
    return state_.find_file(question, now);
  }
  result<void> keep_file(const std::string& id) override {
    state_.keep_file(id);
    return {};
  }
  result<void> release_file(const std::string& id, wall_time now) override {
    const auto at = state_.files.find(id);
    if (at != state_.files.end() && !at->second.due && !state_.is_kept(id)) at->second.due = now;
    return {};
  }
  result<dropped_entries> drop_old_entries(std::int64_t after, wall_time before, std::size_t limit) override {
    dropped_entries done{.up_to = after};
    for (auto& [id, c] : state_.conversations) {
      if (id <= after) continue;
      for (; c.kept_from <= c.last_seq() && done.count < limit; ++c.kept_from, ++done.count) {
        const message& m = c.log[static_cast<std::size_t>(c.kept_from - 1)];
        if (m.created_at >= before) break;
        const auto files = detach_files(m);
        done.files.insert(done.files.end(), files->begin(), files->end());
        state_.mentioned.erase({id, m.seq});
        state_.reactions.erase({id, m.seq});
        state_.checks.erase(m.id);
        if (m.client_msg_id) state_.sent.erase({m.from, *m.client_msg_id});
      }
      if (done.count < limit) done.up_to = id;
      if (done.count > 0) return done;
    }
    done.is_end = true;
    return done;
  }

  result<own_person> find_person(const user_id& user) override {
    own_person found;
    for (const auto& [identity, of] : state_.identities)
      if (of == user) found.identities.push_back(identity);
    for (const auto& [by, whom] : state_.blocks)
      if (by == user) found.blocks.push_back(whom);
    if (const auto at = state_.bans.find(user); at != state_.bans.end()) found.banned = at->second.first;
    return found;
  }
  result<std::vector<own_membership>> conversations_of(const user_id& user, std::int64_t after,
                                                       std::size_t limit) override {
    std::vector<own_membership> all;
    for (const auto& [id, c] : state_.conversations)
      if (const auto at = c.members.find(user); id > after && all.size() < limit && at != c.members.end())
        all.push_back(
            {id, peer_or_group_of(c, user), c.name, at->second.role, at->second.pinned, at->second.muted});
    return all;
  }
  result<std::vector<message>> keyed_messages_of(const user_id& user, const std::string& after,
                                                 std::size_t limit) override {
    auto all = messages_of(user);
    std::erase_if(all, [&](const message& m) { return !m.client_msg_id || *m.client_msg_id <= after; });
    std::ranges::sort(all, {}, &message::client_msg_id);
    return first(std::move(all), limit);
  }
  result<std::vector<message>> direct_messages_of(const user_id& user, std::int64_t after,
                                                  std::size_t limit) override {
    auto all = messages_of(user);
    std::erase_if(all, [&](const message& m) { return m.to.is_group() || m.id <= after; });
    std::ranges::sort(all, {}, &message::id);
    return first(std::move(all), limit);
  }
  result<std::vector<stored_file>> files_of(const user_id& user, const std::string& after,
                                            std::size_t limit) override {
    std::vector<stored_file> all;
    for (const auto& [id, file] : state_.files)
      if (id > after && all.size() < limit && file.facts.owner == user && file.state < 2)
        all.push_back(file.facts);
    return all;
  }
  result<void> erase_person(const user_id& user) override {
    state_.profiles.erase(user);
    std::erase_if(state_.identities, [&](const auto& row) { return row.second == user; });
    std::erase_if(state_.grants, [&](const auto& row) { return row.first.first == user; });
    return drop_notices(user);
  }
  result<void> erase_message(const message& of) override {
    message& m = state_.conversations.at(of.conversation_id).log.at(static_cast<std::size_t>(of.seq - 1));
    m.content.clear();
    m.ext.reset();
    m.from_name.reset();
    m.to_name.reset();
    m.recalled = true;
    state_.mentioned.erase({of.conversation_id, of.seq});
    state_.reactions.erase({of.conversation_id, of.seq});
    state_.checks.erase(of.id);
    std::erase_if(state_.kept_versions, [&](const kept_version& v) {
      return v.conversation_id == of.conversation_id && v.seq == of.seq;
    });
    std::erase_if(state_.streams, [&](const auto& row) {
      return row.second.conversation_id == of.conversation_id && row.second.seq == of.seq;
    });
    return {};
  }
  result<std::optional<std::int64_t>> erase_names(const user_id& user, std::int64_t after,
                                                  std::size_t limit) override {
    std::map<std::int64_t, message*> named;
    for (auto& [id, c] : state_.conversations)
      for (auto& m : c.log)
        if (!m.to.is_group() && m.to.id == user && m.id > after) named[m.id] = &m;
    std::optional<std::int64_t> last;
    for (auto& [id, m] : named) {
      if (limit-- == 0) break;
      m->to_name.reset();
      last = id;
    }
    return last;
  }
  result<void> discard_file(const std::string& id, wall_time now) override {
    std::erase_if(state_.message_files, [&](const auto& row) { return std::get<0>(row) == id; });
    if (const auto at = state_.files.find(id); at != state_.files.end()) {
      at->second.state = 2;
      at->second.due = now;
    }
    return {};
  }
  result<std::optional<erasure>> next_erasure(wall_time begun_by) override {
    std::optional<erasure> next;
    for (const auto& [user, one] : state_.erasures)
      if (one.begun_at <= begun_by && (!next || one.begun_at < next->begun_at)) next = one;
    return next;
  }
  result<void> put_erasure(const erasure& now_is) override {
    if (now_is.place.in == own_data_place::part::end)
      state_.erasures.erase(now_is.user);
    else
      state_.erasures[now_is.user] = now_is;
    return {};
  }
  result<void> put_audit(const audit_entry& entry) override {
    state_.audit.push_back(entry);
    state_.audit.back().id = static_cast<std::int64_t>(state_.audit.size());
    return {};
  }
  result<std::vector<audit_entry>> audit(std::int64_t below, std::size_t limit) override {
    std::vector<audit_entry> all;
    for (auto at = state_.audit.rbegin(); at != state_.audit.rend() && all.size() < limit; ++at)
      if (below <= 0 || at->id < below) all.push_back(*at);
    return all;
  }

  result<std::vector<std::string>> detach_files(const message& of) override {
    std::vector<std::string> ids;
    std::erase_if(state_.message_files, [&](const auto& row) {
      const auto& [id, conversation, seq] = row;
      if (conversation != of.conversation_id || seq != of.seq) return false;
      ids.push_back(id);
      return true;
    });
    return ids;
  }
  result<std::vector<std::string>> take_due_files(wall_time now, wall_time again,
                                                  std::size_t limit) override {
    std::vector<std::string> ids;
    for (auto& [id, file] : state_.files)
      if (file.due && *file.due <= now && ids.size() < limit) {
        file.state = 2;
        file.due = again;
        ids.push_back(id);
      }
    return ids;
  }
  result<void> forget_files(std::span<const std::string> ids) override {
    for (const auto& id : ids)
      if (const auto at = state_.files.find(id); at != state_.files.end() && at->second.state == 2)
        state_.files.erase(at);
    return {};
  }
  result<file_identity> identify_files(const file_identity& first) override {
    if (!state_.file_store) state_.file_store = first;
    return *state_.file_store;
  }

private:
  std::vector<message> messages_of(const user_id& user) const {
    std::vector<message> all;
    for (const auto& [id, c] : state_.conversations)
      for (const auto& m : c.log)
        if (m.from == user && m.seq >= c.kept_from) all.push_back(m);
    return all;
  }
  static std::vector<message> first(std::vector<message> all, std::size_t limit) {
    if (all.size() > limit) all.resize(limit);
    return all;
  }

  static conversation_row row_of(const kept& c, const peer_or_group& of) {
    return {.id = c.id,
            .of = of,
            .last_seq = c.last_seq(),
            .name = c.name,
            .member_count = c.members.size(),
            .muted = c.muted,
            .history = c.history,
            .dismissed = c.dismissed,
            .created_at = c.created_at};
  }

  memory_state& state_;
};

class memory_writer final : public message_writer {
public:
  memory_writer(memory_state& state, const bool& is_away) : state_(state), is_away_(is_away) {}

  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override {
    std::vector<append_outcome> outcomes;
    for (const new_message& m : batch) outcomes.push_back(append(m, now));
    return outcomes;
  }

  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message>) override {
    return error{errc::internal, "there is nothing to settle"};
  }

  result<std::vector<std::optional<stored_file>>> find_files(std::span<const file_question> questions,
                                                             wall_time now) override {
    std::vector<std::optional<stored_file>> found;
    for (const auto& question : questions) found.push_back(state_.find_file(question, now));
    return found;
  }

  result<std::vector<read_outcome>> mark_read(std::span<const read_mark> marks) override {
    std::vector<read_outcome> outcomes;
    for (const read_mark& mark : marks) outcomes.push_back(mark_read(mark));
    return outcomes;
  }

  result<void> transact(const std::function<result<void>(change_transaction&)>& work) override {
    if (is_away_) return error{errc::unavailable, "the store is away"};
    // Once for nothing: what is run again must begin anew.
    memory_state lost = state_;
    memory_transaction first(lost);
    (void)work(first);

    memory_state changed = state_;
    memory_transaction second(changed);
    auto done = work(second);
    if (done) state_ = std::move(changed);
    return done;
  }

  result<void> check() override { return {}; }
  std::string epoch() const override { return "memory"; }

private:
  append_outcome append(const new_message& m, wall_time now) {
    if (m.client_msg_id)
      if (const auto first = state_.sent.find({m.from, *m.client_msg_id}); first != state_.sent.end())
        return repeat(m, entry_of(first->second));
    if (const auto refused = refusal(m)) return {.status = *refused};

    auto& c = m.to.is_group() ? *state_.find(m.from, m.to) : state_.make_direct(m.from, m.to.id);
    const message& stored = state_.add(c, {.from = m.from,
                                           .to = m.to,
                                           .from_name = m.from_name,
                                           .to_name = m.to_name,
                                           .kind = m.kind,
                                           .content = m.content,
                                           .ext = m.ext,
                                           .client_msg_id = m.client_msg_id,
                                           .created_at = now,
                                           .sent_digest = sent_digest(m)});
    if (m.attached)
      for (const auto& id : {m.attached->file_id, m.attached->preview_id}) {
        if (id.empty()) continue;
        state_.message_files.emplace(id, c.id, stored.seq);
        state_.keep_file(id);
      }
    if (m.judged) state_.put_check(stored.id, *m.judged, now);
    if (m.stream)
      state_.streams[m.stream->id] = {.id = m.stream->id,
                                      .conversation_id = c.id,
                                      .seq = stored.seq,
                                      .by = m.stream->by,
                                      .node = m.stream->node,
                                      .touched = now};
    if (m.called) {
      auto& called = state_.mentioned[{c.id, stored.seq}];
      for (const user_id& user : m.called->users)
        if (c.members.contains(user)) called.push_back(user);
      if (m.called->all) called.emplace_back();
    }
    if (m.notice_after)
      state_.put_notices(c.id, stored.seq, m.from, noted_for(m.from, m.to, m.called.get()), now,
                         now + *m.notice_after);
    if (m.client_msg_id) state_.sent[{m.from, *m.client_msg_id}] = {c.id, stored.seq};
    auto outcome = outcome_of(stored);
    outcome.audience = audience_of(c);
    return outcome;
  }

  const message& entry_of(std::pair<std::int64_t, std::int64_t> where) const {
    return state_.conversations.at(where.first).log.at(static_cast<std::size_t>(where.second - 1));
  }

  static append_outcome outcome_of(const message& m) {
    return {.id = m.id, .conversation_id = m.conversation_id, .seq = m.seq, .created_at = m.created_at};
  }

  static append_outcome repeat(const new_message& again, const message& stored) {
    auto outcome = outcome_of(stored);
    outcome.status = repeat_status(again, stored);
    outcome.ext = stored.ext;
    outcome.content = stored.content;
    outcome.kind = stored.kind;
    outcome.edits = stored.edits;
    outcome.recalled = stored.recalled;
    return outcome;
  }

  std::optional<append_status> refusal(const new_message& m) {
    if (m.attached && m.attached->refused) return append_status::no_file;
    if (!m.to.is_group() && state_.blocks.contains({m.to.id, m.from})) return append_status::blocked;
    if (!m.to.is_group()) return m.is_probe ? std::optional(append_status::unchecked) : std::nullopt;
    const auto* group = state_.find(m.from, m.to);
    if (group == nullptr || !group->members.contains(m.from)) return append_status::no_group;
    const bool is_member = group->members.at(m.from).role == group_role::member;
    if (group->muted && is_member) return append_status::silenced;
    if (m.called && m.called->all && is_member) return append_status::may_not_call_all;
    return m.is_probe ? std::optional(append_status::unchecked) : std::nullopt;
  }

  read_outcome mark_read(const read_mark& mark) {
    auto* c = state_.find(mark.user, mark.in);
    if (c == nullptr || !c->members.contains(mark.user)) return {};
    auto& position = c->members.at(mark.user).read_seq;
    if (!mark.in.is_group() && state_.blocks.contains({mark.in.id, mark.user}))
      return {.found = true, .blocked = true, .conversation_id = c->id, .seq = position};
    const auto wanted = std::min(mark.seq, c->last_seq());
    const bool moved = wanted > position;
    position = std::max(position, wanted);
    return {.found = true, .moved = moved, .conversation_id = c->id, .seq = position};
  }

  memory_state& state_;
  const bool& is_away_;
};

class memory_reader final : public message_reader {
public:
  explicit memory_reader(const memory_state& state) : state_(state) {}

  result<std::vector<message>> latest(const history_query& query) override {
    std::vector<message> found;
    for (const auto& [id, c] : state_.conversations) {
      if (c.group || !c.members.contains(query.user)) continue;
      if (query.peer && peer_or_group_of(c, query.user).id != *query.peer) continue;
      for (const message& m : c.log)
        if (m.seq >= c.kept_from && is_said(m) && (!query.before_id || m.id < *query.before_id))
          found.push_back(m);
    }
    std::ranges::sort(found, {}, &message::id);
    keep_newest(found, query.limit);
    return found;
  }

  result<std::vector<membership>> memberships(const user_id& user) override {
    auto all = memberships_of(user);
    for (auto& m : all) m.peer_read_seq.reset();
    return all;
  }

  result<std::vector<membership>> some_memberships(const user_id& user,
                                                   std::span<const std::int64_t> of) override {
    auto all = memberships_of(user);
    std::erase_if(all,
                  [&](const membership& m) { return std::ranges::find(of, m.conversation_id) == of.end(); });
    return all;
  }

  result<std::vector<membership>> listed(const user_id& user, const list_key& after,
                                         std::size_t limit) override {
    auto all = memberships_of(user);
    // After a clear a message brings a conversation back, and no edit or recall of what was cleared.
    std::erase_if(all,
                  [&](const membership& m) { return m.shown_seq < m.first_seq || list_key_of(m) <= after; });
    std::ranges::sort(all, {}, list_key_of);
    if (all.size() > limit) all.resize(limit);
    return all;
  }

  std::vector<membership> memberships_of(const user_id& user) {
    std::vector<membership> all;
    for (const auto& [id, c] : state_.conversations)
      if (c.members.contains(user))
        if (auto m = state_.membership_of(user, c); m.is_shown()) all.push_back(std::move(m));
    return all;
  }

  result<std::optional<membership>> find_membership(const user_id& user, const peer_or_group& with) override {
    const auto* c = find(user, with);
    if (c == nullptr || !c->members.contains(user)) return std::optional<membership>{};
    return std::optional(state_.membership_of(user, *c));
  }

  result<std::vector<message>> log(std::span<const log_range> ranges) override {
    std::vector<message> all;
    for (const log_range& range : ranges) {
      std::vector<message> stretch;
      for (const message& m : log_of(range.conversation_id))
        if (m.seq > range.after_seq && m.seq < range.before_seq) stretch.push_back(m);
      if (range.newest)
        keep_newest(stretch, range.limit);
      else
        stretch.resize(std::min(stretch.size(), range.limit));
      all.insert(all.end(), stretch.begin(), stretch.end());
    }
    return all;
  }

  result<std::vector<std::size_t>> unread(const user_id& user,
                                          std::span<const unread_question> questions) override {
    std::vector<std::size_t> counts;
    for (const unread_question& question : questions) {
      std::size_t count = 0;
      for (const message& m : log_of(question.conversation_id))
        if (m.seq > question.after_seq && m.seq <= question.up_to_seq && m.from != user && is_said(m))
          ++count;
      counts.push_back(std::min(count, unread_max));
    }
    return counts;
  }

  result<std::vector<std::optional<std::int64_t>>>
  first_mentions(const user_id& user, std::span<const unread_question> questions) override {
    std::vector<std::optional<std::int64_t>> seqs;
    for (const unread_question& question : questions) {
      auto& first = seqs.emplace_back();
      for (const auto& [entry, called] : state_.mentioned) {
        const auto& [conversation, seq] = entry;
        if (first || conversation != question.conversation_id || seq <= question.after_seq ||
            seq > question.up_to_seq)
          continue;
        const message calling = log_of(conversation).at(static_cast<std::size_t>(seq - 1));
        if (calling.kind == message_kind::text_stream) continue; // until its end it calls nobody
        const bool by_name = std::ranges::find(called, user) != called.end();
        const auto& members = state_.conversations.at(conversation).members;
        const bool by_all = std::ranges::find(called, user_id{}) != called.end() && members.contains(user) &&
                            seq > members.at(user).joined_seq && calling.from != user;
        if (by_name || by_all) first = seq;
      }
    }
    return seqs;
  }

  result<std::vector<message_reactions>> reactions(const user_id& seen_by,
                                                   std::span<const log_range> ranges) override {
    std::vector<message_reactions> all;
    for (const log_range& range : ranges)
      for (auto seq = range.after_seq + 1; seq < range.before_seq; ++seq)
        if (auto tallies = state_.tallies_of(range.conversation_id, seq, seen_by); !tallies.empty())
          all.push_back({range.conversation_id, seq, std::move(tallies)});
    return all;
  }

  result<search_matches> search(const search_question& question) override {
    std::vector<message> found;
    for (const auto& [id, c] : state_.conversations) {
      if (question.conversation_id && id != *question.conversation_id) continue;
      const auto member = c.members.find(question.user);
      if (member == c.members.end()) continue;
      for (const message& m : c.log)
        if (m.seq >= std::max(member->second.first_seq, c.kept_from) &&
            (!question.before_id || m.id < *question.before_id) && is_said(m) && matches(m, question.terms))
          found.push_back(m);
    }
    std::ranges::sort(found, std::greater{}, &message::id);
    found.resize(std::min(found.size(), question.limit));
    return search_matches{.messages = std::move(found)};
  }

  result<std::optional<group_info>> find_group(const user_id& user, const user_id& id) override {
    const auto* c = find(user, peer_or_group::group(id));
    if (c == nullptr || !c->members.contains(user)) return std::optional<group_info>{};
    return std::optional(info_of(*c));
  }

  result<std::vector<group_info>> groups(const user_id& user, const std::string& after,
                                         std::size_t limit) override {
    std::vector<group_info> page;
    for (const auto& [id, conversation_id] : state_.groups) {
      const auto& c = state_.conversations.at(conversation_id);
      if (id.text() > after && c.members.contains(user) && page.size() < limit) page.push_back(info_of(c));
    }
    return page;
  }

  result<std::vector<group_member>> members(std::int64_t conversation, const std::string& after,
                                            std::size_t limit) override {
    std::vector<group_member> page;
    const auto at = state_.conversations.find(conversation);
    if (at == state_.conversations.end()) return page;
    for (const auto& [user, row] : at->second.members)
      if (user.text() > after && page.size() < limit)
        page.push_back({user, row.role, row.joined_seq, row.first_seq});
    return page;
  }

  result<std::vector<revocation>> revocations(std::int64_t since_us) override {
    std::vector<revocation> all;
    for (const auto& [user, at_us] : state_.revocations)
      if (at_us >= since_us) all.push_back({user, at_us});
    return all;
  }
  result<std::vector<profile>> profiles(std::span<const user_id> users) override {
    std::vector<profile> all;
    for (const user_id& user : users) {
      const auto at = state_.profiles.find(user);
      all.push_back(at == state_.profiles.end() ? profile{.user = user} : at->second);
    }
    return all;
  }

  result<std::optional<stored_file>> find_file(const file_question& question, wall_time now) override {
    return state_.find_file(question, now);
  }
  result<std::vector<user_id>> blocks(const user_id& user) override {
    std::vector<user_id> blocked;
    for (const auto& [who, whom] : state_.blocks)
      if (who == user) blocked.push_back(whom);
    return blocked;
  }

  result<bool> has_blocked(const user_id& user, const user_id& other) override {
    return state_.blocks.contains({user, other});
  }

  result<settled_ids> settled() override {
    return settled_ids{state_.last_message_id, state_.last_message_id};
  }

  result<std::vector<message>> entries_by_id(std::int64_t after, std::int64_t up_to,
                                             std::size_t limit) override {
    std::vector<message> all;
    for (const auto& [id, in] : state_.conversations)
      for (const message& m : in.log)
        if (m.id > after && m.id <= up_to && m.seq >= in.kept_from && !in.imported.contains(m.seq))
          all.push_back(m);
    std::ranges::sort(all, {}, &message::id);
    if (all.size() > limit) all.resize(limit);
    return all;
  }

  result<std::vector<ban>> bans(wall_time since) override {
    std::vector<ban> all;
    for (const auto& [user, row] : state_.bans)
      if (row.second >= since) all.push_back(row.first);
    return all;
  }
  result<std::vector<push_grant>> grants(const user_id& user) override { return state_.grants_of(user); }
  result<std::vector<side_event>> side_events(std::int64_t after, std::int64_t up_to,
                                              std::size_t limit) override {
    std::vector<side_event> all;
    for (const auto& one : state_.side_events)
      if (one.id > after && one.id <= up_to && all.size() < limit) all.push_back(one);
    return all;
  }

  result<std::vector<kept_version>> kept_versions(std::span<const log_range> ranges) override {
    std::vector<kept_version> all;
    for (const auto& range : ranges)
      for (const auto& one : state_.kept_versions)
        if (one.conversation_id == range.conversation_id && one.seq > range.after_seq &&
            one.seq < range.before_seq)
          all.push_back(one);
    return all;
  }

  result<std::vector<webhook_row>> webhooks() override {
    std::vector<webhook_row> all;
    for (const auto& [name, row] : state_.webhooks) all.push_back(row);
    return all;
  }

  result<std::vector<failed_event>> failed_events(const std::string& webhook, std::int64_t after,
                                                  std::size_t limit) override {
    std::vector<failed_event> all;
    for (const auto& [key, one] : state_.failed_events)
      if (key.first == webhook && key.second > after && all.size() < limit) all.push_back(one);
    return all;
  }

private:
  const kept* find(const user_id& from, const peer_or_group& with) const {
    return const_cast<memory_state&>(state_).find(from, with); // which changes nothing
  }

  std::vector<message> log_of(std::int64_t conversation_id) const {
    const auto at = state_.conversations.find(conversation_id);
    if (at == state_.conversations.end()) return {};
    return {at->second.log.begin() + (at->second.kept_from - 1), at->second.log.end()};
  }

  static group_info info_of(const kept& c) {
    group_info info{.conversation_id = c.id,
                    .id = *c.group,
                    .name = c.name,
                    .owner = {},
                    .member_count = c.members.size(),
                    .muted = c.muted,
                    .history = c.history,
                    .created_at = c.created_at};
    for (const auto& [user, row] : c.members)
      if (row.role == group_role::owner) info.owner = user;
    return info;
  }

  const memory_state& state_;
};

} // namespace

bool memory_state::is_kept(const std::string& id) const {
  return std::ranges::any_of(message_files, [&](const auto& row) { return std::get<0>(row) == id; }) ||
         std::ranges::any_of(profiles, [&](const auto& p) { return p.second.avatar == id; });
}

std::optional<stored_file> memory_state::find_file(const file_question& question, wall_time now) const {
  const auto at = files.find(question.id);
  if (at == files.end() || at->second.state != 1 || (at->second.due && *at->second.due <= now)) return {};
  const auto& facts = at->second.facts;
  if (!question.seen_by || facts.owner == *question.seen_by) return facts;
  for (const auto& [id, in, seq] : message_files) {
    const auto& members = conversations.at(in).members;
    const auto member = members.find(*question.seen_by);
    if (id == question.id && member != members.end() && seq >= member->second.first_seq) return facts;
  }
  for (const auto& [user, p] : profiles)
    if (p.avatar == question.id) return facts;
  return {};
}

kept* memory_state::find(const user_id& from, const peer_or_group& with) {
  if (with.is_group()) {
    const auto at = groups.find(with.id);
    return at == groups.end() ? nullptr : &conversations.at(at->second);
  }
  const auto at = direct.find(pair_of(from, with.id));
  return at == direct.end() ? nullptr : &conversations.at(at->second);
}

kept& memory_state::make_direct(const user_id& one, const user_id& other) {
  if (auto* there = find(one, other)) return *there;
  const auto id = static_cast<std::int64_t>(conversations.size()) + 1;
  auto& made = conversations[id];
  made.id = id;
  made.pair = pair_of(one, other);
  direct[*made.pair] = id;
  for (const user_id& user : {one, other}) made.members[user] = {.user = user};
  return made;
}

message& memory_state::add(kept& to, message entry) {
  entry.id = ++last_message_id;
  entry.conversation_id = to.id;
  entry.seq = to.last_seq() + 1;
  return to.log.emplace_back(std::move(entry));
}

std::vector<reaction_tally> memory_state::tallies_of(std::int64_t in, std::int64_t seq,
                                                     const user_id& user) const {
  std::vector<reaction_tally> tallies;
  if (const auto at = reactions.find({in, seq}); at != reactions.end())
    for (const auto& [emoji, users] : at->second)
      tallies.push_back({emoji, users.size(), users.contains(user)});
  return tallies;
}

membership memory_state::membership_of(const user_id& user, const kept& in) const {
  const member_row& row = in.members.at(user);
  membership m{.conversation_id = in.id,
               .with = peer_or_group_of(in, user),
               .role = row.role,
               .last_seq = in.last_seq(),
               .last_at = in.log.empty() ? wall_time{} : in.log.back().created_at,
               .first_seq = row.first_seq,
               .kept_from = in.kept_from,
               .read_seq = row.read_seq,
               .pinned = row.pinned,
               .muted = row.muted};
  for (const message& entry : in.log)
    if (!is_quiet(entry.kind)) {
      m.shown_seq = entry.seq;
      m.shown_at = entry.created_at;
    }
  if (!in.group) m.peer_read_seq = in.members.at(m.with.id).read_seq;
  return m;
}

std::unique_ptr<message_writer> memory_store::make_writer() {
  return std::make_unique<memory_writer>(state_, is_away);
}
std::unique_ptr<message_reader> memory_store::make_reader() {
  return std::make_unique<memory_reader>(state_);
}

} // namespace hongyan::testing
