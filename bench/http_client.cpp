#include "bench/http_client.hpp"

#include "core/bounds/limits.hpp"

#include <algorithm>
#include <charconv>

namespace hongyan::bench {

namespace {

/// The server answers each push within its own deadline.
constexpr std::chrono::seconds answer_deadline = push_deadline + std::chrono::seconds(5);
/// Before connecting again after a failure.
constexpr std::chrono::milliseconds failure_pause{100};
constexpr std::size_t answer_bytes_max = std::size_t{1} << 20;

/// What matters of a whole answer.
struct http_answer {
  unsigned status = 0;
  bool close = false;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// The value of a field in a header, or empty. `name` in lower case.
std::string_view field(std::string_view header, std::string_view name) {
  for (auto at = header.find("\r\n"); at != std::string_view::npos; at = header.find("\r\n", at + 2)) {
    const auto line = header.substr(at + 2, header.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!std::ranges::equal(line.substr(0, name.size()), name, {}, lower)) continue;
    const auto value = line.find_first_not_of(" \t", name.size() + 1);
    return value == std::string_view::npos ? std::string_view{} : line.substr(value);
  }
  return {};
}

enum class parse_state : std::uint8_t { need_more, whole, malformed };

parse_state parse_answer(std::string_view bytes, http_answer& answer) {
  constexpr std::string_view version = "HTTP/1.1 ";
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return bytes.size() > answer_bytes_max ? parse_state::malformed : parse_state::need_more;
  const auto header = bytes.substr(0, end);
  if (!header.starts_with(version)) return parse_state::malformed;
  const auto number = header.substr(version.size(), 3);
  if (std::from_chars(number.data(), number.data() + number.size(), answer.status).ec != std::errc())
    return parse_state::malformed;
  const auto length_text = field(header, "content-length");
  std::size_t length = 0;
  if (std::from_chars(length_text.data(), length_text.data() + length_text.size(), length).ec !=
          std::errc() ||
      length > answer_bytes_max)
    return parse_state::malformed;
  if (bytes.size() < end + 4 + length) return parse_state::need_more;
  if (bytes.size() > end + 4 + length)
    return parse_state::malformed; // nothing was asked that could be answered
  answer.close = std::ranges::equal(field(header, "connection"), std::string_view("close"), {}, lower);
  return parse_state::whole;
}

} // namespace

http_client::http_client(caf::actor_config& config, io_shard& home, const server_address& server,
                         std::uint32_t index, source& from)
    : pinned(config)
    , home_(home)
    , server_(server)
    , from_(from)
    , deadline_(*this)
    , index_(index) {}

caf::behavior http_client::make_behavior() {
  self_ = caf::strong_actor_ptr(ctrl());
  set_default_handler(caf::drop);
  return {[this](caf::publish_atom) {
    if (phase_ == phase::idle) take_next();
  }};
}

void http_client::on_exit() {
  phase_ = phase::over;
  deadline_.clear();
  socket_.reset();
  from_.ended(*this);
  self_.reset();
}

void http_client::take_next() {
  phase_ = phase::idle;
  if (!socket_) return connect();
  body_.clear();
  if (from_.next(*this, body_)) request();
}

void http_client::connect() {
  phase_ = phase::connecting;
  ++connection_;
  socket_.emplace(home_.io());
  deadline_.set(home_.timers(), home_.now() + answer_deadline);
  socket_->async_connect(server_.endpoint, [this, keep = self_](const boost::system::error_code& failed) {
    if (phase_ != phase::connecting) return;
    if (failed) return broke("cannot connect: " + failed.message());
    boost::system::error_code ec;
    socket_->non_blocking(true, ec);
    socket_->set_option(asio::ip::tcp::no_delay(true), ec);
    deadline_.clear();
    await_readable(); // also while idle: a server may close an idle connection
    take_next();
  });
}

void http_client::request() {
  phase_ = phase::in_flight;
  request_ = "POST /push HTTP/1.1\r\nHost: ";
  request_ += server_.host;
  request_ += "\r\nContent-Type: application/json\r\nContent-Length: ";
  request_ += std::to_string(body_.size());
  request_ += "\r\n\r\n";
  request_ += body_;
  request_sent_ = 0;
  deadline_.set(home_.timers(), home_.now() + answer_deadline);
  flush();
}

void http_client::flush() {
  boost::system::error_code ec;
  while (!ec && request_sent_ < request_.size())
    request_sent_ += socket_->write_some(
        asio::buffer(request_.data() + request_sent_, request_.size() - request_sent_), ec);
  if (!ec) return;
  if (ec != asio::error::would_block) return broke("cannot write: " + ec.message());
  socket_->async_wait(asio::ip::tcp::socket::wait_write,
                      [this, keep = self_, mine = connection_](const boost::system::error_code& failed) {
                        if (!failed && mine == connection_ && phase_ == phase::in_flight) flush();
                      });
}

void http_client::await_readable() {
  socket_->async_wait(asio::ip::tcp::socket::wait_read,
                      [this, keep = self_, mine = connection_](const boost::system::error_code& ec) {
                        if (ec || mine != connection_ || !socket_) return;
                        read();
                      });
}

void http_client::read() {
  auto& scratch = home_.scratch();
  boost::system::error_code ec;
  const auto count = socket_->read_some(asio::buffer(scratch), ec);
  if (ec == asio::error::would_block) return await_readable();
  if (ec) return phase_ == phase::in_flight ? broke("the connection broke: " + ec.message()) : disconnect();
  bytes_received_ += count;
  await_readable();
  take_answer({scratch.data(), count});
}

void http_client::take_answer(std::string_view bytes) {
  if (phase_ != phase::in_flight) return broke("an answer to no request");
  if (!answer_.empty()) bytes = answer_ += bytes;
  http_answer answer;
  const auto state = parse_answer(bytes, answer);
  if (state == parse_state::malformed) return broke("an answer that cannot be read");
  if (state == parse_state::need_more) {
    if (answer_.empty()) answer_ = bytes;
    return;
  }
  answer_.clear();
  deadline_.clear();
  phase_ = phase::idle;
  from_.answered(*this, answer.status);
  if (answer.close) disconnect();
  take_next();
}

void http_client::disconnect() {
  socket_.reset();
  ++connection_;
  answer_.clear();
}

void http_client::broke(const std::string& why) {
  const bool in_flight = phase_ == phase::in_flight;
  phase_ = phase::pausing;
  disconnect();
  deadline_.set(home_.timers(), home_.now() + failure_pause);
  from_.failed(*this, why, in_flight);
}

void http_client::deadline_passed() {
  if (phase_ == phase::pausing) return take_next();
  broke("no answer in time");
}

} // namespace hongyan::bench
