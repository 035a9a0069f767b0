#include "emberharmony/feature/fixed_point_sum_internal.h"
#include "emberharmony/feature/row_transform_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

struct Trained {
  RowBlock rows;
  std::vector<uint8_t> folds;
};

// Values p, q and missing in two folds; the last two rows are not of training.
Trained TrainingRows() {
  Trained trained;
  trained.folds = {0, 1, 0, 1, 0, 1, kNoFold, kNoFold};
  trained.rows.num_rows = 8;
  trained.rows.columns = {ArrayOf(arrow::utf8(), R"(["p", "p", "q", "p", null, "q", "p", "r"])"),
                          ArrayOf(arrow::int64(), "[1, 2, 3, 6, 10, null, 1000, 1000]")};
  return trained;
}

std::unique_ptr<RowTransform> LearnedEncoding(const Trained& trained, const nlohmann::json& options,
                                              int64_t batch_rows = 100) {
  auto step = MakeRowStep("target_encode", options,
                          RowContextOf({trained.rows.columns[0]->type(), arrow::int64()}, 1));
  auto learner = *step->MakeLearner(nullptr);
  RowBlock rows = trained.rows;
  rows.folds = trained.folds.data();
  for (int64_t begin = 0; begin < rows.num_rows; begin += batch_rows) {
    const auto block = RowSlice(rows, begin, std::min(batch_rows, rows.num_rows - begin));
    EXPECT_TRUE(learner->Update(block).ok());
  }
  EXPECT_FALSE(*learner->FinishPass());
  const arrow::Status status = step->Learn(*learner);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

RowBlock Served(const std::string& values) {
  RowBlock rows;
  rows.columns = {ArrayOf(arrow::utf8(), values), nullptr};
  rows.num_rows = rows.columns[0]->length();
  return rows;
}

TEST(TargetEncode, DrawsMeansTowardsThatOfAll) {
  // All: 22 of 5 rows. p: 9 of 3, q: 3 of 1 (its other target is missing), missing: 10 of 1.
  const auto step = LearnedEncoding(TrainingRows(), {{"folds", 2}, {"smoothing", 2}});
  const double prior = 22.0 / 5;
  ExpectNear(ToVector(*ApplyRowsInAnyBatches(*step, Served(R"(["p", "q", null, "r"])"))[0]),
             {(9 + 2 * prior) / 5, (3 + 2 * prior) / 3, (10 + 2 * prior) / 3, prior}, 1e-15);
  const auto plain = LearnedEncoding(TrainingRows(), {{"folds", 2}, {"smoothing", 0}});
  ExpectNear(ToVector(*ApplyRowsInAnyBatches(*plain, Served(R"(["p", "q", null, "r"])"))[0]),
             {3, 3, 10, prior}, 1e-15);
  EXPECT_EQ(step->outputs()[0].name, "a_target_mean");
}

TEST(TargetEncode, LeavesATrainingRowsFoldOut) {
  const Trained trained = TrainingRows();
  const auto step = LearnedEncoding(trained, {{"folds", 2}, {"smoothing", 0}});
  RowBlock rows = trained.rows;
  rows.columns[1] = nullptr;
  rows.folds = trained.folds.data();
  // Without fold 0: p is 8 of 2, all is 8 of 2. Without fold 1: p 1, q 3, missing 10; 14 of 3.
  ExpectNear(ToVector(*ApplyRowsInAnyBatches(*step, rows)[0]), {4, 1, 4, 1, 4, 3, 3, 22.0 / 5},
             1e-15);
}

// sklearn.preprocessing.TargetEncoder(smooth="auto").fit([p p p q q], [1 2 6 3 9]): encodings_.
TEST(TargetEncode, AutoIsEmpiricalBayes) {
  Trained trained;
  trained.folds = {0, 1, 0, 1, 0};
  trained.rows.num_rows = 5;
  trained.rows.columns = {ArrayOf(arrow::utf8(), R"(["p", "p", "p", "q", "q"])"),
                          ArrayOf(arrow::int64(), "[1, 2, 6, 3, 9]")};
  const auto step = LearnedEncoding(trained, {{"folds", 2}});
  const double prior = 4.2;
  const double variance = (1 + 4 + 36 + 9 + 81) / 5.0 - prior * prior;
  const auto encode = [&](double n, double mean, double of_value) {
    const double share = variance * n / (variance * n + of_value);
    return share * mean + (1 - share) * prior;
  };
  ExpectNear(ToVector(*ApplyRows(*step, Served(R"(["p", "q"])"), 10)[0]),
             {encode(3, 3, 14.0 / 3), encode(2, 6, 9)}, 1e-14);
}

TEST(TargetEncode, NeitherBatchesNorTheirOrderShow) {
  Trained trained;
  std::string values = "[";
  std::string targets = "[";
  for (int i = 0; i < 200; ++i) {
    values += (i > 0 ? ", \"v" : "\"v") + std::to_string(i * 37 % 23) + "\"";
    targets += (i > 0 ? ", " : "") + std::to_string(i * 7919 % 1001);
    trained.folds.push_back(static_cast<uint8_t>(i % 3));
  }
  trained.rows.num_rows = 200;
  trained.rows.columns = {ArrayOf(arrow::utf8(), values + "]"),
                          ArrayOf(arrow::int64(), targets + "]")};
  const auto expected = LearnedEncoding(trained, {{"folds", 3}})->Describe();
  EXPECT_EQ(LearnedEncoding(trained, {{"folds", 3}}, 7)->Describe(), expected);
  Trained reversed;
  arrow::Int64Builder order;
  for (int64_t i = 199; i >= 0; --i) {
    ASSERT_TRUE(order.Append(i).ok());
    reversed.folds.push_back(trained.folds[static_cast<size_t>(i)]);
  }
  const auto indices = *order.Finish();
  reversed.rows.num_rows = 200;
  for (const auto& column : trained.rows.columns)
    reversed.rows.columns.push_back(*arrow::compute::Take(*column, *indices));
  EXPECT_EQ(LearnedEncoding(reversed, {{"folds", 3}})->Describe(), expected);
}

TEST(TargetEncode, PartsMakeTheWhole) {
  const auto columns = [](const std::string& values, const std::string& targets) {
    return arrow::ArrayVector{ArrayOf(arrow::float64(), values), ArrayOf(arrow::int64(), targets)};
  };
  Trained trained;
  trained.folds = {0, 1, 0, 1, 0, 1, 1, kNoFold};
  trained.rows.num_rows = 8;
  trained.rows.columns =
      columns("[1.5, -0.0, 1.5, 0.0, null, 7, 1.5, 9]", "[1, 2, 3, 6, 10, null, 4, 1000]");
  trained.rows.folds = trained.folds.data();
  const RowContext context = RowContextOf({arrow::float64(), arrow::int64()}, 1);
  const auto step = MakeRowStep("target_encode", {{"folds", 2}}, context);
  const auto seen = [&](int64_t begin, int64_t end) {
    auto learner = *step->MakeLearner(nullptr);
    EXPECT_TRUE(learner->Update(RowSlice(trained.rows, begin, end - begin)).ok());
    return *learner->Encode();
  };
  const std::string whole = seen(0, 8);
  auto merged = *step->MakeLearner(nullptr);
  ASSERT_TRUE(merged->is_mergeable());
  for (const auto& [begin, end] : {std::pair(5, 8), std::pair(0, 1), std::pair(1, 5)})
    ASSERT_TRUE(merged->MergeEncoded(seen(begin, end)).ok());
  EXPECT_EQ(*merged->Encode(), whole);
  ASSERT_TRUE(step->Learn(*merged).ok());
  const nlohmann::json expected = LearnedEncoding(trained, {{"folds", 2}})->Describe();
  EXPECT_EQ(step->Describe(), expected);
  // Whatever has become of the bytes is found out, or is a number like others.
  for (size_t size = 0; size < whole.size(); ++size) {
    auto learner = *step->MakeLearner(nullptr);
    EXPECT_EQ(base::KindOf(learner->MergeEncoded(whole.substr(0, size))), base::ErrorKind::kData);
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(~damaged[at]);
    auto learner = *step->MakeLearner(nullptr);
    const arrow::Status status = learner->MergeEncoded(damaged);
    if (!status.ok()) {
      EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData) << at;
    }
  }
  const auto others = MakeRowStep("target_encode", {{"folds", 3}}, context);
  EXPECT_EQ(base::KindOf((*others->MakeLearner(nullptr))->MergeEncoded(whole)),
            base::ErrorKind::kData);
}

