#include "emberharmony/backend/backend_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emberharmony/backend/cost_table.h"

namespace emberharmony::backend {
namespace {

using tensor::DType;

/// Dtypes to ask about, the usual ones first: the reason for the first is told.
constexpr std::array<DType, tensor::kNumDTypes> kAsked = {
    DType::kFloat64, DType::kFloat32,   DType::kInt64, DType::kBool,  DType::kComplex128,
    DType::kInt32,   DType::kComplex64, DType::kInt8,  DType::kInt16, DType::kUInt8,
    DType::kUInt16,  DType::kUInt32,    DType::kUInt64};

/// Whether the backend computes it for one dtype at least; else the reason for the first that the
/// operation takes.
bool ComputesSome(const Backend& backend, Op op, std::string* reason) {
  const tensor::Device device = backend.devices().front();
  for (const DType dtype : kAsked) {
    if (!Allows(InfoOf(op).inputs, dtype)) continue;
    const std::vector<DType> dtypes = UsualDTypes(op, dtype);
    const OpQuery query{op, dtypes, -1, device};
    if (backend.Supports(query)) return true;
    if (reason->empty()) *reason = backend.WhyNot(query);
  }
  return false;
}

BackendReport DescribeBackend(const Backend& backend) {
  BackendReport report;
  report.name = backend.name();
  report.is_there = true;
  report.is_chosen = &backend == &CurrentBackend();
  report.version = backend.version();
  report.framework = backend.framework();
  for (const tensor::Device device : backend.devices()) {
    report.devices.push_back(tensor::DeviceName(device));
  }
  for (int i = 0; i < kNumOps; ++i) {
    const Op op = static_cast<Op>(i);
    std::string reason;
    if (ComputesSome(backend, op, &reason)) {
      ++report.num_ops;
    } else {
      report.native_ops.push_back({std::string(InfoOf(op).name), std::move(reason)});
    }
  }
  return report;
}

}  // namespace

std::vector<BackendReport> DescribeBackends(bool load) {
  if (load) {
    for (const std::string& name : KnownPlugins()) static_cast<void>(LoadBackend(name));
  }
  std::vector<BackendReport> reports;
  for (const std::string& name : BackendNames())
    reports.push_back(DescribeBackend(*FindBackend(name)));
  for (const PluginReport& plugin : PluginReports()) {
    auto found = std::find_if(reports.begin(), reports.end(), [&](const BackendReport& report) {
      return report.name == plugin.name;
    });
    if (found == reports.end()) {
      found = reports.insert(reports.end(), BackendReport{});
      found->name = plugin.name;
    }
    if (plugin.backend != nullptr) found->path = plugin.backend->path();
    found->attempts = plugin.attempts;
  }
  return reports;
}

OpChoice ExplainChoice(Op op, DType dtype, int rank) {
  if (!Allows(InfoOf(op).inputs, dtype)) {
    throw tensor::DTypeError(
        fmt::format("{} takes no {}", InfoOf(op).name, tensor::DTypeName(dtype)));
  }
  const std::vector<DType> dtypes = UsualDTypes(op, dtype);
  const OpQuery query{op, dtypes, rank};
  const Backend& current = CurrentBackend();
  if (current.Supports(query)) return {std::string(current.name()), ""};
  return {std::string(Native().name()), current.WhyNot(query)};
}

}  // namespace emberharmony::backend
