#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "emberharmony/backend/native/elementwise_internal.h"
#include "emberharmony/backend/native/flat_run_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::kRankMax;
using tensor::Tensor;

struct Pair {
  uint64_t low, high;
};
constexpr int64_t kItemBytesMax = sizeof(Pair);

/// Scratch memory for a block of one operand.
struct alignas(64) BlockBuffer {
  char bytes[kBlock * kItemBytesMax];
};

template <class Item>
void FillItems(const void* value, void* to, int64_t n) {
  Item item;
  std::memcpy(&item, value, sizeof(Item));
  std::fill_n(static_cast<Item*>(to), n, item);
}

void Fill(const void* value, int64_t item_bytes, void* to, int64_t n) {
  switch (item_bytes) {
    case 1:
      return FillItems<uint8_t>(value, to, n);
    case 2:
      return FillItems<uint16_t>(value, to, n);
    case 4:
      return FillItems<uint32_t>(value, to, n);
    case 8:
      return FillItems<uint64_t>(value, to, n);
    default:
      return FillItems<Pair>(value, to, n);
  }
}

/// Strides in items.
template <class Item>
void CopyItems(const void* from, int64_t from_stride, void* to, int64_t to_stride, int64_t n) {
  const Item* source = static_cast<const Item*>(from);
  Item* target = static_cast<Item*>(to);
  for (int64_t i = 0; i < n; ++i) target[i * to_stride] = source[i * from_stride];
}

void CopyRun(int64_t item_bytes, const void* from, int64_t from_stride, void* to, int64_t to_stride,
             int64_t n) {
  if (from_stride == 1 && to_stride == 1) {
    std::memcpy(to, from, n * item_bytes);
    return;
  }
  switch (item_bytes) {
    case 1:
      return CopyItems<uint8_t>(from, from_stride, to, to_stride, n);
    case 2:
      return CopyItems<uint16_t>(from, from_stride, to, to_stride, n);
    case 4:
      return CopyItems<uint32_t>(from, from_stride, to, to_stride, n);
    case 8:
      return CopyItems<uint64_t>(from, from_stride, to, to_stride, n);
    default:
      return CopyItems<Pair>(from, from_stride, to, to_stride, n);
  }
}

/// An input or the output, read in the common iteration space.
struct Operand {
  char* data;
  int64_t item_bytes;
  int64_t strides[kRankMax];
  /// Every row is the same memory.
  bool repeats = true;
  /// Rows follow each other without gaps.
  bool contiguous = true;

  char* At(const int64_t* index, int rank) const {
    int64_t items = 0;
    for (int i = 0; i < rank; ++i) items += index[i] * strides[i];
    return data + items * item_bytes;
  }
};

