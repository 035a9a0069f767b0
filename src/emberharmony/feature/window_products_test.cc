#include "emberharmony/feature/window_products.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/windows.h"

namespace emberharmony::feature {
namespace {

using ops::Tensor;

/// Rows of some sequences.
struct Table {
  int64_t num_columns;
  std::vector<double> cells;
  std::vector<int64_t> sequences;

  int64_t num_rows() const { return static_cast<int64_t>(sequences.size()); }
  Tensor Rows(int64_t first, int64_t count) const {
    return Tensor::FromValues(
        std::span<const double>(cells.data() + first * num_columns, count * num_columns),
        {count, num_columns});
  }
};

Table MakeTable(int64_t num_rows, int64_t num_columns, int64_t num_sequences, uint32_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Table table{num_columns, {}, {}};
  std::vector<double> last(num_columns);
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t c = 0; c < num_columns; ++c) {
      last[c] = 0.8 * last[c] + normal(random);
      table.cells.push_back(1e6 * c + last[c] * (c + 1));
    }
    table.sequences.push_back(static_cast<int64_t>(random() % num_sequences));
  }
  return table;
}

FixedPointGrid GridOf(const Table& table) {
  ColumnRanges ranges(table.num_columns);
  EXPECT_TRUE(ranges.Update(table.Rows(0, table.num_rows()), 0).ok());
  return FixedPointGrid(ranges);
}

void AddTails(const SequenceWindows& windows, WindowProducts* products) {
  const WindowLayout& layout = windows.layout();
  for (const auto& [number, sequence] : windows.sequences()) {
    if (sequence.num_rows < layout.window_size) continue;
    std::vector<int64_t> rows;
    products->grid().Quantize(sequence.last, &rows);
    products->AddTail(rows.data(), sequence.num_rows);
  }
}

/// All windows of a table that comes in batches; each batch goes to the next of several states,
/// which are then merged.
WindowProducts Learn(const Table& table, const WindowLayout& layout, int64_t batch_rows,
                     int num_states = 1) {
  const FixedPointGrid grid = GridOf(table);
  std::vector<WindowProducts> states;
  for (int i = 0; i < num_states; ++i) states.emplace_back(layout, grid);
  SequenceWindows windows(layout);
  for (int64_t first = 0, turn = 0; first < table.num_rows(); first += batch_rows, ++turn) {
    WindowProducts& state = states[turn % num_states];
    const int64_t count = std::min(batch_rows, table.num_rows() - first);
    WindowRuns runs;
    windows.Cut(table.Rows(first, count), table.sequences.data() + first, &runs);
    std::vector<int64_t> rows;
    grid.Quantize(runs.rows, &rows);
    std::vector<QuantizedRun> quantized;
    for (const WindowRuns::Run& run : runs.runs) {
      const int64_t* begin = rows.data() + run.begin * table.num_columns;
      quantized.push_back({begin, run.num_rows, run.position});
      if (run.position == 0 && run.num_rows >= layout.window_size) state.AddHead(begin);
    }
    state.AddRuns(quantized);
  }
  AddTails(windows, &states[0]);
  for (int i = num_states - 1; i > 0; --i) EXPECT_TRUE(states[0].Merge(states[i]).ok());
  return std::move(states[0]);
}

/// All windows of a stride, written out.
std::vector<std::vector<double>> WindowsByDefinition(const Table& table, const WindowLayout& layout,
                                                     int64_t stride) {
  std::vector<std::vector<double>> windows;
  const int64_t num_sequences =
      *std::max_element(table.sequences.begin(), table.sequences.end()) + 1;
  for (int64_t sequence = 0; sequence < num_sequences; ++sequence) {
    std::vector<double> rows;
    for (int64_t r = 0; r < table.num_rows(); ++r) {
      if (table.sequences[r] != sequence) continue;
      rows.insert(rows.end(), table.cells.begin() + r * table.num_columns,
                  table.cells.begin() + (r + 1) * table.num_columns);
    }
    const auto num_rows = static_cast<int64_t>(rows.size()) / table.num_columns;
    for (int64_t start = 0; start + layout.window_size <= num_rows; start += stride) {
      windows.emplace_back(rows.begin() + start * table.num_columns,
                           rows.begin() + (start + layout.window_size) * table.num_columns);
    }
  }
  return windows;
}

