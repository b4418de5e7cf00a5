#include "persistence/migrations.hpp"

#include <array>

namespace hongyan {

namespace embedded {
extern const std::string_view sqlite_0001_init;
extern const std::string_view sqlite_0002_conversations;
extern const std::string_view postgres_0001_init;
extern const std::string_view postgres_0002_conversations;
extern const std::string_view sqlite_0003_identities;
extern const std::string_view postgres_0003_identities;
extern const std::string_view postgres_0004_nodes;
extern const std::string_view postgres_0005_previous_at;
extern const std::string_view sqlite_0004_blocks;
extern const std::string_view postgres_0006_blocks;
extern const std::string_view sqlite_0005_revocations;
extern const std::string_view postgres_0007_revocations;
extern const std::string_view postgres_0008_timeline;
extern const std::string_view sqlite_0006_files;
extern const std::string_view postgres_0009_files;
extern const std::string_view sqlite_0007_messages;
extern const std::string_view postgres_0010_messages;
extern const std::string_view sqlite_0008_webhooks;
extern const std::string_view postgres_0011_webhooks;
extern const std::string_view sqlite_0009_bans;
extern const std::string_view postgres_0012_bans;
extern const std::string_view postgres_0013_sql_sends;
extern const std::string_view sqlite_0010_wechat;
extern const std::string_view postgres_0014_wechat;
extern const std::string_view sqlite_0011_notices;
extern const std::string_view postgres_0015_notices;
extern const std::string_view sqlite_0012_imported;
extern const std::string_view postgres_0016_imported;
extern const std::string_view sqlite_0013_retention;
extern const std::string_view postgres_0017_retention;
extern const std::string_view sqlite_0014_own_data;
extern const std::string_view postgres_0018_own_data;
} // namespace embedded

std::span<const migration> sqlite_migrations() {
  static const std::array list{
      migration{1, embedded::sqlite_0001_init},           migration{2, embedded::sqlite_0002_conversations},
      migration{3, embedded::sqlite_0003_identities},     migration{4, embedded::sqlite_0004_blocks},
      migration{5, embedded::sqlite_0005_revocations, 4}, migration{6, embedded::sqlite_0006_files},
      migration{7, embedded::sqlite_0007_messages},       migration{8, embedded::sqlite_0008_webhooks},
      migration{9, embedded::sqlite_0009_bans},           migration{10, embedded::sqlite_0010_wechat},
      migration{11, embedded::sqlite_0011_notices},       migration{12, embedded::sqlite_0012_imported},
      migration{13, embedded::sqlite_0013_retention},     migration{14, embedded::sqlite_0014_own_data}};
  return list;
}

std::span<const migration> postgres_migrations() {
  static const std::array list{migration{1, embedded::postgres_0001_init},
                               migration{2, embedded::postgres_0002_conversations},
                               migration{3, embedded::postgres_0003_identities},
                               migration{4, embedded::postgres_0004_nodes},
                               migration{5, embedded::postgres_0005_previous_at, 4},
                               migration{6, embedded::postgres_0006_blocks},
                               migration{7, embedded::postgres_0007_revocations, 6},
                               migration{8, embedded::postgres_0008_timeline, 6},
                               migration{9, embedded::postgres_0009_files},
                               migration{10, embedded::postgres_0010_messages},
                               migration{11, embedded::postgres_0011_webhooks, 10},
                               migration{12, embedded::postgres_0012_bans, 10},
                               migration{13, embedded::postgres_0013_sql_sends, 10},
                               migration{14, embedded::postgres_0014_wechat, 10},
                               migration{15, embedded::postgres_0015_notices, 10},
                               migration{16, embedded::postgres_0016_imported, 10},
                               migration{17, embedded::postgres_0017_retention, 10},
                               migration{18, embedded::postgres_0018_own_data, 10}};
  return list;
}

} // namespace hongyan
