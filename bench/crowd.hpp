/// Many users at once: opens their sockets at a bounded pace, keeps count of them, closes them.
#pragma once

#include "bench/histogram.hpp"
#include "bench/runtime.hpp"
#include "bench/socket_client.hpp"

#include <string>
#include <vector>

namespace hongyan::bench {

/// Only on the shard's thread.
class crowd final : private socket_client::watcher {
public:
  /// Is told what happens to the sockets.
  class listener {
  public:
    virtual void received(socket_client& client, const std::string& frame) = 0;
    /// True: that is all. False: it has more to do, and counts as being opened until settled().
    virtual bool opened(socket_client&) { return true; }
    /// An open socket is over, though nobody asked for it.
    virtual void lost(socket_client&) {}
    /// Called every few milliseconds while sockets are being opened.
    virtual void opening() {}

  protected:
    ~listener() = default;
  };

  /// Users `first_user`, `first_user` + 1, … on one server after the other.
  crowd(runtime& where, const std::vector<server_address>& servers, protocol speaks, std::uint64_t first_user,
        listener& told);

  /// One for each user, for a server that asks for them.
  void give_tokens(std::vector<std::string> tokens) { tokens_ = std::move(tokens); }
  /// Opens `count` sockets, `at_once` at a time and at most `per_second` (0: no limit), and returns when each
  /// is open and settled, or has failed.
  asio::awaitable<void> open(std::size_t count, std::size_t at_once, double per_second);
  /// Closes all that are open by the closing handshake, then ends all actors.
  asio::awaitable<void> close();
  /// The client that was not when it opened.
  void settled(socket_client& client);
  /// Sends a text to one that is open; it may be lost by it.
  void send(std::size_t index, std::string_view text);

  std::uint64_t user(std::size_t index) const { return first_user_ + index; }
  bool is_open(std::size_t index) const {
    return index < phases_.size() && (phases_[index] == phase::working || phases_[index] == phase::settled);
  }
  std::size_t open_count() const { return open_; }
  std::size_t failed_count() const { return failed_; }
  /// Of the latest open(): connect and upgrade (in v1, to the `session`), in nanoseconds.
  const histogram& handshakes() const { return handshakes_; }
  /// From the beginning of the latest open() to the last upgrade.
  steady_time::duration opening_took() const { return last_opened_ - begun_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  std::uint64_t frames_received() const { return frames_; }
  /// What went wrong, a line for each kind, with how often; empty: nothing.
  std::vector<std::string> faults() const;

private:
  enum class phase : std::uint8_t { opening, working, settled, over };

  void spawn_next();
  void spawn_more();
  void opened(socket_client& client) override;
  void received(socket_client& client, const std::string& frame) override;
  void failed(socket_client& client, const std::string& why) override;
  void ended(socket_client& client) override;
  void leave(socket_client& client);
  runtime& where_;
  const std::vector<server_address>& servers_;
  listener& told_;
  std::vector<caf::actor> clients_;      ///< by index; null when over
  std::vector<socket_client*> speakers_; ///< the same, as they are
  std::vector<phase> phases_;
  std::vector<std::string> tokens_;
  histogram handshakes_;
  std::vector<std::pair<std::string, std::size_t>> faults_;
  std::uint64_t first_user_;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t frames_ = 0;
  std::size_t wanted_ = 0;
  std::size_t busy_ = 0; ///< opening or working
  std::size_t open_ = 0;
  std::size_t failed_ = 0;
  std::size_t alive_ = 0;
  std::size_t at_once_ = 0;
  std::size_t allowed_ = 0; ///< of wanted_, by the pace
  protocol speaks_;
  steady_time begun_{};
  steady_time last_opened_{};
};

} // namespace hongyan::bench
