#include "emberharmony/cli/bench_ops.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "emberharmony/backend/backend.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/cli/interrupt_flag.h"
#include "emberharmony/ops.h"

namespace emberharmony::cli {

namespace {

using ops::DType;
using ops::Tensor;

constexpr int64_t kSizes[] = {1'000, 100'000, 2'000'000};
constexpr int kBatches = 5;
constexpr double kBatchSeconds = 0.004;

/// What operations work on: three arrays of a dtype, a condition, and where the result goes.
struct Operands {
  Tensor x;
  Tensor y;
  Tensor condition;
  Tensor out;
};

struct OpCase {
  std::string_view name;
  std::vector<DType> dtypes;  ///< with each of which it is timed
  std::function<void(Operands*)> call;
  std::function<std::vector<DType>(DType)> asked;  ///< the dtypes that a backend is asked about
  std::function<int64_t(const Operands&)> bytes;
};

std::vector<DType> Alone(DType dtype) { return {dtype}; }
std::vector<DType> Twice(DType dtype) { return {dtype, dtype}; }

int64_t ReadOne(const Operands& o) { return o.x.size_bytes(); }
int64_t ReadOneWriteOne(const Operands& o) { return o.x.size_bytes() + o.out.size_bytes(); }
int64_t ReadTwoWriteOne(const Operands& o) {
  return o.x.size_bytes() + o.y.size_bytes() + o.out.size_bytes();
}
int64_t ReadThreeWriteOne(const Operands& o) {
  return o.condition.size_bytes() + ReadTwoWriteOne(o);
}

OpCase Binary(std::string_view name, std::vector<DType> dtypes,
              Tensor (*function)(const ops::Operand&, const ops::Operand&, const ops::Options&)) {
  return {name, std::move(dtypes),
          [function](Operands* o) { function(o->x, o->y, {.out = &o->out}); }, Twice,
          ReadTwoWriteOne};
}

OpCase Unary(std::string_view name, std::vector<DType> dtypes,
             Tensor (*function)(const ops::Operand&, const ops::Options&)) {
  return {name, std::move(dtypes), [function](Operands* o) { function(o->x, {.out = &o->out}); },
          Alone, ReadOneWriteOne};
}

std::vector<OpCase> OpCases() {
  const std::vector<DType> floats = {DType::kFloat32, DType::kFloat64};
  const std::vector<DType> numbers = {DType::kFloat32, DType::kFloat64, DType::kInt64};
  std::vector<OpCase> cases = {
      Binary("add", numbers, ops::add),      Binary("multiply", numbers, ops::multiply),
      Binary("divide", floats, ops::divide), Binary("less", numbers, ops::less),
      Unary("sqrt", floats, ops::sqrt),      Unary("exp", floats, ops::exp),
      Unary("log1p", floats, ops::log1p),    Unary("sin", floats, ops::sin),
      Unary("tanh", floats, ops::tanh),      Unary("isnan", floats, ops::isnan)};
  cases.push_back({"where", numbers,
                   [](Operands* o) { ops::where(o->condition, o->x, o->y, {.out = &o->out}); },
                   [](DType dtype) { return std::vector<DType>{DType::kBool, dtype, dtype}; },
                   ReadThreeWriteOne});
  cases.push_back(
      {"astype",
       {DType::kFloat64},
       [](Operands* o) { ops::astype(o->x, DType::kFloat32, /*copy=*/true, {.out = &o->out}); },
       [](DType dtype) { return std::vector<DType>{dtype, DType::kFloat32}; },
       ReadOneWriteOne});
  cases.push_back({"sum", numbers, [](Operands* o) { ops::sum(o->x); }, Alone, ReadOne});
  cases.push_back({"max", numbers, [](Operands* o) { ops::max(o->x); }, Alone, ReadOne});
  return cases;
}

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Seconds of `calls` calls.
double TimeCalls(const std::function<void()>& call, int64_t calls) {
  const auto begin = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < calls; ++i) call();
  return Seconds(std::chrono::steady_clock::now() - begin);
}

/// Seconds of a call: of the fastest among batches that are long enough for the clock, since what
/// else the machine does can only add to it.
double LeastSeconds(const std::function<void()>& call) {
  call();
  int64_t calls = 1;
  while (TimeCalls(call, calls) < kBatchSeconds) calls *= 2;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kBatches; ++i) least = std::min(least, TimeCalls(call, calls));
  return least / static_cast<double>(calls);
}

Operands MakeOperands(DType dtype, int64_t size) {
  // Numbers near 1: no overflow, no denormals, both outcomes of a comparison.
  Operands operands;
  operands.x = ops::astype(ops::linspace(0.5, 1.5, size), dtype);
  operands.y = ops::astype(ops::linspace(1.5, 0.5, size), dtype);
  operands.condition = ops::less(ops::linspace(0.5, 1.5, size), 1.0);
  return operands;
}

arrow::Result<OpTiming> TimeOp(const OpCase& op, DType dtype, int64_t size) {
  return ops::Catch([&] {
    Operands operands = MakeOperands(dtype, size);
    const double seconds = LeastSeconds([&] { op.call(&operands); });
    return OpTiming{std::string(op.name), std::string(tensor::DTypeName(dtype)), size, seconds,
                    op.bytes(operands)};
  });
}

arrow::Result<BackendTimings> TimeBackend(backend::Backend* backend) {
  BackendTimings timings{std::string(backend->name()), backend->version(), {}, {}};
  for (const tensor::Device device : backend->devices()) {
    timings.devices.push_back(tensor::DeviceName(device));
  }
  backend::SetCurrentBackend(backend);
  for (const OpCase& op : OpCases()) {
    for (const DType dtype : op.dtypes) {
      if (!backend->Supports({*backend::ParseOp(op.name), op.asked(dtype)})) continue;
      for (const int64_t size : kSizes) {
        if (Interrupted()) return base::InterruptedError("interrupted");
        ARROW_ASSIGN_OR_RAISE(OpTiming timing, TimeOp(op, dtype, size));
        timings.ops.push_back(std::move(timing));
      }
    }
  }
  return timings;
}

}  // namespace

arrow::Result<std::vector<BackendTimings>> TimeBackends() {
  std::vector<BackendTimings> all;
  for (const std::string& name : backend::BackendNames()) {
    arrow::Result<BackendTimings> timings = TimeBackend(backend::FindBackend(name));
    backend::SetCurrentBackend(nullptr);
    ARROW_RETURN_NOT_OK(timings.status());
    all.push_back(*std::move(timings));
  }
  return all;
}

}  // namespace emberharmony::cli
