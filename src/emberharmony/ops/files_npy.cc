// The header of .npy files.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "emberharmony/ops/files_npy_internal.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/status.h"

namespace emberharmony::ops {
namespace {

using tensor::Shape;
using tensor::Tensor;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr int64_t kAlignment = 64;
/// NumPy leaves room for an axis to grow to this many digits.
constexpr size_t kAxisDigits = 21;

static_assert(std::endian::native == std::endian::little, "elements are written as they lie");

/// "<f8"
std::string DescriptorOf(DType dtype) {
  const int64_t bytes = tensor::ItemSize(dtype);
  const char kind = tensor::IsBool(dtype)              ? 'b'
                    : tensor::IsSignedInteger(dtype)   ? 'i'
                    : tensor::IsUnsignedInteger(dtype) ? 'u'
                    : tensor::IsComplex(dtype)         ? 'c'
                                                       : 'f';
  return fmt::format("{}{}{}", bytes == 1 ? '|' : '<', kind, bytes);
}

bool LiesReversed(const Tensor& x) { return !x.is_contiguous() && transpose(x).is_contiguous(); }

/// Reads the dictionary of a header, written as a Python literal.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  arrow::Result<NpyHeader> Parse() {
    bool has_descriptor = false;
    bool has_order = false;
    bool has_shape = false;
    if (!Take('{')) return Bad("'{'");
    while (!Take('}')) {
      ARROW_ASSIGN_OR_RAISE(const std::string_view key, Text());
      if (!Take(':')) return Bad("':'");
      if (key == "descr" && !has_descriptor) {
        ARROW_RETURN_NOT_OK(Descriptor());
        has_descriptor = true;
      } else if (key == "fortran_order" && !has_order) {
        ARROW_ASSIGN_OR_RAISE(header_.fortran_order, Truth());
        has_order = true;
      } else if (key == "shape" && !has_shape) {
        ARROW_RETURN_NOT_OK(Tuple());
        has_shape = true;
      } else {
        return Bad("one of the keys descr, fortran_order and shape, each once");
      }
      if (!Take(',') && Peek() != '}') return Bad("',' or '}'");
    }
    if (Peek() != '\0' || !has_descriptor || !has_order || !has_shape) {
      return Bad("the keys descr, fortran_order and shape and nothing behind them");
    }
    return header_;
  }

 private:
  arrow::Status Bad(std::string_view expected) const {
    return arrow::Status::Invalid("the header of a .npy file is damaged: expected ", expected,
                                  " at byte ", at_, " of its dictionary");
  }
  /// The next character that is no space; 0 at the end.
  char Peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char wanted) {
    if (Peek() != wanted) return false;
    ++at_;
    return true;
  }
  arrow::Result<std::string_view> Text() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return Bad("a text in quotes");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return Bad("the end of a text");
    const std::string_view text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return text;
  }
  arrow::Result<bool> Truth() {
    Peek();
    for (bool value : {true, false}) {
      const std::string_view name = value ? "True" : "False";
      if (text_.substr(at_, name.size()) != name) continue;
      at_ += name.size();
      return value;
    }
    return Bad("True or False");
  }
  arrow::Status Tuple() {
    if (!Take('(')) return Bad("'('");
    while (!Take(')')) {
      Peek();
      int64_t dim = 0;
      const auto [stop, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), dim);
      if (error != std::errc{} || dim < 0) return Bad("a length of 0 or more");
      at_ = stop - text_.data();
      if (header_.shape.rank() == tensor::kRankMax) {
        return arrow::Status::Invalid("a tensor has at most ", tensor::kRankMax, " dimensions");
      }
      header_.shape.Append(dim);
      if (!Take(',') && Peek() != ')') return Bad("',' or ')'");
    }
    return arrow::Status::OK();
  }
  arrow::Status Descriptor() {
    if (Peek() == '[') {
      return arrow::Status::Invalid("records have no dtype here: save their fields one by one");
    }
    ARROW_ASSIGN_OR_RAISE(const std::string_view text, Text());
    for (int i = 0; i < tensor::kNumDTypes; ++i) {
      const DType dtype = static_cast<DType>(i);
      const std::string known = DescriptorOf(dtype);
      if (text.size() != known.size() || text.substr(1) != known.substr(1)) continue;
      if (std::string_view("<>=|").find(text[0]) == std::string_view::npos) continue;
      header_.dtype = dtype;
      header_.swapped = text[0] == '>';
      return arrow::Status::OK();
    }
    return arrow::Status::Invalid("elements of NumPy's dtype '", text.substr(0, 20),
                                  "' have no dtype here: expected bool, integers, or real or "
                                  "complex numbers of single or double precision");
  }

  std::string_view text_;
  size_t at_ = 0;
  NpyHeader header_;
};

