#include "net/websocket.hpp"

#include "net/reply.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <openssl/evp.h>
#include <openssl/sha.h>

namespace hongyan {

namespace {

/// Later than any deadline.
constexpr std::chrono::hours never{1000};

/// Messages of one peer, and bytes to one, before others have their turn. A message may cost a look at a
/// signature (0.2 ms) at most.
constexpr std::size_t frames_a_turn = 8;
constexpr std::size_t frame_bytes_a_turn = 65'536;

/// What a string has allocated.
std::size_t bytes_of(const std::string& s) { return s.capacity() > 15 ? s.capacity() : 0; }

} // namespace

std::string accept_key(const std::string& key) {
  const auto text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // the protocol's own constant
  unsigned char hash[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  char encoded[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded), hash, SHA_DIGEST_LENGTH);
  return {encoded, static_cast<std::size_t>(length)};
}

websocket::websocket(io_shard& home, transport socket, upgrade request, const websocket_env& env)
    : home_(home)
    , env_(env)
    , socket_(std::move(socket))
    , decoder_(ws::peer::client, env.message_bytes_max)
    , request_(std::make_unique<upgrade>(std::move(request)))
    , slot_(std::move(request_->slot))
    , user_(std::move(request_->user)) {
  env_.figures.websocket_connections.Increment();
}

websocket::~websocket() { env_.figures.websocket_connections.Decrement(); }

void websocket::open(owner& o) {
  owner_ = &o;
  heard_ = pinged_ = home_.now();
  const auto request = std::move(request_);
  slot_.settle();
  arm();
  write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_key(request->key) +
        (request->subprotocol.empty() ? "" : "\r\nSec-WebSocket-Protocol: " + request->subprotocol) +
        "\r\n\r\n");
  if (owner_ != nullptr) owner_->handshake_done();
  if (owner_ != nullptr) take(request->leftover);
  if (owner_ != nullptr && unread_.empty()) read(); // not await_readable(): see transport::read_some()
}

void websocket::refuse(const error& e) {
  auto answer = problem(e);
  answer.close = true;
  boost::system::error_code ec;
  // A few hundred bytes into an empty socket buffer: they fit, and if not the peer gets no answer.
  socket_.write_some(asio::buffer(to_wire(answer, {})), ec);
  cut();
}

bool websocket::send(std::string frame) {
  if (owner_ == nullptr || is_closing_) return true;
  write(std::move(frame));
  session_waits_ = !out_.empty();
  return !session_waits_;
}

bool websocket::send(const shared_frames& frame) {
  if (owner_ == nullptr || is_closing_) return true;
  std::size_t sent = 0;
  if (out_.empty()) {
    boost::system::error_code ec;
    sent = socket_.write_some(asio::buffer(*frame), ec);
    if (sent == frame->size()) return true;
    if (ec && ec != asio::error::would_block) sent = 0; // the write below meets the error again, and ends
  }
  write(frame->substr(sent));
  session_waits_ = !out_.empty();
  return !session_waits_;
}

/// Behind what waits already. Bounded: the session sends one frame at a time, a pong waits until nothing else
/// does, and besides there are one ping and one close.
void websocket::write(std::string bytes) {
  if (out_.empty()) {
    out_ = std::move(bytes);
    out_sent_ = 0;
    progress_ = home_.now();
  } else {
    out_ += bytes;
  }
  if (waits_writable_) return recount();
  flush();
}