/// The iteration space: the output's dimensions without those of length 1, neighbours merged where
/// every operand walks through both as through one.
class Iteration {
 public:
  Iteration(std::span<const Tensor* const> inputs, const Tensor& output) {
    num_inputs_ = static_cast<int>(inputs.size());
    const tensor::Shape& shape = output.shape();
    tensor::Shape strides[kInputsMax + 1];
    for (int k = 0; k < num_inputs_; ++k) {
      const Tensor& input = *inputs[k];
      strides[k] = tensor::BroadcastStrides(input.shape(), input.strides(), shape);
      operands_[k] = {
          static_cast<char*>(const_cast<void*>(input.data())), tensor::ItemSize(input.dtype()), {}};
    }
    strides[num_inputs_] = output.strides();
    operands_[num_inputs_] = {
        static_cast<char*>(output.mutable_data()), tensor::ItemSize(output.dtype()), {}};
    int order[kRankMax];
    OrderAxes(output, order);
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[order[i]] != 1) AddAxis(shape[order[i]], strides, order[i]);
    }
    if (rank_ == 0) {
      rank_ = 1;
      shape_[0] = 1;
      for (int k = 0; k <= num_inputs_; ++k) operands_[k].strides[0] = 1;
    }
    for (int k = 0; k <= num_inputs_; ++k) {
      Operand& operand = operands_[k];
      int64_t step = 1;
      for (int axis = rank_ - 1; axis >= 0; --axis) {
        if (axis + 1 < rank_ && operand.strides[axis] != 0) operand.repeats = false;
        if (operand.strides[axis] != step) operand.contiguous = false;
        step *= shape_[axis];
      }
    }
  }

  void Run(Kernel kernel, int64_t size) const {
    int64_t bytes = 0;
    for (int k = 0; k <= num_inputs_; ++k) bytes += size * operands_[k].item_bytes;
    if (IsFlat()) {
      FlatInput flat[kInputsMax];
      for (int k = 0; k < num_inputs_; ++k) {
        flat[k] = {operands_[k].data, operands_[k].item_bytes, false};
      }
      const Operand& output = operands_[num_inputs_];
      return RunFlat(kernel, flat, num_inputs_, output.data, output.item_bytes, size);
    }
    if (bytes < kParallelBytes) return Run(kernel, 0, size);
    // Blocks of short rows hold whole ones, so a part begins where a block may.
    const int64_t row = shape_[rank_ - 1];
    const int64_t block = row < kBlock ? kBlock - kBlock % row : kBlock;
    ParallelRanges(size, 64 * block, [&](int64_t begin, int64_t end) { Run(kernel, begin, end); });
  }

 private:
  /// The axes in the order in which the output lies in memory.
  static void OrderAxes(const Tensor& output, int* order) {
    const auto reach = [&](int axis) { return std::abs(output.strides()[axis]); };
    for (int i = 0; i < output.rank(); ++i) {
      int at = i;
      for (; at > 0 && reach(order[at - 1]) < reach(i); --at) order[at] = order[at - 1];
      order[at] = i;
    }
  }

  bool IsFlat() const {
    bool flat = true;
    for (int k = 0; k <= num_inputs_; ++k) flat = flat && operands_[k].contiguous;
    return flat;
  }

  void Run(Kernel kernel, int64_t begin, int64_t end) const {
    BlockBuffer buffers[kInputsMax + 1];
    const void* inputs[kInputsMax];
    int64_t index[kRankMax] = {};
    Advance(index, begin);
    const int last = rank_ - 1;
    for (int64_t done = begin; done < end;) {
      // Blocks do not straddle the ends of long rows, so that most need no copy where the stride is
      // 1; of short rows they hold whole ones.
      const int64_t row_left = shape_[last] - index[last];
      const int64_t whole = shape_[last] < kBlock ? kBlock - kBlock % shape_[last] : row_left;
      const int64_t n = std::min({kBlock, end - done, whole});
      for (int k = 0; k < num_inputs_; ++k) {
        // Whole rows that repeat are the same in each block.
        if (done > begin && operands_[k].repeats && shape_[last] < kBlock) continue;
        inputs[k] = Gather(operands_[k], index, n, buffers[k].bytes);
      }
      const Operand& output = operands_[num_inputs_];
      const bool direct = IsDirect(output, index, n);
      void* target = direct ? output.At(index, rank_) : buffers[num_inputs_].bytes;
      kernel(inputs, target, n);
      if (!direct) Scatter(buffers[num_inputs_].bytes, output, index, n);
      done += n;
      Advance(index, n);
    }
  }

  void AddAxis(int64_t length, const tensor::Shape* strides, int axis) {
    bool merge = rank_ > 0;
    for (int k = 0; k <= num_inputs_ && merge; ++k) {
      merge = operands_[k].strides[rank_ - 1] == strides[k][axis] * length;
    }
    const int at = merge ? rank_ - 1 : rank_++;
    shape_[at] = merge ? shape_[at] * length : length;
    for (int k = 0; k <= num_inputs_; ++k) operands_[k].strides[at] = strides[k][axis];
  }

  /// Moves the index n elements on, in C order.
  void Advance(int64_t* index, int64_t n) const {
    for (int axis = rank_ - 1; axis >= 0 && n > 0; --axis) {
      index[axis] += n;
      if (index[axis] < shape_[axis]) return;
      // Mostly exactly one row is done: no division then.
      n = index[axis] < 2 * shape_[axis] ? 1 : index[axis] / shape_[axis];
      index[axis] -= n * shape_[axis];
    }
  }

  /// Whether n elements from `start` on lie in memory one after the other.
  bool IsDirect(const Operand& operand, const int64_t* start, int64_t n) const {
    const int last = rank_ - 1;
    return operand.contiguous || (operand.strides[last] == 1 && start[last] + n <= shape_[last]);
  }

  const void* Gather(const Operand& operand, const int64_t* start, int64_t n, char* buffer) const {
    const int last = rank_ - 1;
    const int64_t stride = operand.strides[last];
    if (IsDirect(operand, start, n)) return operand.At(start, rank_);
    ForEachRun(start, n, [&](const int64_t* index, int64_t done, int64_t run) {
      const char* from = operand.At(index, rank_);
      char* to = buffer + done * operand.item_bytes;
      if (stride == 0) {
        Fill(from, operand.item_bytes, to, run);
      } else {
        CopyRun(operand.item_bytes, from, stride, to, 1, run);
      }
    });
    return buffer;
  }

  void Scatter(const char* buffer, const Operand& operand, const int64_t* start, int64_t n) const {
    ForEachRun(start, n, [&](const int64_t* index, int64_t done, int64_t run) {
      CopyRun(operand.item_bytes, buffer + done * operand.item_bytes, 1, operand.At(index, rank_),
              operand.strides[rank_ - 1], run);
    });
  }

  /// Calls f(index, elements done, length) for the pieces of rows that n elements from `start` on
  /// consist of.
  template <class F>
  void ForEachRun(const int64_t* start, int64_t n, F f) const {
    int64_t index[kRankMax];
    std::copy_n(start, rank_, index);
    const int last = rank_ - 1;
    for (int64_t done = 0; done < n;) {
      const int64_t run = std::min(n - done, shape_[last] - index[last]);
      f(index, done, run);
      done += run;
      Advance(index, run);
    }
  }

  int rank_ = 0;
  int num_inputs_;
  int64_t shape_[kRankMax];
  Operand operands_[kInputsMax + 1];
};

