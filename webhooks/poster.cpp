#include "webhooks/poster.hpp"

#include "webhooks/private_address.hpp"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <string_view>
#include <unordered_map>

namespace hongyan::webhooks {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds retry_after_max = std::chrono::hours(24);
/// Of what libcurl says, which quotes the receiver.
constexpr std::size_t trouble_bytes_max = 300;

struct easy_deleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct multi_deleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct list_deleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// A post on its way, and what libcurl's callbacks note of it. It stays where it is.
struct transfer {
  std::uint64_t ticket = 0;
  post what{};
  const poster_settings* settings = nullptr;
  std::unique_ptr<curl_slist, list_deleter> headers{};
  std::size_t header_bytes = 0, body_bytes = 0;
  std::string body{};
  sockaddr_storage refused{}; ///< an address that was not connected to
  socklen_t refused_size = 0; ///< 0: none
  char words[CURL_ERROR_SIZE] = {};
  std::unique_ptr<CURL, easy_deleter> easy{}; ///< goes first: it points at all of the above
};

// The callbacks are called by C: nothing is thrown in them.

/// Called when an address of the host is to be connected to, after its name was resolved and for the very
/// address: a name that resolves to another one the next time has gained nothing.
curl_socket_t open_socket(void* of, curlsocktype, curl_sockaddr* address) noexcept {
  auto& t = *static_cast<transfer*>(of);
  if (!t.settings->allow_private && is_private(&address->addr, address->addrlen)) {
    t.refused_size = std::min<socklen_t>(address->addrlen, sizeof t.refused);
    std::copy_n(reinterpret_cast<const char*>(&address->addr), t.refused_size,
                reinterpret_cast<char*>(&t.refused));
    return CURL_SOCKET_BAD; // libcurl goes on to the host's next address
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t take_header(char*, std::size_t, std::size_t count, void* of) noexcept {
  auto& t = *static_cast<transfer*>(of);
  t.header_bytes += count;
  return t.header_bytes <= t.settings->answer_bytes_max ? count : 0; // which ends the transfer
}

/// An answer is read also where it is not kept, so that its connection can be used again.
std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* of) noexcept {
  auto& t = *static_cast<transfer*>(of);
  t.body_bytes += count;
  if (t.body_bytes > t.settings->answer_bytes_max) return 0;
  if (t.settings->keeps_answers) t.body.append(bytes, count);
  return count;
}

/// HOST:PORT as the URL has it: what is shown of a URL, whose rest may be a secret.
std::string_view authority_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#\\"));
  const auto at = url.rfind('@');
  return at == std::string_view::npos ? url : url.substr(at + 1);
}

/// A line of printable text.
std::string printable(std::string_view text) {
  std::string line(text.substr(0, trouble_bytes_max));
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, '?');
  std::ranges::replace(line, '"', '\''); // it is quoted in the log
  return line;
}

/// Why there is no answer, or none that is a success.
std::string trouble_of(const transfer& t, CURLcode code, std::optional<int> status) {
  std::string text(authority_of(t.what.url));
  text += ": ";
  if (status) {
    text += "answered " + std::to_string(*status);
    if (*status >= 300 && *status < 400) text += ", and redirects are not followed";
  } else if (code == CURLE_COULDNT_CONNECT && t.refused_size > 0) {
    text += "refused: " + address_text(reinterpret_cast<const sockaddr*>(&t.refused), t.refused_size) +
            " is a private address; allow_private = true lets it be called";
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    curl_off_t connected = 0;
    curl_easy_getinfo(t.easy.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
    const bool has_connected = connected > 0;
    const auto limit =
        has_connected ? t.settings->deadline : std::min(t.settings->connect_deadline, t.settings->deadline);
    text += (has_connected ? "no answer within " : "no connection within ") + std::to_string(limit.count()) +
            " ms";
  } else {
    text += t.words[0] != '\0' ? t.words : curl_easy_strerror(code);
  }
  return printable(text);
}

bool set_up(transfer& t) {
  auto* easy = t.easy.get();
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list, line.c_str());
    if (longer == nullptr) return false;
    list = longer;
    t.headers.release();
    t.headers.reset(list);
    return true;
  };
  // Without Expect a large body does not wait for a leave that many servers never give.
  if (!add("Content-Type: application/json") || !add("Expect:")) return false;
  for (const auto& [name, value] : t.what.headers)
    if (!add(name + ": " + value)) return false;

  bool good = true;
  const auto set = [&](CURLoption option, auto value) {
    good = good && curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(t.words));
  set(CURLOPT_NOSIGNAL, 1L);   // this is one thread of many
  set(CURLOPT_QUICK_EXIT, 1L); // a lookup that hangs is left to its thread; else we would wait for it
  set(CURLOPT_URL, t.what.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, ""); // nor one that the environment names
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(t.settings->connect_deadline.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(t.settings->deadline.count()));
  set(CURLOPT_USERAGENT, "hongyan");
  set(CURLOPT_HTTPHEADER, t.headers.get());
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(t.what.body.size()));
  set(CURLOPT_POSTFIELDS, t.what.body.c_str());
  set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(CURLOPT_OPENSOCKETDATA, &t);
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, &t);
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &t);
  return good;
}

} // namespace

