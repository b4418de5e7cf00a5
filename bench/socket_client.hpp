/// A user as an actor: one WebSocket, opened when the actor is spawned, closed when it ends. By itself it
/// says only what keeps it open: pongs, and in v1 the heartbeat. What comes in is told to a watcher.
#pragma once

#include "actors/shard.hpp"
#include "bench/options.hpp"
#include "core/wire/ws_codec.hpp"
#include "net/io_shard.hpp"

#include <optional>
#include <string>

namespace hongyan::bench {

/// `key`: Sec-WebSocket-Key. `token`: empty with a server that asks for none.
std::string upgrade_request(const server_address& server, protocol speaks, std::uint64_t user,
                            const std::string& token, const std::string& key);

/// Pinned; spawn with spawn_on(). Ends by itself when its socket is over. Understands caf::close_atom: begin
/// the closing handshake.
class socket_client final : public pinned<caf::event_based_actor> {
public:
  /// What a client tells; on the shard's thread. Outlives the client. Either failed() or ended() is the last.
  class watcher {
  public:
    /// The upgrade was accepted; in v1, the server's `session` has come.
    virtual void opened(socket_client& client) = 0;
    /// A text frame came, of which this is the payload.
    virtual void received(socket_client& client, const std::string& frame) = 0;
    /// The socket is over though nobody asked for it.
    virtual void failed(socket_client& client, const std::string& why) = 0;
    /// The socket is over as asked: by close_atom or by an exit message.
    virtual void ended(socket_client& client) = 0;

  protected:
    ~watcher() = default;
  };

  /// User `user` is the watcher's number `index`. `source` is bound before connecting, if given. `token`: for
  /// v1 with a server that asks for one.
  socket_client(caf::actor_config& config, io_shard& home, const server_address& server, protocol speaks,
                std::uint64_t user, std::uint32_t index, std::optional<asio::ip::address> source,
                watcher& told, std::string token = {});

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "socket_client"; }

  /// Sends a text; only while open. What the socket does not take at once waits.
  void send(std::string_view text);

  std::uint32_t index() const { return index_; }
  /// The server's, in v1.
  const std::string& epoch() const { return epoch_; }
  steady_time begun() const { return begun_; }
  /// WebSocket bytes so far, framing included.
  std::uint64_t bytes_received() const { return bytes_received_; }

private:
  enum class phase : std::uint8_t { connecting, upgrading, greeting, open, closing, over };

  /// What is due next: an answer, or while open a heartbeat.
  struct alarm final : timer_wheel::timer {
    explicit alarm(socket_client& c) : waiting(c) {}
    void fired(steady_time) override { waiting.alarm_fired(); }
    socket_client& waiting;
  };

  void connect();
  void upgrade();
  void await_readable();
  void read();
  void take_answer(std::string_view bytes);
  void decode(std::string_view bytes);
  void take_greeting(const std::string& text);
  void opened();
  void close();
  void write(std::string_view bytes);
  void await_writable();
  void alarm_fired();
  /// Ends the socket and the actor; safe from a socket's handler, outside of the actor's turn.
  void over(const std::string& why);

  io_shard& home_;
  const server_address& server_;
  watcher& told_;
  caf::strong_actor_ptr self_;                  ///< a socket's handlers call it: it lives until on_exit()
  std::optional<asio::ip::tcp::socket> socket_; ///< freed in on_exit(): the actor may outlive the shard
  std::optional<asio::ip::address> source_;
  alarm alarm_;
  ws::decoder decoder_;
  std::string token_;
  std::string key_;    ///< Sec-WebSocket-Key, until open
  std::string answer_; ///< the server's answer to the upgrade, until whole
  std::string out_;    ///< what the socket has not taken yet
  std::string epoch_;
  steady_time::duration heartbeat_{};
  std::uint64_t user_;
  std::uint64_t bytes_received_ = 0;
  steady_time begun_{};
  std::uint32_t index_;
  protocol speaks_;
  phase phase_ = phase::connecting;
};

} // namespace hongyan::bench
