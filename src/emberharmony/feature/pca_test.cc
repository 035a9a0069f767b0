#include "emberharmony/feature/pca.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "emberharmony/feature/fixed_point.h"
#include "emberharmony/feature/projection.h"
#include "emberharmony/feature/row_kernels_internal.h"

namespace emberharmony::feature {
namespace {

using ops::Tensor;

Tensor MatrixOf(const std::vector<double>& values, int64_t rows) {
  return Tensor::FromValues(std::span<const double>(values),
                            {rows, static_cast<int64_t>(values.size()) / rows});
}

PcaBasis Learned(const WindowMoments& moments, int64_t num_components) {
  const arrow::Result<PcaBasis> basis = LearnPcaBasis(moments, num_components);
  EXPECT_TRUE(basis.ok()) << basis.status().ToString();
  return basis.ok() ? *basis : PcaBasis{};
}

TEST(Pca, OfAKnownMatrix) {
  // Variances 9 along (0.6, 0.8) and 4 across.
  const WindowMoments moments{10, {1, 2}, MatrixOf({5.8, 2.4, 2.4, 7.2}, 2)};
  const PcaBasis basis = Learned(moments, 2);
  ASSERT_EQ(basis.num_components(), 2);
  EXPECT_NEAR(basis.explained_variance[0], 9, 1e-14);
  EXPECT_NEAR(basis.explained_variance[1], 4, 1e-14);
  EXPECT_NEAR(basis.explained_variance_ratio[0], 9.0 / 13, 1e-15);
  EXPECT_NEAR(basis.ExplainedVariance(), 1, 1e-15);
  const std::span<const double> components = basis.components.values<double>();
  // The largest loading of each is positive.
  const double expected[] = {0.6, 0.8, 0.8, -0.6};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(components[i], expected[i], 1e-15);
  const Tensor importance = basis.FeatureImportance();
  EXPECT_NEAR(importance.values<double>()[0], 1.4, 1e-15);
  EXPECT_NEAR(importance.values<double>()[1], 1.4, 1e-15);
}

TEST(Pca, HasNoMoreComponentsThanFeaturesOrSamplesLessOne) {
  const Tensor covariance = MatrixOf({1, 0, 0, 0, 2, 0, 0, 0, 3}, 3);
  EXPECT_EQ(Learned({10, {0, 0, 0}, covariance}, 7).num_components(), 3);
  EXPECT_EQ(Learned({3, {0, 0, 0}, covariance}, 7).num_components(), 2);
  EXPECT_EQ(DefaultComponents(1), 1);
  EXPECT_EQ(DefaultComponents(15), 7);
  EXPECT_EQ(DefaultComponents(100), 32);
}

TEST(Pca, OfConstantsExplainsNothing) {
  const PcaBasis basis = Learned({10, {1, 2}, MatrixOf({0, 0, 0, 0}, 2)}, 1);
  EXPECT_EQ(basis.ExplainedVariance(), 0);
  EXPECT_EQ(basis.explained_variance[0], 0);
}

TEST(Pca, OfTinyAndHugeVariances) {
  for (double scale : {0x1p-600, 0x1p600}) {
    const Tensor covariance = MatrixOf({5.8 * scale, 2.4 * scale, 2.4 * scale, 7.2 * scale}, 2);
    const PcaBasis basis = Learned({10, {1, 2}, covariance}, 2);
    EXPECT_NEAR(basis.explained_variance[0] / scale, 9, 1e-14);
    EXPECT_NEAR(basis.components.values<double>()[0], 0.6, 1e-15);
  }
}

TEST(Pca, OfManyFeaturesFindsTheLargestVariances) {
  // Reflections of a diagonal: the spectrum and the directions are known.
  constexpr int64_t kFeatures = 1200;
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  std::vector<double> mirror(kFeatures);
  double length = 0;
  for (double& value : mirror) {
    value = normal(random);
    length += value * value;
  }
  const auto reflected = [&](int64_t i, int64_t k) {
    return (i == k ? 1.0 : 0.0) - 2 * mirror[i] * mirror[k] / length;
  };
  const auto variance = [](int64_t k) { return k < 6 ? 100.0 / (k + 1) : 1.0 / (k + 1); };
  // H D H = D - 2 (v (D v)' + (D v) v') / |v|^2 + 4 v (v' D v) v' / |v|^4.
  double middle = 0;
  for (int64_t k = 0; k < kFeatures; ++k) middle += mirror[k] * variance(k) * mirror[k];
  std::vector<double> covariance(kFeatures * kFeatures);
  for (int64_t i = 0; i < kFeatures; ++i) {
    for (int64_t j = 0; j < kFeatures; ++j) {
      covariance[i * kFeatures + j] =
          (i == j ? variance(i) : 0) -
          2 * mirror[i] * mirror[j] * (variance(i) + variance(j)) / length +
          4 * mirror[i] * mirror[j] * middle / (length * length);
    }
  }
  const PcaBasis basis =
      Learned({5000, std::vector<double>(kFeatures), MatrixOf(covariance, kFeatures)}, 6);
  for (int64_t k = 0; k < 6; ++k) {
    EXPECT_NEAR(basis.explained_variance[k], variance(k), variance(k) * 1e-12);
    double along = 0;
    for (int64_t i = 0; i < kFeatures; ++i) {
      along += reflected(i, k) * basis.components.values<double>()[k * kFeatures + i];
    }
    EXPECT_NEAR(std::abs(along), 1, 1e-12);
  }
}

TEST(Projection, IsTheSumOfProductsOfEachWindow) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  const WindowLayout layout{3, 4, {2}};
  for (int64_t num_components : {1, 7, 8, 9, 12}) {
    PcaBasis basis{10, {}, Tensor::Empty({num_components, 12}, ops::DType::kFloat64), {}, {}};
    for (int k = 0; k < 12; ++k) basis.mean.push_back(1e6 + normal(random));
    for (int64_t i = 0; i < basis.components.size(); ++i) {
      basis.components.mutable_data_as<double>()[i] = normal(random);
    }
    basis.explained_variance.resize(num_components);
    std::vector<double> rows(30 * 4);
    for (double& value : rows) value = 1e6 + normal(random);
    const Projection projection(basis, layout, {1e6, 1e6 + 1, 1e6, 1e6 - 1});
    std::vector<double> centred(rows.size());
    projection.Center(rows.data(), 30, centred.data());
    const Tensor out = Tensor::Empty({14, num_components}, ops::DType::kFloat64);
    projection.Project(centred.data(), 2, 14, out, [](int64_t i) { return 13 - i; });
    for (int64_t w = 0; w < 14; ++w) {
      for (int64_t j = 0; j < num_components; ++j) {
        long double expected = 0;
        for (int64_t k = 0; k < 12; ++k) {
          expected += (static_cast<long double>(rows[w * 8 + k]) - basis.mean[k]) *
                      basis.components.values<double>()[j * 12 + k];
        }
        EXPECT_NEAR(out.values<double>()[(13 - w) * num_components + j],
                    static_cast<double>(expected), 1e-9);
      }
    }
    // A window alone gives the same bits.
    const Tensor one = Tensor::Empty({1, num_components}, ops::DType::kFloat64);
    projection.Project(centred.data() + 5 * 8, 2, 1, one, [](int64_t) { return 0; });
    for (int64_t j = 0; j < num_components; ++j) {
      EXPECT_EQ(one.values<double>()[j], out.values<double>()[8 * num_components + j]);
    }
  }
}

/// The best ones of this CPU, and all below them.
std::vector<const RowKernels*> AllRowKernels() {
  std::vector<const RowKernels*> all = {&PortableRowKernels()};
#ifdef __x86_64__
  if (&BestRowKernels() != &PortableRowKernels()) all.push_back(&Avx2RowKernels());
  if (&BestRowKernels() == &Avx512RowKernels()) all.push_back(&Avx512RowKernels());
#endif
  return all;
}

TEST(RowKernels, GiveTheSameBitsOnEveryInstructionSet) {
  const std::vector<const RowKernels*> all = AllRowKernels();
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal;
  constexpr int64_t kRows = 23, kColumns = 13, kWidth = 16;
  std::vector<double> rows(kRows * kColumns), shift(kColumns), inverse_step(kColumns);
  std::vector<double> basis(3 * kColumns * kWidth), offset(kWidth);
  for (std::vector<double>* values : {&rows, &shift, &basis, &offset}) {
    for (double& value : *values) value = normal(random);
  }
  for (double& value : inverse_step) value = std::ldexp(1.0, 20 + static_cast<int>(random() % 6));
  std::vector<std::vector<double>> results;
  std::vector<std::vector<int64_t>> sums;
  const std::vector<float> floats(rows.begin(), rows.end());
  for (const RowKernels* kernels : all) {
    std::vector<double> widened(floats.size());
    kernels->widen(floats.data(), static_cast<int64_t>(floats.size()), widened.data());
    EXPECT_EQ(widened, std::vector<double>(floats.begin(), floats.end()));

    std::vector<double> centred(rows.size()), projected(kRows * kWidth);
    kernels->center(rows.data(), kRows, kColumns, shift.data(), centred.data());
    kernels->project(centred.data(), kColumns, kRows - 2, 3 * kColumns, basis.data(), offset.data(),
                     kWidth, projected.data());
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(centred[i], rows[i] - shift[i % kColumns]);
    projected.insert(projected.end(), centred.begin(), centred.end());
    results.push_back(projected);

    std::vector<int64_t> integers(rows.size() + kQuantizedPadding), total(kColumns);
    kernels->quantize(rows.data(), kRows, kColumns, shift.data(), inverse_step.data(),
                      integers.data());
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t c = i % kColumns;
      EXPECT_EQ(integers[i],
                static_cast<int64_t>(std::nearbyint((rows[i] - shift[c]) * inverse_step[c])));
    }
    kernels->add_rows(integers.data(), 2 * kColumns, kRows / 2, kColumns, total.data());
    sums.push_back(total);
  }
  for (const std::vector<double>& result : results) EXPECT_EQ(result, results[0]);
  for (const std::vector<int64_t>& total : sums) EXPECT_EQ(total, sums[0]);
}

