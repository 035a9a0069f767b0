#include <arrow/io/memory.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "emberharmony/io/fuzz_reading_internal.h"
#include "emberharmony/io/handmade_parquet_internal.h"
#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/rle_decoder_internal.h"

// The input's first byte says what the rest is: a whole Parquet file, or the runs of an index or
// level decoder. Whatever it is, reading ends in values or an error, within 256 MiB.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own

void Require(bool condition) {
  if (!condition) std::abort();
}

void ReadFile(std::shared_ptr<arrow::Buffer> buffer) {
  const auto opened = io::internal::ParquetSource::MakeFromFile(
      "fuzz", std::make_shared<arrow::io::BufferReader>(std::move(buffer)));
  if (!opened.ok()) return;
  io::testing::ReadWhatever(**opened);
}

/// A well-formed file around pages that are the input's bytes.
void ReadPages(const uint8_t* data, size_t size) {
  if (size < 8) return;
  const std::string bytes(reinterpret_cast<const char*>(data) + 8, size - 8);
  constexpr parquet::Encoding::type kEncodings[] = {parquet::Encoding::RLE_DICTIONARY,
                                                    parquet::Encoding::PLAIN,
                                                    parquet::Encoding::DELTA_BINARY_PACKED,
                                                    parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY,
                                                    parquet::Encoding::DELTA_BYTE_ARRAY,
                                                    parquet::Encoding::BYTE_STREAM_SPLIT,
                                                    parquet::Encoding::RLE,
                                                    parquet::Encoding::PLAIN_DICTIONARY};
  io::testing::HandmadeColumn column;
  column.type = static_cast<parquet::Type::type>(data[0] % 8);
  column.type_length = column.type == parquet::Type::FIXED_LEN_BYTE_ARRAY ? 1 + data[0] / 8 : -1;
  column.nullable = (data[1] & 1) != 0;
  column.data_page_v2 = (data[1] & 2) != 0;
  column.nesting = static_cast<io::testing::HandmadeNesting>((data[1] >> 5) % 5);
  const bool lists = column.nesting > io::testing::HandmadeNesting::kStruct;
  if (lists) column.num_rows = data[4] % 64;
  if (column.type == parquet::Type::BYTE_ARRAY) {
    column.logical_type = (data[1] & 4) != 0   ? parquet::LogicalType::String()
                          : (data[1] & 8) != 0 ? parquet::LogicalType::Decimal(30, 3)
                                               : parquet::LogicalType::None();
  }
  const auto cut = [&](uint8_t share) { return bytes.size() * share / 256; };
  const size_t dictionary = cut(data[2]);
  const size_t middle = dictionary + (bytes.size() - dictionary) * data[3] / 256;
  if ((data[1] & 16) != 0) {
    column.dictionary = {data[4], parquet::Encoding::PLAIN, "", bytes.substr(0, dictionary)};
  }
  const std::string first = bytes.substr(dictionary, middle - dictionary);
  const std::string second = bytes.substr(middle);
  const auto page = [&](const std::string& body, uint8_t encoding, uint8_t rows) {
    const bool nested = column.nesting != io::testing::HandmadeNesting::kNone;
    const size_t repetition = lists ? std::min<size_t>(body.size(), rows / 16) : 0;
    const size_t definition =
        column.nullable || nested ? std::min<size_t>(body.size() - repetition, rows % 16) : 0;
    column.pages.push_back({rows, kEncodings[encoding % 8], body.substr(repetition, definition),
                            body.substr(repetition + definition), body.substr(0, repetition)});
  };
  page(first, data[5], data[6]);
  page(second, data[5] / 8, data[7]);
  ReadFile(io::testing::HandmadeParquet(column));
}

void DecodeRuns(const uint8_t* data, size_t size) {
  if (size < 2) return;
  const int bit_width = data[0] % 33;
  const uint32_t length = uint32_t{1} << (data[1] % 32);
  const auto runs = static_cast<int64_t>(size) - 2;
  constexpr int64_t kRows = 3000;
  std::vector<uint32_t> best(kRows);
  std::vector<uint32_t> scalar(kRows);
  io::internal::IndexDecoder first(data + 2, runs, bit_width, length);
  io::internal::IndexDecoder second(data + 2, runs, bit_width, length,
                                    &io::internal::ScalarBitUnpackKernels());
  for (int64_t done = 0; done < kRows; done += 100) {
    const bool ok = first.Decode(100, best.data() + done).ok();
    Require(ok == second.Decode(100, scalar.data() + done).ok());
    if (!ok) break;
    Require(std::memcmp(best.data() + done, scalar.data() + done, 400) == 0);
    for (int64_t i = done; i < done + 100; ++i) Require(best[static_cast<size_t>(i)] < length);
  }
  io::internal::DefinitionLevelDecoder levels(data + 2, runs);
  std::vector<uint8_t> bits(kRows / 8);
  int64_t num_valid = 0;
  if (levels.Decode(kRows, bits.data(), &num_valid).ok())
    Require(num_valid >= 0 && num_valid <= kRows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if (data[0] % 4 == 0) {
    DecodeRuns(data + 1, size - 1);
  } else if (data[0] % 4 == 1) {
    ReadFile(std::make_shared<arrow::Buffer>(data + 1, static_cast<int64_t>(size) - 1));
  } else {
    ReadPages(data + 1, size - 1);
  }
  return 0;
}
