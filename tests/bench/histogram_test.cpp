#include "bench/histogram.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using hongyan::bench::histogram;

TEST_CASE("a histogram knows small values exactly", "[bench][histogram]") {
  histogram h;
  for (std::uint64_t v = 1; v <= 100; ++v) h.record(v);

  CHECK(h.count() == 100);
  CHECK(h.percentile(50) == 50);
  CHECK(h.percentile(99) == 99);
  CHECK(h.percentile(99.5) == 100);
  CHECK(h.percentile(100) == 100);
  CHECK(h.max() == 100);
}

TEST_CASE("a histogram is off by less than one percent at any size", "[bench][histogram]") {
  for (std::uint64_t v = 255; v < (std::uint64_t{1} << 58); v = v * 10 / 7) {
    histogram h;
    h.record(v);
    h.record(v * 2); // or the greatest value would bound what is said of the first
    const auto told = h.percentile(50);
    const auto off = told > v ? told - v : v - told;
    CAPTURE(v, told);
    CHECK(off * 100 < v);
  }
}

TEST_CASE("a histogram never tells more than its greatest value", "[bench][histogram]") {
  histogram h;
  h.record(1'000'000);
  CHECK(h.percentile(50) <= 1'000'000);
  h.record(~std::uint64_t{0});
  CHECK(h.percentile(100) <= ~std::uint64_t{0});
}

TEST_CASE("an empty histogram tells zero", "[bench][histogram]") {
  histogram h;
  CHECK(h.percentile(99) == 0);
  h.record(7);
  h.clear();
  CHECK(h.count() == 0);
  CHECK(h.percentile(99) == 0);
  CHECK(h.max() == 0);
}

TEST_CASE("histograms add up", "[bench][histogram]") {
  histogram a;
  histogram b;
  for (int i = 0; i < 99; ++i) a.record(10);
  b.record(200);
  a.add(b);
  CHECK(a.count() == 100);
  CHECK(a.percentile(99) == 10);
  CHECK(a.percentile(100) == 200);
}
