#include "bench/options.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::bench;

namespace {

std::string refusal(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "hongyan-bench");
  const auto parsed = parse_options(arguments);
  return parsed ? "" : parsed.error().detail;
}

options accepted(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "hongyan-bench");
  return std::get<options>(parse_options(arguments).value());
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("each scenario has its own number of users", "[bench][options]") {
  CHECK(accepted({"push", "--url", "http://127.0.0.1:8080"}).users == 200);
  CHECK(accepted({"idle", "--url", "http://127.0.0.1:8080"}).users == 5000);
  CHECK(accepted({"storm", "--url", "http://127.0.0.1:8080"}).users == 2000);
  CHECK(accepted({"fanout", "--url", "http://127.0.0.1:8080"}).users == 500);
  CHECK(accepted({"sync", "--url", "http://127.0.0.1:8080"}).users == 64);
  CHECK(accepted({"storm", "--url", "http://127.0.0.1:8080", "--users", "7"}).users == 7);
}

TEST_CASE("push takes its own options", "[bench][options]") {
  const auto o = accepted({"push", "--url", "http://127.0.0.1:8080", "--rate", "500", "--duration", "3",
                           "--senders", "4", "--content", "100"});
  CHECK(o.rate == 500);
  CHECK(o.duration == std::chrono::seconds(3));
  CHECK(o.senders == 4);
  CHECK(o.content_bytes == 100);
  CHECK(has(refusal({"idle", "--url", "http://127.0.0.1:8080", "--rate", "5"}), "--rate"));
}