class poster::transfers {
public:
  explicit transfers(poster_settings settings) : settings_(settings) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_.reset(curl_multi_init());
    if (!multi_) throw std::bad_alloc();
  }
  transfers(const transfers&) = delete;
  transfers& operator=(const transfers&) = delete;
  ~transfers() {
    for (auto& [easy, t] : running_) curl_multi_remove_handle(multi_.get(), easy);
    running_.clear();
  }

  void start(std::uint64_t ticket, post what) {
    auto t = std::make_unique<transfer>();
    t->ticket = ticket;
    t->what = std::move(what);
    t->settings = &settings_;
    t->easy.reset(curl_easy_init());
    auto* easy = t->easy.get();
    if (easy != nullptr && set_up(*t) && curl_multi_add_handle(multi_.get(), easy) == CURLM_OK)
      running_.emplace(easy, std::move(t));
    else
      failed_.push_back({.ticket = ticket, .trouble = trouble_of(*t, CURLE_OUT_OF_MEMORY, {})});
  }

  void wake() {
    is_woken_ = true;
    curl_multi_wakeup(multi_.get());
  }

  std::size_t size() const { return running_.size() + failed_.size(); }

  std::vector<posted> poll(milliseconds max_wait) {
    auto done = std::exchange(failed_, {});
    const auto until = clock::now() + max_wait;
    for (;;) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      collect(done);
      if (!done.empty() || running_.empty()) return done;
      const auto left = std::chrono::ceil<milliseconds>(until - clock::now());
      if (left <= milliseconds::zero()) return done;
      curl_multi_poll(multi_.get(), nullptr, 0,
                      static_cast<int>(std::min<milliseconds::rep>(left.count(), 60'000)), nullptr);
      if (is_woken_.exchange(false)) return done;
    }
  }

private:
  void collect(std::vector<posted>& done) {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      auto* easy = message->easy_handle;
      const auto code = message->data.result; // gone with the handle
      const auto found = running_.find(easy);
      done.push_back(outcome(*found->second, code));
      curl_multi_remove_handle(multi_.get(), easy);
      running_.erase(found);
    }
  }

  static posted outcome(transfer& t, CURLcode code) {
    posted out{.ticket = t.ticket};
    long status = 0;
    curl_easy_getinfo(t.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200) out.status = static_cast<int>(status); // of 1xx more is to follow
    if (!out.status || *out.status >= 300) out.trouble = trouble_of(t, code, out.status);
    if (code == CURLE_OK) out.body = std::move(t.body);
    curl_off_t later = 0;
    curl_easy_getinfo(t.easy.get(), CURLINFO_RETRY_AFTER, &later);
    if (out.status && later > 0) out.retry_after = std::min(std::chrono::seconds(later), retry_after_max);
    return out;
  }

  const poster_settings settings_;
  std::unique_ptr<CURLM, multi_deleter> multi_; ///< with the connections
  std::unordered_map<CURL*, std::unique_ptr<transfer>> running_;
  std::vector<posted> failed_; ///< before they were under way
  std::atomic<bool> is_woken_ = false;
};

poster::poster(poster_settings settings) : transfers_(std::make_unique<transfers>(settings)) {}

poster::~poster() = default;

void poster::start(std::uint64_t ticket, post what) noexcept { transfers_->start(ticket, std::move(what)); }

std::size_t poster::in_flight() const noexcept { return transfers_->size(); }

void poster::wake() noexcept { transfers_->wake(); }

std::vector<posted> poster::poll(milliseconds max_wait) noexcept { return transfers_->poll(max_wait); }

} // namespace hongyan::webhooks
