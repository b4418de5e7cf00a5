#include "bench/contents.hpp"

#include <catch2/catch.hpp>

using hongyan::bench::contents;

TEST_CASE("a content has the wanted length and carries the message's number", "[bench][contents]") {
  const contents of_run("hyb-12345678-");
  std::string content;
  of_run.append(content, 42, 32);
  CHECK(content == "hyb-12345678-42-xxxxxxxxxxxxxxxx");
  CHECK(of_run.number_of(content) == 42);
}

TEST_CASE("a content without padding is the message's name", "[bench][contents]") {
  std::string content;
  contents("hyb-12345678-").append(content, 42, 0);
  CHECK(content == "hyb-12345678-42-");
}

TEST_CASE("what another run sent is none of this one's", "[bench][contents]") {
  const contents of_run("hyb-12345678-");
  CHECK_FALSE(of_run.number_of("hyb-87654321-1-xxx"));
  CHECK_FALSE(of_run.number_of("hyb-12345678-x"));
  CHECK_FALSE(of_run.number_of("你好"));
  CHECK_FALSE(of_run.number_of(""));
}
