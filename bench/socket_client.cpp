#include "bench/socket_client.hpp"

#include "bench/faults.hpp"
#include "bench/v1_text.hpp"
#include "core/bounds/limits.hpp"
#include "net/websocket.hpp"

namespace hongyan::bench {

namespace {

/// Windows are far smaller; only a broken server sends more.
constexpr std::size_t message_bytes_max = std::size_t{64} << 20;
constexpr std::size_t answer_bytes_max = std::size_t{16} << 10;
/// For connecting and upgrading together: a server that is stormed may let one wait.
constexpr std::chrono::seconds open_deadline{30};
constexpr std::string_view subprotocol_field = "\r\nSec-WebSocket-Protocol: hongyan.v1";
/// Masking hides nothing from a server under test.
constexpr std::array<std::uint8_t, 4> mask{0x68, 0x79, 0x62, 0x21};

/// 16 bytes in Base64 that differ from user to user: 22 characters and padding, the last of them 'A', 'Q',
/// 'g' or 'w'.
std::string key_of(std::uint64_t user) {
  auto digits = std::to_string(user);
  return std::string(21 - digits.size(), 'k') + digits + "A==";
}

} // namespace

std::string upgrade_request(const server_address& server, protocol speaks, std::uint64_t user,
                            const std::string& token, const std::string& key) {
  const auto path = !token.empty()  ? "/v1/connect"
                    : is_v1(speaks) ? "/v1/connect?userId=" + std::to_string(user) +
                                          (speaks == protocol::v1_many ? "&many=true" : "")
                                    : "/imserver/" + std::to_string(user);
  return "GET " + path + " HTTP/1.1\r\nHost: " + server.host +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
         key + (token.empty() ? "" : "\r\nAuthorization: Bearer " + token) +
         (is_v1(speaks) ? std::string(subprotocol_field) : "") + "\r\n\r\n";
}

socket_client::socket_client(caf::actor_config& config, io_shard& home, const server_address& server,
                             protocol speaks, std::uint64_t user, std::uint32_t index,
                             std::optional<asio::ip::address> source, watcher& told, std::string token)
    : pinned(config)
    , home_(home)
    , server_(server)
    , told_(told)
    , source_(std::move(source))
    , alarm_(*this)
    , decoder_(ws::peer::server, message_bytes_max)
    , token_(std::move(token))
    , key_(key_of(user))
    , user_(user)
    , index_(index)
    , speaks_(speaks) {}

caf::behavior socket_client::make_behavior() {
  self_ = caf::strong_actor_ptr(ctrl());
  set_default_handler(caf::drop);
  connect();
  return {[this](caf::close_atom) { close(); }};
}

void socket_client::on_exit() {
  alarm_.clear();
  socket_.reset();
  if (std::exchange(phase_, phase::over) != phase::over) told_.ended(*this);
  self_.reset();
}

void socket_client::connect() {
  begun_ = home_.now();
  alarm_.set(home_.timers(), begun_ + open_deadline);
  socket_.emplace(home_.io());
  boost::system::error_code ec;
  socket_->open(server_.endpoint.protocol(), ec);
  if (!ec && source_) socket_->bind({*source_, 0}, ec);
  if (ec) return over("cannot open a socket: " + ec.message());
  socket_->async_connect(server_.endpoint, [this, keep = self_](const boost::system::error_code& failed) {
    if (phase_ != phase::connecting) return;
    if (failed) return over("cannot connect: " + failed.message());
    upgrade();
  });
}

void socket_client::upgrade() {
  boost::system::error_code ec;
  socket_->non_blocking(true, ec);
  socket_->set_option(asio::ip::tcp::no_delay(true), ec);
  phase_ = phase::upgrading;
  await_readable();
  write(upgrade_request(server_, speaks_, user_, token_, key_));
}

void socket_client::send(std::string_view text) { write(ws::masked_frame(ws::opcode::text, text, mask)); }

void socket_client::write(std::string_view bytes) {
  if (!out_.empty()) {
    out_ += bytes;
    return;
  }
  boost::system::error_code ec;
  const auto sent = socket_->write_some(asio::buffer(bytes), ec);
  if (ec && ec != asio::error::would_block) return over("cannot write: " + ec.message());
  if (sent == bytes.size()) return;
  out_ = bytes.substr(sent);
  await_writable();
}

void socket_client::await_writable() {
  socket_->async_wait(asio::ip::tcp::socket::wait_write,
                      [this, keep = self_](const boost::system::error_code& ec) {
                        if (ec || phase_ == phase::over) return;
                        const auto waiting = std::exchange(out_, {});
                        write(waiting);
                      });
}

void socket_client::await_readable() {
  socket_->async_wait(asio::ip::tcp::socket::wait_read,
                      [this, keep = self_](const boost::system::error_code& ec) {
                        if (ec || phase_ == phase::over) return;
                        read();
                      });
}

void socket_client::read() {
  auto& scratch = home_.scratch();
  boost::system::error_code ec;
  const auto count = socket_->read_some(asio::buffer(scratch), ec);
  if (ec && ec != asio::error::would_block)
    return over(phase_ == phase::closing ? "" : "the connection broke: " + ec.message());
  bytes_received_ += count;
  const std::string_view bytes(scratch.data(), count);
  if (phase_ == phase::upgrading) {
    take_answer(bytes);
  } else {
    decode(bytes);
  }
  if (phase_ != phase::over) await_readable();
}

void socket_client::take_answer(std::string_view bytes) {
  answer_ += bytes;
  const auto end = answer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (answer_.size() > answer_bytes_max) over("an endless answer to the upgrade");
    return;
  }
  const auto line = answer_.substr(0, answer_.find("\r\n"));
  if (!line.starts_with("HTTP/1.1 101")) return over("the upgrade was answered: " + line);
  if (answer_.find(accept_key(key_)) > end)
    return over("the upgrade was answered with a wrong Sec-WebSocket-Accept");
  if (is_v1(speaks_) && answer_.find(subprotocol_field) > end)
    return over("the upgrade was answered without the subprotocol");
  const auto leftover = answer_.substr(end + 4);
  std::string().swap(answer_);
  std::string().swap(key_);
  if (is_v1(speaks_)) {
    phase_ = phase::greeting;
  } else {
    opened();
  }
  decode(leftover);
}