void SwapBytes(char* bytes, int64_t num_items, int64_t item_bytes) {
  for (int64_t i = 0; i < num_items; ++i, bytes += item_bytes) {
    std::reverse(bytes, bytes + item_bytes);
  }
}

}  // namespace

std::string NpyHeaderOf(const Tensor& x) {
  const bool reversed = LiesReversed(x);
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}", DescriptorOf(x.dtype()),
                  reversed ? "True" : "False", x.shape().ToString());
  if (x.rank() > 0) {
    const int64_t grows = x.shape()[reversed ? x.rank() - 1 : 0];
    text.append(kAxisDigits - std::to_string(grows).size(), ' ');
  }
  // Version 1.0 has two bytes for the length, 2.0 four. With 64 axes the first is always enough.
  const int64_t before = static_cast<int64_t>(kMagic.size()) + 4;
  const int64_t length = static_cast<int64_t>(text.size()) + 1;
  text.append(kAlignment - (before + length) % kAlignment, ' ');
  text += '\n';
  std::string header(kMagic);
  header +=
      {'\x01', '\x00', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return header + text;
}

Tensor NpyElements(const Tensor& x) { return LiesReversed(x) ? transpose(x) : x.Contiguous(); }

arrow::Result<int64_t> NpyHeaderLength(std::string_view prelude) {
  const bool is_npy = prelude.size() >= 10 && prelude.substr(0, kMagic.size()) == kMagic;
  if (!is_npy) return arrow::Status::Invalid("not a .npy file: it does not begin as one");
  const auto byte = [&](size_t i) { return int64_t{static_cast<unsigned char>(prelude[i])}; };
  const int64_t version = byte(6);
  if (version < 1 || version > 3 || byte(7) != 0) {
    return arrow::Status::Invalid("version ", version, ".", byte(7),
                                  " of the format .npy is unknown: expected 1.0 to 3.0");
  }
  int64_t before = 10;
  int64_t length = byte(8) | byte(9) << 8;
  if (version > 1) {
    if (prelude.size() < 12) return arrow::Status::Invalid("the file ends within its header");
    before = 12;
    length |= byte(10) << 16 | byte(11) << 24;
  }
  if (length > kNpyHeaderMax) {
    return arrow::Status::Invalid("a header of ", length, " bytes is longer than the ",
                                  kNpyHeaderMax, " that are read");
  }
  return before + length;
}

arrow::Result<NpyHeader> ParseNpyHeader(std::string_view header) {
  const size_t before = header[6] == 1 ? 10 : 12;
  return HeaderParser(header.substr(before)).Parse();
}

arrow::Result<Tensor> NpyTensor(const NpyHeader& header, int64_t num_bytes) {
  int64_t expected = tensor::ItemSize(header.dtype);
  bool fits = true;
  for (int64_t dim : header.shape) {
    if (dim == 0) continue;
    fits = fits && !__builtin_mul_overflow(expected, dim, &expected);
  }
  const bool empty = std::find(header.shape.begin(), header.shape.end(), 0) != header.shape.end();
  if (empty) expected = 0;
  if (!fits || expected > num_bytes) {
    return arrow::Status::Invalid("elements of shape ", header.shape.ToString(), " and dtype ",
                                  DTypeName(header.dtype), " were promised, found ", num_bytes,
                                  " bytes: the file is cut off");
  }
  Shape shape = header.shape;
  if (header.fortran_order) std::reverse(shape.data(), shape.data() + shape.rank());
  return Catch([&] { return Tensor::Empty(shape, header.dtype); });
}

Tensor FinishNpy(const NpyHeader& header, const Tensor& elements) {
  char* bytes = static_cast<char*>(elements.mutable_data());
  if (header.swapped) {
    const int64_t parts = tensor::IsComplex(header.dtype) ? 2 : 1;
    SwapBytes(bytes, elements.size() * parts, tensor::ItemSize(header.dtype) / parts);
  }
  if (tensor::IsBool(header.dtype)) {
    for (int64_t i = 0; i < elements.size(); ++i) bytes[i] = bytes[i] != 0;
  }
  return header.fortran_order ? transpose(elements).Contiguous() : elements;
}

}  // namespace emberharmony::ops
