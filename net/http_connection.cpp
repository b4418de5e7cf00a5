#include "net/http_connection.hpp"

#include "net/audit.hpp"
#include "net/parameters.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/field.hpp>
#include <charconv>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

/// After an error answer the peer may still be sending: what it sends is read and thrown away for so long, or
/// the kernel would answer it with a reset, which can overtake our answer.
constexpr std::chrono::seconds linger_deadline{2};
constexpr std::size_t linger_bytes_max = 1 << 20;
/// Read at once: most requests fit, and it is what transport asks for.
constexpr std::size_t read_bytes = 16'384;
/// Read or written before others have their turn.
constexpr std::size_t bytes_a_turn = 65'536;
/// Of a body and an answer; larger ones are counted to who asks.
constexpr std::size_t small_bytes = 4'096;
/// Of an answer that is made while it is sent.
constexpr std::size_t piece_bytes = 65'536;

/// A browser that came by TLS once comes by TLS for a year.
constexpr const char* remember_tls = "max-age=31536000";

constexpr const char* held_enough = "the server holds as much as it may; try again in a moment";

/// All lines of X-Forwarded-For are one list (RFC 9110 section 5.3): each proxy may add to it by a line of
/// its own.
std::string forwarded_for(const http_request& request) {
  std::string joined;
  const auto [first, last] = request.equal_range("X-Forwarded-For");
  for (auto line = first; line != last; ++line) {
    if (!joined.empty()) joined += ',';
    joined += view(line->value());
  }
  return joined;
}

/// RFC 9112 section 7.1; of nothing the last one.
std::string chunk_of(std::string_view piece) {
  char size[18];
  const auto end = std::to_chars(size, size + sizeof size, piece.size(), 16).ptr;
  return std::string(size, end).append("\r\n").append(piece).append("\r\n");
}

constexpr const char* body_late =
    "the body stood still for 10 seconds, or did not arrive whole within 60 seconds";

} // namespace

/// The body of a request whose handler takes it as it comes.
class http_connection::incoming_body final : public body_stream {
public:
  incoming_body(http_connection& from, request_reader& reader) : from_(from), reader_(reader) {}

  std::optional<std::uint64_t> length() const override {
    const auto length = reader_.body_length();
    return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
  }
  asio::awaitable<result<std::string>> next() override { return from_.read_piece(reader_); }
  bool keep(std::size_t bytes) override { return from_.keep_asked(bytes); }

private:
  http_connection& from_;
  request_reader& reader_;
};

http_connection::http_connection(edge at, transport socket, connection_table::slot slot,
                                 http_connections& all)
    : at_(at)
    , socket_(std::move(socket))
    , peer_(socket_.peer().to_string())
    , address_(address_key(peer_))
    , slot_(std::move(slot))
    , deadline_(*this)
    , all_(all)
    , here_(all.insert(all.end(), this))
    , is_proxied_(is_proxy(peer_, at.server.config.trusted_proxies)) {
  at_.server.figures.http_connections.Increment();
}

http_connection::~http_connection() {
  at_.server.figures.http_connections.Decrement();
  all_.erase(here_);
}

void http_connection::deadline::fired(steady_time) {
  waiting.timed_out_ = true;
  waiting.socket_.cancel();
}

void http_connection::drain() {
  draining_ = true;
  if (idle_) socket_.cancel();
}

/// Somebody else gets its place.
void http_connection::leave() {
  leaving_ = true;
  socket_.cancel();
}

asio::awaitable<void> http_connection::serve(std::shared_ptr<http_connection> self) {
  try {
    self->slot_.on_leave([weak = self->weak_from_this(), &home = self->at_.home] {
      asio::post(home.io(), [weak] {
        if (const auto told = weak.lock()) told->leave();
      });
    });
    while (co_await self->next_request()) {
    }
  } catch (const std::exception& e) {
    spdlog::error("event=uncaught_exception where=http_connection what=\"{}\"", e.what());
  }
}

/// Reads one request and answers it. False: the connection is over, or is a WebSocket now.
asio::awaitable<bool> http_connection::next_request() {
  request_reader reader(at_.server.config.limits);
  const bool pipelined = buffer_.size() > 0;
  rest();
  if (!pipelined) {
    const bool alive = co_await wait_for_request();
    if (!alive && !(timed_out_ && is_refused())) co_return false;
    if (!alive) {
      auto r = refusal();
      const bool goes_on = co_await answer(std::move(r), reader);
      co_return goes_on;
    }
  }
  idle_ = first_ = body_comes_ = false;
  auto r = co_await serve_request(reader);
  if (r.status == 101 || r.status == 0) co_return false;
  const bool goes_on = co_await answer(std::move(r), reader);
  co_return goes_on;
}