void ExpectMomentsOf(const std::vector<std::vector<double>>& windows, const WindowMoments& moments,
                     double tolerance) {
  const size_t features = windows[0].size();
  ASSERT_EQ(moments.num_windows, static_cast<int64_t>(windows.size()));
  std::vector<long double> mean(features);
  for (const auto& window : windows) {
    for (size_t a = 0; a < features; ++a) mean[a] += window[a];
  }
  for (long double& value : mean) value /= windows.size();
  std::vector<long double> covariance(features * features);
  for (const auto& window : windows) {
    for (size_t a = 0; a < features; ++a) {
      for (size_t b = 0; b < features; ++b) {
        covariance[a * features + b] += (window[a] - mean[a]) * (window[b] - mean[b]);
      }
    }
  }
  for (long double& value : covariance) value /= windows.size() - 1;
  const double* found = moments.covariance.data_as<double>();
  for (size_t a = 0; a < features; ++a) {
    const auto deviation = std::sqrt(static_cast<double>(covariance[a * features + a]));
    EXPECT_NEAR(moments.mean[a], static_cast<double>(mean[a]), tolerance * (1 + deviation) * 100);
    for (size_t b = 0; b < features; ++b) {
      const auto other = std::sqrt(static_cast<double>(covariance[b * features + b]));
      ASSERT_NEAR(found[a * features + b], static_cast<double>(covariance[a * features + b]),
                  tolerance * deviation * other)
          << a << ", " << b;
    }
  }
}

struct ProductsCase {
  int64_t window_size;
  std::vector<int64_t> strides;
  int64_t num_rows;
  int64_t num_sequences;
};

class WindowProductsOf : public testing::TestWithParam<ProductsCase> {};

