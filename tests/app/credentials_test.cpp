#include "app/credentials.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <fstream>
#include <unistd.h>

using namespace hongyan;

namespace {

struct secret_file {
  explicit secret_file(const std::string& text) {
    char name[] = "/tmp/hongyan-secret-XXXXXX";
    close(mkstemp(name));
    path = name;
    write(text);
  }
  secret_file(const secret_file&) = delete;
  secret_file& operator=(const secret_file&) = delete;
  ~secret_file() { std::remove(path.c_str()); }
  void write(const std::string& text) const { std::ofstream(path) << text; }
  std::string path;
};

std::string whsec(char c) { return "whsec_" + std::string(32, c) + "\n"; }

webhook_settings webhook(const std::string& name, const std::string& file) {
  return {.name = name, .url = "https://h", .secret_file = file};
}

} // namespace

TEST_CASE("the secrets of webhooks are read, and read again, all or none", "[credentials]") {
  const secret_file shop(whsec('A')), desk(whsec('B'));
  server_config config;
  config.webhooks = {webhook("shop", shop.path), webhook("desk", desk.path)};
  credentials all(config);
  REQUIRE(all.read(nullptr).has_value());
  const auto first = all.secrets_of_webhooks().get();
  CHECK(first->size() == 2);
  CHECK(first->at("shop").size() == 1);
  CHECK(first->at("shop") != first->at("desk"));

  shop.write(whsec('C') + whsec('A')); // rotating
  CHECK(all.take_webhooks(config.webhooks).has_value());
  const auto second = all.secrets_of_webhooks().get();
  REQUIRE(second->at("shop").size() == 2);
  CHECK(second->at("shop")[1] == first->at("shop")[0]);

  shop.write(whsec('D'));
  desk.write("whsec_short\n");
  CHECK(all.take_webhooks(config.webhooks).has_error());
  CHECK(all.secrets_of_webhooks().get() == second);

  std::remove(desk.path.c_str());
  CHECK(all.take_webhooks(config.webhooks).has_error());
  CHECK(all.secrets_of_webhooks().get() == second);

  desk.write(whsec('B'));
  CHECK(all.take_webhooks(config.webhooks).has_value());
  CHECK(all.secrets_of_webhooks().get()->at("shop").size() == 1);
}

TEST_CASE("a bad secret of a webhook is refused at start, by the webhook's name and its file",
          "[credentials]") {
  const secret_file bad("whsec_AAAA\n");
  server_config config;
  config.webhooks = {webhook("shop", bad.path)};
  const auto refused = credentials(config).read(nullptr);
  REQUIRE(refused.has_error());
  CHECK(refused.error().detail.starts_with("webhooks.secret_file of shop " + bad.path + ": line 1: "));
  CHECK(refused.error().detail.find("accepted: whsec_") != std::string::npos);
  config.webhooks = {webhook("shop", "/nonexistent")};
  CHECK(
      credentials(config).read(nullptr).error().detail ==
      "webhooks.secret_file of shop /nonexistent: cannot be read; accepted: a file that this user may read");
}
