#include "emberharmony/base/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "emberharmony/base/big_natural_internal.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/moment_kernels_internal.h"

namespace emberharmony::base {
namespace {

using internal::BigNatural;
using internal::Int128;
using internal::UInt128;

constexpr int kSumUnit = -1074;      // the exponent of bit 0 of the sum
constexpr int kSquaresUnit = -2148;  // and of the sum of squares
// Below this many additions of less than 2^32 no chunk overflows.
constexpr int64_t kAdditionsMax = int64_t{1} << 30;
constexpr char kVersion = 1;

// Adds (words, least significant first) * 2^bit to the chunks, negated when sign is -1 (it is 0 or
// -1).
template <int kWords>
inline void AddShifted(const uint64_t (&words)[kWords], unsigned bit, int64_t sign,
                       int64_t* chunks) {
  const unsigned shift = bit % 32;
  int64_t* chunk = chunks + bit / 32;
  const auto add = [&](int index, uint64_t amount) {
    chunk[index] += (static_cast<int64_t>(amount) ^ sign) - sign;
  };
  uint64_t carried = 0;  // bits that the word before leaves for this one
#pragma GCC unroll 3
  for (int i = 0; i < kWords; ++i) {
    const uint64_t shifted = words[i] << shift | carried;
    carried = words[i] >> 1 >> (63 - shift);
    add(2 * i, shifted & 0xFFFFFFFF);
    add(2 * i + 1, shifted >> 32);
  }
  add(2 * kWords, carried);
}

// A finite double is significand * 2^(bit - 1074), negative when sign is -1.
struct Decomposed {
  uint64_t significand;
  unsigned bit;
  int64_t sign;
};

Decomposed Decompose(uint64_t bits) {
  const unsigned exponent = bits >> 52 & 0x7FF;
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  const int64_t sign = static_cast<int64_t>(bits) >> 63;
  if (exponent == 0) return {fraction, 0, sign};
  return {fraction | uint64_t{1} << 52, exponent - 1, sign};
}

// Adds a finite double to chunks whose bit 0 is 2^unit.
void AddTerm(double value, int unit, int64_t* chunks) {
  const Decomposed parts = Decompose(std::bit_cast<uint64_t>(value));
  AddShifted<1>({parts.significand}, parts.bit + static_cast<unsigned>(-1074 - unit), parts.sign,
                chunks);
}

// Takes the carries; every chunk but the last is in [0, 2^32) then.
template <size_t kChunks>
void TakeCarries(std::array<int64_t, kChunks>* chunks) {
  int64_t carry = 0;
  for (size_t i = 0; i + 1 < kChunks; ++i) {
    const int64_t chunk = (*chunks)[i] + carry;
    (*chunks)[i] = chunk & 0xFFFFFFFF;
    carry = chunk >> 32;
  }
  chunks->back() += carry;
}

struct SignedBig {
  bool negative = false;
  BigNatural magnitude;
};

template <size_t kChunks>
SignedBig ToBig(std::array<int64_t, kChunks> chunks) {
  static_assert(kChunks % 2 == 0);
  TakeCarries(&chunks);
  SignedBig result;
  result.negative = chunks.back() < 0;
  if (result.negative) {
    for (int64_t& chunk : chunks) chunk = -chunk;
    TakeCarries(&chunks);
  }
  std::vector<uint64_t> words(kChunks / 2);
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = static_cast<uint64_t>(chunks[2 * i]) | static_cast<uint64_t>(chunks[2 * i + 1])
                                                          << 32;
  }
  result.magnitude = BigNatural(std::move(words));
  return result;
}

template <size_t kChunks>
void FromBig(const SignedBig& big, std::array<int64_t, kChunks>* chunks) {
  const auto& words = big.magnitude.words();
  for (size_t i = 0; i < words.size(); ++i) {
    (*chunks)[2 * i] = static_cast<int64_t>(words[i] & 0xFFFFFFFF);
    (*chunks)[2 * i + 1] = static_cast<int64_t>(words[i] >> 32);
  }
  if (!big.negative) return;
  for (int64_t& chunk : *chunks) chunk = -chunk;
}

// The numerator of the variance, n * Sxx - Sx^2, in units of 2^-2148; nothing if it is negative,
// which no values give.
bool VarianceNumerator(int64_t count, const BigNatural& sum, const BigNatural& squares,
                       BigNatural* numerator) {
  *numerator = BigNatural({static_cast<uint64_t>(count)}) * squares;
  const BigNatural square_of_sum = sum * sum;
  if (*numerator < square_of_sum) return false;
  numerator->Subtract(square_of_sum);
  return true;
}

void AppendLittleEndian(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// Takes a little-endian integer from the front of `in`; false when it is too short.
bool TakeLittleEndian(int bytes, std::string_view* in, uint64_t* value) {
  if (in->size() < static_cast<size_t>(bytes)) return false;
  *value = 0;
  for (int i = 0; i < bytes; ++i)
    *value |= uint64_t{static_cast<unsigned char>((*in)[i])} << (8 * i);
  in->remove_prefix(static_cast<size_t>(bytes));
  return true;
}

// sign (1 byte), index of the first word that is not 0 (2), number of words up to the last that is
// not 0 (2), words (8 each).
void AppendBig(const SignedBig& big, std::string* out) {
  const auto& words = big.magnitude.words();
  size_t first = 0;
  while (first < words.size() && words[first] == 0) ++first;
  AppendLittleEndian(big.negative ? 1 : 0, 1, out);
  AppendLittleEndian(first, 2, out);
  AppendLittleEndian(words.size() - first, 2, out);
  for (size_t i = first; i < words.size(); ++i) AppendLittleEndian(words[i], 8, out);
}

bool TakeBig(size_t words_max, std::string_view* in, SignedBig* big) {
  uint64_t negative, first, size;
  if (!TakeLittleEndian(1, in, &negative) || negative > 1) return false;
  if (!TakeLittleEndian(2, in, &first) || !TakeLittleEndian(2, in, &size) ||
      first + size > words_max)
    return false;
  std::vector<uint64_t> words(first + size);
  for (size_t i = first; i < words.size(); ++i) {
    if (!TakeLittleEndian(8, in, &words[i])) return false;
  }
  if (size == 0 && (first != 0 || negative != 0)) return false;
  if (size > 0 && (words[first] == 0 || words.back() == 0)) return false;
  big->negative = negative != 0;
  big->magnitude = BigNatural(std::move(words));
  return true;
}

// Sums of integers: 128 bits, and 192 bits of squares.
struct IntegerSums {
  UInt128 sum = 0;  // two's complement
  UInt128 squares_low = 0;
  uint64_t squares_high = 0;

  void AddSquares(UInt128 term) {
    squares_low += term;
    squares_high += squares_low < term;
  }
};

}  // namespace

void ExactMoments::CountAddition() {
  if (++additions_ >= kAdditionsMax) Normalize();
}

void ExactMoments::Normalize() {
  TakeCarries(&sum_);
  TakeCarries(&squares_);
  additions_ = 1;
}

void ExactMoments::AddDouble(uint64_t bits, uint64_t weight) {
  const auto [significand, bit, sign] = Decompose(bits);
  const UInt128 square = UInt128{significand} * significand;
  const uint64_t square_low = static_cast<uint64_t>(square);
  const uint64_t square_high = static_cast<uint64_t>(square >> 64);
  if (weight == 1) {
    AddShifted<1>({significand}, bit, sign, sum_.data());
    AddShifted<2>({square_low, square_high}, 2 * bit, 0, squares_.data());
  } else {
    const UInt128 product = UInt128{significand} * weight;
    AddShifted<2>({static_cast<uint64_t>(product), static_cast<uint64_t>(product >> 64)}, bit, sign,
                  sum_.data());
    const UInt128 low = UInt128{square_low} * weight;
    const UInt128 high = UInt128{square_high} * weight + static_cast<uint64_t>(low >> 64);
    AddShifted<3>({static_cast<uint64_t>(low), static_cast<uint64_t>(high),
                   static_cast<uint64_t>(high >> 64)},
                  2 * bit, 0, squares_.data());
  }
  CountAddition();
}

void ExactMoments::Add(double value, int64_t weight) {
  assert(weight >= 0);
  assert(weight == 0 || !std::isinf(value));
  if (weight <= 0 || !std::isfinite(value)) return;
  count_ += weight;
  AddDouble(std::bit_cast<uint64_t>(value), static_cast<uint64_t>(weight));
}

bool ExactMoments::AddBlock(const double* values, const int64_t* weights, int64_t n) {
  const internal::MomentKernels& kernels = internal::BestMomentKernels();
  internal::MomentBlock block;
  kernels.prepare(values, weights, n, &block);
  if ((block.weights_union & ~int64_t{1}) != 0) return false;
  if (block.largest != 0) {
    if (!(block.largest < std::numeric_limits<double>::infinity())) return false;
    const int largest = std::ilogb(block.largest);
    const int smallest = std::ilogb(block.smallest);
    if (largest > internal::kExponentMax || smallest < -internal::kExponentMax) return false;
    if (largest - smallest > internal::kSpreadMax3) return false;
    const bool two_parts = largest - smallest <= internal::kSpreadMax2;
    internal::MomentSums sums;
    (two_parts ? kernels.sum2 : kernels.sum3)(block, largest, &sums);
    for (int lane = 0; lane < internal::kMomentLanes; ++lane) {
      for (const auto& part : sums.values) AddTerm(part[lane], kSumUnit, sum_.data());
      for (int part = 0; part < (two_parts ? 2 : 3); ++part) {
        AddTerm(sums.squares[part][lane], kSquaresUnit, squares_.data());
        AddTerm(sums.errors[part][lane], kSquaresUnit, squares_.data());
      }
      additions_ += 6;
    }
    CountAddition();
  }
  count_ += block.count;
  return true;
}

void ExactMoments::AddMany(const double* values, const int64_t* weights, int64_t n) {
  for (int64_t begin = 0; begin < n; begin += internal::kMomentBlockValues) {
    const int64_t length = std::min<int64_t>(n - begin, internal::kMomentBlockValues);
    // Below some hundred values a block costs more than it saves.
    if (length >= 64 &&
        AddBlock(values + begin, weights == nullptr ? nullptr : weights + begin, length)) {
      continue;
    }
    for (int64_t i = begin; i < begin + length; ++i)
      Add(values[i], weights == nullptr ? 1 : weights[i]);
  }
}

template <typename Integer>
void ExactMoments::AddIntegers(const Integer* values, const int64_t* weights, int64_t n) {
  IntegerSums sums;
  for (int64_t i = 0; i < n; ++i) {
    const Integer value = values[i];
    const bool negative = std::is_signed_v<Integer> && value < 0;
    const uint64_t magnitude =
        negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    const UInt128 square = UInt128{magnitude} * magnitude;
    if (weights == nullptr) {
      sums.sum += static_cast<UInt128>(static_cast<Int128>(value));
      sums.AddSquares(square);
      continue;
    }
    assert(weights[i] >= 0);
    const uint64_t weight = static_cast<uint64_t>(weights[i]);
    count_ += weights[i];
    sums.sum += static_cast<UInt128>(static_cast<Int128>(value)) * weight;
    const uint64_t square_high = static_cast<uint64_t>(square >> 64);
    sums.AddSquares(UInt128{static_cast<uint64_t>(square)} * weight);
    if (square_high != 0) {
      const UInt128 high = UInt128{square_high} * weight;  // counts 2^64
      sums.AddSquares(high << 64);
      sums.squares_high += static_cast<uint64_t>(high >> 64);
    }
  }
  if (weights == nullptr) count_ += n;
  const int64_t sign = static_cast<int64_t>(static_cast<uint64_t>(sums.sum >> 64)) >> 63;
  const UInt128 magnitude = sign != 0 ? 0 - sums.sum : sums.sum;
  AddShifted<2>({static_cast<uint64_t>(magnitude), static_cast<uint64_t>(magnitude >> 64)},
                -kSumUnit, sign, sum_.data());
  AddShifted<3>({static_cast<uint64_t>(sums.squares_low),
                 static_cast<uint64_t>(sums.squares_low >> 64), sums.squares_high},
                -kSquaresUnit, 0, squares_.data());
  CountAddition();
}

void ExactMoments::AddMany(const int64_t* values, const int64_t* weights, int64_t n) {
  AddIntegers(values, weights, n);
}

void ExactMoments::AddMany(const uint64_t* values, const int64_t* weights, int64_t n) {
  AddIntegers(values, weights, n);
}

void ExactMoments::Merge(const ExactMoments& other) {
  if (additions_ + other.additions_ >= kAdditionsMax) {
    ExactMoments normalized = other;
    normalized.Normalize();
    Normalize();
    return Merge(normalized);
  }
  for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
  for (size_t i = 0; i < squares_.size(); ++i) squares_[i] += other.squares_[i];
  count_ += other.count_;
  additions_ += other.additions_;
}

double ExactMoments::Sum() const {
  const SignedBig sum = ToBig(sum_);
  const double magnitude = internal::RoundedQuotient(sum.magnitude, 1, kSumUnit);
  return sum.negative ? -magnitude : magnitude;
}

double ExactMoments::Mean() const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  const SignedBig sum = ToBig(sum_);
  const double magnitude =
      internal::RoundedQuotient(sum.magnitude, static_cast<UInt128>(count_), kSumUnit);
  // A mean that rounds to zero is +0 like any other zero here.
  return sum.negative && magnitude != 0 ? -magnitude : magnitude;
}

