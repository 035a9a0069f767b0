#pragma once

#include <string>

namespace emberharmony::engine {

struct RunReport;

/// The report of an extract or transform as one self-contained HTML page: no script, nothing loaded
/// from elsewhere (a content security policy in the page forbids both), readable on paper, phones
/// and in the dark. Its size is bounded, whatever the number of columns, shards and categories.
/// Text from data is escaped and cannot become markup: tables may come from strangers.
std::string ReportHtml(const RunReport& report);

}  // namespace emberharmony::engine
