#pragma once

#include <arrow/result.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/backend/backend.h"

/// What operations cost on a machine, as far as it was measured.
namespace emberharmony::backend {

/// The operation whose measurements are those of `op` as well: of operations that do the same to
/// memory, and as little else, one is measured.
Op MeasuredAs(Op op);
/// Whether it is measured at all, under its own name or another's.
bool IsMeasured(Op op);

/// How much work a call is, in units of the operation: elements of the result of an elementwise
/// one and of what picks elements, products of a matrix product and, about, of a decomposition,
/// else elements of the input, or of the result where that has more.
double WorkOf(Op op, Tensors inputs, const tensor::Shape& shape);
/// The same of a call of which one shape is known: of the result, or of what is taken apart or
/// multiplied, which then is square.
double WorkOf(Op op, const tensor::Shape& shape);

/// At how many points of work an operation is measured.
inline constexpr int kCostPoints = 4;
/// Those points, ascending: few elements (what a call costs at least), a cache full, as many as one
/// thread is left alone with, more.
const std::array<double, kCostPoints>& CostPointsOf(Op op);

/// Nanoseconds of a call at each of the points; 0 where it was not measured.
struct CostCurve {
  std::array<float, kCostPoints> nanoseconds{};  ///< the least that was seen
  std::array<float, kCostPoints> again{};  ///< the least of the others; 0: it was seen only once

  bool is_known() const { return nanoseconds[0] > 0; }
  /// Whether at each point another measurement came near the least one: then nothing that disturbs
  /// is in it.
  bool is_settled() const;
  /// Keeps the two least of both.
  void Merge(const CostCurve& other);
  /// Straight lines between the points, level ahead of the first, and behind the last as steep as
  /// between the last two.
  double At(double work, const std::array<double, kCostPoints>& points) const;
};

/// What a copy costs: so much for the call, and for each byte.
struct CopyCost {
  double call_ns = 0;
  double byte_ns = 0;
};

/// Which of an operation's curves a call is of whose first input has this dtype (of a Fourier
/// transform's complex numbers that of their parts). The dtypes that are not measured are computed
/// natively.
std::optional<int> CostDType(Op op, tensor::DType dtype);
/// The dtypes of a query about a call whose first input has this dtype; of those that may have
/// several, the usual ones.
std::vector<tensor::DType> UsualDTypes(Op op, tensor::DType dtype);
inline constexpr tensor::DType kCostDTypes[] = {tensor::DType::kFloat64, tensor::DType::kFloat32};
inline constexpr int kNumCostDTypes = 2;

/// A backend on one of its devices.
struct CostCandidate {
  std::string backend;
  tensor::Device device;
  std::array<std::array<CostCurve, kNumCostDTypes>, kNumOps> curves{};  ///< of MeasuredAs
  CopyCost to_device;    ///< of a device other than the CPU
  CopyCost from_device;  ///< the same
};

/// What was measured on one machine. Plain data.
struct CostTable {
  /// What has to be equal for it to hold: processor, cores, versions (MachineKey).
  nlohmann::json machine;
  /// Native first.
  std::vector<CostCandidate> candidates;
  int num_calibrations = 1;  ///< that have found it
  /// How many of the curves that there are to measure are settled, from 0 to 1.
  double settled = 1;

  const CostCurve& CurveOf(size_t candidate, Op op, int dtype) const {
    return candidates[candidate]
        .curves[static_cast<size_t>(MeasuredAs(op))][static_cast<size_t>(dtype)];
  }
  std::string ToJson() const;
  /// DataError for what is no such document: it may come from anywhere.
  static arrow::Result<CostTable> Parse(const std::string& text);
};

}  // namespace emberharmony::backend
