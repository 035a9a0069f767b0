#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

namespace emberharmony::plan::internal {

/// "vocabulary/00003.parquet": the file of the step at this position, relative to the model's
/// folder.
std::string VocabularyFileName(int64_t position);

/// Writes a vocabulary (columns value, id, count) as Parquet, a row group for each batch: the same
/// bytes for the same batches. Its name is durable only after base::SyncFolder of its folder.
arrow::Status WriteVocabulary(const std::string& path, arrow::RecordBatchReader* vocabulary);
/// Reads it back: value of any flat type, id int32 or int64, count int64, no nulls. DataError when
/// the file is anything else; the file may come from a stranger.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadVocabulary(
    const std::string& path, arrow::MemoryPool* pool = arrow::default_memory_pool());
/// The same, batch by batch.
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> OpenVocabulary(const std::string& path,
                                                                        arrow::MemoryPool* pool);
/// What a vocabulary would take when it has been read and can be looked up, as far as its file
/// tells.
arrow::Result<int64_t> VocabularyBytes(const std::string& path, arrow::MemoryPool* pool);

}  // namespace emberharmony::plan::internal
