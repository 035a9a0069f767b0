#pragma once

#include <string>

namespace emberharmony::engine {

struct RunReport;

/// The report of an extract or transform as one self-contained HTML page, readable on paper, phones
/// and in the dark. Nothing is loaded from elsewhere and only the page's own scripts run (a content
/// security policy in the page forbids all else); they draw its charts, and without them plainer
/// ones stay. Its size is bounded, whatever the number of columns, shards and categories. Text from
/// data is escaped and cannot become markup: tables may come from strangers.
std::string ReportHtml(const RunReport& report);

}  // namespace emberharmony::engine
