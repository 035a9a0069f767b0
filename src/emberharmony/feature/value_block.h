#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>

namespace emberharmony::feature {

/// Values of one column on their way through the steps: the entries of a dictionary, or plain rows.
///
/// Length is values->length() plus one when null_slot is set: then one more entry, a null, follows
/// the values (the slot that the rows of an encoded column that are null point to). Two forms
/// occur:
/// - source form: any Arrow type; plain rows may contain nulls;
/// - numeric form: a float64 array without validity in which NaN is missing; never with null_slot.
/// Numeric steps turn the
///   source form into this one (ToNumeric) and stay in it; the pipeline casts once, at its end.
struct ValueBlock {
  std::shared_ptr<arrow::Array> values;
  bool null_slot = false;
  int64_t length() const { return values->length() + (null_slot ? 1 : 0); }
};

/// What is known of a block's values before any has been seen.
struct ColumnInfo {
  std::string name;  ///< the name of the output column that the values would have
  std::shared_ptr<arrow::DataType> type;  ///< source form: its type; numeric form: float64
  bool numeric_form = false;              ///< see ValueBlock
  bool nullable = true;                   ///< false: no value is ever null or NaN
  double lower_bound = -1.0 / 0.0;        ///< no value is smaller (numeric form after clip)
  bool final_type =
      false;  ///< source form: the type is meant (passthrough, cast, ids): not cast at the end
};

}  // namespace emberharmony::feature
