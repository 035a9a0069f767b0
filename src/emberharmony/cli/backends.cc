#include "emberharmony/cli/backends.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "emberharmony/backend/automatic_choice.h"
#include "emberharmony/backend/backend_report.h"
#include "emberharmony/base/printable_text.h"
#include "emberharmony/cli/text_table.h"

namespace emberharmony::cli {
namespace {

using backend::BackendReport;

std::string BackendState(const BackendReport& report) {
  if (!report.is_there) return "not usable";
  return report.is_chosen ? "chosen" : "there";
}

nlohmann::json BackendJson(const BackendReport& report) {
  nlohmann::json native_ops = nlohmann::json::object();
  for (const backend::NativeOp& each : report.native_ops) native_ops[each.op] = each.reason;
  nlohmann::json attempts = nlohmann::json::array();
  for (const backend::PluginAttempt& each : report.attempts) {
    attempts.push_back({{"path", each.path}, {"fault", each.fault}, {"remedy", each.remedy}});
  }
  return {{"name", report.name},           {"is_there", report.is_there},
          {"is_chosen", report.is_chosen}, {"version", report.version},
          {"framework", report.framework}, {"path", report.path},
          {"devices", report.devices},     {"num_ops", report.num_ops},
          {"native_ops", native_ops},      {"attempts", attempts}};
}

/// The operations left to the native backend, those with one reason together.
std::string NativeOps(const BackendReport& report) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const backend::NativeOp& each : report.native_ops) by_reason[each.reason].push_back(each.op);
  std::string text;
  for (const auto& [reason, ops] : by_reason) {
    text += fmt::format("    natively: {} ({})\n", fmt::join(ops, ", "), reason);
  }
  return text;
}

std::string BackendDetails(const BackendReport& report, bool verbose) {
  std::string text;
  for (const backend::PluginAttempt& each : report.attempts) {
    if (each.fault.empty()) {
      if (verbose) text += fmt::format("    loaded {}\n", each.path);
      continue;
    }
    if (report.is_there && !verbose) continue;
    text += fmt::format("    tried {}: {}\n", each.path, each.fault);
    if (verbose) text += fmt::format("      what would help: {}\n", each.remedy);
  }
  if (verbose && report.is_there) text += NativeOps(report);
  return text.empty() ? text : fmt::format("\n{}:\n{}", report.name, text);
}

}  // namespace

void AddBackendsCommand(CLI::App* app, BackendsOptions* options) {
  CLI::App* backends = app->add_subcommand(
      "backends", "Who can compute here, who is chosen, and why not the others");
  backends->add_flag("--verbose", options->verbose,
                     "Also each path that was tried with what would help, and what is left to the "
                     "native backend");
  backends->add_flag("--json", options->json, "Print JSON, which has everything");
  backends->footer("Example:\n  ember backends --verbose");
}

std::string DescribeAllBackends(const BackendsOptions& options) {
  const std::vector<BackendReport> reports = backend::DescribeBackends(/*load=*/true);
  if (options.json) {
    nlohmann::json document = nlohmann::json::array();
    for (const BackendReport& report : reports) document.push_back(BackendJson(report));
    // Paths are bytes; what is no UTF-8 in them is replaced.
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  std::vector<TableRow> rows = {{"backend", "state", "on", "devices", "operations"}};
  std::string details;
  for (const BackendReport& report : reports) {
    const std::string ops = fmt::format("{} of {}", report.num_ops, backend::kNumOps);
    rows.push_back({report.name, BackendState(report), base::PrintableText(report.framework),
                    fmt::format("{}", fmt::join(report.devices, ", ")),
                    report.is_there ? ops : ""});
    details += BackendDetails(report, options.verbose);
  }
  if (options.verbose) {
    details += fmt::format("\nwhere no backend is named, ops chooses {}\n",
                           backend::DescribeAutomaticChoice());
  } else if (const std::string fault = backend::CalibrationFault(); !fault.empty()) {
    details += "\nwarning: " + fault + "\n";
  }
  return AlignedTable(rows, 4) + base::PrintableText(details);
}

}  // namespace emberharmony::cli
