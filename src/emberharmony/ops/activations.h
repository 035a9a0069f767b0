#pragma once

#include <string_view>

#include "emberharmony/ops/operand.h"

/// Activation functions of neural networks. Real tensors of any shape; bool and integers are
/// computed in float64 (relu: as they are), floating point in its own dtype. Complex tensors throw
/// DTypeError. NaN gives NaN. No intermediate overflows or cancels where the result does not, but
/// for gelu of large negative numbers, which is within an ulp of x of its value.
namespace emberharmony::ops {

/// 1 / (1 + exp(-x)), as exp(x) / (1 + exp(x)) where x is negative, so that small results keep
/// their accuracy.
Tensor sigmoid(const Tensor& x);
/// The larger of x and 0. Any real dtype (bool: int64); the result has it.
Tensor relu(const Tensor& x);
/// exp(x) divided by its sum along `axis` (ShapeError if there is none), computed relative to the
/// largest element. A row of -inf alone, or with inf or NaN in it, gives NaN.
Tensor softmax(const Tensor& x, int axis = -1);
/// log(softmax(x)), without its underflow.
Tensor log_softmax(const Tensor& x, int axis = -1);
/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)).
Tensor softplus(const Tensor& x);
/// x Phi(x), with Phi the normal distribution function (Hendrycks and Gimpel 2016): (1 + erf(x /
/// sqrt(2))) / 2, or by `approximate` "tanh" instead of "none" (1 + tanh(sqrt(2 / pi) (x + 0.044715
/// x^3))) / 2. Throws std::invalid_argument for another word.
Tensor gelu(const Tensor& x, std::string_view approximate = "none");
/// x sigmoid(x), also called swish.
Tensor silu(const Tensor& x);
/// x where it is positive, else alpha (exp(x) - 1).
Tensor elu(const Tensor& x, double alpha = 1.0);
/// x where it is positive, else negative_slope x.
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);

}  // namespace emberharmony::ops
