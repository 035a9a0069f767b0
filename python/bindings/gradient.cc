// Derivatives of sampled values.
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {

EMBER_FUNCTION(gradient,
               "(f: Tensor, *spacing: Tensor | Number, axis: int | tuple[int, ...] | None = None, "
               "edge_order: int = 1) -> Tensor | tuple[Tensor, ...]",
               R"(The derivatives of sampled values along axes, as numpy.gradient.

Args:
  f: Values at points: a tensor of any shape.
  spacing: The distance of the points or their coordinates: one for all axes, or one for each; 1 if
    left out.
  axis: The axis or axes; None for all of them.
  edge_order: 1 or 2: the order of the error at the first and last point.

Returns:
  A tensor of the shape of f for each axis: in a tuple, unless it is one.

Raises:
  ValueError: An axis with fewer than edge_order + 1 points, another number of coordinates than
    points or of spacings than axes.
  TypeError: Complex spacing.
)") {
  const ops::Tensor& f = args.tensor(0);
  const std::vector<ops::Tensor> spacing = args.rest_tensors();
  const ops::GradientOptions options{args.axes(1), static_cast<int>(args.axis(2))};
  std::vector<ops::Tensor> derivatives = ops::gradient(f, spacing, options);
  if (derivatives.size() == 1) return ToPython(std::move(derivatives[0]));
  return ToPython(std::move(derivatives));
}

}  // namespace emberharmony::python
