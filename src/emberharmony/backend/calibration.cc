#include "emberharmony/backend/calibration.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include "emberharmony/backend/device_memory.h"
#include "emberharmony/backend/measured_call_internal.h"

namespace emberharmony::backend {
namespace {

using tensor::Device;
using tensor::DType;
using tensor::Tensor;

using CostClock = std::chrono::steady_clock;

double NanosecondsSince(CostClock::time_point begin) {
  return std::chrono::duration<double, std::nano>(CostClock::now() - begin).count();
}

/// Measured first, since they are asked for most.
constexpr Op kMeasuredFirst[] = {
    Op::kAdd,   Op::kMatmul, Op::kSum,   Op::kExp,  Op::kDivide, Op::kSin,  Op::kMax,
    Op::kMean,  Op::kLog,    Op::kSqrt,  Op::kTanh, Op::kWhere,  Op::kLess, Op::kMaximum,
    Op::kLog1p, Op::kClip,   Op::kPow,   Op::kVar,  Op::kSort,   Op::kTake, Op::kArgSort,
    Op::kIsNan, Op::kArgMax, Op::kFloor, Op::kRfft, Op::kFft,    Op::kInv,  Op::kSolve};

std::vector<Op> MeasuredOps() {
  std::vector<Op> ops(std::begin(kMeasuredFirst), std::end(kMeasuredFirst));
  for (int i = 0; i < kNumOps; ++i) {
    const Op op = static_cast<Op>(i);
    if (!IsMeasured(op) || MeasuredAs(op) != op) continue;
    if (std::find(ops.begin(), ops.end(), op) == ops.end()) ops.push_back(op);
  }
  return ops;
}

/// How often each point is called in a pass: calls ahead of a batch, calls in it, and batches, of
/// which the fastest counts. A batch takes a few microseconds at least, beside which the clock is
/// nothing. What is ahead finds its numbers out of the caches and its threads asleep, since others
/// computed before it; who computes asks the same backend again and again.
struct MeasuredBatches {
  int calls_ahead;
  int calls;
  int batches;
};
constexpr MeasuredBatches kMeasuredBatches[kCostPoints] = {
    {0, 16, 8}, {1, 4, 6}, {1, 3, 5}, {2, 3, 4}};
/// A pass more than this often shows nothing new.
constexpr int kPassesMax = 16;
/// Calibrations that nobody asked for, of one machine: on one that is never quiet they end as well.
constexpr int kCalibrationsMax = 12;
/// The share of settled curves that is enough.
constexpr double kEnoughSettled = 0.95;
/// A candidate that takes this much longer than native for each element more is not measured where
/// there are many.
constexpr double kHopeless = 4;

/// An operation on one dtype, and the candidates that compute it, native first.
struct MeasuredCurve {
  Op op;
  int dtype;
  std::vector<size_t> candidates;
};

class Calibrator {
 public:
  Calibrator(const std::vector<Backend*>& backends, double seconds)
      : end_(CostClock::now() + std::chrono::duration_cast<CostClock::duration>(
                                    std::chrono::duration<double>(0.8 * seconds))) {
    AddBackend(&Native());
    for (Backend* backend : backends) AddBackend(backend);
  }

  /// What is known already; ignored where it is of other candidates.
  void GoOnFrom(const CostTable& before) {
    if (before.candidates.size() != candidates_.size()) return;
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (before.candidates[i].backend != candidates_[i].backend ||
          before.candidates[i].device != candidates_[i].device) {
        return;
      }
    }
    candidates_ = before.candidates;
  }

  void Measure() {
    for (size_t i = 0; i < candidates_.size(); ++i) MeasureCopies(i);
    curves_ = Curves();
    // Each pass meets another moment of what else the machine does.
    for (int pass = 0; pass < kPassesMax && !IsTimeUp(); ++pass) {
      std::vector<const MeasuredCurve*> left = Unsettled();
      if (left.empty()) return;
      for (const MeasuredCurve* curve : left) {
        if (IsTimeUp()) return;
        MeasureOnAll(*curve);
      }
    }
  }

  double settled() const {
    if (curves_.empty()) return 1;
    return 1 - static_cast<double>(Unsettled().size()) / static_cast<double>(curves_.size());
  }
  std::vector<CostCandidate> TakeCandidates() { return std::move(candidates_); }

 private:
  bool IsTimeUp() const { return CostClock::now() > end_; }

  void AddBackend(Backend* backend) {
    for (const Device device : backend->devices()) {
      CostCandidate candidate;
      candidate.backend = backend->name();
      candidate.device = device;
      candidates_.push_back(std::move(candidate));
      backends_.push_back(backend);
    }
  }

  CostCurve& CurveOf(size_t i, Op op, int dtype) {
    return candidates_[i].curves[static_cast<size_t>(op)][static_cast<size_t>(dtype)];
  }
  const CostCurve& CurveOf(size_t i, Op op, int dtype) const {
    return candidates_[i].curves[static_cast<size_t>(op)][static_cast<size_t>(dtype)];
  }

  bool Computes(size_t i, Op op, DType dtype) const {
    if (op == Op::kFft || op == Op::kIrfft) dtype = tensor::ComplexOf(dtype);
    const std::vector<DType> dtypes = UsualDTypes(op, dtype);
    const int rank = op >= Op::kMatmul && op <= Op::kLstsq ? 2 : 1;
    return backends_[i]->Supports({op, dtypes, rank, candidates_[i].device});
  }

