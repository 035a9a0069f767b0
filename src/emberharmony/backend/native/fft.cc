// The Fourier transforms along one axis, of tensors of any layout: batches of sequences are brought
// into the form of FftPlan a few at a time.
#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/fft_numbers_internal.h"
#include "emberharmony/backend/native/fft_plan_internal.h"
#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// Bytes of both tiles up to which lanes are added: half of a usual second-level cache.
constexpr int64_t kTileBytes = int64_t{1} << 20;
/// Sequences up to this length are transformed side by side even where each lies by itself.
constexpr int64_t kSideBySideMax = 128;
/// Numbers that keep a thread busy for longer than it takes to wake it.
constexpr int64_t kGrain = int64_t{1} << 16;
/// Numbers of a tile that stands on the stack.
constexpr int64_t kStackNumbers = 1024;
constexpr int64_t kLanesMax = 32;

/// What the sequences are. Real ones of even length n are n / 2 complex numbers.
enum class Kind { kComplex, kRealEven, kRealOdd, kHermitianEven, kHermitianOdd };

/// The sequences of a tensor along one axis, in C order of the other axes. Distances in elements.
class Sequences {
 public:
  Sequences(const Tensor& tensor, int axis)
      : length_(tensor.shape()[axis]), stride_(tensor.strides()[axis]) {
    for (int i = tensor.rank() - 1; i >= 0; --i) {
      if (i == axis || tensor.shape()[i] == 1) continue;
      dims_[rank_] = tensor.shape()[i];
      strides_[rank_++] = tensor.strides()[i];
      count_ *= tensor.shape()[i];
    }
  }

  int64_t count() const { return count_; }
  int64_t length() const { return length_; }
  int64_t stride() const { return stride_; }

  /// The positions of the first elements of `lanes` sequences from number `first` on.
  void Locate(int64_t first, int64_t lanes, int64_t* positions) const {
    int64_t at[tensor::kRankMax];
    int64_t position = 0;
    for (int i = 0; i < rank_; ++i) {
      at[i] = first % dims_[i];
      first /= dims_[i];
      position += at[i] * strides_[i];
    }
    for (int64_t lane = 0; lane < lanes; ++lane) {
      positions[lane] = position;
      for (int i = 0; i < rank_; ++i) {
        position += strides_[i];
        if (++at[i] < dims_[i]) break;
        position -= dims_[i] * strides_[i];
        at[i] = 0;
      }
    }
  }

 private:
  int64_t length_;
  int64_t stride_;
  int64_t count_ = 1;
  int rank_ = 0;
  int64_t dims_[tensor::kRankMax];  // innermost first
  int64_t strides_[tensor::kRankMax];
};

/// One call. T is float or double.
template <class T>
class Transform {
 public:
  Transform(Kind kind, int64_t n, bool inverse, double scale, const Sequences& from, const T* input,
            const Sequences& to, T* output)
      : kind_(kind),
        inverse_(inverse),
        n_(n),
        scale_(static_cast<T>(scale)),
        from_(from),
        to_(to),
        input_(input),
        output_(output),
        is_mixed_(kind == Kind::kRealEven || kind == Kind::kHermitianEven),
        plan_(FftPlan<T>::Get(is_mixed_ ? n / 2 : n, is_mixed_)),
        m_(plan_->n()),
        tile_rows_(std::max(plan_->tile_rows(), is_mixed_ ? m_ + 1 : 0)),
        pool_(tensor::CurrentMemoryPool()) {}

  void Run() const;

 private:
  bool is_hermitian() const {
    return kind_ == Kind::kHermitianEven || kind_ == Kind::kHermitianOdd;
  }
  /// How the sequence whose first element is at `position` lies in memory.
  FftSource<T> SourceAt(int64_t position) const;
  FftTarget<T> TargetAt(int64_t position) const;

  int64_t NumLanes() const;
  void RunTiles(int64_t first, int64_t last, int64_t lanes_max) const;
  void RunTile(int64_t first, int64_t lanes, SplitNumbers<T> a, SplitNumbers<T> b) const;
  void LoadTile(const int64_t* positions, int64_t lanes, SplitNumbers<T> x,
                SplitNumbers<T> other) const;
  void StoreTile(const int64_t* positions, int64_t lanes, SplitNumbers<T> y,
                 SplitNumbers<T> other) const;
  void RunLong(int64_t sequence) const;
  void RunLongReal(const FftSource<T>& source, const FftTarget<T>& target) const;
  void RunLongHermitian(const FftSource<T>& source, const FftTarget<T>& target) const;

