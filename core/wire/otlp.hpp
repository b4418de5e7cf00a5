/// Spans as OTLP/HTTP has them in JSON (opentelemetry-proto 1.x, ExportTraceServiceRequest). Pure.
#pragma once

#include "core/tools/span_log.hpp"

#include <span>
#include <string>
#include <string_view>

namespace hongyan {

/// The body of one POST. `node` is service.instance.id.
std::string encode_spans(std::span<const trace_span> some, std::string_view node, std::string_view version);

} // namespace hongyan
