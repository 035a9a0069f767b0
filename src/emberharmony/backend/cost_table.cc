#include "emberharmony/backend/cost_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"

namespace emberharmony::backend {
namespace {

constexpr int kCostTableVersion = 3;
/// An hour: what is beyond was not measured.
constexpr double kCostNanosecondsMax = 3.6e12;
constexpr size_t kCostCandidatesMax = 64;
constexpr int kCalibrationsCountedMax = 1'000'000;
/// How far apart two measurements of the same may be.
constexpr float kSettledRatio = 1.1f;

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
      const bool fits = found->is_array() &&
                        (found->size() == kCostPoints || found->size() == 2 * kCostPoints) &&
                        std::all_of(found->begin(), found->end(), IsCost);
      if (!fits) return NoCostTable("a curve is not " + std::to_string(kCostPoints) + " numbers");
      for (size_t i = 0; i < kCostPoints; ++i) {
        curve.nanoseconds[i] = (*found)[i].get<float>();
        if (found->size() > kCostPoints) curve.again[i] = (*found)[kCostPoints + i].get<float>();
      }
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
      nlohmann::json& numbers = curves[name][std::string(tensor::DTypeName(kCostDTypes[d]))];
      numbers = curve.nanoseconds;
      for (const float each : curve.again) numbers.push_back(each);
    }
  }
  return curves;
}

}  // namespace

Op MeasuredAs(Op op) {
  switch (op) {
    case Op::kSubtract:
    case Op::kMultiply:
      return Op::kAdd;
    case Op::kMinimum:
      return Op::kMaximum;
    case Op::kAbs:
    case Op::kSquare:
      return Op::kNegative;
    case Op::kCeil:
    case Op::kTrunc:
    case Op::kRound:
      return Op::kFloor;
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
    case Op::kEqual:
    case Op::kNotEqual:
      return Op::kLess;
    case Op::kCos:
      return Op::kSin;
    case Op::kMin:
      return Op::kMax;
    case Op::kArgMin:
      return Op::kArgMax;
    case Op::kSlogDet:
      return Op::kDet;
    default:
      return op;
  }
}

bool IsMeasured(Op op) {
  if (op == Op::kCopy || op == Op::kAstype) return false;
  if (IsElementwise(op)) return true;
  switch (op) {
    case Op::kSum:
    case Op::kProd:
    case Op::kMean:
    case Op::kVar:
    case Op::kMin:
    case Op::kMax:
    case Op::kCumulativeSum:
    case Op::kCumulativeProd:
    case Op::kSort:
    case Op::kArgSort:
    case Op::kArgMax:
    case Op::kArgMin:
    case Op::kTake:
    case Op::kTakeAlongAxis:
    case Op::kMatmul:
    case Op::kCholesky:
    case Op::kDet:
    case Op::kSlogDet:
    case Op::kEigvalsh:
    case Op::kInv:
    case Op::kSolve:
    case Op::kSvdvals:
    case Op::kFft:
    case Op::kRfft:
    case Op::kIrfft:
      return true;
    default:
      return false;
  }
}

namespace {

bool IsOfMatrices(Op op) { return op >= Op::kCholesky && op <= Op::kLstsq; }

/// What is done to the matrices of a shape, where that is about the shorter side for each element.
double MatrixWork(const tensor::Shape& shape) {
  const auto num_elements = static_cast<double>(shape.num_elements());
  if (shape.rank() < 2) return num_elements;
  return num_elements *
         static_cast<double>(std::min(shape[shape.rank() - 1], shape[shape.rank() - 2]));
}

}  // namespace

double WorkOf(Op op, Tensors inputs, const tensor::Shape& shape) {
  const auto num_results = static_cast<double>(shape.num_elements());
  if (inputs.empty() || IsElementwise(op)) return num_results;
  const tensor::Shape& first = inputs[0]->shape();
  if (op == Op::kMatmul) {
    return num_results * static_cast<double>(first.rank() > 0 ? first[first.rank() - 1] : 1);
  }
  if (op == Op::kTake || op == Op::kTakeAlongAxis || op == Op::kSearchSorted) return num_results;
  if (IsOfMatrices(op)) return MatrixWork(first);
  return std::max(num_results, static_cast<double>(inputs[0]->size()));
}

