#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_set>

#include "emberharmony/io/filter/leaf_internal.h"
#include "emberharmony/io/filter/like_pattern_internal.h"
#include "emberharmony/io/filter/literal_bound_internal.h"

namespace emberharmony::io::filter {
namespace {

using arrow::Decimal256;

template <typename Key>
struct KeyTraits;

template <>
struct KeyTraits<int64_t> {
  static int64_t Min() { return std::numeric_limits<int64_t>::min(); }
  static int64_t Max() { return std::numeric_limits<int64_t>::max(); }
  static int64_t Next(int64_t key) { return key + 1; }
  static int64_t Previous(int64_t key) { return key - 1; }
  static LiteralBound<int64_t> Bound(const ColumnType& column, const Literal& literal) {
    return IntegerBound(column, literal);
  }
};

template <>
struct KeyTraits<Int128> {
  static Int128 Max() { return static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1); }
  static Int128 Min() { return -Max() - 1; }
  static Int128 Next(Int128 key) { return key + 1; }
  static Int128 Previous(Int128 key) { return key - 1; }
  static LiteralBound<Int128> Bound(const ColumnType& column, const Literal& literal) {
    return WideBound(column, literal);
  }
};

template <>
struct KeyTraits<Decimal256> {
  static Decimal256 Max() {
    return Decimal256(
        std::array<uint64_t, 4>{~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0} >> 1});
  }
  static Decimal256 Min() {
    return Decimal256(std::array<uint64_t, 4>{0, 0, 0, uint64_t{1} << 63});
  }
  static Decimal256 Next(Decimal256 key) { return Decimal256(key += Decimal256(1)); }
  static Decimal256 Previous(Decimal256 key) { return Decimal256(key -= Decimal256(1)); }
  static LiteralBound<Decimal256> Bound(const ColumnType& column, const Literal& literal) {
    return HugeBound(column, literal);
  }
};

template <>
struct KeyTraits<double> {
  static double Max() { return std::numeric_limits<double>::infinity(); }
  static double Min() { return -std::numeric_limits<double>::infinity(); }
  static double Next(double key) { return std::nextafter(key, Max()); }
  static double Previous(double key) { return std::nextafter(key, Min()); }
  static LiteralBound<double> Bound(const ColumnType&, const Literal& literal) {
    return RealBound(literal);
  }
};

template <typename Key>
constexpr bool kMayBeNan = std::is_same_v<Key, double>;

/// Whether the pair is a range at all; statistics may be anything.
template <typename Key>
bool IsRange(const Key& low, const Key& high) {
  return low <= high;
}

/// Keys from low to high, both included, or all others.
template <typename Key>
class RangeLeaf : public Leaf {
 public:
  RangeLeaf(Key low, Key high, bool empty, bool inverted)
      : low_(low), high_(high), empty_(empty), inverted_(inverted) {}

  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    if (empty_) {
      std::fill(out, out + n, static_cast<uint8_t>(inverted_));
      return;
    }
    const Key low = low_;
    const Key high = high_;
    const auto inverted = static_cast<uint8_t>(inverted_);
    VisitKeys<Key>(values, [&](auto key) {
      for (int64_t i = 0; i < n; ++i) {
        // Of the key's own type, which may be narrower than int64.
        const auto value = key(i);
        // A NaN lies in no range.
        out[i] = static_cast<uint8_t>(static_cast<uint8_t>(value >= low) &
                                      static_cast<uint8_t>(value <= high)) ^
                 inverted;
      }
    });
  }

  Outcomes TestRange(const arrow::Array& bounds) const override {
    bool maybe_in = !empty_;
    bool maybe_out = true;
    VisitKeys<Key>(bounds, [&](auto key) {
      const Key first = key(0);
      const Key last = key(1);
      if (empty_ || !IsRange(first, last)) return;
      maybe_in = first <= high_ && last >= low_;
      maybe_out = kMayBeNan<Key> || first < low_ || last > high_;
    });
    return inverted_ ? Outcomes{maybe_out, maybe_in, false} : Outcomes{maybe_in, maybe_out, false};
  }

 private:
  const Key low_;
  const Key high_;
  const bool empty_;
  const bool inverted_;
};

