// Rows of files; see files/blob_store.hpp.

#include "persistence/changes/change_run.hpp"

namespace hongyan {

namespace {

/// A file to which nothing refers any more is due at once, and deleted so much later.
constexpr std::chrono::minutes release_grace{1};
/// Whoever has taken files to delete them has so long before others do.
constexpr std::chrono::minutes deletion_time{10};

} // namespace

result<void> change_run::operator()(const begin_file& what) {
  if (auto missing = user_missing()) return *missing;
  return tx_.add_file(what.id, *by_, now_, now_ + what.unsent);
}

result<void> change_run::operator()(const finish_file& what) {
  const auto finished = tx_.finish_file(what.file);
  if (!finished) return finished.error();
  if (!*finished) return error{errc::timeout, "the upload took so long that the file was given up"};
  return {};
}

result<void> change_run::operator()(const take_due_files& what) {
  // Only what has been due for a while: nobody may read or send it any more, so no message that is on its
  // way, on another node either, has it.
  auto due = tx_.take_due_files(now_ - release_grace, now_ + deletion_time, what.limit);
  if (!due) return due.error();
  outcome_.files = *std::move(due);
  return {};
}

result<void> change_run::operator()(const forget_files& what) { return tx_.forget_files(what.ids); }

result<void> change_run::operator()(const identify_files& what) {
  auto identity = tx_.identify_files({what.store, what.made_up_key});
  if (!identity) return identity.error();
  outcome_.identity = *std::move(identity);
  return {};
}

} // namespace hongyan
