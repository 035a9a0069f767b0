#include <arrow/ipc/writer.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <string>

#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/bigquery/client/response_decoder.h"

// The input is what the service sends: an outer message. Whatever it is, taking it apart ends in
// batches or an error. Its first byte says in how many pieces it comes.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using namespace emberharmony::bigquery::client;  // NOLINT
using base::FuzzSeeds;

std::shared_ptr<arrow::Schema> FuzzSchema() {
  return arrow::schema(
      {arrow::field("a", arrow::int64()), arrow::field("b", arrow::list(arrow::utf8()))});
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendBytes(int field, const std::string& bytes, std::string* out) {
  AppendVarint(static_cast<uint64_t>(field) << 3 | 2, out);
  AppendVarint(bytes.size(), out);
  *out += bytes;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const FuzzSeeds seeds(*argc, *argv);
  const auto array = arrow::json::ArrayFromJSONString(
      arrow::struct_(FuzzSchema()->fields()), R"([[1, ["x", "yz"]], [null, null], [3, []]])");
  FuzzSeeds::FuzzRequire(array.ok(), "a seed can be made");
  const auto batch = arrow::RecordBatch::FromStructArray(*array);
  FuzzSeeds::FuzzRequire(batch.ok(), "a seed can be made");
  for (const bool legacy : {false, true}) {
    auto options = arrow::ipc::IpcWriteOptions::Defaults();
    options.write_legacy_ipc_format = legacy;
    const auto message = arrow::ipc::SerializeRecordBatch(**batch, options);
    FuzzSeeds::FuzzRequire(message.ok(), "a seed can be made");
    std::string rows;
    AppendBytes(1, (*message)->ToString(), &rows);
    std::string response(1, '\7');
    AppendBytes(4, rows, &response);
    AppendVarint(6 << 3, &response);
    AppendVarint(3, &response);
    seeds.Add(legacy ? "legacy" : "present", response);
    AppendVarint(9 << 3, &response);
    AppendVarint(500, &response);
    seeds.Add(legacy ? "compressed-legacy" : "compressed", response);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto checker = *io::RecordBatchChecker::Make(*FuzzSchema());
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = 1 + data[0];
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < bytes.size(); i += piece) pieces.push_back(bytes.substr(i, piece));
  auto response = DecodeResponse(SlicedBytes(std::move(pieces)));
  if (!response.ok()) return 0;
  auto* const pool = arrow::default_memory_pool();
  std::shared_ptr<arrow::Buffer> plain;
  if (response->uncompressed_bytes.value_or(0) > 0) {
    auto uncompressed = UncompressRows(response->rows, *response->uncompressed_bytes, pool);
    if (!uncompressed.ok()) return 0;
    plain = *std::move(uncompressed);
    response->rows = SlicedBytes({std::string_view(*plain)});
  }
  const auto batches = FindBatches(response->rows, *checker, pool);
  if (!batches.ok()) return 0;
  for (const BatchMessage& batch : *batches) {
    std::string body(static_cast<size_t>(batch.body.size()), '\0');
    batch.body.CopyTo(body.data());
  }
  return 0;
}
