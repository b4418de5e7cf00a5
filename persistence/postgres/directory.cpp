#include "persistence/postgres/directory.hpp"

#include "core/tools/random.hpp"
#include "persistence/postgres/session.hpp"

namespace hongyan::postgres {

namespace {

/// A row is taken over by the same process, by another one at the same address (who had it is no more), or
/// when nobody has said for a while that it is theirs.
constexpr const char* beat_sql = R"(
INSERT INTO node (name, address, incarnation, seen_at)
SELECT $1::text, CASE WHEN starts_with($2::text, ':') THEN
         coalesce(CASE family(inet_client_addr()) WHEN 6 THEN '[' || host(inet_client_addr()) || ']'
                  ELSE host(inet_client_addr()) END, '127.0.0.1') ELSE '' END || $2::text, $3::bigint, now()
ON CONFLICT (name) DO UPDATE
SET address = excluded.address, incarnation = excluded.incarnation, seen_at = excluded.seen_at
WHERE node.incarnation = excluded.incarnation OR node.address = excluded.address
   OR node.seen_at < now() - interval '10 seconds'
RETURNING name)";
constexpr const char* list_sql =
    "SELECT name, address, incarnation FROM node WHERE seen_at > now() - interval '15 seconds' ORDER BY name";
constexpr const char* leave_sql = "DELETE FROM node WHERE name = $1::text AND incarnation = $2::bigint";
/// Whoever has been away for so long has another name by now, or comes again and says so.
constexpr const char* sweep_sql = "DELETE FROM node WHERE seen_at < now() - interval '1 day'";

constexpr const char* make_secret_sql =
    "INSERT INTO cluster_secret (secret) VALUES ($1::text) ON CONFLICT DO NOTHING";

class directory final : public node_directory {
public:
  explicit directory(std::shared_ptr<hosts> database) : hosts_(std::move(database)) {}

  result<node_list> beat(const node_row& self) override {
    if (auto opened = open(); !opened) return opened.error();
    parameters_.clear();
    parameters_.add(std::string_view(self.name));
    parameters_.add(std::string_view(self.address));
    parameters_.add(static_cast<std::int64_t>(self.incarnation));
    auto noted = connection_.query(beat_sql, parameters_, check_limit);
    if (!noted) return failed(noted.error());
    if (noted->size() == 0)
      return error{errc::conflict, "another node of the cluster is called \"" + self.name + "\""};
    parameters_.clear();
    auto rows = connection_.query(list_sql, parameters_, check_limit);
    if (!rows) return failed(rows.error());
    node_list found{{}, secret_};
    for (int row = 0; row < rows->size(); ++row)
      found.nodes.push_back({std::string(rows->text(row, 0)), std::string(rows->text(row, 1)),
                             static_cast<std::uint64_t>(rows->bigint(row, 2))});
    return found;
  }

  void leave(const node_row& self) override {
    if (!connection_.is_open()) return; // then its row grows old by itself
    parameters_.clear();
    parameters_.add(std::string_view(self.name));
    parameters_.add(static_cast<std::int64_t>(self.incarnation));
    connection_.query(leave_sql, parameters_, check_limit);
  }

private:
  result<void> open() {
    if (connection_.is_alive()) return {};
    connection_.close();
    auto made = open_session(*hosts_, {});
    if (!made) return unavailable(made.error());
    connection_ = std::move(made->connection);
    parameters_.clear();
    if (auto swept = connection_.query(sweep_sql, parameters_, check_limit); !swept)
      return failed(swept.error());
    const auto secret_of_ours = random_name(cluster_secret_bytes);
    parameters_.add(std::string_view(secret_of_ours));
    if (auto made_up = connection_.query(make_secret_sql, parameters_, check_limit); !made_up)
      return failed(made_up.error());
    parameters_.clear();
    auto secret = connection_.query("SELECT secret FROM cluster_secret", parameters_, check_limit);
    if (!secret) return failed(secret.error());
    secret_ = secret->text(0, 0);
    return {};
  }

  error failed(const pg_error& why) {
    connection_.close();
    return unavailable(why);
  }

  std::shared_ptr<hosts> hosts_;
  pg_connection connection_;
  pg_parameters parameters_;
  std::string secret_;
};

} // namespace

std::unique_ptr<node_directory> make_directory(std::shared_ptr<hosts> database) {
  return std::make_unique<directory>(std::move(database));
}

} // namespace hongyan::postgres
