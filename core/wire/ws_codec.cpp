#include "core/wire/ws_codec.hpp"

#include <algorithm>

namespace hongyan::ws {

namespace {

constexpr std::size_t control_bytes_max = 125; // section 5.5

bool is_control(opcode op) { return static_cast<std::uint8_t>(op) >= 8; }

bool is_known(std::uint8_t op) { return op <= 2 || (op >= 8 && op <= 10); }

std::string make_header(opcode op, std::size_t bytes, std::uint8_t mask_bit) {
  std::string out;
  out.reserve(14);
  out.push_back(static_cast<char>(0x80 | static_cast<std::uint8_t>(op)));
  if (bytes < 126) {
    out.push_back(static_cast<char>(mask_bit | bytes));
    return out;
  }
  const int length_bytes = bytes <= 0xFFFF ? 2 : 8;
  out.push_back(static_cast<char>(mask_bit | (length_bytes == 2 ? 126 : 127)));
  for (int i = length_bytes - 1; i >= 0; --i) out.push_back(static_cast<char>((bytes >> (8 * i)) & 0xFF));
  return out;
}

/// The codes a peer may send: section 7.4.1 and the IANA registry, and the ranges of 7.4.2.
bool is_sendable(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

} // namespace

std::string header(opcode op, std::size_t payload_bytes) { return make_header(op, payload_bytes, 0); }

std::string frame(opcode op, std::string_view payload) { return header(op, payload.size()).append(payload); }

std::string masked_frame(opcode op, std::string_view payload, std::array<std::uint8_t, 4> mask) {
  std::string out = make_header(op, payload.size(), 0x80);
  for (auto byte : mask) out.push_back(static_cast<char>(byte));
  std::size_t i = 0;
  for (char c : payload) out.push_back(static_cast<char>(c ^ mask[i++ % 4]));
  return out;
}

std::string close_payload(close_code code, std::string_view reason) {
  const auto number = static_cast<unsigned>(code);
  std::string out{static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
  return out.append(reason.substr(0, control_bytes_max - 2));
}

decoder::status decoder::fail(close_code code) {
  failure_ = code;
  return status::failed;
}

decoder::status decoder::next(std::string_view& input) {
  if (reported_) {
    std::string().swap(payload_); // an idle connection keeps no buffer
    reported_ = false;
  }
  while (!input.empty()) {
    if (in_payload_) {
      if (auto s = take_payload(input); s != status::need_more) return s;
      continue;
    }
    header_[header_have_++] = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    if (!is_control(static_cast<opcode>(header_[0] & 0x0F))) ++progress_;
    if (auto s = begin_frame(); s != status::need_more) return s;
  }
  return status::need_more;
}

/// Called with each byte of a header; begins the payload when the header is whole.
decoder::status decoder::begin_frame() {
  if (header_have_ == 1) {
    if ((header_[0] & 0x70) != 0) return fail(close_code::protocol); // no extension was negotiated
    if (!is_known(header_[0] & 0x0F)) return fail(close_code::protocol);
    return status::need_more;
  }
  const std::uint8_t short_length = header_[1] & 0x7F;
  const unsigned length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  const bool masked = (header_[1] & 0x80) != 0;
  if (header_have_ == 2) {
    op_ = static_cast<opcode>(header_[0] & 0x0F);
    final_ = (header_[0] & 0x80) != 0;
    if (masked != (from_ == peer::client)) return fail(close_code::protocol);
    if (is_control(op_)) {
      if (!final_ || short_length > control_bytes_max) return fail(close_code::protocol);
    } else {
      if ((op_ == opcode::continuation) != fragmented_) return fail(close_code::protocol);
      if (op_ == opcode::binary) return fail(close_code::unsupported);
    }
  }
  if (header_have_ < 2 + length_bytes) return status::need_more;

  std::uint64_t length = short_length;
  if (length_bytes > 0) {
    length = 0;
    for (unsigned i = 0; i < length_bytes; ++i) length = (length << 8) | header_[2 + i];
    const bool minimal = length_bytes == 2 ? length >= 126 : length > 0xFFFF;
    if (!minimal || (length >> 63) != 0) return fail(close_code::protocol);
  }
  // Refused by what it says of itself, before a byte of it is kept.
  if (!is_control(op_) && length > message_bytes_max_ - message_.size()) return fail(close_code::too_large);
  if (masked && header_have_ < 2 + length_bytes + 4) return status::need_more;

  if (masked) std::copy_n(header_.begin() + 2 + length_bytes, 4, mask_.begin());
  mask_at_ = 0;
  header_have_ = 0;
  frame_left_ = length;
  in_payload_ = true;
  if (!is_control(op_)) fragmented_ = true; // until end_frame() sees the last one
  return length == 0 ? end_frame() : status::need_more;
}

decoder::status decoder::take_payload(std::string_view& input) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, input.size()));
  auto& into = is_control(op_) ? payload_ : message_;
  const auto begin = into.size();
  into.append(input.substr(0, count));
  input.remove_prefix(count);
  frame_left_ -= count;
  if (!is_control(op_)) progress_ += static_cast<std::uint32_t>(count);
  if (from_ == peer::client)
    for (auto i = begin; i < into.size(); ++i) into[i] = static_cast<char>(into[i] ^ mask_[mask_at_++ % 4]);
  if (!is_control(op_) && !utf8_.feed(std::string_view(into).substr(begin)))
    return fail(close_code::bad_utf8);
  return frame_left_ == 0 ? end_frame() : status::need_more;
}

decoder::status decoder::end_frame() {
  in_payload_ = false;
  if (op_ == opcode::ping || op_ == opcode::pong) {
    reported_ = true;
    return op_ == opcode::ping ? status::ping : status::pong;
  }
  if (op_ == opcode::close) {
    reported_ = true;
    if (payload_.empty()) return status::close;
    if (payload_.size() == 1) return fail(close_code::protocol);
    const unsigned code = static_cast<unsigned>(static_cast<std::uint8_t>(payload_[0])) << 8 |
                          static_cast<std::uint8_t>(payload_[1]);
    if (!is_sendable(code)) return fail(close_code::protocol);
    utf8_checker reason;
    if (!reason.feed(std::string_view(payload_).substr(2)) || !reason.complete())
      return fail(close_code::bad_utf8);
    return status::close;
  }
  if (!final_) return status::need_more;
  if (!utf8_.complete()) return fail(close_code::bad_utf8);
  fragmented_ = false;
  utf8_ = {};
  payload_ = std::move(message_);
  message_ = {};
  reported_ = true;
  return status::text;
}

} // namespace hongyan::ws
