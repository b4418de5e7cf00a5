#include "auth/file_link.hpp"

#include "core/wire/target.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::auth;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

namespace {

const std::string key(64, 'k');
const sys_seconds now{1'700'000'000s};

bool is_good(const std::string& query, std::string_view file = "f", std::string_view with = key,
             sys_seconds at = now) {
  const auto to = *parse_target("/x?" + query);
  return is_good_link(with, file,
                      {*to.parameter("user"), *to.parameter("expires"), *to.parameter("signature")}, at);
}

} // namespace

TEST_CASE("a link is good for its file, until it expires", "[file_link]") {
  const auto link = sign_file_link(key, "f", *user_id::parse("a:b@c"), now + 600s);
  CHECK(is_good(link));
  CHECK(is_good(link, "f", key, now + 599s));
  CHECK_FALSE(is_good(link, "f", key, now + 600s));
  CHECK_FALSE(is_good(link, "g"));
  CHECK_FALSE(is_good(link, "f", std::string(64, 'l')));
  CHECK_FALSE(is_good(link, "f", ""));
  CHECK(is_good(sign_file_link(key, "f", {}, now + 600s)));
}

TEST_CASE("a changed link is none", "[file_link]") {
  const auto link = sign_file_link(key, "f", *user_id::parse("1"), now + 600s);
  for (std::size_t at = 0; at < link.size(); ++at) {
    if (link[at] == '=' || link[at] == '&') continue;
    auto changed = link;
    changed[at] = changed[at] == '1' ? '2' : '1';
    const auto to = *parse_target("/x?" + changed);
    const auto value = [&](const char* name) { return to.parameter(name).value_or(""); };
    CHECK_FALSE(is_good_link(key, "f", {value("user"), value("expires"), value("signature")}, now));
  }
}
