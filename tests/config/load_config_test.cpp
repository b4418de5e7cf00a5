#include "config/load_config.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <unistd.h>

using namespace hongyan;

namespace {

environment variables(std::map<std::string, std::string> set) {
  return [set = std::move(set)](const std::string& name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  };
}

server_config load(const std::vector<std::string>& arguments, std::map<std::string, std::string> env = {}) {
  auto loaded = load_config(arguments, variables(std::move(env)));
  if (!loaded) FAIL(loaded.error().detail);
  return std::get<server_config>(*loaded);
}

std::string refusal(const std::vector<std::string>& arguments, std::map<std::string, std::string> env = {}) {
  const auto loaded = load_config(arguments, variables(std::move(env)));
  REQUIRE(loaded.has_error());
  CHECK(loaded.error().detail.find('\n') == std::string::npos);
  return loaded.error().detail;
}

struct config_file {
  explicit config_file(const std::string& text) {
    char name[] = "/tmp/hongyan-config-XXXXXX";
    close(mkstemp(name));
    path = name;
    std::ofstream(path) << text;
  }
  ~config_file() { std::remove(path.c_str()); }
  std::string path;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("without options the defaults are the contract's", "[config]") {
  const auto c = load({});
  CHECK(c.listen.text() == "127.0.0.1:8080");
  CHECK(c.database == "sqlite:hongyan.db");
  CHECK(c.classic_window == 50);
  CHECK(c.heartbeat == std::chrono::seconds(25));
  CHECK(c.drain_timeout == std::chrono::seconds(10));
  CHECK(c.limits.body_bytes == 256 * 1024);
}

TEST_CASE("flag over variable over file over default", "[config]") {
  const config_file file(
      "listen = \"127.0.0.1:1\"\nnode = \"file\"\nallow_origin = [\"http://a\", \"http://b\"]\n"
      "insecure = true\n[classic]\nwindow = 7\n[limits]\nbacklog = 9\n");
  CHECK(load({"--config", file.path}).listen.port == 1);
  CHECK(load({}, {{"HONGYAN_CONFIG", file.path}}).listen.port == 1);
  CHECK(load({"--config", file.path}).classic_window == 7);
  CHECK(load({"--config", file.path}).limits.backlog == 9);
  CHECK(load({"--config", file.path}).allow_origin == std::vector<std::string>{"http://a", "http://b"});

  const std::map<std::string, std::string> env{{"HONGYAN_LISTEN", "127.0.0.1:2"},
                                               {"HONGYAN_CLASSIC_WINDOW", "8"},
                                               {"HONGYAN_ALLOW_ORIGIN", "http://c,http://d"}};
  CHECK(load({"--config", file.path}, env).listen.port == 2);
  CHECK(load({"--config", file.path}, env).classic_window == 8);
  CHECK(load({"--config", file.path}, env).node == "file");
  CHECK(load({"--config", file.path}, env).allow_origin == std::vector<std::string>{"http://c", "http://d"});
  CHECK(load({"--config", file.path, "--listen", "127.0.0.1:3", "--allow-origin=http://e", "--allow-origin",
              "http://f"},
             env)
            .listen.port == 3);
  CHECK(load({"--allow-origin=http://e", "--allow-origin", "http://f", "--insecure"}, env).allow_origin ==
        std::vector<std::string>{"http://e", "http://f"});
}

TEST_CASE("a bad option is one line that names it, what was wrong and what is accepted", "[config]") {
  CHECK(refusal({"--nope"}) == "--nope: unknown option; accepted: the options of --help");
  CHECK(contains(refusal({"stray"}), "stray"));
  CHECK(refusal({"--listen", "8080"}).starts_with("--listen: \"8080\" is not accepted; accepted: HOST:PORT"));
  CHECK(contains(refusal({"--listen", "127.0.0.1:65536"}), "--listen"));
  CHECK(contains(refusal({"--listen", "::1:80"}), "--listen"));
  CHECK(contains(refusal({"--listen"}), "--listen"));
  CHECK(contains(refusal({"--database", "mysql://x"}), "sqlite:PATH"));
  CHECK(contains(refusal({"--auth", "token"}), "--auth"));
  CHECK(contains(refusal({"--io-threads", "0"}), "--io-threads"));
  CHECK(contains(refusal({"--io-threads", "two"}), "--io-threads"));
  CHECK(contains(refusal({"--node", "a b"}), "--node"));
  CHECK(contains(refusal({"--allow-origin", "example.com"}), "--allow-origin"));
  CHECK(contains(refusal({}, {{"HONGYAN_IO_THREADS", "x"}}), "HONGYAN_IO_THREADS"));
  CHECK(contains(refusal({"--config", "/nonexistent.toml"}), "--config /nonexistent.toml"));
  CHECK(contains(refusal({"--config", "/tmp"}), "--config /tmp: it is a directory"));

  for (const auto& [text, key] :
       std::map<std::string, std::string>{{"nope = 1", "nope"},
                                          {"[limits]\nnope = 1", "limits.nope"},
                                          {"listen = 1.5", "listen"},
                                          {"listen = [\"a\"]", "listen"},
                                          {"heartbeat = 0", "heartbeat"},
                                          {"[log]\nlevel = \"loud\"", "log.level"},
                                          {"[classic]\ntime_zone = \"Mars/Base\"", "classic.time_zone"},
                                          {"[classic]\ntime_zone = \"zone.tab\"", "classic.time_zone"},
                                          {"broken", "line 1"}}) {
    const config_file file(text);
    CHECK(contains(refusal({"--config", file.path}), key));
  }
}

TEST_CASE("a refusal is one line whatever it quotes", "[config]") {
  CHECK(refusal({"--node", "a\nb"}).starts_with("--node: \"a?b\" is not accepted"));
  CHECK(refusal({"--x\x1B[2J"}).starts_with("--x?[2J: unknown option"));
  const config_file file("\"a\\nb\" = 1");
  CHECK(refusal({"--config", file.path}).starts_with("a?b in "));
}

TEST_CASE("without login the server stays on loopback unless told otherwise", "[config]") {
  CHECK(contains(refusal({"--listen", "0.0.0.0:80"}), "--insecure"));
  CHECK(refusal({"--trusted-proxy", "127.0.0.1"}).starts_with("--trusted-proxy: "));
  CHECK(refusal({"--allow-origin", "https://chat.example.com"}).starts_with("--allow-origin: "));
  CHECK(load({"--trusted-proxy", "127.0.0.1", "--insecure"}).trusted_proxies.size() == 1);
  CHECK(contains(refusal({"--listen", "192.168.1.2:80"}), "--listen"));
  CHECK(load({"--listen", "0.0.0.0:80", "--insecure"}).listen.host == "0.0.0.0");
  CHECK(load({"--listen", "0.0.0.0:80"}, {{"HONGYAN_INSECURE", "1"}}).insecure);
  CHECK(load({"--listen", "[::1]:80"}).listen.text() == "[::1]:80");
  CHECK(load({"--listen", "localhost:80"}).listen.host == "localhost");
}

TEST_CASE("the sample file names every key with its default", "[config]") {
  std::ifstream sample(HONGYAN_SOURCE_DIR "/config/hongyan.toml");
  std::string uncommented;
  for (std::string line; std::getline(sample, line);)
    uncommented += (line.starts_with("#") && !line.starts_with("# ") ? line.substr(1) : line) + "\n";
  const config_file file(uncommented);
  const auto c = load({"--config", file.path, "--database", "postgresql://h/d",
                       "--insecure"}); // it names a cluster and a proxy, too
  const server_config d;
  CHECK(c.listen.text() == d.listen.text());
  CHECK(c.page == d.page);
  CHECK(c.classic_window == d.classic_window);
  CHECK(c.limits.connections == d.limits.connections);
  CHECK(c.limits.history == d.limits.history);
  CHECK(c.limits.deliveries == d.limits.deliveries);
  CHECK(c.limits.backlog == d.limits.backlog);
  CHECK(c.heartbeat == d.heartbeat);
}

TEST_CASE("help and version are printed, not errors", "[config]") {
  const auto help = load_config({"--help"}, variables({}));
  REQUIRE(help.has_value());
  CHECK(contains(std::get<print_and_exit>(*help).text, "--allow-origin"));
  const auto version = load_config({"--version"}, variables({}));
  REQUIRE(version.has_value());
  CHECK(std::get<print_and_exit>(*version).text.starts_with("hongyan "));
}
