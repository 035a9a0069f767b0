#pragma once

#include <cstdint>
#include <span>

namespace emberharmony::backend {

/// What an attribute means. Numbers are fixed: they cross the plugins' C boundary; append only.
enum class AttributeKey : uint32_t {
  kDType = 0,     ///< integer: tensor::DType of the result
  kAxes = 1,      ///< integers: the axes to reduce, ascending, not negative; absent: all
  kKeepDims = 2,  ///< integer: 1 keeps reduced axes with length 1
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
  static Attribute Integers(AttributeKey key, std::span<const int64_t> values) {
    Attribute attribute{key, {}};
    attribute.integers = {values.data(), static_cast<int64_t>(values.size())};
    return attribute;
  }
};

using Attributes = std::span<const Attribute>;

/// The attribute of that key, or null.
inline const Attribute* FindAttribute(Attributes attributes, AttributeKey key) {
  for (const Attribute& attribute : attributes) {
    if (attribute.key == key) return &attribute;
  }
  return nullptr;
}

}  // namespace emberharmony::backend