/// Between requests nothing is kept, and the connection may be asked to go.
void http_connection::rest() {
  idle_ = true;
  is_known_ = false;
  asked_.end();
  if (buffer_.size() == 0) {
    buffer_.shrink_to_fit();
    if (kept_) kept_.resize(0);
  }
  if (is_proxied_) slot_.count_to(address_, false);
  if (!first_) slot_.rest();
}

asio::awaitable<bool> http_connection::wait_for_request() {
  const auto patience = is_refused() ? reserve_deadline : first_ ? transfer_deadline : keep_alive_deadline;
  const bool alive = co_await read_some(at_.home.now() + patience);
  co_return alive;
}

/// The answer to a request, which may be an error. Status 0: there is nobody to answer.
asio::awaitable<reply> http_connection::serve_request(request_reader& reader) {
  const auto failed = [](const error& e) {
    if (e.code == errc::internal) return reply{.status = 0}; // the peer went away
    auto r = problem(e);
    r.close = true;
    return r;
  };
  auto failure = co_await read_header(reader);
  if (failure) co_return failed(*failure);

  const auto& request = reader.request();
  question asked;
  asked.client = client_address(peer_, forwarded_for(request), at_.server.config.trusted_proxies);
  asked.address = is_proxied_ ? address_key(asked.client) : address_;
  co_await at_.home.next_turn(asked.address, !std::exchange(waited_, false));

  std::optional<reply> refused;
  if (is_refused() && !is_for_probers(request)) {
    refused = refusal();
  } else {
    refused = refuse_by_header(request, asked);
  }
  if (is_known_ && !slot_.work()) co_return reply{.status = 0};
  const auto policy = asked.row != nullptr ? asked.row->body : body_policy::none;
  if (!refused && policy != body_policy::stream && !reader.is_done()) {
    const bool is_stranger = asked.by.is == auth::caller::kind::nobody;
    const auto most = is_stranger ? stranger_body_bytes : at_.server.config.limits.body_bytes;
    if (const auto too_large = reader.limit_body(most)) refused = problem(*too_large);
  }
  payer_ = asked.by.is == auth::caller::kind::user ? memory_budget::payer::user
           : is_known_                             ? memory_budget::payer::others
                                                   : memory_budget::payer::address;
  payer_key_ = is_known_ ? asked.by.token.user.text() : asked.address;
  if (refused && !reader.is_done()) {
    // A small body that follows anyway is let go by, so that the connection can be used again; another is not
    // waited for.
    const bool passes = !refused->close && !reader.wants_continue() &&
                        reader.body_length().value_or(stranger_body_bytes + 1) <= stranger_body_bytes;
    if (passes) failure = co_await read_body(reader, false);
    refused->close |= !passes || failure;
  } else if (!reader.is_done() && policy != body_policy::stream) {
    failure = co_await read_body(reader, policy == body_policy::whole);
    if (failure) co_return failed(*failure);
  }
  if (refused) co_return std::move(*refused);
  if (!is_known_ && !slot_.work()) co_return reply{.status = 0};
  incoming_body body(*this, reader);
  auto r = co_await handle_request(request, asked, policy == body_policy::stream ? &body : nullptr);
  // What a handler did not want to read is not waited for.
  r.close |= !reader.is_done();
  co_return r;
}

/// Writes an answer. False: the connection is over.
asio::awaitable<bool> http_connection::answer(reply r, const request_reader& reader) {
  const auto& request = reader.request();
  const bool has_header = reader.has_header();
  if (has_header) {
    r.close |= draining_ || !request.keep_alive();
    add_cors(request, r);
  }
  if (socket_.is_tls()) r.headers.emplace_back("Strict-Transport-Security", remember_tls);
  at_.server.figures.count_http(r.status);
  if (r.source && !r.source->length() && has_header && request.version() < 11)
    r.close = true; // its end says it
  const wire_options how{.http_1_0 = has_header && request.version() < 11,
                         .head = has_header && request.method() == http::verb::head};
  auto wire = to_wire(r, how);
  r.body = {};
  const auto kept = wire.size() + (r.source ? piece_bytes : 0);
  if (kept > small_bytes && !keep_asked(request.body().capacity() + kept)) {
    auto busy = problem({errc::unavailable, held_enough});
    busy.close = r.close;
    r.source.reset();
    wire = to_wire(busy, how);
  }
  bool written = co_await write(std::move(wire));
  if (written && r.source && !how.head)
    written = co_await write_from(*r.source, !r.source->length() && !how.http_1_0);
  if (!written) co_return false;
  if (!r.close) co_return true;
  co_await linger();
  co_return false;
}

