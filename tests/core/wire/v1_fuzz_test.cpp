// Requests bent at random: whatever comes in, parsing it ends in a command or an error, and its answer is
// JSON.
#include "core/wire/json.hpp"
#include "core/wire/v1/commands.hpp"
#include "core/wire/v1/encode.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

using namespace hongyan;

namespace {

namespace json = boost::json;

const limits defaults;
const user_id me = *user_id::parse("2");

/// Requests of the golden files.
std::vector<json::object> samples() {
  std::vector<json::object> out;
  for (const auto& [name, what, http, read] : v1::methods()) {
    std::stringstream text;
    text << std::ifstream(HONGYAN_SOURCE_DIR "/tests/golden/v1/" + std::string(name) + ".json").rdbuf();
    const auto parsed = parse_json(text.str());
    REQUIRE(parsed.has_value());
    out.push_back(parsed->at("request").as_object());
  }
  return out;
}

std::string compact(const json::object& object) {
  std::string out;
  append_json(out, object);
  return out;
}

/// What a mutation puts in: the grammar's joints and the values that go wrong.
constexpr std::string_view pieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\"",
                                       "\\",
                                       "\\u0000",
                                       "\\ud800",
                                       "\\ud83d\\ude00",
                                       "null",
                                       "true",
                                       "-",
                                       "0",
                                       "1e308",
                                       "1e309",
                                       "-0",
                                       "9223372036854775808",
                                       "18446744073709551616",
                                       "0.1",
                                       "\"\"",
                                       "{}",
                                       "[]",
                                       "\xFF",
                                       "\xE4\xBD",
                                       "\"id\":",
                                       "\"method\":\"sync\",",
                                       "\"kind\":\"location\",",
                                       "\"to\":{\"groupId\":1},",
                                       " "};

/// Deterministic for a seed.
class bender {
public:
  explicit bender(unsigned seed) : random_(seed) {
    for (const auto& sample : samples_) texts_.push_back(compact(sample));
  }

  /// A request with parameters of other methods, or with bytes that are bent.
  std::string next() {
    const auto which = below(samples_.size());
    return below(2) == 0 ? graft(samples_[which]) : bend(texts_[which]);
  }

private:
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

  /// Gives it a parameter of another sample, or gives one of its own another's value.
  std::string graft(json::object request) {
    auto& own = request["params"].as_object();
    for (auto times = 1 + below(3); times > 0; --times) {
      const auto& theirs = samples_[below(samples_.size())].at("params").as_object();
      if (theirs.empty()) continue;
      const auto& [key, value] = *(theirs.begin() + static_cast<std::ptrdiff_t>(below(theirs.size())));
      if (own.empty() || below(2) == 0) {
        own[key] = value;
      } else {
        (own.begin() + static_cast<std::ptrdiff_t>(below(own.size())))->value() = value;
      }
    }
    return compact(request);
  }

  std::string bend(std::string text) {
    for (auto times = 1 + below(3); times > 0 && !text.empty(); --times) {
      const auto at = below(text.size());
      const auto length = 1 + below(12);
      switch (below(6)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, pieces[below(std::size(pieces))]); break;
      case 2: text.replace(at, 1, pieces[below(std::size(pieces))]); break;
      case 3: text[at] = static_cast<char>(below(256)); break;
      case 4: text.insert(at, text.substr(below(text.size()), length)); break;
      default: {
        const auto& other = texts_[below(texts_.size())];
        text.replace(at, length, other.substr(below(other.size()), length));
      }
      }
    }
    return text;
  }

  std::mt19937 random_;
  std::vector<json::object> samples_ = samples();
  std::vector<std::string> texts_;
};

} // namespace

TEST_CASE("bent requests are read or refused, never worse", "[v1][fuzz]") {
  const auto* given = std::getenv("HONGYAN_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device()();
  UNSCOPED_INFO("to repeat it: HONGYAN_SEED=" << seed);
  bender requests(seed);

  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 100'000; ++round) {
    const auto text = requests.next();
    CAPTURE(seed, text);
    const auto parsed = v1::parse_request(text, me, defaults);
    ++(parsed.what ? accepted : refused);
    const auto id = parsed.id.empty() ? "null" : parsed.id;
    const auto answered =
        parsed.what ? v1::answer(id, v1::empty_result) : v1::failure(id, parsed.what.error());
    const auto read_back = parse_json(answered);
    if (!read_back) FAIL("no JSON: " + answered);
    if (!parsed.what && row_of(parsed.what.error().code).rpc_code == -32602 &&
        parsed.what.error().param.empty())
      FAIL("an error that names no parameter: " + answered);
    // What was accepted is within its limits, and an object is JSON still.
    if (const auto* m = parsed.what ? std::get_if<new_message>(&*parsed.what) : nullptr) {
      const message stored{.from = m->from,
                           .to = m->to,
                           .kind = m->kind,
                           .content = m->content,
                           .ext = m->ext,
                           .client_msg_id = m->client_msg_id};
      if (!parse_json(v1::message_notification(stored))) FAIL("no JSON: " + v1::message_notification(stored));
      if (m->kind == message_kind::text && m->content.find('\0') != std::string::npos)
        FAIL("U+0000 in a text");
    }
  }
  // Else the samples or the mutations test nothing.
  CHECK(accepted > 10'000);
  CHECK(refused > 10'000);
}

TEST_CASE("an id comes back as it was sent", "[v1][fuzz]") {
  std::mt19937 random(7);
  constexpr std::string_view letters = "ABCxyz0189_-.:@";
  for (int round = 0; round < 2000; ++round) {
    std::string text(1 + random() % 64, ' ');
    for (auto& c : text) c = letters[random() % letters.size()];
    const auto id = *user_id::parse(text);
    json::object params{{"userIds", json::array{text}}};
    if (id.is_number()) params["userIds"].as_array().push_back(std::stoll(text));
    const auto parsed = v1::parse_command("user.get", params, me, defaults);
    REQUIRE(parsed.has_value());
    const auto& users = std::get<v1::get_profiles>(*parsed).users;
    REQUIRE(users == std::vector{id});
    REQUIRE(v1::presence_result(users) == "{\"online\":[\"" + text + "\"]}");
  }
}
