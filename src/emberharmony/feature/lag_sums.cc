#include <algorithm>
#include <cstring>

#include "emberharmony/feature/lag_sums_internal.h"
#include "emberharmony/feature/row_kernels_internal.h"
#include "emberharmony/ops/linalg.h"
#include "emberharmony/ops/matmul.h"

namespace emberharmony::feature {
namespace {

using ops::Tensor;

/// Rows in a product of halves: a half is at most 2^15, so sums stay below 2^53 and are exact.
constexpr int64_t kExactRows = int64_t{1} << 22;
/// Fewer rows are gathered: products of few rows are slow, copying them is not.
constexpr int64_t kRowsInPlace = 64;
constexpr int64_t kGatheredRows = 256;

/// `count` rows of `length` doubles that begin `row_stride` apart.
Tensor RowsOf(const double* first, int64_t count, int64_t row_stride, int64_t length) {
  const int64_t extent = (count - 1) * row_stride + length;
  return Tensor::Wrap(first, {extent}, ops::DType::kFloat64, nullptr)
      .View({count, length}, {row_stride, 1}, 0);
}

/// Adds the products of halves, of which each is an integer, to the sums of one lag.
void AddProducts(const double* halves, int64_t row_length, int64_t num_columns, ProductSum* sums) {
  const auto integer = [](double value) { return static_cast<int64_t>(value); };
  for (int64_t i = 0; i < num_columns; ++i) {
    const double* high = halves + i * row_length;
    const double* low = halves + (num_columns + i) * row_length;
    for (int64_t j = 0; j < num_columns; ++j) {
      *sums++ += FromHalves(integer(high[j]), integer(high[num_columns + j]) + integer(low[j]),
                            integer(low[num_columns + j]));
    }
  }
}

}  // namespace

LagSums::LagSums(const WindowLayout& layout, LagGroup group)
    : window_size_(layout.window_size),
      num_columns_(layout.num_columns),
      group_(std::move(group)),
      products_(group_.num_lags * num_columns_ * num_columns_),
      row_sums_(group_.residues.size() * num_columns_),
      counts_(group_.residues.size()),
      gathered_(group_.residues.size()) {}

void LagSums::Add(std::span<const QuantizedRun> runs) {
  const int64_t width = 2 * num_columns_;
  for (const QuantizedRun& run : runs) {
    const int64_t num_starts = run.num_rows - window_size_ + 1;
    for (size_t index = 0; index < group_.residues.size(); ++index) {
      const int64_t residue = group_.residues[index].residue;
      const int64_t distance = (residue - run.position) % group_.period;
      const int64_t start = distance < 0 ? distance + group_.period : distance;
      if (start >= num_starts) continue;
      const int64_t count = (num_starts - start - 1) / group_.period + 1;
      AddRows(index, run.halves + start * width, count, group_.period);
    }
  }
  for (size_t index = 0; index < gathered_.size(); ++index) FlushGathered(index);
}

void LagSums::AddRows(size_t index, const double* first, int64_t count, int64_t step) {
  const int64_t width = 2 * num_columns_;
  // In a matrix of rows with those behind them, rows must not overlap.
  const int64_t num_classes = (group_.residues[index].num_lags - 1) / step + 1;
  if (count / num_classes < kRowsInPlace) return Gather(index, first, count, step);
  for (int64_t i = 0; i < std::min(num_classes, count); ++i) {
    const int64_t in_class = (count - i - 1) / num_classes + 1;
    const int64_t row_stride = num_classes * step * width;
    for (int64_t done = 0; done < in_class; done += kExactRows) {
      AddRowsInPart(index, first + i * step * width + done * row_stride,
                    std::min(kExactRows, in_class - done), row_stride);
    }
  }
}

void LagSums::AddRowsInPart(size_t index, const double* first, int64_t count, int64_t row_stride) {
  const LagGroup::Residue& residue = group_.residues[index];
  const int64_t width = 2 * num_columns_;
  const int64_t length = residue.num_lags * width;
  const Tensor rows = RowsOf(first, count, row_stride, width);
  const Tensor behind = RowsOf(first, count, row_stride, length);
  const Tensor halves = ops::matmul(ops::linalg::matrix_transpose(rows), behind);
  const double* products = halves.data_as<double>();
  for (int64_t lag = 0; lag < residue.num_lags; ++lag) {
    AddProducts(products + lag * width, length, num_columns_,
                products_.data() + (residue.first + lag) * num_columns_ * num_columns_);
  }
  std::vector<double> sums(width);
  BestRowKernels().add_rows(first, row_stride, count, width, sums.data());
  for (int64_t c = 0; c < num_columns_; ++c) {
    row_sums_[index * num_columns_ + c] +=
        FromHalves(0, static_cast<int64_t>(sums[c]), static_cast<int64_t>(sums[num_columns_ + c]));
  }
  counts_[index] += count;
}

void LagSums::Gather(size_t index, const double* first, int64_t count, int64_t step) {
  const int64_t width = 2 * num_columns_;
  const int64_t length = group_.residues[index].num_lags * width;
  std::vector<double>& gathered = gathered_[index];
  for (int64_t i = 0; i < count; ++i) {
    const double* row = first + i * step * width;
    gathered.insert(gathered.end(), row, row + length);
    if (static_cast<int64_t>(gathered.size()) >= kGatheredRows * length) FlushGathered(index);
  }
}

void LagSums::FlushGathered(size_t index) {
  std::vector<double>& gathered = gathered_[index];
  if (gathered.empty()) return;
  const int64_t length = group_.residues[index].num_lags * 2 * num_columns_;
  AddRowsInPart(index, gathered.data(), static_cast<int64_t>(gathered.size()) / length, length);
  gathered.clear();
}

void LagSums::Merge(const LagSums& other) {
  for (size_t i = 0; i < products_.size(); ++i) products_[i] += other.products_[i];
  for (size_t i = 0; i < row_sums_.size(); ++i) row_sums_[i] += other.row_sums_[i];
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

EdgeSums::EdgeSums(const WindowLayout& layout, int64_t stride)
    : window_size_(layout.window_size),
      num_columns_(layout.num_columns),
      stride_(stride),
      // A window of one row has no edges.
      products_(window_size_ == 1 ? 0 : layout.num_features() * layout.num_features()),
      row_sums_(window_size_ == 1 ? 0 : layout.num_features()) {}

void EdgeSums::AddRow(const int64_t* row, int64_t i, int64_t sign) {
  ProductSum* sums = row_sums_.data() + i * num_columns_;
  for (int64_t c = 0; c < num_columns_; ++c) {
    sums[c] += static_cast<ProductSum>(__int128{sign * row[c]});
  }
}

void EdgeSums::AddPair(const int64_t* a, const int64_t* b, int64_t i, int64_t j, int64_t sign) {
  ProductSum* sums = products_.data() + (i * window_size_ + j) * num_columns_ * num_columns_;
  for (int64_t c = 0; c < num_columns_; ++c) {
    const int64_t value = sign * a[c];
    // Products are of at most 2^60.
    for (int64_t d = 0; d < num_columns_; ++d) {
      *sums++ += static_cast<ProductSum>(__int128{value * b[d]});
    }
  }
}

void EdgeSums::AddHead(const int64_t* rows) {
  for (int64_t i = stride_; i < window_size_; ++i) {
    const int64_t* row = rows + (i - stride_) * num_columns_;
    AddRow(row, i, -1);
    for (int64_t j = i; j < window_size_; ++j) {
      AddPair(row, rows + (j - stride_) * num_columns_, i, j, -1);
    }
  }
}

void EdgeSums::AddTail(const int64_t* rows, int64_t num_rows) {
  // Of the starts of all windows of stride 1, whose rows the lags' sums have, the last.
  const int64_t last_start = num_rows - window_size_;
  // The last window of this stride may begin earlier; row i of it is not in those sums if it is
  // behind last_start.
  const int64_t ahead = last_start % stride_;
  for (int64_t i = ahead + 1; i < window_size_; ++i) {
    const int64_t* row = rows + (i - ahead - 1) * num_columns_;
    AddRow(row, i, 1);
    for (int64_t j = i; j < window_size_; ++j) {
      AddPair(row, row + (j - i) * num_columns_, i, j, 1);
    }
  }
}

void EdgeSums::Merge(const EdgeSums& other) {
  for (size_t i = 0; i < products_.size(); ++i) products_[i] += other.products_[i];
  for (size_t i = 0; i < row_sums_.size(); ++i) row_sums_[i] += other.row_sums_[i];
}

}  // namespace emberharmony::feature
