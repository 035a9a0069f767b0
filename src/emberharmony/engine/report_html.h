#pragma once

#include <string>

namespace emberharmony::engine {

struct RunReport;

/// The report of a run as one self-contained page: no script, no network.
std::string ReportHtml(const RunReport& report);

}  // namespace emberharmony::engine
