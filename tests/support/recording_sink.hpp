/// A session's outlet that remembers, and takes no more than it is told to.
#pragma once

#include "actors/frame_sink.hpp"
#include "core/wire/ws_codec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hongyan::test {

class recording_sink final : public frame_sink {
public:
  void open(owner& o) override {
    events.push_back("open");
    session = &o;
    o.handshake_done();
  }
  void refuse(const error& e) override {
    events.push_back("refused " + std::to_string(row_of(e.code).http_status));
  }
  bool send(std::string frames) override {
    ws::decoder decoder(ws::peer::server, 1 << 20);
    for (std::string_view bytes = frames; !bytes.empty();)
      events.push_back(decoder.next(bytes) == ws::decoder::status::text ? decoder.payload()
                                                                        : "not a text frame");
    return !slow;
  }
  bool send(const shared_frames& frames) override { return send(std::string(*frames)); }
  void close(close_code code) override {
    events.push_back("close " + std::to_string(static_cast<unsigned>(code)));
  }
  void cut() override {
    events.push_back("cut");
    session = nullptr;
  }

  std::vector<std::string> take() { return std::exchange(events, {}); }

  bool slow = false; ///< the socket takes only a part: send() answers false
  owner* session = nullptr;
  std::vector<std::string> events;
};

} // namespace hongyan::test
