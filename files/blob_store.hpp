/// Where the bytes of files lie: a folder, or a bucket of S3. Who may have them, and what they are, is the
/// database's to say (persistence/); here is an id, and bytes.
///
/// Synchronous: its callers are detached actors, which may block.
#pragma once

#include "core/errors.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hongyan::files {

/// How much longer than a short request a store may take for so many bytes: it gets a mebibyte a second.
constexpr std::chrono::seconds sending_time(std::uint64_t bytes) { return std::chrono::seconds(bytes >> 20); }

/// Bytes on their way into the store. One thread at a time. Dropped before finish() has succeeded, what was
/// written goes with it; after a crash it is deleted by its row, which is there before the first byte.
class blob_writer {
public:
  virtual ~blob_writer() = default;
  /// Errors: store_full; unavailable, with the reason for the log.
  virtual result<void> write(std::string_view bytes) = 0;
  /// All of it is stored for good, as the database stores: it survives a loss of power. Errors as write().
  virtual result<void> finish() = 0;
};

/// A file that is read. One thread at a time.
class blob_reader {
public:
  virtual ~blob_reader() = default;
  virtual std::uint64_t size() const = 0;
  /// So many bytes from `offset` on; fewer, and at least one, where the store gives no more at once. Errors:
  /// unavailable.
  virtual result<std::string> read(std::uint64_t offset, std::size_t count) = 0;
};

/// How a link of the store's own is answered.
struct link_wish {
  std::string_view mime;
  std::string_view disposition;
  std::chrono::seconds good_for;
};

/// Thread-safe.
class blob_store {
public:
  virtual ~blob_store() = default;

  /// What tells it from another one; the database keeps it. A store that is new is given one now. Errors:
  /// unavailable.
  virtual result<std::string> identity() = 0;

  /// Errors of all: unavailable, with the reason for the log.
  virtual result<std::unique_ptr<blob_writer>> create(const std::string& id) = 0;
  /// Nothing: it is not there.
  virtual result<std::unique_ptr<blob_reader>> open(const std::string& id) = 0;
  /// Nothing to remove is success.
  virtual result<void> remove(const std::string& id) = 0;
  /// Where a file lies in the folder that a backup takes along, whose name is `files`; of an empty id the
  /// file that has identity() and a newline. Nothing: the store is elsewhere, and is kept there.
  virtual std::optional<std::string> place_in_backup(const std::string& /*id*/) { return {}; }
  /// A link that leads to the store itself; nothing: it has none.
  virtual std::optional<std::string> link(const std::string& /*id*/, const link_wish& /*wish*/) { return {}; }
};

/// Files in a folder, which nodes may share. Makes it, and sees that it can be written. Errors: malformed,
/// with the reason for a person.
result<std::unique_ptr<blob_store>> open_folder(const std::string& path);

/// Where a bucket is.
struct s3_settings {
  std::string endpoint{}; ///< HOST or HOST:PORT
  std::string bucket{};
  bool is_tls = true;
  std::string region = "us-east-1";
  bool path_style = false; ///< the bucket is the path's first segment, not the host's first label
};

/// s3:https://ENDPOINT/BUCKET. Errors: malformed, with what is accepted.
result<s3_settings> parse_s3_url(std::string_view url);

/// `key_file` has the key's id and its secret, a line each. Errors: malformed, with the reason for a person.
/// Whether the bucket lets us in identity() finds out.
result<std::unique_ptr<blob_store>> open_s3(const s3_settings& settings, const std::string& key_file);

} // namespace hongyan::files
