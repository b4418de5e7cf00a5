// Files that are sent over HTTP (contract, section 6).

#include "core/media/file_name.hpp"
#include "core/media/picture_size.hpp"
#include "core/tools/ascii.hpp"
#include "core/tools/random.hpp"
#include "core/wire/file_json.hpp"
#include "core/wire/multipart.hpp"
#include "net/file_service.hpp"
#include "net/v1_handlers.hpp"

#include <boost/beast/http/field.hpp>
#include <charconv>
#include <cmath>

namespace hongyan {

namespace {

namespace http = boost::beast::http;

/// Handed to a worker at once: a turn on its thread costs as much as copying some ten KiB.
constexpr std::size_t write_bytes = 128 * 1024;
/// What comes at once, at most.
constexpr std::size_t upload_piece_bytes = 64 * 1024;
/// What stands around a file in its body: boundaries, headers, a few short fields.
constexpr std::uint64_t envelope_bytes = 64 * 1024;
/// Of the text part `seconds`.
constexpr std::size_t seconds_chars_max = 32;
constexpr double seconds_max = 86'400;
/// What is left of a row's time when an upload must have ended: for the store, and the clocks of two nodes.
constexpr std::chrono::minutes time_to_finish{10};

error body_too_large(const file_settings& settings) {
  return {errc::too_large,
          "a file has at most " + std::to_string(settings.max) + " bytes (and its body a little more)",
          "file"};
}

/// `image/*` stands for all that begin so.
bool is_allowed(const std::vector<std::string>& types, std::string_view mime) {
  return types.empty() || std::ranges::any_of(types, [&](std::string_view type) {
           if (type.ends_with("/*"))
             return type == "*/*" || mime.starts_with(type.substr(0, type.size() - 1));
           return same_word(type, mime);
         });
}

/// What a worker has begun is ended, whatever ends the upload.
struct begun_file {
  file_worker_actor worker{};
  blob_writer_ptr writer{};

  begun_file() = default;
  begun_file(const begun_file&) = delete;
  begun_file& operator=(const begun_file&) = delete;
  ~begun_file() {
    if (writer) caf::anon_send(worker, drop_atom::value, std::move(writer));
  }
};

/// One upload, as its body comes.
class upload {
public:
  upload(edge& at, const routed_request& request, file_service& to, user_id user, bool is_limited)
      : at_(at)
      , body_(*request.body)
      , to_(to)
      , user_(std::move(user))
      , is_limited_(is_limited) {}

  /// Reads the body to its end, and stores the file. Errors: all that the contract says of an upload.
  asio::awaitable<result<stored_file>> run(std::string boundary);

private:
  /// Which part of the body is being read.
  enum class part : std::uint8_t { ignored, file, seconds };

  result<void> decode(multipart_decoder& decoder, std::string_view input);
  result<void> begin_part(const multipart_decoder::part_header& header);
  result<void> take_bytes(std::string_view bytes);
  result<void> decide_type();
  result<void> count_progress(std::size_t bytes);
  result<void> read_seconds();
  asio::awaitable<result<void>> flush();
  asio::awaitable<result<void>> begin();
  asio::awaitable<result<void>> finish();

  static result<void> failed(const std::optional<error>& why) {
    if (why) return *why;
    return {};
  }

