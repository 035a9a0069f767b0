#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <utility>

#include "emberharmony/io/filter/column_cast_internal.h"
#include "emberharmony/io/filter/literal_bound_internal.h"

namespace emberharmony::io::filter {
namespace {

using arrow::Status;

constexpr int64_t kNanosInMicrosecond = 1000;

bool IsInstant(SqlType type) {
  return type == SqlType::kDate || type == SqlType::kDatetime || type == SqlType::kTimestamp;
}

bool IsWholeOrDecimal(SqlType type) {
  return type == SqlType::kInt64 || type == SqlType::kNumeric || type == SqlType::kBigNumeric;
}

/// Instants stay in nanoseconds where they were; 64 bits of microseconds hold all of GoogleSQL's.
std::shared_ptr<arrow::DataType> ArrowTypeOf(SqlType to, const ColumnType& from) {
  const bool nanos = IsInstant(from.type) && from.unit_nanos == 1;
  const auto unit = nanos ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO;
  switch (to) {
    case SqlType::kBool:
      return arrow::boolean();
    case SqlType::kInt64:
      return arrow::int64();
    case SqlType::kFloat64:
      return arrow::float64();
    case SqlType::kNumeric:
      return arrow::decimal128(38, 9);
    case SqlType::kBigNumeric:
      return arrow::decimal256(76, 38);
    case SqlType::kString:
      return arrow::large_utf8();
    case SqlType::kBytes:
      return arrow::large_binary();
    case SqlType::kDate:
      return arrow::date32();
    case SqlType::kDatetime:
      return arrow::timestamp(unit);
    case SqlType::kTimestamp:
      return arrow::timestamp(unit, "UTC");
    case SqlType::kTime:
      return arrow::time64(arrow::TimeUnit::NANO);
    default:
      return arrow::null();
  }
}

Decimal DecimalOfKey(const arrow::Decimal256& key, int32_t scale) {
  const bool negative = key.Sign() < 0;
  const arrow::Decimal256 magnitude(arrow::BasicDecimal256::Abs(key));
  return MakeDecimal(negative, magnitude.ToIntegerString(), scale);
}

/// Calls visit(i, literal) for every value that is not null, until it returns an error.
template <typename Visit>
Status VisitLiterals(const arrow::Array& values, const ColumnType& type, Visit&& visit) {
  Status status;
  Literal literal;
  literal.type = type.type;
  const auto all = [&](auto&& set) {
    for (int64_t i = 0; i < values.length() && status.ok(); ++i) {
      if (values.IsValid(i)) set(i);
      status = visit(i, values.IsValid(i) ? &literal : nullptr);
    }
  };
  const auto time_unit = type.type == SqlType::kDate || type.unit_nanos == 0 ? 1 : type.unit_nanos;
  switch (type.keys) {
    case KeyKind::kBoolean: {
      const auto& booleans = static_cast<const arrow::BooleanArray&>(values);
      all([&](int64_t i) { literal.integer = booleans.Value(i) ? 1 : 0; });
      break;
    }
    case KeyKind::kInteger:
      VisitKeys<int64_t>(values, [&](auto key) {
        all([&](int64_t i) { literal.integer = Int128{key(i)} * time_unit; });
      });
      break;
    case KeyKind::kWide:
      VisitKeys<Int128>(values, [&](auto key) {
        all([&](int64_t i) {
          if (type.type == SqlType::kInt64) {
            literal.integer = key(i);
          } else {
            literal.decimal = DecimalOfKey(ToDecimal256(key(i)), type.scale);
          }
        });
      });
      break;
    case KeyKind::kHuge:
      VisitKeys<arrow::Decimal256>(values, [&](auto key) {
        all([&](int64_t i) { literal.decimal = DecimalOfKey(key(i), type.scale); });
      });
      break;
    case KeyKind::kReal:
      VisitKeys<double>(values, [&](auto key) { all([&](int64_t i) { literal.real = key(i); }); });
      break;
    case KeyKind::kBytes:
      VisitKeys<std::string_view>(
          values, [&](auto key) { all([&](int64_t i) { literal.bytes = key(i); }); });
      break;
    case KeyKind::kNone:
      return Status::Invalid("a column without values was to be cast");
  }
  return status;
}

/// The unscaled integer of a decimal that has `scale` digits after the point at most.
template <typename DecimalType>
DecimalType UnscaledDecimal(const Decimal& decimal, int32_t scale) {
  if (decimal.digits.empty()) return DecimalType(0);
  auto value = IntegerOfDigits<DecimalType>(decimal.digits);
  for (int64_t i = decimal.scale; i < scale; ++i) value *= DecimalType(10);
  if (decimal.negative) value.Negate();
  return value;
}

/// Appends a literal of the builder's type. A fault is why the type of the values cannot hold it.
Status AppendLiteral(const Literal& literal, const ColumnType& type, arrow::ArrayBuilder* builder,
                     std::string* fault) {
  switch (literal.type) {
    case SqlType::kBool:
      return static_cast<arrow::BooleanBuilder*>(builder)->Append(literal.integer != 0);
    case SqlType::kInt64:
      return static_cast<arrow::Int64Builder*>(builder)->Append(
          static_cast<int64_t>(literal.integer));
    case SqlType::kFloat64:
      return static_cast<arrow::DoubleBuilder*>(builder)->Append(literal.real);
    case SqlType::kNumeric:
      return static_cast<arrow::Decimal128Builder*>(builder)->Append(
          UnscaledDecimal<arrow::Decimal128>(literal.decimal, type.scale));
    case SqlType::kBigNumeric:
      return static_cast<arrow::Decimal256Builder*>(builder)->Append(
          UnscaledDecimal<arrow::Decimal256>(literal.decimal, type.scale));
    case SqlType::kString:
    case SqlType::kBytes:
      return static_cast<arrow::LargeBinaryBuilder*>(builder)->Append(literal.bytes);
    case SqlType::kDate:
      return static_cast<arrow::Date32Builder*>(builder)->Append(
          static_cast<int32_t>(literal.integer));
    case SqlType::kTime:
      return static_cast<arrow::Time64Builder*>(builder)->Append(
          static_cast<int64_t>(literal.integer));
    default:
      if (literal.integer % type.unit_nanos != 0) {
        *fault = "expected at most six digits of a second's fraction, found " + LiteralSql(literal);
        return builder->AppendNull();
      }
      return static_cast<arrow::TimestampBuilder*>(builder)->Append(
          static_cast<int64_t>(literal.integer / type.unit_nanos));
  }
}

}  // namespace

ColumnCast::ColumnCast(std::shared_ptr<const ColumnCast> inner, const ColumnType& from, SqlType to,
                       bool is_safe, std::string where)
    : inner_(std::move(inner)),
      from_(from),
      to_(to),
      is_safe_(is_safe),
      where_(std::move(where)),
      arrow_type_(ArrowTypeOf(to, from)),
      type_(ColumnTypeOf(*arrow_type_)) {
  // Dates and times can lie beyond GoogleSQL's years, but for those in 64 bits of nanoseconds.
  const bool never_fails = from_.type == SqlType::kBool ||
                           (from_.type == SqlType::kInt64 && from_.keys == KeyKind::kInteger) ||
                           (IsInstant(from_.type) && from_.unit_nanos == 1) ||
                           (to_ == SqlType::kString &&
                            (IsWholeOrDecimal(from_.type) || from_.type == SqlType::kFloat64 ||
                             from_.type == SqlType::kTime)) ||
                           (to_ == SqlType::kFloat64 && IsWholeOrDecimal(from_.type)) ||
                           to_ == SqlType::kBytes;
  may_fail_ = (inner_ != nullptr && inner_->may_fail()) || (!never_fails && !is_safe_);
  const bool instants = IsInstant(from_.type) && IsInstant(to_);
  const bool numbers =
      IsWholeOrDecimal(from_.type) && (IsWholeOrDecimal(to_) || to_ == SqlType::kFloat64);
  is_monotone_ = (inner_ == nullptr || inner_->is_monotone()) && (instants || numbers);
}

Status ColumnCast::CastAll(const arrow::Array& values, arrow::ArrayBuilder* builder,
                           CastValues* out) const {
  Literal result;
  return VisitLiterals(values, from_, [&](int64_t i, const Literal* literal) -> Status {
    if (literal == nullptr) return builder->AppendNull();
    std::string fault = CastLiteral(*literal, to_, &result);
    if (fault.empty()) {
      ARROW_RETURN_NOT_OK(AppendLiteral(result, type_, builder, &fault));
    } else {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    }
    if (fault.empty() || is_safe_) return Status::OK();
    if (out->failed.empty()) out->failed.resize(static_cast<size_t>(values.length()));
    if (out->first_fault.empty()) out->first_fault = where_ + fault;
    out->failed[static_cast<size_t>(i)] = 1;
    return Status::OK();
  });
}

arrow::Result<CastValues> ColumnCast::Apply(const arrow::Array& values,
                                            arrow::MemoryPool* pool) const {
  CastValues out;
  const arrow::Array* before = &values;
  if (inner_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out, inner_->Apply(values, pool));
    before = out.values.get();
  }
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool, arrow_type_, &builder));
  ARROW_RETURN_NOT_OK(builder->Reserve(before->length()));
  ARROW_RETURN_NOT_OK(CastAll(*before, builder.get(), &out));
  ARROW_ASSIGN_OR_RAISE(out.values, builder->Finish());
  return out;
}

}  // namespace emberharmony::io::filter
