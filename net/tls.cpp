#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <new>
#include <string_view>

namespace hongyan {

namespace {

/// TLS 1.2 with forward secrecy and authenticated ciphers only; those of 1.3 are all of that kind.
constexpr const char* ciphers_of_tls_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// What OpenSSL says is wrong, and nothing left in its queue.
std::string openssl_fault() {
  const auto code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "it cannot be read";
}

/// Whoever offers protocols (ALPN) gets HTTP/1.1, or none: we speak no other.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned length, void*) {
  static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  const auto found =
      SSL_select_next_proto(const_cast<unsigned char**>(out), out_length, ours, sizeof ours, offered, length);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

} // namespace

void free_ssl::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void free_ssl::operator()(ssl_st* connection) const { SSL_free(connection); }

result<tls_context> tls_context::read(const std::string& certificate, const std::string& key) {
  std::unique_ptr<SSL_CTX, free_ssl> context(SSL_CTX_new(TLS_server_method()));
  if (!context) throw std::bad_alloc();
  auto* ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(ctx, ciphers_of_tls_1_2);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // An idle connection holds no buffers, and a write takes what the socket takes, from wherever the rest is
  // by then.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); // resumption is by tickets, which the client keeps
  SSL_CTX_set_alpn_select_cb(ctx, select_protocol, nullptr);
  // A server asks nobody at a terminal.
  SSL_CTX_set_default_passwd_cb(ctx, [](char*, int, int, void*) { return 0; });

  ERR_clear_error();
  const auto bad = [](const char* option, const std::string& path, const char* accepted) {
    return error{errc::malformed,
                 std::string(option) + " " + path + ": " + openssl_fault() + "; accepted: " + accepted};
  };
  if (SSL_CTX_use_certificate_chain_file(ctx, certificate.c_str()) != 1)
    return bad("--tls-cert", certificate,
               "a PEM file with the server's certificate and, behind it, its chain");
  if (SSL_CTX_use_PrivateKey_file(ctx, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ctx) != 1)
    return bad("--tls-key", key,
               "a PEM file with the private key of the certificate in --tls-cert, without a passphrase");
  return tls_context(std::move(context));
}

std::unique_ptr<ssl_st, free_ssl> tls_context::accept(int descriptor) const {
  std::unique_ptr<SSL, free_ssl> connection(SSL_new(context_.get()));
  if (!connection || SSL_set_fd(connection.get(), descriptor) != 1) throw std::bad_alloc();
  SSL_set_accept_state(connection.get());
  return connection;
}

} // namespace hongyan
