#include "emberharmony/cli/bench_ops.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/cli/interrupt_flag.h"
#include "emberharmony/ops.h"

namespace emberharmony::cli {

namespace {

using ops::DType;
using ops::Tensor;

constexpr int64_t kSizes[] = {1'000, 100'000, 2'000'000};
/// A product of larger matrices takes seconds.
constexpr int64_t kMatmulElementsMax = 100'000;
/// Many short batches: on a busy machine some are not interrupted.
constexpr int kBatches = 20;
constexpr double kBatchSeconds = 0.001;
/// Of long calls fewer are timed: from the third on until this much was spent.
constexpr double kSecondsMax = 0.05;

/// What operations work on: arrays of a dtype, a condition, places, and where the result goes.
struct Operands {
  Tensor x;
  Tensor y;
  Tensor condition;
  Tensor places;
  Tensor out;
};

struct OpCase {
  std::string_view name;
  std::vector<DType> dtypes;  ///< with each of which it is timed
  std::function<void(Operands*)> call;
  std::function<int64_t(const Operands&)> bytes;
  int64_t size_max = std::numeric_limits<int64_t>::max();
};

int64_t ReadOne(const Operands& o) { return o.x.size_bytes(); }
int64_t ReadOneWriteOne(const Operands& o) { return o.x.size_bytes() + o.out.size_bytes(); }
int64_t ReadOneWriteAsMuch(const Operands& o) { return 2 * o.x.size_bytes(); }
int64_t ReadTwoWriteOne(const Operands& o) {
  return o.x.size_bytes() + o.y.size_bytes() + o.out.size_bytes();
}
int64_t ReadTwoWriteAsMuch(const Operands& o) { return 3 * o.x.size_bytes(); }
int64_t ReadThreeWriteOne(const Operands& o) {
  return o.condition.size_bytes() + ReadTwoWriteOne(o);
}
int64_t ReadPlacesToo(const Operands& o) { return 2 * o.x.size_bytes() + o.places.size_bytes(); }

OpCase Binary(std::string_view name, std::vector<DType> dtypes,
              Tensor (*function)(const ops::Operand&, const ops::Operand&, const ops::Options&)) {
  return {name, std::move(dtypes),
          [function](Operands* o) { function(o->x, o->y, {.out = &o->out}); }, ReadTwoWriteOne};
}

OpCase Unary(std::string_view name, std::vector<DType> dtypes,
             Tensor (*function)(const ops::Operand&, const ops::Options&)) {
  return {name, std::move(dtypes), [function](Operands* o) { function(o->x, {.out = &o->out}); },
          ReadOneWriteOne};
}

Tensor AsSquare(const Tensor& x) {
  const auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(x.size())));
  return x.Slice(0, 0, side * side).Reshape({side, side});
}