double ExactMoments::Variance(int ddof) const {
  if (count_ <= ddof) return std::numeric_limits<double>::quiet_NaN();
  BigNatural numerator;
  if (!VarianceNumerator(count_, ToBig(sum_).magnitude, ToBig(squares_).magnitude, &numerator))
    return 0;
  const UInt128 denominator = static_cast<UInt128>(count_) * static_cast<UInt128>(count_ - ddof);
  return internal::RoundedQuotient(numerator, denominator, kSquaresUnit);
}

double ExactMoments::StandardDeviation(int ddof) const {
  if (count_ <= ddof) return std::numeric_limits<double>::quiet_NaN();
  BigNatural numerator;
  if (!VarianceNumerator(count_, ToBig(sum_).magnitude, ToBig(squares_).magnitude, &numerator) ||
      numerator.is_zero()) {
    return 0;
  }
  const UInt128 denominator = static_cast<UInt128>(count_) * static_cast<UInt128>(count_ - ddof);
  // Scaled by a power of 4, the variance is near 1, whatever the size of the values.
  int64_t exponent = static_cast<int64_t>(numerator.BitLength()) + kSquaresUnit;
  exponent -= exponent % 2;
  const double scaled = internal::RoundedQuotient(numerator, denominator, kSquaresUnit - exponent);
  return std::ldexp(std::sqrt(scaled), static_cast<int>(exponent / 2));
}