  const FftKernels<T>& kernels() const { return ActiveFftKernels<T>(); }

  Kind kind_;
  bool inverse_;
  int64_t n_;  ///< elements transformed
  T scale_;
  const Sequences& from_;
  const Sequences& to_;
  const T* input_;
  T* output_;
  bool is_mixed_;
  std::shared_ptr<const FftPlan<T>> plan_;
  int64_t m_;  ///< complex numbers transformed
  int64_t tile_rows_;
  arrow::MemoryPool* pool_;
};

template <class T>
FftSource<T> Transform<T>::SourceAt(int64_t position) const {
  const int64_t stride = from_.stride();
  const int64_t given = std::min(from_.length(), n_);
  switch (kind_) {
    case Kind::kRealEven: {
      const T* re = input_ + position;
      return {re, re + stride, 2 * stride, given / 2};
    }
    case Kind::kRealOdd:
      return {input_ + position, nullptr, stride, given};
    default: {
      const T* re = input_ + 2 * position;
      return {re, re + 1, 2 * stride, is_hermitian() ? std::min(given, n_ / 2 + 1) : given};
    }
  }
}

template <class T>
FftTarget<T> Transform<T>::TargetAt(int64_t position) const {
  const int64_t stride = to_.stride();
  switch (kind_) {
    case Kind::kHermitianEven: {
      T* re = output_ + position;
      return {re, re + stride, 2 * stride, m_, scale_};
    }
    case Kind::kHermitianOdd:
      return {output_ + position, nullptr, stride, n_, scale_};
    default: {
      T* re = output_ + 2 * position;
      return {re, re + 1, 2 * stride, to_.length(), scale_};
    }
  }
}

template <class T>
int64_t Transform<T>::NumLanes() const {
  const bool lie_apart = from_.stride() == 1 && to_.stride() == 1;
  if (lie_apart && m_ > kSideBySideMax) return 1;
  int64_t lanes = kFourStepLanes<T>;
  const auto bytes = static_cast<int64_t>(4 * sizeof(T)) * tile_rows_;
  while (lanes > 4 && bytes * lanes > kTileBytes) lanes /= 2;
  return std::min(lanes, to_.count());
}

template <class T>
void Transform<T>::Run() const {
  if (!plan_->is_tiled()) {
    // Each sequence keeps all threads busy; many are shared out among them.
    const int64_t grain = to_.count() >= NumThreads() ? 1 : to_.count();
    ParallelRanges(to_.count(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t sequence = begin; sequence < end; ++sequence) RunLong(sequence);
    });
    return;
  }
  const int64_t lanes = NumLanes();
  const int64_t tiles_in_grain = std::max<int64_t>(1, kGrain / (tile_rows_ * lanes));
  ParallelRanges(to_.count(), tiles_in_grain * lanes,
                 [&](int64_t begin, int64_t end) { RunTiles(begin, end, lanes); });
}

template <class T>
void Transform<T>::RunTiles(int64_t first, int64_t last, int64_t lanes_max) const {
  const int64_t numbers = tile_rows_ * lanes_max;
  const auto run = [&](T* memory) {
    for (int64_t sequence = first; sequence < last; sequence += lanes_max) {
      RunTile(sequence, std::min(lanes_max, last - sequence), {memory, memory + numbers},
              {memory + 2 * numbers, memory + 3 * numbers});
    }
  };
  if (4 * numbers <= kStackNumbers) {
    alignas(64) T memory[kStackNumbers];
    run(memory);
  } else {
    run(FftNumbers<T>(pool_, 4 * numbers).data());
  }
}

template <class T>
void Transform<T>::RunTile(int64_t first, int64_t lanes, SplitNumbers<T> a,
                           SplitNumbers<T> b) const {
  int64_t positions[kLanesMax];
  from_.Locate(first, lanes, positions);
  LoadTile(positions, lanes, a.SwappedIf(inverse_), b);
  const SplitNumbers<T> y = plan_->RunTile(kernels(), a, b, lanes);
  const bool in_a = y.re == a.re || y.re == a.im;
  to_.Locate(first, lanes, positions);
  StoreTile(positions, lanes, y.SwappedIf(inverse_), in_a ? b : a);
}

