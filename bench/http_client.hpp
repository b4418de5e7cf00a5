/// A business back end as an actor: one kept-alive HTTP/1.1 connection that pushes one message after the
/// other. A minimal client of our own, because what it costs is taken from the server beside it.
#pragma once

#include "actors/shard.hpp"
#include "bench/options.hpp"
#include "net/io_shard.hpp"

#include <optional>
#include <string>

namespace hongyan::bench {

/// Pinned; spawn with spawn_on(). Understands caf::publish_atom: ask the source for a request. After an
/// answer it asks by itself, until there is none; then it is idle.
class http_client final : public pinned<caf::event_based_actor> {
public:
  /// Where requests come from and answers go; on the shard's thread. Outlives the client.
  class source {
  public:
    /// Puts the next POST's body into `body` (which is empty). False: there is none, the client is idle now.
    virtual bool next(http_client& client, std::string& body) = 0;
    virtual void answered(http_client& client, unsigned status) = 0;
    /// No connection, or one that broke. `in_flight`: while a request had no answer.
    virtual void failed(http_client& client, const std::string& why, bool in_flight) = 0;
    virtual void ended(http_client& client) = 0;

  protected:
    ~source() = default;
  };

  /// The source's number `index`; posts to /push.
  http_client(caf::actor_config& config, io_shard& home, const server_address& server, std::uint32_t index,
              source& from);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "http_client"; }

  std::uint32_t index() const { return index_; }
  std::uint64_t bytes_received() const { return bytes_received_; }

private:
  enum class phase : std::uint8_t { idle, connecting, in_flight, pausing, over };

  struct deadline final : timer_wheel::timer {
    explicit deadline(http_client& c) : waiting(c) {}
    void fired(steady_time) override { waiting.deadline_passed(); }
    http_client& waiting;
  };

  void take_next();
  void connect();
  void request();
  void flush();
  void await_readable();
  void read();
  void take_answer(std::string_view bytes);
  void broke(const std::string& why);
  void deadline_passed();
  void disconnect();

  io_shard& home_;
  const server_address& server_;
  source& from_;
  caf::strong_actor_ptr self_;                  ///< a socket's handlers call it: it lives until on_exit()
  std::optional<asio::ip::tcp::socket> socket_; ///< freed in on_exit(): the actor may outlive the shard
  deadline deadline_;
  std::string body_;
  std::string request_;
  std::size_t request_sent_ = 0;
  std::string answer_; ///< the part of an answer that has come, when it did not come whole
  std::uint64_t bytes_received_ = 0;
  std::uint64_t connection_ = 0; ///< handlers of an earlier connection know that they are late
  std::uint32_t index_;
  phase phase_ = phase::idle;
};

} // namespace hongyan::bench
