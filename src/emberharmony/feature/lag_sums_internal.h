#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emberharmony/feature/window_layout.h"
#include "emberharmony/feature/window_products.h"

namespace emberharmony::feature {

/// Sums modulo 2^128, so that those which a stranger has saved cannot overflow.
using ProductSum = unsigned __int128;

inline ProductSum ToSum(int64_t value) { return static_cast<ProductSum>(__int128{value}); }

/// The products of one LagGroup (window_products.h). One thread at a time.
class LagSums {
 public:
  LagSums(const WindowLayout& layout, LagGroup group);

  void Add(std::span<const QuantizedRun> runs);
  void Merge(const LagSums& other);

  const LagGroup& group() const { return group_; }
  /// num_columns^2 sums, row-major: of rows of this residue with the rows `lag` further on.
  const ProductSum* products(const LagGroup::Residue& residue, int64_t lag) const {
    return products_.data() + (residue.first + lag) * num_columns_ * num_columns_;
  }
  /// num_columns sums of the rows of group().residues[index], and their number.
  const ProductSum* row_sums(size_t index) const { return row_sums_.data() + index * num_columns_; }
  int64_t count(size_t index) const { return counts_[index]; }

  /// All numbers, in an order that the layout determines, to be written or read back.
  std::vector<ProductSum>& all_products() { return products_; }
  std::vector<ProductSum>& all_row_sums() { return row_sums_; }
  std::vector<int64_t>& all_counts() { return counts_; }
  const std::vector<ProductSum>& all_products() const { return products_; }
  const std::vector<ProductSum>& all_row_sums() const { return row_sums_; }
  const std::vector<int64_t>& all_counts() const { return counts_; }

 private:
  /// `count` rows from `first` on, a period apart, each with the rows behind it.
  void AddRows(size_t index, const int64_t* first, int64_t count);
  /// Takes the parts of sums, which have 64 bits each, into the sums.
  void Gather();
  int64_t WidthOf(const LagGroup::Residue& residue) const;

  int64_t window_size_;
  int64_t num_columns_;
  LagGroup group_;
  std::vector<ProductSum> products_;
  std::vector<ProductSum> row_sums_;
  std::vector<int64_t> counts_;
  /// For each residue the sums since Gather, as RowKernels::add_products makes them.
  std::vector<std::vector<int64_t>> high_;
  std::vector<std::vector<int64_t>> low_;
};

/// Products at the ends of sequences, for one stride: what the sum for rows i and j of a window
/// lacks beside the lag's sum (i < stride) or the sum for rows i - stride and j - stride.
class EdgeSums {
 public:
  EdgeSums(const WindowLayout& layout, int64_t stride);

  /// The first window_size rows of a sequence, on the grid.
  void AddHead(const int64_t* rows);
  /// Its last window_size - 1 rows.
  void AddTail(const int64_t* rows, int64_t num_rows);
  void Merge(const EdgeSums& other);

  const ProductSum* products(int64_t i, int64_t j) const {
    return products_.data() + (i * window_size_ + j) * num_columns_ * num_columns_;
  }
  const ProductSum* row_sums(int64_t i) const { return row_sums_.data() + i * num_columns_; }

  std::vector<ProductSum>& all_products() { return products_; }
  std::vector<ProductSum>& all_row_sums() { return row_sums_; }
  const std::vector<ProductSum>& all_products() const { return products_; }
  const std::vector<ProductSum>& all_row_sums() const { return row_sums_; }

 private:
  void AddRow(const int64_t* row, int64_t i, int64_t sign);
  void AddPair(const int64_t* a, const int64_t* b, int64_t i, int64_t j, int64_t sign);

  int64_t window_size_;
  int64_t num_columns_;
  int64_t stride_;
  std::vector<ProductSum> products_;
  std::vector<ProductSum> row_sums_;
};

}  // namespace emberharmony::feature
