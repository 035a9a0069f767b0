#include <fmt/format.h>

#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>

#include "emberharmony/ops/dispatch_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/random_internal.h"

namespace emberharmony::ops::random {
namespace {

/// The process's sequences.
struct State {
  std::mutex mutex;
  std::optional<uint64_t> seed;  // guarded by mutex
  uint64_t next_stream = 0;      // guarded by mutex
};

State& TheState() {
  static State state;
  return state;
}

uint64_t SystemSeed() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 | device();
}

/// The seed, chosen now if there is none; the state's mutex is held.
uint64_t SeedOf(State& state) {
  if (!state.seed) state.seed = SystemSeed();
  return *state.seed;
}

}  // namespace

void set_seed(uint64_t seed) {
  State& state = TheState();
  std::lock_guard lock(state.mutex);
  state.seed = seed;
  state.next_stream = 0;
}

uint64_t get_seed() {
  State& state = TheState();
  std::lock_guard lock(state.mutex);
  return SeedOf(state);
}

Sequence NextSequence(const char* function, const Options& options) {
  if (options.seed) {
    if (options.stream < kStreamEnd) return {*options.seed, options.stream};
    throw std::invalid_argument(
        fmt::format("{}: expected a stream below 2^48, found {}", function, options.stream));
  }
  State& state = TheState();
  std::lock_guard lock(state.mutex);
  const uint64_t seed = SeedOf(state);
  return {seed, state.next_stream++ % kStreamEnd};
}

void Draw(backend::Op op, const Sequence& sequence, double low, double high, const Tensor& result,
          uint64_t first, uint32_t attempt) {
  using backend::Attribute;
  using backend::AttributeKey;
  const uint64_t stream = sequence.stream | static_cast<uint64_t>(attempt) << 48;
  const Attribute attributes[] = {
      Attribute::Integer(AttributeKey::kDType, static_cast<int64_t>(result.dtype())),
      Attribute::Integer(AttributeKey::kSeed, static_cast<int64_t>(sequence.seed)),
      Attribute::Integer(AttributeKey::kStream, static_cast<int64_t>(stream)),
      Attribute::Integer(AttributeKey::kFirst, static_cast<int64_t>(first)),
      Attribute::Number(AttributeKey::kLow, low),
      Attribute::Number(AttributeKey::kHigh, high)};
  const Tensor* const outputs[] = {&result};
  RunOp(op, {}, attributes, outputs);
}

void DrawBits(const Sequence& sequence, uint64_t first, int64_t n, uint64_t* out,
              uint32_t attempt) {
  Draw(backend::Op::kRandomBits, sequence, 0, 0,
       Tensor::WrapMutable(out, {n}, DType::kUInt64, nullptr), first, attempt);
}

DType FloatingDType(const char* function, const Options& options) {
  const DType dtype = options.dtype.value_or(DType::kFloat64);
  if (tensor::IsRealFloating(dtype)) return dtype;
  throw DTypeError(
      fmt::format("{}: expected dtype float32 or float64, found {}", function, DTypeName(dtype)));
}

DType DiscreteDType(const char* function, const Options& options) {
  const DType dtype = options.dtype.value_or(DType::kInt64);
  if (tensor::IsReal(dtype)) return dtype;
  throw DTypeError(fmt::format("{}: expected an integer or real floating-point dtype, found {}",
                               function, DTypeName(dtype)));
}

int64_t LargestWhole(DType dtype) {
  int64_t largest = std::numeric_limits<int64_t>::max();
  if (!tensor::IsInteger(dtype) || dtype == DType::kUInt64) return largest;
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      largest = static_cast<int64_t>(std::numeric_limits<T>::max());
    }
  });
  return largest;
}

void CheckMayBeDrawn(const char* function, int64_t largest, DType dtype) {
  if (largest <= LargestWhole(dtype)) return;
  throw std::invalid_argument(
      fmt::format("{}: expected numbers of at most {}, the largest {}, but {} may be drawn; take a "
                  "wider dtype",
                  function, LargestWhole(dtype), DTypeName(dtype), largest));
}

Parameter::Parameter(const char* function, const char* name, const Operand& operand,
                     const Shape& shape)
    : function_(function), name_(name) {
  if (operand.is_none() || (operand.is_tensor() && !operand.tensor().defined())) {
    throw std::invalid_argument(
        fmt::format("{}: expected a number or a tensor as {}, found nothing", function, name));
  }
  if (!operand.is_tensor()) {
    const Scalar& scalar = operand.scalar();
    const DType dtype = scalar.default_dtype();
    if (tensor::IsComplex(dtype)) {
      throw DTypeError(fmt::format("{}: expected a real number as {}, found {}", function, name,
                                   scalar.ToString()));
    }
    tensor::VisitReal(dtype, [&](auto tag) {
      typename decltype(tag)::type number{};
      scalar.Write(dtype, &number, function);
      number_ = static_cast<double>(number);
    });
    return;
  }
  const Tensor& given = operand.tensor();
  if (tensor::IsComplex(given.dtype())) {
    throw DTypeError(fmt::format("{}: expected a real dtype of {}, found a {}", function, name,
                                 given.Describe()));
  }
  Shape together = shape;
  if (!tensor::BroadcastInto(&together, given.shape()) || !(together == shape)) {
    throw ShapeError(fmt::format("{}: expected a {} that broadcasts to the shape {}, found a {}",
                                 function, name, shape.ToString(), given.Describe()));
  }
  const Tensor values = astype(given, DType::kFloat64, /*copy=*/false);
  if (values.size() == 1) {
    number_ = *values.data_as<double>();
    return;
  }
  values_ = values.BroadcastTo(shape).Contiguous();
  data_ = values_.data_as<double>();
  stride_ = 1;
}

void Parameter::Check(bool (*passes)(double), const char* expected) const {
  const int64_t n = is_number() ? 1 : values_.size();
  for (int64_t i = 0; i < n; ++i) {
    if (passes(At(i))) continue;
    throw std::invalid_argument(
        fmt::format("{}: expected {} {}, found {}", function_, name_, expected, At(i)));
  }
}

Tensor Converted(const Tensor& result, DType dtype) {
  return astype(result, dtype, /*copy=*/false);
}

}  // namespace emberharmony::ops::random