/// A body that is made while it is sent. False: it could not be sent whole, or is of another length than was
/// said, and what comes next on this connection would be taken for a part of it.
asio::awaitable<bool> http_connection::write_from(body_source& source, bool in_chunks) {
  auto left = source.length();
  const bool is_bulk = left.value_or(read_bytes + 1) > read_bytes;
  for (;;) {
    auto piece = co_await source.next();
    if (!piece || (left && piece->size() > *left)) co_return false;
    const bool is_end = piece->empty();
    if (is_end && !in_chunks) co_return left.value_or(0) == 0;
    if (is_bulk) co_await at_.home.bulk_turn();
    if (left) *left -= piece->size();
    if (in_chunks) *piece = chunk_of(*piece);
    const bool written = co_await write(std::move(*piece));
    if (!written || is_end) co_return written;
  }
}

/// Why there is no more to read. errc::internal stands for a peer that went away.
std::optional<error> http_connection::why_not(const char* late) const {
  if (starved_) return error{errc::unavailable, held_enough};
  if (timed_out_) return error{errc::timeout, late};
  return error{};
}

asio::awaitable<std::optional<error>> http_connection::read_header(request_reader& reader) {
  using status = request_reader::status;
  const auto until = at_.home.now() + transfer_deadline;
  for (;;) {
    const auto now = reader.take(buffer_);
    if (now == status::failed) co_return reader.failure();
    if (now != status::need_more) co_return std::nullopt;
    const bool alive = co_await read_some(until);
    if (!alive) co_return why_not("the request's header did not arrive within 10 seconds");
  }
}

/// Lets a client go on that waits for it. False: it went away.
asio::awaitable<bool> http_connection::let_body_come(const request_reader& reader) {
  if (!reader.wants_continue()) co_return true;
  std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  const bool written = co_await write(std::move(go_on));
  co_return written;
}

/// Reads a whole body, and keeps it or throws it away as it comes.
asio::awaitable<std::optional<error>> http_connection::read_body(request_reader& reader, bool kept) {
  using status = request_reader::status;
  const error full{errc::unavailable, held_enough};
  if (kept && reader.body_length().value_or(0) > small_bytes && !keep_asked(*reader.body_length()))
    co_return full;
  const bool comes = co_await let_body_come(reader);
  if (!comes) co_return error{};
  const auto last = at_.home.now() + arrival_deadline;
  for (;;) {
    const auto now = reader.take(buffer_);
    if (!kept) reader.take_piece();
    if (now == status::failed) co_return reader.failure();
    if (now == status::done) co_return std::nullopt;
    if (kept && !reader.body_length() && !keep_asked(reader.request().body().capacity())) co_return full;
    const bool alive = co_await read_some(std::min(at_.home.now() + transfer_deadline, last));
    if (!alive) co_return why_not(body_late);
  }
}

/// The next piece of a body that its handler takes as it comes; empty: that was all.
asio::awaitable<result<std::string>> http_connection::read_piece(request_reader& reader) {
  using status = request_reader::status;
  if (!std::exchange(body_comes_, true)) {
    const bool comes = co_await let_body_come(reader);
    if (!comes) co_return error{};
  }
  while (!reader.is_done()) {
    const auto now = reader.take(buffer_);
    if (now == status::failed) co_return reader.failure();
    if (!reader.request().body().empty()) break;
    if (now == status::done) break;
    const bool alive = co_await read_some(at_.home.now() + transfer_deadline);
    if (!alive) co_return *why_not("the body stood still for 10 seconds");
  }
  co_return reader.take_piece();
}

/// An account's charge; who is over its share loses this connection.
memory_budget::charge http_connection::charge(memory_budget::payer kind, const std::string& who) {
  // Behind a proxy, and without tokens, an address says nothing.
  if (kind == memory_budget::payer::address && !at_.server.config.asks_for_tokens)
    kind = memory_budget::payer::others;
  return at_.server.admitted.memory.open(kind, who, [weak = weak_from_this(), &home = at_.home] {
    asio::post(home.io(), [weak] {
      if (const auto told = weak.lock()) told->leave();
    });
  });
}

/// Counts a body and an answer to who asks. False: no more may be.
bool http_connection::keep_asked(std::size_t bytes) {
  if (!asked_) asked_ = charge(payer_, payer_key_);
  return asked_.resize(bytes);
}

