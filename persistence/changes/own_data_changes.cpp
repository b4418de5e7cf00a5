// What operators ask for: all that is one user's, to copy it or to end it, in portions; what is known of a
// message; and what they have done.

#include "persistence/changes/change_run.hpp"

#include <charconv>

namespace hongyan {

namespace {

using part = own_data_place::part;

/// In one transaction, which senders wait for: a copy only reads; what ends is written, too.
constexpr std::size_t copied_at_once = 50, erased_at_once = 2;
/// Each may have two thousand members, who are told.
constexpr std::size_t conversations_left_at_once = 2;
constexpr std::size_t names_erased_at_once = 100;

std::int64_t id_in(const own_data_place& place) {
  std::int64_t id = 0;
  std::from_chars(place.after.data(), place.after.data() + place.after.size(), id);
  return id;
}

std::string key_of(const message& m) { return m.client_msg_id.value_or(""); }
std::string id_of(const message& m) { return std::to_string(m.id); }
std::string id_of(const own_membership& m) { return std::to_string(m.conversation_id); }
std::string id_of(const stored_file& f) { return f.id; }

/// What was found, as much as `at_once`; the place goes on behind it.
template <class T>
result<std::vector<T>> taken(result<std::vector<T>> found, std::size_t at_once, own_data_place& place,
                             std::string (*name)(const T&)) {
  if (found) place.go_on(found->size() == at_once, found->empty() ? std::string() : name(found->back()));
  return found;
}

/// Of the parts that are messages, each once: those to one user that have a key came with the keyed ones.
result<std::vector<message>> next_messages(change_transaction& tx, const user_id& user, own_data_place& place,
                                           std::size_t at_once) {
  if (place.in == part::keyed_messages)
    return taken<message>(tx.keyed_messages_of(user, place.after, at_once), at_once, place, key_of);
  auto some = taken<message>(tx.direct_messages_of(user, id_in(place), at_once), at_once, place, id_of);
  if (some) std::erase_if(*some, [](const message& m) { return m.client_msg_id.has_value(); });
  return some;
}

result<std::vector<own_membership>> next_conversations(change_transaction& tx, const user_id& user,
                                                       own_data_place& place, std::size_t at_once) {
  return taken<own_membership>(tx.conversations_of(user, id_in(place), at_once), at_once, place, id_of);
}

result<std::vector<stored_file>> next_files(change_transaction& tx, const user_id& user,
                                            own_data_place& place, std::size_t at_once) {
  return taken<stored_file>(tx.files_of(user, place.after, at_once), at_once, place, id_of);
}

/// Who has the group next: an admin, or who has been there longest. Null: nobody is left.
const member_row* heir_of(const locked_group& group, const user_id& owner) {
  const member_row* heir = nullptr;
  for (const member_row& m : group.members) {
    if (m.user == owner) continue;
    const auto rank = [](const member_row& of) {
      return std::pair(of.role != group_role::admin, of.joined_seq);
    };
    if (heir == nullptr || rank(m) < rank(*heir)) heir = &m;
  }
  return heir;
}

} // namespace

result<void> change_run::operator()(const read_own_data& what) {
  own_data found{.next = what.from};
  auto& place = found.next;
  switch (place.in) {
  case part::person: {
    auto who = tx_.find_profile(what.user);
    if (!who) return who.error();
    auto person = tx_.find_person(what.user);
    if (!person) return person.error();
    auto grants = tx_.grants(what.user, false);
    if (!grants) return grants.error();
    found.who = *std::move(who);
    found.person = *std::move(person);
    found.grants = *std::move(grants);
    place.go_on(false, {});
    break;
  }
  case part::conversations: {
    auto some = next_conversations(tx_, what.user, place, copied_at_once);
    if (!some) return some.error();
    found.conversations = *std::move(some);
    break;
  }
  case part::keyed_messages:
  case part::direct_messages: {
    auto some = next_messages(tx_, what.user, place, copied_at_once);
    if (!some) return some.error();
    found.messages = *std::move(some);
    std::erase_if(found.messages, [](const message& m) { return is_own_entry(m.kind) || m.recalled; });
    break;
  }
  case part::files: {
    auto some = next_files(tx_, what.user, place, copied_at_once);
    if (!some) return some.error();
    found.files = *std::move(some);
    break;
  }
  case part::names: // what others say
  case part::end: place = {.in = part::end};
  }
  outcome_.portion = std::move(found);
  return {};
}

result<void> change_run::operator()(const erase_user& what) {
  if (auto revoked = tx_.revoke(what.user, what.at_us); !revoked) return revoked;
  return tx_.put_erasure({.user = what.user, .begun_at = now_});
}

result<void> change_run::operator()(const go_on_erasing& what) {
  auto next = tx_.next_erasure(what.begun_by);
  if (!next) return next.error();
  if (!*next) return {};
  erasure& of = **next;
  if (auto erased = erase_some(of); !erased) return erased;
  outcome_.group.reset(); // of those that it left
  outcome_.erased = of;
  return tx_.put_erasure(of);
}

result<void> change_run::erase_some(erasure& of) {
  auto& place = of.place;
  switch (place.in) {
  case part::person: {
    const auto person = tx_.find_person(of.user);
    if (!person) return person.error();
    // Lifted, as nodes hear of it; and why is nobody's concern any more.
    if (person->banned)
      if (auto lifted = tx_.put_ban({.user = of.user, .since = now_, .until = now_}, now_); !lifted)
        return lifted;
    if (!person->blocks.empty())
      if (const auto put = tx_.put_blocks(of.user, person->blocks, false); !put) return put.error();
    place.go_on(false, {});
    return tx_.erase_person(of.user);
  }
  case part::conversations: {
    const auto some = next_conversations(tx_, of.user, place, conversations_left_at_once);
    if (!some) return some.error();
    for (const auto& one : *some)
      if (auto left = forget_conversation(of.user, one.in); !left) return left;
    return {};
  }
  case part::keyed_messages:
  case part::direct_messages: {
    auto some = next_messages(tx_, of.user, place, erased_at_once);
    if (!some) return some.error();
    return erase_messages(*std::move(some));
  }
  case part::files: {
    const auto some = next_files(tx_, of.user, place, erased_at_once);
    if (!some) return some.error();
    for (const auto& file : *some)
      if (auto gone = tx_.discard_file(file.id, now_); !gone) return gone;
    return {};
  }
  case part::names: {
    const auto last = tx_.erase_names(of.user, id_in(place), names_erased_at_once);
    if (!last) return last.error();
    place.go_on(last->has_value(), std::to_string(last->value_or(0)));
    return {};
  }
  case part::end: return {};
  }
  return {};
}

result<void> change_run::erase_messages(std::vector<message> some) {
  std::erase_if(some,
                [](const message& m) { return is_own_entry(m.kind) && m.kind != message_kind::text_stream; });
  // Locked in one order everywhere.
  std::ranges::sort(some, {}, [](const message& m) { return std::pair(m.conversation_id, m.seq); });
  for (const message& m : some) {
    auto in = lock_conversation_of(m);
    if (!in) return in.error();
    if (!*in) continue;
    const auto entry = tx_.entry(**in, m.seq); // as it is now that nobody else changes it
    if (!entry) return entry.error();
    if (!*entry) continue;
    if (auto released = release_files(**entry); !released) return released;
    if (auto erased = tx_.erase_message(**entry); !erased) return erased;
  }
  return {};
}

/// A group goes to somebody else, or ends with its last member.
result<void> change_run::forget_conversation(const user_id& user, const peer_or_group& in) {
  if (in.is_group()) {
    auto group = open_group(in.id, group_role::owner);
    if (!group) return group.error().code == errc::not_found ? result<void>() : group.error();
    if (group->owner() == user) {
      const auto* heir = heir_of(*group, user);
      if (heir == nullptr) return (*this)(dismiss_group{in.id});
      if (auto given = give_role(*group, heir->user, group_role::owner); !given) return given;
    }
    return take_out(*group, "remove", {user});
  }
  auto row = tx_.lock_direct(user, in.id, false);
  if (!row) return row.error();
  if (!*row) return {};
  const member_row cleared{.user = user, .first_seq = (*row)->last_seq + 1, .read_seq = (*row)->last_seq};
  return tx_.put_members((*row)->id, std::span(&cleared, 1));
}

result<void> change_run::operator()(const find_facts& what) {
  auto found = tx_.find_message(what.message_id);
  if (!found) return found.error();
  if (!*found) return error{errc::not_found, "there is no message with this id"};
  message_facts facts{.what = **std::move(found)};
  auto check = tx_.find_check(facts.what.id);
  if (!check) return check.error();
  facts.check = *std::move(check);
  const auto members = tx_.members(facts.what.conversation_id);
  if (!members) return members.error();
  for (const auto& m : *members) {
    if (m.user == facts.what.from) continue;
    ++facts.members;
    if (m.read_seq >= facts.what.seq) facts.readers.push_back(m.user);
  }
  outcome_.facts = std::move(facts);
  return {};
}

result<void> change_run::operator()(const note_audit& what) {
  auto entry = what.entry;
  entry.at = now_;
  return tx_.put_audit(entry);
}

result<void> change_run::operator()(const read_audit& what) {
  auto some = tx_.audit(what.below, what.limit);
  if (!some) return some.error();
  outcome_.audit = *std::move(some);
  return {};
}

} // namespace hongyan
