#include "net/cluster_tls.hpp"

#include <algorithm>
#include <openssl/x509v3.h>

namespace hongyan {

namespace ssl = boost::asio::ssl;

result<std::shared_ptr<const cluster_tls>> cluster_tls::read(const cluster_tls_files& files) {
  ssl::context context(ssl::context::tls);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
  // A server asks nobody at a terminal.
  SSL_CTX_set_default_passwd_cb(context.native_handle(), [](char*, int, int, void*) { return 0; });
  const auto bad = [](const char* option, const std::string& path, const boost::system::error_code& ec,
                      const char* accepted) {
    return error{errc::malformed,
                 std::string(option) + " " + path + ": " + ec.message() + "; accepted: " + accepted};
  };
  boost::system::error_code ec;
  context.use_certificate_chain_file(files.certificate, ec);
  if (ec)
    return bad("--cluster-tls-cert", files.certificate, ec,
               "a PEM file with the node's certificate and, behind it, its chain");
  context.use_private_key_file(files.key, ssl::context::pem, ec);
  if (ec)
    return bad(
        "--cluster-tls-key", files.key, ec,
        "a PEM file with the private key of the certificate in --cluster-tls-cert, without a passphrase");
  context.load_verify_file(files.authority, ec);
  if (ec)
    return bad("--cluster-tls-ca", files.authority, ec,
               "a PEM file with the certificate of the authority that signed all nodes' certificates");
  context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  return std::shared_ptr<const cluster_tls>(new cluster_tls(std::move(context)));
}

bool certificate_names(x509_st* certificate, const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    return X509_check_host(certificate, name.data(), name.size(), X509_CHECK_FLAG_NO_WILDCARDS, nullptr) ==
               1 ||
           X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  });
}

} // namespace hongyan
