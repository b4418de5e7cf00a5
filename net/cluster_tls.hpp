/// Mutual TLS between nodes: one certificate for both directions, from an authority of the cluster's own.
#pragma once

#include "core/errors.hpp"

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

// OpenSSL's own name for X509.
struct x509_st;

namespace hongyan {

struct cluster_tls_files {
  std::string certificate; ///< PEM: the node's, for serverAuth and clientAuth, with its chain
  std::string key;         ///< PEM, without a passphrase
  std::string authority;   ///< PEM: who signs the nodes' certificates, and nothing else's
};

/// TLS 1.3 only; both sides show a certificate. Never changed once made.
class cluster_tls {
public:
  /// Errors: malformed; the text names the option, the file, what is wrong and what is accepted.
  static result<std::shared_ptr<const cluster_tls>> read(const cluster_tls_files& files);

  boost::asio::ssl::context& context() const { return context_; }

private:
  explicit cluster_tls(boost::asio::ssl::context context) : context_(std::move(context)) {}
  mutable boost::asio::ssl::context context_; ///< Asio's streams take it by reference, and do not change it
};

/// Does the certificate say one of these names, or addresses, for its holder?
bool certificate_names(x509_st* certificate, const std::vector<std::string>& names);

} // namespace hongyan
