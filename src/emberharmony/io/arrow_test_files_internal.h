#pragma once

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace emberharmony::io::testing {

/// How a test writes Arrow IPC. What can't be written ends the test.
struct ArrowFormat {
  bool has_footer = true;
  arrow::Compression::type codec = arrow::Compression::UNCOMPRESSED;
  bool version_4 = false;
  bool deltas = false;
};

inline arrow::ipc::IpcWriteOptions ArrowOptionsOf(const ArrowFormat& format) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  if (format.codec != arrow::Compression::UNCOMPRESSED) {
    options.codec = arrow::util::Codec::Create(format.codec).ValueOrDie();
  }
  if (format.version_4) {
    options.metadata_version = arrow::ipc::MetadataVersion::V4;
    options.write_legacy_ipc_format = !format.has_footer;
  }
  options.emit_dictionary_deltas = format.deltas;
  return options;
}

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

inline std::shared_ptr<arrow::Buffer> WriteArrow(const Batches& batches,
                                                 const ArrowFormat& format) {
  auto stream = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto options = ArrowOptionsOf(format);
  auto writer =
      (format.has_footer ? arrow::ipc::MakeFileWriter(stream, batches[0]->schema(), options)
                         : arrow::ipc::MakeStreamWriter(stream, batches[0]->schema(), options))
          .ValueOrDie();
  const auto require = [](const arrow::Status& status) {
    if (!status.ok()) status.Abort();
  };
  for (const auto& batch : batches) require(writer->WriteRecordBatch(*batch));
  require(writer->Close());
  return stream->Finish().ValueOrDie();
}

inline Batches Cut(const arrow::Table& table, int64_t rows) {
  arrow::TableBatchReader reader(table);
  reader.set_chunksize(rows);
  return reader.ToRecordBatches().ValueOrDie();
}

inline std::vector<std::pair<std::string, ArrowFormat>> AllArrowFormats() {
  std::vector<std::pair<std::string, ArrowFormat>> formats;
  for (const bool has_footer : {true, false}) {
    for (const bool version_4 : {false, true}) {
      for (const auto codec : {arrow::Compression::UNCOMPRESSED, arrow::Compression::LZ4_FRAME,
                               arrow::Compression::ZSTD}) {
        if (version_4 && codec != arrow::Compression::UNCOMPRESSED) continue;
        formats.emplace_back(std::string(has_footer ? "file" : "stream") +
                                 (version_4 ? ", V4, codec " : ", V5, codec ") +
                                 std::to_string(static_cast<int>(codec)),
                             ArrowFormat{has_footer, codec, version_4, false});
      }
    }
  }
  return formats;
}

}  // namespace emberharmony::io::testing
