/// Who is connected, counted by address; who has to go when the server is full. Knows no socket and no clock:
/// the order in which connections become idle is all that it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace hongyan {

/// Members by group, and which of them goes first. Not thread-safe.
class connection_groups {
public:
  struct member;

private:
  /// Stays while it counts anything.
  struct group {
    std::string key;
    std::size_t count = 0;
    std::list<member*> idle{}; ///< longest first
  };

public:
  struct member {
    void* user = nullptr; ///< whoever this is, for who asks first_to_go()

  private:
    friend class connection_groups;
    group* of = nullptr; ///< null: in no group
    std::list<member*>::iterator at{};
    bool is_idle = false;
  };
  /// Counted in a group, and never asked to go.
  using headcount = group*;

  void join(member& m, const std::string& key);
  void leave(member& m);
  void rest(member& m); ///< it is idle from now on
  void work(member& m);
  headcount count(const std::string& key);
  void uncount(headcount counted);

  // Of a member.
  static bool is_idle(const member& m) { return m.is_idle; }
  static const std::string& key_of(const member& m) { return m.of->key; }
  std::size_t of(const std::string& key) const;
  std::size_t size() const { return size_; }
  /// The one that has been idle for longest in the largest group that has an idle one; null: nobody is idle.
  member* first_to_go() const;

private:
  group& find(const std::string& key);
  void resize(group& g, bool grows);

  std::unordered_map<std::string, std::unique_ptr<group>> groups_;
  std::set<std::pair<std::size_t, group*>> with_idle_; ///< by count
  std::size_t size_ = 0;
};

/// All connections of a server, each in a slot. Thread-safe; outlives its slots.
class connection_table {
public:
  struct bounds {
    std::size_t all;             ///< connections that are served
    std::size_t reserve;         ///< besides, to be told that they are not
    std::size_t each = 0;        ///< of one address; 0: as many as they like
    std::size_t handshakes;      ///< TLS's, under way
    std::size_t handshakes_each; ///< ... and of one address; 0: as many as they like
  };
  enum class admission : std::uint8_t {
    served,
    full,         ///< in the reserve: the server has as many as it may have, and nobody can go
    address_full, ///< in the reserve: the address has as many as it may have
  };

private:
  struct entry;
  struct releaser {
    void operator()(entry* e) const;
  };

public:
  /// A WebSocket's. Empty, or counted until it goes.
  class socket_slot {
  public:
    socket_slot() = default;
    socket_slot(socket_slot&& other) noexcept
        : of_(std::exchange(other.of_, nullptr))
        , address_(std::exchange(other.address_, nullptr)) {}
    socket_slot& operator=(socket_slot&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~socket_slot();
    /// It is its user's now, and counts to its address no longer.
    void settle();

  private:
    friend class connection_table;
    connection_table* of_ = nullptr;
    connection_groups::headcount address_ = nullptr;
  };

  /// An HTTP connection's; it begins idle. Empty, or counted until it goes.
  class slot {
  public:
    slot() = default;
    explicit operator bool() const { return entry_ != nullptr; }
    admission admitted_as() const;
    /// `leave` is called, once, when the connection has to go: by any thread, under the table's lock, so that
    /// it may post and no more. At once, if it had to go before.
    void on_leave(std::function<void()> leave);
    /// From now on it may be asked to go.
    void rest();
    /// From now on it is not. False: it was asked before.
    bool work();
    /// TLS is ready.
    void handshake_done();
    /// From now on it counts to this key. False: the key has as many as it may have, and nothing has changed.
    bool count_to(const std::string& key, bool limited);
    /// It becomes a WebSocket, and still counts to its address until it settles.
    socket_slot become_socket();

  private:
    friend class connection_table;
    explicit slot(entry* e) : entry_(e) {}
    std::unique_ptr<entry, releaser> entry_;
  };

  explicit connection_table(bounds b) : bounds_(b) {}
  connection_table(const connection_table&) = delete;
  connection_table& operator=(const connection_table&) = delete;

  /// Somebody connects. When the server is full, the connection that has been idle for longest, of the
  /// address that has the most, is asked to go. `limited`: by the limits of an address; a proxy is not.
  /// Empty: there is no room even to say no.
  slot enter(const std::string& key, bool limited, bool with_tls);

  /// Connections, without the reserve.
  std::size_t size() const;

private:
  bool make_room(connection_groups& among);
  void dismiss(entry& e);
  void remove(entry& e);

  const bounds bounds_;
  mutable std::mutex mutex_;
  connection_groups served_;
  connection_groups reserve_;
  connection_groups handshakes_;
  std::size_t settled_ = 0; ///< WebSockets that count to no address
};

} // namespace hongyan
