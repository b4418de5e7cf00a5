#include "webhooks/signature.hpp"

#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::webhooks;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string refusal(std::string_view text) {
  const auto parsed = parse_secret(text);
  REQUIRE(parsed.has_error());
  CHECK(parsed.error().code == errc::malformed);
  CHECK(contains(parsed.error().detail, "accepted: whsec_ and the Base64 of 24 to 64 bytes"));
  return parsed.error().detail;
}

constexpr const char* standards = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* second = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

} // namespace

TEST_CASE("a call is signed as in the standard's own test", "[webhooks]") {
  const std::vector secrets{*parse_secret(standards)};
  CHECK(sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("while rotating, a call has a signature of each secret, in their order", "[webhooks]") {
  const std::vector first{*parse_secret(standards)}, other{*parse_secret(second)};
  const auto both = *parse_secret_file(std::string(second) + "\n" + standards + "\n");
  const auto value = sign(both, "1", 2, "{}");
  CHECK(value == sign(other, "1", 2, "{}") + " " + sign(first, "1", 2, "{}"));
  CHECK(sign({}, "1", 2, "{}").empty());
}

TEST_CASE("the signature is of the id, the time and the body", "[webhooks]") {
  const std::vector secrets{*parse_secret(standards)};
  const auto value = sign(secrets, "1", 2, "{}");
  CHECK(value != sign(secrets, "2", 2, "{}"));
  CHECK(value != sign(secrets, "1", 3, "{}"));
  CHECK(value != sign(secrets, "1", 2, "{ }"));
  CHECK(sign(secrets, "1", 2, std::string_view("\0a", 2)) !=
        sign(secrets, "1", 2, std::string_view("\0b", 2)));
}

TEST_CASE("a secret has 24 to 64 bytes", "[webhooks]") {
  CHECK(parse_secret(standards)->bytes.size() == 24);
  CHECK(parse_secret(second)->bytes.back() == '\x1f');
  CHECK(parse_secret("whsec_" + std::string(84, '/') + "/w==")->bytes == std::string(64, '\xff'));
  CHECK(contains(refusal("whsec_" + std::string(28, 'A') + "AAA="), "has 23 bytes"));
  CHECK(contains(refusal("whsec_" + std::string(84, 'A') + "AAA="), "has 65 bytes"));
  CHECK(contains(refusal("whsec_"), "has 0 bytes"));
}

TEST_CASE("what is no secret is refused without being shown", "[webhooks]") {
  const std::string base64 = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  for (const std::string& text : std::initializer_list<std::string>{
           base64, "WHSEC_" + base64, " whsec_" + base64, "whsec_" + base64 + " ", "whsec_" + base64 + "\n",
           "whsec_" + base64.substr(1), "whsec_" + base64 + "=", "whsec_" + base64 + "====",
           "whsec_-_KQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + base64 + "AB==", "whpk_" + base64, ""})
    CHECK_FALSE(contains(refusal(text), "9r8GKYqrTwjU"));
}

TEST_CASE("a secret file has one secret, or two", "[webhooks]") {
  CHECK(parse_secret_file(standards)->size() == 1);
  CHECK(parse_secret_file(std::string(standards) + "\r\n\r\n")->size() == 1);
  const auto two = parse_secret_file(std::string(standards) + "\n" + second + "\n");
  REQUIRE(two.has_value());
  CHECK(*two == std::vector{*parse_secret(standards), *parse_secret(second)});

  CHECK(contains(parse_secret_file("").error().detail, "no secret in it"));
  CHECK(contains(parse_secret_file("\n\n").error().detail, "no secret in it"));
  CHECK(parse_secret_file(std::string(standards) + "\nx\n").error().detail.starts_with("line 2: "));
  const auto three = parse_secret_file(std::string(standards) + "\n" + second + "\n" + standards);
  CHECK(contains(three.error().detail, "more than two"));
}
