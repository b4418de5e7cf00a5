/// Keys and certificates, and the list of words that may not be said: read at start, and again at SIGHUP,
/// while those who use them go on with what they have.
#pragma once

#include "auth/key_files.hpp"
#include "auth/revocations.hpp"
#include "config/server_config.hpp"
#include "core/chat/word_list.hpp"
#include "core/tools/current.hpp"
#include "net/cluster_fence.hpp"
#include "net/tls.hpp"
#include "webhooks/signature.hpp"

#include <optional>
#include <span>

namespace hongyan {

class credentials {
public:
  explicit credentials(const server_config& config) : config_(config) {}

  /// Reads all. `fence`, of a node of a cluster, is given its certificate; null: there is none. Errors:
  /// malformed, with the option, the file and what is accepted.
  result<void> read(cluster_fence* fence);
  /// Reads all again; what cannot be read leaves what was before, and the log says so. Main thread.
  void reread();
  /// Files with secrets should be their owner's alone. They are used all the same: containers mount them so.
  void warn_of_open_files() const;

  /// The name of the hook's secret before sends: no webhook's.
  static constexpr std::string_view before_send = "before_send.url";

  /// Reads the secret files of these webhooks and of the hook before sends, all or none. Errors: malformed.
  result<void> take_webhooks(std::span<const webhook_settings> of);

  // After a good read().
  const current<auth::key_ring>& keys() const { return *keys_; }
  /// Of those that were taken last.
  const current<webhooks::secrets_by_name>& secrets_of_webhooks() const { return *webhooks_; }
  /// Of moderation.words_file.
  const current<word_list>& words() const { return words_; }
  /// Null: in the clear.
  const current<tls_context>* certificate() const { return certificate_ ? &*certificate_ : nullptr; }
  auth::revocations& revoked() { return revoked_; }

private:
  result<auth::key_ring> read_keys() const;
  result<word_list> read_words() const;
  result<std::shared_ptr<const cluster_tls>> read_cluster_certificate() const;

  const server_config& config_;
  auth::revocations revoked_;
  std::optional<current<auth::key_ring>> keys_;
  current<word_list> words_{{}};
  std::optional<current<webhooks::secrets_by_name>> webhooks_;
  std::optional<current<tls_context>> certificate_;
  cluster_fence* fence_ = nullptr;
};

} // namespace hongyan
