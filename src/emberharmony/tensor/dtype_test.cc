#include "emberharmony/tensor/dtype.h"

#include <gtest/gtest.h>

#include <string>

namespace emberharmony::tensor {
namespace {

TEST(DType, NamesRoundTripAndSizesFollowFromThem) {
  const int sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16};
  for (int i = 0; i < kNumDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(ParseDType(DTypeName(dtype)), dtype);
    EXPECT_EQ(ItemSize(dtype), sizes[i]) << DTypeName(dtype);
  }
  EXPECT_EQ(ParseDType("float16"), std::nullopt);
}

// The tables of the standard's section "Type Promotion Rules", typed in with its type codes, and
// where it leaves mixed kinds undefined what NumPy 2.4's result_type says; "--" where that goes to
// float64 and may lose an integer's digits.
TEST(DType, PromotionFollowsTheStandardsTablesAndNumPys) {
  const std::string codes[kNumDTypes] = {"b1", "i1", "i2", "i4", "i8", "u1", "u2",
                                         "u4", "u8", "f4", "f8", "c8", "c16"};
  const auto parse = [&](const std::string& code) {
    for (int i = 0; i < kNumDTypes; ++i) {
      if (codes[i] == code) return std::optional<DType>(static_cast<DType>(i));
    }
    return std::optional<DType>();
  };
  // Rows and columns: b1 i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c8 c16; "--" is absent.
  const std::string table[kNumDTypes][kNumDTypes] = {
      {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"},
      {"i1", "i1", "i2", "i4", "i8", "i2", "i4", "i8", "--", "f4", "f8", "c8", "c16"},
      {"i2", "i2", "i2", "i4", "i8", "i2", "i4", "i8", "--", "f4", "f8", "c8", "c16"},
      {"i4", "i4", "i4", "i4", "i8", "i4", "i4", "i8", "--", "f8", "f8", "c16", "c16"},
      {"i8", "i8", "i8", "i8", "i8", "i8", "i8", "i8", "--", "f8", "f8", "c16", "c16"},
      {"u1", "i2", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"},
      {"u2", "i4", "i4", "i4", "i8", "u2", "u2", "u4", "u8", "f4", "f8", "c8", "c16"},
      {"u4", "i8", "i8", "i8", "i8", "u4", "u4", "u4", "u8", "f8", "f8", "c16", "c16"},
      {"u8", "--", "--", "--", "--", "u8", "u8", "u8", "u8", "f8", "f8", "c16", "c16"},
      {"f4", "f4", "f4", "f8", "f8", "f4", "f4", "f8", "f8", "f4", "f8", "c8", "c16"},
      {"f8", "f8", "f8", "f8", "f8", "f8", "f8", "f8", "f8", "f8", "f8", "c16", "c16"},
      {"c8", "c8", "c8", "c16", "c16", "c8", "c8", "c16", "c16", "c8", "c16", "c8", "c16"},
      {"c16", "c16", "c16", "c16", "c16", "c16", "c16", "c16", "c16", "c16", "c16", "c16", "c16"},
  };
  for (int i = 0; i < kNumDTypes; ++i) {
    for (int j = 0; j < kNumDTypes; ++j) {
      EXPECT_EQ(PromoteTypes(static_cast<DType>(i), static_cast<DType>(j)), parse(table[i][j]))
          << codes[i] << " and " << codes[j];
    }
  }
}

TEST(DType, CastsThatPromotionAllows) {
  EXPECT_TRUE(CanCast(DType::kBool, DType::kInt8));
  EXPECT_TRUE(CanCast(DType::kUInt8, DType::kInt16));
  EXPECT_TRUE(CanCast(DType::kFloat32, DType::kComplex64));
  EXPECT_FALSE(CanCast(DType::kInt16, DType::kUInt16));
  EXPECT_FALSE(CanCast(DType::kInt64, DType::kUInt64));
  EXPECT_FALSE(CanCast(DType::kFloat64, DType::kFloat32));
  EXPECT_FALSE(CanCast(DType::kFloat64, DType::kComplex64));
  EXPECT_FALSE(CanCast(DType::kComplex64, DType::kFloat64));
}

}  // namespace
}  // namespace emberharmony::tensor