/// Gives the socket what it takes; the rest goes when it is writable again.
void websocket::flush() {
  boost::system::error_code ec;
  const auto turn_ends = out_sent_ + frame_bytes_a_turn;
  while (!ec && out_sent_ < out_.size() && out_sent_ < turn_ends) {
    const auto sent = socket_.write_some(asio::buffer(out_.data() + out_sent_, out_.size() - out_sent_), ec);
    if (sent > 0) progress_ = home_.now();
    out_sent_ += sent;
  }
  if (!ec && out_sent_ == out_.size()) {
    std::string().swap(out_);
    if (kept_) recount();
    if (ping_) return answer_ping(*std::exchange(ping_, {}));
    // Nothing of the peer's is decoded any more, also not its answer: let it read ours and close.
    if (is_closing_ && deaf_) socket_.finish();
    return;
  }
  if (ec && ec != asio::error::would_block) return end(close_code::lost);

  recount();
  if (owner_ == nullptr) return;
  waits_writable_ = true;
  arm();
  socket_.wait_writable([self = shared_from_this()](const boost::system::error_code& failed) {
    self->waits_writable_ = false;
    if (failed || self->owner_ == nullptr) return;
    self->flush();
    if (!self->out_.empty() || self->owner_ == nullptr) return;
    if (std::exchange(self->session_waits_, false)) self->owner_->writable();
  });
}

void websocket::await_readable() {
  socket_.wait_readable([self = shared_from_this()](const boost::system::error_code& ec) {
    if (ec || self->owner_ == nullptr) return;
    self->read();
  });
}

void websocket::read() {
  auto& scratch = home_.scratch();
  boost::system::error_code ec;
  const auto count = socket_.read_some(asio::buffer(scratch), ec);
  if (ec && ec != asio::error::would_block) {
    end(is_closing_ ? closing_ : close_code::lost);
    return;
  }
  if (count > 0) {
    heard_ = home_.now();
    take({scratch.data(), count});
  }
  if (owner_ != nullptr && unread_.empty()) await_readable();
}

/// Decodes what a turn allows. The rest is kept, and follows behind all that is ready.
void websocket::take(std::string_view bytes) {
  const auto rest = decode(bytes);
  if (!rest.empty()) {
    unread_ = rest;
    unread_at_ = 0;
    asio::post(home_.io(), [self = shared_from_this()] { self->go_on(); });
  }
  if (kept_ || !rest.empty() || decoder_.mid_message()) recount();
}

void websocket::go_on() {
  const auto rest =
      owner_ == nullptr ? std::string_view() : decode(std::string_view(unread_).substr(unread_at_));
  if (!rest.empty()) {
    unread_at_ = unread_.size() - rest.size();
    asio::post(home_.io(), [self = shared_from_this()] { self->go_on(); });
    return;
  }
  std::string().swap(unread_);
  recount();
  if (owner_ != nullptr) read();
}

/// After bytes of a message that is not whole.
void websocket::note_message(bool is_new) {
  if (is_new) message_begun_ = message_moved_ = home_.now();
  if (message_progress_ != decoder_.progress()) message_moved_ = home_.now();
  message_progress_ = decoder_.progress();
  arm();
}

/// Counts what is kept for this peer; it may end the socket.
void websocket::recount() {
  if (owner_ == nullptr) return;
  const auto bytes =
      bytes_of(out_) + bytes_of(unread_) + session_keeps_ + (decoder_.mid_message() ? decoder_.kept() : 0);
  if (bytes == 0) return kept_.end();
  if (!kept_) {
    kept_ = env_.memory.open(memory_budget::payer::user, user_, [weak = weak_from_this(), &home = home_] {
      asio::post(home.io(), [weak] {
        const auto self = weak.lock();
        if (self && self->owner_ != nullptr) self->end(close_code::too_slow);
      });
    });
  }
  if (!kept_.resize(bytes)) end(close_code::too_slow);
}

void websocket::keep(std::size_t bytes) {
  if (bytes == session_keeps_) return;
  session_keeps_ = bytes;
  recount();
}

