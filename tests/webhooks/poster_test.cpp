#include "webhooks/poster.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace hongyan::webhooks;
using namespace std::chrono_literals;

namespace {

/// A receiver on loopback with a thread for each connection. What it does with a request, `answer` says: it
/// gets the connection's descriptor and the request's text; false: the connection is closed.
class receiver {
public:
  using answerer = std::function<bool(int connection, const std::string& request)>;

  explicit receiver(answerer answer)
      : answer_(std::move(answer))
      , listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 100) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  /// Of an answer that is always the same.
  explicit receiver(std::string answer)
      : receiver([answer = std::move(answer)](int connection, const std::string&) {
        return send_all(connection, answer);
      }) {}
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;
  ~receiver() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& [connection, thread] : connections_) {
      ::shutdown(connection, SHUT_RDWR);
      thread.join();
      ::close(connection);
    }
    ::close(listener_);
  }

  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }
  unsigned short port() const { return port_; }
  std::size_t connections() const { return accepted_; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static bool send_all(int connection, std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

private:
  void accept_all() {
    for (;;) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      ++accepted_;
      connections_.emplace_back(connection, std::thread([this, connection] {
                                  while (serve(connection)) {
                                  }
                                  ::shutdown(connection, SHUT_RDWR);
                                }));
    }
  }

  bool serve(int connection) {
    constexpr std::string_view length = "Content-Length: ";
    std::string text;
    char bytes[4096];
    for (;;) {
      const auto head = text.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto at = text.find(length);
        const auto body = at == std::string::npos ? 0UL : std::stoul(text.substr(at + length.size()));
        if (text.size() >= head + 4 + body) break;
      }
      const auto got = ::recv(connection, bytes, sizeof bytes, 0);
      if (got <= 0) return false;
      text.append(bytes, static_cast<std::size_t>(got));
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(text);
    }
    return answer_(connection, text);
  }

  answerer answer_;
  int listener_;
  unsigned short port_ = 0;
  std::atomic<std::size_t> accepted_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::list<std::pair<int, std::thread>> connections_; ///< the acceptor's, until it has ended
  std::thread acceptor_;
};

std::string status(int code, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(code) + " Said\r\nContent-Length: 2\r\n" + headers + "\r\n{}";
}

/// Does not answer; ends when the other side does.
bool hang(int connection, const std::string&) {
  char byte = 0;
  while (::recv(connection, &byte, 1, 0) > 0) {
  }
  return false;
}

constexpr poster_settings inside{.allow_private = true};

/// What becomes of `count` posts that are in flight.
std::vector<posted> outcomes(poster& by, std::size_t count = 1) {
  std::vector<posted> all;
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (all.size() < count && std::chrono::steady_clock::now() < until)
    for (auto& one : by.poll(1s)) all.push_back(std::move(one));
  REQUIRE(all.size() == count);
  return all;
}

posted outcome(poster& by, const std::string& url) {
  by.start(7, {.url = url, .headers = {}, .body = "{}"});
  CHECK(by.in_flight() == 1);
  auto one = outcomes(by).front();
  CHECK(one.ticket == 7);
  CHECK(by.in_flight() == 0);
  CHECK(one.trouble.find_first_of("\r\n\"") == std::string::npos);
  return one;
}

