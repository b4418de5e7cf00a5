#include "bench/server_figures.hpp"

#include <catch2/catch.hpp>

using hongyan::bench::metric_value;

TEST_CASE("a metric is found in a page of them", "[bench][metrics]") {
  const std::string page = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
                           "# HELP rows_total rows_total counts rows\n"
                           "# TYPE rows_total counter\n"
                           "rows_total 1234\n"
                           "rows_total_of_others 5\n"
                           "answers_total{outcome=\"ok\"} 3\n"
                           "answers_total{outcome=\"not found\"} 4.5\n";
  CHECK(metric_value(page, "rows_total") == 1234);
  CHECK(metric_value(page, "answers_total") == 7.5);
  CHECK_FALSE(metric_value(page, "rows"));
  CHECK_FALSE(metric_value("", "rows_total"));
}
