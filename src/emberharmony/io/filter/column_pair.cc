#include <arrow/array/array_nested.h>

#include <cmath>

#include "emberharmony/io/filter/column_pair_internal.h"
#include "emberharmony/io/filter/literal_bound_internal.h"

namespace emberharmony::io::filter {
namespace {

using arrow::Decimal256;
using arrow::Status;

const Decimal256& PairHugeMax() {
  static const Decimal256 max(
      std::array<uint64_t, 4>{~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0} >> 1});
  return max;
}

Decimal256 PowerOfTen(int64_t exponent) {
  constexpr int64_t kExponentMax = 76;
  // Beyond it every product but 0 is out of range, as it is with the largest number.
  if (exponent > kExponentMax) return PairHugeMax();
  return Decimal256(Decimal256::GetScaleMultiplier(static_cast<int32_t>(exponent)));
}

/// key * multiplier; beyond 256 bits the largest or smallest number, which is also beyond all that
/// the other side can be.
class Scaler {
 public:
  explicit Scaler(const Decimal256& multiplier) : multiplier_(multiplier) {
    const arrow::BasicDecimal256& max = PairHugeMax();
    arrow::BasicDecimal256 quotient;
    arrow::BasicDecimal256 rest;
    // The multiplier is never 0.
    if (max.Divide(multiplier, &quotient, &rest) == arrow::DecimalStatus::kSuccess) {
      key_max_ = Decimal256(quotient);
    }
  }
  Decimal256 operator()(const Decimal256& key) const {
    const bool negative = key.Sign() < 0;
    const Decimal256 magnitude(arrow::BasicDecimal256::Abs(key));
    Decimal256 scaled = magnitude > key_max_ ? PairHugeMax() : Decimal256(magnitude * multiplier_);
    if (negative) scaled.Negate();
    return scaled;
  }

 private:
  const Decimal256 multiplier_;
  Decimal256 key_max_;
};

double RealOf(const Decimal256& key, int32_t scale) {
  const bool negative = key.Sign() < 0;
  const Decimal256 magnitude(arrow::BasicDecimal256::Abs(key));
  return NearestDouble(MakeDecimal(negative, magnitude.ToIntegerString(), scale));
}

/// Fills keys[i] for every value that is not null.
template <typename Key>
void MakeKeys(const arrow::Array& values, const ColumnType& type, const Scaler& scaler, Key* keys) {
  const auto fill = [&](auto key, auto convert) {
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsValid(i)) keys[i] = convert(key(i));
    }
  };
  if constexpr (std::is_same_v<Key, Decimal256>) {
    if (type.keys == KeyKind::kInteger) {
      VisitKeys<int64_t>(values, [&](auto key) {
        fill(key, [&](int64_t value) { return scaler(ToDecimal256(value)); });
      });
    } else if (type.keys == KeyKind::kWide) {
      VisitKeys<Int128>(values, [&](auto key) {
        fill(key, [&](Int128 value) { return scaler(ToDecimal256(value)); });
      });
    } else {
      VisitKeys<Decimal256>(values, [&](auto key) { fill(key, scaler); });
    }
  } else if constexpr (std::is_same_v<Key, double>) {
    if (type.keys == KeyKind::kReal) {
      VisitKeys<double>(values, [&](auto key) { fill(key, [](double value) { return value; }); });
    } else if (type.keys == KeyKind::kWide) {
      VisitKeys<Int128>(values, [&](auto key) {
        fill(key, [&](Int128 value) { return RealOf(ToDecimal256(value), type.scale); });
      });
    } else {
      VisitKeys<Decimal256>(values, [&](auto key) {
        fill(key, [&](const Decimal256& value) { return RealOf(value, type.scale); });
      });
    }
  } else if constexpr (std::is_same_v<Key, Int128>) {
    if (type.keys == KeyKind::kInteger) {
      VisitKeys<int64_t>(values,
                         [&](auto key) { fill(key, [](int64_t value) { return Int128{value}; }); });
    } else {
      VisitKeys<Int128>(values, [&](auto key) { fill(key, [](Int128 value) { return value; }); });
    }
  } else {
    VisitKeys<Key>(values, [&](auto key) { fill(key, [](Key value) { return value; }); });
  }
}

/// The keys of a column's rows, and which rows have one.
template <typename Key>
class RowKeys {
 public:
  explicit RowKeys(arrow::MemoryPool* pool)
      : pool_(pool), keys_(pool), valid_(pool), entries_(pool) {}

  Status Fill(const Column& column, const ColumnPair::Side& side, const Decimal256& multiplier,
              int64_t num_rows) {
    const Scaler scaler(multiplier);
    ARROW_RETURN_NOT_OK(keys_.Resize(num_rows));
    ARROW_RETURN_NOT_OK(valid_.Resize(num_rows));
    int64_t row = 0;
    for (const Piece& piece : column.pieces) {
      ARROW_ASSIGN_OR_RAISE(auto values, ValuesAt(piece.values, side.path.fields, pool_));
      CastValues cast;
      if (side.cast != nullptr) {
        ARROW_ASSIGN_OR_RAISE(cast, side.cast->Apply(*values, pool_));
        values = cast.values;
      }
      const int64_t num_entries = values->length();
      ARROW_RETURN_NOT_OK(entries_.Resize(num_entries));
      MakeKeys<Key>(*values, side.type, scaler, entries_.data());
      for (int64_t i = 0; i < piece.num_rows; ++i, ++row) {
        const int64_t entry = piece.encoded() ? piece.index_data()[i] : i;
        valid_[row] = static_cast<uint8_t>(entry < num_entries && values->IsValid(entry));
        if (valid_[row] != 0) keys_[row] = entries_[entry];
        if (cast.failed.empty() || entry >= num_entries) continue;
        failed_.resize(static_cast<size_t>(num_rows));
        failed_[static_cast<size_t>(row)] |= cast.failed[static_cast<size_t>(entry)];
      }
      kept_.push_back(std::move(values));
    }
    return Status::OK();
  }

