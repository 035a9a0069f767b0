#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/csv_file_internal.h"
#include "emberharmony/io/csv_layout_internal.h"
#include "emberharmony/io/csv_types_internal.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io::internal {

/// CSV files of one header. Every byte is read once when the source is opened, to find the units
/// and what is not text; the types are those of the values of the first unit that has records. A
/// reader keeps one block of text and its fields in memory.
class CsvSource : public Source {
 public:
  /// Files that neither their bytes nor their names mark as data are left out; the first is one.
  /// Columns that `expected` (nullptr: none) names have its types, where CSV has them.
  static arrow::Result<std::shared_ptr<Source>> Make(SourceFiles files, const CsvSizes& sizes = {},
                                                     const arrow::Schema* expected = nullptr);

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<Unit>& units() const override { return units_; }
  bool columns_independent() const override { return false; }
  ColumnHint Hint(const Unit& unit, int column) const override;
  arrow::Result<std::unique_ptr<BatchReader>> Open(const Unit& unit,
                                                   const std::vector<int>& columns,
                                                   const BatchOptions& options,
                                                   Cursor start) const override;
  std::string identity() const override { return identity_; }

 private:
  struct File {
    std::shared_ptr<const CsvFile> file;
    CsvHeader header;
    std::vector<CsvRange> ranges;
  };

  CsvSource() = default;
  arrow::Status CheckHeaders() const;
  void Identify();
  void ListUnits();
  arrow::Status InferTypes();
  void ExpectTypes(const arrow::Schema& expected);

  CsvSizes sizes_;
  std::vector<File> files_;
  std::vector<CsvType> types_;
  std::vector<bool> expected_;  // by column: its type was not found in its values
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<Unit> units_;
  std::vector<CsvRange> ranges_;  // by unit
  std::string identity_;
};

}  // namespace emberharmony::io::internal
