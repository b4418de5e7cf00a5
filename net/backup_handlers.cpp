// A copy of everything, for whoever keeps it (contract, section 9).

#include "actors/backup.hpp"
#include "net/file_service.hpp"

#include <ctime>

namespace hongyan {

namespace {

/// The database is copied before the first byte is answered.
constexpr std::chrono::minutes copy_deadline{30};

std::string backup_name() {
  const auto now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[48];
  return {text, std::strftime(text, sizeof text, "hongyan-%Y%m%dT%H%M%SZ.tar", &utc)};
}

} // namespace

asio::awaitable<reply> make_backup(edge& at, const routed_request& request) {
  if (const auto may = auth::may_manage(request.by, auth::scope::owner); !may) co_return problem(may.error());
  // While it copies it answers nobody.
  if (at.server.is_backing_up == nullptr || *at.server.is_backing_up)
    co_return problem(another_backup_runs());
  auto made = co_await ask_worker<blob_opened>(at, at.server.backups, create_atom::value, backup_wish{},
                                               copy_deadline);
  if (!made) co_return problem(made.error());
  if (made->failure) co_return problem(*made->failure);
  const auto size = made->reader->size();
  reply r{.content_type = "application/x-tar",
          .headers = {{"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Content-Disposition", "attachment; filename=\"" + backup_name() + '"'}}};
  r.source = std::make_unique<reader_body<backup_actor>>(at, at.server.backups, std::move(made->reader),
                                                         byte_range{0, size - 1});
  co_return r;
}

} // namespace hongyan
