// A bucket of S3, or of whoever speaks its protocol. An upload is spooled into a file without a name, since a
// PUT says its length and its digest first, and then sent at once; so a bucket never has half a file.

#include "files/blob_store.hpp"
#include "files/descriptor.hpp"
#include "files/sigv4.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <curl/curl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <openssl/evp.h>
#include <vector>

namespace hongyan::files {

namespace {

namespace fs = std::filesystem;

constexpr long connect_deadline_ms = 5'000;
/// Below the time that a handler waits, and as that longer for a large body; of a request that moves less
/// than a kilobyte a second for ten the rest is not waited for.
constexpr long request_deadline_ms = 55'000;
constexpr long slow_bytes_a_second = 1'024, slow_seconds = 10;
/// Of an answer that is no object: an error's XML.
constexpr std::size_t answer_bytes_max = 64 * 1024;

error unavailable(std::string why) { return {errc::unavailable, "S3: " + std::move(why)}; }

/// SHA-256 of what it is fed.
class digest {
public:
  digest() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  digest(const digest&) = delete;
  digest& operator=(const digest&) = delete;
  ~digest() { EVP_MD_CTX_free(context_); }
  void feed(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string hexadecimal() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_, value.data(), &size);
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
      char pair[3];
      std::snprintf(pair, sizeof pair, "%02x", value[i]);
      out += pair;
    }
    return out;
  }

private:
  EVP_MD_CTX* context_;
};

/// The digest of nothing.
constexpr const char* empty_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct answer {
  long status = 0;
  std::string body{};
  std::uint64_t length = 0; ///< as the header says
};

/// One request and what comes of it.
struct request {
  const char* method = "GET";
  std::string path; ///< encoded, below the bucket
  std::string range{};
  std::string payload_digest = empty_digest;
  int body = -1; ///< a descriptor, read from its beginning; none: no body
  std::uint64_t body_size = 0;
  std::size_t body_max = answer_bytes_max; ///< of the answer
};

struct receiving {
  std::string bytes;
  std::size_t max;
};

std::size_t receive(char* bytes, std::size_t, std::size_t count, void* into) {
  auto& to = *static_cast<receiving*>(into);
  if (to.bytes.size() + count > to.max) return 0; // ends the transfer
  to.bytes.append(bytes, count);
  return count;
}

struct sending {
  int file;
  off_t at;
};

std::size_t send_some(char* into, std::size_t size, std::size_t count, void* from) {
  auto& of = *static_cast<sending*>(from);
  const auto had = ::pread(of.file, into, size * count, of.at);
  if (had < 0) return CURL_READFUNC_ABORT;
  of.at += had;
  return static_cast<std::size_t>(had);
}

/// The bucket's address and key, and connections to it. Thread-safe.
class bucket {
public:
  bucket(s3_settings settings, s3_key key) : settings_(std::move(settings)), key_(std::move(key)) {}
  ~bucket() {
    for (auto* handle : idle_) curl_easy_cleanup(handle);
  }
  bucket(const bucket&) = delete;
  bucket& operator=(const bucket&) = delete;

  result<answer> run(const request& what);
  const s3_settings& settings() const { return settings_; }
  const s3_key& key() const { return key_; }
  std::string host() const {
    return settings_.path_style ? settings_.endpoint : settings_.bucket + '.' + settings_.endpoint;
  }
  /// Of an object, or with an empty name of the bucket.
  std::string path_of(std::string_view object) const {
    std::string path = settings_.path_style ? '/' + settings_.bucket : "";
    return path.append("/").append(object);
  }
  std::string origin() const { return (settings_.is_tls ? "https://" : "http://") + host(); }

private:
  CURL* take();
  void give(CURL* handle);

  s3_settings settings_;
  s3_key key_;
  std::mutex mutex_;
  std::vector<CURL*> idle_; ///< each with its connection
};

CURL* bucket::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return curl_easy_init();
  auto* handle = idle_.back();
  idle_.pop_back();
  curl_easy_reset(handle); // which keeps the connection
  return handle;
}

void bucket::give(CURL* handle) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(handle);
}