/// One run over memory as it lies, if every input is contiguous and of the output's size or has a
/// single element, which is repeated into a block.
bool RunAsItLies(Kernel kernel, std::span<const Tensor* const> inputs, const Tensor& output) {
  if (!output.is_contiguous()) return false;
  const int64_t size = output.size();
  bool any_repeats = false;
  for (const Tensor* input : inputs) {
    const bool repeats = input->size() != size;
    if (repeats ? input->size() != 1 : !input->is_contiguous()) return false;
    any_repeats = any_repeats || repeats;
  }
  FlatInput flat[kInputsMax];
  const int num_inputs = static_cast<int>(inputs.size());
  for (int k = 0; k < num_inputs; ++k) {
    flat[k] = {static_cast<const char*>(inputs[k]->data()), tensor::ItemSize(inputs[k]->dtype()),
               inputs[k]->size() != size};
  }
  char* target = static_cast<char*>(output.mutable_data());
  const int64_t target_item_bytes = tensor::ItemSize(output.dtype());
  if (num_inputs == 2 && flat[1].repeats && !flat[0].repeats && size >= kBlock) {
    if (const Kernel by_number = ActiveKernels().ByNumber(kernel)) {
      kernel = by_number;
      flat[1] = {flat[1].data, 0, false};
      any_repeats = false;
    }
  }
  if (!any_repeats) {
    RunFlat(kernel, flat, num_inputs, target, target_item_bytes, size);
    return true;
  }
  int64_t item_bytes = target_item_bytes;
  for (int k = 0; k < num_inputs; ++k) item_bytes = std::max(item_bytes, flat[k].item_bytes);
  const int64_t block = BlockOf(item_bytes);
  BlockBuffer buffers[kInputsMax];
  for (int k = 0; k < num_inputs; ++k) {
    if (!flat[k].repeats) continue;
    Fill(flat[k].data, flat[k].item_bytes, buffers[k].bytes, std::min(size, block));
    flat[k].data = buffers[k].bytes;
  }
  RunFlat(kernel, flat, num_inputs, target, target_item_bytes, size);
  return true;
}

}  // namespace

void RunElementwise(Kernel kernel, std::span<const Tensor* const> inputs, const Tensor& output) {
  if (output.size() == 0) return;
  if (RunAsItLies(kernel, inputs, output)) return;
  Iteration(inputs, output).Run(kernel, output.size());
}

}  // namespace emberharmony::backend::native