TEST_CASE("push takes the nodes of a cluster, and who writes to whom", "[bench][options]") {
  const std::vector<std::string> two{"push", "--url", "http://127.0.0.1:1", "--url", "http://127.0.0.1:2"};
  const auto with = [&](const std::vector<std::string>& more) {
    auto all = two;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(accepted(two).servers.size() == 2);
  CHECK(accepted(two).pairs == pairing::any);
  CHECK(accepted(with({"--pairs", "same"})).pairs == pairing::same_node);
  CHECK(accepted(with({"--pairs", "across"})).pairs == pairing::across_nodes);
  CHECK(has(refusal(with({"--pairs", "far"})), "accepted: any, same, across"));
  CHECK(has(refusal(with({"--server-pid", "1"})), "--server-pid"));
  CHECK(has(refusal(with({"--users", "3"})), "--users"));
  CHECK(has(refusal({"push", "--url", "http://127.0.0.1:1", "--pairs", "across"}), "--url"));
}

TEST_CASE("classic is spoken unless v1 is asked for, or needed", "[bench][options]") {
  CHECK(accepted({"push", "--url", "http://127.0.0.1:8080"}).speaks == protocol::classic);
  CHECK(accepted({"push", "--url", "http://127.0.0.1:8080", "--v1"}).speaks == protocol::v1);
  CHECK(accepted({"idle", "--url", "http://127.0.0.1:8080", "--v1"}).speaks == protocol::v1);
  CHECK(accepted({"fanout", "--url", "http://127.0.0.1:8080"}).speaks == protocol::v1);
  CHECK(accepted({"fanout", "--url", "http://127.0.0.1:8080", "--many"}).speaks == protocol::v1_many);
  CHECK(accepted({"sync", "--url", "http://127.0.0.1:8080"}).speaks == protocol::v1);
  CHECK(has(refusal({"sync", "--url", "http://127.0.0.1:8080", "--v1"}), "--v1"));
}

TEST_CASE("fanout has a rate of its own, and a group's bounds", "[bench][options]") {
  CHECK(accepted({"fanout", "--url", "http://127.0.0.1:8080"}).rate == 20);
  CHECK(accepted({"fanout", "--url", "http://127.0.0.1:8080", "--rate", "0"}).rate == 0);
  CHECK(accepted({"push", "--url", "http://127.0.0.1:8080"}).rate == 0);
  CHECK(accepted({"fanout", "--url", "http://127.0.0.1:8080", "--users", "2000"}).users == 2000);
  CHECK(has(refusal({"fanout", "--url", "http://127.0.0.1:8080", "--users", "2001"}), "--users"));
}

TEST_CASE("sync takes its own options", "[bench][options]") {
  const auto o = accepted(
      {"sync", "--url", "http://127.0.0.1:8080", "--missed", "200", "--at-once", "8", "--content", "99"});
  CHECK(o.missed == 200);
  CHECK(o.at_once == 8);
  CHECK(o.content_bytes == 99);
  CHECK(has(refusal({"fanout", "--url", "http://127.0.0.1:8080", "--missed", "5"}), "--missed"));
}

TEST_CASE("fair takes a key, and each part's seconds", "[bench][options]") {
  const auto o = accepted({"fair", "--url", "http://127.0.0.1:8080", "--duration", "2"});
  CHECK(o.what == scenario::fair);
  CHECK(o.users == 8);
  CHECK(o.speaks == protocol::v1);
  CHECK(has(refusal({"fair", "--url", "http://127.0.0.1:1", "--rate", "5"}), "--rate"));
  CHECK(has(refusal({"fair", "--url", "http://127.0.0.1:1", "--api-key-file", "/nowhere"}), "/nowhere"));
}

TEST_CASE("verify takes the nodes of a cluster, or what was recorded", "[bench][options]") {
  const auto o = accepted({"verify", "--url", "http://127.0.0.1:8080", "--url", "http://127.0.0.1:8081",
                           "--history", "run.jsonl"});
  REQUIRE(o.servers.size() == 2);
  CHECK(o.server().endpoint.port() == 8080);
  CHECK(o.servers[1].endpoint.port() == 8081);
  CHECK(o.users == 40);
  CHECK(o.rate == 100);
  CHECK(o.speaks == protocol::v1);
  CHECK(o.history_file == "run.jsonl");
  CHECK(accepted({"verify", "--check", "a", "b"}).check_files == std::vector<std::string>{"a", "b"});
  CHECK(has(refusal({"verify", "--url", "http://127.0.0.1:1", "--api-key-file", "/nowhere"}), "/nowhere"));
  CHECK(has(refusal({"verify"}), "--url"));
  CHECK(has(refusal({"verify", "--url", "http://127.0.0.1:1", "--rate", "0"}), "--rate"));
  CHECK(has(refusal({"verify", "--url", "http://127.0.0.1:1", "--users", "3"}), "--users"));
  CHECK(has(refusal({"idle", "--url", "http://127.0.0.1:1", "--url", "http://127.0.0.1:2"}), "--url"));
  CHECK(has(refusal({"push", "--url", "http://127.0.0.1:1", "--history", "x"}), "--history"));
}

TEST_CASE("load goes to this machine only", "[bench][options]") {
  CHECK(parse_url("http://127.0.0.1:8080", false)->endpoint.port() == 8080);
  CHECK(parse_url("http://127.0.0.9:1/", false)->host == "127.0.0.9:1");
  CHECK(parse_url("http://localhost:8080", false)->endpoint.address().to_string() == "127.0.0.1");
  CHECK(parse_url("http://[::1]:8080", false)->endpoint.address().is_v6());
  CHECK(parse_url("http://192.168.1.4:8080", true)->host == "192.168.1.4:8080");
  CHECK(has(parse_url("http://example.com:80", true).error().detail, "an IP address"));
  for (const std::string url : {"http://192.168.1.4:8080", "http://example.com:80", "http://[::2]:80"}) {
    CAPTURE(url);
    const auto address = parse_url(url, false);
    REQUIRE_FALSE(address.has_value());
    CHECK(has(address.error().detail, "loopback"));
  }
}

TEST_CASE("a bad URL is refused with what is accepted", "[bench][options]") {
  for (const std::string url :
       {"", "127.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1", "http://127.0.0.1:0",
        "http://127.0.0.1:70000", "http://127.0.0.1:80/x", "http://:80"}) {
    CAPTURE(url);
    const auto address = parse_url(url, false);
    REQUIRE_FALSE(address.has_value());
    CHECK(has(address.error().detail, "--url"));
    CHECK(has(address.error().detail, "http://HOST:PORT"));
  }
}

TEST_CASE("bad options name themselves", "[bench][options]") {
  CHECK(has(refusal({"fly", "--url", "http://127.0.0.1:1"}), "unknown scenario 'fly'"));
  CHECK(has(refusal({"push"}), "--url"));
  CHECK(has(refusal({"--url", "http://127.0.0.1:1"}), "SCENARIO"));
  CHECK(has(refusal({"push", "--url", "http://127.0.0.1:1", "--users", "1"}), "--users"));
  CHECK(has(refusal({"push", "--url", "http://127.0.0.1:1", "--users", "many"}), "--users"));
  CHECK(has(refusal({"push", "--url", "http://127.0.0.1:1", "--nonsense"}), "--nonsense"));
}

TEST_CASE("messages takes the members of a group", "[bench][options]") {
  const auto o = accepted({"messages", "--url", "http://127.0.0.1:8080"});
  CHECK(o.users == 500);
  CHECK(o.speaks == protocol::v1);
  CHECK(has(refusal({"messages", "--url", "http://127.0.0.1:1", "--users", "2001"}), "at most 2000"));
}

TEST_CASE("files takes uploads at a time", "[bench][options]") {
  const auto o = accepted({"files", "--url", "http://127.0.0.1:8080"});
  CHECK(o.what == scenario::files);
  CHECK(o.users == 200);
  CHECK(o.speaks == protocol::v1);
  CHECK(has(refusal({"files", "--url", "http://127.0.0.1:1", "--v1"}), "--v1"));
}
