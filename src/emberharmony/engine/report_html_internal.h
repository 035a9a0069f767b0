#pragma once

#include <string>
#include <string_view>

#include "emberharmony/engine/report_columns_internal.h"

namespace emberharmony::engine::internal {

/// ReportHtml for columns that have been collected already.
std::string RenderReport(const RunReport& report, const ReportColumns& columns);

/// The page's style sheet.
std::string_view ReportStyle();

}  // namespace emberharmony::engine::internal
