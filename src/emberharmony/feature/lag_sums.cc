#include <algorithm>
#include <utility>

#include "emberharmony/feature/lag_sums_internal.h"
#include "emberharmony/feature/row_kernels_internal.h"

namespace emberharmony::feature {

LagSums::LagSums(const WindowLayout& layout, LagGroup group)
    : window_size_(layout.window_size),
      num_columns_(layout.num_columns),
      group_(std::move(group)),
      products_(group_.num_lags * num_columns_ * num_columns_),
      row_sums_(group_.residues.size() * num_columns_),
      counts_(group_.residues.size()) {
  for (const LagGroup::Residue& residue : group_.residues) {
    high_.emplace_back(num_columns_ * WidthOf(residue));
    low_.emplace_back(num_columns_ * WidthOf(residue));
  }
}

int64_t LagSums::WidthOf(const LagGroup::Residue& residue) const {
  return (residue.num_lags * num_columns_ + kProductLanes - 1) / kProductLanes * kProductLanes;
}

void LagSums::Add(std::span<const QuantizedRun> runs) {
  for (const QuantizedRun& run : runs) {
    const int64_t num_starts = run.num_rows - window_size_ + 1;
    for (size_t index = 0; index < group_.residues.size(); ++index) {
      const int64_t distance = (group_.residues[index].residue - run.position) % group_.period;
      const int64_t start = distance < 0 ? distance + group_.period : distance;
      if (start >= num_starts) continue;
      const int64_t count = (num_starts - start - 1) / group_.period + 1;
      AddRows(index, run.rows + start * num_columns_, count);
    }
  }
  Gather();
}

void LagSums::AddRows(size_t index, const int64_t* first, int64_t count) {
  const RowKernels& kernels = BestRowKernels();
  const int64_t stride = group_.period * num_columns_;
  kernels.add_products(first, stride, count, num_columns_,
                       group_.residues[index].num_lags * num_columns_, high_[index].data(),
                       low_[index].data());
  std::vector<int64_t> sums(num_columns_);
  kernels.add_rows(first, stride, count, num_columns_, sums.data());
  for (int64_t c = 0; c < num_columns_; ++c) {
    row_sums_[index * num_columns_ + c] += ToSum(sums[c]);
  }
  counts_[index] += count;
}

void LagSums::Gather() {
  for (size_t index = 0; index < group_.residues.size(); ++index) {
    const LagGroup::Residue& residue = group_.residues[index];
    const int64_t width = WidthOf(residue);
    ProductSum* sums = products_.data() + residue.first * num_columns_ * num_columns_;
    for (int64_t lag = 0; lag < residue.num_lags; ++lag) {
      for (int64_t i = 0; i < num_columns_; ++i) {
        const int64_t* high = high_[index].data() + i * width + lag * num_columns_;
        const int64_t* low = low_[index].data() + i * width + lag * num_columns_;
        for (int64_t j = 0; j < num_columns_; ++j) {
          *sums++ += (ToSum(high[j]) << 32) + ToSum(low[j]);
        }
      }
    }
    std::fill(high_[index].begin(), high_[index].end(), 0);
    std::fill(low_[index].begin(), low_[index].end(), 0);
  }
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
    sums[c] += ToSum(sign * row[c]);
  }
}

void EdgeSums::AddPair(const int64_t* a, const int64_t* b, int64_t i, int64_t j, int64_t sign) {
  ProductSum* sums = products_.data() + (i * window_size_ + j) * num_columns_ * num_columns_;
  for (int64_t c = 0; c < num_columns_; ++c) {
    const int64_t value = sign * a[c];
    // Products are of at most 2^60.
    for (int64_t d = 0; d < num_columns_; ++d) {
      *sums++ += ToSum(value * b[d]);
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
