/// What crosses between nodes over CAF: two types, and everything else is bytes that our own reader takes
/// apart (core/cluster/items.hpp), since CAF's trusts what it reads.
#pragma once

#include <caf/meta/type_name.hpp>
#include <cstdint>
#include <string>

namespace hongyan {

/// A node introduces itself.
struct hello {
  std::uint16_t version = 0;
  std::uint16_t version_min = 0;
  std::string node{};
  std::uint64_t incarnation = 0; ///< of the process: another one is another node, whatever CAF's ids say
  std::string epoch{};           ///< of the store: nodes share one
  std::uint32_t heartbeat_ms = 0;
  std::string to{};      ///< the name of the node that is meant; empty: only asks who is there
  std::string refusal{}; ///< in an answer, when it is not empty: why not
};

/// What one node tells another, in order.
struct envelope {
  std::uint64_t incarnation = 0; ///< of the sender
  std::uint64_t number = 0;      ///< 1, 2, 3 ... over the link; 0: it has no items and says `handled` only
  std::uint64_t handled = 0;     ///< the number up to which the sender has acted on ours
  std::string items{};           ///< cluster::encode()d
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hello& h) {
  return f(caf::meta::type_name("hongyan::hello"), h.version, h.version_min, h.node, h.incarnation, h.epoch,
           h.heartbeat_ms, h.to, h.refusal);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, envelope& e) {
  return f(caf::meta::type_name("hongyan::envelope"), e.incarnation, e.number, e.handled, e.items);
}

} // namespace hongyan
