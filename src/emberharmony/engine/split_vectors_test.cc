#include "emberharmony/engine/split_vectors.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/philox.h"

namespace emberharmony::engine {
namespace {

/// Two units that nobody can read.
class UnreadableSource : public io::Source {
 public:
  explicit UnreadableSource(bool rows_are_numbered) : rows_are_numbered_(rows_are_numbered) {
    units_.resize(2);
    units_[0].num_rows = 1000;
    units_[1].index = 1;
    units_[1].num_rows = 501;
  }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<io::Unit>& units() const override { return units_; }
  bool columns_independent() const override { return true; }
  bool rows_are_numbered() const override { return rows_are_numbered_; }
  io::ColumnHint Hint(const io::Unit&, int) const override { return {}; }
  arrow::Result<std::unique_ptr<io::BatchReader>> Open(const io::Unit&, const std::vector<int>&,
                                                       const io::BatchOptions&,
                                                       io::Cursor) const override {
    return arrow::Status::IOError("nobody can read this");
  }
  std::string identity() const override { return "unreadable"; }

 private:
  const bool rows_are_numbered_;
  const std::shared_ptr<arrow::Schema> schema_ =
      arrow::schema({arrow::field("x", arrow::int64()), arrow::field("at", arrow::date32())});
  std::vector<io::Unit> units_;
};

/// Splits count in the budget of a run, which outlives them.
class SplitVectorsTest : public testing::Test {
 protected:
  void SetUp() override {
    RunOptions options;
    options.num_threads = 2;
    auto context = RunContext::Make(options, nullptr);
    ASSERT_TRUE(context.ok()) << context.status();
    context_ = *std::move(context);
  }
  arrow::Result<std::shared_ptr<const SplitVectors>> Make(const io::Source& source,
                                                          const plan::SplitSpec& spec) {
    return SplitVectors::Make(source, source, spec, context_.get());
  }

 private:
  std::unique_ptr<RunContext> context_;
};

plan::SplitSpec Random() {
  plan::SplitSpec spec;
  spec.method = plan::SplitMethod::kRandom;
  spec.train = "0.5";
  spec.validation = "0.25";
  spec.test = "0.25";
  spec.seed = -5;
  return spec;
}

// The positions go on from unit to unit, and not a cell is read.
TEST_F(SplitVectorsTest, RandomGoesByThePositionInTheSource) {
  const auto splits = Make(UnreadableSource(true), Random());
  ASSERT_TRUE(splits.ok()) << splits.status();
  uint32_t position = 0;
  for (int64_t unit = 0; unit < 2; ++unit) {
    const auto rows = (*splits)->Unpack(unit);
    for (const uint8_t split : *rows) {
      const uint32_t bucket =
          base::Philox4x32({position++, 0, 0, 0}, {0xfffffffbu, 0xffffffffu})[0] & 0xfffff;
      ASSERT_EQ(split, bucket < 0x80000 ? 0 : bucket < 0xc0000 ? 1 : 2) << position;
    }
  }
  EXPECT_EQ(position, 1501u);
}

TEST_F(SplitVectorsTest, RandomNeedsRowsWithPositions) {
  const auto splits = Make(UnreadableSource(false), Random());
  ASSERT_FALSE(splits.ok());
  EXPECT_EQ(base::KindOf(splits.status()), base::ErrorKind::kUsage);
  EXPECT_THAT(splits.status().message(), testing::HasSubstr("split by method: hash"));
}

TEST_F(SplitVectorsTest, AShareOfOneReadsNothing) {
  plan::SplitSpec spec;
  spec.train = "0";
  spec.validation = "1";
  spec.test = "0";
  for (const auto method : {plan::SplitMethod::kHash, plan::SplitMethod::kRandom}) {
    spec.method = method;
    const auto splits = Make(UnreadableSource(true), spec);
    ASSERT_TRUE(splits.ok()) << splits.status();
    EXPECT_EQ((*splits)->uniform_split(), 1);
  }
  spec.method = plan::SplitMethod::kTime;
  spec.time_column = "at";
  std::swap(spec.train, spec.validation);
  const auto splits = Make(UnreadableSource(true), spec);
  ASSERT_TRUE(splits.ok()) << splits.status();
  EXPECT_EQ((*splits)->uniform_split(), 0);
  EXPECT_EQ((*splits)->time_cuts(), plan::TimeCuts());
  std::swap(spec.train, spec.test);
  EXPECT_FALSE(Make(UnreadableSource(true), spec).ok());  // where the cut is, the rows must tell
}

}  // namespace
}  // namespace emberharmony::engine
