#include "actors/file_worker.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

namespace hongyan {

namespace {

/// Who writes a message goes first where processors are few.
constexpr int niceness = 10;

/// Why the store failed is for the log; a stranger is told what to do.
error told(const error& why) {
  spdlog::warn("event=file_store_failed reason=\"{}\"", why.detail);
  if (why.code == errc::store_full)
    return {why.code, "there is no room for another file; whoever runs this server has to make some"};
  return {errc::unavailable, "the file store does not answer just now; try again in a moment"};
}

/// For who still waits. What a store throws all the same is a fault of ours.
template <class Answer, class Work>
Answer guarded(steady_time until, Work work) {
  if (std::chrono::steady_clock::now() > until)
    return {.failure = error{errc::unavailable, "the file store was too slow"}};
  try {
    return work();
  } catch (const std::exception& e) {
    spdlog::critical("event=uncaught_exception where=file_worker what=\"{}\"", e.what());
    return {.failure = error{errc::unavailable, "a fault of the server; its log says more"}};
  }
}

blob_done done(const result<void>& what) {
  if (!what) return {.failure = told(what.error())};
  return {};
}

} // namespace

file_worker_actor::behavior_type file_worker(file_worker_actor::pointer, files::blob_store* store) {
  // Of this thread alone, as Linux has it; where it may not be set, uploads are as quick as all else.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, niceness));
  return {
      [store](create_atom, const blob_name& name) {
        return guarded<blob_begun>(name.until, [&]() -> blob_begun {
          auto writer = store->create(name.id);
          if (!writer) return {.failure = told(writer.error())};
          return {.writer = *std::move(writer)};
        });
      },
      [](write_atom, const blob_piece& piece) {
        return guarded<blob_done>(piece.until, [&] { return done(piece.to->write(piece.bytes)); });
      },
      [](finish_atom, const blob_end& end) {
        return guarded<blob_done>(end.until, [&] { return done(end.of->finish()); });
      },
      [](drop_atom, blob_writer_ptr& writer) { writer.reset(); },
      [store](open_atom, const blob_name& name) {
        return guarded<blob_opened>(name.until, [&]() -> blob_opened {
          auto reader = store->open(name.id);
          if (!reader) return {.failure = told(reader.error())};
          return {.reader = *std::move(reader)};
        });
      },
      [](read_atom, const blob_wish& wish) {
        return guarded<blob_done>(wish.until, [&]() -> blob_done {
          auto bytes = wish.from->read(wish.offset, wish.count);
          if (!bytes) return {.failure = told(bytes.error())};
          return {.bytes = *std::move(bytes)};
        });
      },
  };
}

} // namespace hongyan