template <class T>
void Transform<T>::LoadTile(const int64_t* positions, int64_t lanes, SplitNumbers<T> x,
                            SplitNumbers<T> other) const {
  const FftSource<T> source = SourceAt(0);
  const T* starts[kLanesMax];
  for (int64_t lane = 0; lane < lanes; ++lane) starts[lane] = SourceAt(positions[lane]).re;
  const FftLanes<const T> from = {starts, lanes, source.im_offset(), source.step, source.count};
  const SplitNumbers<const T> roots = plan_->mixing_roots();
  if (kind_ == Kind::kHermitianEven && lanes == 1 && source.step == 2 && source.count == m_ + 1) {
    kernels().mix[1](starts[0], other.re, m_, roots.re, roots.im, T(1));
    kernels().split_rows(other.re, 0, 1, m_, x.re, x.im);
  } else if (kind_ == Kind::kHermitianEven) {
    GatherLanes(kernels(), from, m_ + 1, other);
    kernels().mix_rows[1](other.re, other.im, x.re, x.im, m_, lanes, roots.re, roots.im, T(1));
  } else if (kind_ == Kind::kHermitianOdd) {
    GatherLanes(kernels(), from, n_ / 2 + 1, x);
    std::fill(x.im, x.im + lanes, T(0));
    for (int64_t k = 1; k <= n_ / 2; ++k) {
      for (int64_t lane = 0; lane < lanes; ++lane) {
        x.re[(n_ - k) * lanes + lane] = x.re[k * lanes + lane];
        x.im[(n_ - k) * lanes + lane] = -x.im[k * lanes + lane];
      }
    }
  } else {
    GatherLanes(kernels(), from, m_, x);
  }
}

template <class T>
void Transform<T>::StoreTile(const int64_t* positions, int64_t lanes, SplitNumbers<T> y,
                             SplitNumbers<T> other) const {
  const FftTarget<T> target = TargetAt(0);
  T* starts[kLanesMax];
  for (int64_t lane = 0; lane < lanes; ++lane) starts[lane] = TargetAt(positions[lane]).re;
  const FftLanes<T> to = {starts, lanes, target.im_offset(), target.step, target.count};
  if (kind_ != Kind::kRealEven) {
    ScatterLanes<T>(kernels(), y, scale_, to);
    return;
  }
  const SplitNumbers<const T> roots = plan_->mixing_roots();
  const T half_scale = T(0.5) * scale_;
  if (lanes == 1 && target.step == 2) {
    kernels().interleave_rows(y.re, y.im, 1, m_, T(1), starts[0], 0);
    kernels().mix[0](starts[0], starts[0], m_, roots.re, roots.im, half_scale);
  } else {
    kernels().mix_rows[0](y.re, y.im, other.re, other.im, m_, lanes, roots.re, roots.im,
                          half_scale);
    ScatterLanes<T>(kernels(), other, T(1), to);
  }
}

template <class T>
void Transform<T>::RunLong(int64_t sequence) const {
  int64_t position;
  from_.Locate(sequence, 1, &position);
  const FftSource<T> source = SourceAt(position);
  to_.Locate(sequence, 1, &position);
  const FftTarget<T> target = TargetAt(position);
  if (kind_ == Kind::kRealEven) {
    RunLongReal(source, target);
  } else if (is_hermitian()) {
    RunLongHermitian(source, target);
  } else {
    plan_->RunLong(kernels(), source, target, inverse_);
  }
}

template <class T>
void Transform<T>::RunLongReal(const FftSource<T>& source, const FftTarget<T>& target) const {
  const SplitNumbers<const T> roots = plan_->mixing_roots();
  const T half_scale = T(0.5) * scale_;
  if (target.step == 2) {
    plan_->RunLong(kernels(), source, {target.re, target.im, 2, m_, T(1)}, /*inverse=*/false);
    kernels().mix[0](target.re, target.re, m_, roots.re, roots.im, half_scale);
    return;
  }
  const FftNumbers<T> apart(pool_, 2 * (m_ + 1));
  T* numbers = apart.data();
  plan_->RunLong(kernels(), source, {numbers, numbers + 1, 2, m_, T(1)}, /*inverse=*/false);
  kernels().mix[0](numbers, numbers, m_, roots.re, roots.im, half_scale);
  for (int64_t k = 0; k <= m_; ++k) {
    target.re[k * target.step] = numbers[2 * k];
    target.im[k * target.step] = numbers[2 * k + 1];
  }
}

