#include "emberharmony/backend/calibration.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <exception>
#include <limits>
#include <utility>

#include "emberharmony/backend/device_memory.h"

namespace emberharmony::backend {
namespace {

using tensor::Device;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

using CostClock = std::chrono::steady_clock;

double NanosecondsSince(CostClock::time_point begin) {
  return std::chrono::duration<double, std::nano>(CostClock::now() - begin).count();
}

/// Measured first, since they are asked for most.
constexpr Op kMeasuredFirst[] = {
    Op::kAdd,      Op::kMatmul, Op::kMultiply, Op::kSum,          Op::kExp,    Op::kSubtract,
    Op::kDivide,   Op::kSqrt,   Op::kMean,     Op::kMax,          Op::kMin,    Op::kTanh,
    Op::kLog,      Op::kLog1p,  Op::kMaximum,  Op::kMinimum,      Op::kWhere,  Op::kClip,
    Op::kSin,      Op::kCos,    Op::kSquare,   Op::kAbs,          Op::kLess,   Op::kGreater,
    Op::kPow,      Op::kVar,    Op::kSort,     Op::kArgSort,      Op::kArgMax, Op::kArgMin,
    Op::kNegative, Op::kEqual,  Op::kIsNan,    Op::kCumulativeSum};

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
    case Op::kMatmul:
      return true;
    default:
      return false;
  }
}

std::vector<Op> MeasuredOps() {
  std::vector<Op> ops(std::begin(kMeasuredFirst), std::end(kMeasuredFirst));
  for (int i = 0; i < kNumOps; ++i) {
    const Op op = static_cast<Op>(i);
    if (IsMeasured(op) && std::find(ops.begin(), ops.end(), op) == ops.end()) ops.push_back(op);
  }
  return ops;
}

bool IsReduction(Op op) {
  return op == Op::kSum || op == Op::kProd || op == Op::kMean || op == Op::kVar || op == Op::kMin ||
         op == Op::kMax || op == Op::kArgMax || op == Op::kArgMin;
}

DType ResultDTypeOf(Op op, DType dtype) {
  switch (InfoOf(op).result) {
    case ResultDType::kBool:
      return DType::kBool;
    case ResultDType::kInt64:
      return DType::kInt64;
    default:
      return dtype;
  }
}

/// Numbers between 0.25 and 0.75, in no order: inside every function's domain but acosh's.
Tensor Numbers(const Shape& shape, DType dtype) {
  const Tensor numbers = Tensor::Empty(shape, dtype);
  uint32_t state = 1;
  for (int64_t i = 0; i < numbers.size(); ++i) {
    state = state * 1664525u + 1013904223u;
    if (dtype == DType::kBool) {
      numbers.mutable_data_as<bool>()[i] = (state >> 31) != 0;
    } else if (dtype == DType::kFloat32) {
      numbers.mutable_data_as<float>()[i] =
          0.25f + 0.5f * static_cast<float>(state >> 8) * 0x1p-24f;
    } else {
      numbers.mutable_data_as<double>()[i] = 0.25 + 0.5 * static_cast<double>(state) * 0x1p-32;
    }
  }
  return numbers;
}

/// Operands, made once for all operations: making them takes as long as computing with them.
class MeasuredOperands {
 public:
  const Tensor& Get(const Shape& shape, DType dtype, Device device, bool is_output) {
    for (const Made& made : made_) {
      if (made.tensor.shape() == shape && made.tensor.dtype() == dtype &&
          made.tensor.device() == device && made.is_output == is_output) {
        return made.tensor;
      }
    }
    const bool is_number = dtype == DType::kFloat32 || dtype == DType::kFloat64;
    const Tensor here =
        is_number || dtype == DType::kBool ? Numbers(shape, dtype) : Tensor::Empty(shape, dtype);
    if (device == tensor::kCpuDevice) {
      made_.push_back({here, is_output});
    } else {
      made_.push_back({EmptyOn(shape, dtype, device), is_output});
      CopyFromHost(here, made_.back().tensor);
    }
    return made_.back().tensor;
  }

