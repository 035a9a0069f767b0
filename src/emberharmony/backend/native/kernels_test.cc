// Every elementwise kernel, on every instruction set of this machine, gives the bits of the scalar
// one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;

/// Bytes of n elements: small numbers, extremes, special values and random bits.
std::vector<char> RandomElements(DType dtype, int64_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  if (tensor::IsComplex(dtype)) return RandomElements(tensor::RealPartOf(dtype), 2 * n, seed);
  std::vector<char> bytes(n * tensor::ItemSize(dtype));
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Limits = std::numeric_limits<T>;
    for (int64_t i = 0; i < n; ++i) {
      T value{};
      const uint64_t bits = random();
      if constexpr (std::is_same_v<T, bool>) {
        value = bits & 1;
      } else if constexpr (std::is_floating_point_v<T>) {
        const T special[] = {T(0),
                             -T(0),
                             Limits::infinity(),
                             -Limits::infinity(),
                             Limits::max(),
                             Limits::lowest(),
                             Limits::denorm_min(),
                             T(0.5),
                             T(-2.5),
                             T(2147483647.0),
                             T(9223372036854775807.0),
                             T(-9223372036854775808.0),
                             T(255.5),
                             T(-128.7)};
        switch (random() % 5) {
          case 0:
            value = special[bits % std::size(special)];
            break;
          case 1:
            value = static_cast<T>(static_cast<int64_t>(bits));
            break;
          case 2:
            value = static_cast<T>(static_cast<int>(bits % 2001) - 1000) / 8;
            break;
          case 3:
            value = (bits & 1) ? Limits::quiet_NaN() : T(1);
            break;
          default:
            std::memcpy(&value, &bits, sizeof(T));
        }
      } else {
        const T special[] = {T(0), T(1), T(-1), Limits::max(), Limits::min(), T(2)};
        value = random() % 3 == 0 ? special[bits % std::size(special)]
                : random() % 2    ? static_cast<T>(bits % 7)
                                  : static_cast<T>(bits);
      }
      std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
    }
  });
  return bytes;
}

/// Like memcmp for elements, but any NaN equals any other: which operand's payload survives is not
/// promised.
bool SameElements(DType dtype, const char* a, const char* b, int64_t n) {
  if (tensor::IsComplex(dtype)) return SameElements(tensor::RealPartOf(dtype), a, b, 2 * n);
  bool same = true;
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < n; ++i) {
      T x, y;
      std::memcpy(&x, a + i * sizeof(T), sizeof(T));
      std::memcpy(&y, b + i * sizeof(T), sizeof(T));
      if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(x) && std::isnan(y)) continue;
      }
      if (std::memcmp(&x, &y, sizeof(T)) != 0) same = false;
    }
  });
  return same;
}

void ExpectSameOnAll(const std::string& what, int num_inputs, const DType* input_dtypes,
                     DType output_dtype, Kernel (*kernel_of)(const void*), const void* context) {
  constexpr int64_t kLength = 1537;
  std::vector<std::vector<char>> data;
  const void* inputs[3] = {};
  for (int k = 0; k < num_inputs; ++k) {
    data.push_back(RandomElements(input_dtypes[k], kLength, 100 + k));
  }
  for (int k = 0; k < num_inputs; ++k) inputs[k] = data[k].data();
  std::vector<char> expected;
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    const Kernel kernel = kernel_of(context);
    ForceInstructionSet(std::nullopt);
    ASSERT_NE(kernel, nullptr) << what << " with " << InstructionSetName(set);
    std::vector<char> found(kLength * tensor::ItemSize(output_dtype));
    kernel(inputs, found.data(), kLength);
    if (expected.empty()) expected = found;
    EXPECT_TRUE(SameElements(output_dtype, found.data(), expected.data(), kLength))
        << what << " with " << InstructionSetName(set);
  }
}

