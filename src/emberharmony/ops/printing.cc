#include "emberharmony/ops/printing.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <ostream>

#include "emberharmony/ops/indexing.h"
#include "emberharmony/ops/manipulation_internal.h"
#include "emberharmony/ops/printing_numbers_internal.h"

namespace emberharmony::ops {
namespace {

/// A text of more elements than this is of no use to anybody.
constexpr int64_t kShownMax = 1 << 16;

/// The elements that are shown, and of which axes some are left out.
class Layout {
 public:
  Layout(const Tensor& x, const PrintOptions& options) : options_(options) {
    edge_ = x.size() > options.threshold ? options.edge_items : -1;
    shown_ = x;
    for (int axis = 0; axis < x.rank(); ++axis) {
      const bool cut = IsCut(x.shape()[axis]);
      cut_.push_back(cut);
      if (cut) shown_ = Ends(shown_, axis);
    }
  }

  /// How many elements Layout would show.
  static int64_t NumShown(const Tensor& x, const PrintOptions& options) {
    if (x.size() <= options.threshold) return x.size();
    const int64_t most = 2 * static_cast<int64_t>(options.edge_items);
    int64_t count = 1;
    for (int64_t dim : x.shape()) {
      if (__builtin_mul_overflow(count, std::min(dim, most), &count)) return INT64_MAX;
    }
    return count;
  }

  std::string Text() {
    const Tensor elements = shown_.Contiguous();
    texts_ = ElementTexts(elements, options_.precision);
    if (shown_.rank() == 0) return texts_[0];
    const std::string indent(options_.prefix.size() + 1, ' ');
    return Nested(0, indent, options_.line_width);
  }

 private:
  bool IsCut(int64_t length) const {
    return edge_ >= 0 && length > 2 * static_cast<int64_t>(edge_);
  }

  /// The first and last edge_ elements along an axis.
  Tensor Ends(const Tensor& x, int axis) const {
    Tensor places = Tensor::Empty({2 * static_cast<int64_t>(edge_)}, DType::kInt64);
    int64_t* out = places.mutable_data_as<int64_t>();
    std::iota(out, out + edge_, int64_t{0});
    std::iota(out + edge_, out + 2 * edge_, -int64_t{edge_});
    return take(x, places, axis);
  }

  std::string Nested(int axis, const std::string& indent, int64_t width) {
    const int left = shown_.rank() - axis;
    return left == 1 ? Row(axis, indent, width) : Rows(axis, indent, width);
  }

  /// Calls f(kind) for what stands along an axis: elements (true) and the dots (false).
  template <class F>
  void ForEachAlong(int axis, F f) {
    const int64_t length = shown_.shape()[axis];
    for (int64_t i = 0; i < length; ++i) {
      if (cut_[axis] && i == edge_) f(false, false);
      f(true, i + 1 == length);
    }
    if (cut_[axis] && length == 0) f(false, true);
  }

  std::string Rows(int axis, const std::string& indent, int64_t width) {
    std::string text = "[";
    const size_t kept = options_.separator.find_last_not_of(' ');
    const std::string line_end =
        (kept == std::string::npos ? "" : options_.separator.substr(0, kept + 1)) +
        std::string(shown_.rank() - axis - 1, '\n');
    bool first = true;
    ForEachAlong(axis, [&](bool is_row, bool) {
      if (!first) text += line_end + indent;
      first = false;
      text += is_row ? Nested(axis + 1, indent + " ", width - 1) : "...";
    });
    return text + "]";
  }

  std::string Row(int axis, const std::string& indent, int64_t width) {
    std::string done;
    std::string line = indent;
    const size_t kept = options_.separator.find_last_not_of(' ');
    const int64_t room = width - std::max<int64_t>(kept == std::string::npos ? 0 : kept + 1, 1);
    ForEachAlong(axis, [&](bool is_element, bool is_last) {
      const std::string word = is_element ? texts_[next_++] : "...";
      if (line.size() > indent.size() && static_cast<int64_t>(line.size() + word.size()) > room) {
        line.resize(line.find_last_not_of(' ') + 1);
        done += line + "\n";
        line = indent;
      }
      line += word;
      if (!is_last) line += options_.separator;
    });
    return "[" + (done + line).substr(indent.size()) + "]";
  }

  const PrintOptions& options_;
  int edge_;
  Tensor shown_;
  std::vector<bool> cut_;
  std::vector<std::string> texts_;
  size_t next_ = 0;
};

}  // namespace

std::string to_string(const Tensor& x, const PrintOptions& options) {
  CheckDefined("to_string", x);
  if (options.edge_items < 0 || options.threshold < 0 || options.line_width < 0 ||
      options.precision.value_or(0) < 0) {
    throw std::invalid_argument("to_string: expected options of 0 or more, found a negative one");
  }
  if (x.size() == 0) return "[]";
  PrintOptions shorter = options;
  shorter.edge_items = std::min(options.edge_items, 1 << 20);
  if (shorter.precision) shorter.precision = std::min(*shorter.precision, 100);
  while (shorter.edge_items > 1 && Layout::NumShown(x, shorter) > kShownMax) --shorter.edge_items;
  if (Layout::NumShown(x, shorter) > kShownMax && x.size() > options.threshold) {
    return fmt::format("[... {}]", x.Describe());
  }
  return Layout(x, shorter).Text();
}

}  // namespace emberharmony::ops

namespace emberharmony::tensor {

std::ostream& operator<<(std::ostream& stream, const Tensor& x) {
  return stream << (x.defined() ? ops::to_string(x) : x.Describe());
}

std::ostream& operator<<(std::ostream& stream, const Shape& shape) {
  return stream << shape.ToString();
}

std::ostream& operator<<(std::ostream& stream, DType dtype) { return stream << DTypeName(dtype); }

}  // namespace emberharmony::tensor
