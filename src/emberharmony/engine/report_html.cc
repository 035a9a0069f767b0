#include "emberharmony/engine/report_html.h"

#include "emberharmony/engine/runs.h"

namespace emberharmony::engine {

std::string ReportHtml(const RunReport& report) {
  return "<!doctype html><pre>" + report.ToJson() + "</pre>\n";
}

}  // namespace emberharmony::engine