TEST(TargetEncode, IsRestoredAndChecked) {
  const nlohmann::json options = {{"folds", 2}, {"smoothing", 1}};
  const auto step = LearnedEncoding(TrainingRows(), options);
  const nlohmann::json described = ThroughFile(step->Describe());
  const auto table = step->VocabularyTable();
  const auto make = [&] {
    return MakeRowStep("target_encode", options, RowContextOf({arrow::utf8(), arrow::int64()}, 1));
  };
  const auto restored = make();
  EXPECT_FALSE(restored->learned());
  ASSERT_TRUE(restored->Restore(described, table).ok());
  EXPECT_EQ(restored->Describe(), step->Describe());
  const RowBlock served = Served(R"(["p", "q", null, "r"])");
  EXPECT_TRUE(ApplyRows(*restored, served, 4)[0]->Equals(ApplyRows(*step, served, 4)[0]));
  const auto refused = [&](const nlohmann::json& learned, const auto& vocabulary) {
    EXPECT_EQ(base::KindOf(make()->Restore(learned, vocabulary)), base::ErrorKind::kData)
        << learned;
  };
  refused(described, std::shared_ptr<arrow::RecordBatch>());
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, nlohmann::json>>{{"prior", "x"},
                                                           {"encodings", {1.0}},
                                                           {"encodings", {1.0, "x"}},
                                                           {"encodings", 3},
                                                           {"count", 3},
                                                           {"missing_count", 9},
                                                           {"folds", 3},
                                                           {"smoothing", "auto"},
                                                           {"extra", 1}}) {
    nlohmann::json damaged = described;
    damaged[key] = value;
    refused(damaged, table);
  }
  const auto with = [&](int i, const std::shared_ptr<arrow::Array>& column) {
    return *table->SetColumn(i, table->schema()->field(i)->WithType(column->type()), column);
  };
  refused(described, with(0, ArrayOf(arrow::utf8(), R"(["p", "p"])")));
  refused(described, with(0, ArrayOf(arrow::int64(), "[1, 2]")));
  refused(described, with(1, ArrayOf(arrow::int32(), "[0, 2]")));
  refused(described, with(2, ArrayOf(arrow::int64(), "[5, -1]")));
}

