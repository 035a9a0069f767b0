#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string_view>
#include <vector>

#include "emberharmony/io/pooled_array_internal.h"
#include "emberharmony/io/row_group_sink_internal.h"

namespace emberharmony::io {

/// Encodes rows as the buffers of Arrow arrays: validity where there are nulls, offsets, values, in
/// LZ4 frames where that makes them smaller. What lies under nulls and in padding is zero, so the
/// bytes depend on the rows alone. Buffers are pages of a chunk, padded to kAlignment bytes; their
/// sizes without padding are beside them.
class ArrowChunkEncoder : public RowGroupEncoder {
 public:
  static constexpr int64_t kAlignment = 64;

  /// UsageError that names the column if its type cannot be written.
  static arrow::Status CheckWritable(const arrow::Field& field);
  static arrow::Result<std::unique_ptr<RowGroupEncoder>> Make(arrow::FieldVector columns,
                                                              arrow::MemoryPool* pool);

  arrow::Result<std::vector<EncodedChunk>> Encode(SlotRows* rows) override;

 private:
  ArrowChunkEncoder(arrow::FieldVector columns, std::unique_ptr<arrow::util::Codec> codec,
                    arrow::MemoryPool* pool)
      : columns_(std::move(columns)),
        codec_(std::move(codec)),
        pool_(pool),
        valid_(pool),
        table_(pool),
        views_(pool),
        plain_(pool) {}

  arrow::Status FindValid(const SlotRows& rows, int column);
  arrow::Status AddValidity(const SlotRows& rows, PageBytes* pages, int64_t* num_nulls);
  arrow::Status AddBits(const SlotRows& rows, int column, PageBytes* pages);
  arrow::Status AddFixed(const SlotRows& rows, int column, int64_t width, PageBytes* pages);
  template <typename Offset>
  arrow::Status AddBinary(const SlotRows& rows, int column, PageBytes* pages);
  /// A buffer of these plain bytes.
  arrow::Status AddBuffer(const uint8_t* data, int64_t size, PageBytes* pages);

  const arrow::FieldVector columns_;
  const std::unique_ptr<arrow::util::Codec> codec_;
  arrow::MemoryPool* const pool_;
  PooledArray<uint8_t> valid_;           // a byte a slot
  PooledArray<uint8_t> table_;           // the value of each slot
  PooledArray<std::string_view> views_;  // likewise, for variable length
  PooledArray<uint8_t> plain_;           // the buffer being made
};

}  // namespace emberharmony::io
