/// WebSocket framing (RFC 6455) as bytes in, values out: no socket, no clock. Beast does HTTP and the
/// upgrade; after it a stream of Beast's would cost each idle connection twice the memory, and its timeouts
/// watch reads only (docs/decisions/0003-own-websocket-framing.md).
///
/// Text only: this server speaks no binary, so a binary frame is refused with 1003 (contract, section 2).
#pragma once

#include "core/errors.hpp"
#include "core/tools/text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan::ws {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// The header of an unfragmented, unmasked frame (a server's).
std::string header(opcode op, std::size_t payload_bytes);
/// A whole frame of a server.
std::string frame(opcode op, std::string_view payload);
/// A whole frame of a client, masked with `mask`.
std::string masked_frame(opcode op, std::string_view payload, std::array<std::uint8_t, 4> mask);
/// The payload of a close frame; `reason` at most 123 bytes.
std::string close_payload(close_code code, std::string_view reason);

/// Who sends the frames that are decoded: a client must mask (section 5.1), a server must not.
enum class peer : std::uint8_t { client, server };

/// Decodes one peer's frames, fed in pieces of any size.
class decoder {
public:
  enum class status : std::uint8_t {
    need_more, ///< the input is used up
    text,      ///< payload() is a whole message, valid UTF-8
    ping,      ///< payload() is to be sent back in a pong
    pong,
    close,  ///< the peer closes; payload() is its code and reason, possibly empty
    failed, ///< the peer broke the rules: close with failure(); decode no more
  };

  decoder(peer from, std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max), from_(from) {}

  /// Takes what it needs from the front of `input` and removes it there. Call until need_more.
  status next(std::string_view& input);

  /// Of the last message or control frame; valid until the next call of next().
  const std::string& payload() const { return payload_; }
  close_code failure() const { return failure_; }
  /// True between the first byte of a message (or of a frame) and its last.
  bool mid_message() const { return header_have_ > 0 || in_payload_ || fragmented_; }
  /// Grows, round and round, with every byte of a message; those of control frames in between are none.
  std::uint32_t progress() const { return progress_; }
  /// Bytes of the message so far that are kept.
  std::size_t kept() const { return message_.capacity(); }

private:
  status begin_frame();
  status end_frame();
  status take_payload(std::string_view& input);
  status fail(close_code code);

  std::string message_; ///< the text so far; emptied to no capacity when idle
  std::string payload_;
  std::size_t message_bytes_max_;
  std::uint64_t frame_left_ = 0;
  std::uint32_t progress_ = 0;
  utf8_checker utf8_;
  close_code failure_ = close_code::protocol;
  std::array<std::uint8_t, 14> header_{};
  std::array<std::uint8_t, 4> mask_{};
  std::uint8_t header_have_ = 0;
  std::uint8_t mask_at_ = 0;
  opcode op_ = opcode::text;
  peer from_;
  bool final_ = false;
  bool in_payload_ = false;
  bool fragmented_ = false; ///< a message has begun and its last fragment has not come
  bool reported_ = false;   ///< payload_ was handed out by the last call
};

} // namespace hongyan::ws
