// Which operations run on MLX, and why the others do not.
#include <cstddef>

#include "backends/mlx/mlx_call.h"

namespace emberharmony::mlx_backend {
namespace {

constexpr const char* kIntegerDivision = "MLX divides integers by zero without looking";
constexpr const char* kSigns = "the signs of vectors are the library's choice, and not MLX's";
constexpr const char* kNone = "MLX has no such operation";
constexpr const char* kRandom =
    "random numbers are the library's, with the same bits on every backend";

/// Operations that MLX lacks, or has with other results.
constexpr plugin::Reason kReasons[] = {
    {EMBER_OP_kFloorDivide, kIntegerDivision},
    {EMBER_OP_kRemainder, kIntegerDivision},
    {EMBER_OP_kLogAddExp, "MLX's logaddexp loses digits where the result is near 0"},
    {EMBER_OP_kErf, "MLX's erf loses digits, and the sign of zero"},
    {EMBER_OP_kHypot, kNone},
    {EMBER_OP_kCopySign, kNone},
    {EMBER_OP_kNextAfter, kNone},
    {EMBER_OP_kCountOnes, kNone},
    {EMBER_OP_kTopK, "MLX leaves open which of equal elements it chooses"},
    {EMBER_OP_kScatter, "MLX leaves open which of two updates of a place is the last"},
    {EMBER_OP_kCholesky, "MLX does not tell that a matrix is not positive definite"},
    {EMBER_OP_kSlogDet, "operations with several results"},
    {EMBER_OP_kSolve, "MLX solves by inverting triangles, which loses digits"},
    {EMBER_OP_kEigh, kSigns},
    {EMBER_OP_kEig, kSigns},
    {EMBER_OP_kEigvals, "the order of the values is the library's choice"},
    {EMBER_OP_kQr, kSigns},
    {EMBER_OP_kSvd, kSigns},
    {EMBER_OP_kLstsq, kNone},
    {EMBER_OP_kRandomBits, kRandom},
    {EMBER_OP_kRandomUniform, kRandom},
    {EMBER_OP_kRandomNormal, kRandom},
    {EMBER_OP_kRandomExponential, kRandom},
};

/// Why a conversion is not MLX's; null if it is. C++ leaves open what becomes of numbers that an
/// integer dtype does not hold, and MLX leaves it to C++.
const char* WhyNotConvert(int from, int to) {
  if (to == EMBER_COMPLEX128) return "MLX has no complex128";
  const bool from_floating = (Bit(from) & (kFloats | kComplexes)) != 0;
  const bool to_integer = (Bit(to) & kInts) != 0;
  if (from_floating && to_integer) {
    return "what becomes of floating-point numbers beyond an integer dtype is the machine's choice "
           "in MLX";
  }
  if ((Bit(from) & kComplexes) != 0 && (Bit(to) & kComplexes) == 0) {
    return "the library does not drop imaginary parts";
  }
  return nullptr;
}

}  // namespace

const MlxOp* FindOp(uint32_t op) {
  static const auto index =
      plugin::IndexOf<MlxOp>({ElementwiseOps(), ReductionOps(), OrderOps(), MatrixOps()});
  return op < index.size() ? index[op] : nullptr;
}

const char* WhyNot(const EmberQuery& query) {
  const MlxOp* const op = FindOp(query.op);
  if (op == nullptr) return plugin::ReasonOf(query.op, kReasons);
  const int dtype = query.num_dtypes > 0 ? query.dtypes[0] : int{EMBER_FLOAT64};
  if (dtype == EMBER_COMPLEX128) return "MLX has no complex128";
  if ((op->dtypes & Bit(dtype)) == 0) {
    return op->why_not != nullptr ? op->why_not : "MLX does not compute this dtype as the library";
  }
  if (query.op == EMBER_OP_kAstype && query.num_dtypes > 1) {
    return WhyNotConvert(dtype, query.dtypes[1]);
  }
  return nullptr;
}

}  // namespace emberharmony::mlx_backend
