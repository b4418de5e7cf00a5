#include "core/cluster/database_timeline.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace hongyan;

namespace {

struct told_timeline : newest_timeline {
  told_timeline() {
    when_newer([this](database_timeline now, database_timeline) { told.push_back(now); });
  }
  std::vector<database_timeline> told;
};

} // namespace

TEST_CASE("of the primaries of a database the one with the newest timeline counts", "[timeline]") {
  told_timeline newest;
  CHECK_FALSE(newest.is_outdated({7, 1}));
  newest.meet({7, 1});
  newest.meet({7, 3});
  newest.meet({7, 2});
  CHECK(newest.get() == database_timeline{7, 3});
  CHECK(newest.is_outdated({7, 2}));
  CHECK_FALSE(newest.is_outdated({7, 3}));
  CHECK_FALSE(newest.is_outdated({7, 4}));
  CHECK(newest.told == std::vector<database_timeline>{{7, 1}, {7, 3}});
}

TEST_CASE("what others say counts for the database that we use", "[timeline]") {
  told_timeline newest;
  SECTION("also before we have met it") {
    newest.hear({7, 2});
    newest.meet({7, 1});
    CHECK(newest.is_outdated({7, 1}));
  }
  SECTION("not for another") {
    newest.meet({7, 1});
    newest.hear({8, 9});
    CHECK(newest.get() == database_timeline{7, 1});
    CHECK_FALSE(newest.is_outdated({7, 1}));
  }
}

TEST_CASE("a database that was exchanged for another one begins anew", "[timeline]") {
  told_timeline newest;
  newest.meet({7, 5});
  newest.meet({8, 1});
  CHECK(newest.get() == database_timeline{8, 1});
  CHECK_FALSE(newest.is_outdated({8, 1}));
  CHECK(newest.told.size() == 2);
}

TEST_CASE("who listens no more is not told", "[timeline]") {
  told_timeline newest;
  newest.when_newer({});
  newest.meet({7, 1});
  CHECK(newest.told.empty());
}