template <class T>
void Transform<T>::RunLongHermitian(const FftSource<T>& source, const FftTarget<T>& target) const {
  const int64_t half = n_ / 2 + 1;
  const bool is_even = kind_ == Kind::kHermitianEven;
  const FftNumbers<T> apart(pool_, 2 * (is_even ? half : n_));
  T* numbers = apart.data();
  const T* x = numbers;
  if (is_even && source.step == 2 && source.count == half) {
    x = source.re;
  } else {
    for (int64_t k = 0; k < half; ++k) {
      const bool given = k < source.count;
      numbers[2 * k] = given ? source.re[k * source.step] : T(0);
      numbers[2 * k + 1] = given ? source.im[k * source.step] : T(0);
    }
  }
  if (is_even) {
    const SplitNumbers<const T> roots = plan_->mixing_roots();
    kernels().mix[1](x, numbers, m_, roots.re, roots.im, T(1));
  } else {
    numbers[1] = T(0);
    for (int64_t k = 1; k < half; ++k) {
      numbers[2 * (n_ - k)] = numbers[2 * k];
      numbers[2 * (n_ - k) + 1] = -numbers[2 * k + 1];
    }
  }
  plan_->RunLong(kernels(), {numbers, numbers + 1, 2, m_}, target, /*inverse=*/true);
}

/// x along `axis` cut or filled up with zeros to n elements, contiguous.
Tensor Padded(const Tensor& x, int axis, int64_t n) {
  Shape shape = x.shape();
  shape[axis] = n;
  const Tensor padded = Tensor::Empty(shape, x.dtype());
  std::memset(padded.mutable_data(), 0, padded.size_bytes());
  tensor::CopyElements(x, padded.Slice(axis, 0, x.shape()[axis]));
  return padded;
}

template <class T>
void Execute(Kind kind, const Tensor& x, Attributes attributes, const Tensor& output) {
  const auto axis = static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, 0));
  const int64_t n = IntegerOr(attributes, AttributeKey::kLength, 0);
  const int64_t given = x.shape()[axis];
  // Numbers in pairs need a whole number of pairs.
  const bool is_cut_in_pair = kind == Kind::kRealEven && given < n && given % 2 != 0;
  const Tensor input = is_cut_in_pair ? Padded(x, axis, n) : x;
  const bool inverse = kind == Kind::kComplex
                           ? IntegerOr(attributes, AttributeKey::kInverse, 0) != 0
                           : kind == Kind::kHermitianEven || kind == Kind::kHermitianOdd;
  const Sequences from(input, axis);
  const Sequences to(output, axis);
  Transform<T>(kind, n, inverse, NumberOr(attributes, AttributeKey::kScale, 1.0), from,
               static_cast<const T*>(input.data()), to, static_cast<T*>(output.mutable_data()))
      .Run();
}

void Dispatch(Kind kind, Tensors inputs, Attributes attributes, Tensors outputs) {
  if (outputs[0]->size() == 0) return;
  if (tensor::RealPartOf(inputs[0]->dtype()) == DType::kFloat32) {
    Execute<float>(kind, *inputs[0], attributes, *outputs[0]);
  } else {
    Execute<double>(kind, *inputs[0], attributes, *outputs[0]);
  }
}

bool IsEven(Attributes attributes) {
  return IntegerOr(attributes, AttributeKey::kLength, 0) % 2 == 0;
}

void Fft(Tensors inputs, Attributes attributes, Tensors outputs) {
  Dispatch(Kind::kComplex, inputs, attributes, outputs);
}
void Rfft(Tensors inputs, Attributes attributes, Tensors outputs) {
  Dispatch(IsEven(attributes) ? Kind::kRealEven : Kind::kRealOdd, inputs, attributes, outputs);
}
void Irfft(Tensors inputs, Attributes attributes, Tensors outputs) {
  Dispatch(IsEven(attributes) ? Kind::kHermitianEven : Kind::kHermitianOdd, inputs, attributes,
           outputs);
}

bool SupportsFft(std::span<const DType> dtypes) { return tensor::IsComplex(dtypes[0]); }
bool SupportsRfft(std::span<const DType> dtypes) {
  return tensor::IsRealFloating(dtypes[0]) && dtypes[1] == tensor::ComplexOf(dtypes[0]);
}
bool SupportsIrfft(std::span<const DType> dtypes) {
  return tensor::IsComplex(dtypes[0]) && dtypes[1] == tensor::RealPartOf(dtypes[0]);
}

const bool registered = RegisterOperation(Op::kFft, {&SupportsFft, &Fft}) &&
                        RegisterOperation(Op::kRfft, {&SupportsRfft, &Rfft}) &&
                        RegisterOperation(Op::kIrfft, {&SupportsIrfft, &Irfft});

}  // namespace
}  // namespace emberharmony::backend::native
