#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "emberharmony/io/csv_block_internal.h"

namespace emberharmony::io::internal {

/// The types that columns of CSV files have.
enum class CsvType : uint8_t {
  kBool,
  kInt64,
  kFloat64,
  kDate,         ///< date32
  kTimestamp,    ///< microseconds, without zone
  kTimestampNs,  ///< nanoseconds, without zone
  kTimestampUtc,
  kTimestampNsUtc,
  kString,
};

std::shared_ptr<arrow::DataType> ArrowTypeOf(CsvType type);
/// The other way round; nothing for a type that columns of CSV files never have.
std::optional<CsvType> CsvTypeOf(const arrow::DataType& type);

/// What the values of one column are like, whatever their order: the bitwise or of what each is.
class CsvTypeEvidence {
 public:
  /// Null fields, and quoted ones without content, say nothing.
  void Add(const char* text, std::span<const CsvField> fields);
  void Merge(const CsvTypeEvidence& other) { seen_ |= other.seen_; }
  /// The narrowest type that holds every value without loss; string if there are no values, if no
  /// other type holds all, and for integers of which some are beyond 64 bits.
  CsvType Resolve() const;

 private:
  uint32_t Classify(std::string_view value) const;

  uint32_t seen_ = 0;
};

}  // namespace emberharmony::io::internal
