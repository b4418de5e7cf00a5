#include "bench/faults.hpp"

#include <catch2/catch.hpp>

using namespace hongyan::bench;

TEST_CASE("faults are counted by kind, each with its first example", "[bench][faults]") {
  fault_list faults;
  CHECK(faults.lines().empty());
  faults.add("seen twice", "message 1");
  faults.add("lost", "message 2");
  faults.add("seen twice", "message 3");
  CHECK(faults.lines() ==
        std::vector<std::string>{"1 × lost, for one message 2", "2 × seen twice, for one message 1"});
}

TEST_CASE("of a long text only the beginning is shown", "[bench][faults]") {
  CHECK(beginning_of("short") == "short");
  CHECK(beginning_of(std::string(1000, 'x')).size() == 80);
}
