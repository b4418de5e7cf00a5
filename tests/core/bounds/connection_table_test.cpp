#include "core/bounds/connection_table.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace hongyan;

namespace {

using admission = connection_table::admission;

/// Who sat down, and who was asked to go.
struct room {
  explicit room(connection_table::bounds b) : table(b) {}

  connection_table::slot& enter(const std::string& name, const std::string& key, bool limited = true,
                                bool with_tls = false) {
    auto& slot = slots[name] = table.enter(key, limited, with_tls);
    if (slot) slot.on_leave([this, name] { left.push_back(name); });
    return slot;
  }
  std::vector<std::string> gone() { return std::exchange(left, {}); }

  connection_table table;
  std::vector<std::string> left;
  std::unordered_map<std::string, connection_table::slot> slots;
};

using names = std::vector<std::string>;

} // namespace

TEST_CASE("in a full server the longest idle of the fullest address goes", "[connection_table]") {
  room r({.all = 5, .reserve = 1, .handshakes = 10, .handshakes_each = 0});
  r.enter("b1", "b");
  r.enter("a1", "a");
  r.enter("a2", "a");
  r.enter("a3", "a");
  r.enter("c1", "c");
  CHECK(r.gone().empty());
  CHECK(r.slots["a1"].work());
  CHECK(r.enter("d1", "d").admitted_as() == admission::served);
  CHECK(r.gone() == names{"a2"}); // a1 has a request under way
  CHECK(r.table.size() == 5);
  CHECK_FALSE(r.slots["a2"].work()); // too late for a request
  // a1 is idle anew, so for a shorter time than a3.
  r.slots["a1"].rest();
  r.enter("d2", "d");
  CHECK(r.gone() == names{"a3"});
  // Now d is the fullest.
  r.enter("e1", "e");
  CHECK(r.gone() == names{"d1"});
}

TEST_CASE("who holds all by requests under way makes others wait in the reserve", "[connection_table]") {
  room r({.all = 2, .reserve = 2, .handshakes = 10, .handshakes_each = 0});
  CHECK(r.enter("a1", "a").work());
  CHECK(r.enter("a2", "a").work());
  CHECK(r.enter("b1", "b").admitted_as() == admission::full);
  CHECK(r.enter("b2", "b").admitted_as() == admission::full);
  // There, too, nobody keeps others out.
  CHECK(r.enter("c1", "c").admitted_as() == admission::full);
  CHECK(r.gone() == names{"b1"});
  CHECK(r.slots["b2"].work());
  CHECK(r.slots["c1"].work());
  CHECK_FALSE(r.enter("d1", "d"));
  CHECK(r.table.size() == 2);
  r.slots.erase("a1");
  CHECK(r.enter("d1", "d").admitted_as() == admission::served);
}

TEST_CASE("an address has so many connections; a proxy and a key have no limit", "[connection_table]") {
  room r({.all = 100, .reserve = 2, .each = 2, .handshakes = 10, .handshakes_each = 0});
  r.enter("a1", "a");
  r.enter("a2", "a");
  CHECK(r.enter("a3", "a").admitted_as() == admission::address_full);
  CHECK(r.gone().empty());
  CHECK(r.enter("b1", "b").admitted_as() == admission::served);
  for (const char* name : {"p1", "p2", "p3"})
    CHECK(r.enter(name, "proxy", false).admitted_as() == admission::served);
  // Behind the proxy its clients have what others have.
  CHECK_FALSE(r.slots["p1"].count_to("a", true));
  CHECK(r.slots["p1"].count_to("c", true));
  CHECK(r.slots["p2"].count_to("c", true));
  CHECK_FALSE(r.slots["p3"].count_to("c", true));
  CHECK(r.slots["p3"].count_to("c", false));
  CHECK(r.slots["p1"].count_to("proxy", false));
  CHECK(r.slots["a1"].count_to("key of a", false));
  CHECK(r.enter("a4", "a").admitted_as() == admission::served);
}

TEST_CASE("a WebSocket counts to its address until it settles, and then to the server",
          "[connection_table]") {
  room r({.all = 3, .reserve = 2, .each = 1, .handshakes = 10, .handshakes_each = 0});
  CHECK(r.enter("a1", "a").work());
  auto socket = r.slots["a1"].become_socket();
  CHECK_FALSE(r.slots["a1"]);
  CHECK(r.table.size() == 1);
  CHECK(r.enter("a2", "a").admitted_as() == admission::address_full);
  socket.settle();
  CHECK(r.table.size() == 1);
  CHECK(r.enter("a3", "a").admitted_as() == admission::served);
  CHECK(r.gone().empty()); // a socket is nobody's to send away
  socket = {};
  CHECK(r.table.size() == 1);
}

TEST_CASE("an idle connection keeps its place in the line when it counts to another", "[connection_table]") {
  room r({.all = 2, .reserve = 1, .handshakes = 10, .handshakes_each = 0});
  r.enter("p1", "proxy", false);
  CHECK(r.slots["p1"].count_to("a", false));
  r.enter("p2", "proxy", false);
  CHECK(r.slots["p2"].work());
  r.enter("x", "x");
  CHECK(r.gone() == names{"p1"});
}

TEST_CASE("TLS handshakes have limits of their own", "[connection_table]") {
  room r({.all = 100, .reserve = 2, .handshakes = 3, .handshakes_each = 2});
  r.enter("a1", "a", true, true);
  r.enter("a2", "a", true, true);
  CHECK_FALSE(r.enter("a3", "a", true, true));
  CHECK(r.enter("b1", "b", true, true));
  CHECK(r.enter("c1", "c", true, true));
  CHECK(r.gone() == names{"a1"});
  r.slots["a2"].handshake_done();
  CHECK(r.enter("a4", "a", true, true));
  CHECK(r.gone().empty());
  CHECK(r.table.size() == 4);
}
