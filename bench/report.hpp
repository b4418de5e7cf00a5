/// What a run found, and how it is told: a table for people, JSON for scripts, a page with plots.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hongyan::bench {

/// One number.
struct figure {
  std::string key; ///< in JSON; carries its unit
  std::string label;
  double value = 0; ///< not a number: it could not be had
  std::string unit{};
  int decimals = 0;
};

/// Curves over the seconds of the run that share an axis.
struct plot {
  struct line {
    std::string name;
    std::vector<double> values; ///< one for each of `seconds`
  };

  std::string key;
  std::string title; ///< names the unit
  std::vector<double> seconds;
  std::vector<line> lines;
};

struct report {
  std::string scenario;
  std::string summary; ///< the run's parameters in a sentence
  std::vector<figure> figures{};
  std::vector<plot> plots{};
  std::vector<std::string> notes{};    ///< what a reader must know to read the figures
  std::vector<std::string> failures{}; ///< checks that failed; none: the run is good
};

/// Where and how a run was made.
struct circumstances {
  std::string command_line;
  std::string machine;
  std::string versions;
  std::string time; ///< UTC, RFC 3339
};
circumstances describe_circumstances(const std::string& command_line);

std::string to_table(const report& r);
std::string to_json(const report& r, const circumstances& c);
/// A page that needs nothing else: inline SVG, no scripts, light and dark.
std::string to_html(const report& r, const circumstances& c);

/// `value` with so many decimals.
std::string fixed(double value, int decimals);
/// Of the nanoseconds that histograms count.
double milliseconds(std::uint64_t nanoseconds);

} // namespace hongyan::bench
