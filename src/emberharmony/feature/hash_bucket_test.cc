#include <arrow/util/float16.h>

#include "emberharmony/base/fingerprint.h"
#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

/// The bucket of an integer's eight bytes, written out here.
int32_t OfBits(uint64_t bits, uint64_t buckets) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(bits >> (8 * i) & 0xff));
  return static_cast<int32_t>(base::Fingerprint64(bytes) % buckets);
}

std::vector<std::optional<int32_t>> Buckets(const arrow::Array& array) {
  EXPECT_EQ(array.type_id(), arrow::Type::INT32);
  std::vector<std::optional<int32_t>> buckets;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      buckets.emplace_back();
    } else {
      buckets.emplace_back(static_cast<const arrow::Int32Array&>(array).Value(i));
    }
  }
  return buckets;
}

using ExpectedBuckets = std::vector<std::optional<int32_t>>;

// farmhash.fingerprint64(b"JFK") % 10 and so on, from pyfarmhash.
TEST(HashBucket, OfTextIsTheFingerprintOfItsBytes) {
  for (const auto& type : {arrow::utf8(), arrow::large_utf8(), arrow::utf8_view()}) {
    const auto step = MakeStep("hash_bucket", {{"buckets", 10}}, Column(type));
    const auto found = ApplyOne(*step, {ArrayOf(type, R"(["JFK", "", null, "é", "JFK"])")});
    EXPECT_EQ(Buckets(*found), (ExpectedBuckets{2, 3, std::nullopt, 5, 2}));
  }
}

TEST(HashBucket, OfNumbersDoesNotDependOnTheirWidth) {
  constexpr uint64_t kBuckets = 1000003;
  const ExpectedBuckets expected = {OfBits(5, kBuckets), OfBits(~uint64_t{0}, kBuckets),
                                    std::nullopt};
  for (const auto& type : {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(),
                           arrow::date32(), arrow::timestamp(arrow::TimeUnit::NANO)}) {
    const auto step = MakeStep("hash_bucket", {{"buckets", kBuckets}}, Column(type));
    const auto array = ArrayOf(arrow::int64(), "[5, -1, null]");
    arrow::Int32Builder narrow;
    EXPECT_TRUE(narrow.AppendValues({5, -1}).ok());
    EXPECT_TRUE(narrow.AppendNull().ok());
    const auto values = type->id() == arrow::Type::DATE32      ? *(*narrow.Finish())->View(type)
                        : type->id() == arrow::Type::TIMESTAMP ? *array->View(type)
                                                               : ArrayOf(type, "[5, -1, null]");
    EXPECT_EQ(Buckets(*ApplyOne(*step, {values})), expected) << type->ToString();
  }
  const auto unsigned_step =
      MakeStep("hash_bucket", {{"buckets", kBuckets}}, Column(arrow::uint64()));
  EXPECT_EQ(
      Buckets(*ApplyOne(*unsigned_step, {ArrayOf(arrow::uint64(), "[18446744073709551615]")})),
      (ExpectedBuckets{OfBits(~uint64_t{0}, kBuckets)}));
}

TEST(HashBucket, OfFloatsIsThatOfTheDouble) {
  constexpr uint64_t kBuckets = 1 << 30;
  const ExpectedBuckets expected = {OfBits(std::bit_cast<uint64_t>(0.5), kBuckets),
                                    OfBits(0, kBuckets), OfBits(0, kBuckets), std::nullopt};
  const auto doubles = MakeStep("hash_bucket", {{"buckets", kBuckets}}, Column(arrow::float64()));
  EXPECT_EQ(Buckets(*ApplyOne(*doubles, {Doubles({0.5, 0.0, -0.0, kNaN})})), expected);
  const auto floats = MakeStep("hash_bucket", {{"buckets", kBuckets}}, Column(arrow::float32()));
  const auto array = std::make_shared<arrow::FloatArray>(
      4, arrow::Buffer::FromVector(std::vector<float>{0.5F, 0.0F, -0.0F, std::nanf("")}));
  EXPECT_EQ(Buckets(*ApplyOne(*floats, {array})), expected);
  std::vector<uint16_t> halves;
  for (const float x : {0.5F, 0.0F, -0.0F, std::nanf("")}) {
    halves.push_back(arrow::util::Float16::FromFloat(x).bits());
  }
  const auto half = MakeStep("hash_bucket", {{"buckets", kBuckets}}, Column(arrow::float16()));
  const auto half_array =
      std::make_shared<arrow::HalfFloatArray>(4, arrow::Buffer::FromVector(halves));
  EXPECT_EQ(Buckets(*ApplyOne(*half, {half_array})), expected);
}

TEST(HashBucket, MissingStaysMissingAndSlicesCount) {
  const auto step = MakeStep("hash_bucket", {{"buckets", 7}}, Column(arrow::utf8()));
  const auto all = ArrayOf(arrow::utf8(), R"(["a", null, "b", "c"])");
  const auto whole = ApplyTo(*step, {all, true});
  EXPECT_TRUE(whole[0].null_slot);
  const auto part = ApplyOne(*step, {all->Slice(1, 3), false});
  EXPECT_TRUE(part->Equals(whole[0].values->Slice(1, 3)));
  EXPECT_TRUE(part->IsNull(0));
  EXPECT_TRUE(step->outputs()[0].nullable);
  EXPECT_TRUE(step->outputs()[0].final_type);
  EXPECT_FALSE(MakeStep("hash_bucket", {{"buckets", 7}}, Column(arrow::utf8(), false))
                   ->outputs()[0]
                   .nullable);
}

TEST(HashBucket, OneBucketAndTheMostBuckets) {
  const auto one = MakeStep("hash_bucket", 1, Column(arrow::utf8()));
  EXPECT_EQ(Buckets(*ApplyOne(*one, {ArrayOf(arrow::utf8(), R"(["a", "b"])")})),
            (ExpectedBuckets{0, 0}));
  const auto most = MakeStep("hash_bucket", {{"buckets", 2147483647}}, Column(arrow::utf8()));
  const auto found = Buckets(*ApplyOne(*most, {ArrayOf(arrow::utf8(), R"(["a"])")}));
  EXPECT_EQ(found[0], static_cast<int32_t>(base::Fingerprint64("a") % 2147483647));
}

TEST(HashBucket, RefusesBadOptionsAndTypes) {
  const ColumnInfo text = Column(arrow::utf8());
  EXPECT_THAT(Refusal("hash_bucket", nullptr, text), testing::HasSubstr("{buckets: 1000}"));
  EXPECT_THAT(Refusal("hash_bucket", {{"buckets", 0}}, text),
              testing::HasSubstr("from 1 to 2147483647; found 0"));
  EXPECT_THAT(Refusal("hash_bucket", {{"bukets", 5}}, text),
              testing::HasSubstr("did you mean 'buckets'?"));
  EXPECT_THAT(Refusal("hash_bucket", {{"buckets", 5}}, Column(arrow::list(arrow::int32()))),
              testing::HasSubstr("column 'x' is list<item: int32>"));
}

TEST(HashBucket, DescribesItselfInFull) {
  const auto step = MakeStep("hash_bucket", 12, Column(arrow::utf8()));
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "hash_bucket"}, {"buckets", 12}}));
  EXPECT_TRUE(step->Restore(ThroughFile(step->Describe()), nullptr).ok());
  EXPECT_FALSE(step->Restore({{"step", "hash_bucket"}, {"buckets", 13}}, nullptr).ok());
}

}  // namespace
}  // namespace emberharmony::feature
