#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/feature/pipeline.h"
#include "emberharmony/feature/vocabulary_batches.h"
#include "emberharmony/plan/vocabulary_file_internal.h"

// The input is a vocabulary file. Reading it ends in values or an error; what was read is sound,
// and a vocabulary step either refuses it or looks its values up again.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using base::FuzzFolder;
using base::FuzzSeeds;

const FuzzFolder& Folder() {
  static const FuzzFolder folder;
  return folder;
}

std::shared_ptr<arrow::RecordBatch> Vocabulary(const std::shared_ptr<arrow::DataType>& type,
                                               const char* json) {
  const auto values = *arrow::json::ArrayFromJSONString(type, json);
  std::string ids = "[3";
  std::string counts = "[9";
  for (int64_t i = 1; i < values->length(); ++i) {
    ids += "," + std::to_string(3 + i);
    counts += "," + std::to_string(std::max<int64_t>(1, 9 - i));
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("value", type, false), arrow::field("id", arrow::int32(), false),
                     arrow::field("count", arrow::int64(), false)}),
      values->length(),
      {values, *arrow::json::ArrayFromJSONString(arrow::int32(), ids + "]"),
       *arrow::json::ArrayFromJSONString(arrow::int64(), counts + "]")});
}

// Whether the vocabulary step took it.
bool LookUp(const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  const auto& values = vocabulary->column(0);
  const auto pipeline = feature::Pipeline::Make(0, *arrow::field("c", values->type()),
                                                {{"vocabulary", nullptr}}, {arrow::float32()});
  if (!pipeline.ok()) return false;
  int64_t count = 0;
  const auto& counts = static_cast<const arrow::Int64Array&>(*vocabulary->column(2));
  for (int64_t i = 0; i < counts.length(); ++i) {
    if (__builtin_add_overflow(count, counts.Value(i), &count)) return false;
  }
  nlohmann::json learned = (*pipeline)->step(0).Describe();
  learned["size"] = learned["distinct_count"] = values->length();
  learned["count"] = count;
  learned["null_count"] = learned["oov_count"] = 0;
  if (!(*pipeline)->Restore(0, learned, vocabulary).ok()) return false;
  const auto outputs = (*pipeline)->Apply({values, true}, arrow::default_memory_pool());
  FuzzSeeds::FuzzRequire(outputs.ok(), "a vocabulary can be applied to its own values");
  return true;
}

void AddSeed(const FuzzSeeds& seeds, const std::string& name,
             const std::shared_ptr<arrow::DataType>& type, const char* json) {
  const std::string path = (Folder().path() / "seed").string();
  const arrow::Status status =
      plan::internal::WriteVocabulary(path, feature::CutVocabulary(Vocabulary(type, json)).get());
  FuzzSeeds::FuzzRequire(status.ok(), "a seed can be written");
  const auto read = plan::internal::ReadVocabulary(path);
  FuzzSeeds::FuzzRequire(read.ok() && LookUp(*read), "a seed can be read and applied");
  seeds.Add(name, *base::ReadFile(path, int64_t{1} << 20));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const FuzzSeeds seeds(*argc, *argv);
  AddSeed(seeds, "strings", arrow::utf8(), R"(["a", "b", "a name of some length", ""])");
  AddSeed(seeds, "bytes", arrow::fixed_size_binary(2), R"(["ab", "cd"])");
  AddSeed(seeds, "integers", arrow::int64(), "[5, -7, 9223372036854775807]");
  AddSeed(seeds, "doubles", arrow::float64(), "[0.5, -1e300]");
  AddSeed(seeds, "decimals", arrow::decimal128(20, 3), R"(["1.500", "-7.001"])");
  AddSeed(seeds, "seconds", arrow::timestamp(arrow::TimeUnit::SECOND), "[0, 1600000000]");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Folder().Write("input", {reinterpret_cast<const char*>(data), size});
  const std::string path = (Folder().path() / "input").string();
  const auto vocabulary = plan::internal::ReadVocabulary(path);
  if (!vocabulary.ok()) return 0;
  FuzzSeeds::FuzzRequire((*vocabulary)->Validate().ok(), "a vocabulary is sound");
  (void)LookUp(*vocabulary);
  return 0;
}