result<answer> bucket::run(const request& what) {
  auto* curl = take();
  if (curl == nullptr) return unavailable("libcurl has no memory");
  const auto url = origin() + what.path;
  const auto credentials = key_.id + ':' + key_.secret;
  const auto provider = "aws:amz:" + settings_.region + ":s3";
  const auto digest_header = "x-amz-content-sha256: " + what.payload_digest;
  curl_slist* headers = curl_slist_append(nullptr, digest_header.c_str());
  receiving received{{}, what.body_max};
  sending sent{what.body, 0};

  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); // this is one thread of many
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, settings_.is_tls ? "https" : "http");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_deadline_ms);
  const long for_body = std::chrono::milliseconds(sending_time(what.body_size)).count();
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request_deadline_ms + for_body);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, slow_bytes_a_second);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, slow_seconds);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERPWD, credentials.c_str());
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, provider.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  if (what.body >= 0) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(what.body_size));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, send_some);
    curl_easy_setopt(curl, CURLOPT_READDATA, &sent);
  } else if (std::string_view(what.method) == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, what.method);
  }
  if (!what.range.empty()) curl_easy_setopt(curl, CURLOPT_RANGE, what.range.c_str());

  const auto code = curl_easy_perform(curl);
  answer got;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &got.status);
  curl_off_t length = 0;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  got.length = static_cast<std::uint64_t>(std::max<curl_off_t>(length, 0));
  got.body = std::move(received.bytes);
  curl_slist_free_all(headers);
  give(curl);
  if (code != CURLE_OK) return unavailable(curl_easy_strerror(code));
  return got;
}

/// What an answer that is no success says: its XML names a code.
error refused(const char* what, const answer& got) {
  std::string name;
  if (const auto begin = got.body.find("<Code>"); begin != std::string::npos) {
    const auto end = got.body.find("</Code>", begin);
    if (end != std::string::npos)
      name = got.body.substr(begin + 6, std::min<std::size_t>(end - begin - 6, 64));
  }
  std::ranges::replace_if(
      name, [](unsigned char c) { return c <= 0x20 || c >= 0x7F || c == '"'; }, '?');
  auto why = unavailable(std::string(what) + " was answered " + std::to_string(got.status) + ' ' + name);
  if (got.status == 507 || name.find("Quota") != std::string::npos ||
      name.find("StorageFull") != std::string::npos)
    why.code = errc::store_full;
  return why;
}

class s3_writer final : public blob_writer {
public:
  s3_writer(bucket& to, std::string id, descriptor spool)
      : bucket_(to)
      , id_(std::move(id))
      , spool_(std::move(spool)) {}

  result<void> write(std::string_view bytes) override {
    digest_.feed(bytes);
    size_ += bytes.size();
    return write_all(spool_, bytes, "the spool");
  }

  result<void> finish() override {
    const auto got = bucket_.run({.method = "PUT",
                                  .path = bucket_.path_of(id_),
                                  .payload_digest = digest_.hexadecimal(),
                                  .body = spool_.get(),
                                  .body_size = size_});
    if (!got) return got.error();
    if (got->status != 200) return refused("a PUT", *got);
    return {};
  }

private:
  bucket& bucket_;
  std::string id_;
  descriptor spool_;
  digest digest_;
  std::uint64_t size_ = 0;
};

class s3_reader final : public blob_reader {
public:
  s3_reader(bucket& from, std::string id, std::uint64_t size)
      : bucket_(from)
      , id_(std::move(id))
      , size_(size) {}

  std::uint64_t size() const override { return size_; }
  result<std::string> read(std::uint64_t offset, std::size_t count) override {
    const auto last = std::min(offset + count, size_) - 1;
    auto got = bucket_.run({.path = bucket_.path_of(id_),
                            .range = std::to_string(offset) + '-' + std::to_string(last),
                            .body_max = std::max(count, answer_bytes_max)});
    if (!got) return got.error();
    const bool is_whole = got->status == 200 && offset == 0 && got->body.size() == size_;
    if (got->status != 206 && !is_whole) return refused("a GET", *got);
    if (got->body.empty() || got->body.size() > count) return unavailable("a GET has brought another range");
    return std::move(got->body);
  }

private:
  bucket& bucket_;
  std::string id_;
  std::uint64_t size_;
};

