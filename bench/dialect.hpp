/// How the users of a run send and see messages: by the classic contract (POST /push, and windows on the
/// sockets) or by v1. Scenarios that measure both are written against this.
#pragma once

#include "bench/contents.hpp"
#include "bench/crowd.hpp"
#include "bench/report.hpp"

#include <memory>
#include <optional>

namespace hongyan::bench {

/// Only on the shard's thread.
class dialect : private crowd::listener {
public:
  /// A message to be sent, between users by their index.
  struct letter {
    std::uint32_t from;
    std::uint32_t to;
    std::uint64_t number; ///< 1, 2, …
  };

  /// Where messages come from and answers go. Senders are numbered; each has one message under way at most.
  class listener {
  public:
    /// What a sender that is free sends next. Nothing: it waits for wake().
    virtual std::optional<letter> next(std::uint32_t sender) = 0;
    /// Its message is stored.
    virtual void stored(std::uint32_t sender) = 0;
    /// Its message was answered with an error.
    virtual void refused(std::uint32_t sender, const std::string& code) = 0;
    /// No connection, or one that broke. `in_flight`: while a message had no answer.
    virtual void broke(std::uint32_t sender, const std::string& why, bool in_flight) = 0;
    /// The socket of `user` shows a message, which is newer than those it showed before.
    virtual void seen(std::uint32_t user, std::uint64_t number) = 0;
    /// As crowd::listener::opening().
    virtual void opening() {}

  protected:
    ~listener() = default;
  };

  virtual ~dialect() = default;

  crowd& users() { return users_; }
  const crowd& users() const { return users_; }

  virtual void add_senders(std::size_t count) = 0;
  virtual void wake(std::uint32_t sender) = 0;
  virtual asio::awaitable<void> end_senders() = 0;
  /// False: as many messages of this user are under way as the server takes.
  virtual bool may_send(std::uint32_t) const { return true; }

  /// Adds what it noticed itself. `missing`: something that was acknowledged was not seen.
  void tell(report& r, bool missing);

protected:
  dialect(runtime& where, const options& asked, listener& told);

  /// A chat or message that a socket shows, with its content. Returns its number; 0: it is none of this
  /// run's.
  std::uint64_t show(std::uint32_t user, std::string_view content);

  runtime& where_;
  const options& asked_;
  listener& told_;
  contents contents_;
  crowd users_;

private:
  void received(socket_client& client, const std::string& frame) final;
  void lost(socket_client& client) final { sender_lost(client.index()); }
  void opening() final { told_.opening(); }

  virtual void read(std::uint32_t user, const std::string& frame) = 0;
  virtual void sender_lost(std::uint32_t) {}
  virtual void tell_more(report& r, bool missing) = 0;

  std::uint64_t frame_bytes_ = 0;
  std::uint64_t unrelated_ = 0;
};

/// The dialect that is asked for.
std::unique_ptr<dialect> make_dialect(runtime& where, const options& asked, dialect::listener& told);

} // namespace hongyan::bench
