// Which operations run on PyTorch, and why the others do not.
#include <cstddef>

#include "backends/torch/torch_call.h"

namespace emberharmony::torch_backend {
namespace {

constexpr const char* kSlices = "PyTorch's result depends on where in memory an element lies";
constexpr const char* kSigns = "the signs of vectors are the library's choice, and not PyTorch's";
constexpr const char* kRandom =
    "random numbers are the library's, with the same bits on every backend";

/// Operations that PyTorch has, but with other results.
constexpr plugin::Reason kReasons[] = {
    {EMBER_OP_kFloorDivide, "PyTorch's quotient of an infinity and a small number is NaN"},
    {EMBER_OP_kRemainder, "PyTorch's remainders of 0 have another sign"},
    {EMBER_OP_kPow, kSlices},
    {EMBER_OP_kSqrt, "PyTorch's square roots are not correctly rounded"},
    {EMBER_OP_kSinh, "PyTorch's sinh overflows early"},
    {EMBER_OP_kCosh, "PyTorch's cosh overflows early"},
    {EMBER_OP_kAcosh, kSlices},
    {EMBER_OP_kAtanh, kSlices},
    {EMBER_OP_kErf, kSlices},
    {EMBER_OP_kAtan2, kSlices},
    {EMBER_OP_kHypot, kSlices},
    {EMBER_OP_kLogAddExp, "PyTorch's logaddexp loses digits where the result is near 0"},
    {EMBER_OP_kCountOnes, "PyTorch has no such operation"},
    {EMBER_OP_kTopK, "PyTorch leaves open which of equal elements it chooses"},
    {EMBER_OP_kScatter, "PyTorch scatters to a place twice in an order that it does not state"},
    {EMBER_OP_kEigh, kSigns},
    {EMBER_OP_kEig, kSigns},
    {EMBER_OP_kEigvals, "the order of the values is the library's choice"},
    {EMBER_OP_kQr, kSigns},
    {EMBER_OP_kSvd, kSigns},
    {EMBER_OP_kLstsq, "ranks, tolerances and residuals are the library's"},
    {EMBER_OP_kRandomBits, kRandom},
    {EMBER_OP_kRandomUniform, kRandom},
    {EMBER_OP_kRandomNormal, kRandom},
    {EMBER_OP_kRandomExponential, kRandom},
};

/// Why a conversion is not PyTorch's; null if it is. C++ leaves open what becomes of numbers that
/// an integer dtype does not hold, and PyTorch leaves it to C++.
const char* WhyNotConvert(int from, int to) {
  const bool from_floating = (Bit(from) & (kFloats | kComplexes)) != 0;
  const bool to_integer = (Bit(to) & (kInts | kWideUnsigned)) != 0;
  if (from_floating && to_integer) {
    return "what becomes of floating-point numbers beyond an integer dtype is the machine's choice "
           "in PyTorch";
  }
  if ((Bit(from) & kComplexes) != 0 && (Bit(to) & kComplexes) == 0) {
    return "the library does not drop imaginary parts";
  }
  return nullptr;
}

}  // namespace

const TorchOp* FindOp(uint32_t op) {
  static const auto index =
      plugin::IndexOf<TorchOp>({ElementwiseOps(), ReductionOps(), OrderOps(), MatrixOps()});
  return op < index.size() ? index[op] : nullptr;
}

const char* WhyNot(const EmberQuery& query) {
  const TorchOp* const op = FindOp(query.op);
  if (op == nullptr) return plugin::ReasonOf(query.op, kReasons);
  const int dtype = query.num_dtypes > 0 ? query.dtypes[0] : int{EMBER_FLOAT64};
  if ((op->all_dtypes() & Bit(dtype)) == 0) {
    if (op->why_not != nullptr) return op->why_not;
    return (Bit(dtype) & kWideUnsigned) != 0 ? "PyTorch computes little of wide unsigned integers"
                                             : "PyTorch does not compute this dtype as the library";
  }
  if (query.op == EMBER_OP_kAstype && query.num_dtypes > 1) {
    return WhyNotConvert(dtype, query.dtypes[1]);
  }
  return nullptr;
}

}  // namespace emberharmony::torch_backend
