// Activation functions and losses.
#include "emberharmony/ops/activations.h"

#include "bindings/function.h"
#include "emberharmony/ops/losses.h"

namespace emberharmony::python {

#define EMBER_ACTIVATION_DOC                                                      \
  "\n"                                                                            \
  "Args:\n"                                                                       \
  "  x: A real tensor of any shape; bool and integers are computed in float64.\n" \
  "\n"                                                                            \
  "Returns:\n"                                                                    \
  "  A tensor of x's shape. NaN gives NaN.\n"                                     \
  "\n"                                                                            \
  "Raises:\n"                                                                     \
  "  TypeError: A complex dtype.\n"

EMBER_FUNCTION(sigmoid, "(x: Tensor, /) -> Tensor",
               "1 / (1 + exp(-x)), accurate for small results too.\n" EMBER_ACTIVATION_DOC) {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::sigmoid(x); });
}

EMBER_FUNCTION(relu, "(x: Tensor, /) -> Tensor",
               R"(The larger of x and 0.

Args:
  x: A real tensor of any shape.

Returns:
  A tensor of x's shape and dtype (of bool: int64). NaN gives NaN.

Raises:
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::relu(x); });
}

EMBER_FUNCTION(softplus, "(x: Tensor, /) -> Tensor",
               "log(1 + exp(x)), without overflow.\n" EMBER_ACTIVATION_DOC) {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::softplus(x); });
}

EMBER_FUNCTION(silu, "(x: Tensor, /) -> Tensor",
               "x sigmoid(x), also called swish.\n" EMBER_ACTIVATION_DOC) {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::silu(x); });
}

EMBER_FUNCTION(softmax, "(x: Tensor, /, axis: int = -1) -> Tensor",
               R"(exp(x) divided by its sum along an axis.

Args:
  x: A real tensor of rank 1 or more; bool and integers are computed in float64.
  axis: The axis along which results add up to 1.

Returns:
  A tensor of x's shape. A row of -inf alone, or with inf or NaN in it, gives NaN.

Raises:
  ValueError: An axis that x does not have.
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int axis = args.axis(1);
  return args.Run([&] { return ops::softmax(x, axis); });
}

EMBER_FUNCTION(log_softmax, "(x: Tensor, /, axis: int = -1) -> Tensor",
               R"(The logarithm of softmax(x, axis), without its underflow.

Args:
  x: A real tensor of rank 1 or more; bool and integers are computed in float64.
  axis: The axis along which the exponentials of the results add up to 1.

Returns:
  A tensor of x's shape.

Raises:
  ValueError: An axis that x does not have.
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int axis = args.axis(1);
  return args.Run([&] { return ops::log_softmax(x, axis); });
}

EMBER_FUNCTION(gelu, "(x: Tensor, /, approximate: str = \"none\") -> Tensor",
               R"(x times the normal distribution function of x.

Args:
  x: A real tensor of any shape; bool and integers are computed in float64.
  approximate: "none", or "tanh" for the approximation by a hyperbolic tangent.

Returns:
  A tensor of x's shape. NaN gives NaN.

Raises:
  ValueError: Another word than those two.
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::string_view approximate = args.text(1);
  return args.Run([&] { return ops::gelu(x, approximate); });
}

EMBER_FUNCTION(elu, "(x: Tensor, /, alpha: float = 1.0) -> Tensor",
               R"(x where it is positive, else alpha (exp(x) - 1).

Args:
  x: A real tensor of any shape; bool and integers are computed in float64.
  alpha: What negative results approach, with the other sign.

Returns:
  A tensor of x's shape. NaN gives NaN.

Raises:
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const double alpha = args.number(1);
  return args.Run([&] { return ops::elu(x, alpha); });
}

EMBER_FUNCTION(leaky_relu, "(x: Tensor, /, negative_slope: float = 0.01) -> Tensor",
               R"(x where it is positive, else negative_slope x.

Args:
  x: A real tensor of any shape; bool and integers are computed in float64.
  negative_slope: What negative elements are multiplied by.

Returns:
  A tensor of x's shape. NaN gives NaN.

Raises:
  TypeError: A complex dtype.
)") {
  const ops::Tensor& x = args.tensor(0);
  const double slope = args.number(1);
  return args.Run([&] { return ops::leaky_relu(x, slope); });
}

#define EMBER_LOSS_PAIR_DOC                                                          \
  "\n"                                                                               \
  "Args:\n"                                                                          \
  "  y_true: The truth, a real tensor; bool and integers are computed in float64.\n" \
  "  y_pred: The prediction, of the same shape, or one of both broadcasts to the other's.\n"
