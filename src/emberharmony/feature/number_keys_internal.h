#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "emberharmony/feature/analyzer.h"
#include "emberharmony/feature/value_histogram.h"

namespace emberharmony::feature {

/// How the finite numbers of a column become 64-bit keys that ascend with them. Integers, dates,
/// times, timestamps and durations are the integers that they are; booleans, floats and decimals
/// the nearest doubles, -0 as +0.
enum class NumberForm : uint8_t { kDouble = 0, kSigned = 1, kUnsigned = 2 };

/// The form of a measurable type (numeric_chunks_internal.h); a dictionary's is that of its values.
NumberForm NumberFormOf(const arrow::DataType& type);
/// The widest type of this form: float64, int64 or uint64.
std::shared_ptr<arrow::DataType> TypeOfForm(NumberForm form);

/// The number of significant bits that tell all numbers of a form apart.
constexpr int FullBits(NumberForm form) { return form == NumberForm::kDouble ? 53 : 64; }

/// Of a double that is not NaN.
uint64_t KeyOfDouble(double value);
/// The nearest double.
double DoubleOfKey(NumberForm form, uint64_t key);
/// Of a key of integers.
WholeNumber WholeOfKey(NumberForm form, uint64_t key);
/// How far apart two keys' numbers are, rounded once.
double DistanceOfKeys(NumberForm form, uint64_t a, uint64_t b);

/// The keys that share a key's sign and num_bits leading significant bits: the one nearest to zero,
/// the one in the middle, and the ends in ascending order.
struct KeyBucket {
  uint64_t start = 0;
  uint64_t middle = 0;  ///< start where nothing is dropped
  uint64_t low = 0;
  uint64_t high = 0;
  bool exact() const { return low == high; }
};
KeyBucket BucketOf(NumberForm form, uint64_t key, int num_bits);
/// BucketOf(...).start.
uint64_t ShortenedKey(NumberForm form, uint64_t key, int num_bits);
/// The smallest number of kept bits that tells two different keys apart.
int SeparatingBits(NumberForm form, uint64_t a, uint64_t b);

/// Whether a value of `type`, whose form is `form`, has this key: states may come from strangers.
bool IsNumberKey(NumberForm form, const arrow::DataType& type, uint64_t key);

/// Rows whose value is no finite number.
struct MissingNumbers {
  int64_t null_count = 0;  ///< null or NaN
  int64_t infinity_count = 0;
};

constexpr int64_t kNumberBlock = 256;
using NumberKeysVisitor =
    std::function<arrow::Status(const uint64_t* keys, const int64_t* counts, int64_t n)>;
/// Calls visit(keys, counts, n), n <= kNumberBlock, for the finite numbers that some row holds
/// (values are no dictionary), and counts the others' rows. `form` is that of the values, or
/// kDouble: then integers are the nearest doubles.
arrow::Status VisitNumberKeys(const WeightedValues& values, NumberForm form,
                              MissingNumbers* missing, const NumberKeysVisitor& visit);

/// The numbers of some keys, as an array of TypeOfForm(form).
arrow::Result<std::shared_ptr<arrow::Array>> NumbersOfKeys(NumberForm form, const uint64_t* keys,
                                                           int64_t n);

}  // namespace emberharmony::feature
