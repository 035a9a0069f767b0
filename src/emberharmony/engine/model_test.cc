#include "emberharmony/engine/model.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/extract.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kPlan[] = R"(
version: 1
target: price
split: {method: hash, key: [city], train: 0.8, validation: 0.1, test: 0.1, seed: 3}
features:
  - columns: [size]
    steps: [{impute: {strategy: median, indicator: true}}, {scale: standard}]
  - columns: [weight]
    steps: [{clip: {min: -2, max: 2}}]
  - columns: [city]
    steps: [{vocabulary: {min_count: 2}}]
  - columns: [kind]
    steps: [one_hot]
)";

class ModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ember_model_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  /// Every file of a folder, by its relative path.
  static std::map<std::string, std::string> Contents(const std::string& dir) {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      contents[fs::relative(entry.path(), dir).string()] =
          std::string(std::istreambuf_iterator<char>(file), {});
    }
    return contents;
  }

  fs::path folder_;
};

std::shared_ptr<arrow::RecordBatch> Rows(int64_t count) {
  arrow::Int64Builder size, price;
  arrow::DoubleBuilder weight;
  arrow::StringBuilder city, kind;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t mixed = i * 7919 % 10007;
    EXPECT_TRUE((mixed % 11 == 0 ? size.AppendNull() : size.Append(mixed % 300)).ok());
    EXPECT_TRUE(weight.Append(static_cast<double>(mixed % 101) / 20 - 2.5).ok());
    EXPECT_TRUE(
        (mixed % 13 == 0 ? city.AppendNull() : city.Append("city " + std::to_string(mixed % 97)))
            .ok());
    EXPECT_TRUE(kind.Append(std::string(1, static_cast<char>('a' + mixed % 3))).ok());
    EXPECT_TRUE(price.Append(mixed).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("size", arrow::int64()), arrow::field("weight", arrow::float64()),
                     arrow::field("city", arrow::utf8()), arrow::field("kind", arrow::utf8()),
                     arrow::field("price", arrow::int64())});
  return arrow::RecordBatch::Make(
      schema, count,
      {*size.Finish(), *weight.Finish(), *city.Finish(), *kind.Finish(), *price.Finish()});
}

void WriteParquet(const arrow::RecordBatch& batch, const std::string& path) {
  auto sink = *io::MakeParquetSink(path, {batch.schema(), {batch.num_rows()}});
  for (int i = 0; i < batch.num_columns(); ++i) {
    auto column = *sink->OpenColumns(i, 1);
    const auto array = batch.column(i);
    ASSERT_TRUE(column->Append(std::span(&array, 1), nullptr, batch.num_rows(), 0).ok());
    ASSERT_TRUE(column->Close().ok());
  }
  ASSERT_TRUE(sink->Commit().ok());
}

Model FitOn(const TableInput& table, const FitOptions& options = {}) {
  auto model = Fit(kPlan, table, options);
  EXPECT_TRUE(model.ok()) << model.status();
  return *model;
}

TEST_F(ModelTest, TheSameRowsInMemoryAndInFilesGiveTheSameModel) {
  const auto rows = Rows(5000);
  WriteParquet(*rows, Path("rows.parquet"));
  const auto table = *arrow::Table::FromRecordBatches({rows->Slice(0, 1234), rows->Slice(1234)});
  const std::vector<TableInput> inputs = {
      Path("rows.parquet"), table, rows,
      std::shared_ptr<arrow::RecordBatchReader>(std::make_shared<arrow::TableBatchReader>(table))};
  std::map<std::string, std::string> expected;
  for (size_t i = 0; i < inputs.size(); ++i) {
    FitOptions options;
    options.run.keep_state = true;
    options.run.num_threads = static_cast<int>(i) + 1;
    const std::string dir = Path("model " + std::to_string(i));
    ASSERT_TRUE(FitOn(inputs[i], options).Save(dir).ok());
    if (i == 0) expected = Contents(dir);
    EXPECT_EQ(Contents(dir), expected);
  }
  EXPECT_TRUE(expected.contains("state/states.bin"));
  EXPECT_TRUE(expected.contains("model.json"));
}

