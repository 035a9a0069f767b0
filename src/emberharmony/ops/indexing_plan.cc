#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "emberharmony/backend/native/index_mask.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/indexing_plan_internal.h"

namespace emberharmony::ops {
namespace {

bool IsIntegerTensor(const Index& part) {
  return part.kind() == Index::Kind::kTensor && part.tensor().rank() == 0 &&
         tensor::IsInteger(part.tensor().dtype());
}

/// Whether the part is one of the tensors that broadcast; integers count only beside others.
bool IsTensor(const Index& part) {
  return part.kind() == Index::Kind::kBool ||
         (part.kind() == Index::Kind::kTensor && !IsIntegerTensor(part));
}

/// The axes of x that a part uses up.
int AxesUsed(const Index& part) {
  switch (part.kind()) {
    case Index::Kind::kInteger:
    case Index::Kind::kSlice:
      return 1;
    case Index::Kind::kTensor:
      return tensor::IsBool(part.tensor().dtype()) ? part.tensor().rank() : 1;
    default:
      return 0;
  }
}

void CheckIndexTensor(const Tensor& indices) {
  if (!indices.defined()) throw std::invalid_argument("index: a tensor is undefined");
  if (!tensor::IsBool(indices.dtype()) && !tensor::IsInteger(indices.dtype())) {
    throw IndexError(fmt::format("index: expected tensors of an integer dtype or bool, found a {}",
                                 indices.Describe()));
  }
}

/// Goes through the parts of an index from left to right.
class Planner {
 public:
  Planner(const Tensor& x, std::span<const Index> index) : x_(x), offset_(x.offset()) {
    int used = 0;
    int num_ellipses = 0;
    for (const Index& part : index) {
      if (part.kind() == Index::Kind::kTensor) CheckIndexTensor(part.tensor());
      used += AxesUsed(part);
      num_ellipses += part.kind() == Index::Kind::kEllipsis;
      plan_.has_tensors = plan_.has_tensors || IsTensor(part);
    }
    if (num_ellipses > 1) throw IndexError("index: expected at most one ellipsis, found several");
    if (used > x.rank()) {
      throw IndexError(fmt::format("index: a {} has {} axes, found an index for {}", x.Describe(),
                                   x.rank(), used));
    }
    hidden_axes_ = x.rank() - used;
    for (const Index& part : index) Add(part);
    if (num_ellipses == 0) AddHiddenAxes();
  }

  IndexPlan Finish() {
    plan_.rest = x_.View(std::move(shape_), std::move(strides_), offset_);
    if (plan_.has_tensors) {
      if (block_state_ == BlockState::kInterrupted) plan_.num_before = 0;
      plan_.offsets = SumOfOffsets();
    }
    return std::move(plan_);
  }

 private:
  /// How the tensors stand in the index: none yet, side by side so far, something after them,
  /// something between them.
  enum class BlockState : uint8_t { kNone, kOpen, kClosed, kInterrupted };

  void Add(const Index& part) {
    if (IsTensor(part) || (plan_.has_tensors && AxesUsed(part) == 1 && !IsSlice(part))) {
      OpenBlock();
    } else if (block_state_ == BlockState::kOpen) {
      block_state_ = BlockState::kClosed;
    }
    switch (part.kind()) {
      case Index::Kind::kInteger:
        return AddInteger(part.integer());
      case Index::Kind::kSlice:
        return AddSlice(part.slice());
      case Index::Kind::kEllipsis:
        return AddHiddenAxes();
      case Index::Kind::kNewAxis:
        shape_.Append(1);
        return strides_.Append(0);
      case Index::Kind::kBool:
        return offsets_.push_back(Tensor::FromValues<int64_t>(
            std::span<const int64_t>(&kZero, part.integer() != 0 ? 1 : 0)));
      case Index::Kind::kTensor:
        break;
    }
    if (IsIntegerTensor(part)) {
      plan_.has_integer_tensors = true;
      const Tensor index = CheckedIndices("index", part.tensor(), x_.shape()[axis_], axis_);
      AddInteger(*index.data_as<int64_t>());
    } else if (tensor::IsBool(part.tensor().dtype())) {
      AddMask(part.tensor());
    } else {
      AddIndices(part.tensor());
    }
  }

