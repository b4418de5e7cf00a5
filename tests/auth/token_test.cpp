#include "auth/base64url.hpp"
#include "auth/key_files.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <catch2/catch.hpp>

using namespace hongyan;
using namespace hongyan::auth;
using namespace std::chrono_literals;

namespace {

const wall_time now{1'800'000'000'000ms};
const std::string secret(32, 's');
const token_keys keys{.secret = secret};

user_id user(const char* id) { return *user_id::parse(id); }

/// A token with any header and payload, signed by HS256.
std::string signed_text(const std::string& header, const std::string& payload,
                        const std::string& by = secret) {
  std::string token = base64url(header) + '.' + base64url(payload);
  std::array<unsigned char, 32> mac{};
  HMAC(EVP_sha256(), by.data(), static_cast<int>(by.size()),
       reinterpret_cast<const unsigned char*>(token.data()), token.size(), mac.data(), nullptr);
  return token + '.' + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

const std::string plain = R"({"alg":"HS256","typ":"JWT"})";
std::string payload(const std::string& members = R"("sub":"7","exp":1800000010)") {
  return "{" + members + "}";
}

bool is_refused(const std::string& token, const token_keys& by = keys) {
  const auto answer = verify(token, by, now);
  if (answer) return false;
  CHECK(answer.error().code == errc::unauthorized);
  CHECK(answer.error().detail == verify("", by, now).error().detail); // the same words whatever is wrong
  return true;
}

} // namespace

TEST_CASE("base64url has one text for one value", "[auth]") {
  CHECK(base64url("") == "");
  CHECK(base64url("f") == "Zg"); // RFC 4648 section 10
  CHECK(base64url("fo") == "Zm8");
  CHECK(base64url("foobar") == "Zm9vYmFy");
  CHECK(base64url("\xfb\xff\xfe") == "-__-");
  CHECK(from_base64url("Zm9vYmE").value() == "fooba");
  for (const char* bad : {"Z", "Zg==", "Zh", "Zm9", "Z g", "+/8", "Zm8\n"}) CHECK_FALSE(from_base64url(bad));
}

TEST_CASE("a minted token says who it is until when", "[auth]") {
  const auto token = mint({user("ann"), "phone", now + 60s}, keys, now);
  const auto said = verify(token, keys, now);
  REQUIRE(said.has_value());
  CHECK(said->user == user("ann"));
  CHECK(said->device == "phone");
  CHECK(said->expires_at == now + 60s);
  CHECK(verify(token, keys, now + 59s).has_value());
  CHECK(verify(token, keys, now + 60s).has_error()); // no leeway
  CHECK(verify(mint({user("ann"), "", now + 60s}, keys, now), keys, now)->device.empty());
  CHECK(is_refused(token, {.secret = std::string(32, 't')}));
  CHECK(is_refused(token, {}));
}

TEST_CASE("a token is refused for whatever is wrong with it", "[auth]") {
  REQUIRE_FALSE(is_refused(signed_text(plain, payload())));
  const auto good = signed_text(plain, payload());
  CHECK(is_refused(good.substr(0, good.size() - 1)));
  CHECK(is_refused(good.substr(0, good.rfind('.') + 1)));
  CHECK(is_refused(good + "."));
  CHECK(is_refused(good + "=="));
  CHECK(is_refused(good.substr(0, good.find('.')) + "." +
                   base64url(payload(R"("sub":"8","exp":1800000010)")) + good.substr(good.rfind('.'))));
  CHECK(is_refused(std::string(5'000, 'a')));
  CHECK(is_refused(
      signed_text(plain, payload(R"("sub":"7","exp":1800000010,"x":")" + std::string(4'000, 'x') + '"'))));

  SECTION("the header") {
    for (const char* header : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"hs256"})",
                               R"({"alg":"HS512"})", R"({"alg":"EdDSA"})", R"({"alg":1})", "{}", "[]", "x",
                               R"({"alg":"HS256","kid":"../../x"})", R"({"alg":"HS256","kid":"' OR 1"})",
                               R"({"alg":"HS256","crit":["exp"]})", R"({"alg":"HS256","jwk":{}})",
                               R"({"alg":"HS256","jku":"http://x"})", R"({"alg":"none","alg":"HS256"})"})
      CHECK(is_refused(signed_text(header, payload())));
  }
  SECTION("the payload") {
    for (const char* members : {"",
                                R"("sub":"7")",
                                R"("exp":1800000010)",
                                R"("sub":"7","exp":1800000000)",
                                R"("sub":"7","exp":1799999990)",
                                R"("sub":"7","exp":"1800000010")",
                                R"("sub":"7","exp":1800000010.5)",
                                R"("sub":"7","exp":1e400)",
                                R"("sub":"7","exp":-1)",
                                R"("sub":"7","exp":2115360000)",
                                R"("sub":"7","exp":9223372036854775807)",
                                R"("sub":"7","exp":1800000010,"nbf":1800000001)",
                                R"("sub":"7","exp":1800000010,"nbf":"0")",
                                R"("sub":7,"exp":1800000010)",
                                R"("sub":"","exp":1800000010)",
                                R"("sub":"a b","exp":1800000010)",
                                R"("sub":"a\n","exp":1800000010)",
                                R"("sub":"\u0000","exp":1800000010)",
                                R"("sub":"7","exp":1800000010,"device":1)",
                                R"("sub":"7","exp":1800000010,"device":"a b")"})
      CHECK(is_refused(signed_text(plain, payload(members))));
  }
}

TEST_CASE("another signer's token is verified by its kid, and the algorithm is the key's", "[auth]") {
  // RFC 8037 appendix A.1 and A.2: the key; its private half signs here.
  const auto seed = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").value();
  const auto ring = parse_jwks(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  REQUIRE(ring.has_value());
  const token_keys others{.secret = secret, .others = *ring};
  const auto by_edwards = [&](const std::string& header, const std::string& claims) {
    std::string token = base64url(header) + '.' + base64url(claims);
    auto* key = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(seed.data()), seed.size());
    auto* context = EVP_MD_CTX_new();
    std::array<unsigned char, 64> signature{};
    std::size_t size = signature.size();
    EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key);
    EVP_DigestSign(context, signature.data(), &size, reinterpret_cast<const unsigned char*>(token.data()),
                   token.size());
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return token + '.' + base64url({reinterpret_cast<const char*>(signature.data()), size});
  };
  CHECK(verify(by_edwards(R"({"alg":"EdDSA","kid":"k1"})", payload()), others, now).value().user ==
        user("7"));
  CHECK(verify(by_edwards(R"({"alg":"EdDSA","kid":"k1"})", payload()), others, now)->expires_at == now + 10s);
  // Its clock may be off by a minute, at which the token really ends.
  const auto late = verify(
      by_edwards(R"({"alg":"EdDSA","kid":"k1"})", payload(R"("sub":"7","exp":1799999950)")), others, now);
  REQUIRE(late.has_value());
  CHECK(late->expires_at == now + 10s);
  CHECK(is_refused(by_edwards(R"({"alg":"EdDSA","kid":"k1"})", payload(R"("sub":"7","exp":1799999940)")),
                   others));
  CHECK(is_refused(
      by_edwards(R"({"alg":"EdDSA","kid":"k1"})", payload(R"("sub":"7","exp":9223372036854775807)")),
      others));
  CHECK(is_refused(by_edwards(R"({"alg":"EdDSA","kid":"k2"})", payload()), others));
  CHECK(is_refused(by_edwards(R"({"alg":"EdDSA"})", payload()), others));
  CHECK(is_refused(by_edwards(R"({"alg":"ES256","kid":"k1"})", payload()), others));
  CHECK(is_refused(by_edwards(R"({"alg":"HS256","kid":"k1"})", payload()), others));
  // The public key as an HMAC secret: the oldest trick.
  CHECK(is_refused(signed_text(R"({"alg":"HS256","kid":"k1"})", payload(),
                               from_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").value()),
                   others));
}

TEST_CASE("a P-256 key is for ES256", "[auth]") {
  // RFC 7515 appendix A.3.
  const auto ring = parse_jwks(R"({"keys":[{"kty":"EC","crv":"P-256","kid":"k",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  REQUIRE(ring.has_value());
  CHECK(ring->front().signs == public_key::algorithm::es256);
}

TEST_CASE("keys that are none are refused with what is accepted", "[auth]") {
  CHECK(parse_secret(secret + "\nmore").value() == secret);
  CHECK(parse_secret(secret).value() == secret);
  CHECK(parse_secret(std::string(31, 's') + "\n").error().detail.find("at least 32") != std::string::npos);
  CHECK(parse_secret("replace-this-sample-by-32-random-bytes").has_error());
  CHECK(parse_wechat_secret("secret\r\nmore").value() == "secret");
  for (const char* bad : {"", "\n", " \nsecret", "two words"}) CHECK(parse_wechat_secret(bad).has_error());

  for (
      const char* bad :
      {"x", "{}", R"({"keys":[]})", R"({"keys":[1]})", R"({"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]})",
       R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})",
       R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","d":"AA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})",
       R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qY"}]})",
       R"({"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}]})",
       R"({"keys":[{"kty":"RSA","kid":"a"}]})"})
    CHECK(parse_jwks(bad).has_error());
}

