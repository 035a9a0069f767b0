#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "emberharmony/backend/op.h"
#include "emberharmony/backend/threads.h"
#include "emberharmony/base/philox.h"
#include "emberharmony/ops/random.h"

namespace emberharmony::ops::random {

/// Philox's key and the upper half of its counter but for the try.
struct Sequence {
  uint64_t seed;
  uint64_t stream;  // below kStreamEnd
};
inline constexpr uint64_t kStreamEnd = uint64_t{1} << 48;
/// Tries of one element: so many that none comes near.
inline constexpr uint32_t kTriesMax = 1 << 16;

/// What options ask for, else the process's next stream.
Sequence NextSequence(const char* function, const Options& options);

/// Makes numbers of an operation (random_bits and so on) into `result`, from position `first` on of
/// try `attempt`'s sequence.
void Draw(backend::Op op, const Sequence& sequence, double low, double high, const Tensor& result,
          uint64_t first = 0, uint32_t attempt = 0);
/// Random 64-bit elements [first, first + n).
void DrawBits(const Sequence& sequence, uint64_t first, int64_t n, uint64_t* out,
              uint32_t attempt = 0);

/// The dtype asked for, which must be real floating point.
DType FloatingDType(const char* function, const Options& options);
/// The dtype asked for, or int64, which must be real (bool too if `with_bool`).
DType DiscreteDType(const char* function, const Options& options);
/// The largest number of an integer dtype; of uint64, and of floats, which round, int64's.
int64_t LargestWhole(DType dtype);
/// Throws std::invalid_argument where the dtype has no number so large: it would wrap around.
void CheckMayBeDrawn(const char* function, int64_t largest, DType dtype);

/// One parameter of a distribution: a number, or a tensor broadcast to the result's shape.
class Parameter {
 public:
  /// Throws ShapeError or DTypeError unless the operand is a number or a real or bool tensor that
  /// broadcasts to `shape`.
  Parameter(const char* function, const char* name, const Operand& operand, const Shape& shape);

  bool is_number() const { return stride_ == 0; }
  double At(int64_t i) const { return data_[i * stride_]; }
  /// Throws std::invalid_argument unless all values pass; `expected` says what does.
  void Check(bool (*passes)(double), const char* expected) const;
  const Tensor& tensor() const { return values_; }

 private:
  const char* function_;
  const char* name_;
  double number_ = 0;
  Tensor values_;  // of the shape, contiguous, float64
  const double* data_ = &number_;
  int64_t stride_ = 0;

  Parameter(const Parameter&) = delete;
  Parameter& operator=(const Parameter&) = delete;
};

/// A fraction in [0, 1) out of 64 random bits, and one in (0, 1).
inline double Fraction(uint64_t wide) { return static_cast<double>(wide >> 11) * 0x1p-53; }

/// The blocks of one element: block k is Philox of (position, try k). Those of the first tries come
/// out of the vectorized kernels.
class ElementBlocks {
 public:
  ElementBlocks(const Sequence& sequence, uint64_t position, const uint64_t* const* drawn,
                uint32_t num_drawn, int64_t at)
      : sequence_(sequence), position_(position), drawn_(drawn), num_drawn_(num_drawn), at_(at) {}

  std::array<uint64_t, 2> operator()(uint32_t k) const {
    if (k < num_drawn_) return {drawn_[k][2 * at_], drawn_[k][2 * at_ + 1]};
    const auto words = base::Philox4x32(
        {static_cast<uint32_t>(position_), static_cast<uint32_t>(position_ >> 32),
         static_cast<uint32_t>(sequence_.stream),
         static_cast<uint32_t>(sequence_.stream >> 32) | k << 16},
        {static_cast<uint32_t>(sequence_.seed), static_cast<uint32_t>(sequence_.seed >> 32)});
    return {words[0] | static_cast<uint64_t>(words[1]) << 32,
            words[2] | static_cast<uint64_t>(words[3]) << 32};
  }

 private:
  const Sequence& sequence_;
  uint64_t position_;
  const uint64_t* const* drawn_;
  uint32_t num_drawn_;
  int64_t at_;
};

/// Calls sample(i, blocks) for each element i in [0, n), on several threads; the first kDrawn
/// blocks of an element are made ahead.
template <int kDrawn, class Sample>
void ForElements(const Sequence& sequence, int64_t n, const Sample& sample) {
  constexpr int64_t kBatch = 512;
  backend::ParallelRanges(n, 16 * kBatch, [&](int64_t begin, int64_t end) {
    uint64_t drawn[kDrawn][2 * kBatch];
    const uint64_t* rows[kDrawn];
    for (int k = 0; k < kDrawn; ++k) rows[k] = drawn[k];
    for (int64_t start = begin; start < end; start += kBatch) {
      const int64_t count = std::min(kBatch, end - start);
      for (int k = 0; k < kDrawn; ++k) {
        DrawBits(sequence, 2 * static_cast<uint64_t>(start), 2 * count, drawn[k], k);
      }
      for (int64_t i = 0; i < count; ++i) {
        sample(start + i, ElementBlocks(sequence, start + i, rows, kDrawn, i));
      }
    }
  });
}

/// The same where the low word of `wide` * range says that results could be uneven.
uint64_t BelowUnevenRange(const Sequence& sequence, uint64_t position, uint64_t wide,
                          uint64_t range);

/// A number in [0, range), range 1 to 2^64 (0 stands for 2^64), for the element at `position` whose
/// first 64 bits are `wide`: the high word of wide * range, unless the low word shows that it lies
/// where results would be uneven; then other bits, from the blocks of the element's further tries.
inline uint64_t BelowRange(const Sequence& sequence, uint64_t position, uint64_t wide,
                           uint64_t range) {
  if (range == 0) return wide;
  const unsigned __int128 product = static_cast<unsigned __int128>(wide) * range;
  // What is uneven is less than range: mostly there is no need to know how much it is.
  if (static_cast<uint64_t>(product) < range) [[unlikely]] {
    return BelowUnevenRange(sequence, position, wide, range);
  }
  return static_cast<uint64_t>(product >> 64);
}

/// n elements drawn without replacement out of [0, size): the first n steps of Fisher and Yates's
/// shuffle. int64.
Tensor DrawWithoutReplacement(const Sequence& sequence, int64_t size, int64_t n);

/// Converts int64 results to the dtype asked for.
Tensor Converted(const Tensor& result, DType dtype);

}  // namespace emberharmony::ops::random
