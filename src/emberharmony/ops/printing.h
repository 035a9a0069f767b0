#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "emberharmony/ops/operand.h"

/// Tensors as text.
namespace emberharmony::ops {

/// How to_string writes. The defaults are NumPy's, but that numbers keep all their digits.
struct PrintOptions {
  /// The most digits behind the point; absent: as many as it takes to read the same number again.
  std::optional<int> precision = std::nullopt;
  /// Tensors of more elements are summarized: of long axes only the first and last edge_items.
  int64_t threshold = 1000;
  int edge_items = 3;
  /// Rows are broken into lines of at most this many characters.
  int line_width = 75;
  /// Between elements.
  std::string separator = " ";
  /// What stands in front of the text on its first line: the others are indented by its length.
  std::string prefix = {};
};

/// The elements in nested brackets, in columns: numbers of a tensor share one form, with an
/// exponent if they are too large, too small or too different for one without. Thread-safe. Throws
/// std::invalid_argument for an undefined tensor or negative options.
std::string to_string(const Tensor& x, const PrintOptions& options = {});

}  // namespace emberharmony::ops

namespace emberharmony::tensor {

/// The same, with the default options; "undefined tensor" of such a one.
std::ostream& operator<<(std::ostream& stream, const Tensor& x);
/// "(3, 4)"
std::ostream& operator<<(std::ostream& stream, const Shape& shape);
/// "float64"
std::ostream& operator<<(std::ostream& stream, DType dtype);

}  // namespace emberharmony::tensor
