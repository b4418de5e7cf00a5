#include "core/wire/table.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace hongyan;

namespace {

using record = std::vector<std::string>;

/// The header and all records; an error is one field, with its line.
std::vector<record> read(const std::string& text) {
  std::istringstream in(text);
  auto table = table_reader::open(in);
  if (!table) return {{"error", table.error().detail}};
  std::vector<record> all{table->header()};
  while (true) {
    auto next = table->next();
    if (!next)
      all.push_back({"error " + std::to_string(table->line()) + ": " + next.error().detail});
    else if (*next)
      all.push_back(**std::move(next));
    else
      return all;
  }
}

} // namespace

TEST_CASE("what mysql --batch prints is read as it was stored") {
  CHECK(read("id\tcontent\n1\thello, \"world\"\n2\ta\\tb\\nc\\\\n\n3\tNULL\n4\t\n") ==
        std::vector<record>{
            {"id", "content"}, {"1", "hello, \"world\""}, {"2", "a\tb\nc\\n"}, {"3", "NULL"}, {"4", ""}});
  CHECK(read("id\tcontent\r\n1\tx\r\n") == std::vector<record>{{"id", "content"}, {"1", "x"}});
  CHECK(read("a\tb\n\\N\tx\\N\n\\\\N\t\\N\n") ==
        std::vector<record>{{"a", "b"}, {"\\N", "xN"}, {"\\N", "\\N"}});
  CHECK(read("a\tb\n\\0x\ty\\")[1] == record{std::string("\0x", 2), "y\\"});
}

TEST_CASE("CSV has quotation marks, and lines in them") {
  CHECK(read("id,content\n1,plain\n2,\"a, \"\"b\"\"\"\n3,\"one\ntwo\r\nthree\"\n\n4,\n") ==
        std::vector<record>{
            {"id", "content"}, {"1", "plain"}, {"2", "a, \"b\""}, {"3", "one\ntwo\nthree"}, {"4", ""}});
  CHECK(read("\xEF\xBB\xBFid,content\r\n1,\"\"\r\n") == std::vector<record>{{"id", "content"}, {"1", ""}});
  CHECK(read("\"id\",\"content\"\n1,it\"s\n") == std::vector<record>{{"id", "content"}, {"1", "it\"s"}});
}

TEST_CASE("a record that is none is told of by its line, and what follows is read") {
  CHECK(read("a,b\n1\n2,3\n4,5,6\n7,8\n") == std::vector<record>{{"a", "b"},
                                                                 {"error 2: it has 1 fields, the header 2"},
                                                                 {"2", "3"},
                                                                 {"error 4: it has 3 fields, the header 2"},
                                                                 {"7", "8"}});
  CHECK(read("a,b\n1,2\n3,\"open\n4,5\n").back() == record{"error 3: a quotation mark is not closed"});
  const char* stray =
      "something stands behind a closing quotation mark; accepted: \" within quotation marks is written \"\"";
  CHECK(read("a,b\n1,\"x\" y\n2,z\n") ==
        std::vector<record>{{"a", "b"}, {std::string("error 2: ") + stray}, {"2", "z"}});
  CHECK(read("a,b\n1,\"hi\n2,secret \"x\n3,z\n") ==
        std::vector<record>{{"a", "b"}, {std::string("error 2: ") + stray}, {"3", "z"}});
  CHECK(read("") == std::vector<record>{{"error", "it is empty; accepted: a header, and rows"}});
  CHECK(read("\"a") == std::vector<record>{{"error", "line 1: a quotation mark is not closed"}});
  const std::string long_text(table_reader::record_max + 1, 'x');
  CHECK(read("a\tb\n1\t" + long_text + "\n2\ty\n") ==
        std::vector<record>{{"a", "b"}, {"error 2: it is longer than 1 MiB"}, {"2", "y"}});
  const auto open = read("a,b\n1,\"x\n" + long_text + "\n2,y\n");
  CHECK(open[1] == record{"error 2: it is longer than 1 MiB: is a quotation mark not closed?"});
  CHECK(open.back() == record{"2", "y"});
}
