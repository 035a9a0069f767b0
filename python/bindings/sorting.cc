#include "bindings/arguments.h"
#include "bindings/function.h"
#include "bindings/results.h"
#include "emberharmony/base/shortened.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// An operand as a tensor: a number takes the dtype of the other operand if that can hold it.
ops::Tensor PairedTensor(const ops::Operand& operand, const ops::Operand& other) {
  if (operand.is_tensor()) return operand.tensor();
  if (other.is_tensor()) {
    try {
      return ops::full({}, operand.scalar(), other.tensor().dtype());
    } catch (const ops::DTypeError&) {
      // It has a dtype of its own then.
    }
  }
  return ops::full({}, operand.scalar());
}

}  // namespace

EMBER_FUNCTION(
    sort,
    "(x: Tensor, /, *, axis: int | None = -1, descending: bool = False, stable: bool = True) -> "
    "Tensor",
    R"(The elements in order along an axis.

NaN comes last in both directions. Equal elements, among them -0 and +0, keep their order.

Args:
  x: A tensor of rank 1 or more, of a real dtype or bool.
  axis: The axis to sort along; None for all elements, counted in C order, as one row.
  descending: From large to small.
  stable: Whether equal elements must keep their order; they do anyway.

Returns:
  A tensor of the shape of x (or of rank 1) and its dtype.

Raises:
  ValueError: An axis that x does not have.
  TypeError: Complex elements, which have no order.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<int> axis = args.optional_axis(1);
  const ops::SortOptions options{
      .axis = axis.value_or(-1), .descending = args.boolean(2), .stable = args.boolean(3)};
  return args.Run([&] { return ops::sort(axis ? x : ops::reshape(x, {-1}), options); });
}

EMBER_FUNCTION(
    argsort,
    "(x: Tensor, /, *, axis: int | None = -1, descending: bool = False, stable: bool = True) -> "
    "Tensor",
    R"(The positions at which the elements of sort(x) stand in x.

NaN comes last in both directions. Equal elements, among them -0 and +0, keep their order.

Args:
  x: A tensor of rank 1 or more, of a real dtype or bool.
  axis: The axis to sort along; None for all elements, counted in C order, as one row.
  descending: From large to small.
  stable: Whether equal elements must keep their order; they do anyway.

Returns:
  A tensor of the shape of x (or of rank 1), int64.

Raises:
  ValueError: An axis that x does not have.
  TypeError: Complex elements, which have no order.
)") {
  const ops::Tensor& x = args.tensor(0);
  const std::optional<int> axis = args.optional_axis(1);
  const ops::SortOptions options{
      .axis = axis.value_or(-1), .descending = args.boolean(2), .stable = args.boolean(3)};
  return args.Run([&] { return ops::argsort(axis ? x : ops::reshape(x, {-1}), options); });
}

static NamedTuple kTopK("TopKResult", {"values", "indices"});

EMBER_FUNCTION(topk,
               "(x: Tensor, k: int, /, *, axis: int = -1, largest: bool = True) -> TopKResult",
               R"(The k largest, or smallest, elements along an axis, the best first.

They are the first k of sort(x, descending=largest): NaN comes last, equal elements keep their
order.

Args:
  x: A tensor of rank 1 or more, of a real dtype or bool.
  k: How many, at most the length of the axis.
  axis: The axis to work along.
  largest: False for the smallest elements.

Returns:
  A named tuple: values, and indices (int64), where they stand along the axis.

Raises:
  ValueError: An axis that x does not have, or a k that is not within its length.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const int64_t k = args.integer(1);
  const int axis = args.axis(2);
  const bool largest = args.boolean(3);
  return args.Run([&] {
    ops::TopK found = ops::topk(x, k, axis, largest);
    return NamedTensors{&kTopK, {found.values, found.indices}};
  });
}

EMBER_FUNCTION(argmax,
               "(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor",
               R"(The position of the first largest element, or of the first NaN if there is one.

Args:
  x: A tensor of a real dtype or bool.
  axis: The axis to search along; None for all elements, counted in C order.
  keepdims: Whether the searched axes stay, with length 1.

Returns:
  An int64 tensor.

Raises:
  ValueError: An axis that x does not have, or no element along it.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ArgOptions options{.axis = args.optional_axis(1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::argmax(x, options); });
}

EMBER_FUNCTION(argmin,
               "(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor",
               R"(The position of the first smallest element, or of the first NaN if there is one.

Args:
  x: A tensor of a real dtype or bool.
  axis: The axis to search along; None for all elements, counted in C order.
  keepdims: Whether the searched axes stay, with length 1.

Returns:
  An int64 tensor.

Raises:
  ValueError: An axis that x does not have, or no element along it.
  TypeError: Complex elements.
)") {
  const ops::Tensor& x = args.tensor(0);
  const ops::ArgOptions options{.axis = args.optional_axis(1), .keepdims = args.boolean(2)};
  return args.Run([&] { return ops::argmin(x, options); });
}