double WorkOf(Op op, const tensor::Shape& shape) {
  if (op == Op::kMatmul || IsOfMatrices(op)) return MatrixWork(shape);
  return static_cast<double>(shape.num_elements());
}

const std::array<double, kCostPoints>& CostPointsOf(Op op) {
  static constexpr std::array<double, kCostPoints> kElements = {16, 8192, 32768, 131072};
  // Products of square matrices of 4, 32, 96 and 256 rows.
  static constexpr std::array<double, kCostPoints> kProducts = {64, 32768, 884736, 16777216};
  // Square matrices of 4, 24, 48 and 96 rows.
  static constexpr std::array<double, kCostPoints> kMatrices = {64, 13824, 110592, 884736};
  if (IsOfMatrices(op)) return kMatrices;
  return op == Op::kMatmul ? kProducts : kElements;
}

bool CostCurve::is_settled() const {
  for (size_t i = 0; i < kCostPoints; ++i) {
    if (nanoseconds[i] <= 0 || again[i] <= 0 || again[i] > kSettledRatio * nanoseconds[i]) {
      return false;
    }
  }
  return true;
}

void CostCurve::Merge(const CostCurve& other) {
  if (!other.is_known()) return;
  for (size_t i = 0; i < kCostPoints; ++i) {
    for (const float each : {other.nanoseconds[i], other.again[i]}) {
      if (each <= 0) continue;
      if (nanoseconds[i] <= 0 || each < nanoseconds[i]) {
        again[i] = nanoseconds[i];
        nanoseconds[i] = each;
      } else if (again[i] <= 0 || each < again[i]) {
        again[i] = each;
      }
    }
  }
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

std::optional<int> CostDType(Op op, tensor::DType dtype) {
  if (op == Op::kFft || op == Op::kIrfft) dtype = tensor::RealPartOf(dtype);
  for (int d = 0; d < kNumCostDTypes; ++d) {
    if (kCostDTypes[d] == dtype) return d;
  }
  return std::nullopt;
}

std::vector<tensor::DType> UsualDTypes(Op op, tensor::DType dtype) {
  switch (op) {
    case Op::kAstype:
    case Op::kSearchSorted:
    case Op::kMatmul:
    case Op::kSolve:
    case Op::kLstsq:
      return {dtype, dtype};
    case Op::kTake:
    case Op::kTakeAlongAxis:
      return {dtype, tensor::DType::kInt64};
    case Op::kScatter:
      return {dtype, tensor::DType::kInt64, dtype};
    case Op::kRfft:
      return {dtype, tensor::ComplexOf(dtype)};
    case Op::kIrfft:
      return {dtype, tensor::RealPartOf(dtype)};
    default:
      return {dtype};
  }
}

std::string CostTable::ToJson() const {
  nlohmann::json json = {{"version", kCostTableVersion},
                         {"machine", machine},
                         {"calibrations", num_calibrations},
                         {"settled", settled}};
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
  if (const auto found = json.find("calibrations"); found != json.end()) {
    if (!IsCost(*found) || found->get<double>() > kCalibrationsCountedMax) {
      return NoCostTable("'calibrations' is not a number of them");
    }
    table.num_calibrations = found->get<int>();
  }
  if (const auto found = json.find("settled"); found != json.end()) {
    if (!IsCost(*found) || found->get<double>() > 1) return NoCostTable("'settled' is no share");
    table.settled = found->get<double>();
  }
  for (const nlohmann::json& each : candidates) {
    ARROW_ASSIGN_OR_RAISE(CostCandidate candidate, CandidateOf(each));
    table.candidates.push_back(std::move(candidate));
  }
  if (table.candidates[0].backend != "native")
    return NoCostTable("the native backend is not first");
  return table;
}

}  // namespace emberharmony::backend
