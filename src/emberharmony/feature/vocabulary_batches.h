#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <cstdint>
#include <memory>

namespace emberharmony::feature {

/// Where a vocabulary that is written piece by piece is cut: a batch ends with the row with which
/// it reaches so many rows or bytes of values. A function of the values alone, since the row groups
/// of a model's files follow from it.
inline constexpr int64_t kVocabularyBatchRows = 262144;
inline constexpr int64_t kVocabularyBatchBytes = int64_t{4} << 20;

/// The end of the batch that begins at row `begin`.
int64_t VocabularyBatchEnd(const arrow::Array& values, int64_t begin);
/// The most rows of a batch of values of a type; those of strings and bytes may end earlier.
int64_t VocabularyBatchRowsMax(const arrow::DataType& type);

/// A vocabulary (columns value, id, count) cut so; nullptr where there is none.
std::shared_ptr<arrow::RecordBatchReader> CutVocabulary(std::shared_ptr<arrow::RecordBatch> table);

}  // namespace emberharmony::feature