template <typename Key>
std::unique_ptr<Leaf> MakeRangeLeaf(const ColumnType& column, ComparisonOp op,
                                    const Literal& literal) {
  using Traits = KeyTraits<Key>;
  const LiteralBound<Key> bound = Traits::Bound(column, literal);
  Key low = Traits::Min();
  Key high = Traits::Max();
  bool empty = bound.nan;
  const bool inverted = op == ComparisonOp::kNotEqual;
  if (!bound.nan) {
    switch (op) {
      case ComparisonOp::kEqual:
      case ComparisonOp::kNotEqual:
        empty = bound.below || !bound.exact;
        low = high = bound.floor;
        break;
      case ComparisonOp::kLess:
        empty = bound.below || (bound.exact && bound.floor == Traits::Min());
        if (!empty) high = bound.exact ? Traits::Previous(bound.floor) : bound.floor;
        break;
      case ComparisonOp::kLessEqual:
        empty = bound.below;
        high = bound.floor;
        break;
      case ComparisonOp::kGreater:
        if (bound.below) break;
        empty = bound.floor == Traits::Max();
        if (!empty) low = Traits::Next(bound.floor);
        break;
      case ComparisonOp::kGreaterEqual:
        if (bound.below) break;
        empty = !bound.exact && bound.floor == Traits::Max();
        if (!empty) low = bound.exact ? bound.floor : Traits::Next(bound.floor);
        break;
    }
  }
  return std::make_unique<RangeLeaf<Key>>(low, high, empty, inverted);
}

/// Bytes from low (included) to high (excluded), or all others.
class BytesRangeLeaf : public Leaf {
 public:
  BytesRangeLeaf(std::string low, std::optional<std::string> high, bool inverted)
      : low_(std::move(low)), high_(std::move(high)), inverted_(inverted) {}

  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    VisitKeys<std::string_view>(values, [&](auto key) {
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(Holds(key(i)) != inverted_);
    });
  }

  Outcomes TestRange(const arrow::Array& bounds) const override {
    bool maybe_in = true;
    bool maybe_out = true;
    VisitKeys<std::string_view>(bounds, [&](auto key) {
      const std::string_view first = key(0);
      const std::string_view last = key(1);
      if (!IsRange(first, last)) return;
      maybe_in = last >= low_ && !(high_ && first >= *high_);
      maybe_out = first < low_ || (high_ && last >= *high_);
    });
    return inverted_ ? Outcomes{maybe_out, maybe_in, false} : Outcomes{maybe_in, maybe_out, false};
  }

 private:
  bool Holds(std::string_view value) const { return value >= low_ && !(high_ && value >= *high_); }

  const std::string low_;
  const std::optional<std::string> high_;
  const bool inverted_;
};

/// One value, or all others: faster than a range.
class BytesEqualLeaf : public Leaf {
 public:
  BytesEqualLeaf(std::string value, bool inverted)
      : value_(std::move(value)), inverted_(inverted) {}

  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    const std::string_view value = value_;
    VisitKeys<std::string_view>(values, [&](auto key) {
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>((key(i) == value) != inverted_);
    });
  }

  Outcomes TestRange(const arrow::Array& bounds) const override {
    return BytesRangeLeaf(value_, value_ + '\0', inverted_).TestRange(bounds);
  }

 private:
  const std::string value_;
  const bool inverted_;
};

std::unique_ptr<Leaf> MakeBytesLeaf(ComparisonOp op, const std::string& value) {
  // The next larger value ends in one byte 0 more.
  const std::string next = value + '\0';
  switch (op) {
    case ComparisonOp::kEqual:
    case ComparisonOp::kNotEqual:
      return std::make_unique<BytesEqualLeaf>(value, op == ComparisonOp::kNotEqual);
    case ComparisonOp::kLess:
      return std::make_unique<BytesRangeLeaf>("", value, false);
    case ComparisonOp::kLessEqual:
      return std::make_unique<BytesRangeLeaf>("", next, false);
    case ComparisonOp::kGreater:
      return std::make_unique<BytesRangeLeaf>(next, std::nullopt, false);
    case ComparisonOp::kGreaterEqual:
      return std::make_unique<BytesRangeLeaf>(value, std::nullopt, false);
  }
  return nullptr;
}

