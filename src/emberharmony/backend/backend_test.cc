#include "emberharmony/backend/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace emberharmony::backend {
namespace {

using tensor::DType;
using ::testing::Contains;

/// Adds float64 tensors, to something else than their sum, and nothing else.
class OddBackend : public Backend {
 public:
  std::string_view name() const override { return "odd"; }
  std::string version() const override { return "7"; }
  std::vector<tensor::Device> devices() const override { return {tensor::kCpuDevice}; }
  bool Supports(const OpQuery& query) const override {
    return query.op == Op::kAdd && query.dtypes[0] == DType::kFloat64;
  }
  void Execute(Op, Tensors, Attributes, Tensors outputs) override {
    const tensor::Tensor& output = *outputs[0];
    for (int64_t i = 0; i < output.size(); ++i) output.mutable_data_as<double>()[i] = 42;
  }
};

OpCount CountOf(const Backend& backend, Op op) {
  for (OpCount& count : backend.Counts()) {
    if (count.op == op) return count;
  }
  return {op, 0, 0, ""};
}

TEST(Backends, AreChosenByNameAndFallBackToNative) {
  EXPECT_EQ(BackendNames().front(), "native");
  EXPECT_EQ(&CurrentBackend(), &Native());
  ASSERT_TRUE(RegisterBackend(std::make_unique<OddBackend>()));
  EXPECT_FALSE(RegisterBackend(std::make_unique<OddBackend>()));
  EXPECT_THAT(BackendNames(), Contains("odd"));
  EXPECT_EQ(FindBackend("none"), nullptr);
  SetCurrentBackend(FindBackend("odd"));
  const DType f8[] = {DType::kFloat64};
  const DType f4[] = {DType::kFloat32};
  EXPECT_EQ(BackendFor({Op::kAdd, f8}).name(), "odd");
  EXPECT_EQ(BackendFor({Op::kAdd, f4}).name(), "native");
  EXPECT_EQ(BackendFor({Op::kSin, f8}).name(), "native");
  const OpCount sin = CountOf(*FindBackend("odd"), Op::kSin);
  EXPECT_EQ(sin.fell_back, 1);
  EXPECT_EQ(sin.reason, "odd does not compute sin of float64");
  FindBackend("odd")->ResetCounts();
  EXPECT_TRUE(FindBackend("odd")->Counts().empty());
  SetCurrentBackend(nullptr);
  EXPECT_EQ(&CurrentBackend(), &Native());
}

// Plugins built against an older list still name the same operations by these numbers.
TEST(Ops, NumbersAreFixed) {
  EXPECT_EQ(static_cast<int>(Op::kCopy), 0);
  EXPECT_EQ(static_cast<int>(Op::kAdd), 2);
  EXPECT_EQ(static_cast<int>(Op::kLog1p), 23);
  EXPECT_EQ(static_cast<int>(Op::kWhere), 43);
  EXPECT_EQ(static_cast<int>(Op::kMax), 47);
  EXPECT_EQ(static_cast<int>(Op::kErf), 73);
  for (int i = 0; i < kNumOps; ++i) EXPECT_EQ(ParseOp(kOpInfos[i].name), static_cast<Op>(i));
  EXPECT_EQ(ParseOp("frobnicate"), std::nullopt);
}

TEST(Native, SupportsWhatItHasKernelsFor) {
  const DType f8[] = {DType::kFloat64};
  const DType c16[] = {DType::kComplex128};
  const DType to_bool[] = {DType::kFloat64, DType::kBool};
  const DType to_complex[] = {DType::kFloat64, DType::kComplex128};
  const DType to_real[] = {DType::kComplex128, DType::kFloat64};
  EXPECT_TRUE(Native().Supports({Op::kLog1p, f8}));
  EXPECT_TRUE(Native().Supports({Op::kLog1p, c16}));
  EXPECT_FALSE(Native().Supports({Op::kLess, c16}));
  EXPECT_TRUE(Native().Supports({Op::kCopy, c16}));
  EXPECT_TRUE(Native().Supports({Op::kSum, f8}));
  EXPECT_TRUE(Native().Supports({Op::kAstype, to_bool}));
  EXPECT_TRUE(Native().Supports({Op::kAstype, to_complex}));
  EXPECT_FALSE(Native().Supports({Op::kAstype, to_real}));
}

}  // namespace
}  // namespace emberharmony::backend
