#include "persistence/import_table.hpp"

#include <catch2/catch.hpp>
#include <sstream>
#include <stdlib.h>
#include <time.h>

using namespace hongyan;

namespace {

class time_zone {
public:
  explicit time_zone(const char* name) {
    if (const char* was = ::getenv("TZ")) was_ = was;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~time_zone() {
    was_ ? ::setenv("TZ", was_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }

private:
  std::optional<std::string> was_;
};

constexpr const char* header =
    "id\tuser_id\ttarget_user_id\tcreate_time\tuser_name\ttarget_user_name\tcontent\n";

/// The first row, or why it is none.
result<imported_row> row_of(const std::string& text, const limits& told = {}) {
  std::istringstream in(text);
  auto table = import_table::open(in, told);
  if (!table) return table.error();
  auto row = table->next();
  if (!row) return row.error();
  REQUIRE(row->has_value());
  return **row;
}
std::string why(const std::string& row, const limits& told = {}) {
  const auto parsed = row_of(header + row, told);
  return parsed ? "taken" : parsed.error().detail;
}

} // namespace

TEST_CASE("times are as databases print them, in the zone of the process") {
  const time_zone beijing("Asia/Shanghai");
  CHECK(parse_table_time("2023-04-05 06:07:08") == from_ms(1'680'646'028'000));
  CHECK(parse_table_time("2023-04-05T06:07:08") == from_ms(1'680'646'028'000));
  CHECK(parse_table_time("2023-04-05 06:07:08.5") == from_ms(1'680'646'028'500));
  CHECK(parse_table_time("2023-04-05 06:07:08.123456") == from_ms(1'680'646'028'123));
  CHECK(parse_table_time("2023-04-04T22:07:08Z") == from_ms(1'680'646'028'000));
  CHECK(parse_table_time("2024-02-29 00:00:00"));
  CHECK(parse_table_time("1680646028000") == from_ms(1'680'646'028'000));
  for (const char* none :
       {"", "NULL", "2023-04-05", "2023-04-05 06:07", "2023-13-05 06:07:08", "2023-02-29 00:00:00",
        "2023-04-31 00:00:00", "2023-04-05 06:07:08.", "2023-04-05 06:07:08 +08", "0000-00-00 00:00:00",
        "05/04/2023 06:07:08", "1969-12-31 00:00:00", "-1", "1680646028", "20230405060708x",
        "2023-04-05 25:00:00"})
    CHECK(!parse_table_time(none));
}

TEST_CASE("a row of the tutorial's table is a message, whatever the order of its columns") {
  const time_zone utc("UTC");
  const auto row = row_of("content,create_time,id,more,target_user_id,user_id,user_name,target_user_name\n"
                          "\"你好, 😀\",1970-01-01 00:00:01,7,ignored,b,a,小雁,NULL\n");
  REQUIRE(row.has_value());
  CHECK(row->id == 7);
  CHECK(row->from.text() == "a");
  CHECK(row->to.text() == "b");
  CHECK(row->at == from_ms(1000));
  CHECK(row->content == "你好, 😀");
  CHECK(row->from_name == "小雁");
  CHECK(!row->to_name);
  const auto bare = row_of("id,user_id,target_user_id,create_time,content\n1,a,b,1680646028000,x\n");
  REQUIRE(bare.has_value());
  CHECK(!bare->from_name);
}

TEST_CASE("what cannot be a message says why") {
  CHECK(why("1\ta\tb\t1680646028000\t\t\thi") == "taken");
  CHECK(why("1\ta\ta\t1680646028000\t\t\ta note") == "taken");
  CHECK(why("x\ta\tb\t1680646028000\t\t\thi") == "id is \"x\"; accepted: a whole number");
  CHECK(why("1\ta b\tb\t1680646028000\t\t\thi").starts_with("user_id: "));
  CHECK(why("1\ta\t\t1680646028000\t\t\thi").starts_with("target_user_id: "));
  CHECK(why("1\ta\tb\tyesterday\t\t\thi") == "create_time is \"yesterday\"; accepted: 2023-04-05 06:07:08");
  CHECK(why("1\ta\tb\t1680646028000\t\t\t") == "content is empty");
  CHECK(why("1\ta\tb\t1680646028000\t\t\t\xC4\xE3") ==
        "a text is not UTF-8; export with --default-character-set=utf8mb4");
  CHECK(why("1\ta\tb\t1680646028000\t\t\tx\\0y") == "a text has a character of value 0");
  CHECK(why("1\ta\tb\t1680646028000\tx\\0y\t\tx") == "a text has a character of value 0");
  CHECK(why("1\ta\tNULL\t1680646028000\t\t\tx") == "target_user_id is NULL");
  CHECK(why("1\ta\tb\t1680646028000\t\\N\t\tx") == "taken");
  CHECK(why("1\ta\tb\t1680646028000\t\t\t\\N") == "content is empty");
  limits few;
  few.content_chars = 2;
  few.name_chars = 2;
  CHECK(why("1\ta\tb\t1680646028000\t\t\t你好", few) == "taken");
  CHECK(why("1\ta\tb\t1680646028000\t\t\t你好吗", few) == "content is longer than limits.content_chars, 2");
  const auto named = row_of(std::string(header) + "1\ta\tb\t1680646028000\t小雁雁\t\tx", few);
  REQUIRE(named.has_value());
  CHECK(named->from_name == "小雁");
  CHECK(row_of("id,user_id,create_time,content\n")
            .error()
            .detail.starts_with("its header has no target_user_id; accepted: id,"));
}
