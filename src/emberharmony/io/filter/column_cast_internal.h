#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/filter/column_keys_internal.h"
#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/filter/literal.h"

namespace emberharmony::io::filter {

/// The values of a column after CAST or SAFE_CAST.
struct CastValues {
  std::shared_ptr<arrow::Array> values;  ///< null where a value is null or could not be cast
  std::vector<uint8_t> failed;           ///< 1 where CAST is an error; empty: nowhere
  std::string first_fault;               ///< why the first of these is
};

/// CAST(column AS type), or several one in the other. Immutable.
class ColumnCast {
 public:
  /// `inner` (nullptr: none) casts before; `from` is what it, or the column, gives. CanCast allows
  /// the pair. `where` begins messages: a place in the filter's text.
  ColumnCast(std::shared_ptr<const ColumnCast> inner, const ColumnType& from, SqlType to,
             bool is_safe, std::string where);

  /// What comes out.
  const ColumnType& type() const { return type_; }
  /// Whether there are values of which the cast is an error.
  bool may_fail() const { return may_fail_; }
  /// Whether greater values never become smaller ones, and all between two that can be cast can.
  bool is_monotone() const { return is_monotone_; }

  arrow::Result<CastValues> Apply(const arrow::Array& values, arrow::MemoryPool* pool) const;

 private:
  arrow::Status CastAll(const arrow::Array& values, arrow::ArrayBuilder* builder,
                        CastValues* out) const;

  const std::shared_ptr<const ColumnCast> inner_;
  const ColumnType from_;
  const SqlType to_;
  const bool is_safe_;
  const std::string where_;
  std::shared_ptr<arrow::DataType> arrow_type_;
  ColumnType type_;
  bool may_fail_ = true;
  bool is_monotone_ = false;
};

}  // namespace emberharmony::io::filter
