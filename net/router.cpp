#include "net/router.hpp"

namespace hongyan {

namespace {

/// Takes the first segment off a path that is walked from the left.
std::string_view take_segment(std::string_view& rest) {
  const auto slash = rest.find('/');
  const auto segment = rest.substr(0, slash);
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash);
  return segment;
}

/// By the last character first: most paths begin alike.
bool begins_with(std::string_view path, std::string_view literal) {
  return literal.empty() || (path.size() >= literal.size() && path[literal.size() - 1] == literal.back() &&
                             path.starts_with(literal));
}

std::optional<found_route> match(const route& r, std::string_view path) {
  const auto literal = r.path.literal;
  if (!begins_with(path, literal)) return {}; // most rows are left here
  path.remove_prefix(literal.size());
  auto pattern = r.path.text.substr(literal.size());
  found_route found{&r};
  for (std::size_t count = 0; !pattern.empty() && !path.empty();) {
    if (pattern.front() != '/' || path.front() != '/') return {};
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const auto wanted = take_segment(pattern), segment = take_segment(path);
    if (wanted == "{}") {
      found.segments[count++] = segment;
    } else if (wanted != segment) {
      return {};
    }
  }
  if (!pattern.empty() || !path.empty()) return {};
  return found;
}

bool has_head(const route& r) { return r.method == "GET" && !r.changes_state; }

} // namespace

std::optional<found_route> find_route(std::span<const route> table, std::string_view method,
                                      std::string_view path) {
  std::optional<found_route> of_path;
  for (const auto& r : table) {
    auto found = match(r, path);
    if (!found) continue;
    if (r.method == method || (method == "HEAD" && has_head(r))) return found;
    found->row = nullptr;
    of_path = found;
  }
  return of_path;
}

std::string allowed_methods(std::span<const route> table, std::string_view path) {
  std::string all;
  bool head = false;
  for (const auto& r : table) {
    if (!match(r, path)) continue;
    all.append(r.method).append(", ");
    head |= has_head(r);
  }
  return all + (head ? "HEAD, OPTIONS" : "OPTIONS");
}

} // namespace hongyan
