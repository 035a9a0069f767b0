#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Functions that rearrange elements: those of the Array API standard 2025.12 and NumPy's. Views
/// where nothing has to move. Negative axes count from the back. Shapes and axes that do not fit
/// throw ShapeError, dtypes without a common one DTypeError, a result beyond memory
/// OutOfMemoryError. All functions are thread-safe.
namespace emberharmony::ops {

// Shapes.

/// The elements in C order in another shape, of which one dimension may be -1 (inferred). `copy`
/// absent: a view where the strides allow, else a copy; true: always a copy; false: always a view
/// (else ShapeError).
Tensor reshape(const Tensor& x, const Shape& shape, std::optional<bool> copy = std::nullopt);
/// Rank 1: ravel is a view where the strides allow, flatten always a copy.
Tensor ravel(const Tensor& x);
Tensor flatten(const Tensor& x);
/// The shape that all of them broadcast to.
Shape broadcast_shapes(std::span<const Shape> shapes);
/// A read-only view repeated to `shape`.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
/// Each as a read-only view of the shape that all of them broadcast to.
std::vector<Tensor> broadcast_arrays(std::span<const Tensor> tensors);
/// A view with new axes of length 1 at these places of the result, which differ.
Tensor expand_dims(const Tensor& x, int axis = 0);
Tensor expand_dims(const Tensor& x, std::span<const int> axes);
/// A view without these axes, whose lengths are 1; without any axis of length 1 if none are given.
Tensor squeeze(const Tensor& x, std::optional<std::vector<int>> axes = std::nullopt);

// Order of axes and elements. Views but for roll.

/// Axis i of the result is axis axes[i] of x.
Tensor permute_dims(const Tensor& x, std::span<const int> axes);
/// The same; without axes all are reversed.
Tensor transpose(const Tensor& x, std::optional<std::vector<int>> axes = std::nullopt);
/// The last two axes swapped.
Tensor matrix_transpose(const Tensor& x);
Tensor swapaxes(const Tensor& x, int axis1, int axis2);
/// The axes `source` at the places `destination` of the result, the others in order.
Tensor moveaxis(const Tensor& x, std::span<const int> source, std::span<const int> destination);
/// Reversed along these axes (all if none are given).
Tensor flip(const Tensor& x, std::optional<std::vector<int>> axes = std::nullopt);
/// Each element moved `shift` places on along its axis, round the end. One shift for every axis, or
/// one for all; without axes the flattened elements are moved.
Tensor roll(const Tensor& x, std::span<const int64_t> shift,
            std::optional<std::vector<int>> axes = std::nullopt);

// Joining and dividing.

/// The tensors one after the other along `axis`, alike but for its length; without an axis each is
/// flattened first. The dtype is the one they promote to.
Tensor concat(std::span<const Tensor> tensors, std::optional<int> axis = 0);
/// The tensors, of one shape, along a new axis.
Tensor stack(std::span<const Tensor> tensors, int axis = 0);
/// Along axis 0 after rank 0 and 1 became one row.
Tensor vstack(std::span<const Tensor> tensors);
/// Along axis 1, of rank 0 and 1 along axis 0.
Tensor hstack(std::span<const Tensor> tensors);
/// Along axis 2, after rank 1 became (1, n, 1) and rank 2 (m, n, 1).
Tensor dstack(std::span<const Tensor> tensors);
/// The parts along `axis`, which goes: views.
std::vector<Tensor> unstack(const Tensor& x, int axis = 0);
/// `num_sections` views along `axis` whose lengths differ by at most one, longer ones first (as
/// numpy.array_split).
std::vector<Tensor> split(const Tensor& x, int64_t num_sections, int axis = 0);
/// Views along `axis` that begin at 0 and at each of `indices`, with a slice's rules (as
/// numpy.split).
std::vector<Tensor> split(const Tensor& x, std::span<const int64_t> indices, int axis = 0);

// Repeating.

/// x repeated reps[i] times along axis i. Missing repetitions, or axes of x, are ones in front.
Tensor tile(const Tensor& x, std::span<const int64_t> reps);
/// Each element along `axis` `repeats` times in a row; without an axis of the flattened elements.
Tensor repeat(const Tensor& x, int64_t repeats, std::optional<int> axis = std::nullopt);
/// The i-th along the axis repeats[i] times: an integer tensor of rank 1 with the axis' length (or
/// 1, or of rank 0), none negative.
Tensor repeat(const Tensor& x, const Tensor& repeats, std::optional<int> axis = std::nullopt);

// Edges and windows.

/// What pad fills with: a constant; the edge's element; the elements mirrored at the edge, without
/// the edge's (reflect) or with it (symmetric); the elements of the other end (wrap).
enum class PadMode : uint8_t { kConstant, kEdge, kReflect, kSymmetric, kWrap };
/// The mode named "constant", "edge", "reflect", "symmetric" or "wrap"; throws
/// std::invalid_argument.
PadMode ParsePadMode(std::string_view name);
/// x with widths[i] = {before, after} further elements along axis i (a single pair: along every
/// axis). Modes other than constant need an element along each axis that they pad.
Tensor pad(const Tensor& x, std::span<const std::pair<int64_t, int64_t>> widths,
           PadMode mode = PadMode::kConstant, Scalar constant_value = 0);
/// A read-only view of every window of these lengths along `axes` (all axes if none are given): the
/// axes then count windows, and new axes at the end go through each (as
/// numpy.lib.stride_tricks.sliding_window_view).
Tensor sliding_window_view(const Tensor& x, std::span<const int64_t> window_shape,
                           std::optional<std::vector<int>> axes = std::nullopt);
/// A read-only view of the windows of `window_size` elements that begin at 0, step, 2 * step, ...
/// along `axis`: the axis then counts windows, and a new axis behind it goes through each. Of rows,
/// (n, features), it gives (windows, window_size, features).
Tensor sliding_window(const Tensor& x, int64_t window_size, int64_t step = 1, int axis = 0);

}  // namespace emberharmony::ops
