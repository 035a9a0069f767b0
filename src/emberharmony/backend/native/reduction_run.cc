#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/reduction_run_internal.h"
#include "emberharmony/backend/native/reduction_strips_internal.h"
#include "emberharmony/backend/native/turn_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

/// Elements that are worth handing to another thread.
constexpr int64_t kGrainElements = 1 << 16;
/// Accumulators of blocks that are held at a time, if one result does not need more.
constexpr int64_t kPartialBytes = 1 << 20;
/// The most scratch for elements that are put in order before they are reduced: less than the
/// level-2 cache holds.
constexpr int64_t kPanelBytes = 1 << 20;
constexpr int64_t kCacheLine = 64;
/// Scratch for the lanes of a tile of columns: of the size of the level-1 cache.
constexpr int64_t kLaneBytes = 1 << 16;

/// Memory for the length of a call; small pieces are on the stack.
class Scratch {
 public:
  explicit Scratch(int64_t size_bytes) {
    if (size_bytes > kInlineBytes) {
      heap_ = tensor::Tensor::Empty({size_bytes}, tensor::DType::kUInt8);
      data_ = heap_.mutable_data();
    }
  }
  char* data() { return static_cast<char*>(data_); }

 private:
  static constexpr int64_t kInlineBytes = 4096;
  alignas(64) char inline_[kInlineBytes];
  tensor::Tensor heap_;
  void* data_ = inline_;
};

int64_t NumBlocks(int64_t n) { return (n - 1) / kReductionBlock + 1; }

/// Combines `num_blocks` vectors of `width` accumulators into the first, as the bits of a binary
/// counter would: neighbours, then pairs of neighbours, and so on.
void Fold(const ReductionKernel& kernel, char* accs, int64_t num_blocks, int64_t width) {
  const int64_t bytes = width * kernel.acc_bytes;
  for (int64_t step = 1; step < num_blocks; step *= 2) {
    for (int64_t i = 0; i + step < num_blocks; i += 2 * step) {
      kernel.combine(accs + i * bytes, accs + (i + step) * bytes, width);
    }
  }
}

class Run {
 public:
  Run(const ReductionKernel& kernel, const ReductionLayout& layout, const double* centers,
      void* accs)
      : kernel_(kernel),
        layout_(layout),
        centers_(centers),
        accs_(static_cast<char*>(accs)),
        n_(layout.reduced.size()),
        num_blocks_(NumBlocks(n_)) {}

  void Execute() {
    const Sequence& kept = layout_.kept;
    if (layout_.reduced.IsEven(1)) {
      num_blocks_ == 1 ? ShortRows() : Blocks(1, &Run::RowBlocks);
    } else if (kept.rank() > 0 && kept.last_stride() == 1) {
      const int64_t most = kLaneBytes / (kReductionLanes * kernel_.acc_bytes);
      tile_ = std::min(kept.last_length(), most);
      Blocks(tile_, &Run::ColumnBlocks);
    } else if (num_blocks_ > 1 && RunsAlongColumns(kernel_, layout_.reduced)) {
      Blocks(1, &Run::StripBlocks);
    } else {
      Blocks(1, PanelRows() > 1 ? &Run::PanelBlocks : &Run::GatheredBlocks);
    }
  }

 private:
  const char* At(int64_t offset) const { return layout_.data + offset * layout_.item_bytes(); }
  const double* Centers(int64_t result) const {
    return centers_ != nullptr ? centers_ + result : nullptr;
  }
  int64_t BlockLength(int64_t block) const {
    return std::min(kReductionBlock, n_ - block * kReductionBlock);
  }

  /// Rows of one block each.
  void ShortRows() {
    const Sequence& kept = layout_.kept;
    ParallelRanges(kept.size(), kGrainElements / n_ + 1, [&](int64_t begin, int64_t end) {
      kept.ForEachRun(begin, end, [&](int64_t first, int64_t offset, int64_t run) {
        kernel_.rows(At(offset), kept.last_stride(), run, n_, Centers(first), 1,
                     accs_ + first * kernel_.acc_bytes);
      });
    });
  }

  /// A unit is a tile of results that are reduced together: `width` of them, fewer at the end of
  /// the innermost kept axis. Units are worked through in batches; each of their blocks is a task,
  /// done by (this->*work)(first unit, accumulators, first task, end of tasks).
  using Work = void (Run::*)(int64_t first_unit, char* partials, int64_t begin, int64_t end);
  void Blocks(int64_t width, Work work) {
    const int64_t length = layout_.kept.last_length();
    tiles_ = width == 1 ? layout_.kept.last_length() : (length - 1) / width + 1;
    const int64_t units = layout_.kept.size() / length * tiles_;
    const int64_t task_elements = std::min(n_, kReductionBlock) * width;
    const int64_t grain = kGrainElements / task_elements + 1;
    if (num_blocks_ == 1) {
      ParallelRanges(units, grain,
                     [&](int64_t begin, int64_t end) { (this->*work)(0, nullptr, begin, end); });
      return;
    }
    const int64_t unit_bytes = num_blocks_ * width * kernel_.acc_bytes;
    const int64_t batch = std::clamp<int64_t>(kPartialBytes / unit_bytes, 1, units);
    Scratch partials(batch * unit_bytes);
    for (int64_t first = 0; first < units; first += batch) {
      const int64_t count = std::min(batch, units - first);
      ParallelRanges(count * num_blocks_, grain, [&](int64_t begin, int64_t end) {
        (this->*work)(first, partials.data(), begin, end);
      });
      for (int64_t i = 0; i < count; ++i) {
        const Unit unit = UnitOf(first + i, width);
        char* accs = partials.data() + i * unit_bytes;
        Fold(kernel_, accs, num_blocks_, unit.width);
        std::memcpy(accs_ + unit.result * kernel_.acc_bytes, accs, unit.width * kernel_.acc_bytes);
      }
    }
  }

