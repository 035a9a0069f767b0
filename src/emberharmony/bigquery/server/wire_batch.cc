#include "emberharmony/bigquery/server/wire_batch.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "emberharmony/bigquery/server/gathered_column.h"
#include "emberharmony/bigquery/server/wire_array.h"

namespace emberharmony::bigquery::server {

using arrow::Result;
using ArrayPtr = std::shared_ptr<arrow::Array>;

WireBatchMaker::WireBatchMaker(const WireSchema& schema, arrow::MemoryPool* pool)
    : schema_(schema), pool_(pool), dictionaries_(schema.fields.size()) {}

WireBatchMaker::~WireBatchMaker() = default;

Result<std::shared_ptr<arrow::RecordBatch>> WireBatchMaker::Make(const io::Batch& batch) {
  std::vector<ArrayPtr> columns;
  columns.reserve(batch.columns.size());
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, MakeColumn(batch.columns[i], batch.num_rows, i));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema_.schema, batch.num_rows, std::move(columns));
}

Result<ArrayPtr> WireBatchMaker::Dictionary(const io::Piece& piece, size_t index) {
  KnownDictionary& known = dictionaries_[index];
  if (known.values == nullptr || known.id != piece.dictionary_id || piece.dictionary_id == 0) {
    ARROW_ASSIGN_OR_RAISE(known.values, ToWire(piece.values, schema_.fields[index], pool_));
    known.id = piece.dictionary_id;
  }
  return known.values;
}

Result<ArrayPtr> WireBatchMaker::MakeColumn(const io::Column& column, int64_t num_rows,
                                            size_t index) {
  const WireField& field = schema_.fields[index];
  std::vector<GatheredPiece> pieces;
  bool encoded = false;
  for (const io::Piece& piece : column.pieces) {
    if (piece.num_rows == 0) continue;
    GatheredPiece made;
    if (piece.encoded()) {
      ARROW_ASSIGN_OR_RAISE(made.values, Dictionary(piece, index));
      made.indices = piece.index_data();
      encoded = true;
    } else {
      ARROW_ASSIGN_OR_RAISE(made.values, ToWire(piece.values, field, pool_));
    }
    made.num_rows = piece.num_rows;
    pieces.push_back(std::move(made));
  }
  if (pieces.empty()) return arrow::MakeEmptyArray(field.field->type(), pool_);
  if (pieces.size() == 1 && !encoded) return pieces[0].values;
  if (!encoded && field.field->type()->num_fields() > 0) {
    std::vector<ArrayPtr> arrays;
    for (const GatheredPiece& piece : pieces) arrays.push_back(piece.values);
    return arrow::Concatenate(arrays, pool_);
  }
  return GatherColumn(pieces, field.field->type(), num_rows, pool_);
}

}  // namespace emberharmony::bigquery::server
