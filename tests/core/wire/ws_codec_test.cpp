#include "core/wire/ws_codec.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::ws;
using status = decoder::status;

namespace {

constexpr std::array<std::uint8_t, 4> mask{0x12, 0x34, 0x56, 0x78};

/// A client's frame by hand: any first byte, any length, masked.
std::string raw(unsigned first, std::string_view payload) {
  auto bytes = masked_frame(opcode::text, payload, mask);
  bytes[0] = static_cast<char>(first);
  return bytes;
}

struct heard {
  status what;
  std::string payload;
  bool operator==(const heard&) const = default;
};

std::vector<heard> decode(decoder& d, std::string_view bytes, std::size_t step) {
  std::vector<heard> out;
  while (!bytes.empty()) {
    auto piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    for (;;) {
      const auto s = d.next(piece);
      if (s == status::need_more) break;
      out.push_back(
          {s, s == status::failed ? std::to_string(static_cast<unsigned>(d.failure())) : d.payload()});
      if (s == status::failed) return out;
    }
  }
  return out;
}

/// What a server hears, fed whole; and the same fed in pieces of every small size.
std::vector<heard> hear(std::string_view bytes, std::size_t message_max = 64 * 1024) {
  decoder whole(peer::client, message_max);
  auto expected = decode(whole, bytes, bytes.size());
  for (std::size_t step : {1, 2, 3, 7}) {
    decoder pieces(peer::client, message_max);
    CHECK(decode(pieces, bytes, step) == expected);
  }
  return expected;
}

std::vector<heard> failed(unsigned code) { return {{status::failed, std::to_string(code)}}; }

} // namespace

TEST_CASE("a text message is unmasked, whatever its length form", "[ws]") {
  for (std::size_t size : {0, 1, 125, 126, 127, 65535, 65536}) {
    const std::string text(size, 'x');
    CHECK(hear(raw(0x81, text), 1 << 20) == std::vector<heard>{{status::text, text}});
  }
  CHECK(hear(raw(0x81, "你好")) == std::vector<heard>{{status::text, "你好"}});
}

TEST_CASE("fragments make one message, control frames may come between", "[ws]") {
  const auto bytes = raw(0x01, "he") + raw(0x89, "ping") + raw(0x00, "ll") + raw(0x80, "o") + raw(0x8A, "");
  CHECK(hear(bytes) ==
        std::vector<heard>{{status::ping, "ping"}, {status::text, "hello"}, {status::pong, ""}});
}

TEST_CASE("a character may be split over fragments, but the message must end whole", "[ws]") {
  CHECK(hear(raw(0x01, "\xE4") + raw(0x80, "\xBD\xA0")) == std::vector<heard>{{status::text, "你"}});
  CHECK(hear(raw(0x81, "\xE4\xBD")) == failed(1007));
  CHECK(hear(raw(0x81, "\xFF")) == failed(1007));
  CHECK(hear(raw(0x01, "\xE4") + raw(0x80, "(")) == failed(1007));
}

TEST_CASE("what RFC 6455 forbids is a protocol error", "[ws]") {
  CHECK(hear(frame(opcode::text, "unmasked")) == failed(1002));
  CHECK(hear(raw(0xC1, "x")) == failed(1002)); // RSV1
  CHECK(hear(raw(0x83, "x")) == failed(1002)); // reserved opcode
  CHECK(hear(raw(0x8B, "x")) == failed(1002)); // reserved control opcode
  CHECK(hear(raw(0x09, "x")) == failed(1002)); // fragmented ping
  CHECK(hear(raw(0x89, std::string(126, 'x'))) == failed(1002));
  CHECK(hear(raw(0x80, "x")) == failed(1002)); // continuation of nothing
  CHECK(hear(raw(0x01, "a") + raw(0x81, "b")) == failed(1002));
  CHECK(hear(std::string("\x81\xFE\x00\x05", 4)) == failed(1002));            // 5 in the long form
  CHECK(hear(std::string("\x81\xFF\x80\0\0\0\0\0\0\0", 10)) == failed(1002)); // 2^63
  CHECK(hear(raw(0x88, "x")) == failed(1002));                                // a close of one byte
  CHECK(hear(raw(0x88, "\x03\xED")) == failed(1002));                         // 1005 is not to be sent
  CHECK(hear(raw(0x88, "\x03\xE8\xFF")) == failed(1007));
}

TEST_CASE("binary is refused, and so is a message over the limit before it has come", "[ws]") {
  CHECK(hear(raw(0x82, "x")) == failed(1003));
  CHECK(hear(raw(0x81, std::string(11, 'x')), 10) == failed(1009));
  CHECK(hear(raw(0x01, std::string(6, 'x')) + raw(0x80, std::string(5, 'x')), 10) == failed(1009));
  CHECK(hear(std::string("\x81\xFF\0\0\x10\0\0\0\0\0", 10), 10) == failed(1009)); // huge by its header alone
  CHECK(hear(raw(0x81, std::string(10, 'x')), 10) ==
        std::vector<heard>{{status::text, std::string(10, 'x')}});
}

TEST_CASE("a close carries its code and reason", "[ws]") {
  CHECK(hear(raw(0x88, "")) == std::vector<heard>{{status::close, ""}});
  const auto payload = close_payload(close_code::kicked, "bye");
  CHECK(payload == std::string("\x0F\xA3") + "bye");
  CHECK(hear(raw(0x88, payload)) == std::vector<heard>{{status::close, payload}});
}

TEST_CASE("a message is under way from its first byte to its last", "[ws]") {
  decoder d(peer::client, 100);
  const auto bytes = raw(0x01, "ab") + raw(0x80, "c");
  CHECK_FALSE(d.mid_message());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto piece = std::string_view(bytes).substr(i, 1);
    const auto s = d.next(piece);
    CHECK(d.mid_message() == (i + 1 < bytes.size()));
    CHECK((s == status::text) == (i + 1 == bytes.size()));
  }
}

TEST_CASE("a message makes progress with each of its bytes, and with no ping's", "[ws]") {
  decoder d(peer::client, 100);
  const auto feed = [&](std::string_view bytes) {
    const auto before = d.progress();
    while (d.next(bytes) != status::need_more) {
    }
    return d.progress() - before;
  };
  CHECK(feed(raw(0x01, "ab")) == 8);
  CHECK(feed(raw(0x89, "abc")) == 0);
  CHECK(feed(raw(0x89, "abc").substr(0, 1)) == 0);
  CHECK(feed(raw(0x89, "abc").substr(1, 6)) == 0);
  CHECK(feed(raw(0x89, "abc").substr(7)) == 0);
  CHECK(feed(raw(0x00, "")) == 6);
  CHECK(feed(raw(0x80, "c").substr(0, 1)) == 1);
}

TEST_CASE("a client hears a server's frames unmasked", "[ws]") {
  decoder d(peer::server, 1 << 20);
  CHECK(decode(d, frame(opcode::text, std::string(70000, 'y')), 4096) ==
        std::vector<heard>{{status::text, std::string(70000, 'y')}});
  decoder strict(peer::server, 100);
  CHECK(decode(strict, masked_frame(opcode::text, "x", mask), 100) == failed(1002));
}