  edge& at_;
  body_stream& body_;
  file_service& to_;
  user_id user_;
  bool is_limited_; ///< an API key is not
  part in_ = part::ignored;
  bool has_file_ = false;
  std::string seconds_;
  std::string first_; ///< of the file, until its type is known
  bool has_type_ = false;
  media::picture_header picture_;
  stored_file file_;
  std::string waiting_; ///< to be written
  begun_file begun_;
  steady_time begin_{};
  std::uint64_t body_bytes_ = 0;
  steady_time window_begin_{}; ///< of the 60 s that are counted; what the store takes is not
  std::size_t window_bytes_ = 0;
};

asio::awaitable<result<stored_file>> upload::run(std::string boundary) {
  multipart_decoder decoder(boundary);
  begin_ = window_begin_ = at_.home.now();
  for (;;) {
    auto piece = co_await body_.next();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    if (const auto moves = count_progress(piece->size()); !moves) co_return moves.error();
    if (const auto decoded = decode(decoder, *piece); !decoded) co_return decoded.error();
    if (waiting_.size() < write_bytes) continue;
    const auto before = at_.home.now();
    const auto flushed = co_await flush();
    if (!flushed) co_return flushed.error();
    window_begin_ += at_.home.now() - before;
  }
  if (!decoder.is_at_end()) co_return error{errc::malformed, "the body ends before its last boundary"};
  if (!has_file_) co_return error{errc::malformed, "there is no part named file", "file"};
  if (file_.size == 0) co_return error{errc::malformed, "the file is empty", "file"};
  if (const auto read = read_seconds(); !read) co_return read.error();
  if (const auto decided = decide_type(); !decided) co_return decided.error();
  file_.picture = picture_.size();
  const auto flushed = co_await flush();
  if (!flushed) co_return flushed.error();
  const auto finished = co_await finish();
  if (!finished) co_return finished.error();
  co_return std::move(file_);
}

/// Contract: at least 64 KiB in each 60 s. (That some of it comes every 10 s the connection sees to.) And no
/// more than a file with what stands around it, nor for so long that its row would be given up.
result<void> upload::count_progress(std::size_t bytes) {
  body_bytes_ += bytes;
  if (body_bytes_ > to_.settings.max + envelope_bytes) return body_too_large(to_.settings);
  window_bytes_ += bytes;
  const auto now = at_.home.now();
  if (now - begin_ > to_.settings.unsent - time_to_finish)
    return error{errc::timeout, "the upload was too slow: it went on for as long as a file may stay unsent"};
  if (now - window_begin_ < upload_progress_time) return {};
  if (window_bytes_ < upload_progress_bytes)
    return error{errc::timeout, "the upload was too slow: less than 64 KiB came within 60 seconds"};
  window_begin_ = now;
  window_bytes_ = 0;
  return {};
}

result<void> upload::decode(multipart_decoder& decoder, std::string_view input) {
  using status = multipart_decoder::status;
  for (;;) {
    switch (decoder.next(input)) {
    case status::need_more:
    case status::end: return {};
    case status::failed: return decoder.failure();
    case status::part:
      if (auto begun = begin_part(decoder.part()); !begun) return begun;
      break;
    case status::data:
      if (auto taken = take_bytes(decoder.data()); !taken) return taken;
      break;
    }
  }
}

result<void> upload::begin_part(const multipart_decoder::part_header& header) {
  in_ = header.name == "file" ? part::file : header.name == "seconds" ? part::seconds : part::ignored;
  if (in_ == part::file && std::exchange(has_file_, true))
    return error{errc::malformed, "one file is sent at a time: there are two parts named file", "file"};
  if (in_ != part::file && header.file_name)
    return error{errc::malformed, "the file goes into a part named file, and no other is sent", "file"};
  if (in_ == part::file) file_.name = media::clean_file_name(header.file_name.value_or(""));
  if (in_ == part::seconds) seconds_.clear();
  return {};
}

result<void> upload::take_bytes(std::string_view bytes) {
  if (in_ == part::ignored) return {};
  if (in_ == part::seconds) {
    seconds_ += bytes.substr(0, seconds_chars_max + 1 - std::min(seconds_.size(), seconds_chars_max + 1));
    return {};
  }
  file_.size += static_cast<std::int64_t>(bytes.size());
  if (static_cast<std::uint64_t>(file_.size) > to_.settings.max)
    return error{errc::too_large, "the file is over " + std::to_string(to_.settings.max) + " bytes", "file"};
  picture_.feed(bytes);
  if (waiting_.empty())
    waiting_.reserve(write_bytes + upload_piece_bytes); // when the last piece has been written
  waiting_ += bytes;
  if (has_type_) return {};
  first_ += bytes.substr(0, media::signature_bytes - first_.size());
  return first_.size() < media::signature_bytes ? result<void>() : decide_type();
}

/// By its first bytes; of a short file by all of it.
result<void> upload::decide_type() {
  if (std::exchange(has_type_, true)) return {};
  const auto type = media::type_of(first_);
  file_.kind = type.kind;
  file_.mime = type.mime;
  if (is_allowed(to_.settings.types, file_.mime)) return {};
  std::string accepted;
  for (const auto& one : to_.settings.types) accepted += (accepted.empty() ? "" : ", ") + one;
  return error{errc::unsupported_type, "the file is " + file_.mime + "; accepted: " + accepted, "file"};
}

result<void> upload::read_seconds() {
  if (seconds_.empty()) return {};
  double value = 0;
  const auto text = trimmed(seconds_);
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= seconds_max))
    return error{errc::malformed, "seconds must be a number from 0 to 86400", "seconds"};
  if (file_.kind == media::file_kind::voice || file_.kind == media::file_kind::video)
    file_.length = std::chrono::milliseconds(std::llround(value * 1000));
  return {};
}