TEST_P(WindowProductsOf, AreThoseOfAllWindowsWrittenOut) {
  const ProductsCase& the_case = GetParam();
  const Table table = MakeTable(the_case.num_rows, 3, the_case.num_sequences, 11);
  const WindowLayout layout{the_case.window_size, 3, the_case.strides};
  const WindowProducts whole = Learn(table, layout, the_case.num_rows);
  for (int64_t stride : the_case.strides) {
    const auto windows = WindowsByDefinition(table, layout, stride);
    ASSERT_EQ(whole.NumWindows(stride), static_cast<int64_t>(windows.size()));
    if (windows.size() < 2) {
      EXPECT_EQ(base::KindOf(whole.Finalize(stride).status()), base::ErrorKind::kData);
      continue;
    }
    const arrow::Result<WindowMoments> moments = whole.Finalize(stride);
    ASSERT_TRUE(moments.ok()) << moments.status().ToString();
    // The grid's steps are 2^-30 of the range, which is some 8 deviations.
    ExpectMomentsOf(windows, *moments, 1e-8);
  }
  for (int64_t batch_rows : {1, 7, 100}) {
    EXPECT_EQ(Learn(table, layout, batch_rows).Encode(), whole.Encode()) << batch_rows;
    EXPECT_EQ(Learn(table, layout, batch_rows, 3).Encode(), whole.Encode()) << batch_rows;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, WindowProductsOf,
    testing::Values(ProductsCase{5, {1, 3, 5}, 1500, 1}, ProductsCase{5, {1, 3, 5}, 300, 4},
                    ProductsCase{5, {1, 3, 5}, 300, 80}, ProductsCase{1, {1}, 300, 1},
                    ProductsCase{1, {1, 4}, 300, 3}, ProductsCase{4, {9, 2}, 400, 2},
                    ProductsCase{3, {100, 1}, 700, 1}, ProductsCase{6, {4, 6, 7}, 500, 3},
                    ProductsCase{5, {1, 2}, 5, 1}, ProductsCase{5, {1}, 4, 1},
                    ProductsCase{5, {5, 1}, 9, 1}, ProductsCase{2, {61, 59}, 900, 2}));

TEST(WindowProducts, OfIntegersAreExact) {
  // Sums of squares beyond 2^53, of which double arithmetic loses the last digits.
  Table table{2, {}, {}};
  std::mt19937_64 random(3);
  for (int64_t r = 0; r < 5000; ++r) {
    const auto value = static_cast<double>(random() % (int64_t{1} << 30));
    table.cells.push_back(value);
    table.cells.push_back(value + static_cast<double>(r % 2));
    table.sequences.push_back(0);
  }
  const WindowProducts products = Learn(table, {1, 2, {1}}, 5000);
  const arrow::Result<WindowMoments> moments = products.Finalize(1);
  ASSERT_TRUE(moments.ok());
  __int128 sum = 0, squares = 0;
  for (int64_t r = 0; r < 5000; ++r) {
    const auto value = static_cast<int64_t>(table.cells[2 * r]);
    sum += value;
    squares += __int128{value} * value;
  }
  const auto variance = static_cast<double>(static_cast<long double>(squares * 5000 - sum * sum) /
                                            (5000.0L * 4999.0L));
  EXPECT_NEAR(moments->covariance.data_as<double>()[0], variance, variance * 4e-16);
  EXPECT_NEAR(moments->mean[0], static_cast<double>(sum) / 5000, 1e-6);
}

TEST(WindowProducts, ConstantColumnsHaveNoVariance) {
  Table table = MakeTable(200, 3, 1, 5);
  for (int64_t r = 0; r < 200; ++r) table.cells[3 * r + 1] = 0.1;
  const arrow::Result<WindowMoments> moments = Learn(table, {2, 3, {1}}, 200).Finalize(1);
  ASSERT_TRUE(moments.ok());
  EXPECT_EQ(moments->mean[1], 0.1);
  EXPECT_EQ(moments->mean[4], 0.1);
  for (int64_t a = 0; a < 6; ++a) {
    EXPECT_EQ(moments->covariance.data_as<double>()[a * 6 + 1], 0);
    EXPECT_EQ(moments->covariance.data_as<double>()[4 * 6 + a], 0);
  }
}

TEST(WindowProducts, AreSavedAndLoaded) {
  const Table table = MakeTable(300, 2, 3, 5);
  const WindowProducts products = Learn(table, {4, 2, {1, 3}}, 50);
  const std::string bytes = products.Encode();
  const arrow::Result<WindowProducts> loaded = WindowProducts::Decode(bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_EQ(loaded->Encode(), bytes);
  EXPECT_EQ(loaded->NumWindows(3), products.NumWindows(3));
  for (size_t length = 0; length < bytes.size(); length += 41) {
    EXPECT_FALSE(WindowProducts::Decode(std::string_view(bytes).substr(0, length)).ok());
  }
  EXPECT_FALSE(WindowProducts::Decode(bytes + "x").ok());
  // What strangers made of it may be nonsense, but is no danger.
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string changed = bytes;
    for (int k = 0; k < 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    const auto decoded = WindowProducts::Decode(changed);
    if (decoded.ok()) (void)decoded->Finalize(decoded->layout().strides[0]);
  }
}

TEST(WindowProducts, OfDifferentGridsDoNotMerge) {
  WindowProducts a = Learn(MakeTable(100, 2, 1, 5), {2, 2, {1}}, 50);
  EXPECT_EQ(base::KindOf(a.Merge(Learn(MakeTable(100, 2, 1, 6), {2, 2, {1}}, 50))),
            base::ErrorKind::kUsage);
  EXPECT_EQ(base::KindOf(a.Merge(Learn(MakeTable(100, 2, 1, 5), {3, 2, {1}}, 50))),
            base::ErrorKind::kUsage);
}

TEST(FixedPointGrid, KeepsValuesWithinHalfAStep) {
  for (const std::vector<double>& range : {std::vector<double>{-1, 3},
                                           {1e9, 1e9 + 1},
                                           {-1e300, 1e300},
                                           {1e-300, 1e-290},
                                           {-1.7e308, 1.7e308},
                                           {0, 1 << 30},
                                           {5, 5}}) {
    const double low = range[0], high = range[1];
    ColumnRanges ranges(1);
    ASSERT_TRUE(ranges.Update(Tensor::FromValues(std::span<const double>(range), {2, 1}), 0).ok());
    const FixedPointGrid grid(ranges);
    for (double share : {0.0, 0.1, 0.5, 0.7182818, 1.0}) {
      const double value = std::clamp(low + (high / 2 - low / 2) * share * 2, low, high);
      int64_t integer = 0;
      grid.Quantize(&value, 1, &integer);
      EXPECT_LE(std::abs(integer), int64_t{1} << 30);
      const double back =
          grid.centres()[0] + std::ldexp(static_cast<double>(integer), grid.exponents()[0]);
      EXPECT_LE(std::abs(back - value), (high / 2 - low / 2) * 0x1.1p-30) << low << " " << high;
    }
  }
}

TEST(ColumnRanges, NameTheCellThatIsNotFinite) {
  ColumnRanges ranges(2);
  for (double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const Tensor rows = Tensor::FromValues({1.0, 2.0, 3.0, value}).Reshape({2, 2});
    const arrow::Status status = ranges.Update(rows, 40);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    EXPECT_NE(status.message().find("column 1 holds"), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("row 41"), std::string::npos) << status.ToString();
  }
  EXPECT_EQ(ranges.num_rows(), 0);
}

}  // namespace
}  // namespace emberharmony::feature
