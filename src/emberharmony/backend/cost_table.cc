#include "emberharmony/backend/cost_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"

namespace emberharmony::backend {
namespace {

constexpr int kCostTableVersion = 1;
/// An hour: what is beyond was not measured.
constexpr double kCostNanosecondsMax = 3.6e12;
constexpr size_t kCostCandidatesMax = 64;

arrow::Status NoCostTable(const std::string& what) {
  return base::DataError("no measurements of this library: " + what);
}

bool IsCost(const nlohmann::json& value) {
  if (!value.is_number()) return false;
  const double number = value.get<double>();
  return std::isfinite(number) && number >= 0 && number < kCostNanosecondsMax;
}

arrow::Result<CopyCost> CopyCostOf(const nlohmann::json& value) {
  if (!value.is_array() || value.size() != 2 || !IsCost(value[0]) || !IsCost(value[1])) {
    return NoCostTable("the cost of a copy is not two numbers");
  }
  return CopyCost{value[0].get<double>(), value[1].get<double>()};
}

arrow::Status ReadCurves(const nlohmann::json& curves, CostCandidate* candidate) {
  if (!curves.is_object()) return NoCostTable("'curves' is not an object");
  for (const auto& [name, by_dtype] : curves.items()) {
    const std::optional<Op> op = ParseOp(name);
    if (!op || !by_dtype.is_object()) return NoCostTable("an operation that there is not");
    for (int d = 0; d < kNumCostDTypes; ++d) {
      const auto found = by_dtype.find(std::string(tensor::DTypeName(kCostDTypes[d])));
      if (found == by_dtype.end()) continue;
      CostCurve& curve = candidate->curves[static_cast<size_t>(*op)][d];
      const bool fits = found->is_array() && found->size() == kCostPoints &&
                        std::all_of(found->begin(), found->end(), IsCost);
      if (!fits) return NoCostTable("a curve is not " + std::to_string(kCostPoints) + " numbers");
      for (int i = 0; i < kCostPoints; ++i) curve.nanoseconds[i] = (*found)[i].get<float>();
    }
  }
  return arrow::Status::OK();
}

arrow::Result<CostCandidate> CandidateOf(const nlohmann::json& json) {
  CostCandidate candidate;
  for (const char* key : {"backend", "kind", "index", "to_device", "from_device", "curves"}) {
    if (!json.is_object() || !json.contains(key)) {
      return NoCostTable(fmt::format("a backend without '{}'", key));
    }
  }
  const bool is_named = json["backend"].is_string() && json["kind"].is_number_integer() &&
                        json["index"].is_number_integer();
  if (!is_named) return NoCostTable("a backend without a name and a device");
  candidate.backend = json["backend"].get<std::string>();
  candidate.device = {static_cast<tensor::DeviceKind>(json["kind"].get<int32_t>()),
                      json["index"].get<int32_t>()};
  ARROW_ASSIGN_OR_RAISE(candidate.to_device, CopyCostOf(json["to_device"]));
  ARROW_ASSIGN_OR_RAISE(candidate.from_device, CopyCostOf(json["from_device"]));
  ARROW_RETURN_NOT_OK(ReadCurves(json["curves"], &candidate));
  return candidate;
}

nlohmann::json CurvesJson(const CostCandidate& candidate) {
  nlohmann::json curves = nlohmann::json::object();
  for (int i = 0; i < kNumOps; ++i) {
    for (int d = 0; d < kNumCostDTypes; ++d) {
      const CostCurve& curve = candidate.curves[static_cast<size_t>(i)][d];
      if (!curve.is_known()) continue;
      const std::string name(InfoOf(static_cast<Op>(i)).name);
      curves[name][std::string(tensor::DTypeName(kCostDTypes[d]))] = curve.nanoseconds;
    }
  }
  return curves;
}

}  // namespace

double WorkOf(Op op, Tensors inputs, const tensor::Shape& shape) {
  const auto num_results = static_cast<double>(shape.num_elements());
  if (inputs.empty() || IsElementwise(op)) return num_results;
  if (op == Op::kMatmul) {
    const tensor::Shape& left = inputs[0]->shape();
    return num_results * static_cast<double>(left.rank() > 0 ? left[left.rank() - 1] : 1);
  }
  return std::max(num_results, static_cast<double>(inputs[0]->size()));
}

const std::array<double, kCostPoints>& CostPointsOf(Op op) {
  static constexpr std::array<double, kCostPoints> kElements = {16, 8192, 131072};
  // Products of square matrices of 4, 48 and 256 rows.
  static constexpr std::array<double, kCostPoints> kProducts = {64, 110592, 16777216};
  return op == Op::kMatmul ? kProducts : kElements;
}

double CostCurve::At(double work, const std::array<double, kCostPoints>& points) const {
  if (work <= points[0]) return nanoseconds[0];
  int i = 1;
  while (i + 1 < kCostPoints && work > points[i]) ++i;
  double slope = (nanoseconds[i] - nanoseconds[i - 1]) / (points[i] - points[i - 1]);
  // A measurement that was disturbed must not make more work cheaper.
  if (work > points[i]) slope = std::max(slope, 0.5 * nanoseconds[i] / points[i]);
  return nanoseconds[i] + slope * (work - points[i]);
}

std::optional<int> CostDType(tensor::DType dtype) {
  for (int d = 0; d < kNumCostDTypes; ++d) {
    if (kCostDTypes[d] == dtype) return d;
  }
  return std::nullopt;
}

std::string CostTable::ToJson() const {
  nlohmann::json json = {{"version", kCostTableVersion}, {"machine", machine}};
  json["candidates"] = nlohmann::json::array();
  for (const CostCandidate& candidate : candidates) {
    json["candidates"].push_back(
        {{"backend", candidate.backend},
         {"kind", static_cast<int32_t>(candidate.device.kind)},
         {"index", candidate.device.index},
         {"to_device", {candidate.to_device.call_ns, candidate.to_device.byte_ns}},
         {"from_device", {candidate.from_device.call_ns, candidate.from_device.byte_ns}},
         {"curves", CurvesJson(candidate)}});
  }
  return base::CanonicalJson(json);
}

arrow::Result<CostTable> CostTable::Parse(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("version") || !json.contains("machine") ||
      !json.contains("candidates")) {
    return NoCostTable("not an object with 'version', 'machine' and 'candidates'");
  }
  if (json["version"] != kCostTableVersion) return NoCostTable("of another version");
  const nlohmann::json& candidates = json["candidates"];
  if (!candidates.is_array() || candidates.empty() || candidates.size() > kCostCandidatesMax) {
    return NoCostTable("'candidates' is not a list of backends");
  }
  CostTable table;
  table.machine = json["machine"];
  for (const nlohmann::json& each : candidates) {
    ARROW_ASSIGN_OR_RAISE(CostCandidate candidate, CandidateOf(each));
    table.candidates.push_back(std::move(candidate));
  }
  if (table.candidates[0].backend != "native")
    return NoCostTable("the native backend is not first");
  return table;
}

}  // namespace emberharmony::backend