  /// In the order in which they are measured.
  std::vector<MeasuredCurve> Curves() const {
    std::vector<MeasuredCurve> curves;
    for (const Op op : MeasuredOps()) {
      for (int d = 0; d < kNumCostDTypes; ++d) {
        const bool is_complex = InfoOf(op).inputs == DTypeKind::kComplex;
        if (!is_complex && !Allows(InfoOf(op).inputs, kCostDTypes[d])) continue;
        MeasuredCurve curve{op, d, {}};
        for (size_t i = 0; i < candidates_.size(); ++i) {
          if (Computes(i, op, kCostDTypes[d])) curve.candidates.push_back(i);
        }
        // Where nobody else computes it there is nothing to choose.
        if (curve.candidates.size() < std::min<size_t>(candidates_.size(), 2)) continue;
        curves.push_back(std::move(curve));
      }
    }
    return curves;
  }

  /// The curves to go on with: those first that are not known yet.
  std::vector<const MeasuredCurve*> Unsettled() const {
    std::vector<const MeasuredCurve*> left;
    std::vector<const MeasuredCurve*> known;
    for (const MeasuredCurve& curve : curves_) {
      const auto all = [&](auto has) {
        return std::all_of(curve.candidates.begin(), curve.candidates.end(),
                           [&](size_t i) { return has(CurveOf(i, curve.op, curve.dtype)); });
      };
      if (all([](const CostCurve& each) { return each.is_settled(); })) continue;
      (all([](const CostCurve& each) { return each.is_known(); }) ? known : left).push_back(&curve);
    }
    left.insert(left.end(), known.begin(), known.end());
    return left;
  }

  /// Point by point, batch by batch on one candidate after the other: what else the machine does
  /// meets all of them.
  void MeasureOnAll(const MeasuredCurve& measured) {
    std::vector<CostCurve> found(measured.candidates.size());
    for (int point = 0; point < kCostPoints; ++point) {
      if (IsTimeUp()) return;  // A curve of some points is none.
      try {
        MeasurePoint(measured, point, &found);
      } catch (const std::exception&) {
        return;  // What cannot be measured is not chosen.
      }
    }
    for (size_t k = 0; k < found.size(); ++k) {
      CurveOf(measured.candidates[k], measured.op, measured.dtype).Merge(found[k]);
    }
  }

  void MeasurePoint(const MeasuredCurve& measured, int point, std::vector<CostCurve>* found) {
    const auto [calls_ahead, calls, batches] = kMeasuredBatches[point];
    std::vector<std::optional<MeasuredCall>> prepared(found->size());
    for (size_t k = 0; k < found->size(); ++k) {
      if (point >= 2 && IsHopeless((*found)[k], (*found)[0])) {
        (*found)[k].nanoseconds[static_cast<size_t>(point)] =
            Extrapolated((*found)[k], CostPointsOf(measured.op), static_cast<size_t>(point));
        continue;
      }
      const size_t i = measured.candidates[k];
      prepared[k].emplace(measured.op, kCostDTypes[measured.dtype], point, candidates_[i].device,
                          &operands_);
      // The largest has been prepared by the smaller ones; it alone takes long.
      if (point + 1 < kCostPoints) prepared[k]->Run(*backends_[i]);
    }
    for (int batch = 0; batch < batches && (batch == 0 || !IsTimeUp()); ++batch) {
      for (size_t k = 0; k < found->size(); ++k) {
        if (!prepared[k]) continue;
        const size_t i = measured.candidates[k];
        for (int n = 0; n < calls_ahead; ++n) prepared[k]->Run(*backends_[i]);
        backends_[i]->Synchronize(candidates_[i].device);
        const auto begin = CostClock::now();
        for (int n = 0; n < calls; ++n) prepared[k]->Run(*backends_[i]);
        backends_[i]->Synchronize(candidates_[i].device);
        const auto taken = static_cast<float>(std::max(NanosecondsSince(begin) / calls, 1.0));
        float& least = (*found)[k].nanoseconds[static_cast<size_t>(point)];
        least = batch == 0 ? taken : std::min(least, taken);
      }
    }
  }

  /// Of curves whose first two points are measured.
  static bool IsHopeless(const CostCurve& curve, const CostCurve& native) {
    const auto rise = [](const CostCurve& of) { return of.nanoseconds[1] - of.nanoseconds[0]; };
    return rise(native) > 0 && rise(curve) > kHopeless * rise(native);
  }
  static float Extrapolated(const CostCurve& curve, const std::array<double, kCostPoints>& at,
                            size_t point) {
    const auto steps = static_cast<float>((at[point] - at[1]) / (at[1] - at[0]));
    return curve.nanoseconds[1] + steps * (curve.nanoseconds[1] - curve.nanoseconds[0]);
  }

  void MeasureCopies(size_t i) {
    CostCandidate& candidate = candidates_[i];
    if (candidate.device == tensor::kCpuDevice) return;
    constexpr int64_t kElements[] = {8, 131072};
    double to_ns[2];
    double from_ns[2];
    try {
      for (int size = 0; size < 2; ++size) {
        const Tensor& here = operands_.Get({kElements[size]}, DType::kFloat64, tensor::kCpuDevice,
                                           MeasuredOperands::Content::kNumbers);
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
  std::vector<MeasuredCurve> curves_;
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

CostTable Calibrate(const std::vector<Backend*>& backends, double seconds,
                    const CostTable* before) {
  WakeUp(Native());
  for (Backend* backend : backends) WakeUp(*backend);
  CostTable table;
  table.machine = MachineKey(backends);
  Calibrator calibrator(backends, seconds);
  if (before != nullptr && before->machine == table.machine) {
    calibrator.GoOnFrom(*before);
    table.num_calibrations = before->num_calibrations + 1;
  }
  calibrator.Measure();
  table.settled = calibrator.settled();
  table.candidates = calibrator.TakeCandidates();
  return table;
}

bool IsWorthGoingOn(const CostTable& table) {
  return table.settled < kEnoughSettled && table.num_calibrations < kCalibrationsMax;
}

}  // namespace emberharmony::backend