posted outcome(const std::string& url, const poster_settings& settings = inside) {
  poster by(settings);
  return outcome(by, url);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Sets a variable of the environment until its end.
struct variable {
  variable(const char* of, const std::string& value) : name(of) { ::setenv(name, value.c_str(), 1); }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;
  ~variable() { ::unsetenv(name); }
  const char* name;
};

/// TLS as a server with a certificate for 127.0.0.1 that nobody has signed but itself.
class self_signed {
public:
  self_signed() : context_(SSL_CTX_new(TLS_server_method())) {
    auto* key = EVP_EC_gen("P-256");
    auto* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    auto* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"),
                               -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  self_signed(const self_signed&) = delete;
  self_signed& operator=(const self_signed&) = delete;
  ~self_signed() { SSL_CTX_free(context_); }

  /// Of one connection: whether a request came out of it.
  bool hears(int connection) {
    auto* tls = SSL_new(context_);
    SSL_set_fd(tls, connection);
    char byte = 0;
    const bool heard = SSL_accept(tls) == 1 && SSL_read(tls, &byte, 1) == 1;
    SSL_free(tls);
    return heard;
  }

private:
  SSL_CTX* context_;
};

} // namespace

TEST_CASE("a post carries its headers and its body, as JSON", "[webhooks]") {
  receiver to(status(200));
  poster by(inside);
  const std::string body = "{\"text\":\"你好\"}" + std::string(3000, ' ');
  by.start(1, {.url = to.url("/hook?key=1"), .headers = {{"webhook-id", "12"}}, .body = body});
  const auto one = outcomes(by).front();
  CHECK(one.status == 200);
  CHECK(one.trouble.empty());
  CHECK_FALSE(one.retry_after);
  REQUIRE(to.requests().size() == 1);
  const auto request = to.requests().front();
  CHECK(request.starts_with("POST /hook?key=1 HTTP/1.1\r\n"));
  CHECK(request.ends_with("\r\n\r\n" + body));
  CHECK(contains(request, "\r\nContent-Type: application/json\r\n"));
  CHECK(contains(request, "\r\nwebhook-id: 12\r\n"));
  CHECK_FALSE(contains(request, "Expect"));
}

TEST_CASE("an answer's status is told, and what is no success as a sentence that names the host alone",
          "[webhooks]") {
  for (const int code : {200, 201, 204, 299}) {
    receiver to("HTTP/1.1 " + std::to_string(code) + " x\r\nContent-Length: 0\r\n\r\n");
    const auto one = outcome(to.url());
    CHECK(one.status == code);
    CHECK(one.trouble.empty());
  }
  for (const int code : {400, 410, 429, 500, 503}) {
    receiver to(status(code));
    const auto one = outcome(to.url("/secret"));
    CHECK(one.status == code);
    CHECK(one.trouble == "127.0.0.1:" + std::to_string(to.port()) + ": answered " + std::to_string(code));
  }
}

TEST_CASE("Retry-After is told, by seconds and by a date", "[webhooks]") {
  {
    receiver to(status(429, "Retry-After: 7\r\n"));
    CHECK(outcome(to.url()).retry_after == 7s);
  }
  {
    char date[64];
    const auto then = std::time(nullptr) + 100;
    std::tm parts{};
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", ::gmtime_r(&then, &parts));
    receiver to(status(503, "retry-after: " + std::string(date) + "\r\n"));
    const auto one = outcome(to.url());
    REQUIRE(one.retry_after);
    CHECK(*one.retry_after > 60s);
    CHECK(*one.retry_after <= 100s);
  }
  for (const char* none : {"0", "-5", "soon", "", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
    receiver to(status(503, "Retry-After: " + std::string(none) + "\r\n"));
    CHECK(outcome(to.url()).retry_after == std::nullopt);
  }
  receiver to(status(503, "Retry-After: 999999\r\n"));
  CHECK(outcome(to.url()).retry_after == 24h);
}

TEST_CASE("a redirect is a failure, and nobody goes there", "[webhooks]") {
  receiver other(status(200));
  receiver to(status(307, "Location: " + other.url() + "\r\n"));
  const auto one = outcome(to.url());
  CHECK(one.status == 307);
  CHECK(contains(one.trouble, "answered 307, and redirects are not followed"));
  CHECK(other.connections() == 0);
}

TEST_CASE("who does not answer in time has not answered", "[webhooks]") {
  receiver to(hang);
  const auto one = outcome(to.url(), {.allow_private = true, .deadline = 200ms, .connect_deadline = 100ms});
  CHECK_FALSE(one.status);
  CHECK(contains(one.trouble, "127.0.0.1:" + std::to_string(to.port()) + ": no answer within 200 ms"));
}

TEST_CASE("who does not speak TLS in time is not connected", "[webhooks]") {
  receiver to(hang);
  auto url = to.url();
  url.insert(4, "s");
  const auto begin = std::chrono::steady_clock::now();
  const auto one = outcome(url, {.allow_private = true, .connect_deadline = 200ms});
  CHECK(std::chrono::steady_clock::now() - begin < 10s); // of 15
  CHECK_FALSE(one.status);
  CHECK(contains(one.trouble, "no connection within 200 ms"));
}

TEST_CASE("a status counts though the rest of the answer never comes", "[webhooks]") {
  receiver to([](int connection, const std::string& request) {
    receiver::send_all(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{");
    return hang(connection, request);
  });
  const auto one = outcome(to.url(), {.allow_private = true, .deadline = 200ms});
  CHECK(one.status == 200);
  CHECK(one.trouble.empty());
}

TEST_CASE("of an endless answer the beginning is read, and its status counts", "[webhooks]") {
  std::atomic<std::size_t> sent = 0;
  const auto begin = GENERATE(as<std::string>(), "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
                              "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n");
  receiver to([&](int connection, const std::string&) {
    if (!receiver::send_all(connection, begin)) return false;
    const std::string line = "x: " + std::string(1019, 'x') + "\r\n"; // of a body, or of a header
    while (sent < std::size_t{1} << 30 && receiver::send_all(connection, line)) sent += line.size();
    return false;
  });
  const auto one = outcome(to.url());
  CHECK(one.status == 200);
  CHECK(one.trouble.empty());
  CHECK(sent < 64 << 20); // the rest are sockets' buffers
}

TEST_CASE("an interim answer is none", "[webhooks]") {
  receiver to([](int connection, const std::string&) {
    receiver::send_all(connection, "HTTP/1.1 103 Early Hints\r\n\r\n");
    return false;
  });
  const auto one = outcome(to.url());
  CHECK_FALSE(one.status);
  CHECK_FALSE(one.trouble.empty());
}

TEST_CASE("what is no HTTP, or nobody, is trouble", "[webhooks]") {
  receiver garbage("\x01\x02 no such protocol\r\n\r\n");
  CHECK_FALSE(outcome(garbage.url()).status);
  std::string nobody;
  {
    receiver gone(status(200));
    nobody = gone.url("/secret");
  }
  const auto one = outcome(nobody);
  CHECK_FALSE(one.status);
  CHECK(one.trouble.starts_with("127.0.0.1:"));
  CHECK_FALSE(contains(one.trouble, "secret"));
  for (const char* url : {"", "nonsense://host/secret", "http://", "file:///etc/passwd", "http://a b/secret",
                          "http://[::1/secret", "gopher://127.0.0.1/secret"}) {
    const auto bad = outcome(url);
    CHECK_FALSE(bad.status);
    CHECK_FALSE(bad.trouble.empty());
    CHECK_FALSE(contains(bad.trouble, "secret"));
  }
  receiver other(status(200));
  auto url = other.url("/_x");
  url.replace(0, 4, "gopher");
  CHECK_FALSE(outcome(url).status);
  CHECK(other.connections() == 0);
}

TEST_CASE("an address inside is not connected to unless that is allowed", "[webhooks]") {
  receiver to(status(200));
  const auto one = outcome(to.url(), {});
  CHECK_FALSE(one.status);
  CHECK(one.trouble ==
        "127.0.0.1:" + std::to_string(to.port()) +
            ": refused: 127.0.0.1 is a private address; allow_private = true lets it be called");
  // Whatever a name or another way of writing resolves to.
  for (const char* host :
       {"localhost", "127.1", "2130706433", "0x7f000001", "0", "[::ffff:127.0.0.1]", "[::1]"}) {
    INFO(host);
    const auto refused = outcome(to.url("/", host), {});
    CHECK_FALSE(refused.status);
    CHECK(contains(refused.trouble, "is a private address; allow_private = true"));
  }
  CHECK(to.connections() == 0);
  CHECK(outcome(to.url()).status == 200);
  CHECK(outcome(to.url("/", "localhost")).status == 200);
}

TEST_CASE("a connection is used again", "[webhooks]") {
  receiver to(status(200));
  poster by(inside);
  for (int i = 0; i < 3; ++i) CHECK(outcome(by, to.url()).status == 200);
  CHECK(to.connections() == 1);
  CHECK(to.requests().size() == 3);
}

TEST_CASE("a kept connection that the receiver has closed is made anew", "[webhooks]") {
  receiver to([](int connection, const std::string&) {
    receiver::send_all(connection, status(200));
    return false; // though it promised to go on
  });
  poster by(inside);
  for (int i = 0; i < 3; ++i) CHECK(outcome(by, to.url()).status == 200);
}

TEST_CASE("posts are under way at once", "[webhooks]") {
  constexpr std::size_t count = 20;
  std::mutex mutex;
  std::condition_variable all_here;
  std::size_t here = 0;
  receiver to([&](int connection, const std::string&) {
    std::unique_lock lock(mutex);
    if (++here == count) all_here.notify_all();
    const bool met = all_here.wait_for(lock, 10s, [&] { return here >= count; });
    lock.unlock();
    return met && receiver::send_all(connection, status(200));
  });
  poster by(inside);
  for (std::size_t i = 0; i < count; ++i) by.start(i, {.url = to.url()});
  CHECK(by.in_flight() == count);
  std::vector<bool> seen(count);
  for (const auto& one : outcomes(by, count)) {
    CHECK(one.status == 200);
    seen.at(one.ticket) = true;
  }
  CHECK(std::ranges::count(seen, true) == count);
  CHECK(by.in_flight() == 0);
}

TEST_CASE("polling waits no longer than it is told, nor for nothing", "[webhooks]") {
  receiver to(hang);
  poster by(inside);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(by.poll(1h).empty()); // nothing is in flight
  by.start(1, {.url = to.url()});
  CHECK(by.poll(0ms).empty());
  CHECK(by.poll(20ms).empty());
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  CHECK(by.in_flight() == 1);
}

TEST_CASE("what is in flight at the end is cancelled", "[webhooks]") {
  receiver to(hang); // whose threads end when the connection does
  const auto begin = std::chrono::steady_clock::now();
  {
    poster by(inside);
    by.start(1, {.url = to.url()});
    by.start(2, {.url = to.url()});
    CHECK(by.poll(50ms).empty());
  }
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("a proxy of the environment is not used", "[webhooks]") {
  receiver proxy(status(200));
  receiver to(status(201));
  const variable http("http_proxy", proxy.url()), all("ALL_PROXY", proxy.url());
  CHECK(outcome(to.url()).status == 201);
  CHECK(proxy.connections() == 0);
}

TEST_CASE("a certificate that the system does not trust is none, and nothing is said to it", "[webhooks]") {
  self_signed certificate;
  std::atomic<bool> heard = false;
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener, 5) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  std::thread server([&] {
    const int connection = ::accept(listener, nullptr, nullptr);
    heard = certificate.hears(connection);
    ::close(connection);
  });
  const auto one = outcome("https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/secret");
  server.join();
  ::close(listener);
  CHECK_FALSE(one.status);
  CHECK(contains(one.trouble, "certificate"));
  CHECK_FALSE(heard);
}
