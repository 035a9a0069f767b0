#include "emberharmony/ops/indexing.h"

#include <fmt/format.h>

#include "emberharmony/backend/native/index_mask.h"
#include "emberharmony/backend/native/index_places.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/indexing_plan_internal.h"
#include "emberharmony/ops/operators.h"

namespace emberharmony::ops {
namespace {

/// The bool tensor of an index that is nothing but one of x's own shape, or null.
const Tensor* WholeMask(const Tensor& x, std::span<const Index> index) {
  if (index.size() != 1 || index[0].kind() != Index::Kind::kTensor || !x.defined()) return nullptr;
  const Tensor& mask = index[0].tensor();
  const bool fits = mask.defined() && tensor::IsBool(mask.dtype()) && mask.rank() > 0 &&
                    mask.shape() == x.shape();
  return fits ? &mask : nullptr;
}

/// The integer tensor of an index that is nothing but one, or null.
const Tensor* OnlyIndices(const Tensor& x, std::span<const Index> index) {
  if (index.size() != 1 || index[0].kind() != Index::Kind::kTensor || !x.defined()) return nullptr;
  const Tensor& indices = index[0].tensor();
  const bool fits = indices.defined() && tensor::IsInteger(indices.dtype()) && x.rank() > 0;
  return fits ? &indices : nullptr;
}

backend::native::IndexPlaces PlacesOf(const IndexPlan& plan) {
  return {&plan.rest, plan.num_before, plan.offsets.values<int64_t>()};
}

/// Bool, integer, real, complex: an assignment may only go up.
int KindOrder(DType dtype) {
  if (tensor::IsBool(dtype)) return 0;
  if (tensor::IsInteger(dtype)) return 1;
  return tensor::IsComplex(dtype) ? 3 : 2;
}

/// The value as a tensor of x's dtype.
Tensor ValueFor(const Tensor& x, const Operand& value) {
  if (!value.is_tensor()) {
    if (value.is_none()) {
      throw std::invalid_argument("set_index: expected a value, found an undefined tensor");
    }
    Tensor single = Tensor::Empty(Shape{}, x.dtype());
    value.scalar().Write(x.dtype(), single.mutable_data(), "set_index");
    return single;
  }
  const Tensor& tensor = value.tensor();
  if (!tensor.defined()) {
    throw std::invalid_argument("set_index: expected a value, found an undefined tensor");
  }
  RequireCpu(tensor);
  if (KindOrder(tensor.dtype()) > KindOrder(x.dtype())) {
    throw DTypeError(
        fmt::format("set_index: a {} does not fit into one of dtype {}: convert it with astype",
                    tensor.Describe(), DTypeName(x.dtype())));
  }
  return tensor;
}

/// A view of the value that broadcasts to `shape`.
Tensor FittedTo(Tensor value, const Shape& shape) {
  const Shape found = value.shape();
  while (value.rank() > shape.rank() && value.shape()[0] == 1) value = value.Select(0, 0);
  Shape common = shape;
  if (!tensor::BroadcastInto(&common, value.shape()) || !(common == shape)) {
    throw ShapeError(
        fmt::format("set_index: a value of shape {} does not broadcast to the shape "
                    "{} of what the index selects",
                    found.ToString(), shape.ToString()));
  }
  return value;
}

/// The value in x's dtype, apart from x's memory.
Tensor ConvertedValue(const Tensor& x, const Tensor& value) {
  if (value.dtype() != x.dtype()) return astype(value, x.dtype());
  return tensor::MayShareMemory(value, x) ? value.Copy() : value;
}

/// The value with one element for each of the shape, or a single one for all of them.
Tensor OneEach(const Tensor& value, const Shape& shape) {
  return value.size() == 1 ? value : value.BroadcastTo(shape).Contiguous();
}

/// x[indices] = value, without a list of distances.
void SetElements(const Tensor& x, const Tensor& indices, const Tensor& given) {
  Tensor positions = CheckedIndices("index", indices, x.shape()[0], 0);
  if (tensor::MayShareMemory(positions, x)) positions = positions.Copy();
  Shape shape = positions.shape();
  Shape rest_shape, rest_strides;
  for (int i = 1; i < x.rank(); ++i) {
    shape.Append(x.shape()[i]);
    rest_shape.Append(x.shape()[i]);
    rest_strides.Append(x.strides()[i]);
  }
  const Tensor value = ConvertedValue(x, FittedTo(given, shape));
  const Tensor rest = x.View(rest_shape, rest_strides, x.offset());
  backend::native::ScatterPlaces(
      {&rest, 0, positions.values<int64_t>(), x.shape()[0], x.strides()[0]}, OneEach(value, shape));
}

void CheckWritable(const Tensor& x) {
  if (x.defined()) static_cast<void>(x.mutable_data());
}

}  // namespace

Tensor get_index(const Tensor& x, std::span<const Index> index) {
  if (const Tensor* mask = WholeMask(x, index)) {
    RequireCpu(x);
    RequireCpu(*mask);
    const Tensor truths = mask->Contiguous();
    const Tensor result = Tensor::Empty({backend::native::CountTrue(truths)}, x.dtype());
    if (result.size() > 0) backend::native::SelectTrue(x.Contiguous(), truths, result);
    return result;
  }
  if (const Tensor* indices = OnlyIndices(x, index)) {
    const bool ready = indices->dtype() == DType::kInt64 && indices->is_contiguous();
    const bool on_cpu = x.device() == tensor::kCpuDevice;
    if (x.rank() > 1 || !ready || !on_cpu) return take(x, *indices, 0);
    const Tensor result = Tensor::Empty(indices->shape(), x.dtype());
    if (backend::native::GatherWithin(x, indices->values<int64_t>(), result)) return result;
    CheckedIndices("index", *indices, x.shape()[0], 0);  // throws
  }
  const IndexPlan plan = PlanIndex(x, index);
  if (!plan.has_tensors) return plan.has_integer_tensors ? plan.rest.Copy() : plan.rest;
  RequireCpu(x);
  const Tensor result = Tensor::Empty(plan.result_shape(), x.dtype());
  backend::native::GatherPlaces(PlacesOf(plan), result);
  return result;
}

void internal::WriteIndex(const Tensor& x, std::span<const Index> index, const Operand& operand) {
  CheckWritable(x);
  const Tensor given = x.defined() ? ValueFor(x, operand) : Tensor();
  const Tensor* mask = WholeMask(x, index);
  if (mask != nullptr && x.is_contiguous()) {
    RequireCpu(*mask);
    const Tensor truths = tensor::MayShareMemory(*mask, x) ? mask->Copy() : mask->Contiguous();
    const Shape shape{backend::native::CountTrue(truths)};
    const Tensor value = ConvertedValue(x, FittedTo(given, shape));
    if (shape[0] == 0) return;
    const Tensor values = value.size() == 1 ? value : value.Contiguous();
    backend::native::AssignTrue(x, truths, values);
    return;
  }
  if (const Tensor* indices = OnlyIndices(x, index)) return SetElements(x, *indices, given);
  const IndexPlan plan = PlanIndex(x, index);
  const Shape shape = plan.result_shape();
  const Tensor value = FittedTo(given, shape);
  if (!plan.has_tensors) {
    Tensor part = plan.rest;
    if (part.size() > 0) astype(value.BroadcastTo(shape), x.dtype(), /*copy=*/true, {.out = &part});
    return;
  }
  backend::native::ScatterPlaces(PlacesOf(plan), OneEach(ConvertedValue(x, value), shape));
}

void set_index(Tensor& x, std::span<const Index> index, const Operand& value) {
  Tensor own = x.defined() && x.writable() && tensor::internal::IsShared(x) ? x.Copy() : x;
  internal::WriteIndex(own, index, value);
  x = std::move(own);
}

Tensor index_update(const Tensor& x, std::span<const Index> index, const Operand& value) {
  const Tensor result = x.Copy();
  internal::WriteIndex(result, index, value);
  return result;
}

}  // namespace emberharmony::ops
