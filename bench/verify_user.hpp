/// A user of a `verify` run: a v1 client as docs/protocol.md says one should be, which comes and goes,
/// repeats what was not answered, resumes by sync, and writes down all that it does and sees.
#pragma once

#include "bench/faults.hpp"
#include "bench/recorder.hpp"
#include "bench/runtime.hpp"
#include "bench/socket_client.hpp"

#include <boost/json/object.hpp>
#include <deque>
#include <map>
#include <random>

namespace hongyan::bench {

/// A conversation of the run, by the run's own name.
struct verify_place {
  std::string name;                   ///< `d0`, `g0`
  std::vector<std::uint32_t> members; ///< indices of users; of a group, its owner first
  std::string group{};                ///< the group's id; empty: a direct conversation
  bool made = false;                  ///< of a group: it exists
};

/// What the users of a run share. Only on the shard's thread.
struct verify_world {
  verify_world(runtime& on, const options& what) : where(on), asked(what), log(what.history_file) {}

  runtime& where;
  const options& asked;
  socket_client::watcher* watcher = nullptr; ///< of all sockets
  recorder log;
  std::vector<std::string> tokens{};          ///< by index of the user; empty where the server asks for none
  std::vector<std::string> users{};           ///< ids by index
  std::vector<verify_place> places{};         ///< by index
  std::map<std::string, std::string> names{}; ///< of places, by their members' ids or their group's
  std::vector<std::uint32_t> owners{};        ///< of sessions, by number from 1: indices of users
  std::mt19937_64 random{std::random_device{}()};
  fault_list faults{}; ///< what no server should do, and is not for the checker to find
  bool calm = true;    ///< nobody leaves on purpose, sends twice, or reads meanwhile
  std::uint64_t letters = 0;
  // For the report.
  std::uint64_t sends = 0, acknowledged = 0, refused = 0, unknown = 0, repeated = 0, duplicates = 0;
  std::uint64_t shown_live = 0, shown_by_sync = 0, shown_by_read = 0;
  std::uint64_t sockets_over = 0, left = 0, lost = 0, unreachable = 0, syncs = 0, holes = 0;

  /// Whole numbers from 0 to below `n`.
  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  /// Seconds with this mean, exponentially distributed.
  steady_time::duration about(double seconds);
};

/// Only on the shard's thread.
class verify_user {
public:
  verify_user(verify_world& world, std::uint32_t index);

  /// Does what is due; called every few milliseconds.
  void tick();
  /// Puts a new message into the outbox. False: that is full.
  bool write_to(std::uint32_t place);
  /// The same, whatever waits already.
  void write_to_last(std::uint32_t place) { outbox_[++world_.letters] = {.place = place}; }
  /// A message to a group that this user is no member of: sent once, and must be refused.
  void intrude(std::uint32_t place);
  /// Reads a history as soon as it can: all of it, or the newest page.
  void read(std::uint32_t place, bool whole);
  void make_group(std::uint32_t place);
  void ping();
  void sync();
  /// Leaves, and comes back at once: to this node, or to any.
  void move_to(std::optional<std::size_t> node);
  /// Does not wait to come back.
  void hurry();
  /// Leaves for good.
  void leave();

  /// Connected, and has what it missed.
  bool is_ready() const { return phase_ == phase::ready; }
  /// Ready, and waits for nothing.
  bool is_idle() const { return is_ready() && outbox_.empty() && calls_.empty() && readings_.empty(); }
  bool is_reading() const { return !readings_.empty(); }
  std::uint64_t session() const { return session_; }
  bool is_away() const { return phase_ == phase::away; }

  // The socket tells:
  void opened(socket_client& client);
  void received(const std::string& frame);
  /// It is over though nobody asked for it.
  void over(const std::string& why);

private:
  enum class phase : std::uint8_t { away, connecting, syncing, ready };
  enum class method : std::uint8_t { send, sync, ping, read, create };

  /// A message that is not settled yet.
  struct letter {
    std::uint32_t place;
    steady_time due{}; ///< not to be sent before
    std::size_t sendings = 0;
    std::size_t under_way = 0;
    bool once = false;  ///< never repeated
    bool again = false; ///< is acknowledged, and sent again to see what happens
  };
  struct reading {
    std::uint32_t place;
    bool whole;
    std::int64_t after = 0;
    bool begun = false;
  };
  struct call {
    method what;
    steady_time deadline;
    std::uint64_t number = 0; ///< of a letter
    std::uint32_t place = 0;
  };

  void connect();
  /// Ends the session, by whom ever.
  void end(const std::string& why, steady_time::duration back_after);
  /// Leaves on purpose: by a closing handshake, or abruptly.
  void depart(bool abruptly, const std::string& why, steady_time::duration back_after);
  std::uint64_t ask(method what, std::string_view name, const boost::json::object& params,
                    std::uint64_t number = 0, std::uint32_t place = 0);
  void send_due();
  void send(std::uint64_t number, letter& l);
  void ask_sync_page();
  void read_next();

  void take_notice(const std::string& name, const boost::json::object& params);
  void take_result(const call& asked, const boost::json::object& result);
  void take_error(const call& asked, const boost::json::object& error);
  void take_message(const boost::json::object& message);
  void take_page(const boost::json::object& page);
  void take_history(const boost::json::object& page);
  void take_ping(const boost::json::object& result);
  void settle(std::uint64_t number, bool stored);
  /// Moves the position, or asks for what is missing.
  void follow(const std::string& conversation_id, std::int64_t seq);
  void show(const boost::json::object& message, shown how);

  event now(event_kind kind) const;
  event about(event_kind kind, std::uint32_t place, std::uint64_t number) const;
  boost::json::object place_json(std::uint32_t place) const;
  void fault(const std::string& kind, const std::string& example);

  verify_world& world_;
  caf::actor actor_;
  socket_client* socket_ = nullptr;               ///< while open
  std::map<std::string, std::int64_t> positions_; ///< by conversationId
  std::string epoch_;                             ///< of the positions
  std::map<std::uint64_t, letter> outbox_;        ///< by number
  std::deque<reading> readings_;
  std::map<std::uint64_t, call> calls_;
  std::vector<std::pair<std::string, std::int64_t>> aside_; ///< came while a page was under way
  std::string node_;
  std::optional<std::size_t> wanted_node_;
  std::optional<steady_time::duration> told_to_wait_; ///< by the server's `closing`
  steady_time back_at_{};
  steady_time leave_at_{};
  std::uint64_t session_ = 0;
  std::uint64_t last_call_ = 0;
  std::uint32_t index_;
  unsigned failures_ = 0; ///< to connect, one after the other
  bool syncing_ = false;
  bool for_good_ = false;
  phase phase_ = phase::away;
};

} // namespace hongyan::bench
