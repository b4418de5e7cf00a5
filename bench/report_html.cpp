#include "bench/report.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace hongyan::embedded {
extern const std::string_view report_html;
}

namespace hongyan::bench {

namespace {

// The drawing's own units; the page scales it to its width.
constexpr double width = 720;
constexpr double height = 240;
constexpr double left = 56;
constexpr double right = width - 12;
constexpr double top = 10;
constexpr double bottom = height - 28;
constexpr int ticks_wanted = 5;
constexpr double rounding = 1.001; ///< what adding up ticks may be off
constexpr std::size_t colours = 4; ///< that the template knows

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    default: out += c;
    }
  }
  return out;
}

std::string element(const std::string& tag, const std::string& attributes, const std::string& content) {
  return "<" + tag + (attributes.empty() ? "" : " " + attributes) + ">" + content + "</" + tag + ">";
}

/// 1, 2 or 5 times a power of ten, so that about `ticks_wanted` of them reach `range`.
double tick_for(double range) {
  const auto rough = range / ticks_wanted;
  const auto power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) return factor * power;
  return 10 * power;
}

int decimals_for(double tick) { return std::max(0, static_cast<int>(-std::floor(std::log10(tick) + 1e-9))); }

std::string line_svg(double x1, double y1, double x2, double y2) {
  return "<line class=\"grid\" x1=\"" + fixed(x1, 1) + "\" y1=\"" + fixed(y1, 1) + "\" x2=\"" + fixed(x2, 1) +
         "\" y2=\"" + fixed(y2, 1) + "\"/>";
}

std::string text_svg(double x, double y, const std::string& anchor, const std::string& text) {
  return element("text", "x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" text-anchor=\"" + anchor + "\"",
                 text);
}

std::string draw(const plot& p) {
  double highest = 0;
  for (const auto& line : p.lines)
    for (const auto v : line.values) highest = std::max(highest, v);
  if (!(highest > 0)) highest = 1;
  const auto last = p.seconds.empty() ? 1.0 : std::max(p.seconds.back(), 1.0);
  const auto y_tick = tick_for(highest);
  const auto y_top = std::ceil(highest / y_tick) * y_tick;
  const auto x_of = [&](double second) { return left + (right - left) * second / last; };
  const auto y_of = [&](double value) { return bottom - (bottom - top) * value / y_top; };

  std::string out;
  for (int i = 0; i * y_tick <= y_top * rounding; ++i) {
    const auto y = i * y_tick;
    out += line_svg(left, y_of(y), right, y_of(y));
    out += text_svg(left - 6, y_of(y) + 4, "end", fixed(y, decimals_for(y_tick)));
  }
  const auto x_tick = std::max(1.0, tick_for(last));
  for (int i = 0; i * x_tick <= last * rounding; ++i) {
    const bool is_last = (i + 1) * x_tick > last * rounding;
    out += text_svg(x_of(i * x_tick), bottom + 18, is_last ? "end" : "middle", fixed(i * x_tick, 0) + " s");
  }
  for (std::size_t l = 0; l < p.lines.size(); ++l) {
    const auto& line = p.lines[l];
    std::string points;
    std::string hints;
    for (std::size_t i = 0; i < std::min(line.values.size(), p.seconds.size()); ++i) {
      const auto x = fixed(x_of(p.seconds[i]), 1);
      const auto y = fixed(y_of(line.values[i]), 1);
      points.append(x).append(",").append(y).append(" ");
      std::string at = "class=\"point\" r=\"6\" cx=\"";
      at.append(x).append("\" cy=\"").append(y).append("\"");
      std::string hint = escaped(line.name);
      hint.append(", ").append(fixed(p.seconds[i], 0)).append(" s: ");
      hint += fixed(line.values[i], decimals_for(y_tick) + 1);
      hints += element("circle", at, element("title", "", hint));
    }
    out.append("<polyline class=\"curve s").append(std::to_string(l % colours));
    out.append("\" points=\"").append(points).append("\"/>").append(hints);
  }
  return element("svg",
                 "viewBox=\"0 0 " + fixed(width, 0) + " " + fixed(height, 0) +
                     "\" role=\"img\" aria-label=\"" + escaped(p.title) + "\"",
                 out);
}

std::string legend(const plot& p) {
  std::string out;
  for (std::size_t l = 0; l < p.lines.size(); ++l)
    out += element("span", "",
                   "<i class=\"b" + std::to_string(l % colours) + "\"></i>" + escaped(p.lines[l].name));
  return element("p", "class=\"legend\"", out);
}

std::string section(const std::string& heading, const std::string& content) {
  return element("section", "", element("h2", "", heading) + content) + "\n";
}

std::string bullets(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += element("li", "", escaped(line));
  return element("ul", "", out);
}

std::string figures_table(const report& r) {
  std::string rows;
  for (const auto& f : r.figures)
    rows += element("tr", "",
                    element("td", "", escaped(f.label)) +
                        element("td", "class=\"value\"", fixed(f.value, f.decimals) + " " + escaped(f.unit)));
  return element("table", "", rows);
}

void replace(std::string& text, std::string_view what, const std::string& by) {
  text.replace(text.find(what), what.size(), by);
}

} // namespace

std::string to_html(const report& r, const circumstances& c) {
  std::string content = element("h1", "", "hongyan-bench " + escaped(r.scenario)) +
                        element("p", "class=\"quiet\"", escaped(r.summary)) + "\n";
  content += r.failures.empty()
                 ? element("p", "class=\"verdict good\"", "All checks passed.")
                 : section("<span class=\"bad\">Checks that failed</span>", bullets(r.failures));
  content += section("Figures", figures_table(r));
  for (const auto& p : r.plots)
    content += section(escaped(p.title), legend(p) + element("div", "class=\"plot\"", draw(p)));
  if (!r.notes.empty()) content += section("Notes", bullets(r.notes));
  std::string how;
  for (const auto& [name, value] : {std::pair{"Command", c.command_line},
                                    {"Machine", c.machine},
                                    {"Versions", c.versions},
                                    {"Time", c.time}})
    how += element("dt", "", name) + element("dd", "", escaped(value));
  content += section("How this was made", element("dl", "", how));

  std::string page(embedded::report_html);
  replace(page, "{{title}}", "hongyan-bench " + escaped(r.scenario));
  replace(page, "{{content}}", content);
  return page;
}

} // namespace hongyan::bench