/// A sorted list of keys.
template <typename Key>
class InLeaf : public Leaf {
 public:
  explicit InLeaf(std::vector<Key> keys) : keys_(std::move(keys)) {
    std::sort(keys_.begin(), keys_.end());
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  }

  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    constexpr size_t kFew = 8;
    VisitKeys<Key>(values, [&](auto key) {
      if (keys_.size() <= kFew) {
        std::fill(out, out + n, uint8_t{0});
        for (const Key& wanted : keys_) {
          for (int64_t i = 0; i < n; ++i) out[i] |= static_cast<uint8_t>(Key(key(i)) == wanted);
        }
        return;
      }
      for (int64_t i = 0; i < n; ++i) {
        const Key value = key(i);
        const auto found = std::lower_bound(keys_.begin(), keys_.end(), value);
        out[i] = static_cast<uint8_t>(found != keys_.end() && *found == value);
      }
    });
  }

  Outcomes TestRange(const arrow::Array& bounds) const override {
    Outcomes outcomes{!keys_.empty(), true, false};
    VisitKeys<Key>(bounds, [&](auto key) {
      const Key first = key(0);
      const Key last = key(1);
      if (!IsRange(first, last)) return;
      const auto found = std::lower_bound(keys_.begin(), keys_.end(), first);
      outcomes.maybe_true = found != keys_.end() && *found <= last;
      const bool one_value = first == last && !kMayBeNan<Key>;
      outcomes.maybe_false = !(one_value && outcomes.maybe_true);
    });
    return outcomes;
  }

 private:
  std::vector<Key> keys_;
};

class BytesInLeaf : public Leaf {
 public:
  explicit BytesInLeaf(std::vector<std::string> values) : values_(std::move(values)) {
    std::sort(values_.begin(), values_.end());
    values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
    set_.reserve(values_.size());
    for (const std::string& value : values_) set_.insert(value);
  }

  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    VisitKeys<std::string_view>(values, [&](auto key) {
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(set_.contains(key(i)));
    });
  }

  Outcomes TestRange(const arrow::Array& bounds) const override {
    Outcomes outcomes{!values_.empty(), true, false};
    VisitKeys<std::string_view>(bounds, [&](auto key) {
      const std::string_view first = key(0);
      const std::string_view last = key(1);
      if (!IsRange(first, last)) return;
      const auto found = std::lower_bound(values_.begin(), values_.end(), first);
      outcomes.maybe_true = found != values_.end() && *found <= last;
      outcomes.maybe_false = !(first == last && outcomes.maybe_true);
    });
    return outcomes;
  }

 private:
  std::vector<std::string> values_;  // sorted; set_ points into it
  std::unordered_set<std::string_view> set_;
};

class LikeLeaf : public Leaf {
 public:
  explicit LikeLeaf(LikePattern pattern) : pattern_(std::move(pattern)) {}

  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    VisitKeys<std::string_view>(values, [&](auto key) {
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(pattern_.Matches(key(i)));
    });
  }

  Outcomes TestRange(const arrow::Array& bounds) const override {
    Outcomes outcomes{true, true, false};
    VisitKeys<std::string_view>(bounds, [&](auto key) {
      const std::string_view first = key(0);
      const std::string_view last = key(1);
      if (!IsRange(first, last)) return;
      const std::string_view prefix = pattern_.prefix();
      // Matches lie from the prefix to the last string that begins with it.
      outcomes.maybe_true = last >= prefix && first.substr(0, prefix.size()) <= prefix;
      const bool all_begin_so = first.starts_with(prefix) && last.starts_with(prefix);
      outcomes.maybe_false = !(pattern_.is_prefix_only() && all_begin_so);
    });
    return outcomes;
  }

 private:
  const LikePattern pattern_;
};

class NanLeaf : public Leaf {
 public:
  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    VisitKeys<double>(values, [&](auto key) {
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(key(i) != key(i));
    });
  }
  // Statistics say nothing of NaNs.
  Outcomes TestRange(const arrow::Array&) const override { return {true, true, false}; }
};