class s3_store final : public blob_store {
public:
  s3_store(s3_settings settings, s3_key key) : bucket_(std::move(settings), std::move(key)) {}

  /// The bucket's address; once it has let us in.
  result<std::string> identity() override {
    const auto got = bucket_.run({.method = "HEAD", .path = bucket_.path_of("")});
    if (!got) return got.error();
    if (got->status != 200)
      return unavailable("the bucket was answered " + std::to_string(got->status) +
                         (got->status == 403 ? ": the key is not good there" : ""));
    return "s3:" + bucket_.settings().endpoint + '/' + bucket_.settings().bucket;
  }

  result<std::unique_ptr<blob_writer>> create(const std::string& id) override {
    auto spool = spool_file();
    if (!spool) return spool.error();
    return std::unique_ptr<blob_writer>(std::make_unique<s3_writer>(bucket_, id, std::move(*spool)));
  }

  result<std::unique_ptr<blob_reader>> open(const std::string& id) override {
    const auto got = bucket_.run({.method = "HEAD", .path = bucket_.path_of(id)});
    if (!got) return got.error();
    if (got->status == 404) return std::unique_ptr<blob_reader>();
    if (got->status != 200) return refused("a HEAD", *got);
    return std::unique_ptr<blob_reader>(std::make_unique<s3_reader>(bucket_, id, got->length));
  }

  result<void> remove(const std::string& id) override {
    const auto got = bucket_.run({.method = "DELETE", .path = bucket_.path_of(id)});
    if (!got) return got.error();
    // Without its bucket nobody knows whether it is gone.
    const bool is_gone = got->status == 204 || got->status == 200 ||
                         (got->status == 404 && got->body.find("NoSuchBucket") == std::string::npos);
    if (!is_gone) return refused("a DELETE", *got);
    return {};
  }

  std::optional<std::string> link(const std::string& id, const link_wish& wish) override {
    const auto path = bucket_.path_of(id);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return bucket_.origin() + path + '?' +
           presigned_query(bucket_.key(),
                           {.host = bucket_.host(),
                            .path = path,
                            .region = bucket_.settings().region,
                            .now = now,
                            .good_for = wish.good_for,
                            .more = {{"response-content-disposition", std::string(wish.disposition)},
                                     {"response-content-type", std::string(wish.mime)}}});
  }

private:
  bucket bucket_;
};

} // namespace

result<s3_settings> parse_s3_url(std::string_view url) {
  s3_settings of;
  const auto bad = [] {
    return error{errc::malformed, "s3:https://ENDPOINT/BUCKET; http:// for a loopback address only"};
  };
  constexpr std::string_view tls = "s3:https://", clear = "s3:http://";
  of.is_tls = url.starts_with(tls);
  if (!of.is_tls && !url.starts_with(clear)) return bad();
  url.remove_prefix(of.is_tls ? tls.size() : clear.size());
  const auto slash = url.find('/');
  if (slash == std::string_view::npos || slash == 0) return bad();
  of.endpoint = url.substr(0, slash);
  of.bucket = url.substr(slash + 1);
  const auto fits = [](std::string_view text, std::string_view more) {
    return !text.empty() && std::ranges::all_of(text, [more](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
    });
  };
  if (!fits(of.endpoint, ".-:[]") || !fits(of.bucket, ".-_")) return bad();
  const auto host = std::string_view(of.endpoint).substr(0, of.endpoint.rfind(':'));
  if (!of.is_tls && host != "127.0.0.1" && host != "localhost" && host != "[::1]") return bad();
  return of;
}

result<std::unique_ptr<blob_store>> open_s3(const s3_settings& settings, const std::string& key_file) {
  s3_key key;
  std::ifstream file(key_file);
  if (!file) return error{errc::malformed, "files.s3_key_file: " + key_file + " cannot be read"};
  std::getline(file, key.id);
  std::getline(file, key.secret);
  if (key.id.empty() || key.secret.empty() || key.id.find(':') != std::string::npos)
    return error{errc::malformed,
                 "files.s3_key_file: " + key_file + " has not two lines, the key's id and its secret"};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return std::unique_ptr<blob_store>(std::make_unique<s3_store>(settings, std::move(key)));
}

} // namespace hongyan::files