/// Answers what it has not decoded.
std::string_view websocket::decode(std::string_view bytes) {
  using status = ws::decoder::status;
  const bool was_mid_message = decoder_.mid_message();
  bool finished_one = false;
  for (std::size_t handled = 0; owner_ != nullptr && !deaf_; ++handled) {
    if (handled == frames_a_turn && !bytes.empty()) return bytes;
    switch (decoder_.next(bytes)) {
    case status::need_more:
      if (decoder_.mid_message()) note_message(!was_mid_message || finished_one);
      return {};
    case status::text:
      finished_one = true;
      if (!is_closing_) owner_->text_received(decoder_.payload());
      break;
    case status::ping:
      finished_one |= !decoder_.mid_message();
      if (count_control_frame() && !is_closing_) answer_ping(decoder_.payload());
      break;
    case status::pong:
      finished_one |= !decoder_.mid_message();
      count_control_frame();
      break;
    case status::close:
      if (is_closing_) { // its half of the handshake that we began
        end(closing_);
      } else {
        // Echo what it said and be done; an empty close is echoed empty.
        write(ws::frame(ws::opcode::close, std::string_view(decoder_.payload()).substr(0, 2)));
        if (owner_ != nullptr) end(close_code::left);
      }
      return {};
    case status::failed:
      deaf_ = true;
      close(decoder_.failure());
      return {};
    }
  }
  return {};
}

/// False when the peer sends too many: it is closed.
bool websocket::count_control_frame() {
  if (heard_ - control_second_ >= std::chrono::seconds(1)) {
    control_second_ = heard_;
    control_frames_ = 0;
  }
  if (++control_frames_ <= control_frames_per_second_max) return true;
  deaf_ = true;
  close(close_code::flooding);
  return false;
}

void websocket::close(close_code code) {
  if (owner_ == nullptr || is_closing_) return;
  is_closing_ = true;
  closing_ = code;
  closing_since_ = home_.now();
  arm();
  write(ws::frame(ws::opcode::close, ws::close_payload(code, "")));
}

/// A peer that pings while it does not read is owed one pong, for its latest ping (RFC 6455 section 5.5.3).
void websocket::answer_ping(const std::string& payload) {
  if (out_.empty()) {
    write(ws::frame(ws::opcode::pong, payload));
  } else {
    ping_ = payload;
  }
}

void websocket::end(close_code why) {
  clear();
  auto* const told = std::exchange(owner_, nullptr);
  kept_.end();
  socket_.close();
  if (told != nullptr) told->gone(why);
}

void websocket::cut() {
  clear();
  owner_ = nullptr;
  kept_.end();
  socket_.close();
}

/// When a message that is not whole has taken too long.
steady_time websocket::message_due() const {
  return std::min(message_begun_ + arrival_deadline, message_moved_ + transfer_deadline);
}

/// Sets the timer to the nearest deadline.
void websocket::arm() {
  auto due = std::min(pinged_ + env_.ping_every.value_or(never), heard_ + env_.silence_max.value_or(never));
  if (decoder_.mid_message() && unread_.empty()) due = std::min(due, message_due());
  if (!out_.empty()) due = std::min(due, progress_ + env_.write_stall_max);
  if (is_closing_) due = std::min(due, closing_since_ + close_deadline);
  set(home_.timers(), due);
}

void websocket::fired(steady_time now) {
  if (owner_ == nullptr) return;
  if (is_closing_ && now >= closing_since_ + close_deadline) return end(closing_);
  if (!out_.empty() && now >= progress_ + env_.write_stall_max) return end(close_code::too_slow);
  if (!is_closing_) {
    if (env_.silence_max && now >= heard_ + *env_.silence_max) {
      close(close_code::idle);
    } else if (decoder_.mid_message() && unread_.empty() && now >= message_due()) {
      deaf_ = true;
      close(close_code::too_slow);
    } else if (env_.ping_every && now >= pinged_ + *env_.ping_every) {
      pinged_ = now;
      if (out_.empty()) write(ws::frame(ws::opcode::ping, ""));
    }
  } else {
    pinged_ = now; // no pings behind a close frame
  }
  if (owner_ != nullptr) arm();
}

} // namespace hongyan
