#include "app/credentials.hpp"

#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

/// What was read anew is used; what cannot be read leaves what was before.
template <class T, class Use>
void take(const char* what, result<T> read, Use use) {
  if (read) {
    use(*std::move(read));
    spdlog::info("event={}_read", what);
  } else {
    spdlog::error("event={}_not_read reason=\"{}\"", what, read.error().detail);
  }
}

} // namespace

result<auth::key_ring> credentials::read_keys() const {
  auto ring = auth::read_keys(config_.keys);
  if (ring) {
    ring->asks = config_.asks_for_tokens;
    ring->revoked = &revoked_;
  }
  return ring;
}

result<void> credentials::take_webhooks(std::span<const webhook_settings> of) {
  webhooks::secrets_by_name all;
  const auto take = [&](const std::string& name, const std::string& option,
                        const std::string& file) -> result<void> {
    const auto text = auth::read_key_file(option, file);
    if (!text) return text.error();
    auto secrets = webhooks::parse_secret_file(*text);
    if (!secrets) return error{errc::malformed, option + " " + file + ": " + secrets.error().detail};
    all.emplace(name, *std::move(secrets));
    return {};
  };
  for (const auto& w : of)
    if (auto taken = take(w.name, "webhooks.secret_file of " + w.name, w.secret_file); !taken) return taken;
  if (const auto& file = config_.before_send.secret_file; !file.empty())
    if (auto taken = take(std::string(before_send), "before_send.secret_file", file); !taken) return taken;
  if (webhooks_)
    webhooks_->set(std::move(all));
  else
    webhooks_.emplace(std::move(all));
  return {};
}

result<word_list> credentials::read_words() const {
  const auto& file = config_.moderation.words_file;
  if (file.empty()) return word_list{};
  const auto text = auth::read_key_file("moderation.words_file", file);
  if (!text) return text.error();
  auto words = word_list::parse(*text);
  if (!words) return error{errc::malformed, "moderation.words_file " + file + ": " + words.error().detail};
  return words;
}

result<std::shared_ptr<const cluster_tls>> credentials::read_cluster_certificate() const {
  return cluster_tls::read(
      {config_.cluster_tls_certificate, config_.cluster_tls_key, config_.cluster_tls_authority});
}

result<void> credentials::read(cluster_fence* fence) {
  fence_ = fence;
  if (fence_ != nullptr && !config_.cluster_tls_certificate.empty()) {
    auto certificate = read_cluster_certificate();
    if (!certificate) return certificate.error();
    fence_->secure(*std::move(certificate));
  }
  auto keys = read_keys();
  if (!keys) return keys.error();
  keys_.emplace(*std::move(keys));
  if (auto taken = take_webhooks(config_.webhooks); !taken) return taken;
  auto words = read_words();
  if (!words) return words.error();
  words_.set(*std::move(words));
  if (config_.tls_certificate.empty()) return {};
  auto certificate = tls_context::read(config_.tls_certificate, config_.tls_key);
  if (!certificate) return certificate.error();
  certificate_.emplace(*std::move(certificate));
  return {};
}

void credentials::warn_of_open_files() const {
  std::vector<std::string> secret{config_.keys.secret,
                                  config_.keys.api_keys,
                                  config_.keys.wechat_secret,
                                  config_.tls_key,
                                  config_.cluster_tls_key,
                                  config_.files.s3_key_file,
                                  config_.before_send.secret_file,
                                  config_.keys.wechat_callback_token,
                                  config_.keys.wechat_aes_key};
  for (const auto& w : config_.webhooks) secret.push_back(w.secret_file);
  std::erase(secret, "");
  for (const auto& file : auth::open_to_others(secret))
    spdlog::warn("event=secret_open_to_others file={} advice=\"chmod 600\"", file);
}

void credentials::reread() {
  warn_of_open_files();
  take("keys", read_keys(), [this](auto keys) { keys_->set(std::move(keys)); });
  if (!config_.moderation.words_file.empty())
    take("words", read_words(), [this](auto words) { words_.set(std::move(words)); });
  // Certificates are for connections from now on.
  if (fence_ != nullptr && !config_.cluster_tls_certificate.empty())
    take("cluster_certificate", read_cluster_certificate(),
         [this](auto certificate) { fence_->secure(std::move(certificate)); });
  if (certificate_)
    take("certificate", tls_context::read(config_.tls_certificate, config_.tls_key),
         [this](auto certificate) { certificate_->set(std::move(certificate)); });
}

} // namespace hongyan
