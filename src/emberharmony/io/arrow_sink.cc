#include <arrow/buffer.h>
#include <arrow/ipc/writer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "emberharmony/io/arrow_chunk_encoder_internal.h"
#include "emberharmony/io/arrow_metadata_writer_internal.h"
#include "emberharmony/io/row_group_sink_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Status;

constexpr int64_t kAlignment = ArrowChunkEncoder::kAlignment;
constexpr int64_t kPrefixBytes = 8;
constexpr uint32_t kContinuation = 0xFFFFFFFF;

/// Writes a file in Arrow's IPC file format: a record batch for each row group, whose buffers lie
/// at multiples of kAlignment, so that readers may map them.
class ArrowSink : public RowGroupSink {
 public:
  ArrowSink(std::string path, ShardLayout layout, const SinkOptions& options)
      : RowGroupSink(std::move(path), std::move(layout), options) {}

 protected:
  arrow::Result<std::unique_ptr<RowGroupEncoder>> MakeEncoder(int first, int count) override {
    const arrow::FieldVector& fields = layout().schema->fields();
    return ArrowChunkEncoder::Make({fields.begin() + first, fields.begin() + first + count},
                                   pool());
  }

  arrow::Result<std::unique_ptr<MatrixEncoder>> MakeMatrixEncoder(int64_t values_per_row,
                                                                  int64_t value_bytes) override {
    return MakeArrowMatrixEncoder(values_per_row, value_bytes, pool());
  }

  Status WriteFile(arrow::io::OutputStream* stream) override {
    ARROW_RETURN_NOT_OK(stream->Write("ARROW1\0\0", 8));
    ARROW_ASSIGN_OR_RAISE(const auto schema, arrow::ipc::SerializeSchema(*layout().schema, pool()));
    ARROW_RETURN_NOT_OK(stream->Write(schema));
    std::vector<ArrowBlock> batches;
    for (size_t group = 0; group < layout().row_group_rows.size(); ++group) {
      ARROW_ASSIGN_OR_RAISE(const ArrowBlock block, WriteBatch(group, stream));
      batches.push_back(block);
    }
    const uint32_t end[2] = {kContinuation, 0};
    ARROW_RETURN_NOT_OK(stream->Write(end, sizeof(end)));
    ARROW_ASSIGN_OR_RAISE(const std::string footer,
                          ArrowFooter(std::string_view(*schema).substr(kPrefixBytes), batches));
    ARROW_RETURN_NOT_OK(stream->Write(footer));
    const auto footer_size = static_cast<int32_t>(footer.size());
    ARROW_RETURN_NOT_OK(stream->Write(&footer_size, sizeof(footer_size)));
    return stream->Write("ARROW1", 6);
  }

 private:
  arrow::Result<ArrowBlock> WriteBatch(size_t group, arrow::io::OutputStream* stream) {
    const std::vector<StoredChunk>& chunks = this->chunks()->row_group(group);
    std::vector<ArrowNode> nodes;
    std::vector<ArrowBufferPlace> buffers;
    ArrowBlock block;
    for (size_t k = 0; k < chunks.size(); ++k) {
      const StoredChunk& chunk = chunks[k];
      nodes.push_back({chunk.num_rows, chunk.statistics.null_count});
      const arrow::DataType& type = *layout().schema->field(static_cast<int>(k))->type();
      if (IsMatrix(type)) {
        const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
        nodes.push_back({chunk.num_rows * list.list_size(), 0});
      }
      for (const int64_t size : chunk.data->unpadded_sizes) {
        buffers.push_back({block.body_size, size});
        block.body_size += arrow::bit_util::RoundUp(size, kAlignment);
      }
    }
    std::string metadata = RecordBatchMetadata(layout().row_group_rows[group], nodes, buffers,
                                               block.body_size, /*lz4=*/true);
    ARROW_ASSIGN_OR_RAISE(block.offset, stream->Tell());
    const int64_t body = arrow::bit_util::RoundUp(
        block.offset + kPrefixBytes + static_cast<int64_t>(metadata.size()), kAlignment);
    metadata.resize(static_cast<size_t>(body - block.offset - kPrefixBytes));
    block.metadata_size = static_cast<int32_t>(body - block.offset);
    const uint32_t prefix[2] = {kContinuation, static_cast<uint32_t>(metadata.size())};
    ARROW_RETURN_NOT_OK(stream->Write(prefix, sizeof(prefix)));
    ARROW_RETURN_NOT_OK(stream->Write(metadata));
    for (const StoredChunk& chunk : chunks) {
      ARROW_RETURN_NOT_OK(this->chunks()->WritePages(*chunk.data, stream));
    }
    return block;
  }
};

}  // namespace

arrow::Result<std::unique_ptr<Sink>> MakeArrowSink(std::string path, ShardLayout layout,
                                                   const SinkOptions& options) {
  ARROW_RETURN_NOT_OK(CheckLayout(path, layout));
  for (const auto& field : layout.schema->fields()) {
    if (IsMatrix(*field->type())) continue;
    ARROW_RETURN_NOT_OK(ArrowChunkEncoder::CheckWritable(*field));
  }
  return std::make_unique<ArrowSink>(std::move(path), std::move(layout), options);
}

}  // namespace emberharmony::io