/// Writes what waits.
asio::awaitable<result<void>> upload::flush() {
  if (waiting_.empty()) co_return result<void>();
  if (is_limited_)
    if (const auto may =
            admit_file_bytes(at_.server.admitted, at_.server.figures, user_, waiting_.size(), at_.home.now());
        !may)
      co_return may;
  if (!begun_.writer) {
    const auto begun = co_await begin();
    if (!begun) co_return begun;
  }
  at_.server.figures.file_bytes_in.Increment(static_cast<double>(waiting_.size()));
  blob_piece piece{begun_.writer, std::exchange(waiting_, {})};
  auto written = co_await ask_worker<blob_done>(at_, begun_.worker, write_atom::value, std::move(piece));
  if (!written) co_return written.error();
  co_return failed(written->failure);
}

/// First its row, then its first byte.
asio::awaitable<result<void>> upload::begin() {
  file_.id = random_name(file_id_digits);
  change row{.by = user_, .action = begin_file{file_.id, to_.settings.unsent}, .by_back_end = !is_limited_};
  const auto stored = co_await ask_to_store<change_answer>(at_, change_atom::value, std::move(row));
  if (!stored) co_return stored.error();
  begun_.worker = to_.worker();
  blob_name name{file_.id};
  auto begun = co_await ask_worker<blob_begun>(at_, begun_.worker, create_atom::value, std::move(name));
  if (!begun) co_return begun.error();
  begun_.writer = std::move(begun->writer);
  co_return failed(begun->failure);
}

asio::awaitable<result<void>> upload::finish() {
  const auto patience = store_deadline + files::sending_time(static_cast<std::uint64_t>(file_.size));
  blob_end end{begun_.writer};
  auto finished =
      co_await ask_worker<blob_done>(at_, begun_.worker, finish_atom::value, std::move(end), patience);
  if (!finished) co_return finished.error();
  if (finished->failure) co_return *finished->failure;
  change row{.by = user_, .action = finish_file{file_}, .by_back_end = !is_limited_};
  const auto stored = co_await ask_to_store<change_answer>(at_, change_atom::value, std::move(row));
  if (!stored) co_return stored.error();
  co_return result<void>();
}

/// From the checks on the header to the stored file.
asio::awaitable<result<stored_file>> receive(edge& at, const routed_request& request) {
  const auto refused = [](error why) { return result<stored_file>(std::move(why)); };
  const auto to = usable_files(at);
  if (!to) co_return refused(to.error());
  auto user = acting_user(request);
  if (!user) co_return refused(user.error());
  auto boundary = multipart_boundary(view(request.http[http::field::content_type]));
  if (!boundary) co_return refused(boundary.error());
  const auto& settings = (*to)->settings;
  if (request.body->length().value_or(0) > settings.max + envelope_bytes)
    co_return refused(body_too_large(settings));
  const bool is_limited = !request.by.is_back_end();
  std::optional<place_table::place> place;
  if (is_limited) {
    auto taken = admit_upload(at.server.admitted, at.server.figures, *user);
    if (!taken) co_return refused(taken.error());
    place.emplace(std::move(*taken));
  }
  if (!request.body->keep(upload_memory))
    co_return refused({errc::unavailable, "the server holds as much as it may; try again in a moment"});
  upload work(at, request, **to, std::move(*user), is_limited);
  auto done = co_await work.run(std::move(*boundary));
  co_return done;
}

} // namespace

asio::awaitable<reply> upload_file(edge& at, const routed_request& request) {
  auto done = co_await receive(at, request);
  const bool is_cut = !done && done.error().code == errc::internal; // the client went away
  const auto outcome = done ? "stored" : is_cut ? "cut" : row_of(done.error().code).name;
  at.server.figures.uploads.Add({{"outcome", std::string(outcome)}}).Increment();
  if (is_cut) co_return reply{.status = 0};
  if (!done) co_return problem(done.error());
  auto r = json_reply(upload_result(*done));
  r.status = 201;
  co_return r;
}

} // namespace hongyan
