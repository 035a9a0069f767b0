#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/cell_fingerprint.h"
#include "emberharmony/io/source.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io::testing {

/// The cells of an array and all that is in it.
inline int64_t CountCells(const arrow::ArrayData& data) {
  int64_t count = data.length;
  for (const auto& child : data.child_data) count += CountCells(*child);
  return count;
}

/// Aborts unless the pieces are of the form that io/batch.h promises.
inline void RequireColumn(const Column& column, int64_t num_rows) {
  const auto require = base::FuzzSeeds::FuzzRequire;
  int64_t rows = 0;
  for (const Piece& piece : column.pieces) {
    rows += piece.num_rows;
    if (piece.encoded()) {
      require(piece.indices->size() >= piece.num_rows * 4, "a row has an index");
      for (int64_t i = 0; i < piece.num_rows; ++i) {
        require(piece.index_data()[i] >= 0 && piece.index_data()[i] <= piece.values->length(),
                "an index is one of an entry, or null");
      }
    } else {
      require(piece.values->length() == piece.num_rows, "a row has a value");
    }
    // Strings need not be UTF-8, times not be of a day; but what offsets point at must be there.
    if (piece.values->type_id() == arrow::Type::STRING) {
      auto bytes = piece.values->data()->Copy();
      bytes->type = arrow::binary();
      require(arrow::MakeArray(std::move(bytes))->ValidateFull().ok(), "texts lie in their bytes");
    }
    require(piece.values->Validate().ok(), "an array is well-formed");
    // Goes through every cell of what is nested. A few bytes can stand for any number of nulls.
    if (arrow::is_nested(piece.values->type_id()) && CountCells(*piece.values->data()) < 1 << 20) {
      std::vector<uint64_t> fingerprints(static_cast<size_t>(piece.values->length()));
      const auto status = CellFingerprints(*piece.values, fingerprints.data());
      require(status.ok() || base::KindOf(status) == base::ErrorKind::kUsage,
              "cells have a fingerprint, or a type without one");
    }
  }
  require(rows == num_rows, "a batch has its rows");
}

/// Reads a source's columns and members, from their start and from a row between, within 256 MiB.
/// Whatever the bytes are, that ends in values or an error.
inline void ReadWhatever(const Source& source) {
  const auto budget = base::MemoryBudget::MakeRoot("fuzz", int64_t{256} << 20);
  BatchOptions options;
  options.batch_rows = 37;
  options.pool = budget.get();
  const auto num_columns =
      source.schema()->num_fields() + static_cast<int>(StructMembers(*source.schema()).size());
  for (const Unit& unit : source.units()) {
    for (int column = 0; column < num_columns; ++column) {
      (void)source.Hint(unit, column);
      const int64_t start = unit.num_rows > 50 ? 41 : 0;
      for (const int64_t first : {int64_t{0}, start}) {
        const auto reader = source.Open(unit, {column}, options, {first});
        if (!reader.ok()) continue;
        for (int batches = 0; batches < 20; ++batches) {
          const auto batch = (*reader)->Next();
          if (!batch.ok() || !batch->has_value()) break;
          RequireColumn((*batch)->columns[0], (*batch)->num_rows);
        }
      }
    }
  }
}

}  // namespace emberharmony::io::testing
