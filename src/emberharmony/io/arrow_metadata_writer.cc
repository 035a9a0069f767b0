#include <cstring>

#include "emberharmony/io/arrow_metadata_writer_internal.h"
#include "emberharmony/io/flat_table_internal.h"

namespace emberharmony::io {
namespace {

constexpr int16_t kMetadataVersion5 = 4;
constexpr uint8_t kRecordBatchHeader = 3;
constexpr int kHeaderSlot = 2;

/// Bytes that are filled in order or at known places. All that is written here has a fixed layout,
/// so positions are known where references to them are written.
class Bytes {
 public:
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  template <typename T>
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void Put(std::string_view bytes) { bytes_ += bytes; }
  /// Until the size modulo 8 is `remainder`.
  void Pad(int64_t remainder) {
    bytes_.append(static_cast<size_t>((remainder - size()) & 7), '\0');
  }
  /// At `position`: the distance from there to the end.
  void ReferTo(int64_t position, int64_t target) {
    const auto distance = static_cast<uint32_t>(target - position);
    std::memcpy(bytes_.data() + position, &distance, sizeof(distance));
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace

std::string RecordBatchMetadata(int64_t num_rows, const std::vector<ArrowNode>& nodes,
                                const std::vector<ArrowBufferPlace>& buffers, int64_t body_size,
                                bool lz4) {
  Bytes out;
  out.Put(uint32_t{16});  // the root: Message, below
  // Message's vtable: its own size, the table's; version, header type, header, body's length.
  for (const uint16_t entry : {12, 20, 16, 18, 4, 8}) out.Put(entry);
  const int64_t message = out.size();
  out.Put(int32_t{12});   // back to the vtable
  out.Put(uint32_t{28});  // the header: RecordBatch, below
  out.Put(body_size);
  out.Put(kMetadataVersion5);
  out.Put(kRecordBatchHeader);
  out.Put(uint8_t{0});
  // RecordBatch's vtable: length, nodes, buffers, compression.
  for (const int entry : {12, 24, 8, 4, 16, lz4 ? 20 : 0}) out.Put(static_cast<uint16_t>(entry));
  const int64_t batch = out.size();
  out.ReferTo(message + 4, batch);
  out.Put(int32_t{12});
  out.Put(uint32_t{0});  // nodes
  out.Put(num_rows);
  out.Put(uint32_t{0});  // buffers
  out.Put(uint32_t{0});  // compression
  if (lz4) {
    // BodyCompression with nothing but defaults: LZ4 frames, buffer by buffer.
    out.Put(uint16_t{4});
    out.Put(uint16_t{4});
    out.ReferTo(batch + 20, out.size());
    out.Put(int32_t{4});
  }
  out.Pad(4);
  out.ReferTo(batch + 4, out.size());
  out.Put(static_cast<uint32_t>(nodes.size()));
  for (const ArrowNode& node : nodes) {
    out.Put(node.num_rows);
    out.Put(node.num_nulls);
  }
  out.Pad(4);
  out.ReferTo(batch + 16, out.size());
  out.Put(static_cast<uint32_t>(buffers.size()));
  for (const ArrowBufferPlace& buffer : buffers) {
    out.Put(buffer.offset);
    out.Put(buffer.size);
  }
  out.Pad(0);
  return out.Take();
}

arrow::Result<std::string> ArrowFooter(std::string_view schema_message,
                                       const std::vector<ArrowBlock>& batches) {
  ARROW_ASSIGN_OR_RAISE(const auto message, internal::FlatTable::Root(schema_message));
  ARROW_ASSIGN_OR_RAISE(const auto schema, message.Table(kHeaderSlot));
  if (!schema.has_value()) return arrow::Status::Invalid("a schema's message has no schema");
  Bytes out;
  out.Put(uint32_t{16});  // the root: Footer, below
  // Footer's vtable: version, schema, dictionaries, record batches.
  for (const uint16_t entry : {12, 20, 16, 4, 8, 12}) out.Put(entry);
  const int64_t footer = out.size();
  out.Put(int32_t{12});
  out.Put(uint32_t{0});  // schema
  out.Put(uint32_t{0});  // dictionaries
  out.Put(uint32_t{0});  // record batches
  out.Put(kMetadataVersion5);
  out.Pad(4);
  out.ReferTo(footer + 8, out.size());
  out.Put(uint32_t{0});  // of dictionaries there are none
  // References lead from tables to what lies behind them, so the schema's message serves as it is.
  out.Pad(0);
  out.ReferTo(footer + 4, out.size() + schema->position());
  out.Put(schema_message);
  out.Pad(4);
  out.ReferTo(footer + 12, out.size());
  out.Put(static_cast<uint32_t>(batches.size()));
  for (const ArrowBlock& batch : batches) {
    out.Put(batch.offset);
    out.Put(batch.metadata_size);
    out.Put(int32_t{0});
    out.Put(batch.body_size);
  }
  out.Pad(0);
  return out.Take();
}

}  // namespace emberharmony::io