TEST(RowKernels, ProductsAreExact) {
  std::mt19937_64 random(3);
  for (const RowKernels* kernels : AllRowKernels()) {
    for (int64_t num_columns : {1, 2, 3, 5, 8, 13}) {
      for (int64_t num_lags : {1, 2, 5}) {
        for (int64_t num_rows : {1, 6, 7, 8, 113, 250}) {
          const int64_t stride = 2 * num_columns;
          const int64_t length = num_lags * num_columns;
          const int64_t width = (length + kProductLanes - 1) / kProductLanes * kProductLanes;
          std::vector<int64_t> rows(num_rows * stride + length + kQuantizedPadding);
          for (int64_t& value : rows) {
            // Mostly the largest ones, of which sums come close to their bounds.
            const int64_t largest = int64_t{1} << 30;
            value = random() % 3 ? largest : static_cast<int64_t>(random() % (2 * largest));
            if (random() % 4 == 0) value = -value;
            value = std::clamp(value, -largest, largest);
          }
          std::vector<int64_t> high(num_columns * width), low(num_columns * width);
          for (int times = 0; times < 2; ++times) {
            kernels->add_products(rows.data(), stride, num_rows, num_columns, length, high.data(),
                                  low.data());
          }
          for (int64_t i = 0; i < num_columns; ++i) {
            for (int64_t j = 0; j < length; ++j) {
              __int128 expected = 0;
              for (int64_t r = 0; r < num_rows; ++r) {
                expected += __int128{rows[r * stride + i]} * rows[r * stride + j];
              }
              const __int128 found = (__int128{high[i * width + j]} << 32) + low[i * width + j];
              ASSERT_TRUE(found == 2 * expected) << num_columns << " " << num_lags << " " << i;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace emberharmony::feature
