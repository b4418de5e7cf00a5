/// The embedded store: one file, one server process, one connection that writes.
///
/// Durable: write-ahead log with synchronous=FULL, so a commit has been synced when it returns.
///
/// One connection writes *and* checkpoints; readers do neither, not even when they close. SQLite
/// before 3.51.3 can corrupt the file when two connections do so at the same instant (reliability.md, D1). A
/// lock on the file PATH-lock keeps a second server out. It is a file of its own because closing any
/// descriptor of the database file would drop SQLite's own locks (D3).
///
/// After a failure nothing has to be repaired: the transaction is rolled back and the file opened anew at the
/// next call. The one case with care is a commit whose sync failed, see sqlite_writer::commit().
#pragma once

#include "persistence/store.hpp"

namespace hongyan {

/// Opens, or creates, and migrates the file. Errors as open_store().
result<std::unique_ptr<store>> open_sqlite_store(const std::string& path);

} // namespace hongyan
