#include "emberharmony/feature/windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/ops/elementwise.h"

namespace emberharmony::feature {
namespace {

using ops::Tensor;

/// The last rows (numbers in the whole table) of the windows of a stride, by the definition.
std::vector<int64_t> LastRowsByDefinition(const std::vector<int64_t>& sequences,
                                          const WindowLayout& layout, int64_t stride) {
  std::map<int64_t, int64_t> rows_of;
  std::vector<int64_t> last_rows;
  for (size_t row = 0; row < sequences.size(); ++row) {
    const int64_t start = rows_of[sequences[row]]++ - layout.window_size + 1;
    if (start >= 0 && start % stride == 0) last_rows.push_back(static_cast<int64_t>(row));
  }
  return last_rows;
}

/// A table whose cells say where they are: column c of row r is 10 r + c.
Tensor PlaceTable(int64_t num_rows, int64_t num_columns, ops::DType dtype) {
  std::vector<double> cells;
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t c = 0; c < num_columns; ++c) cells.push_back(static_cast<double>(10 * r + c));
  }
  return ops::astype(Tensor::FromValues(std::span<const double>(cells), {num_rows, num_columns}),
                     dtype);
}

struct WindowsCase {
  int64_t window_size;
  int64_t num_sequences;  ///< 0: rows without numbers
};

class EveryWindowOnce : public testing::TestWithParam<WindowsCase> {};

TEST_P(EveryWindowOnce, InTheOrderOfLastRowsWhateverTheBatches) {
  const WindowsCase& the_case = GetParam();
  const WindowLayout layout{the_case.window_size, 3, {1, 3, 5, 7}};
  constexpr int64_t kRows = 200;
  std::mt19937 random(7);
  std::vector<int64_t> sequences(kRows);
  if (the_case.num_sequences > 0) {
    for (int64_t& number : sequences) number = random() % the_case.num_sequences * 1000 - 5;
  }
  const Tensor table = PlaceTable(kRows, 3, ops::DType::kFloat32);
  for (int64_t batch_rows : {1, 2, 3, 7, 64, 200}) {
    SequenceWindows windows(layout);
    std::map<int64_t, std::vector<int64_t>> found;
    for (int64_t first = 0; first < kRows; first += batch_rows) {
      const int64_t count = std::min(batch_rows, kRows - first);
      const int64_t* numbers = the_case.num_sequences > 0 ? sequences.data() + first : nullptr;
      const std::vector<int64_t> counts = windows.CountWindows(count, numbers);
      WindowRuns runs;
      windows.Cut(table.Slice(0, first, first + count), numbers, &runs);
      for (size_t s = 0; s < layout.strides.size(); ++s) {
        const int64_t stride = layout.strides[s];
        const StrideWindows of_stride = WindowsOf(runs, layout, stride, count);
        ASSERT_EQ(of_stride.count, counts[s]);
        std::vector<int64_t> last_rows(of_stride.count, -1);
        for (size_t r = 0; r < runs.runs.size(); ++r) {
          const StrideWindows::Part& part = of_stride.parts[r];
          for (int64_t w = 0; w < part.count; ++w) {
            // The window's rows are read: they follow each other in their sequence.
            const double* rows = runs.RowsOf(runs.runs[r]) + (part.first_row + w * stride) * 3;
            const auto last = static_cast<int64_t>(rows[(layout.window_size - 1) * 3]) / 10;
            const int64_t sequence = sequences[last];
            int64_t row = last;
            for (int64_t i = layout.window_size - 1; i >= 0; --i, --row) {
              while (sequences[row] != sequence) --row;
              ASSERT_EQ(rows[i * 3], 10.0 * row);
              ASSERT_EQ(rows[i * 3 + 2], 10.0 * row + 2);
            }
            last_rows[of_stride.PlaceOf(part.number + w)] = last;
          }
        }
        found[stride].insert(found[stride].end(), last_rows.begin(), last_rows.end());
      }
    }
    for (int64_t stride : layout.strides) {
      EXPECT_EQ(found[stride], LastRowsByDefinition(sequences, layout, stride))
          << "batches of " << batch_rows << ", stride " << stride;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Windows, EveryWindowOnce,
                         testing::Values(WindowsCase{5, 0}, WindowsCase{1, 0}, WindowsCase{201, 0},
                                         WindowsCase{5, 1}, WindowsCase{5, 4}, WindowsCase{2, 60},
                                         WindowsCase{1, 9}));

TEST(SequenceWindows, ResetBeginsAfresh) {
  const WindowLayout layout{3, 2, {1}};
  SequenceWindows windows(layout);
  WindowRuns runs;
  const Tensor table = PlaceTable(3, 2, ops::DType::kFloat64);
  windows.Cut(table, nullptr, &runs);
  EXPECT_EQ(windows.CountWindows(1, nullptr), std::vector<int64_t>{1});
  windows.Reset();
  EXPECT_EQ(windows.CountWindows(1, nullptr), std::vector<int64_t>{0});
}

TEST(SequenceWindows, CutsAreTakenBack) {
  const WindowLayout layout{3, 2, {1}};
  SequenceWindows windows(layout);
  WindowRuns runs;
  const Tensor table = PlaceTable(6, 2, ops::DType::kFloat64);
  const std::vector<int64_t> sequences = {1, 1, 2, 3, 3, 3};
  windows.Cut(table.Slice(0, 0, 3), sequences.data(), &runs);
  windows.BeginUndoable();
  windows.Cut(table.Slice(0, 0, 3), sequences.data(), &runs);
  windows.Cut(table.Slice(0, 3, 6), sequences.data() + 3, &runs);
  EXPECT_EQ(windows.sequences().size(), 3u);
  windows.Undo();
  ASSERT_EQ(windows.sequences().size(), 2u);
  EXPECT_EQ(windows.sequences().at(1).num_rows, 2);
  EXPECT_EQ(windows.sequences().at(1).last, (std::vector<double>{0, 1, 10, 11}));
  windows.BeginUndoable();
  windows.Cut(table.Slice(0, 0, 1), sequences.data(), &runs);
  windows.Accept();
  windows.Undo();
  EXPECT_EQ(windows.sequences().at(1).num_rows, 3);
}

TEST(WindowLayout, SaysWhatIsWrong) {
  EXPECT_TRUE(CheckWindowLayout({5, 20, {1, 3, 5}}).ok());
  for (const WindowLayout& layout :
       {WindowLayout{0, 2, {1}}, WindowLayout{5, 0, {1}}, WindowLayout{5, 2, {}},
        WindowLayout{5, 2, {0}}, WindowLayout{5, 2, {-1}}, WindowLayout{5, 2, {3, 3}},
        WindowLayout{100, 41, {1}}, WindowLayout{int64_t{1} << 40, 1, {1}}}) {
    const arrow::Status status = CheckWindowLayout(layout);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  }
}

TEST(WindowLayout, StridesWithASmallCommonMultipleShareProducts) {
  EXPECT_EQ(LagGroupsOf({5, 20, {1, 3, 5}}).size(), 1u);
  EXPECT_EQ(LagGroupsOf({5, 20, {1, 3, 5}})[0].period, 15);
  // A long stride needs the rows of its windows only.
  const std::vector<LagGroup> groups = LagGroupsOf({4, 2, {1000}});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].residues.size(), 4u);
  EXPECT_EQ(groups[0].num_lags, 4 + 3 + 2 + 1);
  EXPECT_EQ(LagGroupsOf({4, 2, {1000, 999, 2}}).size(), 3u);
}

}  // namespace
}  // namespace emberharmony::feature
