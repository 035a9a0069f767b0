#include "emberharmony/ops/einsum.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/matmul.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops {
namespace {

/// An axis's name: a letter, or, of the k-th last axis under "...", -k.
using Label = int;
using Labels = std::vector<Label>;

bool Contains(const Labels& labels, Label label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

struct Named {
  Tensor x;
  Labels labels;
};

[[noreturn]] void ThrowSubscripts(std::string_view subscripts, const std::string& why) {
  throw std::invalid_argument(
      fmt::format("einsum: {}, found \"{}\"", why, base::Shortened(subscripts, 200)));
}

struct Subscripts {
  std::vector<std::string> operands;
  std::string result;
  bool has_result = false;
};

Subscripts Split(std::string_view text) {
  std::string plain;
  for (char c : text) {
    if (c != ' ') plain += c;
  }
  Subscripts subscripts;
  const size_t arrow = plain.find("->");
  if (arrow != std::string::npos) {
    subscripts.has_result = true;
    subscripts.result = plain.substr(arrow + 2);
    plain.resize(arrow);
  }
  size_t begin = 0;
  for (size_t comma = plain.find(','); comma != std::string::npos;
       begin = comma + 1, comma = plain.find(',', begin)) {
    subscripts.operands.push_back(plain.substr(begin, comma - begin));
  }
  subscripts.operands.push_back(plain.substr(begin));
  return subscripts;
}

/// The labels of one term, with `num_nameless` axes for "...". *nameless tells whether it is there.
Labels ParseTerm(std::string_view all, const std::string& term, int num_nameless, bool* nameless) {
  Labels labels;
  *nameless = false;
  for (size_t i = 0; i < term.size(); ++i) {
    const char c = term[i];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      labels.push_back(c);
    } else if (term.compare(i, 3, "...") == 0 && !*nameless) {
      for (int k = num_nameless; k > 0; --k) labels.push_back(-k);
      *nameless = true;
      i += 2;
    } else {
      ThrowSubscripts(all, "expected letters, and \"...\" once in a term");
    }
  }
  return labels;
}

/// The operand with its labels, each once: of a repeated one the diagonal.
Named NameAxes(std::string_view all, const std::string& term, const Tensor& x,
               std::map<Label, int64_t>* lengths) {
  bool nameless = false;
  const auto num_named = static_cast<int>(ParseTerm(all, term, 0, &nameless).size());
  const int num_nameless = x.rank() - num_named;
  if (num_nameless < 0 || (num_nameless > 0 && !nameless)) {
    throw ShapeError(fmt::format("einsum: expected a tensor of rank {} for \"{}\", found a {}",
                                 num_named, base::Shortened(term), x.Describe()));
  }
  const Labels labels = ParseTerm(all, term, num_nameless, &nameless);
  Named result;
  Shape shape;
  Shape strides;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto axis = static_cast<int>(i);
    int64_t& length = lengths->try_emplace(labels[i], 1).first->second;
    if (length == 1) length = x.shape()[axis];
    if (x.shape()[axis] != length && x.shape()[axis] != 1) {
      throw ShapeError(
          fmt::format("einsum: axes of one name differ in length, {} and {}, found "
                      "\"{}\" for a {}",
                      length, x.shape()[axis], base::Shortened(term), x.Describe()));
    }
    const auto first = std::find(result.labels.begin(), result.labels.end(), labels[i]);
    if (first == result.labels.end()) {
      result.labels.push_back(labels[i]);
      shape.Append(x.shape()[axis]);
      strides.Append(x.strides()[axis]);
      continue;
    }
    const auto at = static_cast<int>(first - result.labels.begin());
    if (shape[at] != x.shape()[axis]) {
      throw ShapeError(
          fmt::format("einsum: expected a square for a repeated name, found \"{}\" "
                      "for a {}",
                      base::Shortened(term), x.Describe()));
    }
    strides[at] += x.strides()[axis];
  }
  result.x = x.View(shape, strides, x.offset());
  return result;
}

/// Axes in the order of `labels`, which all are x's.
Tensor Ordered(const Named& x, const Labels& labels) {
  std::vector<int> order;
  for (Label label : labels) {
    order.push_back(
        static_cast<int>(std::find(x.labels.begin(), x.labels.end(), label) - x.labels.begin()));
  }
  return x.x.PermuteDims(order);
}

/// Sums over the axes that nobody else needs.
Named SumOut(const Named& x, const Labels& needed) {
  std::vector<int> axes;
  Labels kept;
  for (size_t i = 0; i < x.labels.size(); ++i) {
    if (Contains(needed, x.labels[i])) {
      kept.push_back(x.labels[i]);
    } else {
      axes.push_back(static_cast<int>(i));
    }
  }
  if (axes.empty()) return x;
  return {sum(x.x, {.axis = axes, .dtype = x.x.dtype()}), kept};
}

/// Axes of equal name made equally long.
Named Stretch(const Named& x, const std::map<Label, int64_t>& lengths) {
  Shape shape;
  for (Label label : x.labels) shape.Append(lengths.at(label));
  return {x.x.BroadcastTo(shape), x.labels};
}

int64_t LengthOf(const Labels& labels, const std::map<Label, int64_t>& lengths) {
  int64_t length = 1;
  for (Label label : labels) {
    if (__builtin_mul_overflow(length, lengths.at(label), &length)) {
      throw ShapeError("einsum: expected a result of fewer than 2^63 elements");
    }
  }
  return length;
}