  static bool IsSlice(const Index& part) { return part.kind() == Index::Kind::kSlice; }

  void OpenBlock() {
    if (block_state_ == BlockState::kNone) {
      plan_.num_before = shape_.rank();
      block_state_ = BlockState::kOpen;
    } else if (block_state_ == BlockState::kClosed) {
      block_state_ = BlockState::kInterrupted;
    }
  }

  void AddInteger(int64_t index) {
    offset_ += CheckedPosition(index, x_.shape()[axis_], axis_) * x_.strides()[axis_];
    ++axis_;
  }

  void AddSlice(const Slice& slice) {
    const int64_t length = x_.shape()[axis_];
    const SlicedAxis sliced = Resolve(slice, length);
    shape_.Append(sliced.count);
    // One element has no next one, whose distance could overflow.
    strides_.Append(sliced.count > 1 ? x_.strides()[axis_] * sliced.step : x_.strides()[axis_]);
    if (sliced.count > 0) offset_ += sliced.start * x_.strides()[axis_];
    ++axis_;
  }

  void AddHiddenAxes() {
    for (int i = 0; i < hidden_axes_; ++i, ++axis_) {
      shape_.Append(x_.shape()[axis_]);
      strides_.Append(x_.strides()[axis_]);
    }
  }

  void AddIndices(const Tensor& indices) {
    const int64_t length = x_.shape()[axis_];
    const int64_t stride = x_.strides()[axis_];
    const Tensor positions = CheckedIndices("index", indices, length, axis_);
    Tensor offsets = Tensor::Empty(positions.shape(), DType::kInt64);
    const int64_t* from = positions.data_as<int64_t>();
    int64_t* to = offsets.mutable_data_as<int64_t>();
    for (int64_t i = 0; i < offsets.size(); ++i) {
      to[i] = (from[i] + (from[i] < 0 ? length : 0)) * stride;
    }
    offsets_.push_back(std::move(offsets));
    ++axis_;
  }

  void AddMask(const Tensor& mask) {
    RequireCpu(mask);
    Shape strides;
    for (int i = 0; i < mask.rank(); ++i, ++axis_) {
      // One of length 0, which selects nothing, fits every axis: so the array API standard has it.
      if (mask.shape()[i] != x_.shape()[axis_] && mask.shape()[i] != 0) {
        throw IndexError(
            fmt::format("index: a bool tensor selects along as many axes as it has, which must be "
                        "as long: axis {} of the {} has length {}, axis {} of the bool tensor {}",
                        axis_, x_.Describe(), x_.shape()[axis_], i, mask.shape()[i]));
      }
      strides.Append(x_.strides()[axis_]);
    }
    const Tensor truths = mask.Contiguous();
    Tensor offsets = Tensor::Empty({backend::native::CountTrue(truths)}, DType::kInt64);
    backend::native::OffsetsOfTrue(truths, strides, offsets);
    offsets_.push_back(std::move(offsets));
  }

  /// The tensors' offsets, broadcast and added.
  Tensor SumOfOffsets() const {
    Tensor sum = offsets_[0];
    for (size_t i = 1; i < offsets_.size(); ++i) {
      Shape common = sum.shape();
      if (!tensor::BroadcastInto(&common, offsets_[i].shape())) {
        throw IndexError(fmt::format(
            "index: tensors of shapes {} and {} (bool ones counted by what is true) do not "
            "broadcast",
            sum.shape().ToString(), offsets_[i].shape().ToString()));
      }
      sum = add(sum, offsets_[i]);
    }
    return sum;
  }

