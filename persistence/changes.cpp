#include "persistence/changes.hpp"

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

/// What a change refuses as not their right, a higher role in the group would have allowed.
error with_reason(error why) {
  if (why.code == errc::forbidden && why.reason.empty()) why.reason = "role";
  return why;
}

} // namespace

result<change_outcome> apply(message_writer& writer, const change& what, wall_time now,
                             const change_limits& limits) {
  change_outcome outcome;
  const auto done = writer.transact([&](change_transaction& tx) {
    outcome = {}; // of a run that came to nothing
    auto one = std::visit(change_run(tx, what, now, limits, outcome), what.action);
    if (one && what.is_probe) return result<void>(error{errc::refused_content, "it would be done"});
    return one;
  });
  if (!done) {
    return with_reason(done.error());
  }
  return outcome;
}

bool may_share(const change& one, const change& other) {
  const auto is_of_file = [](const change& c) {
    return std::holds_alternative<begin_file>(c.action) || std::holds_alternative<finish_file>(c.action);
  };
  const auto is_presence = [](const change& c) { return std::holds_alternative<tell_presence>(c.action); };
  if (is_of_file(one) && is_of_file(other)) return true;
  if (is_presence(one) && is_presence(other)) return true;
  if (std::holds_alternative<ask_for_leave>(one.action) &&
      std::holds_alternative<ask_for_leave>(other.action))
    return true;
  const auto* first = std::get_if<react_to_message>(&one.action);
  const auto* second = std::get_if<react_to_message>(&other.action);
  return first != nullptr && second != nullptr && first->in.is_group() && first->in == second->in;
}

result<std::vector<result<change_outcome>>> apply_all(message_writer& writer, std::span<const change> changes,
                                                      wall_time now) {
  std::vector<result<change_outcome>> outcomes;
  const auto done = writer.transact([&](change_transaction& tx) -> result<void> {
    outcomes.clear(); // of a run that came to nothing
    const change_limits none;
    known_audience known;
    for (const change& what : changes) {
      change_outcome outcome;
      const auto one = std::visit(change_run(tx, what, now, none, outcome, &known), what.action);
      // The transaction is lost, with what the others wrote.
      if (!one && (one.error().code == errc::unavailable || one.error().code == errc::internal)) return one;
      if (one)
        outcomes.emplace_back(std::move(outcome));
      else
        outcomes.emplace_back(with_reason(one.error()));
    }
    return {};
  });
  if (!done) return done.error();
  return outcomes;
}

} // namespace hongyan
