// Elements combined at positions along an axis.
#include <complex>

#include "emberharmony/backend/native/index_axes.h"
#include "emberharmony/backend/native/operation_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

bool SupportsScatter(std::span<const DType> dtypes) {
  return dtypes[1] == DType::kInt64 && dtypes[0] == dtypes[2];
}

struct Set {
  template <class T>
  static T Do(T, T update) {
    return update;
  }
};
/// Integers wrap around: in unsigned arithmetic nothing overflows.
struct Add {
  template <class T>
  static T Do(T there, T update) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<uint64_t>(there) + static_cast<uint64_t>(update));
    } else {
      return there + update;
    }
  }
};
struct Multiply {
  template <class T>
  static T Do(T there, T update) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<uint64_t>(there) * static_cast<uint64_t>(update));
    } else {
      return there * update;
    }
  }
};
struct Min {
  template <class T>
  static T Do(T there, T update) {
    // A NaN is kept or taken over: it equals nothing.
    return update < there || update != update ? update : there;
  }
};
struct Max {
  template <class T>
  static T Do(T there, T update) {
    return update > there || update != update ? update : there;
  }
};

/// One row along the last axis of the updates.
struct RowSteps {
  int64_t length;
  int64_t target;  // 0 where the last axis is the one scattered along
  int64_t position;
  int64_t update;
};

template <class F, class T>
void ScatterRow(const RowSteps& steps, int64_t axis_length, int64_t pick, const int64_t* positions,
                const T* updates, T* target) {
  const auto offset_of = [&](int64_t position) {
    return (position + (position < 0 ? axis_length : 0)) * pick;
  };
  if (steps.position == 0) {
    // The whole row goes to one place.
    T* row = target + offset_of(*positions);
    for (int64_t k = 0; k < steps.length; ++k) {
      T& there = row[k * steps.target];
      there = F::Do(there, updates[k * steps.update]);
    }
    return;
  }
  for (int64_t k = 0; k < steps.length; ++k) {
    T& there = target[k * steps.target + offset_of(positions[k * steps.position])];
    there = F::Do(there, updates[k * steps.update]);
  }
}

template <class F, class T>
void ScatterRows(const Tensor& positions, const Tensor& updates, int axis, const Tensor& to) {
  const int last = to.rank() - 1;
  IndexAxes target_axes, position_axes, update_axes;
  for (int i = 0; i < last; ++i) {
    const int64_t length = updates.shape()[i];
    target_axes.lengths[i] = position_axes.lengths[i] = update_axes.lengths[i] = length;
    target_axes.strides[i] = i == axis ? 0 : to.strides()[i];
    position_axes.strides[i] = positions.strides()[i];
    update_axes.strides[i] = updates.strides()[i];
  }
  target_axes.rank = position_axes.rank = update_axes.rank = last;
  const RowSteps steps{updates.shape()[last], axis == last ? 0 : to.strides()[last],
                       positions.strides()[last], updates.strides()[last]};
  IndexWalk target(target_axes), position(position_axes), update(update_axes);
  for (; !target.done(); target.Next(), position.Next(), update.Next()) {
    ScatterRow<F, T>(steps, to.shape()[axis], to.strides()[axis],
                     positions.data_as<int64_t>() + position.offset(),
                     updates.data_as<T>() + update.offset(),
                     to.mutable_data_as<T>() + target.offset());
  }
}

template <class F>
void ScatterNumbers(const Tensor& positions, const Tensor& updates, int axis, const Tensor& to) {
  tensor::VisitAny(to.dtype(), [&](auto tag) {
    ScatterRows<F, typename decltype(tag)::type>(positions, updates, axis, to);
  });
}

template <class F>
void ScatterReals(const Tensor& positions, const Tensor& updates, int axis, const Tensor& to) {
  tensor::VisitReal(to.dtype(), [&](auto tag) {
    ScatterRows<F, typename decltype(tag)::type>(positions, updates, axis, to);
  });
}

/// Inputs: what is there before (of the output's shape), positions along kAxis in [-length,
/// length), and the updates, of one shape, whose other axes are the output's.
void Scatter(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor& to = *outputs[0];
  tensor::CopyElements(*inputs[0], to);
  const Tensor& positions = *inputs[1];
  const Tensor& updates = *inputs[2];
  if (updates.size() == 0) return;
  const int axis = static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, 0));
  switch (static_cast<ScatterCombine>(IntegerOr(attributes, AttributeKey::kCombine, 0))) {
    case ScatterCombine::kSet:
      return ScatterNumbers<Set>(positions, updates, axis, to);
    case ScatterCombine::kAdd:
      return ScatterNumbers<Add>(positions, updates, axis, to);
    case ScatterCombine::kMultiply:
      return ScatterNumbers<Multiply>(positions, updates, axis, to);
    case ScatterCombine::kMin:
      return ScatterReals<Min>(positions, updates, axis, to);
    case ScatterCombine::kMax:
      return ScatterReals<Max>(positions, updates, axis, to);
  }
}

const bool scatter_registered = RegisterOperation(Op::kScatter, {&SupportsScatter, &Scatter});

}  // namespace
}  // namespace emberharmony::backend::native