  static constexpr int64_t kZero = 0;

  struct SlicedAxis {
    int64_t start, step, count;
  };
  static SlicedAxis Resolve(const Slice& slice, int64_t length);

  const Tensor& x_;
  IndexPlan plan_;
  int hidden_axes_ = 0;  // what an ellipsis stands for
  int axis_ = 0;         // the next one of x
  Shape shape_, strides_;
  int64_t offset_;
  std::vector<Tensor> offsets_;
  BlockState block_state_ = BlockState::kNone;
};

/// Python's slice.indices().
Planner::SlicedAxis Planner::Resolve(const Slice& slice, int64_t length) {
  const int64_t step = slice.step.value_or(1);
  if (step == 0) throw ShapeError("index: the step of a slice must not be 0");
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? length : length - 1;
  const auto clip = [&](int64_t at) {
    if (at < 0) at = std::max(at + length, low);
    return std::min(at, high);
  };
  const int64_t start = slice.start ? clip(*slice.start) : (step > 0 ? low : high);
  const int64_t stop = slice.stop ? clip(*slice.stop) : (step > 0 ? high : low);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : -static_cast<uint64_t>(step);
  const int64_t distance = step > 0 ? stop - start : start - stop;
  const int64_t count =
      distance > 0 ? static_cast<int64_t>((static_cast<uint64_t>(distance) - 1) / stride) + 1 : 0;
  return {start, step, count};
}

}  // namespace

Shape IndexPlan::result_shape() const {
  if (!has_tensors) return rest.shape();
  Shape shape;
  for (int i = 0; i < num_before; ++i) shape.Append(rest.shape()[i]);
  for (int64_t dim : offsets.shape()) shape.Append(dim);
  for (int i = num_before; i < rest.rank(); ++i) shape.Append(rest.shape()[i]);
  return shape;
}

int64_t CheckedPosition(int64_t index, int64_t length, int axis) {
  if (index < -length || index >= length) {
    throw IndexError(
        fmt::format("index {} is out of bounds for axis {} with size {}", index, axis, length));
  }
  return index < 0 ? index + length : index;
}

Tensor CheckedIndices(const char* function, const Tensor& indices, int64_t length, int axis) {
  if (!indices.defined() || !tensor::IsInteger(indices.dtype())) {
    throw DTypeError(fmt::format("{}: expected indices of an integer dtype, found a {}", function,
                                 indices.Describe()));
  }
  if (indices.device() != tensor::kCpuDevice) {
    return CheckedIndices(function, backend::CopyToHost(indices), length, axis);
  }
  // Huge numbers of uint64 become negative.
  const bool ready = indices.dtype() == DType::kInt64 && indices.is_contiguous();
  const Tensor positions =
      ready ? indices : astype(indices.Contiguous(), DType::kInt64, /*copy=*/false);
  const bool was_unsigned = tensor::IsUnsignedInteger(indices.dtype());
  RequireCpu(positions);
  const int64_t* values = positions.data_as<int64_t>();
  const int64_t low = was_unsigned ? 0 : -length;
  bool outside = false;
  for (int64_t i = 0; i < positions.size(); ++i) {
    outside |= (values[i] < low) | (values[i] >= length);
  }
  if (!outside) return positions;
  for (int64_t i = 0; i < positions.size(); ++i) {
    if (values[i] >= low && values[i] < length) continue;
    const std::string found = was_unsigned ? fmt::format("{}", static_cast<uint64_t>(values[i]))
                                           : fmt::format("{}", values[i]);
    throw IndexError(
        fmt::format("index {} is out of bounds for axis {} with size {}", found, axis, length));
  }
  return positions;
}

IndexPlan PlanIndex(const Tensor& x, std::span<const Index> index) {
  if (!x.defined()) throw std::invalid_argument("index: expected a tensor, found an undefined one");
  return Planner(x, index).Finish();
}

}  // namespace emberharmony::ops
