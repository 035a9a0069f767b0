#include "emberharmony/bigquery/unit_histogram.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/bigquery/table_schema.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::bigquery {
namespace {

using arrow::Status;
using io::filter::Int128;
using io::filter::Literal;
using io::filter::SqlType;

constexpr int kIntegerBits = 127;

/// A column, or a field of a record.
struct UnitField {
  std::vector<std::string> path;
  std::shared_ptr<arrow::Field> field;
};

/// What `name` means among these fields; no field where it means none of them, and then the
/// nearest names are to be looked for in `*names`.
UnitField FindField(const arrow::FieldVector& fields, const std::string& prefix,
                    std::string_view name, std::vector<std::string>* names) {
  names->clear();
  for (const auto& field : fields) {
    if (base::LowerAscii(field->name()) == name) return {{field->name()}, field};
    names->push_back(prefix + field->name());
  }
  for (const auto& field : fields) {
    const std::string begin = base::LowerAscii(field->name()) + ".";
    if (!name.starts_with(begin) || field->type()->id() != arrow::Type::STRUCT) continue;
    UnitField found = FindField(field->type()->fields(), prefix + field->name() + ".",
                                name.substr(begin.size()), names);
    if (found.field != nullptr) found.path.insert(found.path.begin(), field->name());
    return found;
  }
  return {};
}

arrow::Result<UnitField> FindUnitField(const arrow::Schema& schema, const std::string& column) {
  std::vector<std::string> names;
  UnitField found = FindField(schema.fields(), "", base::LowerAscii(column), &names);
  if (found.field != nullptr) return found;
  return base::UnknownColumnError(fmt::format("unit_column: the table has no column '{}'{}", column,
                                              base::DidYouMean(column, names)));
}

/// The values of a record's field, null where the record is; null if it has none of that name.
arrow::Result<std::shared_ptr<arrow::Array>> FieldValues(const arrow::Array& records,
                                                         const std::string& name) {
  if (records.type_id() != arrow::Type::STRUCT) return nullptr;
  const auto& structs = static_cast<const arrow::StructArray&>(records);
  const int field = structs.struct_type()->GetFieldIndex(name);
  if (field < 0) return nullptr;
  return structs.GetFlattenedField(field);
}

arrow::Status CheckUnitType(const arrow::Field& field, const std::string& column) {
  // Two types that are sent alike may not compare alike: what a text is, its metadata tell.
  const TableField told = TableFieldsOf(*arrow::schema(
      {arrow::field(field.name(), field.type(), field.nullable(), field.metadata())}))[0];
  const bool repeated = told.mode == "REPEATED";
  constexpr const char* kTypes[] = {"INTEGER",  "NUMERIC",   "DATE",
                                    "DATETIME", "TIMESTAMP", "STRING"};
  const bool known = std::any_of(std::begin(kTypes), std::end(kTypes),
                                 [&](const char* type) { return told.type == type; });
  if (known && !repeated) return Status::OK();
  return base::UsageError(fmt::format(
      "unit_column must be of the type INT64, NUMERIC, DATE, DATETIME, TIMESTAMP or STRING, whose "
      "values have one order and borders that can be written down, but '{}' is {}; name the "
      "column by which the table is partitioned or clustered, or a key",
      column, SqlTypeName(told)));
}

Int128 DecimalInteger(const arrow::Decimal128& value) {
  return Int128{value.high_bits()} * (Int128{1} << 64) + Int128{value.low_bits()};
}

std::string DigitsOf(Int128 value) {
  std::string digits;
  for (unsigned __int128 rest = value < 0 ? -static_cast<unsigned __int128>(value)
                                          : static_cast<unsigned __int128>(value);
       rest > 0; rest /= 10) {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

/// The first characters of a text, whole: so no shorter text comes out of a greater one.
std::string_view Prefix(std::string_view text, size_t characters) {
  size_t size = 0;
  for (; size < text.size(); ++size) {
    const bool begins = (static_cast<unsigned char>(text[size]) & 0xC0) != 0x80;
    if (begins && characters-- == 0) break;
  }
  return text.substr(0, size);
}

}  // namespace

size_t UnitHistogram::IntegerHash::operator()(Int128 value) const {
  // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
  uint64_t x =
      static_cast<uint64_t>(value) ^ (static_cast<uint64_t>(value >> 64) * 0x9E3779B97F4A7C15);
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return static_cast<size_t>(x ^ (x >> 31));
}

Status UnitHistogram::Check(const arrow::Schema& schema, const std::string& column) {
  return Make(schema, column).status();
}

arrow::Result<UnitHistogram> UnitHistogram::Make(const arrow::Schema& schema,
                                                 const std::string& column, const Limits& limits) {
  ARROW_ASSIGN_OR_RAISE(UnitField found, FindUnitField(schema, column));
  ARROW_RETURN_NOT_OK(CheckUnitType(*found.field, fmt::format("{}", fmt::join(found.path, "."))));
  return UnitHistogram(std::move(found.path), found.field->type(), limits);
}

UnitHistogram::UnitHistogram(std::vector<std::string> path, std::shared_ptr<arrow::DataType> type,
                             Limits limits)
    : path_(std::move(path)),
      column_(fmt::format("{}", fmt::join(path_, "."))),
      type_(std::move(type)),
      limits_(limits) {}

std::string UnitHistogram::ColumnSql() const {
  io::filter::Expression name;
  name.kind = io::filter::ExpressionKind::kColumn;
  name.path = path_;
  return io::filter::WriteSql(name);
}

void UnitHistogram::CountInteger(Int128 value, int64_t num_rows) {
  integers_[value >> shift_] += num_rows;
  while (integers_.size() > limits_.keys_max) CoarsenIntegers();
}

void UnitHistogram::CoarsenIntegers() {
  shift_ = std::min(shift_ + 1, kIntegerBits);
  std::unordered_map<Int128, int64_t, IntegerHash> coarse;
  coarse.reserve(integers_.size());
  for (const auto& [key, count] : integers_) coarse[key >> 1] += count;
  integers_ = std::move(coarse);
}

void UnitHistogram::CountText(std::string_view value, int64_t num_rows) {
  const std::string key(Prefix(value, characters_));
  const auto [found, is_new] = texts_.try_emplace(key, 0);
  found->second += num_rows;
  if (is_new) text_bytes_ += key.size();
  while (texts_.size() > limits_.keys_max || text_bytes_ > limits_.text_bytes_max) CoarsenTexts();
}

void UnitHistogram::CoarsenTexts() {
  --characters_;
  std::unordered_map<std::string, int64_t> coarse;
  coarse.reserve(texts_.size());
  text_bytes_ = 0;
  for (const auto& [key, count] : texts_) {
    const auto [found, is_new] = coarse.try_emplace(std::string(Prefix(key, characters_)), 0);
    found->second += count;
    if (is_new) text_bytes_ += found->first.size();
  }
  texts_ = std::move(coarse);
}

Status UnitHistogram::Update(const arrow::Array& values) {
  if (!values.type()->Equals(*type_)) {
    return base::DataError(fmt::format("the service has sent the unit column as {}, expected {}",
                                       values.type()->ToString(), type_->ToString()));
  }
  num_rows_ += values.length();
  // Neighbours are often equal: partitions and clusters lie together.
  const auto count_runs = [&](const auto& value_of, const auto& count) {
    for (int64_t i = 0; i < values.length();) {
      if (values.IsNull(i)) {
        ++i;
        continue;
      }
      const auto value = value_of(i);
      int64_t end = i + 1;
      while (end < values.length() && values.IsValid(end) && value_of(end) == value) ++end;
      count(value, end - i);
      i = end;
    }
  };
  const auto integer = [this](Int128 value, int64_t rows) { CountInteger(value, rows); };
  switch (type_->id()) {
    case arrow::Type::STRING: {
      const auto& texts = static_cast<const arrow::StringArray&>(values);
      for (int64_t i = 0; i < texts.length(); ++i) {
        if (texts.IsValid(i) && !base::IsUtf8(texts.GetView(i))) {
          return base::DataError("the service has sent a STRING that is not UTF-8 in column '" +
                                 column_ + "'");
        }
      }
      count_runs([&](int64_t i) { return texts.GetView(i); },
                 [this](std::string_view value, int64_t rows) { CountText(value, rows); });
      return Status::OK();
    }
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(values);
      count_runs([&](int64_t i) { return DecimalInteger(arrow::Decimal128(decimals.GetValue(i))); },
                 integer);
      return Status::OK();
    }
    case arrow::Type::DATE32: {
      const auto& days = static_cast<const arrow::Date32Array&>(values);
      count_runs([&](int64_t i) { return Int128{days.Value(i)}; }, integer);
      return Status::OK();
    }
    default: {
      const auto* raw = values.data()->GetValues<int64_t>(1);
      count_runs([&](int64_t i) { return Int128{raw[i]}; }, integer);
      return Status::OK();
    }
  }
}

Status UnitHistogram::UpdateFrom(const arrow::RecordBatch& rows) {
  std::shared_ptr<arrow::Array> values = rows.GetColumnByName(path_[0]);
  for (size_t i = 1; i < path_.size() && values != nullptr; ++i) {
    ARROW_ASSIGN_OR_RAISE(values, FieldValues(*values, path_[i]));
  }
  if (values != nullptr) return Update(*values);
  return base::DataError("the service has sent other columns than the unit column '" + column_ +
                         "'");
}

std::string UnitHistogram::BorderSql(Int128 key) const {
  const Int128 value = key * (Int128{1} << shift_);
  Literal literal;
  literal.integer = value;
  switch (type_->id()) {
    case arrow::Type::DECIMAL128: {
      literal.type = SqlType::kNumeric;
      literal.integer = 0;
      literal.decimal = io::filter::MakeDecimal(
          value < 0, DigitsOf(value), static_cast<const arrow::Decimal128Type&>(*type_).scale());
      break;
    }
    case arrow::Type::DATE32:
      literal.type = SqlType::kDate;
      break;
    case arrow::Type::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(*type_);
      constexpr int64_t kNanos[] = {1'000'000'000, 1'000'000, 1'000, 1};
      literal.type = type.timezone().empty() ? SqlType::kDatetime : SqlType::kTimestamp;
      literal.integer = value * kNanos[type.unit()];
      break;
    }
    default:
      literal.type = SqlType::kInt64;
      break;
  }
  return io::filter::LiteralSql(literal);
}