void socket_client::take_greeting(const std::string& text) {
  const auto greeting = read_text(text);
  auto facts = greeting.kind == v1_kind::session ? read_session(greeting.body) : std::nullopt;
  if (!facts) return over("the first text is no session: " + beginning_of(text));
  epoch_ = std::move(facts->epoch);
  heartbeat_ = std::chrono::seconds(facts->heartbeat_seconds);
  opened();
}

void socket_client::opened() {
  phase_ = phase::open;
  if (is_v1(speaks_)) {
    alarm_.set(home_.timers(), home_.now() + heartbeat_);
  } else {
    alarm_.clear();
  }
  told_.opened(*this);
}

void socket_client::alarm_fired() {
  if (phase_ != phase::open) return over("no answer in time");
  alarm_.set(home_.timers(), home_.now() + heartbeat_);
  send(ping_request());
}

void socket_client::decode(std::string_view bytes) {
  using status = ws::decoder::status;
  while (phase_ == phase::greeting || phase_ == phase::open || phase_ == phase::closing) {
    switch (decoder_.next(bytes)) {
    case status::need_more: return;
    case status::text:
      if (phase_ == phase::greeting) {
        take_greeting(decoder_.payload());
      } else {
        told_.received(*this, decoder_.payload());
      }
      break;
    case status::ping:
      if (phase_ != phase::closing) write(ws::masked_frame(ws::opcode::pong, decoder_.payload(), mask));
      break;
    case status::pong: break;
    case status::close: {
      if (phase_ == phase::closing) return over("");
      const auto& payload = decoder_.payload();
      const auto code = payload.size() < 2 ? 1005 // "no code", RFC 6455 section 7.1.5
                                           : static_cast<std::uint8_t>(payload[0]) << 8 |
                                                 static_cast<std::uint8_t>(payload[1]);
      return over("the server closed it with " + std::to_string(code));
    }
    case status::failed: return over("the server broke the WebSocket protocol");
    }
  }
}

void socket_client::close() {
  if (phase_ != phase::open) return;
  phase_ = phase::closing;
  alarm_.set(home_.timers(), home_.now() + close_deadline);
  constexpr std::string_view normal("\x03\xE8", 2); // 1000
  write(ws::masked_frame(ws::opcode::close, normal, mask));
}

void socket_client::over(const std::string& why) {
  if (phase_ == phase::over) return;
  phase_ = phase::over;
  alarm_.clear();
  boost::system::error_code ec;
  socket_->close(ec);
  if (why.empty()) {
    told_.ended(*this);
  } else {
    told_.failed(*this, why);
  }
  caf::anon_send_exit(this, caf::exit_reason::user_shutdown); // "normal" is no reason to end for CAF
}

} // namespace hongyan::bench