EMBER_FUNCTION(nonzero, "(x: Tensor, /) -> tuple[Tensor, ...]",
               R"(The indices of the elements that are not zero (NaN is not), in C order.

Args:
  x: A tensor of rank 1 or more, of any dtype.

Returns:
  An int64 tensor of rank 1 per dimension of x.

Raises:
  ValueError: A tensor of rank 0.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::nonzero(x); });
}

EMBER_FUNCTION(searchsorted,
               "(x1: Tensor, x2: Tensor | Number, /, *, side: str = 'left', sorter: Tensor | None "
               "= None) -> Tensor",
               R"(The places at which the elements of x2 would keep x1 sorted.

Args:
  x1: A tensor of rank 1, of a real dtype, that ascends (or x1[sorter] does), NaN last.
  x2: A tensor of any shape, or a number.
  side: "left" for the place before equal elements, "right" for the one behind them.
  sorter: Integers that sort x1, as argsort gives them.

Returns:
  An int64 tensor of the shape of x2.

Raises:
  ValueError: Another side, an x1 that is not of rank 1, a sorter that does not fit it.
  TypeError: Complex elements, dtypes that have no common one.
)") {
  const ops::Operand x1 = args.operand(0);
  const ops::Operand x2 = args.operand(1);
  const ops::Tensor sorted = PairedTensor(x1, x2);
  const ops::Tensor wanted = PairedTensor(x2, x1);
  const std::string_view side = args.text(2);
  const ops::Tensor* sorter = args.optional_tensor(3);
  if (side != "left" && side != "right") {
    throw std::invalid_argument("searchsorted: expected a side of 'left' or 'right', found '" +
                                base::Shortened(side) + "'");
  }
  const ops::Side at = side == "left" ? ops::Side::kLeft : ops::Side::kRight;
  args.AddWork(wanted.size());
  return args.Run([&] { return ops::searchsorted(sorted, wanted, at, sorter); });
}

static NamedTuple kUniqueAll("UniqueAllResult", {"values", "indices", "inverse_indices", "counts"});
static NamedTuple kUniqueCounts("UniqueCountsResult", {"values", "counts"});
static NamedTuple kUniqueInverse("UniqueInverseResult", {"values", "inverse_indices"});

EMBER_FUNCTION(unique_all, "(x: Tensor, /) -> UniqueAllResult",
               R"(The different elements, where they stand and how often.

Args:
  x: A tensor of any shape and dtype.

Returns:
  A named tuple: values (of rank 1), indices (int64, where each first stands in x), inverse_indices
  (int64, of the shape of x: values[inverse_indices] is x), counts (int64).

Every NaN is a value of its own; -0 and +0 are one. Values ascend, NaN last.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] {
    ops::UniqueAll found = ops::unique_all(x);
    return NamedTensors{&kUniqueAll,
                        {found.values, found.indices, found.inverse_indices, found.counts}};
  });
}

EMBER_FUNCTION(unique_counts, "(x: Tensor, /) -> UniqueCountsResult",
               R"(The different elements and how often each stands in x.

Args:
  x: A tensor of any shape and dtype.

Returns:
  A named tuple: values (of rank 1), counts (int64).

Every NaN is a value of its own; -0 and +0 are one. Values ascend, NaN last.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] {
    ops::UniqueCounts found = ops::unique_counts(x);
    return NamedTensors{&kUniqueCounts, {found.values, found.counts}};
  });
}

EMBER_FUNCTION(unique_inverse, "(x: Tensor, /) -> UniqueInverseResult",
               R"(The different elements, and which of them stands where.

Args:
  x: A tensor of any shape and dtype.

Returns:
  A named tuple: values (of rank 1), inverse_indices (int64, of the shape of x:
  values[inverse_indices] is x).

Every NaN is a value of its own; -0 and +0 are one. Values ascend, NaN last.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] {
    ops::UniqueInverse found = ops::unique_inverse(x);
    return NamedTensors{&kUniqueInverse, {found.values, found.inverse_indices}};
  });
}

EMBER_FUNCTION(unique_values, "(x: Tensor, /) -> Tensor",
               R"(The different elements.

Args:
  x: A tensor of any shape and dtype.

Returns:
  A tensor of rank 1.

Every NaN is a value of its own; -0 and +0 are one. Values ascend, NaN last.
)") {
  const ops::Tensor& x = args.tensor(0);
  return args.Run([&] { return ops::unique_values(x); });
}

EMBER_FUNCTION(isin,
               "(x1: Tensor | Number, x2: Tensor | Number, /, *, invert: bool = False) -> Tensor",
               R"(Whether each element of x1 is among those of x2. NaN is in nothing.

Args:
  x1: A tensor of any shape and dtype, or a number.
  x2: The elements to look among: a tensor of any shape, or a number.
  invert: Whether the answers are turned around.

Returns:
  A bool tensor of the shape of x1.

Raises:
  TypeError: Dtypes that have no common one.
)") {
  const ops::Operand first = args.operand(0);
  const ops::Operand second = args.operand(1);
  const ops::Tensor x1 = PairedTensor(first, second);
  const ops::Tensor x2 = PairedTensor(second, first);
  const bool invert = args.boolean(2);
  return args.Run([&] { return ops::isin(x1, x2, invert); });
}

}  // namespace emberharmony::python
