#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "emberharmony/io/filter/literal.h"

namespace emberharmony::bigquery {

/// Some rows of a table, told apart by a column's value.
struct UnitRange {
  std::string condition;  ///< GoogleSQL
  int64_t num_rows = 0;   ///< that fulfil it
};

/// Counts the values of a column, to divide the table by them.
///
/// Values that are near to each other are counted together where there are too many to count each:
/// those that share all but so many low bits, or so many leading characters. How many is the least
/// that suffices, so it depends on the set of values alone, and neither on their order nor on how
/// often each comes. One thread at a time.
class UnitHistogram {
 public:
  /// What the values may take of memory, about.
  struct Limits {
    size_t keys_max = 65'536;  ///< at least 2
    size_t text_bytes_max = size_t{16} << 20;
  };

  /// UsageError unless the schema, as the Storage Read API tells it, has such a column, or field of
  /// a record (`record.child`, at any depth), of INT64, NUMERIC, DATE, DATETIME, TIMESTAMP or
  /// STRING. Upper and lower case are the same, and the nearest name is told.
  static arrow::Status Check(const arrow::Schema& schema, const std::string& column);
  /// As Check.
  static arrow::Result<UnitHistogram> Make(const arrow::Schema& schema, const std::string& column,
                                           const Limits& limits);
  static arrow::Result<UnitHistogram> Make(const arrow::Schema& schema, const std::string& column) {
    return Make(schema, column, Limits());
  }

  /// The column's name as the table has it, `record.child` for a field.
  const std::string& column() const { return column_; }
  /// Counts values, of the type of the schema's column.
  arrow::Status Update(const arrow::Array& values);
  /// The same of rows that have the column. A field of a record that is null is null.
  arrow::Status UpdateFrom(const arrow::RecordBatch& rows);
  int64_t num_rows() const { return num_rows_; }

  /// Ranges of values that hold all rows, each once, also rows of values that have not been
  /// counted: first the rows without a value, though there may be none, then ascending. A range is
  /// closed by the value with which it reaches `rows_min` rows, or as many more as leave no more
  /// than `ranges_max` ranges of values.
  std::vector<UnitRange> Cut(int64_t rows_min, int64_t ranges_max) const;

 private:
  using Int128 = io::filter::Int128;

  struct IntegerHash {
    size_t operator()(Int128 value) const;
  };

  UnitHistogram(std::vector<std::string> path, std::shared_ptr<arrow::DataType> type,
                Limits limits);
  /// The column in GoogleSQL.
  std::string ColumnSql() const;
  void CountInteger(Int128 value, int64_t num_rows);
  void CountText(std::string_view value, int64_t num_rows);
  void CoarsenIntegers();
  void CoarsenTexts();
  /// Where a key's values begin.
  std::string BorderSql(Int128 key) const;
  std::string RangeSql(const std::string& begin, const std::string& end) const;

  const std::vector<std::string> path_;  ///< the column, then the fields of records
  const std::string column_;
  const std::shared_ptr<arrow::DataType> type_;
  const Limits limits_;
  int shift_ = 0;  ///< low bits that integers have lost
  std::unordered_map<Int128, int64_t, IntegerHash> integers_;
  size_t characters_ = 64;  ///< that texts have kept
  size_t text_bytes_ = 0;
  std::unordered_map<std::string, int64_t> texts_;
  int64_t num_rows_ = 0;
};

}  // namespace emberharmony::bigquery
