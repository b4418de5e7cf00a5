/// A WebSocket after its upgrade: the bare socket and our own framing. While idle it holds no buffer; it
/// reads into its shard's, and serves a peer that sends much by turns. Implements a session's outlet, and
/// keeps the transport's deadlines: pings, silence, a message that does not arrive whole, a write that makes
/// no progress, a peer that does not finish closing.
#pragma once

#include "actors/frame_sink.hpp"
#include "core/bounds/connection_table.hpp"
#include "core/bounds/limits.hpp"
#include "core/bounds/memory_budget.hpp"
#include "core/metrics.hpp"
#include "core/wire/ws_codec.hpp"
#include "net/io_shard.hpp"
#include "net/transport.hpp"

#include <memory>
#include <optional>
#include <string>

namespace hongyan {

/// An accepted upgrade request, to be answered.
struct upgrade {
  std::string key;         ///< Sec-WebSocket-Key
  std::string subprotocol; ///< the one selected; may be empty
  std::string leftover;    ///< bytes that came behind the request
  std::string user;        ///< whose memory its buffers are
  connection_table::socket_slot slot{};
};

/// Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
std::string accept_key(const std::string& key);

/// Figures and limits that all WebSockets of a protocol share. Outlives them.
struct websocket_env {
  metrics& figures;
  memory_budget& memory;
  std::size_t message_bytes_max;
  /// Between pings to the peer, and how long it may be silent. Nothing: the session looks after that.
  std::optional<std::chrono::milliseconds> ping_every;
  std::optional<std::chrono::milliseconds> silence_max;
  std::chrono::seconds write_stall_max; ///< a write that makes no progress for so long ends the socket
};

/// Only on its shard's thread. Made with std::make_shared: the handlers of its socket share it.
class websocket final : public frame_sink,
                        public std::enable_shared_from_this<websocket>,
                        private timer_wheel::timer {
public:
  websocket(io_shard& home, transport socket, upgrade request, const websocket_env& env);
  ~websocket() override;

  void open(owner& o) override;
  void refuse(const error& e) override;
  bool send(std::string frame) override;
  bool send(const shared_frames& frame) override;
  void close(close_code code) override;
  void keep(std::size_t bytes) override;
  void cut() override;

private:
  void await_readable();
  void read();
  void take(std::string_view bytes);
  void go_on();
  std::string_view decode(std::string_view bytes);
  void note_message(bool is_new);
  steady_time message_due() const;
  void recount();
  bool count_control_frame();
  void answer_ping(const std::string& payload);
  void write(std::string bytes);
  void flush();
  void end(close_code why);
  void fired(steady_time now) override;
  void arm();

  io_shard& home_;
  const websocket_env& env_;
  owner* owner_ = nullptr;
  transport socket_;
  ws::decoder decoder_;
  std::unique_ptr<upgrade> request_; ///< until open()
  connection_table::socket_slot slot_;
  std::string user_;
  memory_budget::charge kept_;
  std::size_t session_keeps_ = 0;
  std::string unread_; ///< read, and not decoded before others have had their turn; nothing is read meanwhile
  std::size_t unread_at_ = 0;
  std::string out_; ///< one frame of the session's, control frames behind it
  std::size_t out_sent_ = 0;
  std::optional<std::string> ping_; ///< to be answered when out_ is empty; a newer one replaces it
  steady_time heard_;               ///< last byte from the peer
  steady_time pinged_;              ///< last ping to the peer
  steady_time message_begun_;       ///< while the decoder is mid_message()
  steady_time message_moved_;       ///< its last byte, likewise
  std::uint32_t message_progress_ = 0;
  steady_time progress_;       ///< last byte the socket took, while out_ is not empty
  steady_time closing_since_;  ///< our close frame was sent
  steady_time control_second_; ///< begin of the second that control_frames_ counts
  unsigned control_frames_ = 0;
  close_code closing_ = close_code::going_away;
  bool is_closing_ = false;
  bool deaf_ = false;           ///< the peer broke the protocol: what it sends is not decoded any more
  bool session_waits_ = false;  ///< send() answered false
  bool waits_writable_ = false; ///< for the socket to take more of out_
};

} // namespace hongyan