TEST_CASE("a token says when it was made, to the microsecond", "[auth]") {
  const auto minted = [](std::int64_t us) { return mint({user("ann"), "", now + 60s}, keys, us); };
  CHECK(verify(minted(1'700'000'000'000'001), keys, now)->issued_us == 1'700'000'000'000'001);
  CHECK(verify(minted(1'700'000'000'999'999), keys, now)->issued_us == 1'700'000'000'999'999);
}

TEST_CASE("a revocation ends what was issued by then, and what does not say when", "[auth]") {
  revocations known;
  CHECK_FALSE(known.covers(user("ann"), std::nullopt));
  CHECK(known.note(user("ann"), 5'000'000));
  CHECK_FALSE(known.note(user("ann"), 5'000'000));
  CHECK_FALSE(known.note(user("ann"), 4'000'000));
  CHECK(known.covers(user("ann"), std::nullopt));
  CHECK(known.covers(user("ann"), 5'000'000));
  CHECK_FALSE(known.covers(user("ann"), 5'000'001)); // of the same second
  CHECK_FALSE(known.covers(user("bob"), 1));
  CHECK(known.note(user("ann"), 6'000'000));
  CHECK(known.covers(user("ann"), 6'000'000));
  const auto life = std::chrono::microseconds(revocation_life).count();
  known.forget_old(6'000'000 + life);
  CHECK(known.size() == 1);
  known.forget_old(6'000'001 + life);
  CHECK(known.size() == 0);
}

TEST_CASE("a revoked token is refused in the words of all others", "[auth]") {
  revocations known;
  const key_ring ring{.tokens = keys, .asks = true, .revoked = &known};
  const auto made_us = std::chrono::microseconds(now.time_since_epoch()).count();
  const auto token = mint({user("ann"), "", now + 60s}, keys, made_us);
  REQUIRE(verify(token, ring, now).has_value());
  REQUIRE(known.note(user("ann"), made_us));
  CHECK(verify(token, ring, now).error().detail == verify("x", ring, now).error().detail);
  CHECK(identify("Bearer " + token, "", ring, now).has_error());
  CHECK(identify("", token, ring, now).has_error());
  CHECK(identify("", mint({user("ann"), "", now + 60s}, keys, made_us + 1), ring, now).has_value());
}

TEST_CASE("API keys have names and scopes", "[auth]") {
  const auto parsed = parse_api_keys("bare-key\n\nshop push,metrics key-of-the-shop\r\nops admin key-of-ops");
  REQUIRE(parsed.has_value());
  key_ring ring{.tokens = keys, .api_keys = *parsed, .asks = true};
  REQUIRE(ring.find("bare-key") != nullptr);
  CHECK(ring.find("bare-key")->scopes == 7);
  CHECK(ring.find("key-of-the-shop")->name == "shop");
  CHECK(ring.find("key-of-the-shop")->scopes == 5);
  CHECK(ring.find("key-of-ops")->scopes == 2);
  CHECK(parse_api_keys("eye observe k")->front().scopes == 8);
  CHECK(parse_api_keys("boss owner,observe k")->front().scopes == 24);
  CHECK_THAT(parse_api_keys("a root k").error().detail,
             Catch::Contains("push, admin, metrics, observe and owner"));
  CHECK(ring.find("bare-ke") == nullptr);
  CHECK(ring.find("") == nullptr);
  for (const char* bad : {"", "\n\n", "a b", "a b c d", "shop write key", "shop push, key", "shop ,push key",
                          "k admin replace-this-sample"})
    CHECK(parse_api_keys(bad).has_error());
}

TEST_CASE("who asks is who they prove to be", "[auth]") {
  using kind = caller::kind;
  key_ring ring{.tokens = keys, .api_keys = *parse_api_keys("shop push the-key"), .asks = true};
  const auto token = mint({user("1"), "", now + 60s}, keys, now);
  CHECK(identify("", "", ring, now)->is == kind::nobody);
  const auto by_header = identify("Bearer " + token, "", ring, now);
  CHECK(by_header->is == kind::user);
  CHECK(by_header->by_header);
  CHECK(identify("bearer   " + token, "", ring, now)->is == kind::user);
  const auto elsewhere = identify("", token, ring, now);
  CHECK(elsewhere->is == kind::user);
  CHECK_FALSE(elsewhere->by_header);
  CHECK(identify("Bearer the-key", "", ring, now)->is == kind::back_end);
  CHECK(identify("", "the-key", ring, now).has_error()); // a key never in a URL
  for (const char* bad : {"Bearer", "Bearer ", "Basic x", "Bearer x", "the-key"})
    CHECK(identify(bad, token, ring, now).has_error());

  ring.asks = false; // --auth none
  CHECK(identify("", "", ring, now)->is == kind::anyone);
  CHECK(identify("Bearer nonsense", "", ring, now)->is == kind::anyone);
  CHECK_FALSE(identify("Bearer nonsense", "", ring, now)->by_header);
  CHECK(identify("Bearer the-key", "", ring, now)->has(scope::push));
  CHECK(identify("Bearer the-key", "", ring, now)->by_header);
}

TEST_CASE("who may act as whom", "[auth]") {
  using kind = caller::kind;
  const caller ann{.is = kind::user, .token = {.user = user("ann"), .expires_at = now}};
  const caller shop{.is = kind::back_end, .scopes = static_cast<std::uint8_t>(scope::push)};
  CHECK(may_act_as(ann, user("ann"), scope::push).has_value());
  CHECK(may_act_as(ann, user("bob"), scope::push).error().code == errc::forbidden);
  CHECK(may_act_as({}, user("ann"), scope::push).error().code == errc::unauthorized);
  CHECK(may_act_as(shop, user("ann"), scope::push).has_value());
  CHECK(may_act_as(shop, user("ann"), scope::admin).error().code == errc::forbidden);
  CHECK(may_act_as({.is = kind::anyone}, user("ann"), scope::admin).has_value());
  CHECK(may_manage(ann, scope::admin).error().code == errc::forbidden);
  CHECK(may_manage({}, scope::admin).error().code == errc::unauthorized);
  CHECK(may_manage(shop, scope::push).has_value());
  CHECK(may_manage(shop, scope::admin).error().code == errc::forbidden);
  CHECK(may_manage({.is = kind::anyone}, scope::admin).has_value());

  const caller eye{.is = kind::back_end, .scopes = static_cast<std::uint8_t>(scope::observe)};
  CHECK(may_manage(eye, {scope::observe, scope::admin}).has_value());
  CHECK(may_manage(eye, scope::owner).error().detail == "this API key has not the scope owner");
  CHECK(may_manage(shop, {scope::observe, scope::admin}).error().detail ==
        "this API key has not the scope observe or admin");
  // --auth none: these two ask for a key all the same
  CHECK(may_manage({.is = kind::anyone}, scope::owner).error().code == errc::unauthorized);
  CHECK(may_manage({.is = kind::anyone}, scope::observe).error().code == errc::unauthorized);
  CHECK(may_manage({.is = kind::anyone}, {scope::observe, scope::admin}).has_value());
  CHECK(may_manage({.is = kind::anyone, .scopes = 7, .by_header = true}, scope::owner).error().code ==
        errc::forbidden);
  CHECK(may_manage({.is = kind::anyone, .scopes = 16, .by_header = true}, scope::owner).has_value());
}