 private:
  struct Made {
    Tensor tensor;
    bool is_output;
  };
  std::deque<Made> made_;
};

/// One call of an operation, at one of its points, on one device.
class MeasuredCall {
 public:
  MeasuredCall(Op op, DType dtype, int point, Device device, MeasuredOperands* operands) : op_(op) {
    const double work = CostPointsOf(op)[static_cast<size_t>(point)];
    Shape shape = {static_cast<int64_t>(work)};
    if (op == Op::kMatmul) {
      const auto n = static_cast<int64_t>(std::lround(std::cbrt(work)));
      shape = {n, n};
    }
    for (int i = 0; i < InfoOf(op).num_inputs; ++i) {
      const bool is_condition = op == Op::kWhere && i == 0;
      inputs_.push_back(&operands->Get(shape, is_condition ? DType::kBool : dtype, device, false));
    }
    outputs_.push_back(
        &operands->Get(IsReduction(op) ? Shape{} : shape, ResultDTypeOf(op, dtype), device, true));
    AddAttributes();
  }

  void Run(Backend& backend) const { backend.Execute(op_, inputs_, attributes_, outputs_); }

 private:
  void AddAttributes() {
    switch (op_) {
      case Op::kVar:
        attributes_.push_back(Attribute::Number(AttributeKey::kCorrection, 0));
        return;
      case Op::kCumulativeSum:
      case Op::kCumulativeProd:
        attributes_.push_back(Attribute::Integer(AttributeKey::kIncludeInitial, 0));
        break;
      case Op::kSort:
      case Op::kArgSort:
        attributes_.push_back(Attribute::Integer(AttributeKey::kDescending, 0));
        attributes_.push_back(Attribute::Integer(AttributeKey::kStable, 1));
        break;
      case Op::kArgMax:
      case Op::kArgMin:
        break;
      default:
        return;
    }
    attributes_.push_back(Attribute::Integer(AttributeKey::kAxis, 0));
  }

  const Op op_;
  std::vector<const Tensor*> inputs_;
  std::vector<const Tensor*> outputs_;
  std::vector<Attribute> attributes_;
};

/// How often each point is called: calls in a batch, and batches, of which the fastest counts.
struct MeasuredBatches {
  int calls;
  int batches;
};
constexpr MeasuredBatches kMeasuredBatches[kCostPoints] = {{8, 4}, {1, 5}, {1, 3}};

class Calibrator {
 public:
  Calibrator(const std::vector<Backend*>& backends, double seconds)
      : end_(CostClock::now() + std::chrono::duration_cast<CostClock::duration>(
                                    std::chrono::duration<double>(0.8 * seconds))) {
    AddBackend(&Native());
    for (Backend* backend : backends) AddBackend(backend);
  }

  std::vector<CostCandidate> Measure() {
    for (size_t i = 0; i < candidates_.size(); ++i) MeasureCopies(i);
    for (const Op op : MeasuredOps()) {
      for (int d = 0; d < kNumCostDTypes; ++d) {
        if (!Allows(InfoOf(op).inputs, kCostDTypes[d])) continue;
        // One after the other, so that what else the machine does meets all of them.
        for (size_t i = 0; i < candidates_.size(); ++i) MeasureOp(i, op, d);
        if (CostClock::now() > end_) return std::move(candidates_);
      }
    }
    return std::move(candidates_);
  }

 private:
  void AddBackend(Backend* backend) {
    for (const Device device : backend->devices()) {
      CostCandidate candidate;
      candidate.backend = backend->name();
      candidate.device = device;
      candidates_.push_back(std::move(candidate));
      backends_.push_back(backend);
    }
  }

