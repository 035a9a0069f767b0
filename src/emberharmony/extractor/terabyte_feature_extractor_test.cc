#include "emberharmony/extractor/terabyte_feature_extractor.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::extractor {
namespace {

constexpr int64_t kNumRows = 1000;

// x is i, null for every tenth row; code is i modulo 3; when is i seconds.
std::shared_ptr<arrow::Table> SomeRows() {
  arrow::DoubleBuilder x;
  arrow::Int64Builder code;
  arrow::TimestampBuilder when(arrow::timestamp(arrow::TimeUnit::SECOND),
                               arrow::default_memory_pool());
  for (int64_t i = 0; i < kNumRows; ++i) {
    EXPECT_TRUE((i % 10 == 0 ? x.AppendNull() : x.Append(static_cast<double>(i))).ok());
    EXPECT_TRUE(code.Append(i % 3).ok());
    EXPECT_TRUE(when.Append(i).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("when", when.type()), arrow::field("x", arrow::float64()),
                     arrow::field("code", arrow::int64())});
  return arrow::Table::Make(
      schema, {when.Finish().ValueOrDie(), x.Finish().ValueOrDie(), code.Finish().ValueOrDie()});
}

TerabyteFeatureExtractor Extractor() {
  ExtractorOptions options;
  options.max_memory_gb = 1;
  options.num_threads = 2;
  options.chunk_size = 100;
  return TerabyteFeatureExtractor::Make(options).ValueOrDie();
}

TEST(TerabyteFeatureExtractor, SplitsByTimeAndKnowsWhatItLearned) {
  PrepareOptions options;
  options.index_col = "when";
  options.force_categorical_columns = {"code"};
  const auto prepared = Extractor().PrepareData(SomeRows(), options);
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  EXPECT_EQ(prepared->train.num_rows(), 800);
  EXPECT_EQ(prepared->validation.num_rows(), 100);
  EXPECT_EQ(prepared->test.num_rows(), 100);
  const std::vector<std::string> names{"x", "code=0", "code=1", "code=2"};
  EXPECT_EQ(prepared->feature_names, names);
  EXPECT_EQ(prepared->test.feature_names(), names);
  // Of 0..799 without the tens the median is 400, between 399 and 401; 80 nulls are filled with it.
  EXPECT_EQ(prepared->imputer.feature_names, std::vector<std::string>{"x"});
  EXPECT_EQ(prepared->imputer.statistics, std::vector<double>{400});
  double sum = 0;
  for (int i = 0; i < 800; ++i) sum += i % 10 == 0 ? 400 : i;
  ASSERT_EQ(prepared->scaler.mean.size(), 1u);
  EXPECT_NEAR(prepared->scaler.mean[0], sum / 800, 1e-9);
  EXPECT_NEAR(prepared->scaler.scale[0], std::sqrt(prepared->scaler.variance[0]), 1e-9);
  const auto rows = prepared->test.ReadAll({"code=1", "x"});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)->num_rows(), 100);
  EXPECT_EQ((*rows)->schema()->field_names(), (std::vector<std::string>{"code=1", "x"}));
  const auto& x = static_cast<const arrow::FloatArray&>(*(*rows)->column(1)->chunk(0));
  EXPECT_NEAR(x.Value(1), (901 - prepared->scaler.mean[0]) / prepared->scaler.scale[0], 1e-6);
}

TEST(TerabyteFeatureExtractor, TemporaryFilesGoWithTheirReaders) {
  PrepareOptions options;
  options.max_chunks = 5;
  std::shared_ptr<arrow::RecordBatchReader> reader;
  std::string folder;
  {
    const auto prepared = Extractor().PrepareData(SomeRows(), options);
    ASSERT_TRUE(prepared.ok()) << prepared.status();
    EXPECT_EQ(prepared->num_rows, 500);
    folder = prepared->train.folder();
    reader = prepared->train.Read().ValueOrDie();
  }
  EXPECT_TRUE(std::filesystem::is_directory(folder));
  const auto rows = reader->ToTable();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_GT((*rows)->num_rows(), 300);
  reader.reset();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(TerabyteFeatureExtractor, MistakesAreTold) {
  ExtractorOptions wrong;
  wrong.chunk_size = 0;
  EXPECT_EQ(base::KindOf(TerabyteFeatureExtractor::Make(wrong).status()), base::ErrorKind::kUsage);
  wrong = {};
  wrong.max_memory_gb = 0.1;
  EXPECT_EQ(base::KindOf(TerabyteFeatureExtractor::Make(wrong).status()), base::ErrorKind::kUsage);
  wrong = {};
  wrong.preferred_backend = "nope";
  const auto extractor = TerabyteFeatureExtractor::Make(wrong);
  ASSERT_TRUE(extractor.ok()) << extractor.status();
  const arrow::Status unknown = extractor->PrepareData(SomeRows(), {}).status();
  EXPECT_EQ(base::KindOf(unknown), base::ErrorKind::kUsage);
  EXPECT_NE(unknown.message().find("nope"), std::string::npos);
  const auto fault = [](const PrepareOptions& options) {
    return Extractor().PrepareData(SomeRows(), options).status().message();
  };
  PrepareOptions options;
  options.drop_columns = {"y"};
  EXPECT_NE(fault(options).find("no column 'y' to be left out"), std::string::npos);
  options = {};
  options.force_categorical_columns = {"when"};
  EXPECT_NE(fault(options).find("cannot be categorical"), std::string::npos);
  options = {};
  options.unit_column = "when";
  EXPECT_NE(fault(options).find("divides tables of BigQuery alone"), std::string::npos);
  EXPECT_EQ(base::KindOf(Extractor().PrepareData("no such file").status()), base::ErrorKind::kData);
  EXPECT_EQ(base::KindOf(Extractor().PrepareData(std::shared_ptr<arrow::Table>()).status()),
            base::ErrorKind::kUsage);
  const auto sql = Extractor().OptimizeBigQueryQuery("p-project.d.t", {{"a"}, "a > 1", 5});
  ASSERT_TRUE(sql.ok()) << sql.status();
  EXPECT_EQ(*sql, "SELECT `a` FROM `p-project.d.t` WHERE a > 1 LIMIT 5");
}

}  // namespace
}  // namespace emberharmony::extractor
