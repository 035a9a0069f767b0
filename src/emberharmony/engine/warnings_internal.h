#pragma once

#include <string>
#include <vector>

#include "emberharmony/engine/report_columns_internal.h"

namespace emberharmony::engine::internal {

/// DeriveWarnings for columns that have been collected already.
std::vector<std::string> WarningsOf(const RunReport& report, const ReportColumns& columns);

}  // namespace emberharmony::engine::internal
