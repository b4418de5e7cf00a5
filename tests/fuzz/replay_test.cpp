// What the fuzzers begin with, and what they ever found, through the same functions.
#include "tests/fuzz/targets.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace hongyan;

namespace {

std::size_t replay_folder(void (*target)(std::string_view), const std::filesystem::path& folder) {
  std::size_t count = 0;
  if (!std::filesystem::exists(folder)) return count;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::stringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    CAPTURE(file.path());
    CHECK_NOTHROW(target(text.str()));
    ++count;
  }
  return count;
}

void replay(const std::string& name, void (*target)(std::string_view)) {
  const std::filesystem::path here = HONGYAN_SOURCE_DIR "/tests/fuzz";
  target("");
  CHECK(replay_folder(target, here / "corpus" / name) > 0);
  replay_folder(target, here / "finds" / name);
}

} // namespace

TEST_CASE("what fuzzers begin with and what they found is read or refused", "[fuzz]") {
  replay("http_request", fuzz::http_request);
  replay("json_command", fuzz::json_command);
  replay("token", fuzz::token);
  replay("key_files", fuzz::key_files);
  replay("websocket", fuzz::websocket);
  replay("configuration", fuzz::configuration);
  replay("cluster_items", fuzz::cluster_items);
  replay("table", fuzz::table);
  replay("upload", fuzz::upload);
}
