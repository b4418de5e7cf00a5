#include "core/wire/http_range.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;

TEST_CASE("a range is cut to what there is", "[http_range]") {
  const auto range = [](std::string_view header) { return *parse_range(header, 100); };
  CHECK(range("bytes=0-9") == byte_range{0, 9});
  CHECK(range("Bytes = 0 - 9") == byte_range{0, 9});
  CHECK(range("bytes=90-") == byte_range{90, 99});
  CHECK(range("bytes=90-1000") == byte_range{90, 99});
  CHECK(range("bytes=90-99999999999999999999999") == byte_range{90, 99});
  CHECK(range("bytes=-10") == byte_range{90, 99});
  CHECK(range("bytes=-1000") == byte_range{0, 99});
  CHECK(byte_range{3, 3}.size() == 1);
}

TEST_CASE("what is no range, or several, is the whole", "[http_range]") {
  for (const char* header : {"", "bytes", "lines=0-9", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,5-6",
                             "bytes=9-2", "bytes=+1-2", "bytes=1.0-2", "bytes=0-9 9"})
    CHECK(*parse_range(header, 100) == std::nullopt);
}

TEST_CASE("a range beyond the end is none", "[http_range]") {
  for (const char* header : {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"})
    CHECK(parse_range(header, 100).error().code == errc::bad_range);
  CHECK(parse_range("bytes=-5", 0).error().code == errc::bad_range);
}

TEST_CASE("a tag is met as If-None-Match and If-Range want it", "[http_range]") {
  for (const char* header : {"\"a\"", "W/\"a\"", "*", "\"x\", \"a\"", "\"x\",W/\"a\" "})
    CHECK(none_match_names(header, "\"a\""));
  for (const char* header : {"", "a", "\"b\"", "\"aa\"", ","}) CHECK_FALSE(none_match_names(header, "\"a\""));
  CHECK(if_range_holds("", "\"a\""));
  CHECK(if_range_holds("\"a\"", "\"a\""));
  CHECK_FALSE(if_range_holds("W/\"a\"", "\"a\"")); // it must be the same byte by byte
  CHECK_FALSE(if_range_holds("Wed, 21 Oct 2015 07:28:00 GMT", "\"a\""));
}
