#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/filter/column_keys_internal.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::io::filter {

/// Which truth values a condition may have among some rows.
struct Outcomes {
  bool maybe_true = true;
  bool maybe_false = true;
  bool maybe_null = true;
};

/// A condition on one value that is not null. Immutable.
class Leaf {
 public:
  virtual ~Leaf() = default;
  /// out[i] = 1 where value i fulfils the condition, else 0; nulls give either.
  virtual void Test(const arrow::Array& values, uint8_t* out) const = 0;
  /// What values between bounds[0] and bounds[1], and NaN, may give (maybe_null: false).
  virtual Outcomes TestRange(const arrow::Array& bounds) const = 0;
};

/// value <op> literal; the literal's type fits the column's (binder.cc), and is not NULL.
std::unique_ptr<Leaf> MakeComparisonLeaf(const ColumnType& column, ComparisonOp op,
                                         const Literal& literal);
/// value IN (literals), of the same kind.
std::unique_ptr<Leaf> MakeInLeaf(const ColumnType& column,
                                 const std::vector<const Literal*>& literals);
/// value LIKE pattern; "" or what is wrong with the pattern.
std::string MakeLikeLeaf(const ColumnType& column, std::string_view pattern,
                         std::unique_ptr<Leaf>* leaf);
std::unique_ptr<Leaf> MakeNanLeaf();
std::unique_ptr<Leaf> MakeInfLeaf();
/// The value of a boolean column.
std::unique_ptr<Leaf> MakeBooleanLeaf();

}  // namespace emberharmony::io::filter
