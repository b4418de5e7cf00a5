/// What the handlers of files have in common.
#pragma once

#include "net/handlers.hpp"

#include <chrono>

namespace hongyan {

/// For the file store's answer; wx.uploadFile waits as long.
inline constexpr std::chrono::seconds store_deadline{60};

/// The file store, when it can be used. Errors: not_found, unavailable.
result<file_service*> usable_files(edge& at);

/// A link to a file, for that user (nobody: the business back end), good for so long: the store's own, or one
/// of ours, which begins with `public_url`. Any thread.
std::string link_to(file_service& files, const std::string& public_url, const stored_file& file,
                    const std::optional<user_id>& user, std::chrono::sys_seconds now,
                    std::chrono::seconds good_for);

/// Asks a file worker, which leaves it when this has waited long enough.
template <class Answer, class Atom, class What>
asio::awaitable<result<Answer>> ask_worker(edge& at, const file_worker_actor& worker, Atom atom, What what,
                                           std::chrono::seconds patience = store_deadline) {
  what.until = at.home.now() + patience;
  return ask<Answer>(at.asks, worker, patience, atom, std::move(what));
}

} // namespace hongyan
