#include "persistence/postgres_store.hpp"

#include "persistence/postgres/directory.hpp"
#include "persistence/postgres/reader.hpp"
#include "persistence/postgres/send_queue.hpp"
#include "persistence/postgres/writer.hpp"

#include <libpq-fe.h>

namespace hongyan {

namespace {

class postgres_store final : public store {
public:
  explicit postgres_store(const std::string& uri) : hosts_(std::make_shared<postgres::hosts>(uri)) {}

  std::unique_ptr<message_writer> make_writer() override { return postgres::make_writer(hosts_); }
  std::unique_ptr<message_reader> make_reader() override { return postgres::make_reader(hosts_); }
  std::unique_ptr<node_directory> make_directory() override { return postgres::make_directory(hosts_); }
  std::unique_ptr<send_queue> make_send_queue() override { return postgres::make_send_queue(hosts_); }
  result<void> grant_sql(const std::string& role) override { return postgres::grant_sql(hosts_, role); }
  newest_timeline* timeline() override { return &hosts_->timeline(); }
  std::string_view kind() const override { return "postgresql"; }

private:
  std::shared_ptr<postgres::hosts> hosts_;
};

} // namespace

result<std::unique_ptr<store>> open_postgres_store(const std::string& uri) {
  char* why = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(uri.c_str(), &why);
  bool good = parsed != nullptr;
  // A port that is none would be found at connecting only, and tried for ever.
  for (const PQconninfoOption* option = parsed; good && option->keyword != nullptr; ++option)
    if (option->val != nullptr && std::string_view(option->keyword) == "port")
      good = std::string_view(option->val).find_first_not_of("0123456789,") == std::string_view::npos;
  // libpq's text may quote a piece of the URI, and that of a password.
  std::string reason = why != nullptr && redacted(uri) == uri ? std::string(": ") + why : std::string();
  while (!reason.empty() && reason.back() == '\n') reason.pop_back();
  PQconninfoFree(parsed);
  PQfreemem(why);
  if (!good)
    return error{errc::malformed, "the database URL \"" + redacted(uri) +
                                      "\" is not a PostgreSQL URI such as postgresql://USER@HOST:PORT/NAME" +
                                      reason};
  return std::make_unique<postgres_store>(uri);
}

} // namespace hongyan
