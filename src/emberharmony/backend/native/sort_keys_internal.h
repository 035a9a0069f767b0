#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace emberharmony::backend::native {

/// The unsigned integers of an element's size, in which its order can be
/// expressed.
template <int kBytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = uint64_t;
};

/// Keys of elements of T: unsigned integers that ascend as the elements do.
/// Floating-point numbers are read as sign and magnitude; -0 stands directly
/// before +0, NaN behind infinity.
template <class T>
struct SortKey {
  using Key = typename UnsignedOf<sizeof(T)>::type;
  static constexpr Key kSign = Key(1) << (8 * sizeof(T) - 1);
  static constexpr bool kFloating = std::is_floating_point_v<T>;

  static Key Of(T x) {
    Key bits;
    std::memcpy(&bits, &x, sizeof(T));
    if constexpr (kFloating) {
      if (x != x) return std::numeric_limits<Key>::max();
      return bits & kSign ? ~bits : bits | kSign;
    } else if constexpr (std::is_signed_v<T>) {
      return bits ^ kSign;
    } else {
      return bits;
    }
  }
  static T ElementOf(Key key) {
    Key bits = key;
    if constexpr (kFloating) {
      if (key == std::numeric_limits<Key>::max()) return std::numeric_limits<T>::quiet_NaN();
      bits = key & kSign ? key ^ kSign : ~key;
    } else if constexpr (std::is_signed_v<T>) {
      bits = key ^ kSign;
    }
    T x;
    std::memcpy(&x, &bits, sizeof(T));
    return x;
  }
};

}  // namespace emberharmony::backend::native