  void MeasureOp(size_t i, Op op, int d) {
    CostCandidate& candidate = candidates_[i];
    Backend& backend = *backends_[i];
    const std::vector<DType> dtypes(op == Op::kMatmul ? 2 : 1, kCostDTypes[d]);
    const int rank = op == Op::kMatmul ? 2 : 1;
    if (!backend.Supports({op, dtypes, rank, candidate.device})) return;
    CostCurve curve;
    try {
      for (int point = 0; point < kCostPoints; ++point) {
        if (CostClock::now() > end_) return;
        const MeasuredCall call(op, kCostDTypes[d], point, candidate.device, &operands_);
        curve.nanoseconds[static_cast<size_t>(point)] =
            static_cast<float>(LeastNanoseconds(backend, candidate.device, call, point));
      }
    } catch (const std::exception&) {
      return;  // What cannot be measured is not chosen.
    }
    candidate.curves[static_cast<size_t>(op)][static_cast<size_t>(d)] = curve;
  }

  double LeastNanoseconds(Backend& backend, Device device, const MeasuredCall& call,
                          int point) const {
    const auto [calls, batches] = kMeasuredBatches[point];
    double least = std::numeric_limits<double>::infinity();
    // The largest has been prepared by the smaller ones; it alone takes long.
    if (point + 1 < kCostPoints) call.Run(backend);
    for (int batch = 0; batch < batches && (batch == 0 || CostClock::now() < end_); ++batch) {
      const auto begin = CostClock::now();
      for (int i = 0; i < calls; ++i) call.Run(backend);
      backend.Synchronize(device);
      least = std::min(least, NanosecondsSince(begin) / calls);
    }
    return std::max(least, 1.0);
  }

  void MeasureCopies(size_t i) {
    CostCandidate& candidate = candidates_[i];
    if (candidate.device == tensor::kCpuDevice) return;
    constexpr int64_t kElements[] = {8, 131072};
    double to_ns[2];
    double from_ns[2];
    try {
      for (int size = 0; size < 2; ++size) {
        const Tensor here = Numbers({kElements[size]}, DType::kFloat64);
        const Tensor there = EmptyOn(here.shape(), here.dtype(), candidate.device);
        const auto least = [&](auto copy) {
          double least_ns = std::numeric_limits<double>::infinity();
          for (int k = 0; k < 3; ++k) {
            const auto begin = CostClock::now();
            copy();
            least_ns = std::min(least_ns, NanosecondsSince(begin));
          }
          return least_ns;
        };
        to_ns[size] = least([&] { CopyFromHost(here, there); });
        from_ns[size] = least([&] { CopyToHost(there); });
      }
    } catch (const std::exception&) {
      // Nothing is moved there.
      candidate.to_device = candidate.from_device = {1e12, 0};
      return;
    }
    const auto cost = [&](const double(&ns)[2]) {
      const double bytes = 8.0 * static_cast<double>(kElements[1] - kElements[0]);
      return CopyCost{ns[0], std::max(0.0, (ns[1] - ns[0]) / bytes)};
    };
    candidate.to_device = cost(to_ns);
    candidate.from_device = cost(from_ns);
  }

  const CostClock::time_point end_;
  std::vector<CostCandidate> candidates_;
  std::vector<Backend*> backends_;  // by candidate
  MeasuredOperands operands_;
};

/// A framework's first call starts its threads.
void WakeUp(Backend& backend) {
  constexpr DType kDoubles[] = {DType::kFloat64};
  for (const Op op : {Op::kAdd, Op::kExp}) {
    if (!backend.Supports({op, kDoubles, 1})) continue;
    try {
      MeasuredOperands operands;
      MeasuredCall(op, DType::kFloat64, kCostPoints - 1, tensor::kCpuDevice, &operands)
          .Run(backend);
    } catch (const std::exception&) {
      return;
    }
  }
}

}  // namespace

CostTable Calibrate(const std::vector<Backend*>& backends, double seconds) {
  WakeUp(Native());
  for (Backend* backend : backends) WakeUp(*backend);
  return {MachineKey(backends), Calibrator(backends, seconds).Measure()};
}

}  // namespace emberharmony::backend
