#include <arrow/array.h>
#include <arrow/io/memory.h>
#include <arrow/type.h>

#include <cstdint>
#include <cstdlib>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/arrow_source_internal.h"

// The input is an Arrow IPC file or stream. Whatever it is, reading ends in values or an error,
// within 256 MiB.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckColumn(const io::Column& column, int64_t num_rows) {
  int64_t rows = 0;
  for (const io::Piece& piece : column.pieces) {
    rows += piece.num_rows;
    if (piece.encoded()) {
      Require(piece.indices->size() >= piece.num_rows * 4);
      for (int64_t i = 0; i < piece.num_rows; ++i) {
        Require(piece.index_data()[i] >= 0 && piece.index_data()[i] <= piece.values->length());
      }
    } else {
      Require(piece.values->length() == piece.num_rows);
    }
    // Strings need not be UTF-8, times not be of a day; but what offsets point at must be there.
    if (piece.values->type_id() == arrow::Type::STRING) {
      auto bytes = piece.values->data()->Copy();
      bytes->type = arrow::binary();
      Require(arrow::MakeArray(std::move(bytes))->ValidateFull().ok());
    }
    Require(piece.values->Validate().ok());
  }
  Require(rows == num_rows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto opened = io::internal::ArrowSource::MakeFromFile(
      "fuzz", std::make_shared<arrow::io::BufferReader>(
                  std::make_shared<arrow::Buffer>(data, static_cast<int64_t>(size))));
  if (!opened.ok()) return 0;
  const auto budget = base::MemoryBudget::MakeRoot("fuzz", int64_t{256} << 20);
  const io::Source& source = **opened;
  io::BatchOptions options;
  options.batch_rows = 37;
  options.pool = budget.get();
  for (const io::Unit& unit : source.units()) {
    for (int column = 0; column < source.schema()->num_fields(); ++column) {
      (void)source.Hint(unit, column);
      const int64_t start = unit.num_rows > 50 ? 41 : 0;
      for (const int64_t first : {int64_t{0}, start}) {
        const auto reader = source.Open(unit, {column}, options, {first});
        if (!reader.ok()) continue;
        for (int batches = 0; batches < 20; ++batches) {
          const auto batch = (*reader)->Next();
          if (!batch.ok() || !batch->has_value()) break;
          CheckColumn((*batch)->columns[0], (*batch)->num_rows);
        }
      }
    }
  }
  return 0;
}