  const Key& key(int64_t row) const { return keys_[row]; }
  bool valid(int64_t row) const { return valid_[row] != 0; }
  /// 1 where the cast of a row's value has failed; empty: nowhere.
  const std::vector<uint8_t>& failed() const { return failed_; }

 private:
  arrow::MemoryPool* pool_;
  PooledArray<Key> keys_;
  PooledArray<uint8_t> valid_;
  PooledArray<Key> entries_;
  std::vector<uint8_t> failed_;
  std::vector<std::shared_ptr<arrow::Array>> kept_;  // keys of bytes point into them
};

template <typename Key>
bool Holds(ComparisonOp op, const Key& a, const Key& b) {
  switch (op) {
    case ComparisonOp::kEqual:
      return a == b;
    case ComparisonOp::kNotEqual:
      return a != b;
    case ComparisonOp::kLess:
      return a < b;
    case ComparisonOp::kLessEqual:
      return a <= b;
    case ComparisonOp::kGreater:
      return a > b;
    case ComparisonOp::kGreaterEqual:
      return a >= b;
  }
  return false;
}

bool Holds(ComparisonOp op, const Int128& a, const double& b) {
  if (std::isnan(b)) return op == ComparisonOp::kNotEqual;
  return Holds<int>(op, CompareIntegerReal(a, b), 0);
}

template <typename Left, typename Right>
Status CompareRows(ComparisonOp op, const RowKeys<Left>& left, const RowKeys<Right>& right,
                   int64_t num_rows, TruthBits* out) {
  ARROW_RETURN_NOT_OK(out->Fill(num_rows, Truth::kNull));
  for (int64_t row = 0; row < num_rows; ++row) {
    if (!left.valid(row) || !right.valid(row)) continue;
    const uint64_t bit = uint64_t{1} << (row & 63);
    auto* words = Holds(op, left.key(row), right.key(row)) ? out->true_words() : out->false_words();
    words[row >> 6] |= bit;
  }
  std::vector<uint8_t> failed = left.failed();
  if (failed.empty()) failed = right.failed();
  // Where the other side is null, too.
  for (size_t row = 0; row < right.failed().size(); ++row) failed[row] |= right.failed()[row];
  if (!failed.empty()) out->SetFailed(failed.data(), num_rows);
  return Status::OK();
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> ValuesAt(const std::shared_ptr<arrow::Array>& values,
                                                      const std::vector<int>& fields,
                                                      arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Array> result = values;
  for (const int field : fields) {
    ARROW_ASSIGN_OR_RAISE(
        result, static_cast<const arrow::StructArray&>(*result).GetFlattenedField(field, pool));
  }
  return result;
}

ColumnPair::ColumnPair(Side left, Side right, ComparisonOp op)
    : left_(std::move(left)), right_(std::move(right)), op_(op) {
  const auto whole = [](const ColumnType& type) { return type.type == SqlType::kInt64; };
  const bool left_real = left_.type.keys == KeyKind::kReal;
  const bool right_real = right_.type.keys == KeyKind::kReal;
  if (left_.type.keys == KeyKind::kBytes) {
    mode_ = Mode::kBytes;
  } else if ((left_real && whole(right_.type)) || (right_real && whole(left_.type))) {
    mode_ = Mode::kIntegerReal;
    if (left_real) {
      std::swap(left_, right_);
      op_ = Mirrored(op_);
    }
  } else if (left_real || right_real) {
    mode_ = Mode::kReal;
  } else if (left_.type.keys == KeyKind::kInteger && right_.type.keys == KeyKind::kInteger &&
             left_.type.unit_nanos == right_.type.unit_nanos) {
    mode_ = Mode::kInteger;
  } else if (left_.type.unit_nanos != 0) {
    left_multiplier_ = Decimal256(left_.type.unit_nanos);
    right_multiplier_ = Decimal256(right_.type.unit_nanos);
  } else {
    const int64_t difference = int64_t{left_.type.scale} - right_.type.scale;
    if (difference > 0) right_multiplier_ = PowerOfTen(difference);
    if (difference < 0) left_multiplier_ = PowerOfTen(-difference);
  }
}

bool ColumnPair::may_fail() const {
  return (left_.cast != nullptr && left_.cast->may_fail()) ||
         (right_.cast != nullptr && right_.cast->may_fail());
}

Status ColumnPair::Evaluate(const Column& left, const Column& right, int64_t num_rows,
                            arrow::MemoryPool* pool, TruthBits* out) const {
  const auto run = [&](auto left_keys, auto right_keys) -> Status {
    ARROW_RETURN_NOT_OK(left_keys.Fill(left, left_, left_multiplier_, num_rows));
    ARROW_RETURN_NOT_OK(right_keys.Fill(right, right_, right_multiplier_, num_rows));
    return CompareRows(op_, left_keys, right_keys, num_rows, out);
  };
  switch (mode_) {
    case Mode::kInteger:
      return run(RowKeys<int64_t>(pool), RowKeys<int64_t>(pool));
    case Mode::kScaled:
      return run(RowKeys<Decimal256>(pool), RowKeys<Decimal256>(pool));
    case Mode::kReal:
      return run(RowKeys<double>(pool), RowKeys<double>(pool));
    case Mode::kIntegerReal:
      return run(RowKeys<Int128>(pool), RowKeys<double>(pool));
    case Mode::kBytes:
      return run(RowKeys<std::string_view>(pool), RowKeys<std::string_view>(pool));
  }
  return Status::OK();
}

}  // namespace emberharmony::io::filter