#define EMBER_LOSS_END_DOC                                                                         \
  "  axis: The axes along which the mean is taken; None for all.\n"                                \
  "  keepdims: Whether these axes stay, with length 1.\n"                                          \
  "\n"                                                                                             \
  "Returns:\n"                                                                                     \
  "  A tensor of the common floating-point dtype; without elements NaN.\n"                         \
  "\n"                                                                                             \
  "Raises:\n"                                                                                      \
  "  ValueError: Shapes that do not fit, such as (n,) and (n, 1), or an axis that is not there.\n" \
  "  TypeError: A complex dtype.\n"

namespace {

ops::LossOptions LossOptionsOf(Arguments& args, int axis) {
  return {.axis = args.axes(axis), .keepdims = args.boolean(axis + 1)};
}

}  // namespace

#define EMBER_LOSS(name, doc)                                                                   \
  EMBER_FUNCTION(name,                                                                          \
                 "(y_true: Tensor, y_pred: Tensor, axis: int | tuple[int, ...] | None = None, " \
                 "keepdims: bool = False) -> Tensor",                                           \
                 doc EMBER_LOSS_PAIR_DOC EMBER_LOSS_END_DOC) {                                  \
    const ops::Tensor& y_true = args.tensor(0);                                                 \
    const ops::Tensor& y_pred = args.tensor(1);                                                 \
    const ops::LossOptions options = LossOptionsOf(args, 2);                                    \
    return args.Run([&] { return ops::name(y_true, y_pred, options); });                        \
  }

EMBER_LOSS(mse, "The mean of the squared differences.\n")
EMBER_ALIAS(mean_squared_error, "mse")
EMBER_LOSS(mean_absolute_error, "The mean of the absolute differences.\n")
EMBER_LOSS(log_cosh_loss, "The mean of log(cosh(y_pred - y_true)), without overflow.\n")

EMBER_FUNCTION(huber_loss,
               "(y_true: Tensor, y_pred: Tensor, delta: float = 1.0, "
               "axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor",
               "The mean of Huber's loss: half the squared difference e up to |e| = delta, then\n"
               "delta |e| - delta**2 / 2.\n" EMBER_LOSS_PAIR_DOC
               "  delta: Where the loss becomes linear, above 0.\n" EMBER_LOSS_END_DOC) {
  const ops::Tensor& y_true = args.tensor(0);
  const ops::Tensor& y_pred = args.tensor(1);
  const double delta = args.number(2);
  const ops::LossOptions options = LossOptionsOf(args, 3);
  return args.Run([&] { return ops::huber_loss(y_true, y_pred, delta, options); });
}

#define EMBER_CROSSENTROPY(name, doc)                                                            \
  EMBER_FUNCTION(name,                                                                           \
                 "(y_true: Tensor, y_pred: Tensor, from_logits: bool = False, "                  \
                 "axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor", \
                 doc EMBER_LOSS_END_DOC) {                                                       \
    const ops::Tensor& y_true = args.tensor(0);                                                  \
    const ops::Tensor& y_pred = args.tensor(1);                                                  \
    const bool from_logits = args.boolean(2);                                                    \
    const ops::LossOptions options = LossOptionsOf(args, 3);                                     \
    return args.Run([&] { return ops::name(y_true, y_pred, from_logits, options); });            \
  }

EMBER_CROSSENTROPY(
    binary_crossentropy,
    "The mean of -(y_true log(p) + (1 - y_true) log(1 - p)).\n" EMBER_LOSS_PAIR_DOC
    "  from_logits: Whether y_pred holds logits, of which p is the sigmoid; else it is p, limited\n"
    "    to [1e-7, 1 - 1e-7].\n")

EMBER_CROSSENTROPY(
    categorical_crossentropy,
    "The mean of -sum(y_true log(p)) over classes, which are the last axis.\n"
    "\n"
    "Args:\n"
    "  y_true: The true probabilities, a real tensor of y_pred's shape.\n"
    "  y_pred: The predicted ones, which are divided by their sum and limited to [1e-7, 1 - "
    "1e-7].\n"
    "  from_logits: Whether y_pred holds logits, of which p is the softmax, instead.\n")

EMBER_CROSSENTROPY(
    sparse_categorical_crossentropy,
    "The mean of -log(p) of the true class; the classes are the last axis of y_pred.\n"
    "\n"
    "Args:\n"
    "  y_true: The true classes, whole numbers from 0 on (IndexError if y_pred lacks one), of\n"
    "    y_pred's shape without its last axis, or with it of length 1.\n"
    "  y_pred: The predicted probabilities, which are divided by their sum and limited to\n"
    "    [1e-7, 1 - 1e-7].\n"
    "  from_logits: Whether y_pred holds logits, of which p is the softmax, instead.\n")

}  // namespace emberharmony::python
