#include "app/backup_command.hpp"

#include "auth/key_files.hpp"
#include "core/wire/json.hpp"

#include <boost/json/object.hpp>
#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace hongyan {

namespace {

constexpr const char* accepted = "accepted: hongyan backup TO --config FILE, or the server's other options";
/// Beginning takes as long as the database's copy; then nothing may stand still for so long.
constexpr long stands_still_s = 1800;
constexpr std::size_t words_max = 4096;
constexpr std::chrono::seconds progress_interval{2};

error refused(const std::string& why) { return {errc::malformed, "backup: " + why}; }

/// A file that is made whole, or not at all.
class new_file {
public:
  explicit new_file(std::string path)
      : path_(std::move(path))
      , draft_(path_ + ".part")
      , fd_(::open(draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}
  ~new_file() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!is_whole_) ::unlink(draft_.c_str());
  }
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool write(const char* bytes, std::size_t count) {
    while (count > 0) {
      const auto had = ::write(fd_, bytes, count);
      if (had < 0 && errno == EINTR) continue;
      if (had < 0) return false;
      bytes += had;
      count -= static_cast<std::size_t>(had);
    }
    return true;
  }
  /// It is there from now on, also after a loss of power.
  bool finish() {
    auto folder = std::filesystem::path(path_).parent_path();
    if (folder.empty()) folder = ".";
    is_whole_ = ::fsync(fd_) == 0 && ::rename(draft_.c_str(), path_.c_str()) == 0;
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = directory >= 0 && ::fsync(directory) == 0;
    if (directory >= 0) ::close(directory);
    return is_whole_ && is_synced;
  }

private:
  std::string path_, draft_;
  int fd_;
  bool is_whole_ = false;
};

/// What comes: the backup, or the server's words.
struct incoming {
  CURL* curl;
  new_file& to;
  std::string words{};
  std::uint64_t bytes = 0;
  int failed = 0; ///< errno of the file
  std::chrono::steady_clock::time_point shown_at = std::chrono::steady_clock::now();
};

std::size_t take(char* bytes, std::size_t, std::size_t count, void* into) {
  auto& all = *static_cast<incoming*>(into);
  long status = 0;
  curl_easy_getinfo(all.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    all.words.append(bytes, std::min(count, words_max - std::min(words_max, all.words.size())));
    return count;
  }
  if (!all.to.write(bytes, count)) {
    all.failed = errno;
    return 0;
  }
  all.bytes += count;
  if (const auto now = std::chrono::steady_clock::now(); now - all.shown_at >= progress_interval) {
    all.shown_at = now;
    std::cerr << (all.bytes >> 20) << " MiB\n";
  }
  return count;
}

/// Of application/problem+json its sentence.
std::string sentence_in(const std::string& words, long status) {
  const auto said = parse_json(words);
  const auto* fields = said ? said->if_object() : nullptr;
  const auto* detail = fields == nullptr ? nullptr : fields->if_contains("detail");
  return detail != nullptr && detail->is_string() ? std::string(detail->get_string())
                                                  : "it was answered HTTP status " + std::to_string(status);
}

struct curl_ender {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// The first certificate's key, as CURLOPT_PINNEDPUBLICKEY takes it. Empty: there is none.
std::string pin_of(const std::string& path) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), BIO_free);
  if (file == nullptr) return {};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
  if (certificate == nullptr) return {};
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (length <= 0) return {};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(der, static_cast<std::size_t>(length), digest.data());
  OPENSSL_free(der);
  std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> text{};
  EVP_EncodeBlock(text.data(), digest.data(), SHA256_DIGEST_LENGTH);
  return "sha256//" + std::string(reinterpret_cast<const char*>(text.data()));
}

/// Where it listens, for one on this machine.
std::string address_of(const server_config& config) {
  auto host = config.listen.host;
  if (host == "0.0.0.0" || host == "::") host = host == "::" ? "::1" : "127.0.0.1";
  if (host.find(':') != std::string::npos) host = '[' + host + ']';
  return (config.tls_certificate.empty() ? "http://" : "https://") + host + ':' +
         std::to_string(config.listen.port);
}

result<std::uint64_t> fetch(const server_config& config, const std::string& key, new_file& to) {
  const std::unique_ptr<CURL, curl_ender> handle(curl_easy_init());
  auto* curl = handle.get();
  if (curl == nullptr) return refused("there is no memory");
  const auto url = address_of(config) + "/v1/backup";
  const auto bearer = "Authorization: Bearer " + key;
  const std::unique_ptr<curl_slist, curl_ender> headers(curl_slist_append(nullptr, bearer.c_str()));
  incoming all{.curl = curl, .to = to};
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stands_still_s);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &all);
  // The certificate is of a name that this address has not: so it must have the very key that is configured.
  const auto pin = config.tls_certificate.empty() ? std::string() : pin_of(config.tls_certificate);
  if (!config.tls_certificate.empty()) {
    if (pin.empty()) return refused("--tls-cert " + config.tls_certificate + ": it cannot be read");
    curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, pin.c_str());
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  const auto code = curl_easy_perform(curl);
  if (all.failed != 0) return refused(std::string("it cannot be written: ") + std::strerror(all.failed));
  if (code != CURLE_OK) return refused("the server at " + url + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return refused(sentence_in(all.words, status));
  return all.bytes;
}

} // namespace

result<void> back_up(const std::vector<std::string>& arguments, const environment& env) {
  if (arguments.size() < 2 || arguments[1].starts_with('-'))
    return refused(std::string("the file is missing; ") + accepted);
  const auto& path = arguments[1];
  auto loaded = load_config({arguments.begin() + 2, arguments.end()}, env);
  if (!loaded) return loaded.error();
  const auto* config = std::get_if<server_config>(&*loaded);
  if (config == nullptr) return refused(accepted);
  if (std::filesystem::exists(path)) return refused(path + " is there already; give another name");
  if (config->keys.api_keys.empty())
    return refused("--api-key-file is missing, with a key that has the scope owner");
  const auto text = auth::read_key_file("--api-key-file", config->keys.api_keys);
  if (!text) return refused(text.error().detail);
  const auto key = auth::find_api_key(*text, auth::scope::owner);
  if (!key) return refused("--api-key-file " + config->keys.api_keys + ": " + key.error().detail);
  new_file to(path);
  if (!to.is_open())
    return refused(path + ".part cannot be made: " + std::strerror(errno) +
                   (errno == EEXIST ? "; another backup writes it, or was killed: then delete it" : ""));
  const auto bytes = fetch(*config, *key, to);
  if (!bytes) return bytes.error();
  if (!to.finish()) return refused(path + " cannot be written: " + std::strerror(errno));
  std::cout << path << ": " << *bytes << " bytes\n";
  return {};
}

} // namespace hongyan
