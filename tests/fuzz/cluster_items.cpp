#include "core/cluster/items.hpp"
#include "tests/fuzz/targets.hpp"

namespace hongyan::fuzz {

/// What other nodes tell: read or refused; what was read is the same when it is told on.
void cluster_items(std::string_view input) {
  const auto items = cluster::decode(input);
  if (!items) return demand(items.error().code == errc::malformed, "a refusal of another kind");
  std::string told;
  for (const auto& item : *items) told += cluster::encode(item);
  const auto again = cluster::decode(told);
  demand(again.has_value() && again->size() == items->size(), "what was read cannot be told on");
  std::string once_more;
  for (const auto& item : *again) once_more += cluster::encode(item);
  demand(once_more == told, "what is told on is something else");
}

} // namespace hongyan::fuzz
