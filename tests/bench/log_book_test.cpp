#include "bench/log_book.hpp"

#include <catch2/catch.hpp>

using namespace hongyan::bench;

namespace {

constexpr std::uint32_t ann = 0;
constexpr std::uint32_t bob = 1;
constexpr std::int64_t chat = 7;

bool one_fault(const std::vector<std::string>& faults, const std::string& text) {
  return faults.size() == 1 && faults[0].find(text) != std::string::npos;
}

} // namespace

TEST_CASE("a log that all see once and in order is as promised", "[bench][log]") {
  log_book book;
  book.joins(ann, chat, 0);
  book.joins(bob, chat, 0);
  book.seen(ann, chat, 1, 0); // an entry that is no message of ours
  book.seen(bob, chat, 1, 0);
  book.acknowledged(chat, 2, 1);
  CHECK(book.behind_count() == 2);
  book.seen(ann, chat, 2, 1);
  book.seen(bob, chat, 2, 1);
  book.seen(bob, chat, 3, 2); // seen before its answer comes
  book.acknowledged(chat, 3, 2);
  CHECK(book.behind_count() == 1);
  book.seen(ann, chat, 3, 2);

  CHECK(book.reader_count() == 2);
  CHECK(book.behind_count() == 0);
  CHECK(book.faults().empty());
}

TEST_CASE("a reader that was not told of may begin anywhere", "[bench][log]") {
  log_book book;
  book.acknowledged(chat, 5, 1);
  book.seen(ann, chat, 5, 1);
  CHECK(book.reader_count() == 1);
  CHECK(book.faults().empty());
}

TEST_CASE("a reader that was told of may not begin anywhere", "[bench][log]") {
  log_book book;
  book.joins(ann, chat, 3);
  book.seen(ann, chat, 5, 1);
  CHECK(one_fault(book.faults(), "a hole"));
}

TEST_CASE("a log that breaks its order is noticed", "[bench][log]") {
  log_book book;
  for (std::int64_t seq = 1; seq <= 3; ++seq) book.seen(ann, chat, seq, static_cast<std::uint64_t>(seq));
  SECTION("the last entry again") {
    book.seen(ann, chat, 3, 3);
    CHECK(one_fault(book.faults(), "seen twice"));
  }
  SECTION("an earlier entry") {
    book.seen(ann, chat, 1, 1);
    CHECK(one_fault(book.faults(), "out of order"));
  }
  SECTION("a hole") {
    book.seen(ann, chat, 5, 5);
    CHECK(one_fault(book.faults(), "a hole"));
  }
}

TEST_CASE("conversations have an order each", "[bench][log]") {
  log_book book;
  book.seen(ann, chat, 1, 1);
  book.seen(ann, chat + 1, 1, 2);
  book.seen(ann, chat, 2, 3);
  CHECK(book.reader_count() == 2);
  CHECK(book.faults().empty());
}

TEST_CASE("all readers see the same message with a seq", "[bench][log]") {
  log_book book;
  book.seen(ann, chat, 1, 1);
  SECTION("another at a second reader") { book.seen(bob, chat, 1, 2); }
  SECTION("another in the answer") { book.acknowledged(chat, 1, 2); }
  CHECK(one_fault(book.faults(), "two messages with one seq"));
}

TEST_CASE("a message is in the log once", "[bench][log]") {
  log_book book;
  book.seen(ann, chat, 1, 1);
  book.seen(ann, chat, 2, 1);
  CHECK(one_fault(book.faults(), "in the log twice"));
}

TEST_CASE("a refused message is in no log", "[bench][log]") {
  log_book book;
  SECTION("seen after the answer") {
    book.refused(1);
    CHECK(book.faults().empty());
    book.seen(ann, chat, 1, 1);
  }
  SECTION("nor before it") {
    book.seen(ann, chat, 1, 1);
    book.refused(1);
  }
  CHECK(one_fault(book.faults(), "answered with an error, but in the log"));
}

TEST_CASE("what was acknowledged must be seen by each reader", "[bench][log]") {
  log_book book;
  book.joins(ann, chat, 0);
  book.joins(bob, chat, 0);
  book.acknowledged(chat, 1, 1);
  book.seen(ann, chat, 1, 1);
  CHECK(book.behind_count() == 1);
  CHECK(one_fault(book.faults(), "a log not seen to its end"));
}
