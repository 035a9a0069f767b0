// Sequences that run along the columns of a matrix in memory: the matrix is read row by row, in
// strips of columns, and each column adds to lanes of its own, those of the block that it is in.
//
// A block of 1,024 elements may begin in one column and end in the next one. Its first part is at
// the column's bottom, and has to be added first: the tops of columns, which end blocks that began
// in the column before, are read after the strip has been.
#include <algorithm>

#include "emberharmony/backend/native/reduction_strips_internal.h"
#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {
namespace {

/// Columns of a strip: as many as leave the tops of columns in the level-2 cache until they are
/// read again. Their lanes are in the level-1 cache.
constexpr int64_t kStripWidth = 64;

/// Something that happens to one column of a strip before that row is added.
struct ColumnEvent {
  int64_t row;
  int64_t column;
  bool operator<(const ColumnEvent& other) const { return row < other.row; }
};

class StripReduction {
 public:
  StripReduction(const ReductionKernel& kernel, const char* data, int64_t item_bytes,
                 const Sequence& reduced, int64_t begin, int64_t end, char* accs)
      : kernel_(kernel),
        data_(data),
        item_bytes_(item_bytes),
        row_stride_(reduced.stride(1)),
        length_(reduced.length(1)),
        first_(begin * kReductionBlock),
        end_(std::min(end * kReductionBlock, reduced.size())),
        accs_(accs),
        lanes_(tensor::Tensor::Empty({kReductionLanes * kStripWidth * kernel.acc_bytes},
                                     tensor::DType::kUInt8)) {}

  void Execute() {
    const int64_t last = (end_ - 1) / length_;
    for (int64_t column = first_ / length_; column <= last; column += kStripWidth) {
      strip_ = column;
      width_ = std::min(kStripWidth, last - column + 1);
      AddColumns();
      AddTops(std::min(width_, last - column));
    }
  }

 private:
  /// The row of a column in which its first block begins.
  int64_t FirstRow(int64_t column) const {
    return (kReductionBlock - column * length_ % kReductionBlock) % kReductionBlock;
  }

  void AddColumns() {
    ColumnEvent events[kStripWidth];
    for (int64_t j = 0; j < width_; ++j) events[j] = {FirstRow(strip_ + j), j};
    std::sort(events, events + width_);
    int64_t added = 0;
    for (int64_t base = 0; base < length_; base += kReductionBlock) {
      for (int64_t k = 0; k < width_ && base + events[k].row < length_; ++k) {
        const int64_t row = base + events[k].row;
        AddRows(added, row, width_, 0, 0);
        added = row;
        const int64_t position = (strip_ + events[k].column) * length_ + row;
        if (position > first_ && base > 0) Fold(events[k].column, position - kReductionBlock);
        if (position >= first_ && position < end_) Start(events[k].column, row);
      }
    }
    AddRows(added, length_, width_, 0, 0);
    for (int64_t j = 0; j < width_; ++j) {
      // A block that ends with its column; others go on in the next one.
      const int64_t bottom = (strip_ + j + 1) * length_;
      const int64_t begin = (bottom - 1) / kReductionBlock * kReductionBlock;
      if (bottom % kReductionBlock == 0 || bottom == end_) Fold(j, begin);
    }
  }

  /// Ends the blocks that began in the first `width` columns of the strip.
  void AddTops(int64_t width) {
    ColumnEvent events[kStripWidth];
    for (int64_t j = 0; j < width; ++j) {
      const int64_t left = end_ - (strip_ + j + 1) * length_;
      events[j] = {std::min(FirstRow(strip_ + j + 1), left), j};
    }
    std::sort(events, events + width);
    int64_t added = 0;
    for (int64_t k = 0; k < width; ++k) {
      const auto [row, column] = events[k];
      if (row == 0) continue;
      AddRows(added, row, width, 1, length_);
      added = row;
      const int64_t position = (strip_ + column + 1) * length_ - 1;
      Fold(column, position / kReductionBlock * kReductionBlock);
    }
  }

  /// Adds rows [begin, end) of the columns from `shift` on, in lanes from begin + `lane` on.
  void AddRows(int64_t begin, int64_t end, int64_t width, int64_t shift, int64_t lane) {
    if (begin == end) return;
    kernel_.strip.add_rows(At(strip_ + shift, begin), row_stride_, end - begin, begin + lane, width,
                           width_, lanes_.mutable_data());
  }
  const char* At(int64_t column, int64_t row) const {
    return data_ + (column + row * row_stride_) * item_bytes_;
  }
  char* Lanes(int64_t column) const {
    return static_cast<char*>(lanes_.mutable_data()) + column * kernel_.acc_bytes;
  }
  void Start(int64_t column, int64_t row) {
    kernel_.strip.start(At(strip_ + column, row), width_, Lanes(column));
  }
  /// Of the block that begins at `position`, if it is one of those to be reduced.
  void Fold(int64_t column, int64_t position) {
    if (position < first_ || position >= end_) return;
    const int64_t first_lane = position - (strip_ + column) * length_;
    kernel_.strip.fold(Lanes(column), width_, first_lane,
                       accs_ + (position - first_) / kReductionBlock * kernel_.acc_bytes);
  }

  const ReductionKernel& kernel_;
  const char* data_;
  int64_t item_bytes_, row_stride_, length_;
  int64_t first_, end_;  // positions in the sequence
  char* accs_;
  tensor::Tensor lanes_;
  int64_t strip_ = 0, width_ = 0;  // the first column
};

}  // namespace

bool RunsAlongColumns(const ReductionKernel& kernel, const Sequence& reduced) {
  return kernel.strip.add_rows != nullptr && reduced.rank() == 2 && reduced.stride(0) == 1 &&
         reduced.length(1) >= kReductionBlock;
}

void ReduceStrips(const ReductionKernel& kernel, const char* data, int64_t item_bytes,
                  const Sequence& reduced, int64_t begin, int64_t end, char* accs) {
  StripReduction(kernel, data, item_bytes, reduced, begin, end, accs).Execute();
}

}  // namespace emberharmony::backend::native
