#pragma once

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/properties.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/source.h"

// What the tests of the reading half share: random tables, files made of them by parquet-cpp, and
// reading back cell by cell.

namespace emberharmony::io::testing {

struct RandomTableOptions {
  int64_t num_rows = 1000;
  double null_share = 0.2;
  int64_t distinct = 50;  ///< values a column draws from
  uint64_t seed = 1;
};

/// One column of every flat type that Arrow can write to Parquet; the first, "row", counts.
std::shared_ptr<arrow::Table> RandomTable(const RandomTableOptions& options);

/// The bytes of the Parquet file that parquet-cpp makes of a table.
std::shared_ptr<arrow::Buffer> WriteParquet(
    const arrow::Table& table, int64_t row_group_rows,
    const std::shared_ptr<parquet::WriterProperties>& properties,
    const std::shared_ptr<parquet::ArrowWriterProperties>& arrow_properties =
        parquet::default_arrow_writer_properties());

/// What parquet::arrow::FileReader reads from it.
std::shared_ptr<arrow::Table> ReadWithArrow(const std::shared_ptr<arrow::Buffer>& file);

/// A source of one file in memory.
arrow::Result<std::shared_ptr<Source>> OpenBytes(const std::shared_ptr<arrow::Buffer>& file);

/// The rows of a column's pieces appended to a builder, with every promise of Piece checked.
arrow::Status AppendPieces(const Column& column, arrow::ArrayBuilder* builder);

/// The type of a column as Source numbers them.
std::shared_ptr<arrow::DataType> TypeOfColumn(const Source& source, int column);

/// All rows of these columns from `skip_rows` of each unit on, each column as one array; checks
/// what BatchReader promises.
arrow::Result<arrow::ArrayVector> ReadColumns(const Source& source, const std::vector<int>& columns,
                                              const BatchOptions& options, int64_t skip_rows = 0);

}  // namespace emberharmony::io::testing