std::string ExactMoments::Encode() const {
  std::string out(1, kVersion);
  AppendLittleEndian(static_cast<uint64_t>(count_), 8, &out);
  AppendBig(ToBig(sum_), &out);
  AppendBig(ToBig(squares_), &out);
  return out;
}

arrow::Result<ExactMoments> ExactMoments::Decode(std::string_view bytes) {
  if (bytes.empty() || bytes[0] != kVersion) {
    return DataError(
        "sums: expected version 1, found " +
        (bytes.empty() ? "no bytes" : std::to_string(static_cast<unsigned char>(bytes[0]))) +
        "; the state was written by another version or is damaged");
  }
  bytes.remove_prefix(1);
  uint64_t count;
  SignedBig sum, squares;
  ExactMoments result;
  const bool complete = TakeLittleEndian(8, &bytes, &count) &&
                        TakeBig(result.sum_.size() / 2, &bytes, &sum) &&
                        TakeBig(result.squares_.size() / 2, &bytes, &squares) && bytes.empty();
  BigNatural numerator;
  // The limits of what values can give: weights up to 2^62, and the inequality of Cauchy and
  // Schwarz.
  if (!complete || count > uint64_t{1} << 62 || squares.negative ||
      sum.magnitude.BitLength() > 2160 || squares.magnitude.BitLength() > 4258 ||
      !VarianceNumerator(static_cast<int64_t>(count), sum.magnitude, squares.magnitude,
                         &numerator) ||
      (count == 0 && !squares.magnitude.is_zero())) {
    return DataError(
        "sums: expected an encoded state, found bytes that no values give; the state is damaged");
  }
  result.count_ = static_cast<int64_t>(count);
  FromBig(sum, &result.sum_);
  FromBig(squares, &result.squares_);
  result.additions_ = 1;
  return result;
}

}  // namespace emberharmony::base
