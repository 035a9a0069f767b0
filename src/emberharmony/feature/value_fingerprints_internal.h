#pragma once

#include <arrow/array.h>

#include <cstdint>

namespace emberharmony::feature {

/// Fingerprint64 of the bytes of an array's values, which decides their bucket in `vocabulary` (out
/// of vocabulary) and `hash_bucket`.
///
/// The bytes of a string are the string's; of booleans, integers, dates, times, timestamps and
/// durations the integer's eight, little-endian, so that int32 and int64 agree; of floats the
/// double's eight, -0 being 0; of decimals and fixed-size bytes the value's own. Refers to the
/// array, which is of a type that ValueKeys knows and must outlive it; thread-safe.
class ValueFingerprints {
 public:
  explicit ValueFingerprints(const arrow::Array& values) : values_(values) {}

  /// Of values[i], which is not null.
  uint64_t At(int64_t i) const;

 private:
  int byte_width() const;
  uint64_t ReadUnsigned(int64_t i) const;
  uint64_t ReadSigned(int64_t i) const;

  const arrow::Array& values_;
};

}  // namespace emberharmony::feature
