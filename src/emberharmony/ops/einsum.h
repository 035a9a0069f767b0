#pragma once

#include <span>
#include <string_view>

#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// NumPy's einsum: sums of products by the names of axes. `subscripts` names each axis of each
/// operand by a letter, operands separated by commas, then "->" and the axes of the result; blanks
/// are ignored. Letters that are missing in the result are summed over; a letter that occurs twice
/// in an operand takes its diagonal; "..." stands for axes without a name, which broadcast. Without
/// "->" the result has the nameless axes, then the letters that occur once, in alphabetical order.
///
///   einsum("ij,jk->ik", {a, b})   matmul       einsum("ii", {a})    trace
///   einsum("bi,bj->bij", {a, b})  outer products of a stack
///
/// Operands are multiplied from left to right, two at a time, as stacks of matrices. Numeric
/// dtypes, which are promoted; integers wrap around. Throws std::invalid_argument for subscripts
/// that cannot be read, ShapeError where they do not fit the shapes or axes of one letter differ in
/// length (1 broadcasts), DTypeError for bool.
Tensor einsum(std::string_view subscripts, std::span<const Tensor> operands);

}  // namespace emberharmony::ops