  struct Unit {
    int64_t result;  // the first of them
    int64_t width;
  };
  Unit UnitOf(int64_t index, int64_t width) const {
    const int64_t length = layout_.kept.last_length();
    const int64_t begin = index % tiles_ * width;
    return {index / tiles_ * length + begin, std::min(width, length - begin)};
  }
  /// Where a task's accumulators go: of a unit with more blocks, one vector after the other.
  char* Target(const Unit& unit, char* partials, int64_t unit_in_batch, int64_t block,
               int64_t width) const {
    if (num_blocks_ == 1) return accs_ + unit.result * kernel_.acc_bytes;
    return partials +
           (unit_in_batch * num_blocks_ * width + block * unit.width) * kernel_.acc_bytes;
  }

  void RowBlocks(int64_t first_unit, char* partials, int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t in_batch = begin / num_blocks_;
      const int64_t block = begin % num_blocks_;
      const int64_t stop = std::min(num_blocks_, block + end - begin);
      const Unit unit = UnitOf(first_unit + in_batch, 1);
      const int64_t row = layout_.kept.Offset(unit.result);
      char* target = Target(unit, partials, in_batch, block, 1);
      const int64_t whole = std::min(stop, n_ / kReductionBlock) - block;
      if (whole > 0) {
        kernel_.rows(At(row + block * kReductionBlock), kReductionBlock, whole, kReductionBlock,
                     Centers(unit.result), 0, target);
      }
      if (block + whole < stop) {
        kernel_.rows(At(row + (block + whole) * kReductionBlock), 0, 1, BlockLength(stop - 1),
                     Centers(unit.result), 0, target + whole * kernel_.acc_bytes);
      }
      begin += stop - block;
    }
  }

  void ColumnBlocks(int64_t first_unit, char* partials, int64_t begin, int64_t end) {
    Scratch lanes(kReductionLanes * tile_ * kernel_.acc_bytes);
    int64_t offsets[kReductionBlock];
    const Sequence& reduced = layout_.reduced;
    // Offsets relative to the block's first row are the same in all blocks of evenly spaced rows.
    const bool even = reduced.rank() <= 1;
    if (even) reduced.Offsets(0, std::min(n_, kReductionBlock), offsets);
    int64_t known = -1;
    for (int64_t task = begin; task < end; ++task) {
      const int64_t in_batch = task / num_blocks_;
      const int64_t block = task % num_blocks_;
      const Unit unit = UnitOf(first_unit + in_batch, tile_);
      int64_t start = layout_.kept.Offset(unit.result);
      if (even) {
        start += reduced.Offset(block * kReductionBlock);
      } else if (block != known) {
        reduced.Offsets(block * kReductionBlock, BlockLength(block), offsets);
        known = block;
      }
      kernel_.columns(At(start), offsets, BlockLength(block), unit.width, Centers(unit.result),
                      lanes.data(), Target(unit, partials, in_batch, block, tile_));
    }
  }

  void StripBlocks(int64_t first_unit, char* partials, int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t in_batch = begin / num_blocks_;
      const int64_t block = begin % num_blocks_;
      const int64_t stop = std::min(num_blocks_, block + end - begin);
      const Unit unit = UnitOf(first_unit + in_batch, 1);
      ReduceStrips(kernel_, At(layout_.kept.Offset(unit.result)), layout_.item_bytes(),
                   layout_.reduced, block, stop, Target(unit, partials, in_batch, block, 1));
      begin += stop - block;
    }
  }

  /// Where neither results nor the elements of one lie side by side.
  void GatheredBlocks(int64_t first_unit, char* partials, int64_t begin, int64_t end) {
    alignas(64) char elements[kReductionBlock * 16];
    for (int64_t task = begin; task < end; ++task) {
      const int64_t in_batch = task / num_blocks_;
      const int64_t block = task % num_blocks_;
      const Unit unit = UnitOf(first_unit + in_batch, 1);
      const int64_t length = BlockLength(block);
      GatherElements(At(layout_.kept.Offset(unit.result)), layout_.item_bytes(), layout_.reduced,
                     block * kReductionBlock, length, elements);
      kernel_.rows(elements, 0, 1, length, Centers(unit.result), 0,
                   Target(unit, partials, in_batch, block, 1));
    }
  }

  /// How many positions of the outermost reduced axis make a panel: so many that their elements use
  /// up the cache lines they share, and that a panel is worth its while. 0 where that axis is not
  /// the one along which memory is read best, as it is of a transposed matrix, or where a panel of
  /// so many would be too large.
  int64_t PanelRows() const {
    const Sequence& reduced = layout_.reduced;
    // Where a panel costs little by itself it is so small that memory is read all the time, and not
    // in turns with the sums.
    const int64_t panel_elements = (Turns() ? 2 : 16) * kReductionBlock;
    if (num_blocks_ == 1 || reduced.rank() < 2) return 0;
    for (int axis = 1; axis < reduced.rank(); ++axis) {
      if (std::abs(reduced.stride(axis)) <= std::abs(reduced.stride(0))) return 0;
    }
    const int64_t step_bytes = std::abs(reduced.stride(0)) * layout_.item_bytes();
    if (step_bytes == 0 || step_bytes >= kCacheLine) return 0;
    const int64_t line = kCacheLine / step_bytes;
    const int64_t row_length = n_ / reduced.length(0);
    if (row_length * layout_.item_bytes() > kPanelBytes / line) return 0;
    const int64_t lines = panel_elements / (line * row_length);
    return std::min(line * std::max<int64_t>(lines, 1), reduced.length(0));
  }

  /// Whether panels are squares of a matrix, which are turned in registers.
  bool Turns() const {
    const Sequence& reduced = layout_.reduced;
    return reduced.rank() == 2 && reduced.stride(0) == 1 &&
           ActiveTurn(layout_.item_bytes()) != nullptr;
  }

  /// Copies `rows` positions of the outermost reduced axis from `row` on, in order.
  void CopyPanel(int64_t offset, int64_t row, int64_t rows, char* to) const {
    const Sequence& reduced = layout_.reduced;
    if (Turns()) {
      const TurnKernel turn = ActiveTurn(layout_.item_bytes());
      return turn(At(offset + row), reduced.stride(1), reduced.length(1), rows, to,
                  reduced.length(1));
    }
    tensor::Shape shape{rows}, strides{reduced.stride(0)};
    for (int axis = 1; axis < reduced.rank(); ++axis) {
      shape.Append(reduced.length(axis));
      strides.Append(reduced.stride(axis));
    }
    const tensor::Tensor from =
        tensor::Tensor::Wrap(At(offset + row * reduced.stride(0)), {1}, layout_.dtype, nullptr);
    tensor::CopyElements(from.View(shape, strides, 0),
                         tensor::Tensor::WrapMutable(to, shape, layout_.dtype, nullptr));
  }

  /// Elements in another order than memory's: panels of them, each of which uses all of the cache
  /// lines that it reads, are put in order.
  void PanelBlocks(int64_t first_unit, char* partials, int64_t begin, int64_t end) {
    const Sequence& reduced = layout_.reduced;
    const int64_t item_bytes = layout_.item_bytes();
    const int64_t panel_rows = PanelRows(), row_length = n_ / reduced.length(0);
    Scratch elements((panel_rows * row_length + kReductionBlock) * item_bytes);
    while (begin < end) {
      const int64_t in_batch = begin / num_blocks_;
      int64_t block = begin % num_blocks_;
      const int64_t stop = std::min(num_blocks_, block + end - begin);
      begin += stop - block;
      const Unit unit = UnitOf(first_unit + in_batch, 1);
      const int64_t offset = layout_.kept.Offset(unit.result);
      int64_t row = block * kReductionBlock / row_length / panel_rows * panel_rows;
      // Elements in `elements`, and how many of them come before the next block.
      int64_t held = 0, used = block * kReductionBlock - row * row_length;
      while (block < stop) {
        const int64_t rows = std::min(panel_rows, reduced.length(0) - row);
        CopyPanel(offset, row, rows, elements.data() + held * item_bytes);
        row += rows;
        held += rows * row_length;
        while (block < stop && held - used >= BlockLength(block)) {
          const int64_t length = BlockLength(block);
          kernel_.rows(elements.data() + used * item_bytes, 0, 1, length, Centers(unit.result), 0,
                       Target(unit, partials, in_batch, block, 1));
          used += length;
          ++block;
        }
        const int64_t dropped = std::min(used, held);
        held -= dropped;
        used -= dropped;
        std::memmove(elements.data(), elements.data() + dropped * item_bytes, held * item_bytes);
      }
    }
  }

  const ReductionKernel& kernel_;
  const ReductionLayout& layout_;
  const double* centers_;
  char* accs_;
  int64_t n_;
  int64_t num_blocks_;
  int64_t tile_ = 1;
  int64_t tiles_ = 1;  // units along the innermost kept axis
};

}  // namespace

void RunReduction(const ReductionKernel& kernel, const ReductionLayout& layout,
                  const double* centers, void* accs) {
  Run(kernel, layout, centers, accs).Execute();
}

}  // namespace emberharmony::backend::native