TEST_F(ModelTest, AModelThatWasSavedTransformsAsTheOneThatWasFitted) {
  const auto rows = Rows(3000);
  const Model fitted = FitOn(rows);
  ASSERT_TRUE(fitted.Save(Path("model")).ok());
  const auto loaded = Model::Load(Path("model"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->plan(), fitted.plan());
  const auto features = *fitted.Transform(*rows);
  EXPECT_TRUE(features->Equals(**loaded->Transform(*rows)));
  EXPECT_EQ(features->num_rows(), rows->num_rows());
  EXPECT_TRUE(features->schema()->Equals(**fitted.output_schema(/*with_target=*/true)));
  EXPECT_TRUE(features->Validate().ok());
  EXPECT_EQ(base::KindOf(fitted.Save(Path("model"))), base::ErrorKind::kUsage);
}

TEST_F(ModelTest, RowsAreTransformedAloneAsAmongOthers) {
  const auto rows = Rows(500);
  const Model model = FitOn(rows);
  const auto features = *model.Transform(*rows);
  for (int64_t i = 0; i < rows->num_rows(); i += 7) {
    const auto one = model.Transform(*rows->Slice(i, 1));
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_TRUE((*one)->Equals(*features->Slice(i, 1))) << i;
  }
}

TEST_F(ModelTest, DictionariesAndOtherTextTypesChangeNothing) {
  const auto rows = Rows(500);
  const Model model = FitOn(rows);
  const auto expected = *model.Transform(*rows);
  const auto with_texts =
      [&](const std::function<std::shared_ptr<arrow::Array>(const std::shared_ptr<arrow::Array>&)>&
              convert) {
        auto converted = rows;
        for (const char* name : {"city", "kind"}) {
          const int i = converted->schema()->GetFieldIndex(name);
          const auto array = convert(converted->column(i));
          converted = *converted->SetColumn(i, arrow::field(name, array->type()), array);
        }
        return converted;
      };
  const auto cast_to = [](const std::shared_ptr<arrow::DataType>& type) {
    return [type](const std::shared_ptr<arrow::Array>& array) {
      return *arrow::compute::Cast(*array, type);
    };
  };
  const auto encoded = [&](const std::shared_ptr<arrow::Array>& array) {
    arrow::StringDictionaryBuilder builder;
    EXPECT_TRUE(builder.AppendArray(*array).ok());
    return *builder.Finish();
  };
  for (const auto& converted : {with_texts(cast_to(arrow::large_utf8())),
                                with_texts(cast_to(arrow::utf8_view())), with_texts(encoded)}) {
    SCOPED_TRACE(converted->schema()->ToString());
    const auto features = model.Transform(*converted);
    ASSERT_TRUE(features.ok()) << features.status();
    EXPECT_TRUE((*features)->Equals(*expected));
    EXPECT_TRUE((*model.Transform(*converted->Slice(17, 31)))->Equals(*expected->Slice(17, 31)));
  }
}

TEST_F(ModelTest, OutputsOutliveTheModel) {
  const auto rows = Rows(300);
  std::shared_ptr<arrow::RecordBatch> features;
  {
    const Model model = FitOn(rows);
    features = *model.Transform(*rows);
  }
  EXPECT_TRUE(features->Equals(**FitOn(rows).Transform(*rows)));
}

TEST_F(ModelTest, OneModelServesManyThreads) {
  const auto rows = Rows(2000);
  const Model model = FitOn(rows);
  const auto expected = *model.Transform(*rows);
  std::vector<int> num_equal(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < num_equal.size(); ++t) {
    threads.emplace_back([&, t] {
      const Model copy = model;
      for (int64_t i = 0; i < 20; ++i) {
        const int64_t first = (i * 97 + static_cast<int64_t>(t) * 31) % 1900;
        const auto features = copy.Transform(*rows->Slice(first, 100));
        num_equal[t] += features.ok() && (*features)->Equals(*expected->Slice(first, 100));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(num_equal, ::testing::Each(20));
}

TEST_F(ModelTest, NoRowsGiveNoRowsInTheSameTypes) {
  const Model model = FitOn(Rows(300));
  const auto none = *model.Transform(*Rows(0));
  EXPECT_EQ(none->num_rows(), 0);
  EXPECT_TRUE(none->schema()->Equals(**model.output_schema(true)));
  const auto table = *arrow::Table::MakeEmpty(Rows(0)->schema());
  EXPECT_TRUE((*model.Transform(*table))->schema()->Equals(**model.output_schema(true)));
}

TEST_F(ModelTest, ATableIsTransformedWhateverItsChunks) {
  const auto rows = Rows(1000);
  const Model model = FitOn(rows);
  const auto expected = *arrow::Table::FromRecordBatches({*model.Transform(*rows)});
  const auto table = *arrow::Table::FromRecordBatches(
      {rows->Slice(0, 1), rows->Slice(1, 0), rows->Slice(1, 600), rows->Slice(601)});
  EXPECT_TRUE((*model.Transform(*table))->Equals(*expected));
}

TEST_F(ModelTest, TheTargetAndWhatTheModelDoesNotUseMayBeAbsent) {
  const auto rows = Rows(300);
  const Model model = FitOn(rows);
  const auto without = *rows->RemoveColumn(4);
  const auto features = *model.Transform(*without);
  EXPECT_EQ(features->schema()->GetFieldIndex("price"), -1);
  EXPECT_TRUE(features->schema()->Equals(**model.output_schema()));
  const auto with_more = *without->AddColumn(0, "more", without->column(0));
  EXPECT_TRUE((*model.Transform(*with_more))->Equals(*features));
}

TEST_F(ModelTest, ABatchThatDoesNotFitIsRefusedWithAllItsFaults) {
  const auto rows = Rows(300);
  const Model model = FitOn(rows);
  auto wrong = *rows->RemoveColumn(0);
  wrong = *wrong->SetColumn(0, arrow::field("weight", arrow::utf8()), wrong->column(1));
  const arrow::Status status = model.Transform(*wrong).status();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  EXPECT_THAT(status.message(), HasSubstr("'size' is absent"));
  EXPECT_THAT(status.message(), HasSubstr("'weight' is of type string"));
}

TEST_F(ModelTest, FaultsOfPlansAndTablesAreStatuses) {
  const auto rows = Rows(300);
  EXPECT_EQ(base::KindOf(Fit("version: 1\nfeatures: [", rows).status()), base::ErrorKind::kUsage);
  const arrow::Status unknown =
      Fit("version: 1\nfeatures: [{columns: [sise], steps: [passthrough]}]", rows).status();
  EXPECT_EQ(base::KindOf(unknown), base::ErrorKind::kUsage);
  EXPECT_THAT(unknown.message(), HasSubstr("size"));
  EXPECT_EQ(base::KindOf(Fit(kPlan, Path("absent.parquet")).status()), base::ErrorKind::kData);
  EXPECT_EQ(base::KindOf(Fit(kPlan, std::shared_ptr<arrow::Table>()).status()),
            base::ErrorKind::kUsage);
  EXPECT_FALSE(Model::Load(Path("absent")).ok());
  FitOptions too_little;
  too_little.run.memory_bytes = 1 << 20;
  EXPECT_EQ(base::KindOf(Fit(kPlan, rows, too_little).status()), base::ErrorKind::kUsage);
}

TEST_F(ModelTest, OptionsSelectRowsAndColumns) {
  const auto rows = Rows(2000);
  FitOptions options;
  options.where = "weight > 0";
  options.limit_rows = 100;
  options.columns = {"size", "weight", "price"};
  options.target = "price";
  const auto plan = MakePlan(rows, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(*plan, Not(HasSubstr("city")));
  const auto model = Fit(std::nullopt, rows, options);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->plan(), *plan);
  EXPECT_EQ(model->input_schema()->field_names(),
            (std::vector<std::string>{"size", "weight", "price"}));
}

TEST_F(ModelTest, AMatrixIsAMatrixInMemoryToo) {
  const auto rows = Rows(300);
  const std::string plan = std::string(kPlan) + "output: {dtype: float64, layout: matrix}\n";
  const auto model = Fit(plan, rows);
  ASSERT_TRUE(model.ok()) << model.status();
  const auto matrix = *model->Transform(*rows);
  ASSERT_EQ(matrix->schema()->field_names(), (std::vector<std::string>{"features", "price"}));
  FitOptions options;
  const auto columns = Fit(std::string(kPlan) + "output: {dtype: float64}\n", rows, options);
  ASSERT_TRUE(columns.ok()) << columns.status();
  const auto flat = *columns->Transform(*rows);
  const auto& lists = static_cast<const arrow::FixedSizeListArray&>(*matrix->column(0));
  const int num_features = flat->num_columns() - 1;
  ASSERT_EQ(lists.list_type()->list_size(), num_features);
  const auto& values = static_cast<const arrow::DoubleArray&>(*lists.values());
  for (int k = 0; k < num_features; ++k) {
    const auto column = *arrow::compute::Cast(*flat->column(k), arrow::float64());
    for (int64_t i = 0; i < rows->num_rows(); ++i) {
      EXPECT_EQ(values.Value(i * num_features + k),
                static_cast<const arrow::DoubleArray&>(*column).Value(i));
    }
  }
}

TEST_F(ModelTest, ExtractOfATableInMemoryWritesAnOutputFolder) {
  const auto rows = Rows(3000);
  const auto summary = Extract(kPlan, rows, Path("out"));
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->num_rows, 3000);
  int64_t sum = 0;
  for (const auto& [split, count] : summary->split_rows) sum += count;
  EXPECT_EQ(sum, 3000);
  EXPECT_TRUE(fs::exists(Path("out/manifest.json")));
  // The model in it is the one that Fit learns.
  ASSERT_TRUE(FitOn(rows).Save(Path("model")).ok());
  EXPECT_EQ(Contents(Path("out/model")), Contents(Path("model")));
  EXPECT_EQ(base::KindOf(Extract(kPlan, rows, Path("out")).status()), base::ErrorKind::kUsage);
}

}  // namespace
}  // namespace emberharmony::engine
