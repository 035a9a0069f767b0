#include "emberharmony/ops/printing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <sstream>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

// What numpy.array2string gives (for numbers of at most eight digits).
TEST(Printing, NumbersAlignAsInNumPy) {
  EXPECT_EQ(to_string(asarray({{1.0, 2.0}, {3.0, 4.0}})), "[[1. 2.]\n [3. 4.]]");
  EXPECT_EQ(to_string(asarray({1.5, 2.25, -3.0})), "[ 1.5   2.25 -3.  ]");
  EXPECT_EQ(to_string(asarray({kNaN, 1.0, -kInf})), "[ nan   1. -inf]");
  EXPECT_EQ(to_string(asarray({1e10, 1.5})), "[1.0e+10 1.5e+00]");
  EXPECT_EQ(to_string(asarray({1e-100, 1.25})), "[1.00e-100 1.25e+000]");
  EXPECT_EQ(to_string(asarray({0.0001, 0.0})), "[0.0001 0.    ]");
  EXPECT_EQ(to_string(asarray({0.00009})), "[9.e-05]");
  EXPECT_EQ(to_string(asarray<int64_t>({1, -20, 300})), "[  1 -20 300]");
  EXPECT_EQ(to_string(asarray<uint64_t>({~uint64_t{0}})), "[18446744073709551615]");
  EXPECT_EQ(to_string(asarray({true, false})), "[ True False]");
  EXPECT_EQ(to_string(asarray<std::complex<double>>({{1, 2}, {-1.5, -0.25}})),
            "[ 1. +2.j   -1.5-0.25j]");
  EXPECT_EQ(to_string(asarray<std::complex<double>>({{1, kNaN}})), "[1.+nanj]");
}

TEST(Printing, SingleNumbersHaveNoPadding) {
  EXPECT_EQ(to_string(asarray(1.5)), "1.5");
  EXPECT_EQ(to_string(asarray(true)), "True");
  EXPECT_EQ(to_string(asarray(kNaN)), "nan");
  EXPECT_EQ(to_string(zeros({0, 3})), "[]");
}

TEST(Printing, AllDigitsThatItTakes) {
  EXPECT_EQ(to_string(asarray({1.0 / 3})), "[0.3333333333333333]");
  EXPECT_EQ(to_string(asarray({1.0F / 3})), "[0.33333334]");
  EXPECT_EQ(to_string(asarray({1.0 / 3, 2.0}), {.precision = 4}), "[0.3333 2.    ]");
  EXPECT_EQ(to_string(asarray({1e20 / 3}), {.precision = 2}), "[3.33e+19]");
  EXPECT_EQ(to_string(asarray({5e-324})), "[5.e-324]");
}

TEST(Printing, LongTensorsAreSummarized) {
  EXPECT_EQ(to_string(arange(1001)), "[   0    1    2 ...  998  999 1000]");
  EXPECT_EQ(to_string(arange(10'000).Reshape({100, 100}), {.edge_items = 1}),
            "[[   0 ...   99]\n ...\n [9900 ... 9999]]");
  EXPECT_EQ(to_string(arange(8).Reshape({2, 2, 2})), "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]");
  // Rows break before the 75th character and go on below the first element.
  const std::string lines = to_string(arange(100, 130));
  EXPECT_EQ(lines,
            "[100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117\n"
            " 118 119 120 121 122 123 124 125 126 127 128 129]");
  EXPECT_EQ(to_string(arange(4).Reshape({2, 2}), {.separator = ", ", .prefix = "Tensor("}),
            "[[0, 1],\n        [2, 3]]");
}

TEST(Printing, NoShapeIsTooMuch) {
  const Tensor wide = zeros(Shape::Filled(20, 1)).BroadcastTo(Shape::Filled(20, 7));
  EXPECT_LT(to_string(wide).size(), size_t{100} << 20);
  EXPECT_EQ(to_string(arange(2000), {.edge_items = 0}), "[...]");
  EXPECT_THROW(to_string(Tensor()), std::invalid_argument);
  EXPECT_THROW(to_string(arange(3), {.edge_items = -1}), std::invalid_argument);
}

TEST(Printing, Streams) {
  std::ostringstream stream;
  stream << asarray({1.5}) << " " << Shape{2, 3} << " " << DType::kInt8 << " " << Tensor();
  EXPECT_EQ(stream.str(), "[1.5] (2, 3) int8 undefined tensor");
}

}  // namespace
}  // namespace emberharmony::ops
