#include "bench/process_stats.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace hongyan::bench;

TEST_CASE("the listener of a port is found", "[bench][process]") {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  const auto port = acceptor.local_endpoint().port();
  CHECK(listener_of(port) == getpid());
  acceptor.close();
  CHECK_FALSE(listener_of(port));
}

TEST_CASE("a process's CPU time and memory are read", "[bench][process]") {
  CHECK(resident_bytes(getpid()).value_or(0) > 1'000'000);
  const auto cpu = cpu_seconds(getpid());
  REQUIRE(cpu);
  CHECK(*cpu == Approx(own_cpu_seconds()).margin(0.05)); // the kernel's tables count in 10 ms
  CHECK(cpu_seconds_with_children(getpid()).value_or(0) >= *cpu);
  CHECK(machine_cpu_seconds() > 0);
}

TEST_CASE("a process that is gone has no figures", "[bench][process]") {
  const auto child = fork();
  if (child == 0) _exit(0);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK_FALSE(cpu_seconds(child));
  CHECK_FALSE(cpu_seconds_with_children(child));
  CHECK_FALSE(resident_bytes(child));
}
