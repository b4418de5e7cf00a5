#include "actors/file_worker.hpp"

#include "actors/blocking.hpp"

namespace hongyan {

namespace {

/// Why the store failed is for the log; a stranger is told what to do.
error told(const error& why) {
  spdlog::warn("event=file_store_failed reason=\"{}\"", why.detail);
  if (why.code == errc::store_full)
    return {why.code, "there is no room for another file; whoever runs this server has to make some"};
  return {errc::unavailable, "the file store does not answer just now; try again in a moment"};
}

template <class Answer, class Work>
Answer guarded(steady_time until, Work work) {
  return answer_in_time<Answer>(until, "file_worker", "the file store was too slow", errc::unavailable, work);
}

blob_done done(const result<void>& what) {
  if (!what) return {.failure = told(what.error())};
  return {};
}

} // namespace

file_worker_actor::behavior_type file_worker(file_worker_actor::pointer, files::blob_store* store) {
  go_behind_senders();
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
