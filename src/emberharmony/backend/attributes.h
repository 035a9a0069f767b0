#pragma once

#include <cstdint>
#include <span>

namespace emberharmony::backend {

/// What an attribute means. Numbers are fixed: they cross the plugins' C boundary; append only.
enum class AttributeKey : uint32_t {
  kDType = 0,           ///< integer: tensor::DType of the result
  kAxes = 1,            ///< integers: the axes to reduce, ascending, not negative; absent: all
  kKeepDims = 2,        ///< integer: 1 keeps reduced axes with length 1
  kAxis = 3,            ///< integer: the axis worked along, not negative
  kCorrection = 4,      ///< number: subtracted from the count in a variance's divisor
  kDescending = 5,      ///< integer: 1 sorts from large to small
  kStable = 6,          ///< integer: 1 keeps equal elements in order
  kRight = 7,           ///< integer: 1 searches behind equal elements, 0 before them
  kIncludeInitial = 8,  ///< integer: 1 begins a scan with its neutral element
  kCount = 9,           ///< integer: how many (topk)
  kCombine = 10,        ///< integer: ScatterCombine, how scatter meets what is there
  kUpper = 11,          ///< integer: 1 for the upper triangle
  kFullMatrices = 12,   ///< integer: 1 for square factors
  kInverse = 13,        ///< integer: 1 transforms backwards
  kLength = 14,         ///< integer: elements transformed along the axis
  kScale = 15,          ///< number: every result is multiplied by it
  kSeed = 16,           ///< integer: the key of the random numbers
  kStream = 17,         ///< integer: which of a seed's sequences
  kFirst = 18,          ///< integer: position in the sequence of the first element
  kLow = 19,            ///< number: lower bound, mean, or scale
  kHigh = 20,           ///< number: upper bound, or standard deviation
  kTolerance = 21,      ///< number: singular values below it, relative to the largest, count as 0
};

/// One parameter of an operation besides its inputs: an integer, a number or a list of integers, by
/// its key. Plain data; a list belongs to the caller and lives as long as the call.
struct Attribute {
  AttributeKey key;
  union {
    int64_t integer;
    double number;
    struct {
      const int64_t* values;
      int64_t count;
    } integers;
  };

  static Attribute Integer(AttributeKey key, int64_t value) {
    Attribute attribute{key, {}};
    attribute.integer = value;
    return attribute;
  }
  static Attribute Number(AttributeKey key, double value) {
    Attribute attribute{key, {}};
    attribute.number = value;
    return attribute;
  }
  static Attribute Integers(AttributeKey key, std::span<const int64_t> values) {
    Attribute attribute{key, {}};
    attribute.integers = {values.data(), static_cast<int64_t>(values.size())};
    return attribute;
  }
};

using Attributes = std::span<const Attribute>;

/// How scatter combines an update with the element that is there. Append only.
enum class ScatterCombine : int64_t { kSet = 0, kAdd = 1, kMultiply = 2, kMin = 3, kMax = 4 };

/// The attribute of that key, or null.
inline const Attribute* FindAttribute(Attributes attributes, AttributeKey key) {
  for (const Attribute& attribute : attributes) {
    if (attribute.key == key) return &attribute;
  }
  return nullptr;
}

/// The value of an integer attribute, or `absent`.
inline int64_t IntegerOr(Attributes attributes, AttributeKey key, int64_t absent) {
  const Attribute* attribute = FindAttribute(attributes, key);
  return attribute != nullptr ? attribute->integer : absent;
}
/// The value of a number attribute, or `absent`.
inline double NumberOr(Attributes attributes, AttributeKey key, double absent) {
  const Attribute* attribute = FindAttribute(attributes, key);
  return attribute != nullptr ? attribute->number : absent;
}

}  // namespace emberharmony::backend
