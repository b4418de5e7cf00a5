#include "files/blob_store.hpp"
#include "files/sigv4.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::files;

TEST_CASE("a link is presigned as AWS' own example", "[s3]") {
  // docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
  const s3_key key{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
  const std::chrono::sys_seconds then = std::chrono::sys_days(std::chrono::year(2013) / 5 / 24);
  CHECK(presigned_query(key, {.host = "examplebucket.s3.amazonaws.com",
                              .path = "/test.txt",
                              .region = "us-east-1",
                              .now = then,
                              .good_for = std::chrono::seconds(86'400)}) ==
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("a query's value is encoded to the last byte", "[s3]") {
  CHECK(url_encoded("aZ09-_.~") == "aZ09-_.~");
  CHECK(url_encoded("a b/é\"*+") == "a%20b%2F%C3%A9%22%2A%2B");
}

TEST_CASE("an S3 address is taken apart, or refused", "[s3]") {
  const auto one = parse_s3_url("s3:https://s3.cn-north-1.amazonaws.com.cn/my-bucket");
  REQUIRE(one.has_value());
  CHECK(one->endpoint == "s3.cn-north-1.amazonaws.com.cn");
  CHECK(one->bucket == "my-bucket");
  CHECK(one->is_tls);
  CHECK_FALSE(parse_s3_url("s3:http://127.0.0.1:9000/b")->is_tls);
  for (const char* url : {"s3:", "s3:https://host", "s3:https:///b", "s3:https://host/",
                          "s3:https://host/a/b", "s3:http://example.com/b", "s3:https://host/a?b",
                          "s3:https://user@host/b", "s3:ftp://host/b", "s3:https://host/Bucket"})
    CHECK(parse_s3_url(url).error().code == errc::malformed);
}
