#include <arrow/compute/initialize.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>

#include <cstdint>
#include <string>

#include "emberharmony/io/arrow_source_internal.h"
#include "emberharmony/io/arrow_test_files_internal.h"
#include "emberharmony/io/fuzz_reading_internal.h"

// The input is an Arrow IPC file or stream. Whatever it is, reading ends in values or an error,
// within 256 MiB.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using arrow::field;
using base::FuzzSeeds;

struct Seed {
  std::shared_ptr<arrow::DataType> type;
  const char* rows;
};

std::vector<Seed> Seeds() {
  const auto text = arrow::dictionary(arrow::int32(), arrow::utf8());
  return {
      {arrow::utf8(), R"(["a", null, "seventeen letters"])"},
      {arrow::utf8_view(), R"(["a", null, "seventeen letters"])"},
      {text, R"(["a", null, "b", "a"])"},
      {arrow::struct_({field("x", arrow::int64()), field("t", text)}),
       R"([[1, "a"], null, [null, "b"]])"},
      {arrow::list(arrow::struct_({field("x", arrow::boolean())})),
       R"([[[true]], null, [], [null]])"},
      {arrow::large_list(arrow::large_binary()), R"([["a", "bc"], null, []])"},
      {arrow::fixed_size_list(arrow::int16(), 2), "[[1, 2], null, [3, null]]"},
      {arrow::list_view(arrow::utf8()), R"([["a"], null, ["b", "c"]])"},
      {arrow::large_list_view(arrow::list(arrow::float32())), "[[[1]], null, [[], [2, 3]]]"},
      {arrow::map(arrow::utf8(), arrow::int8()), R"([[["k", 1], ["l", null]], null, []])"},
      {arrow::list(text), R"([["a", "b"], null, ["a"]])"},
  };
}

}  // namespace

/// Each seed as a file, a stream, compressed.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  FuzzSeeds::FuzzRequire(arrow::compute::Initialize().ok(), "Arrow can be used");
  const FuzzSeeds seeds(*argc, *argv);
  int number = 0;
  for (const Seed& seed : Seeds()) {
    const auto array = arrow::json::ArrayFromJSONString(seed.type, seed.rows);
    FuzzSeeds::FuzzRequire(array.ok(), "a seed can be made");
    const auto batch = arrow::RecordBatch::Make(arrow::schema({field("c", seed.type)}),
                                                (*array)->length(), {*array});
    for (const auto& [name, format] : io::testing::AllArrowFormats()) {
      seeds.Add(std::to_string(number++),
                io::testing::WriteArrow({batch, batch}, format)->ToString());
    }
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto opened = io::internal::ArrowSource::MakeFromFile(
      "fuzz", std::make_shared<arrow::io::BufferReader>(
                  std::make_shared<arrow::Buffer>(data, static_cast<int64_t>(size))));
  if (opened.ok()) io::testing::ReadWhatever(**opened);
  return 0;
}
