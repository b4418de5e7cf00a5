#include "core/errors.hpp"

#include <array>
#include <stdexcept>

namespace hongyan {

namespace {

constexpr std::array rows{
    error_row{errc::malformed, "malformed", 400, "Malformed request"},
    error_row{errc::forbidden, "forbidden", 403, "Forbidden"},
    error_row{errc::not_found, "not-found", 404, "Not found"},
    error_row{errc::method_not_allowed, "method-not-allowed", 405, "Method not allowed"},
    error_row{errc::timeout, "timeout", 408, "Request took too long"},
    error_row{errc::conflict, "conflict", 409, "Conflict"},
    error_row{errc::too_large, "too-large", 413, "Too large"},
    error_row{errc::upgrade_required, "upgrade-required", 426, "WebSocket upgrade required"},
    error_row{errc::header_too_large, "header-too-large", 431, "Request header too large"},
    error_row{errc::internal, "internal", 500, "Internal error"},
    error_row{errc::unavailable, "unavailable", 503, "Unavailable", true},
    error_row{errc::outcome_unknown, "outcome-unknown", 503, "Outcome unknown", true},
};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].code) != i) return false;
  return rows.size() == static_cast<std::size_t>(errc::outcome_unknown) + 1;
}
static_assert(rows_are_in_order(), "every errc needs its row, in the order of the enum");

} // namespace

const error_row& row_of(errc code) { return rows[static_cast<std::size_t>(code)]; }

void throw_exception_from_error(const error& e, const boost::source_location&) {
  throw std::logic_error("took the value of a failed result: " + e.detail);
}

} // namespace hongyan