Labels Joined(Labels a, const Labels& b, const Labels& c) {
  a.insert(a.end(), b.begin(), b.end());
  a.insert(a.end(), c.begin(), c.end());
  return a;
}

/// The product of two, summed over the names that both have and `needed` has not.
Named Multiply(const Named& a, const Named& b, const Labels& needed) {
  std::map<Label, int64_t> lengths;
  for (const Named* x : {&a, &b}) {
    for (size_t i = 0; i < x->labels.size(); ++i) {
      int64_t& length = lengths.try_emplace(x->labels[i], 1).first->second;
      length = length == 1 ? x->x.shape()[static_cast<int>(i)] : length;
    }
  }
  Labels stack, only_a, only_b, summed;
  for (Label label : a.labels) {
    const bool shared = Contains(b.labels, label);
    (!shared ? only_a : Contains(needed, label) ? stack : summed).push_back(label);
  }
  for (Label label : b.labels) {
    if (!Contains(a.labels, label)) only_b.push_back(label);
  }
  const int64_t count = LengthOf(stack, lengths);
  const int64_t depth = LengthOf(summed, lengths);
  const int64_t m = LengthOf(only_a, lengths);
  const int64_t n = LengthOf(only_b, lengths);
  const Tensor left =
      Ordered(Stretch(a, lengths), Joined(stack, only_a, summed)).Reshape({count, m, depth});
  const Tensor right =
      Ordered(Stretch(b, lengths), Joined(stack, summed, only_b)).Reshape({count, depth, n});
  const Labels labels = Joined(stack, only_a, only_b);
  if (labels.size() > tensor::kRankMax) {
    throw ShapeError(fmt::format("einsum: expected products of rank {} at most, found {}",
                                 tensor::kRankMax, labels.size()));
  }
  Shape shape;
  for (Label label : labels) shape.Append(lengths.at(label));
  return {matmul(left, right).Reshape(shape), labels};
}

/// Where there is no "->": nameless axes, then the letters that occur once.
Labels ImplicitResult(const std::vector<Labels>& terms) {
  std::map<Label, int> counts;
  for (const Labels& term : terms) {
    for (Label label : term) ++counts[label];
  }
  Labels result;
  for (const auto& [label, count] : counts) {
    if (label < 0 || count == 1) result.push_back(label);
  }
  return result;
}

Labels ExplicitResult(std::string_view all, const std::string& term, int num_nameless,
                      const std::map<Label, int64_t>& lengths) {
  bool nameless = false;
  const Labels result = ParseTerm(all, term, num_nameless, &nameless);
  for (size_t i = 0; i < result.size(); ++i) {
    if (!lengths.contains(result[i]) || std::count(result.begin(), result.end(), result[i]) > 1) {
      ThrowSubscripts(all, "expected a result of names of the operands, each once");
    }
  }
  if (num_nameless > 0 && !nameless) {
    ThrowSubscripts(all, "expected \"...\" in the result, as in the operands");
  }
  return result;
}

DType CommonDType(std::span<const Tensor> operands) {
  std::optional<DType> common = operands[0].dtype();
  for (const Tensor& x : operands) {
    if (common) common = tensor::PromoteTypes(*common, x.dtype());
  }
  if (!common || tensor::IsBool(*common)) {
    throw DTypeError(
        fmt::format("einsum: expected numeric tensors of dtypes with a common one, "
                    "found among them a {}: convert with astype",
                    operands[0].Describe()));
  }
  return *common;
}

}  // namespace

Tensor einsum(std::string_view subscripts, std::span<const Tensor> operands) {
  const Subscripts terms = Split(subscripts);
  if (terms.operands.size() != operands.size() || operands.empty()) {
    ThrowSubscripts(subscripts, fmt::format("expected terms for {} operands", operands.size()));
  }
  const DType dtype = CommonDType(operands);
  std::map<Label, int64_t> lengths;
  std::vector<Named> named;
  std::vector<Labels> all_labels;
  int num_nameless = 0;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Tensor x = astype(operands[i], dtype, /*copy=*/false);
    named.push_back(NameAxes(subscripts, terms.operands[i], x, &lengths));
    bool nameless = false;
    const auto num_named =
        static_cast<int>(ParseTerm(subscripts, terms.operands[i], 0, &nameless).size());
    num_nameless = std::max(num_nameless, x.rank() - num_named);
    all_labels.push_back(ParseTerm(subscripts, terms.operands[i], x.rank() - num_named, &nameless));
  }
  const Labels result = terms.has_result
                            ? ExplicitResult(subscripts, terms.result, num_nameless, lengths)
                            : ImplicitResult(all_labels);

  // What each product must keep: the result's names and those of the operands to come.
  Named total = named[0];
  for (size_t i = 0; i < named.size(); ++i) {
    Labels later = result;
    for (size_t j = i + 1; j < named.size(); ++j) {
      later.insert(later.end(), named[j].labels.begin(), named[j].labels.end());
    }
    if (i == 0) {
      total = SumOut(total, later);
    } else {
      const Labels also = Joined(later, total.labels, {});
      total = Multiply(total, SumOut(named[i], also), later);
    }
  }
  Shape shape;
  for (Label label : result) shape.Append(lengths.at(label));
  return Ordered(total, result).BroadcastTo(shape).Copy();
}

}  // namespace emberharmony::ops
