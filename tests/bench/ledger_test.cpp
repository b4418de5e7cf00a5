#include "bench/ledger.hpp"

#include <catch2/catch.hpp>
#include <chrono>

using namespace hongyan;
using namespace hongyan::bench;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t ann = 0;
constexpr std::uint32_t bob = 1;
constexpr std::uint32_t eve = 2;

/// A ledger, and a clock that is told the time.
struct fixture {
  ledger books;

  static steady_time at(std::chrono::milliseconds t) { return steady_time(t); }
  std::uint64_t push(std::chrono::milliseconds t, std::uint32_t from = ann, std::uint32_t to = bob) {
    return books.sent(from, to, at(t), at(t));
  }
  auto see(std::uint32_t user, std::uint64_t number) { return books.seen(user, number); }
};

bool one_fault(const std::vector<std::string>& faults, const std::string& text) {
  return faults.size() == 1 && faults[0].find(text) != std::string::npos;
}

} // namespace

TEST_CASE_METHOD(fixture, "an acknowledged push that both ends saw is complete", "[bench][ledger]") {
  const auto n = push(1ms);
  CHECK(books.unanswered_count() == 1);
  CHECK(books.acknowledged(n, at(2ms)) == at(1ms));
  CHECK(books.unanswered_count() == 0);
  CHECK(books.unseen_count() == 1);

  const auto by_sender = see(ann, n);
  REQUIRE(by_sender);
  CHECK_FALSE(by_sender->by_receiver);
  const auto by_receiver = see(bob, n);
  REQUIRE(by_receiver);
  CHECK(by_receiver->by_receiver);
  CHECK(by_receiver->due == at(1ms));

  CHECK(books.unseen_count() == 0);
  CHECK(books.complete() == 1);
  CHECK(books.faults().empty());
}

TEST_CASE_METHOD(fixture, "a push may be seen before its answer comes", "[bench][ledger]") {
  const auto n = push(1ms);
  see(bob, n);
  see(ann, n);
  CHECK(books.complete() == 0);
  books.acknowledged(n, at(2ms));
  CHECK(books.complete() == 1);
  CHECK(books.faults().empty());
}

TEST_CASE_METHOD(fixture, "an acknowledged push that somebody did not see is missing", "[bench][ledger]") {
  const auto n = push(1ms);
  books.acknowledged(n, at(2ms));
  SECTION("the receiver") {
    see(ann, n);
    CHECK(one_fault(books.faults(), "acknowledged, but not seen by the receiver"));
  }
  SECTION("the sender") {
    see(bob, n);
    CHECK(one_fault(books.faults(), "acknowledged, but not seen by the sender"));
  }
  SECTION("both") { CHECK(one_fault(books.faults(), "acknowledged, but not seen by both ends")); }
}

TEST_CASE_METHOD(fixture, "a push that a socket shows twice is a fault", "[bench][ledger]") {
  const auto n = push(1ms);
  see(bob, n);
  SECTION("before it is complete") { CHECK_FALSE(see(bob, n)); }
  SECTION("afterwards") {
    see(ann, n);
    books.acknowledged(n, at(2ms));
    CHECK_FALSE(see(bob, n));
  }
  if (books.unanswered_count() > 0) books.unanswered(n);
  CHECK(one_fault(books.faults(), "seen twice"));
}

TEST_CASE_METHOD(fixture, "a push that somebody else sees is a fault", "[bench][ledger]") {
  const auto n = push(1ms);
  CHECK_FALSE(see(eve, n));
  books.unanswered(n);
  CHECK(one_fault(books.faults(), "none of"));
}

TEST_CASE_METHOD(fixture, "a refused push must not be seen", "[bench][ledger]") {
  const auto n = push(1ms);
  SECTION("after the answer") {
    books.refused(n);
    CHECK(books.faults().empty());
    see(bob, n);
  }
  SECTION("nor before it") {
    see(bob, n);
    books.refused(n);
  }
  CHECK(one_fault(books.faults(), "answered with an error, but delivered"));
}

TEST_CASE_METHOD(fixture, "a push without an answer may be seen or not", "[bench][ledger]") {
  const auto seen = push(1ms);
  const auto unseen = push(1ms);
  books.unanswered(seen);
  books.unanswered(unseen);
  see(bob, seen);
  see(ann, seen);
  CHECK(books.unanswered_count() == 0);
  CHECK(books.unseen_count() == 0);
  CHECK(books.faults().empty());
}

TEST_CASE_METHOD(fixture, "what was acknowledged before another was sent is seen before it",
                 "[bench][ledger]") {
  const auto first = push(1ms);
  books.acknowledged(first, at(2ms));
  const auto second = push(3ms, bob, ann); // the same conversation, from the other end
  books.acknowledged(second, at(4ms));
  SECTION("in order") {
    for (const auto user : {ann, bob}) {
      see(user, first);
      see(user, second);
    }
    CHECK(books.faults().empty());
  }
  SECTION("out of order at one end") {
    see(ann, first);
    see(ann, second);
    see(bob, second);
    see(bob, first);
    CHECK(one_fault(books.faults(), "out of order"));
  }
}

TEST_CASE_METHOD(fixture, "pushes under way at the same time have no order", "[bench][ledger]") {
  const auto first = push(1ms);
  const auto second = push(2ms);
  books.acknowledged(first, at(3ms));
  books.acknowledged(second, at(3ms));
  for (const auto user : {ann, bob}) {
    see(user, second);
    see(user, first);
  }
  CHECK(books.faults().empty());
}

TEST_CASE_METHOD(fixture, "a number that was never pushed is a fault", "[bench][ledger]") {
  see(ann, 7);
  CHECK(one_fault(books.faults(), "never pushed"));
}
