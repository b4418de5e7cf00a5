/// The outlet of one session: in production a WebSocket (net/websocket), in tests a recorder. Only on the
/// session's shard.
#pragma once

#include "core/errors.hpp"

#include <memory>
#include <string>

namespace hongyan {

/// Whole WebSocket frames, shared by all who send them.
using shared_frames = std::shared_ptr<const std::string>;

class frame_sink {
public:
  /// What a sink tells its session. Nothing follows gone().
  class owner {
  public:
    /// The upgrade is answered; what is sent now is the first that the client gets.
    virtual void handshake_done() = 0;
    /// A text message came from the client.
    virtual void text_received(const std::string& text) = 0;
    /// The last send() has gone out whole; the next may follow.
    virtual void writable() = 0;
    /// The socket is over, for this reason.
    virtual void gone(close_code why) = 0;

  protected:
    ~owner() = default;
  };

  virtual ~frame_sink() = default;

  /// Answers the upgrade request and begins to read. `o` must stay until gone() or cut().
  virtual void open(owner& o) = 0;
  /// Answers the upgrade request with an error instead; the socket is over then.
  virtual void refuse(const error& e) = 0;
  /// Sends one text message, given as a whole frame. False: part of it waits for the socket; send no other
  /// until writable().
  virtual bool send(std::string frame) = 0;
  /// The same for a frame, or several, that others send too: copied only as far as it waits.
  virtual bool send(const shared_frames& frame) = 0;
  /// Tells what the session itself keeps for this socket, in bytes: it counts with what the socket keeps.
  /// When that is too much, the socket ends, and gone() is called before this returns.
  virtual void keep(std::size_t /*bytes*/) {}
  /// Begins the closing handshake; gone() follows in bounded time.
  virtual void close(close_code code) = 0;
  /// Closes the socket at once and forgets the owner.
  virtual void cut() = 0;
};

} // namespace hongyan
