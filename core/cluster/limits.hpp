/// What a node keeps for its peers, at most.
#pragma once

#include <cstddef>

namespace hongyan::cluster {

/// Bytes of items that a peer was sent and has not handled; with so many no more is sent.
inline constexpr std::size_t window_bytes = 1 << 20;
/// Bytes of items that wait meanwhile, and then go at once; with more the peer has fallen behind, and is told
/// everything anew later.
inline constexpr std::size_t waiting_bytes = 4 << 20;
/// Of one message of a peer's, as CAF frames it: an envelope and what CAF says of it.
inline constexpr std::size_t frame_bytes = waiting_bytes + 65'536;
/// Connections to the nodes' port, those before their proof too.
inline constexpr std::size_t connections_max = 256;
/// Of a connection, each way.
inline constexpr std::size_t pipe_bytes = 65'536;

/// What is asked of the log at once, after a fault: conversations,
inline constexpr std::size_t conversations_a_question = 50;
/// and entries of each, the newest; who has missed more is shown a hole, and fetches them by `sync`.
inline constexpr std::size_t entries_a_conversation = 500;

} // namespace hongyan::cluster
