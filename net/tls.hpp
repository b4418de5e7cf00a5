/// The server's certificate, and the rules of TLS here.
#pragma once

#include "core/errors.hpp"

#include <memory>
#include <string>

// OpenSSL's own names for SSL_CTX and SSL: its headers stay in tls.cpp and transport.cpp.
struct ssl_ctx_st;
struct ssl_st;

namespace hongyan {

struct free_ssl {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* connection) const;
};

/// One certificate with its key. Never changed once made: a new one is another object (OpenSSL's contexts
/// must not be changed while connections use them).
class tls_context {
public:
  /// Reads PEM files: the chain, our own certificate first, and its key, without a passphrase. Errors:
  /// malformed; the text names the option, the file, what is wrong and what is accepted.
  static result<tls_context> read(const std::string& certificate, const std::string& key);

  /// Our end of a connection over this descriptor, before its handshake. It keeps the certificate it began
  /// with.
  std::unique_ptr<ssl_st, free_ssl> accept(int descriptor) const;

private:
  explicit tls_context(std::unique_ptr<ssl_ctx_st, free_ssl> context) : context_(std::move(context)) {}
  std::unique_ptr<ssl_ctx_st, free_ssl> context_;
};

} // namespace hongyan
