/// A store as it was at one moment, to be kept elsewhere: `hongyan backup`.
#pragma once

#include "core/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace hongyan {

/// A user's file that a store knows, all of whose bytes are in the file store.
struct kept_file {
  std::string id;
  std::uint64_t size = 0;
};

/// One thread at a time. It takes room beside the store for as long as it is there; what a crash leaves of it
/// the next start removes.
class store_copy {
public:
  virtual ~store_copy() = default;
  /// In bytes. A server that finds it in the store's place gives it a new epoch.
  virtual std::uint64_t size() const = 0;
  /// So many bytes from `offset` on, which are there. Errors: unavailable.
  virtual result<std::string> read(std::uint64_t offset, std::size_t count) = 0;
  /// The file behind this one, by id; of an empty one the first. Nothing: there is none. Errors: unavailable.
  virtual result<std::optional<kept_file>> file_after(const std::string& id) = 0;
};

} // namespace hongyan
