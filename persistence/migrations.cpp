#include "persistence/migrations.hpp"

#include <array>

namespace hongyan {

namespace embedded {
extern const std::string_view sqlite_0001_init;
extern const std::string_view postgres_0001_init;
} // namespace embedded

std::span<const migration> sqlite_migrations() {
  static const std::array list{migration{1, embedded::sqlite_0001_init}};
  return list;
}

std::span<const migration> postgres_migrations() {
  static const std::array list{migration{1, embedded::postgres_0001_init}};
  return list;
}

} // namespace hongyan
