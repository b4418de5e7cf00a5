/// A store's connections that can do nothing: what a test needs of them it overrides.
#pragma once

#include "persistence/store.hpp"

namespace hongyan {

struct unable_writer : message_writer {
  static error unable() { return {errc::internal, "not part of this test"}; }

  result<std::vector<append_outcome>> append(std::span<const new_message>, wall_time) override {
    return unable();
  }
  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message>) override {
    return unable();
  }
  result<std::vector<std::optional<stored_file>>> find_files(std::span<const file_question>,
                                                             wall_time) override {
    return unable();
  }
  result<std::vector<read_outcome>> mark_read(std::span<const read_mark>) override { return unable(); }
  result<void> transact(const std::function<result<void>(change_transaction&)>&) override { return unable(); }
  result<void> check() override { return {}; }
  std::string epoch() const override { return "e1"; }
};

struct unable_reader : message_reader {
  static error unable() { return unable_writer::unable(); }

  result<std::vector<message>> latest(const history_query&) override { return unable(); }
  result<std::vector<membership>> memberships(const user_id&) override { return unable(); }
  result<std::vector<membership>> listed(const user_id&, const list_key&, std::size_t) override {
    return unable();
  }
  result<std::vector<membership>> some_memberships(const user_id&, std::span<const std::int64_t>) override {
    return unable();
  }
  result<std::optional<membership>> find_membership(const user_id&, const peer_or_group&) override {
    return unable();
  }
  result<std::vector<message>> log(std::span<const log_range>) override { return unable(); }
  result<std::vector<std::size_t>> unread(const user_id&, std::span<const unread_question>) override {
    return unable();
  }
  result<std::vector<std::optional<std::int64_t>>> first_mentions(const user_id&,
                                                                  std::span<const unread_question>) override {
    return unable();
  }
  result<std::vector<message_reactions>> reactions(const user_id&, std::span<const log_range>) override {
    return unable();
  }
  result<search_matches> search(const search_question&) override { return unable(); }
  result<std::optional<group_info>> find_group(const user_id&, const user_id&) override { return unable(); }
  result<std::vector<group_info>> groups(const user_id&, const std::string&, std::size_t) override {
    return unable();
  }
  result<std::vector<group_member>> members(std::int64_t, const std::string&, std::size_t) override {
    return unable();
  }
  result<std::vector<profile>> profiles(std::span<const user_id>) override { return unable(); }
  result<std::vector<revocation>> revocations(std::int64_t) override { return unable(); }
  result<std::optional<stored_file>> find_file(const file_question&, wall_time) override { return unable(); }
  result<std::vector<user_id>> blocks(const user_id&) override { return unable(); }
  result<bool> has_blocked(const user_id&, const user_id&) override { return unable(); }
  result<settled_ids> settled() override { return unable(); }
  result<std::vector<message>> entries_by_id(std::int64_t, std::int64_t, std::size_t) override {
    return unable();
  }
  result<std::vector<ban>> bans(wall_time) override { return unable(); }
  result<std::vector<push_grant>> grants(const user_id&) override { return unable(); }
  result<std::vector<side_event>> side_events(std::int64_t, std::int64_t, std::size_t) override {
    return unable();
  }
  result<std::vector<kept_version>> kept_versions(std::span<const log_range>) override { return unable(); }
  result<std::vector<webhook_row>> webhooks() override { return unable(); }
  result<std::vector<failed_event>> failed_events(const std::string&, std::int64_t, std::size_t) override {
    return unable();
  }
};

} // namespace hongyan