TEST(TargetEncode, RefusesWhatItCannotLearn) {
  const RowContext context = RowContextOf({arrow::utf8(), arrow::float64()}, 1);
  EXPECT_THAT(RowRefusal("target_encode", {{"folds", 1}}, context),
              testing::HasSubstr("from 2 to 64"));
  EXPECT_THAT(RowRefusal("target_encode", {{"smoothing", -1}}, context),
              testing::HasSubstr("'smoothing'"));
  EXPECT_THAT(RowRefusal("target_encode", nullptr, RowContextOf({arrow::utf8(), arrow::utf8()}, 1)),
              testing::HasSubstr("a target of numbers"));
  const auto step = MakeRowStep("target_encode", nullptr, context);
  auto learner = *step->MakeLearner(nullptr);
  RowBlock rows;
  rows.num_rows = 1;
  rows.columns = {ArrayOf(arrow::utf8(), R"(["p"])"), Doubles({kInfinity})};
  EXPECT_EQ(base::KindOf(learner->Update(rows)), base::ErrorKind::kData);
  EXPECT_THAT(step->Learn(*learner).message(), testing::HasSubstr("no training rows"));
  // One fold holds all rows: without it there is nothing.
  rows.columns[1] = Doubles({1});
  ASSERT_TRUE(learner->Update(rows).ok());
  EXPECT_THAT(step->Learn(*learner).message(), testing::HasSubstr("all of them in one fold"));
}

TEST(FixedPointSum, IsExactForWholeNumbersAndCommonFractions) {
  FixedPointSum sum;
  for (const double value : {0.1, -0.1, 1e-6, 1099511627775.0, -1099511627775.0, 3.0, 0.0})
    sum.Add(value);
  EXPECT_EQ(static_cast<double>(sum.Value()), 3.000001);
  FixedPointSum three;
  three.Add(3.0);
  sum.Subtract(three);
  EXPECT_EQ(static_cast<double>(sum.Value()), 1e-6);
  FixedPointSum negative;
  negative.Subtract(three);
  EXPECT_EQ(static_cast<double>(negative.Value()), -3);
  FixedPointSum squares;
  for (const double value : {0.1, 1099511627775.0, -1e-6}) squares.AddSquare(value);
  FixedPointSum large;
  large.AddSquare(-1099511627775.0);
  EXPECT_EQ(static_cast<double>(large.Value()), 1099511627775.0 * 1099511627775.0);
  squares.Subtract(large);
  EXPECT_EQ(static_cast<double>(squares.Value()),
            static_cast<double>(static_cast<__float128>(0.1) * 0.1 +
                                static_cast<__float128>(1e-6) * 1e-6));
}

}  // namespace
}  // namespace emberharmony::feature
