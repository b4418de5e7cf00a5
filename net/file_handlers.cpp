// Files that are fetched over HTTP, also by a link (contract, section 6).

#include "auth/file_link.hpp"
#include "core/media/file_name.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/http_range.hpp"
#include "core/wire/json.hpp"
#include "net/file_service.hpp"
#include "net/parameters.hpp"
#include "net/v1_handlers.hpp"

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <spdlog/spdlog.h>

namespace hongyan {

namespace {

namespace http = boost::beast::http;

error no_such_file() { return {errc::not_found, "there is no such file that you may see"}; }

/// Whose eyes a link lends. Errors: not_found: it is not good.
result<std::optional<user_id>> eyes_of_link(const routed_request& request, std::string_view signature,
                                            const file_service& files) {
  const auth::file_link link{request.to.parameter("user").value_or(""),
                             request.to.parameter("expires").value_or(""), signature};
  const auto now = std::chrono::floor<std::chrono::seconds>(wall_now());
  if (!auth::is_good_link(*files.link_key.get(), request.segments[0], link, now)) return no_such_file();
  if (link.user.empty()) return std::optional<user_id>();
  auto user = user_id::parse(link.user);
  if (!user) return no_such_file();
  return std::optional(std::move(*user));
}

/// Whose eyes a file is asked for with; nobody: the business back end's, which sees all. Errors: malformed,
/// unauthorized, forbidden.
result<std::optional<user_id>> eyes_of(const routed_request& request) {
  const bool is_user = request.by.is == auth::caller::kind::user;
  if (!is_user && !request.to.parameter("userId")) {
    if (const auto may = auth::may_manage(request.by, auth::scope::admin); !may) return may.error();
    return std::optional<user_id>();
  }
  auto user = acting_user(request);
  if (!user) return user.error();
  return std::optional(std::move(*user));
}

/// The row of the file that the path names. Errors: those of eyes_of(), not_found, unavailable, rate_limited.
asio::awaitable<result<stored_file>> find_file(edge& at, const routed_request& request,
                                               std::optional<user_id> seen_by) {
  auto& server = at.server;
  const auto failed = [](error why) { return result<stored_file>(std::move(why)); };
  const std::string id(request.segments[0]);
  if (!is_file_id(id)) co_return failed(no_such_file());
  if (const auto refused = admit_read(server.admitted, server.figures)) co_return failed(*refused);
  file_row_question question{{std::move(seen_by), id}, at.home.now() + ask_deadline};
  auto answer = co_await ask<file_row_answer>(at.asks, at.sessions.history, ask_deadline, query_atom::value,
                                              std::move(question));
  if (!answer) co_return failed(answer.error());
  if (answer->failure) co_return failed(public_read_error(*answer->failure));
  if (!answer->file) co_return failed(no_such_file());
  co_return std::move(*answer->file);
}

/// What every answer about a file's bytes says of itself, a 304 too.
reply file_reply(unsigned status, const std::string& etag) {
  return {.status = status,
          .content_type = "",
          .headers = {{"ETag", etag},
                      {"Cache-Control", "private, max-age=600"},
                      {"Vary", "Authorization"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Content-Security-Policy", "sandbox; default-src 'none'"}}};
}

} // namespace

result<file_service*> usable_files(edge& at) {
  auto* files = at.server.files;
  if (files == nullptr) return error{errc::not_found, "this server keeps no files: files.store is off"};
  if (files->link_key.get()->empty())
    return error{errc::unavailable, "the file store cannot be used just now; try again in a moment"};
  return files;
}

asio::awaitable<reply> read_file(edge& at, const routed_request& request) {
  const auto files = usable_files(at);
  if (!files) co_return problem(files.error());
  const auto signature = request.to.parameter("signature");
  auto eyes = signature ? eyes_of_link(request, *signature, **files) : eyes_of(request);
  if (!eyes) co_return problem(eyes.error());
  const auto found = co_await find_file(at, request, std::move(*eyes));
  if (!found) co_return problem(found.error());

  const auto& fields = request.http;
  const auto etag = '"' + found->id + '"';
  const auto size = static_cast<std::uint64_t>(found->size);
  if (fields.count(http::field::if_none_match) > 0 &&
      none_match_names(view(fields[http::field::if_none_match]), etag))
    co_return file_reply(304, etag);

  const bool is_get = fields.method() == http::verb::get;
  std::optional<byte_range> part;
  if (is_get && if_range_holds(view(fields[http::field::if_range]), etag)) {
    const auto range = parse_range(view(fields[http::field::range]), size);
    if (!range) {
      auto r = problem(range.error());
      r.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
      co_return r;
    }
    part = *range;
  }

  auto worker = (*files)->worker();
  blob_reader_ptr bytes;
  if (is_get) {
    blob_name name{found->id};
    auto opened = co_await ask_worker<blob_opened>(at, worker, open_atom::value, std::move(name));
    if (!opened) co_return problem(opened.error());
    if (opened->failure) co_return problem(*opened->failure);
    if (!opened->reader || opened->reader->size() != size) {
      spdlog::error("event=file_missing file={} there={}", found->id, opened->reader != nullptr);
      co_return problem({errc::internal, "the file store is without this file, or with another one"});
    }
    bytes = std::move(opened->reader);
  }
  const byte_range range = part.value_or(byte_range{0, size - 1});
  auto r = file_reply(part ? 206 : 200, etag);
  r.content_type = found->mime;
  r.headers.emplace_back("Accept-Ranges", "bytes");
  r.headers.emplace_back("Content-Disposition",
                         media::content_disposition(media::is_inline(found->mime), found->name));
  if (part)
    r.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.first) + '-' +
                                                std::to_string(range.last) + '/' + std::to_string(size));
  r.source = std::make_unique<reader_body<file_worker_actor>>(at, std::move(worker), std::move(bytes), range);
  co_return r;
}

std::string link_to(file_service& files, const std::string& public_url, const stored_file& file,
                    const std::optional<user_id>& user, std::chrono::sys_seconds now,
                    std::chrono::seconds good_for) {
  const auto disposition = media::content_disposition(media::is_inline(file.mime), file.name);
  if (auto url = files.store.link(file.id, {file.mime, disposition, good_for})) return *std::move(url);
  return public_url + "/v1/files/" + file.id + '?' +
         auth::sign_file_link(*files.link_key.get(), file.id, user, now + good_for);
}

asio::awaitable<reply> read_file_link(edge& at, const routed_request& request) {
  const auto files = usable_files(at);
  if (!files) co_return problem(files.error());
  auto eyes = eyes_of(request); // a link lends none for another link
  if (!eyes) co_return problem(eyes.error());
  auto seen_by = *eyes;
  const auto found = co_await find_file(at, request, std::move(*eyes));
  if (!found) co_return problem(found.error());

  const auto now = std::chrono::floor<std::chrono::seconds>(wall_now());
  const auto good_for = (*files)->settings.url_seconds;
  std::string json = R"({"url":)";
  append_json_string(json, link_to(**files, at.server.config.public_url, *found, seen_by, now, good_for));
  json += R"(,"expiresAt":")";
  append_utc_time(json, now + good_for);
  json += R"("})";
  co_return json_reply(std::move(json));
}

} // namespace hongyan
