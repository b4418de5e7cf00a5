/// A yardstick of the machine: what it takes to move bytes over loopback and nothing else. A thread of this
/// process reads so many bytes from each of so many sockets and writes them back; the shard's thread writes
/// them again as soon as they have come back. No framing, no protocol, one read and one write a frame on each
/// side, as the server and its clients do.
#pragma once

#include "bench/runtime.hpp"

namespace hongyan::bench {

struct echo_figures {
  double frames_per_second = 0; ///< that came back
  double cpu_us_per_frame = 0;  ///< of the thread that echoes
  std::string failure{};        ///< empty: it worked
};

/// Keeps one frame under way on each of `sockets` for `duration`.
asio::awaitable<echo_figures> measure_echo(runtime& where, std::size_t sockets, std::size_t frame_bytes,
                                           std::chrono::milliseconds duration);

} // namespace hongyan::bench
