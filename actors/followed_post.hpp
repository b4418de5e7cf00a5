/// A post that is a span of what it is done for (trace.otlp_url): the checker's, and webhooks'.
#pragma once

#include "core/tools/span_log.hpp"
#include "webhooks/poster.hpp"

#include <string>
#include <utility>

namespace hongyan {

/// Its receiver is told whose trace it is a part of.
inline span_begun begin_post(const span_begun& under, webhooks::post& what) {
  const auto begun = begun_under(under);
  what.headers.emplace_back("traceparent", traceparent(begun.own));
  return begun;
}

inline void end_post(span_log& spans, const span_begun& begun, std::string name,
                     const webhooks::posted& answer) {
  spans.end(begun, std::move(name), trace_span::kind::client,
            {{"http.response.status_code", std::int64_t{answer.status.value_or(0)}}},
            !answer.trouble.empty());
}

} // namespace hongyan
