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

/// How much work a call is, in units of the operation: elements of the result of an elementwise
/// one, products of a matrix product, else elements of the input, or of the result where that has
/// more.
double WorkOf(Op op, Tensors inputs, const tensor::Shape& shape);

/// At how many points of work an operation is measured.
inline constexpr int kCostPoints = 3;
/// Those points, ascending: few elements (what a call costs at least), a cache full, more.
const std::array<double, kCostPoints>& CostPointsOf(Op op);

/// Nanoseconds of a call at each of the points; 0 where it was not measured.
struct CostCurve {
  std::array<float, kCostPoints> nanoseconds{};

  bool is_known() const { return nanoseconds[0] > 0; }
  /// Straight lines between the points, level ahead of the first, and behind the last as steep as
  /// between the last two.
  double At(double work, const std::array<double, kCostPoints>& points) const;
};

/// What a copy costs: so much for the call, and for each byte.
struct CopyCost {
  double call_ns = 0;
  double byte_ns = 0;
};

/// The dtypes that are measured; others are computed natively.
std::optional<int> CostDType(tensor::DType dtype);
inline constexpr tensor::DType kCostDTypes[] = {tensor::DType::kFloat64, tensor::DType::kFloat32};
inline constexpr int kNumCostDTypes = 2;

/// A backend on one of its devices.
struct CostCandidate {
  std::string backend;
  tensor::Device device;
  std::array<std::array<CostCurve, kNumCostDTypes>, kNumOps> curves{};
  CopyCost to_device;    ///< of a device other than the CPU
  CopyCost from_device;  ///< the same
};

/// What was measured on one machine. Plain data.
struct CostTable {
  /// What has to be equal for it to hold: processor, cores, versions (MachineKey).
  nlohmann::json machine;
  /// Native first.
  std::vector<CostCandidate> candidates;

  std::string ToJson() const;
  /// DataError for what is no such document: it may come from anywhere.
  static arrow::Result<CostTable> Parse(const std::string& text);
};

}  // namespace emberharmony::backend