TEST(Kernels, ElementwiseOnesAgreeOnEveryInstructionSet) {
  struct Which {
    Op op;
    DType dtype;
  };
  int num_tested = 0;
  for (int i = 0; i < kNumOps; ++i) {
    for (int j = 0; j < tensor::kNumDTypes; ++j) {
      const Which which{static_cast<Op>(i), static_cast<DType>(j)};
      if (ActiveKernels().Get(which.op, which.dtype) == nullptr) continue;
      const OpInfo& info = InfoOf(which.op);
      DType inputs[3] = {which.dtype, which.dtype, which.dtype};
      if (which.op == Op::kWhere) inputs[0] = DType::kBool;
      const DType output = info.result == ResultDType::kBool       ? DType::kBool
                           : info.result == ResultDType::kRealPart ? tensor::RealPartOf(which.dtype)
                                                                   : which.dtype;
      ExpectSameOnAll(
          std::string(info.name) + " of " + std::string(DTypeName(which.dtype)), info.num_inputs,
          inputs, output,
          [](const void* context) {
            const Which& asked = *static_cast<const Which*>(context);
            return ActiveKernels().Get(asked.op, asked.dtype);
          },
          &which);
      ++num_tested;
    }
  }
  EXPECT_GT(num_tested, 400);
}

TEST(Kernels, ConversionsAgreeOnEveryInstructionSet) {
  struct Which {
    int from, to;
  };
  for (int from = 0; from < tensor::kNumDTypes; ++from) {
    for (int to = 0; to < tensor::kNumDTypes; ++to) {
      const Which which{from, to};
      const auto input = static_cast<DType>(from), output = static_cast<DType>(to);
      if (tensor::IsComplex(input) && tensor::IsReal(output)) continue;
      ExpectSameOnAll(
          std::string(DTypeName(input)) + " to " + std::string(DTypeName(output)), 1, &input,
          output,
          [](const void* context) {
            const Which& asked = *static_cast<const Which*>(context);
            return ActiveKernels().cast[asked.from][asked.to];
          },
          &which);
    }
  }
}

// Each kernel must compute an element alike in its vector loop and in the remainder.
TEST(Kernels, ElementwiseOnesDoNotDependOnPositionOrLength) {
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    const KernelTable& kernels = ActiveKernels();
    ForceInstructionSet(std::nullopt);
    for (int i = 0; i < kNumOps; ++i) {
      for (DType dtype :
           {DType::kInt8, DType::kInt64, DType::kFloat32, DType::kFloat64, DType::kComplex64}) {
        const Kernel kernel = kernels.Get(static_cast<Op>(i), dtype);
        const OpInfo& info = InfoOf(static_cast<Op>(i));
        if (kernel == nullptr) continue;
        const DType output = info.result == ResultDType::kBool       ? DType::kBool
                             : info.result == ResultDType::kRealPart ? tensor::RealPartOf(dtype)
                                                                     : dtype;
        const int64_t item = tensor::ItemSize(dtype), out_item = tensor::ItemSize(output);
        const bool is_where = static_cast<Op>(i) == Op::kWhere;
        std::vector<char> data[3];
        for (int k = 0; k < 3; ++k) {
          data[k] = RandomElements(is_where && k == 0 ? DType::kBool : dtype, 100, 7 + k);
        }
        std::vector<char> expected(100 * out_item), found(100 * out_item);
        const void* inputs[3] = {data[0].data(), data[1].data(), data[2].data()};
        kernel(inputs, expected.data(), 100);
        for (int64_t start = 0; start < 35; ++start) {
          for (int64_t length = 1; length < 65; length += 3) {
            const void* shifted[3];
            for (int k = 0; k < 3; ++k) {
              shifted[k] = data[k].data() + start * (is_where && k == 0 ? 1 : item);
            }
            kernel(shifted, found.data(), length);
            ASSERT_TRUE(
                SameElements(output, found.data(), expected.data() + start * out_item, length))
                << info.name << " of " << DTypeName(dtype) << " with " << InstructionSetName(set);
          }
        }
      }
    }
  }
}

TEST(InstructionSets, ScalarIsAlwaysThereAndTheBestIsActive) {
  const auto sets = SupportedInstructionSets();
  ASSERT_FALSE(sets.empty());
  EXPECT_EQ(sets.front(), InstructionSet::kScalar);
  EXPECT_EQ(ActiveInstructionSet(), sets.back());
}

}  // namespace
}  // namespace emberharmony::backend::native
