#include "emberharmony/engine/temporal_stride_processor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/row_spool.h"

namespace emberharmony::engine {
namespace {

using ops::Tensor;

Tensor RandomRows(int64_t num_rows, int64_t num_columns, uint32_t seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> cells(num_rows * num_columns);
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = normal(random) + (i >= 2 * static_cast<size_t>(num_columns)
                                     ? 0.7 * cells[i - static_cast<size_t>(num_columns)]
                                     : 0.0);
  }
  return Tensor::FromValues(std::span<const double>(cells), {num_rows, num_columns});
}

/// Batches of so many rows.
TemporalBatches Batches(const Tensor& rows, int64_t batch_rows, const Tensor& sequences = {}) {
  return [=, first = int64_t{0}]() mutable -> arrow::Result<std::optional<TemporalBatch>> {
    const int64_t num_rows = rows.shape()[0];
    if (first >= num_rows) return std::nullopt;
    const int64_t last = std::min(first + batch_rows, num_rows);
    TemporalBatch batch{rows.Slice(0, first, last), {}};
    if (sequences.defined()) batch.sequences = sequences.Slice(0, first, last);
    first = last;
    return batch;
  };
}

std::unique_ptr<TerabyteTemporalStrideProcessor> Made(const TemporalStrideOptions& options = {}) {
  auto made = TerabyteTemporalStrideProcessor::Make(options);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return *std::move(made);
}

bool SameBits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

TEST(TemporalStrideProcessor, ResultsDependNeitherOnBatchesNorOnThreads) {
  const Tensor rows = RandomRows(120'000, 4);
  std::vector<int64_t> numbers(120'000);
  std::mt19937 random(5);
  for (int64_t& number : numbers) number = random() % 9;
  const Tensor sequences = Tensor::FromValues(std::span<const int64_t>(numbers));
  for (const Tensor& given : {Tensor(), sequences}) {
    std::map<int64_t, Tensor> expected;
    for (const auto& [threads, batch_rows] :
         std::vector<std::pair<int, int64_t>>{{1, 120'000}, {1, 7001}, {3, 120'000}, {4, 999}}) {
      const auto processor = Made({.pca_components = 3, .num_threads = threads});
      const auto results = processor->ProcessLargeDataset(Batches(rows, batch_rows, given));
      ASSERT_TRUE(results.ok()) << results.status().ToString();
      const auto all = results->ReadAll();
      ASSERT_TRUE(all.ok());
      if (expected.empty()) expected = *all;
      for (const auto& [stride, windows] : *all) {
        EXPECT_TRUE(SameBits(windows, expected[stride])) << threads << ", " << batch_rows;
        EXPECT_TRUE(SameBits(*results->Read(stride), windows));
      }
      // And those of batches, which follow a state without rows.
      processor->ResetState();
      const auto batch = processor->ProcessBatch({rows, given});
      ASSERT_TRUE(batch.ok());
      for (const auto& [stride, windows] : *batch) {
        EXPECT_TRUE(SameBits(windows, expected[stride]));
      }
    }
  }
}

/// A folder of its own, which goes at the end.
class KeptFolder {
 public:
  KeptFolder()
      : path_(std::filesystem::temp_directory_path() / ("kept." + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
  }
  ~KeptFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

arrow::Result<std::optional<TemporalBatch>> NoBatch() {
  return arrow::Status::IOError("nobody is to be asked");
}

TEST(TemporalStrideProcessor, GoesOnWithWhatIsKept) {
  const Tensor rows = RandomRows(40'000, 3);
  std::vector<int64_t> numbers(40'000);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i * i % 7);
  const Tensor sequences = Tensor::FromValues(std::span<const int64_t>(numbers));
  const Tensor later = RandomRows(50, 3, 9);
  const Tensor later_numbers = sequences.Slice(0, 0, 50);
  for (const bool is_one_table : {true, false}) {
    const KeptFolder folder;
    const auto whole = Made({.pca_components = 2});
    const auto expected =
        *whole->ProcessLargeDataset(Batches(rows, 7001, sequences), is_one_table)->ReadAll();
    const auto expected_later = *whole->ProcessBatch({later, later_numbers});
    const TemporalKeeping keeping{folder.path(), true};
    // An error while rows come leaves nothing that is taken for them.
    auto batches = Batches(rows, 7001, sequences);
    int num_batches = 0;
    const TemporalBatches failing = [&]() -> arrow::Result<std::optional<TemporalBatch>> {
      if (++num_batches == 4) return arrow::Status::IOError("the source is gone");
      return batches();
    };
    EXPECT_FALSE(Made()->ProcessLargeDataset(failing, is_one_table, keeping).ok());
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "rows.json"));
    const auto first = Made({.pca_components = 2});
    ASSERT_TRUE(
        first->ProcessLargeDataset(Batches(rows, 7001, sequences), is_one_table, keeping).ok());
    // Rows alone, then what was learned of them, then of other windows.
    for (const char* gone : {"learned.json", "lock"}) {
      std::filesystem::remove(folder.path() / gone);
      const auto again = Made({.pca_components = 2, .num_threads = 3});
      const auto results = again->ProcessLargeDataset(NoBatch, is_one_table, keeping);
      ASSERT_TRUE(results.ok()) << results.status().ToString();
      for (const auto& [stride, windows] : *results->ReadAll())
        EXPECT_TRUE(SameBits(windows, expected.at(stride)));
      for (const auto& [stride, windows] : *again->ProcessBatch({later, later_numbers}))
        EXPECT_TRUE(SameBits(windows, expected_later.at(stride)));
    }
    const TemporalStrideOptions others{.window_size = 3, .stride_perspectives = {2}};
    const auto other = Made(others);
    const auto other_results = other->ProcessLargeDataset(NoBatch, is_one_table, keeping);
    ASSERT_TRUE(other_results.ok()) << other_results.status().ToString();
    const auto anew = Made(others);
    const auto anew_results =
        anew->ProcessLargeDataset(Batches(rows, 7001, sequences), is_one_table);
    EXPECT_TRUE(SameBits(*other_results->Read(2), *anew_results->Read(2)));
    EXPECT_EQ(base::KindOf(Made()->ProcessLargeDataset(NoBatch, !is_one_table, keeping).status()),
              base::ErrorKind::kUsage);
  }
}

TEST(TemporalStrideProcessor, WhatIsKeptIsComparedAndOthersStay) {
  const Tensor rows = RandomRows(5000, 2);
  const KeptFolder folder;
  const TemporalKeeping keeping{folder.path(), true};
  ASSERT_TRUE(Made()->ProcessLargeDataset(Batches(rows, 999), true, keeping).ok());
  // Without resume it is not taken, and without a folder there is nothing to resume.
  const auto refused =
      Made()->ProcessLargeDataset(Batches(rows, 999), true, {folder.path(), false});
  EXPECT_EQ(base::KindOf(refused.status()), base::ErrorKind::kUsage);
  EXPECT_EQ(base::KindOf(Made()->ProcessLargeDataset(NoBatch, true, {"", true}).status()),
            base::ErrorKind::kUsage);
  const auto expected = *Made()->ProcessLargeDataset(Batches(rows, 999))->ReadAll();
  for (const char* name : {"rows", "learned", "rows.json", "learned.json"}) {
    {
      std::fstream file(folder.path() / name, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(60);
      file.put('~');
    }
    const auto results = Made()->ProcessLargeDataset(Batches(rows, 999), true, keeping);
    ASSERT_TRUE(results.ok()) << name << results.status().ToString();
    for (const auto& [stride, windows] : *results->ReadAll())
      EXPECT_TRUE(SameBits(windows, expected.at(stride))) << name;
  }
  std::ofstream(folder.path() / "photo.jpg") << "x";
  EXPECT_EQ(base::KindOf(Made()->ProcessLargeDataset(NoBatch, true, keeping).status()),
            base::ErrorKind::kUsage);
}

TEST(TemporalStrideProcessor, ReadsInBatches) {
  const Tensor rows = RandomRows(50'000, 6);
  const auto processor = Made({.stride_perspectives = {2}, .batch_size = 900});
  const auto results = processor->ProcessLargeDataset(Batches(rows, 10'000));
  ASSERT_TRUE(results.ok());
  const Tensor whole = *results->Read(2);
  const auto reader = results->Open(2);
  ASSERT_TRUE(reader.ok());
  int64_t done = 0;
  while (true) {
    const Tensor batch = *(*reader)->Next();
    if (!batch.defined()) break;
    EXPECT_EQ(batch.shape()[0], std::min<int64_t>(900, whole.shape()[0] - done));
    EXPECT_TRUE(SameBits(batch, whole.Slice(0, done, done + batch.shape()[0]).Contiguous()));
    done += batch.shape()[0];
  }
  EXPECT_EQ(done, whole.shape()[0]);
  EXPECT_EQ(done, *results->NumWindows(2));
  EXPECT_EQ(base::KindOf(results->Open(3).status()), base::ErrorKind::kUsage);
}

TEST(TemporalStrideProcessor, IsStoppedBetweenBlocksAndStaysAsItWas) {
  int left = 1 << 20;
  TemporalStrideOptions options{.num_threads = 2};
  options.keep_going = [&left] {
    return --left > 0 ? arrow::Status::OK() : base::InterruptedError("stopped");
  };
  const Tensor rows = RandomRows(60'000, 4);
  const auto processor = Made(options);
  ASSERT_TRUE(processor->ProcessLargeDataset(Batches(rows, 60'000)).ok());
  const auto expected = processor->ProcessBatch({rows.Slice(0, 0, 100), {}});
  ASSERT_TRUE(expected.ok());
  ASSERT_TRUE(processor->ProcessLargeDataset(Batches(rows, 60'000)).ok());
  left = 1;
  EXPECT_EQ(base::KindOf(processor->ProcessBatch({rows, {}}).status()),
            base::ErrorKind::kInterrupted);
  left = 1;
  EXPECT_EQ(base::KindOf(processor->ProcessLargeDataset(Batches(rows, 500)).status()),
            base::ErrorKind::kInterrupted);
  left = 1 << 20;
  const auto found = processor->ProcessBatch({rows.Slice(0, 0, 100), {}});
  ASSERT_TRUE(found.ok());
  for (const auto& [stride, windows] : *found) {
    EXPECT_TRUE(SameBits(windows, expected->at(stride)));
  }
}

TEST(TemporalStrideProcessor, ErrorsOfTheSourceEndIt) {
  const auto processor = Made();
  const auto broken = [n = 0]() mutable -> arrow::Result<std::optional<TemporalBatch>> {
    if (n++ == 0) return TemporalBatch{RandomRows(10, 2), {}};
    return arrow::Status::IOError("the source is gone");
  };
  EXPECT_TRUE(processor->ProcessLargeDataset(broken).status().IsIOError());
  EXPECT_FALSE(processor->is_learned());
  EXPECT_EQ(base::KindOf(processor->ProcessBatch({RandomRows(10, 2), {}}).status()),
            base::ErrorKind::kUsage);
  EXPECT_EQ(base::KindOf(processor->Basis(1).status()), base::ErrorKind::kUsage);
}

TEST(TemporalStrideProcessor, BasisIsOrthonormal) {
  const auto processor = Made({.window_size = 3, .stride_perspectives = {1}, .pca_components = 4});
  ASSERT_TRUE(processor->ProcessLargeDataset(Batches(RandomRows(3000, 3), 100)).ok());
  const auto basis = processor->Basis(1);
  ASSERT_TRUE(basis.ok());
  EXPECT_EQ(basis->num_windows, 2998);
  ASSERT_EQ(basis->components.shape(), (ops::Shape{4, 9}));
  const double* components = basis->components.data_as<double>();
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      double product = 0;
      for (int k = 0; k < 9; ++k) product += components[i * 9 + k] * components[j * 9 + k];
      EXPECT_NEAR(product, i == j ? 1 : 0, 1e-12);
    }
  }
}

TEST(RowSpool, KeepsRowsNumbersAndBorders) {
  const std::string folder = testing::TempDir();
  auto spool = RowSpool::Create(folder, ops::DType::kFloat64, 2, true);
  ASSERT_TRUE(spool.ok()) << spool.status().ToString();
  const Tensor rows = RandomRows(100'000, 2);
  std::vector<int64_t> numbers(100'000);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i * 7);
  int64_t first = 0;
  for (int64_t count : {10, 60'000, 1, 39'989}) {
    ASSERT_TRUE((*spool)->Append(rows.Slice(0, first, first + count), numbers.data() + first).ok());
    first += count;
    if (count == 60'000) {
      ASSERT_TRUE((*spool)->EndPart().ok());
    }
  }
  ASSERT_TRUE((*spool)->EndPart().ok());
  int64_t done = 0;
  Tensor block_rows;
  std::vector<int64_t> block_numbers;
  for (const RowSpool::Block& block : (*spool)->blocks()) {
    EXPECT_EQ(block.begins_anew, done == 0 || done == 60'010);
    ASSERT_TRUE((*spool)->Read(block, &block_rows, &block_numbers).ok());
    EXPECT_TRUE(SameBits(block_rows, rows.Slice(0, done, done + block.num_rows).Contiguous()));
    EXPECT_TRUE(std::equal(block_numbers.begin(), block_numbers.end(), numbers.begin() + done));
    done += block.num_rows;
  }
  EXPECT_EQ(done, 100'000);
}

}  // namespace
}  // namespace emberharmony::engine
