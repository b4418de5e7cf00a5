/// What the fuzzers feed: a function for each parser that meets bytes from outside. libFuzzer calls it with
/// what it makes up (scripts/fuzz); the unit tests with the corpus, and with all that was ever found.
#pragma once

#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hongyan::fuzz {

// Each takes any bytes. Errors: std::logic_error when something did not hold that always must.

/// The first byte decides the pieces that the rest, a connection's bytes, comes in.
void http_request(std::string_view input);
/// A WebSocket message of v1, and likewise the body of a POST /push.
void json_command(std::string_view input);
/// The first line says what is done with the others: `hs256` and `eddsa` sign a header and a payload, `as is`
/// has their signature as a third; any other is taken for a token.
void token(std::string_view input);
/// A file of keys of each kind, and WeChat's answer.
void key_files(std::string_view input);
/// The first byte decides the pieces that the rest, a client's frames after the upgrade, comes in. A capital
/// letter: the rest are lines, each of which is sent as a text.
void websocket(std::string_view input);
/// The first line has flags and NAME=VALUE variables, the others are the file.
void configuration(std::string_view input);
/// The first byte decides the pieces that the rest comes in: the body of an upload between boundaries `X`, a
/// picture, a Content-Type.
void upload(std::string_view input);
/// A table of chats to import.
void table(std::string_view input);
/// What another node of a cluster tells.
void cluster_items(std::string_view input);

inline void demand(bool holds, const std::string& otherwise) {
  if (!holds) throw std::logic_error(otherwise);
}

/// Takes the first line off, without its end.
inline std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
  return line;
}

/// Cuts bytes into pieces, the same for the same seed: of up to 1, 2, 4 ... 128 bytes.
class cutter {
public:
  explicit cutter(char seed)
      : random_(static_cast<unsigned char>(seed) + 1U)
      , bytes_max_(std::size_t{1} << (static_cast<unsigned char>(seed) % 8U)) {}

  std::string_view take(std::string_view& bytes) {
    const auto piece = bytes.substr(0, 1 + random_() % bytes_max_);
    bytes.remove_prefix(piece.size());
    return piece;
  }

private:
  std::minstd_rand random_;
  std::size_t bytes_max_;
};

} // namespace hongyan::fuzz