std::string UnitHistogram::RangeSql(const std::string& begin, const std::string& end) const {
  const std::string column = ColumnSql();
  if (begin.empty() && end.empty()) return column + " IS NOT NULL";
  std::string condition;
  if (!begin.empty()) condition = fmt::format("{} >= {}", column, begin);
  if (!end.empty()) {
    condition += fmt::format("{}{} < {}", begin.empty() ? "" : " AND ", column, end);
  }
  return condition;
}

std::vector<UnitRange> UnitHistogram::Cut(int64_t rows_min, int64_t ranges_max) const {
  std::vector<std::pair<std::string, int64_t>> keys;  // where each begins, ascending
  int64_t num_values = 0;
  if (type_->id() == arrow::Type::STRING) {
    std::vector<std::pair<std::string, int64_t>> texts(texts_.begin(), texts_.end());
    std::sort(texts.begin(), texts.end());
    for (auto& [text, count] : texts) {
      Literal literal;
      literal.type = SqlType::kString;
      literal.bytes = std::move(text);
      keys.emplace_back(io::filter::LiteralSql(literal), count);
    }
  } else {
    std::vector<std::pair<Int128, int64_t>> integers(integers_.begin(), integers_.end());
    std::sort(integers.begin(), integers.end());
    for (const auto& [key, count] : integers) {
      // The first one's beginning may be before all dates, and is not asked for.
      keys.emplace_back(keys.empty() ? "" : BorderSql(key), count);
    }
  }
  for (const auto& key : keys) num_values += key.second;
  const int64_t rows = std::max(rows_min, (num_values + ranges_max - 1) / ranges_max);
  std::vector<UnitRange> ranges = {{ColumnSql() + " IS NULL", num_rows_ - num_values}};
  std::string begin;
  int64_t reached = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    reached += keys[i].second;
    const bool last = i + 1 == keys.size();
    if (reached < rows && !last) continue;
    const std::string end = last ? "" : keys[i + 1].first;
    ranges.push_back({RangeSql(begin, end), reached});
    begin = end;
    reached = 0;
  }
  return ranges;
}

}  // namespace emberharmony::bigquery
