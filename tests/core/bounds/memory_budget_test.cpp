#include "core/bounds/memory_budget.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace hongyan;

namespace {

using payer = memory_budget::payer;

struct fixture {
  /// 100 for a user, 400 for an address.
  memory_budget budget{6'400};
  std::string told;
  memory_budget::charge open(payer kind, const std::string& who, const std::string& name) {
    return budget.open(kind, who, [this, name] { told += name; });
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "what is kept is counted, and given back", "[memory_budget]") {
  auto one = open(payer::user, "1", "a");
  CHECK(one.resize(60));
  CHECK(one.resize(40));
  CHECK(budget.used() == 40);
  {
    auto two = open(payer::address, "1", "b");
    CHECK(two.resize(300));
    CHECK(budget.used() == 340);
  }
  CHECK(budget.used() == 40);
  one.end();
  CHECK(budget.used() == 0);
  CHECK(told.empty());
  CHECK(budget.cuts() + budget.refused() == 0);
}

TEST_CASE_METHOD(fixture, "who is over its share loses the largest", "[memory_budget]") {
  auto small = open(payer::user, "1", "s"), large = open(payer::user, "1", "l"),
       other = open(payer::user, "2", "o");
  CHECK(other.resize(90));
  CHECK(small.resize(20));
  CHECK(large.resize(70));
  CHECK(small.resize(40)); // 110 of 100
  CHECK(told == "l");
  // It goes in its own time; until then nobody else has to.
  CHECK(small.resize(60));
  CHECK(told == "l");
  CHECK_FALSE(large.resize(71)); // and it grows no more
  large.end();
  CHECK(budget.used() == 150);
  // The one that asks may be the largest.
  auto next = open(payer::user, "1", "n");
  CHECK_FALSE(next.resize(70));
  CHECK(next.bytes() == 0);
  CHECK(budget.used() == 150);
  CHECK(told == "l");
  CHECK(budget.cuts() == 2);
}

TEST_CASE_METHOD(fixture, "only a full budget refuses those within their shares", "[memory_budget]") {
  auto back_end = open(payer::others, "key", "k"), user = open(payer::user, "1", "u");
  CHECK(back_end.resize(6'350));
  CHECK_FALSE(budget.full());
  CHECK(user.resize(50));
  CHECK(budget.full());
  CHECK_FALSE(user.resize(51));
  CHECK(user.bytes() == 50);
  CHECK(user.resize(10)); // less is always right
  CHECK(budget.refused() == 1);
  CHECK(told.empty());
}

TEST_CASE("without a limit nothing is refused", "[memory_budget]") {
  memory_budget all;
  auto one = all.open(payer::user, "1", [] {});
  CHECK(one.resize(std::size_t{1} << 40));
  CHECK_FALSE(all.full());
}

TEST_CASE("what there is, is what the cgroup allows", "[memory_budget]") {
  const auto root = std::filesystem::temp_directory_path() / ("hongyan-cgroup-" + std::to_string(getpid()));
  const auto write = [&](const char* file, const char* text) {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  };
  const auto found = [&] { return find_memory(root.string() + "/"); };
  CHECK(found().from == std::string("machine")); // no cgroups
  write("proc/self/cgroup", "0::/system.slice/hongyan.service\n");
  write("sys/fs/cgroup/system.slice/hongyan.service/memory.max", "max\n");
  CHECK(found().from == std::string("machine"));
  write("sys/fs/cgroup/system.slice/memory.max", "536870912\n"); // the one above
  CHECK(found().bytes == 536'870'912);
  CHECK(found().from == std::string("cgroup"));
  write("sys/fs/cgroup/system.slice/hongyan.service/memory.max", "268435456\n");
  CHECK(found().bytes == 268'435'456);
  write("proc/self/cgroup", "0::/\n"); // as in a container
  write("sys/fs/cgroup/memory.max", "134217728\n");
  CHECK(found().bytes == 134'217'728);
  write("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/x\n");
  write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "67108864\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"); // v1's "none"
  CHECK(found().bytes == 67'108'864);
  std::filesystem::remove_all(root);
}
