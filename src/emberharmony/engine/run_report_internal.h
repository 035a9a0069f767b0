#pragma once

#include <arrow/status.h>

#include <chrono>
#include <string>

#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/runs.h"

/// How a run's report comes about.
namespace emberharmony::engine::internal {

/// The run's time, from when this is made.
class Stopwatch {
 public:
  Stopwatch() : begin_(std::chrono::steady_clock::now()) {}
  void Read(RunReport* report) const;

 private:
  std::chrono::steady_clock::time_point begin_;
};

/// What is known before the run does its work.
RunReport BeginReport(const std::string& command, const SourceRequest& request,
                      const RequestedSource& requested, const std::string& output,
                      const RunContext& context);

/// What is known when it is done: time, memory, and what to look at before trusting the output.
void FinishReport(const Stopwatch& stopwatch, RunContext* context, RunReport* report);

/// run_report.json and report.html.
arrow::Status WriteReports(const RunReport& report, const std::string& folder);

}  // namespace emberharmony::engine::internal
