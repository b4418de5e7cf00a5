#include "core/wire/mentions.hpp"

#include "core/wire/json.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch.hpp>

using namespace hongyan;

namespace {

const user_id me = *user_id::parse("1");

std::shared_ptr<const mentions> called_by(const std::string& ext) {
  const auto parsed = *parse_json(ext);
  return read_mentions(&parsed.as_object(), me);
}

std::string names(const mentions& called) {
  std::string list;
  for (const auto& user : called.users) list += user.text() + " ";
  return list;
}

} // namespace

TEST_CASE("ext.mentions names users, each once and not the sender, or all", "[mentions]") {
  CHECK(names(*called_by(R"({"mentions":["2",3,"2","1"]})")) == "2 3 ");
  CHECK_FALSE(called_by(R"({"mentions":["2"]})")->all);
  CHECK(called_by(R"({"mentions":"all"})")->all);
}

TEST_CASE("what is no mention means nothing", "[mentions]") {
  CHECK(read_mentions(nullptr, me) == nullptr);
  for (const auto* ext :
       {"{}", R"({"mentions":null})", R"({"mentions":"2"})", R"({"mentions":[]})", R"({"mentions":["1"]})",
        R"({"mentions":{"all":true}})", R"({"mentions":["a b",true]})"}) {
    CAPTURE(ext);
    CHECK(called_by(ext) == nullptr);
  }
}

TEST_CASE("the first fifty of the list are called", "[mentions]") {
  std::string ext = R"({"mentions":[)";
  for (int i = 2; i < 80; ++i) ext += std::to_string(i) + (i < 79 ? "," : "]}");
  CHECK(called_by(ext)->users.size() == mentions_max);
}
