#include "emberharmony/io/row_selection.h"

#include <arrow/io/memory.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace emberharmony::io {
namespace {

std::shared_ptr<const RowSelection> Of(const std::vector<bool>& rows) {
  std::vector<RowRun> runs;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) continue;
    const auto row = static_cast<int64_t>(i);
    if (!runs.empty() && runs.back().end == row) {
      ++runs.back().end;
    } else {
      runs.push_back({row, row + 1});
    }
  }
  return RowSelection::FromRuns(runs, static_cast<int64_t>(rows.size()),
                                arrow::default_memory_pool())
      .ValueOrDie();
}

/// Rows of every density: bitmaps, runs, all, none.
std::vector<std::vector<bool>> RandomRows() {
  std::mt19937_64 random(5);
  std::vector<std::vector<bool>> result;
  for (const size_t n : {0, 1, 63, 64, 65, 500, 3000}) {
    for (const double share : {0.0, 0.002, 0.3, 0.5, 0.97, 1.0}) {
      for (const int run : {1, 40, 700}) {
        std::vector<bool> rows(n);
        for (size_t i = 0; i < n;) {
          const bool selected = static_cast<double>(random() >> 11) * 0x1p-53 < share;
          for (int k = 0; k < run && i < n; ++k) rows[i++] = selected;
        }
        result.push_back(std::move(rows));
      }
    }
  }
  return result;
}

TEST(RowSelection, CountsAndFindsRows) {
  std::mt19937_64 random(6);
  for (const std::vector<bool>& rows : RandomRows()) {
    const auto selection = Of(rows);
    const auto n = static_cast<int64_t>(rows.size());
    ASSERT_EQ(selection->num_rows(), n);
    std::vector<int64_t> selected;
    for (int64_t i = 0; i < n; ++i) {
      if (rows[static_cast<size_t>(i)]) selected.push_back(i);
    }
    ASSERT_EQ(selection->num_selected(), static_cast<int64_t>(selected.size()));
    for (size_t rank = 0; rank < selected.size(); ++rank) {
      ASSERT_EQ(selection->RowOf(static_cast<int64_t>(rank)), selected[rank]);
    }
    ASSERT_EQ(selection->RowOf(static_cast<int64_t>(selected.size())), n);
    for (int round = 0; round < 20; ++round) {
      const auto begin = static_cast<int64_t>(random() % static_cast<uint64_t>(n + 1));
      const auto end =
          begin + static_cast<int64_t>(random() % static_cast<uint64_t>(n + 1 - begin));
      int64_t count = 0;
      for (const int64_t row : selected) count += row >= begin && row < end ? 1 : 0;
      ASSERT_EQ(selection->CountBetween(begin, end), count);
    }
  }
}

/// What a selection writes, and whether it is read as that.
std::string Written(const RowSelection& selection) {
  auto stream = arrow::io::BufferOutputStream::Create().ValueOrDie();
  EXPECT_TRUE(selection.Write(stream.get()).ok());
  return stream->Finish().ValueOrDie()->ToString();
}
std::shared_ptr<const RowSelection> ReadFrom(const std::string& bytes, int64_t num_rows) {
  arrow::io::BufferReader reader(arrow::Buffer::FromString(bytes));
  return RowSelection::Read(&reader, num_rows, arrow::default_memory_pool()).ValueOrDie();
}

TEST(RowSelection, IsWrittenAndRead) {
  for (const std::vector<bool>& rows : RandomRows()) {
    const auto selection = Of(rows);
    const auto num_rows = static_cast<int64_t>(rows.size());
    const std::string bytes = Written(*selection);
    EXPECT_LE(bytes.size(), 24 + (rows.size() + 63) / 64 * 8);
    const auto read = ReadFrom(bytes, num_rows);
    ASSERT_NE(read, nullptr);
    ASSERT_EQ(read->num_selected(), selection->num_selected());
    for (int64_t rank = 0; rank < selection->num_selected(); ++rank)
      ASSERT_EQ(read->RowOf(rank), selection->RowOf(rank));
    EXPECT_EQ(ReadFrom(bytes, num_rows + 1), nullptr);
    EXPECT_EQ(ReadFrom(bytes.substr(0, bytes.size() - 1), num_rows), nullptr);
  }
}

