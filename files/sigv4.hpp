/// AWS Signature Version 4 as a query: a link to an object that needs no key, for a while. (The server's own
/// requests are signed by libcurl, which signs headers only.) Pure.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hongyan::files {

struct s3_key {
  std::string id;
  std::string secret;
};

/// What is presigned: GET of https://HOST/PATH.
struct presign_wish {
  std::string_view host;
  std::string_view path; ///< encoded, from its slash on
  std::string_view region;
  std::chrono::sys_seconds now;
  std::chrono::seconds good_for; ///< at most a week
  /// Further parameters, such as response-content-type, in any order.
  std::vector<std::pair<std::string, std::string>> more{};
};

/// The query of the link, without its `?`.
std::string presigned_query(const s3_key& key, const presign_wish& wish);

/// Percent-encoded as a query's value, by RFC 3986's unreserved characters.
std::string url_encoded(std::string_view text);

} // namespace hongyan::files