class InfLeaf : public Leaf {
 public:
  void Test(const arrow::Array& values, uint8_t* out) const override {
    const int64_t n = values.length();
    VisitKeys<double>(values, [&](auto key) {
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(std::isinf(key(i)));
    });
  }
  Outcomes TestRange(const arrow::Array& bounds) const override {
    Outcomes outcomes{true, true, false};
    VisitKeys<double>(bounds, [&](auto key) {
      if (IsRange<double>(key(0), key(1))) {
        outcomes.maybe_true = std::isinf(key(0)) || std::isinf(key(1));
      }
    });
    return outcomes;
  }
};

class BooleanLeaf : public Leaf {
 public:
  void Test(const arrow::Array& values, uint8_t* out) const override {
    const auto& booleans = static_cast<const arrow::BooleanArray&>(values);
    for (int64_t i = 0; i < values.length(); ++i) out[i] = booleans.Value(i) ? 1 : 0;
  }
  Outcomes TestRange(const arrow::Array& bounds) const override {
    const auto& booleans = static_cast<const arrow::BooleanArray&>(bounds);
    const bool low = booleans.Value(0);
    const bool high = booleans.Value(1);
    if (low && !high) return {true, true, false};
    return {high, !low, false};
  }
};

template <typename Key>
std::unique_ptr<Leaf> MakeKeyInLeaf(const ColumnType& column,
                                    const std::vector<const Literal*>& literals) {
  std::vector<Key> keys;
  for (const Literal* literal : literals) {
    const LiteralBound<Key> bound = KeyTraits<Key>::Bound(column, *literal);
    if (bound.exact && !bound.below && !bound.nan) keys.push_back(bound.floor);
  }
  return std::make_unique<InLeaf<Key>>(std::move(keys));
}

}  // namespace

std::unique_ptr<Leaf> MakeComparisonLeaf(const ColumnType& column, ComparisonOp op,
                                         const Literal& literal) {
  switch (column.keys) {
    case KeyKind::kInteger:
      return MakeRangeLeaf<int64_t>(column, op, literal);
    case KeyKind::kWide:
      return MakeRangeLeaf<Int128>(column, op, literal);
    case KeyKind::kHuge:
      return MakeRangeLeaf<Decimal256>(column, op, literal);
    case KeyKind::kReal:
      return MakeRangeLeaf<double>(column, op, literal);
    default:
      return MakeBytesLeaf(op, literal.bytes);
  }
}

std::unique_ptr<Leaf> MakeInLeaf(const ColumnType& column,
                                 const std::vector<const Literal*>& literals) {
  switch (column.keys) {
    case KeyKind::kInteger:
      return MakeKeyInLeaf<int64_t>(column, literals);
    case KeyKind::kWide:
      return MakeKeyInLeaf<Int128>(column, literals);
    case KeyKind::kHuge:
      return MakeKeyInLeaf<Decimal256>(column, literals);
    case KeyKind::kReal:
      return MakeKeyInLeaf<double>(column, literals);
    default: {
      std::vector<std::string> values;
      for (const Literal* literal : literals) values.push_back(literal->bytes);
      return std::make_unique<BytesInLeaf>(std::move(values));
    }
  }
}

std::string MakeLikeLeaf(const ColumnType& column, std::string_view pattern,
                         std::unique_ptr<Leaf>* leaf) {
  LikePattern like;
  std::string wrong = LikePattern::Parse(pattern, column.type == SqlType::kBytes, &like);
  if (!wrong.empty()) return wrong;
  *leaf = like.is_constant() ? MakeBytesLeaf(ComparisonOp::kEqual, std::string(like.prefix()))
                             : std::make_unique<LikeLeaf>(std::move(like));
  return "";
}

std::unique_ptr<Leaf> MakeNanLeaf() { return std::make_unique<NanLeaf>(); }
std::unique_ptr<Leaf> MakeInfLeaf() { return std::make_unique<InfLeaf>(); }
std::unique_ptr<Leaf> MakeBooleanLeaf() { return std::make_unique<BooleanLeaf>(); }

}  // namespace emberharmony::io::filter
