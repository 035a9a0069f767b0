#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::io {

/// Of one array of a record batch.
struct ArrowNode {
  int64_t num_rows = 0;
  int64_t num_nulls = 0;
};

/// Where a buffer lies in a record batch's body.
struct ArrowBufferPlace {
  int64_t offset = 0;
  int64_t size = 0;  ///< without padding
};

/// Where a record batch lies in a file (File.fbs, Block).
struct ArrowBlock {
  int64_t offset = 0;
  int32_t metadata_size = 0;  ///< prefix and padding included
  int64_t body_size = 0;
};

/// The metadata of a record batch (Message.fbs) as a FlatBuffer, without prefix and padding. Equal
/// arguments give equal bytes. `lz4`: the buffers are LZ4 frames after their plain sizes.
std::string RecordBatchMetadata(int64_t num_rows, const std::vector<ArrowNode>& nodes,
                                const std::vector<ArrowBufferPlace>& buffers, int64_t body_size,
                                bool lz4);

/// The footer of a file without dictionaries (File.fbs) as a FlatBuffer. `schema_message`: the
/// FlatBuffer of the schema's message, whose schema the footer repeats.
arrow::Result<std::string> ArrowFooter(std::string_view schema_message,
                                       const std::vector<ArrowBlock>& batches);

}  // namespace emberharmony::io
