/// How a shard gives its turns.
#include "net/io_shard.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <string>

using namespace hongyan;

namespace {

constexpr int movers = 50;
constexpr int turns = 20;

struct turns_log {
  io_shard& of;
  std::string given{}; ///< 'b' for a large body's, 's' for a short one's
  int left = movers;
  std::promise<void> over{};
};

asio::awaitable<void> move_bulk(turns_log& log) {
  for (int i = 0; i < turns; ++i) {
    co_await log.of.bulk_turn();
    log.given += 'b';
  }
  if (--log.left == 0) log.over.set_value();
}

void be_short(turns_log& log) {
  if (log.left == 0) return;
  log.given += 's';
  asio::post(log.of.io(), [&log] { be_short(log); });
}

} // namespace

TEST_CASE("what is short waits for one large body at a time, however many there are", "[shard]") {
  caf::actor_system_config config;
  caf::actor_system system(config);
  io_shard home(system);
  turns_log log{home};
  for (int i = 0; i < movers; ++i) asio::co_spawn(home.io(), move_bulk(log), asio::detached);
  asio::post(home.io(), [&log] { be_short(log); });
  home.start();
  log.over.get_future().wait();
  home.stop();
  CHECK(std::ranges::count(log.given, 'b') == movers * turns);
  CHECK(log.given.find("bb") == std::string::npos);
}