/// Counts what was read. False: no more may be.
bool http_connection::keep(std::size_t bytes) {
  if (!kept_)
    kept_ = charge(is_proxied_ ? memory_budget::payer::others : memory_budget::payer::address, address_);
  starved_ = !kept_.resize(bytes);
  return !starved_;
}

/// Reads what there is into the buffer, waiting for it until then. False: timed out, cancelled or closed, or
/// more may not be kept.
asio::awaitable<bool> http_connection::read_some(steady_time until) {
  timed_out_ = false;
  boost::system::error_code ec;
  if (body_comes_) {
    co_await at_.home
        .bulk_turn(); // what is not there yet is read as it comes: to wait twice was measured worse
  } else if (in_turn_ >= bytes_a_turn) {
    in_turn_ = 0;
    co_await at_.home.yield();
  }
  for (;;) {
    if (leaving_ || (draining_ && idle_)) co_return false;
    const bool handshake = socket_.shakes_hands();
    if (handshake) co_await at_.home.next_turn(address_, false);
    // By way of the shard's own buffer: while it waits for a request a connection has none.
    auto& scratch = at_.home.scratch();
    const auto count = socket_.read_some(asio::buffer(scratch.data(), read_bytes), ec);
    if (handshake && !socket_.shakes_hands()) slot_.handshake_done();
    if (count > 0) {
      if (!keep(buffer_.size() + count + small_bytes)) co_return false;
      buffer_.commit(asio::buffer_copy(buffer_.prepare(count), asio::buffer(scratch.data(), count)));
      in_turn_ += count;
      co_return true;
    }
    if (ec != asio::error::would_block) co_return !ec;
    deadline_.set(at_.home.timers(), until);
    co_await socket_.wait_readable(asio::redirect_error(asio::use_awaitable, ec));
    deadline_.clear();
    if (ec) co_return false;
    in_turn_ = 0;
    waited_ = true;
  }
}

asio::awaitable<bool> http_connection::write(std::string bytes) {
  std::size_t sent = 0, in_turn = 0;
  const auto until = at_.home.now() + answer_deadline;
  for (;;) {
    if (leaving_) co_return false;
    boost::system::error_code ec;
    const auto count = socket_.write_some(
        asio::buffer(bytes.data() + sent, std::min(bytes.size() - sent, bytes_a_turn)), ec);
    sent += count;
    in_turn += count;
    if (sent == bytes.size()) co_return true;
    if (ec && ec != asio::error::would_block) co_return false;
    if (!ec) {
      if (in_turn < bytes_a_turn) continue;
      in_turn = 0;
      co_await at_.home.yield();
      continue;
    }
    // A stranger that does not read keeps nobody out.
    if (!is_known_) slot_.rest();
    deadline_.set(at_.home.timers(), std::min(at_.home.now() + transfer_deadline, until));
    co_await socket_.wait_writable(asio::redirect_error(asio::use_awaitable, ec));
    deadline_.clear();
    if (ec) co_return false;
    in_turn = 0;
  }
}

asio::awaitable<void> http_connection::linger() {
  slot_.rest();
  socket_.finish();
  const auto until = at_.home.now() + linger_deadline;
  std::size_t thrown_away = 0;
  for (bool alive = true; alive && thrown_away < linger_bytes_max;) {
    thrown_away += buffer_.size();
    buffer_.clear();
    alive = co_await read_some(until);
  }
}

asio::awaitable<reply> http_connection::handle_request(const http_request& request, const question& asked,
                                                       body_stream* body) {
  const auto* row = asked.row;
  routed_request routed{request, asked.to, asked.client, asked.segments, asked.by, body};
  if (row->is_socket()) co_return open_socket(row->token == token_source::subprotocol, routed);

  auto& spans = at_.server.figures.spans;
  if (spans.is_on()) {
    const auto parent = parent_of(request);
    if (parent || row->changes_state) routed.traced = spans.begin(parent);
  }
  reply r;
  try {
    auto unnoted = co_await note_request(at_, *row, routed);
    if (unnoted) co_return *std::move(unnoted);
    r = co_await row->handle(at_, routed);
  } catch (const std::exception& e) {
    spdlog::error("event=uncaught_exception where=handler path={} what=\"{}\"", row->path.text, e.what());
    r = problem({errc::internal, "a fault of the server; its log says more"});
  }
  if (routed.traced) {
    const std::string method(request.method_string()), path(row->path.text);
    spans.end(*routed.traced, method + ' ' + path, trace_span::kind::server,
              {{"http.request.method", method},
               {"http.route", path},
               {"http.response.status_code", std::int64_t{r.status}}},
              r.status >= 500);
  }
  co_return r;
}

} // namespace hongyan
