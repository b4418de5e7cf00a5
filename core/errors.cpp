#include "core/errors.hpp"

#include <array>
#include <random>
#include <stdexcept>

namespace hongyan {

namespace {

constexpr std::array rows{
    error_row{errc::not_json, "not-json", 400, -32700, "Not JSON"},
    error_row{errc::not_a_request, "not-a-request", 400, -32600, "Not a request"},
    error_row{errc::no_such_method, "no-such-method", 404, -32601, "No such method"},
    error_row{errc::malformed, "malformed", 400, -32602, "Malformed request"},
    error_row{errc::unauthorized, "unauthorized", 401, -32001, "Unauthorized"},
    error_row{errc::forbidden, "forbidden", 403, -32003, "Forbidden"},
    error_row{errc::not_found, "not-found", 404, -32004, "Not found"},
    error_row{errc::method_not_allowed, "method-not-allowed", 405, -32601, "Method not allowed"},
    error_row{errc::timeout, "timeout", 408, -32600, "Request took too long"},
    error_row{errc::conflict, "conflict", 409, -32009, "Conflict"},
    error_row{errc::too_large, "too-large", 413, -32013, "Too large"},
    error_row{errc::refused_content, "refused-content", 422, -32022, "Refused by a content check"},
    error_row{errc::unsupported_type, "unsupported-type", 415, -32602, "Unsupported type"},
    error_row{errc::bad_range, "bad-range", 416, -32602, "Range not satisfiable"},
    error_row{errc::upgrade_required, "upgrade-required", 426, -32600, "WebSocket upgrade required"},
    error_row{errc::header_too_large, "header-too-large", 431, -32600, "Request header too large"},
    error_row{errc::rate_limited, "rate-limited", 429, -32029, "Too many at once", true},
    error_row{errc::internal, "internal", 500, -32603, "Internal error"},
    error_row{errc::unavailable, "unavailable", 503, -32053, "Unavailable", true},
    error_row{errc::store_full, "store-full", 507, -32053, "Insufficient storage"},
    error_row{errc::outcome_unknown, "outcome-unknown", 503, -32053, "Outcome unknown", true},
};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].code) != i) return false;
  return rows.size() == static_cast<std::size_t>(errc::outcome_unknown) + 1;
}
static_assert(rows_are_in_order(), "every errc needs its row, in the order of the enum");

} // namespace

const error_row& row_of(errc code) { return rows[static_cast<std::size_t>(code)]; }

std::chrono::milliseconds spread_retry(const error& e) {
  if (e.retry_after != error{}.retry_after) return e.retry_after;
  static thread_local std::minstd_rand random(std::random_device{}());
  return e.retry_after / 2 +
         std::chrono::milliseconds(
             std::uniform_int_distribution<std::chrono::milliseconds::rep>(0, e.retry_after.count())(random));
}

error blocked_by_peer() {
  return {.code = errc::forbidden, .detail = "this user has blocked you", .param = "in", .reason = "blocked"};
}

void throw_exception_from_error(const error& e, const boost::source_location&) {
  throw std::logic_error("took the value of a failed result: " + e.detail);
}

} // namespace hongyan