std::vector<OpCase> OpCases() {
  const std::vector<DType> floats = {DType::kFloat32, DType::kFloat64};
  const std::vector<DType> numbers = {DType::kFloat32, DType::kFloat64, DType::kInt64};
  std::vector<OpCase> cases = {
      Binary("add", numbers, ops::add),      Binary("multiply", numbers, ops::multiply),
      Binary("divide", floats, ops::divide), Binary("less", numbers, ops::less),
      Unary("sqrt", floats, ops::sqrt),      Unary("exp", floats, ops::exp),
      Unary("log", floats, ops::log),        Unary("log1p", floats, ops::log1p),
      Unary("sin", floats, ops::sin),        Unary("tanh", floats, ops::tanh),
      Unary("isnan", floats, ops::isnan)};
  const auto add = [&](std::string_view name, std::vector<DType> dtypes, auto call, auto bytes) {
    cases.push_back({name, std::move(dtypes), call, bytes});
  };
  add(
      "where", numbers, [](Operands* o) { ops::where(o->condition, o->x, o->y, {.out = &o->out}); },
      ReadThreeWriteOne);
  add(
      "astype", {DType::kFloat64},
      [](Operands* o) { ops::astype(o->x, DType::kFloat32, /*copy=*/true, {.out = &o->out}); },
      ReadOneWriteOne);
  add("sum", numbers, [](Operands* o) { ops::sum(o->x); }, ReadOne);
  add("max", numbers, [](Operands* o) { ops::max(o->x); }, ReadOne);
  add("var", floats, [](Operands* o) { ops::var(o->x); }, ReadOne);
  add(
      "cumulative_sum", {DType::kFloat64}, [](Operands* o) { ops::cumulative_sum(o->x); },
      ReadOneWriteAsMuch);
  add("sort", floats, [](Operands* o) { ops::sort(o->x); }, ReadOneWriteAsMuch);
  add("take", {DType::kFloat64}, [](Operands* o) { ops::take(o->x, o->places, 0); }, ReadPlacesToo);
  add("rfft", floats, [](Operands* o) { ops::fft::rfft(o->x); }, ReadOneWriteAsMuch);
  cases.push_back({"matmul", floats,
                   [](Operands* o) { ops::matmul(AsSquare(o->x), AsSquare(o->y)); },
                   ReadTwoWriteAsMuch, kMatmulElementsMax});
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

Operands MakeOperands(DType dtype, int64_t size) {
  // Numbers near 1: no overflow, no denormals, both outcomes of a comparison.
  Operands operands;
  operands.x = ops::astype(ops::linspace(0.5, 1.5, size), dtype);
  operands.y = ops::astype(ops::linspace(1.5, 0.5, size), dtype);
  operands.condition = ops::less(ops::linspace(0.5, 1.5, size), 1.0);
  // Each place once, far from the one before.
  operands.places = ops::remainder(ops::multiply(ops::arange(size), 7919), size);
  return operands;
}

/// Whether the backend computes the call itself.
bool Computes(backend::Backend* backend, const std::function<void()>& call) {
  backend->ResetCounts();
  call();
  for (const backend::OpCount& count : backend->Counts()) {
    if (count.fell_back > 0) return false;
  }
  return true;
}

/// A backend, and its calls of one operation.
struct Runner {
  size_t place;  ///< among the backends
  backend::Backend* backend;
  int64_t calls = 1;
  double spent_seconds = 0;
  double least_seconds = std::numeric_limits<double>::infinity();  ///< of a call
};

/// The fastest among batches of calls that are long enough for the clock, since what else the
/// machine does can only add to it. The backends take turns.
void TimeInTurns(const std::function<void()>& call, std::vector<Runner>* runners) {
  for (int batch = 0; batch < kBatches; ++batch) {
    for (Runner& runner : *runners) {
      if (batch > 1 && runner.spent_seconds > kSecondsMax) continue;
      backend::SetCurrentBackend(runner.backend);
      double seconds = TimeCalls(call, runner.calls);
      while (batch == 0 && seconds < kBatchSeconds) {
        runner.calls *= 2;
        seconds = TimeCalls(call, runner.calls);
      }
      runner.spent_seconds += seconds;
      runner.least_seconds =
          std::min(runner.least_seconds, seconds / static_cast<double>(runner.calls));
    }
  }
  backend::SetCurrentBackend(nullptr);
}

arrow::Status TimeOp(const OpCase& op, DType dtype, int64_t size,
                     const std::vector<backend::Backend*>& backends,
                     std::vector<BackendTimings>* timings) {
  return ops::Catch([&]() -> arrow::Status {
    Operands operands = MakeOperands(dtype, size);
    const auto call = [&] { op.call(&operands); };
    std::vector<Runner> runners;
    for (size_t i = 0; i < backends.size(); ++i) {
      backend::SetCurrentBackend(backends[i]);
      if (Computes(backends[i], call)) runners.push_back({i, backends[i]});
    }
    TimeInTurns(call, &runners);
    for (const Runner& runner : runners) {
      (*timings)[runner.place].ops.push_back({std::string(op.name),
                                              std::string(tensor::DTypeName(dtype)), size,
                                              runner.least_seconds, op.bytes(operands)});
    }
    return arrow::Status::OK();
  });
}

}  // namespace

std::vector<std::string> LoadAllBackends() {
  // What is wrong with a plugin that cannot be loaded `ember backends` tells.
  for (const std::string& name : backend::KnownPlugins()) (void)backend::LoadBackend(name);
  return backend::BackendNames();
}

arrow::Result<std::vector<BackendTimings>> TimeBackends() {
  std::vector<backend::Backend*> backends;
  std::vector<BackendTimings> all;
  for (const std::string& name : backend::BackendNames()) {
    backend::Backend* const backend = backend::FindBackend(name);
    backends.push_back(backend);
    BackendTimings timings{
        std::string(backend->name()), backend->version(), backend->framework(), {}, {}};
    for (const tensor::Device device : backend->devices()) {
      timings.devices.push_back(tensor::DeviceName(device));
    }
    all.push_back(std::move(timings));
  }
  for (const OpCase& op : OpCases()) {
    for (const DType dtype : op.dtypes) {
      for (const int64_t size : kSizes) {
        if (size > op.size_max) continue;
        if (Interrupted()) return base::InterruptedError("interrupted");
        const arrow::Status status = TimeOp(op, dtype, size, backends, &all);
        backend::SetCurrentBackend(nullptr);
        ARROW_RETURN_NOT_OK(status);
      }
    }
  }
  return all;
}

}  // namespace emberharmony::cli
