/// What the handlers of files have in common.
#pragma once

#include "core/wire/http_range.hpp"
#include "net/handlers.hpp"

#include <algorithm>
#include <chrono>
#include <type_traits>

namespace hongyan {

/// For the file store's answer; wx.uploadFile waits as long.
inline constexpr std::chrono::seconds store_deadline{60};
/// What is read at once for a body.
inline constexpr std::size_t body_piece_bytes = 64 * 1024;

/// The file store, when it can be used. Errors: not_found, unavailable.
result<file_service*> usable_files(edge& at);

/// A link to a file, for that user (nobody: the business back end), good for so long: the store's own, or one
/// of ours, which begins with `public_url`. Any thread.
std::string link_to(file_service& files, const std::string& public_url, const stored_file& file,
                    const std::optional<user_id>& user, std::chrono::sys_seconds now,
                    std::chrono::seconds good_for);

/// Asks a file worker, or the one that makes backups, which leaves it when this has waited long enough.
template <class Answer, class Worker, class Atom, class What>
asio::awaitable<result<Answer>> ask_worker(edge& at, const Worker& worker, Atom atom, What what,
                                           std::chrono::seconds patience = store_deadline) {
  what.until = at.home.now() + patience;
  return ask<Answer>(at.asks, worker, patience, atom, std::move(what));
}

/// Bytes of a reader, read by its worker while they are sent.
template <class Worker>
class reader_body final : public body_source {
public:
  reader_body(edge& at, Worker worker, blob_reader_ptr from, byte_range range)
      : at_(at)
      , worker_(std::move(worker))
      , from_(std::move(from))
      , next_(range.first)
      , left_(range.size())
      , length_(range.size()) {}

  std::optional<std::uint64_t> length() const override { return length_; }
  asio::awaitable<result<std::string>> next() override {
    if (left_ == 0) co_return std::string();
    blob_wish wish{from_, next_, static_cast<std::size_t>(std::min<std::uint64_t>(left_, body_piece_bytes))};
    auto read = co_await ask_worker<blob_done>(at_, worker_, read_atom::value, std::move(wish));
    if (!read) co_return read.error();
    if (read->failure) co_return *read->failure;
    next_ += read->bytes.size();
    left_ -= read->bytes.size();
    if constexpr (std::is_same_v<Worker, file_worker_actor>)
      at_.server.figures.file_bytes_out.Increment(static_cast<double>(read->bytes.size()));
    co_return std::move(read->bytes);
  }

private:
  edge& at_;
  Worker worker_;
  blob_reader_ptr from_;
  std::uint64_t next_;
  std::uint64_t left_;
  std::uint64_t length_;
};

} // namespace hongyan
