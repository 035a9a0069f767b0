#include "emberharmony/backend/cost_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "emberharmony/backend/calibration.h"

namespace emberharmony::backend {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;
using ::testing::HasSubstr;

TEST(CostCurve, IsStraightBetweenWhatWasMeasured) {
  const std::array<double, kCostPoints> points = {10, 110, 610, 1110};
  CostCurve curve;
  EXPECT_FALSE(curve.is_known());
  curve.nanoseconds = {100, 200, 1200, 2200};
  EXPECT_TRUE(curve.is_known());
  EXPECT_EQ(curve.At(1, points), 100);
  EXPECT_EQ(curve.At(10, points), 100);
  EXPECT_EQ(curve.At(60, points), 150);
  EXPECT_EQ(curve.At(110, points), 200);
  EXPECT_EQ(curve.At(610, points), 1200);
  EXPECT_EQ(curve.At(1110, points), 2200);
  EXPECT_EQ(curve.At(2110, points), 4200);
  // A measurement that was disturbed: more work still costs more.
  curve.nanoseconds = {100, 5000, 5100, 2220};
  EXPECT_GT(curve.At(2220, points), curve.At(1110, points));
}

TEST(CostCurve, KeepsTheTwoLeast) {
  CostCurve curve;
  EXPECT_FALSE(curve.is_settled());
  CostCurve seen;
  seen.nanoseconds = {10, 100, 500, 1000};
  curve.Merge(seen);
  EXPECT_TRUE(curve.is_known());
  EXPECT_FALSE(curve.is_settled()) << "it was seen once";
  seen.nanoseconds = {30, 90, 510, 1050};  // the machine was busy with something else at first
  curve.Merge(seen);
  EXPECT_THAT(curve.nanoseconds, ::testing::ElementsAre(10, 90, 500, 1000));
  EXPECT_THAT(curve.again, ::testing::ElementsAre(30, 100, 510, 1050));
  EXPECT_FALSE(curve.is_settled());
  seen.nanoseconds = {10.5, 95, 505, 3000};
  CostCurve twice = seen;
  twice.Merge(curve);
  curve.Merge(seen);
  EXPECT_EQ(curve.nanoseconds, twice.nanoseconds) << "in whichever order";
  EXPECT_EQ(curve.again, twice.again);
  EXPECT_THAT(curve.again, ::testing::ElementsAre(10.5, 95, 505, 1050));
  EXPECT_TRUE(curve.is_settled());
  curve.Merge(CostCurve());
  EXPECT_TRUE(curve.is_settled());
}

TEST(MeasuredAs, IsMeasuredItself) {
  for (int i = 0; i < kNumOps; ++i) {
    const Op op = static_cast<Op>(i);
    EXPECT_EQ(MeasuredAs(MeasuredAs(op)), MeasuredAs(op)) << InfoOf(op).name;
    EXPECT_EQ(IsMeasured(op), IsMeasured(MeasuredAs(op))) << InfoOf(op).name;
    EXPECT_EQ(CostPointsOf(op), CostPointsOf(MeasuredAs(op))) << InfoOf(op).name;
  }
}

TEST(WorkOf, CountsWhatTheOperationDoes) {
  const Tensor wide = Tensor::Empty({4, 5}, DType::kFloat64);
  const Tensor tall = Tensor::Empty({5, 3}, DType::kFloat64);
  const Tensor* const product[] = {&wide, &tall};
  EXPECT_EQ(WorkOf(Op::kMatmul, product, {4, 3}), 4 * 3 * 5);
  const Tensor* const one[] = {&wide};
  EXPECT_EQ(WorkOf(Op::kSum, one, {}), 20);
  EXPECT_EQ(WorkOf(Op::kExp, one, {4, 5}), 20);
  // An operand that is repeated counts as often as it is used.
  EXPECT_EQ(WorkOf(Op::kAdd, one, {7, 4, 5}), 140);
  EXPECT_EQ(WorkOf(Op::kRandomUniform, {}, {9}), 9);
  // Picking touches what is picked, not what it is picked from.
  const Tensor places = Tensor::Empty({2}, DType::kInt64);
  const Tensor* const picked[] = {&wide, &places};
  EXPECT_EQ(WorkOf(Op::kTake, picked, {2}), 2);
  EXPECT_EQ(WorkOf(Op::kSvdvals, one, {4}), 4 * 5 * 4);
  EXPECT_EQ(WorkOf(Op::kInv, Shape{3, 5, 5}), 3 * 5 * 5 * 5);
  EXPECT_EQ(WorkOf(Op::kFft, Shape{3, 5}), 15);
}

CostTable ExampleTable() {
  CostTable table;
  table.machine = {{"processor", "abacus"}};
  table.candidates.resize(2);
  table.candidates[0].backend = "native";
  table.candidates[1].backend = "other";
  table.candidates[1].device = {tensor::DeviceKind::kRocm, 1};
  table.candidates[1].to_device = {10, 0.5};
  table.candidates[1].curves[static_cast<size_t>(Op::kExp)][1].nanoseconds = {1, 2, 3, 3.5};
  table.candidates[1].curves[static_cast<size_t>(Op::kExp)][1].again = {1, 2.5, 0, 0};
  table.num_calibrations = 3;
  table.settled = 0.25;
  return table;
}

TEST(CostTable, IsReadAsItWasWritten) {
  const CostTable table = ExampleTable();
  const CostTable read = CostTable::Parse(table.ToJson()).ValueOrDie();
  EXPECT_EQ(read.machine, table.machine);
  ASSERT_EQ(read.candidates.size(), 2);
  EXPECT_EQ(read.candidates[1].backend, "other");
  EXPECT_EQ(read.candidates[1].device, table.candidates[1].device);
  EXPECT_EQ(read.candidates[1].to_device.byte_ns, 0.5);
  const auto& curves = read.candidates[1].curves[static_cast<size_t>(Op::kExp)];
  EXPECT_FALSE(curves[0].is_known());
  EXPECT_EQ(curves[1].nanoseconds[3], 3.5f);
  EXPECT_EQ(curves[1].again[1], 2.5f);
  EXPECT_EQ(read.num_calibrations, 3);
  EXPECT_EQ(read.settled, 0.25);
  EXPECT_EQ(read.ToJson(), table.ToJson());
}

TEST(CostTable, RefusesWhatIsNone) {
  const std::string good = ExampleTable().ToJson();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string("{"), good.substr(0, good.size() / 2),
        with("\"version\": 3", "\"version\": 1"), with("\"native\"", "\"naive\""),
        with("\"exp\"", "\"no_operation\""), with("3.5", "-3.5"), with("3.5", "1e300"),
        with("3.5", "\"long\""), with("0.25", "1.25"),
        with("\"calibrations\": 3", "\"calibrations\": -3"), with("\"curves\": {", "\"curve\": {"),
        std::string("{\"version\": 3, \"machine\": {}, \"candidates\": []}"),
        std::string(100000, '[')}) {
    EXPECT_FALSE(CostTable::Parse(bad).ok()) << bad.substr(0, 200);
  }
}

class CalibrationFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("ember_calibration_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(CalibrationFiles, AreOfOneMachine) {
  const std::string path = (folder_ / "deep" / "table.json").string();
  EXPECT_FALSE(ReadCostTable(path, nullptr).ok());
  const CostTable table = ExampleTable();
  ASSERT_TRUE(WriteCostTable(table, path).ok());
  EXPECT_TRUE(ReadCostTable(path, nullptr).ok());
  EXPECT_TRUE(ReadCostTable(path, &table.machine).ok());
  const nlohmann::json other = {{"processor", "slide rule"}};
  EXPECT_FALSE(ReadCostTable(path, &other).ok());
  // Nothing is left beside it.
  int num_files = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(folder_ / "deep")) {
    ++num_files;
  }
  EXPECT_EQ(num_files, 1);
  std::ofstream(path) << "{\"version\": 3";
  EXPECT_FALSE(ReadCostTable(path, nullptr).ok());
}

TEST_F(CalibrationFiles, LieInTheCache) {
  setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  const nlohmann::json machine = {{"processor", "abacus"}};
  const std::string path = CalibrationPath(machine);
  EXPECT_THAT(path, HasSubstr(folder_.string() + "/emberharmony/calibration-"));
  EXPECT_NE(path, CalibrationPath({{"processor", "slide rule"}}));
  setenv("XDG_CACHE_HOME", "relative", 1);
  setenv("HOME", "/nowhere", 1);
  EXPECT_THAT(CalibrationPath(machine), HasSubstr("/nowhere/.cache/emberharmony/"));
  unsetenv("XDG_CACHE_HOME");
}

TEST(Calibrate, MeasuresNative) {
  // Time for all of them on a machine that does much else.
  const CostTable table = Calibrate({}, 60);
  ASSERT_EQ(table.candidates.size(), 1);
  EXPECT_EQ(table.candidates[0].backend, "native");
  for (const Op op : {Op::kMatmul, Op::kAdd, Op::kSum, Op::kExp}) {
    const CostCurve& curve = table.candidates[0].curves[static_cast<size_t>(op)][0];
    EXPECT_TRUE(curve.is_known()) << InfoOf(op).name;
    EXPECT_GT(curve.nanoseconds[3], curve.nanoseconds[0]) << InfoOf(op).name;
  }
  EXPECT_EQ(table.machine, MachineKey({}));
  EXPECT_EQ(table.num_calibrations, 1);
  // With no time nothing is measured, and what was known stays.
  EXPECT_EQ(Calibrate({}, 0).settled, 0);
  const CostTable kept = Calibrate({}, 0, &table);
  EXPECT_EQ(kept.num_calibrations, 2);
  EXPECT_EQ(kept.settled, table.settled);
  EXPECT_EQ(kept.CurveOf(0, Op::kSubtract, 0).nanoseconds,
            table.CurveOf(0, Op::kAdd, 0).nanoseconds);
}

TEST(IsWorthGoingOn, EndsSometime) {
  CostTable table;
  EXPECT_FALSE(IsWorthGoingOn(table));
  table.settled = 0.5;
  EXPECT_TRUE(IsWorthGoingOn(table));
  table.num_calibrations = 1000;
  EXPECT_FALSE(IsWorthGoingOn(table));
}

}  // namespace
}  // namespace emberharmony::backend