TEST(RowSelection, DamageIsNoSelection) {
  std::vector<bool> sparse(500);
  sparse[7] = sparse[8] = sparse[300] = true;
  std::vector<bool> dense(500);
  for (size_t i = 0; i < dense.size(); i += 2) dense[i] = true;
  for (const std::vector<bool>& rows : {sparse, dense}) {
    const std::string bytes = Written(*Of(rows));
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const char flipped : {'\x01', '\x80'}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flipped);
        const auto read = ReadFrom(damaged, 500);
        // Whatever is read is a selection of these rows.
        if (read == nullptr) continue;
        EXPECT_LE(read->CountBetween(0, 500), 500);
        EXPECT_EQ(read->CountBetween(0, 500), read->num_selected());
      }
    }
  }
}

TEST(RowSelection, IsWalkedInSteps) {
  std::mt19937_64 random(7);
  for (const std::vector<bool>& rows : RandomRows()) {
    const auto selection = Of(rows);
    const auto n = static_cast<int64_t>(rows.size());
    for (int round = 0; round < 4; ++round) {
      RowWalker walker(selection);
      int64_t row = 0;  // nothing selected between here and walker.next()
      const auto expect_next = [&] {
        while (row < n && !rows[static_cast<size_t>(row)]) ++row;
        ASSERT_EQ(walker.next(), row);
      };
      expect_next();
      while (row < n) {
        switch (random() % 3) {
          case 0: {
            row += static_cast<int64_t>(random() % 50);
            row = std::min(row, n);
            walker.Advance(row);
            break;
          }
          case 1: {
            const int64_t limit = row + static_cast<int64_t>(random() % 100);
            int64_t length = 0;
            while (row + length < std::min(limit, n) && rows[static_cast<size_t>(row + length)]) {
              ++length;
            }
            ASSERT_EQ(walker.RunLength(std::min(limit, n)), length);
            break;
          }
          default: {
            const int64_t end = std::min(n, row + static_cast<int64_t>(random() % 200));
            const auto max = static_cast<int64_t>(random() % 60);
            std::vector<int32_t> offsets(static_cast<size_t>(max));
            const int64_t base = row - 3;
            const int64_t taken = walker.Take(base, end, max, offsets.data());
            int64_t expected = 0;
            while (row < end && expected < max) {
              if (rows[static_cast<size_t>(row)]) {
                ASSERT_LT(expected, taken);
                ASSERT_EQ(offsets[static_cast<size_t>(expected)], row - base);
                ++expected;
              }
              ++row;
            }
            ASSERT_EQ(taken, expected);
          }
        }
        expect_next();
      }
    }
  }
}

TEST(RowSelection, BuiltFromWhatPasses) {
  std::mt19937_64 random(8);
  for (const std::vector<bool>& rows : RandomRows()) {
    const auto candidates = Of(rows);
    const auto n = static_cast<int64_t>(rows.size());
    std::vector<bool> expected(rows.size());
    SelectionBuilder builder = SelectionBuilder::Make(n, arrow::default_memory_pool()).ValueOrDie();
    RowWalker walker(candidates);
    int64_t left = candidates->num_selected();
    int64_t row = 0;
    while (left > 0) {
      const int64_t count = std::min<int64_t>(left, 1 + static_cast<int64_t>(random() % 150));
      std::vector<uint64_t> passes(static_cast<size_t>((count + 63) / 64));
      for (int64_t i = 0; i < count; ++i) {
        while (!rows[static_cast<size_t>(row)]) ++row;
        const bool pass = random() % 3 != 0;
        if (pass) passes[static_cast<size_t>(i / 64)] |= uint64_t{1} << (i % 64);
        expected[static_cast<size_t>(row++)] = pass;
      }
      builder.AddPassing(&walker, passes, count);
      left -= count;
    }
    const auto selection = builder.Finish().ValueOrDie();
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(selection->CountBetween(i, i + 1), expected[static_cast<size_t>(i)] ? 1 : 0);
    }
  }
}

TEST(RowSelection, TakesTheSmallerForm) {
  // One row in a hundred: runs; every second row: bits.
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  const auto bytes_of = [&](int64_t step) {
    std::vector<RowRun> runs;
    for (int64_t row = 0; row < 100000; row += step) runs.push_back({row, row + 1});
    const int64_t before = pool.bytes_allocated();
    const auto selection = RowSelection::FromRuns(runs, 100000, &pool).ValueOrDie();
    return pool.bytes_allocated() - before;
  };
  EXPECT_EQ(bytes_of(100), 8000);
  EXPECT_EQ(bytes_of(2) / 64, (100000 / 8 + 63) / 64);  // Arrow rounds up to 64 bytes
  EXPECT_EQ(bytes_of(1), 0);
}

}  // namespace
}  // namespace emberharmony::io
