#include <arrow/builder.h>

#include "emberharmony/base/fingerprint.h"
#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::unique_ptr<Transform> LearnedTerms(const std::shared_ptr<arrow::Array>& ranked,
                                        const std::string& counts,
                                        const nlohmann::json& options = nullptr) {
  auto step = MakeStep("vocabulary", options, Column(ranked->type()));
  const arrow::Status status = step->Learn({CountsOf(ranked, counts, 2, 4, 5)});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

TEST(Vocabulary, IdsByRankBehindTheSpecialOnes) {
  const auto step = LearnedTerms(ArrayOf(arrow::utf8(), R"(["b", "a", "c"])"), "[9, 7, 7]");
  const auto ids =
      ApplyOne(*step, {ArrayOf(arrow::utf8(), R"(["a", "b", null, "zzz", "c", ""])"), true});
  EXPECT_TRUE(ids->Equals(ArrayOf(arrow::int32(), "[4, 3, 1, 2, 5, 2, 1]")));
  EXPECT_TRUE(ApplyOne(*step, {ArrayOf(arrow::utf8(), "[]"), true})
                  ->Equals(ArrayOf(arrow::int32(), "[1]")));
  EXPECT_FALSE(step->outputs()[0].nullable);
  EXPECT_TRUE(step->outputs()[0].final_type);
}

TEST(Vocabulary, OfNumbersDatesAndNumericForm) {
  const auto ints = LearnedTerms(ArrayOf(arrow::int64(), "[-1, 9223372036854775807]"), "[9, 7]");
  EXPECT_TRUE(ApplyOne(*ints, {ArrayOf(arrow::int64(), "[9223372036854775807, -1, 0, null]")})
                  ->Equals(ArrayOf(arrow::int32(), "[4, 3, 2, 1]")));
  const auto dates = LearnedTerms(ArrayOf(arrow::date32(), "[5]"), "[9]");
  EXPECT_TRUE(ApplyOne(*dates, {ArrayOf(arrow::date32(), "[5, 6]")})
                  ->Equals(ArrayOf(arrow::int32(), "[3, 2]")));
  auto numeric = MakeStep("vocabulary", nullptr, NumericColumn());
  ASSERT_TRUE(numeric->Learn({CountsOf(Doubles({0.0, 2.5}), "[5, 3]")}).ok());
  EXPECT_TRUE(ApplyOne(*numeric, {Doubles({2.5, -0.0, kNaN, 3.0})})
                  ->Equals(ArrayOf(arrow::int32(), "[4, 3, 1, 2]")));
}

TEST(Vocabulary, OutOfVocabularyBucketsAreFingerprints) {
  const auto step =
      LearnedTerms(ArrayOf(arrow::utf8(), R"(["known"])"), "[9]", {{"oov_buckets", 10}});
  std::string json = R"(["known")";
  std::vector<int32_t> expected = {12};
  for (int i = 0; i < 100; ++i) {
    const std::string text = "unknown " + std::to_string(i);
    json += ", \"" + text + "\"";
    expected.push_back(2 + static_cast<int32_t>(base::Fingerprint64(text) % 10));
  }
  for (const auto& type : {arrow::utf8(), arrow::large_utf8()}) {
    const auto ids = ApplyOne(*step, {ArrayOf(type, json + "]")});
    EXPECT_TRUE(ids->Equals(arrow::Int32Array(static_cast<int64_t>(expected.size()),
                                              arrow::Buffer::FromVector(expected))));
  }
  // An integer's bytes are those of its 64 bits, little-endian, whatever its width.
  const uint64_t five = base::Fingerprint64(std::string("\x05\0\0\0\0\0\0\0", 8)) % 10;
  const uint64_t minus_one = base::Fingerprint64(std::string(8, '\xff')) % 10;
  for (const auto& type : {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64()}) {
    const auto ints = LearnedTerms(ArrayOf(type, "[1]"), "[9]", {{"oov_buckets", 10}});
    const auto ids = ApplyOne(*ints, {ArrayOf(type, "[7, 5, -1]")->Slice(1)});
    EXPECT_EQ(static_cast<const arrow::Int32Array&>(*ids).Value(0), 2 + static_cast<int>(five));
    EXPECT_EQ(static_cast<const arrow::Int32Array&>(*ids).Value(1),
              2 + static_cast<int>(minus_one));
  }
}

TEST(Vocabulary, IdsBeyond31BitsAreInt64) {
  const int64_t buckets = int64_t{1} << 40;
  const auto step =
      LearnedTerms(ArrayOf(arrow::utf8(), R"(["known"])"), "[9]", {{"oov_buckets", buckets}});
  EXPECT_TRUE(step->outputs()[0].type->Equals(arrow::int64()));
  const auto ids = ApplyOne(*step, {ArrayOf(arrow::utf8(), R"(["known", "no"])"), true});
  const auto& longs = static_cast<const arrow::Int64Array&>(*ids);
  EXPECT_EQ(longs.Value(0), 2 + buckets);
  EXPECT_EQ(longs.Value(1),
            2 + static_cast<int64_t>(base::Fingerprint64("no") % static_cast<uint64_t>(buckets)));
  EXPECT_EQ(longs.Value(2), 1);
  EXPECT_EQ(step->VocabularyTable()->schema()->field(1)->type()->id(), arrow::Type::INT64);
}

TEST(Vocabulary, IsRestoredFromItsDescriptionAndTable) {
  arrow::BinaryBuilder builder;
  ASSERT_TRUE(builder.AppendValues({std::string("\xff\x00", 2), "a"}).ok());
  const auto bytes = *builder.Finish();
  for (const auto& ranked :
       {ArrayOf(arrow::utf8(), R"(["b", "a"])"), bytes, ArrayOf(arrow::date32(), "[5, -5]")}) {
    SCOPED_TRACE(ranked->type()->ToString());
    const auto step = LearnedTerms(ranked, "[9, 7]", {{"min_count", 3}});
    const auto table = step->VocabularyTable();
    ASSERT_TRUE(table->ValidateFull().ok());
    EXPECT_TRUE(table->column(0)->Equals(ranked));
    EXPECT_TRUE(table->column(1)->Equals(ArrayOf(arrow::int32(), "[3, 4]")));
    EXPECT_TRUE(table->column(2)->Equals(ArrayOf(arrow::int64(), "[9, 7]")));
    nlohmann::json described = ThroughFile(step->Describe());
    described["vocabulary_file"] = "vocabulary/00000.parquet";
    auto restored = MakeStep("vocabulary", step->options(), Column(ranked->type()));
    const arrow::Status status = restored->Restore(described, table);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(restored->Describe(), step->Describe());
    EXPECT_TRUE(restored->VocabularyTable()->Equals(*table));
    EXPECT_TRUE(ApplyOne(*restored, {ranked, true})->Equals(ApplyOne(*step, {ranked, true})));
  }
  EXPECT_EQ(LearnedTerms(ArrayOf(arrow::utf8(), R"(["b"])"), "[9]")->Describe(),
            (nlohmann::json{{"step", "vocabulary"},
                            {"min_count", 1},
                            {"oov_buckets", 1},
                            {"size", 1},
                            {"count", 14},
                            {"null_count", 2},
                            {"distinct_count", 5},
                            {"oov_count", 5}}));
}

TEST(Vocabulary, RestoreChecksTheTable) {
  const auto step = LearnedTerms(ArrayOf(arrow::utf8(), R"(["b", "a"])"), "[9, 7]");
  const auto good = step->VocabularyTable();
  const auto fault = [&](int column, const std::shared_ptr<arrow::Array>& array) {
    const auto bad = *good->SetColumn(
        column, arrow::field(good->schema()->field(column)->name(), array->type()), array);
    auto restored = MakeStep("vocabulary", nullptr, Column(arrow::utf8()));
    const arrow::Status status = restored->Restore(step->Describe(), bad);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    return status.message();
  };
  using testing::HasSubstr;
  EXPECT_THAT(fault(0, ArrayOf(arrow::int32(), "[1, 2]")), HasSubstr("values of type string"));
  EXPECT_THAT(fault(0, ArrayOf(arrow::utf8(), R"(["b", null])")), HasSubstr("null"));
  fault(0, ArrayOf(arrow::utf8(), R"(["b", "b"])"));
  EXPECT_THAT(fault(1, ArrayOf(arrow::int32(), "[3, 5]")), HasSubstr("consecutive"));
  EXPECT_THAT(fault(1, ArrayOf(arrow::utf8(), R"(["3", "4"])")), HasSubstr("must be integers"));
  EXPECT_THAT(fault(2, ArrayOf(arrow::int64(), "[7, 9]")), HasSubstr("must not ascend"));
  EXPECT_THAT(fault(2, ArrayOf(arrow::int64(), "[9, 6]")), HasSubstr("do not add up"));
  EXPECT_THAT(fault(2, ArrayOf(arrow::int64(), "[9223372036854775807, 7]")),
              HasSubstr("exceed the rows"));
  auto restored = MakeStep("vocabulary", nullptr, Column(arrow::utf8()));
  EXPECT_THAT(restored->Restore(step->Describe(), nullptr).message(), HasSubstr("missing"));
  EXPECT_FALSE(restored->Restore(step->Describe(), good->Slice(0, 1)).ok());
}

// Two neighbours of equal counts change places, at any place and so between any two blocks.
TEST(Vocabulary, RestoreChecksTheRanksOfEqualCounts) {
  std::string words, numbers, counts;
  for (int i = 0; i < 600; ++i) {
    words +=
        (i > 0 ? ", \"" : "\"") + std::to_string(1000 + i) + (i % 2 == 0 ? "" : " longer") + '"';
    numbers += (i > 0 ? ", " : "") + std::to_string(i - 300);
    counts += i > 0 ? ", 7" : "7";
  }
  for (const auto& values :
       {ArrayOf(arrow::utf8(), "[" + words + "]"), ArrayOf(arrow::float64(), "[" + numbers + "]"),
        ArrayOf(arrow::int64(), "[" + numbers + "]")}) {
    SCOPED_TRACE(values->type()->ToString());
    const auto step = LearnedTerms(values, "[" + counts + "]");
    const auto good = step->VocabularyTable();
    const auto restore = [&](const arrow::ArrayVector& parts) {
      const auto changed = *arrow::Concatenate(parts);
      const auto table = *good->SetColumn(0, good->schema()->field(0), changed);
      return MakeStep("vocabulary", nullptr, Column(values->type()))
          ->Restore(step->Describe(), table);
    };
    ASSERT_TRUE(restore({values}).ok()) << restore({values}).ToString();
    for (const int64_t at : {0, 254, 255, 256, 511, 598}) {
      const arrow::Status status = restore({values->Slice(0, at), values->Slice(at + 1, 1),
                                            values->Slice(at, 1), values->Slice(at + 2)});
      EXPECT_THAT(status.message(), testing::HasSubstr("equal counts must ascend")) << at;
      EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData) << at;
    }
  }
}

TEST(Vocabulary, RefusesBadOptions) {
  EXPECT_THAT(Refusal("vocabulary", {{"min_count", 0}}, Column(arrow::utf8())),
              testing::HasSubstr("'min_count' must be an integer from 1"));
  EXPECT_THAT(Refusal("vocabulary", {{"mincount", 3}}, Column(arrow::utf8())),
              testing::HasSubstr("did you mean 'min_count'?"));
  EXPECT_THAT(Refusal("vocabulary", {{"oov_buckets", 0}}, Column(arrow::utf8())),
              testing::HasSubstr("'oov_buckets' must be"));
}

}  // namespace
}  // namespace emberharmony::feature
