#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/canonical_decimal_internal.h"
#include "emberharmony/io/cell_text.h"
#include "emberharmony/io/interval_parts_internal.h"
#include "emberharmony/io/nested_json_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Array;
using arrow::Result;
using arrow::Type;
using CellsPtr = std::unique_ptr<JsonCells>;

constexpr int kDepthMax = 256;

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t copied = 0;  // bytes of the text that have been appended
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, copied, i - copied);
    copied = i + 1;
    out->push_back('\\');
    switch (c) {
      case '\b':
        out->push_back('b');
        break;
      case '\t':
        out->push_back('t');
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\f':
        out->push_back('f');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '"':
      case '\\':
        out->push_back(c);
        break;
      default:
        out->append("u00");
        out->push_back(kHex[byte >> 4]);
        out->push_back(kHex[byte & 15]);
    }
  }
  out->append(text, copied);
  out->push_back('"');
}

void AppendJsonInteger(int64_t value, std::string* out) {
  char digits[24];
  out->append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
}

// ECMAScript, Number::toString: the shortest digits that give the same double, placed by these
// rules.
void AppendJsonDouble(double value, std::string* out) {
  if (std::isnan(value)) return void(out->append("\"NaN\""));
  if (std::isinf(value)) return void(out->append(value > 0 ? "\"Infinity\"" : "\"-Infinity\""));
  if (value == 0) return out->push_back('0');
  char text[40];
  const char* end =
      std::to_chars(text, text + sizeof(text), std::fabs(value), std::chars_format::scientific).ptr;
  const std::string_view written(text, static_cast<size_t>(end - text));
  const size_t e = written.find('e');
  int exponent = 0;
  const char* exponent_text = text + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_text, end, exponent);
  std::string digits(written.substr(0, e));
  if (digits.size() > 1) digits.erase(1, 1);  // the point
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // how many digits stand before the point
  if (value < 0) out->push_back('-');
  if (count <= point && point <= 21) {
    out->append(digits).append(static_cast<size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out->append(digits, 0, static_cast<size_t>(point));
    out->push_back('.');
    out->append(digits, static_cast<size_t>(point));
  } else if (-6 < point && point <= 0) {
    out->append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  } else {
    out->push_back(digits[0]);
    if (count > 1) out->append(".").append(digits, 1);
    out->append(exponent < 0 ? "e-" : "e+");
    AppendJsonInteger(std::abs(exponent), out);
  }
}

// Multiplies modulo 2^64, as fingerprints of flat cells do.
int64_t FlooredMicros(int64_t value, arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return static_cast<int64_t>(static_cast<uint64_t>(value) * 1000000);
    case arrow::TimeUnit::MILLI:
      return static_cast<int64_t>(static_cast<uint64_t>(value) * 1000);
    case arrow::TimeUnit::MICRO:
      return value;
    default:
      return value / 1000 - (value % 1000 < 0 ? 1 : 0);
  }
}

/// Cells that are not nested: `write` appends one that is not null.
template <typename Write>
class FlatCells : public JsonCells {
 public:
  FlatCells(const Array& values, Write write) : values_(values), write_(std::move(write)) {}
  void Append(int64_t i, std::string* out) const override {
    if (values_.IsNull(i)) {
      out->append("null");
    } else {
      write_(i, out);
    }
  }

 private:
  const Array& values_;
  const Write write_;
};

template <typename Write>
CellsPtr MakeFlat(const Array& values, Write write) {
  return std::make_unique<FlatCells<Write>>(values, std::move(write));
}

class StructCells : public JsonCells {
 public:
  /// The names are JSON strings.
  StructCells(const Array& values, std::vector<std::string> names,
              std::vector<std::shared_ptr<Array>> fields, std::vector<CellsPtr> cells)
      : values_(values),
        names_(std::move(names)),
        fields_(std::move(fields)),
        cells_(std::move(cells)) {}

  void Append(int64_t i, std::string* out) const override {
    if (values_.IsNull(i)) {
      out->append("null");
      return;
    }
    char before = '{';
    for (size_t k = 0; k < cells_.size(); ++k) {
      out->push_back(before);
      before = ',';
      out->append(names_[k]);
      out->push_back(':');
      cells_[k]->Append(i, out);
    }
    if (cells_.empty()) out->push_back('{');
    out->push_back('}');
  }

 private:
  const Array& values_;
  const std::vector<std::string> names_;
  const std::vector<std::shared_ptr<Array>> fields_;  // which the cells refer to
  const std::vector<CellsPtr> cells_;
};

template <typename ListArray>
class ListCells : public JsonCells {
 public:
  ListCells(const ListArray& lists, std::shared_ptr<Array> elements, CellsPtr cells)
      : lists_(lists), elements_(std::move(elements)), cells_(std::move(cells)) {}

  void Append(int64_t i, std::string* out) const override {
    if (lists_.IsNull(i)) {
      out->append("null");
      return;
    }
    out->push_back('[');
    const int64_t begin = lists_.value_offset(i);
    const int64_t end = begin + lists_.value_length(i);
    for (int64_t k = begin; k < end; ++k) {
      if (k > begin) out->push_back(',');
      cells_->Append(k, out);
    }
    out->push_back(']');
  }

 private:
  const ListArray& lists_;
  const std::shared_ptr<Array> elements_;  // which the cells refer to
  const CellsPtr cells_;
};

class MapCells : public JsonCells {
 public:
  MapCells(const arrow::MapArray& maps, std::vector<std::shared_ptr<Array>> entries, CellsPtr keys,
           CellsPtr items)
      : maps_(maps),
        entries_(std::move(entries)),
        keys_(std::move(keys)),
        items_(std::move(items)) {}

  void Append(int64_t i, std::string* out) const override {
    if (maps_.IsNull(i)) {
      out->append("null");
      return;
    }
    out->push_back('[');
    const int64_t begin = maps_.value_offset(i);
    const int64_t end = begin + maps_.value_length(i);
    for (int64_t k = begin; k < end; ++k) {
      out->append(k > begin ? ",{\"key\":" : "{\"key\":");
      keys_->Append(k, out);
      out->append(",\"value\":");
      items_->Append(k, out);
      out->push_back('}');
    }
    out->push_back(']');
  }

 private:
  const arrow::MapArray& maps_;
  const std::vector<std::shared_ptr<Array>> entries_;  // which the cells refer to
  const CellsPtr keys_;
  const CellsPtr items_;
};

class DictionaryCells : public JsonCells {
 public:
  DictionaryCells(const arrow::DictionaryArray& values, CellsPtr entries)
      : values_(values), entries_(std::move(entries)) {}
  void Append(int64_t i, std::string* out) const override {
    if (values_.IsNull(i)) {
      out->append("null");
    } else {
      entries_->Append(values_.GetValueIndex(i), out);
    }
  }

 private:
  const arrow::DictionaryArray& values_;
  const CellsPtr entries_;
};

arrow::Status NoForm(const arrow::DataType& type) {
  return base::UsageError("a column of type " + type.ToString() +
                          " cannot be part of a row fingerprint; split by a key, or write the "
                          "table without it");
}

template <typename ArrayType>
CellsPtr FloatCells(const Array& values) {
  const auto& array = static_cast<const ArrayType&>(values);
  return MakeFlat(values, [&array](int64_t i, std::string* out) {
    AppendJsonDouble(static_cast<double>(array.Value(i)), out);
  });
}

template <typename ArrayType>
CellsPtr StringCells(const Array& values) {
  const auto& array = static_cast<const ArrayType&>(values);
  return MakeFlat(
      values, [&array](int64_t i, std::string* out) { AppendJsonString(array.GetView(i), out); });
}

template <typename ArrayType>
CellsPtr BytesCells(const Array& values) {
  const auto& array = static_cast<const ArrayType&>(values);
  return MakeFlat(values, [&array](int64_t i, std::string* out) {
    out->push_back('"');
    out->append(arrow::util::base64_encode(std::string_view(array.GetView(i))));
    out->push_back('"');
  });
}

template <typename ArrayType>
CellsPtr MicrosCells(const Array& values, arrow::TimeUnit::type unit) {
  const auto& array = static_cast<const ArrayType&>(values);
  return MakeFlat(values, [&array, unit](int64_t i, std::string* out) {
    AppendJsonInteger(FlooredMicros(array.Value(i), unit), out);
  });
}

template <typename ArrayType>
CellsPtr IntervalCells(const Array& values) {
  const auto& array = static_cast<const ArrayType&>(values);
  return MakeFlat(values, [&array](int64_t i, std::string* out) {
    const IntervalParts parts = PartsOf(array.Value(i));
    out->push_back('[');
    AppendJsonInteger(parts.months, out);
    out->push_back(',');
    AppendJsonInteger(parts.days, out);
    out->push_back(',');
    AppendJsonInteger(parts.nanoseconds, out);
    out->push_back(']');
  });
}

template <typename ArrayType, typename DecimalType>
Result<CellsPtr> DecimalCells(const Array& values) {
  const int32_t scale = static_cast<const arrow::DecimalType&>(*values.type()).scale();
  if (scale < -1000 || scale > 1000) {
    return base::DataError("decimal columns need a scale from -1000 to 1000, found " +
                           values.type()->ToString());
  }
  const auto& array = static_cast<const ArrayType&>(values);
  return MakeFlat(values, [&array, scale](int64_t i, std::string* out) {
    AppendCanonicalDecimal(DecimalType(array.GetValue(i)).ToIntegerString(), scale, out);
  });
}

/// What CellTextWriter writes, as it is or as a string.
Result<CellsPtr> TextCells(const Array& values, const std::shared_ptr<arrow::DataType>& type,
                           std::string_view quote) {
  ARROW_ASSIGN_OR_RAISE(CellTextWriter writer, CellTextWriter::Make(type));
  return MakeFlat(values, [&values, writer, quote](int64_t i, std::string* out) {
    out->append(quote);
    writer.Append(values, i, out);
    out->append(quote);
  });
}

Result<CellsPtr> MakeCells(const Array& values, int depth);

template <typename ListArray>
Result<CellsPtr> MakeList(const Array& values, int depth) {
  const auto& lists = static_cast<const ListArray&>(values);
  ARROW_ASSIGN_OR_RAISE(CellsPtr cells, MakeCells(*lists.values(), depth + 1));
  return std::make_unique<ListCells<ListArray>>(lists, lists.values(), std::move(cells));
}

Result<CellsPtr> MakeStruct(const arrow::StructArray& values, int depth) {
  std::vector<std::string> names;
  std::vector<std::shared_ptr<Array>> fields;
  std::vector<CellsPtr> cells;
  for (int k = 0; k < values.num_fields(); ++k) {
    names.emplace_back();
    AppendJsonString(values.type()->field(k)->name(), &names.back());
    fields.push_back(values.field(k));
    ARROW_ASSIGN_OR_RAISE(auto field, MakeCells(*fields.back(), depth + 1));
    cells.push_back(std::move(field));
  }
  return std::make_unique<StructCells>(values, std::move(names), std::move(fields),
                                       std::move(cells));
}

Result<CellsPtr> MakeNested(const Array& values, int depth) {
  switch (values.type_id()) {
    case Type::STRUCT:
      return MakeStruct(static_cast<const arrow::StructArray&>(values), depth);
    case Type::LIST:
      return MakeList<arrow::ListArray>(values, depth);
    case Type::LARGE_LIST:
      return MakeList<arrow::LargeListArray>(values, depth);
    case Type::FIXED_SIZE_LIST:
      return MakeList<arrow::FixedSizeListArray>(values, depth);
    case Type::LIST_VIEW:
      return MakeList<arrow::ListViewArray>(values, depth);
    case Type::LARGE_LIST_VIEW:
      return MakeList<arrow::LargeListViewArray>(values, depth);
    case Type::MAP: {
      const auto& maps = static_cast<const arrow::MapArray&>(values);
      const auto& pairs = static_cast<const arrow::StructArray&>(*maps.values());
      std::vector<std::shared_ptr<Array>> entries = {pairs.field(0), pairs.field(1)};
      ARROW_ASSIGN_OR_RAISE(CellsPtr keys, MakeCells(*entries[0], depth + 1));
      ARROW_ASSIGN_OR_RAISE(CellsPtr items, MakeCells(*entries[1], depth + 1));
      return std::make_unique<MapCells>(maps, std::move(entries), std::move(keys),
                                        std::move(items));
    }
    case Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(values);
      ARROW_ASSIGN_OR_RAISE(CellsPtr entries, MakeCells(*encoded.dictionary(), depth + 1));
      return std::make_unique<DictionaryCells>(encoded, std::move(entries));
    }
    case Type::EXTENSION:
      return MakeCells(*static_cast<const arrow::ExtensionArray&>(values).storage(), depth + 1);
    default:
      return NoForm(*values.type());
  }
}

Result<CellsPtr> MakeTimes(const Array& values) {
  const arrow::DataType& type = *values.type();
  switch (type.id()) {
    case Type::TIMESTAMP: {
      // Without the zone, which the text would show.
      const auto unit = static_cast<const arrow::TimestampType&>(type).unit();
      return TextCells(values, arrow::timestamp(unit), "\"");
    }
    case Type::TIME32:
      return MicrosCells<arrow::Time32Array>(values,
                                             static_cast<const arrow::Time32Type&>(type).unit());
    case Type::TIME64:
      return MicrosCells<arrow::Time64Array>(values,
                                             static_cast<const arrow::Time64Type&>(type).unit());
    case Type::DURATION:
      return MicrosCells<arrow::DurationArray>(
          values, static_cast<const arrow::DurationType&>(type).unit());
    case Type::INTERVAL_MONTHS:
      return IntervalCells<arrow::MonthIntervalArray>(values);
    case Type::INTERVAL_DAY_TIME:
      return IntervalCells<arrow::DayTimeIntervalArray>(values);
    case Type::INTERVAL_MONTH_DAY_NANO:
      return IntervalCells<arrow::MonthDayNanoIntervalArray>(values);
    default:
      return TextCells(values, values.type(), "\"");  // dates
  }
}

Result<CellsPtr> MakeCells(const Array& values, int depth) {
  if (depth > kDepthMax) return NoForm(*values.type());
  switch (values.type_id()) {
    case Type::NA:
      return MakeFlat(values, [](int64_t, std::string*) {});
    case Type::HALF_FLOAT: {
      const auto& array = static_cast<const arrow::HalfFloatArray&>(values);
      return MakeFlat(values, [&array](int64_t i, std::string* out) {
        AppendJsonDouble(arrow::util::Float16::FromBits(array.Value(i)).ToDouble(), out);
      });
    }
    case Type::FLOAT:
      return FloatCells<arrow::FloatArray>(values);
    case Type::DOUBLE:
      return FloatCells<arrow::DoubleArray>(values);
    case Type::STRING:
      return StringCells<arrow::StringArray>(values);
    case Type::LARGE_STRING:
      return StringCells<arrow::LargeStringArray>(values);
    case Type::STRING_VIEW:
      return StringCells<arrow::StringViewArray>(values);
    case Type::BINARY:
      return BytesCells<arrow::BinaryArray>(values);
    case Type::LARGE_BINARY:
      return BytesCells<arrow::LargeBinaryArray>(values);
    case Type::BINARY_VIEW:
      return BytesCells<arrow::BinaryViewArray>(values);
    case Type::FIXED_SIZE_BINARY:
      return BytesCells<arrow::FixedSizeBinaryArray>(values);
    case Type::DECIMAL32:
      return DecimalCells<arrow::Decimal32Array, arrow::Decimal32>(values);
    case Type::DECIMAL64:
      return DecimalCells<arrow::Decimal64Array, arrow::Decimal64>(values);
    case Type::DECIMAL128:
      return DecimalCells<arrow::Decimal128Array, arrow::Decimal128>(values);
    case Type::DECIMAL256:
      return DecimalCells<arrow::Decimal256Array, arrow::Decimal256>(values);
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIMESTAMP:
    case Type::TIME32:
    case Type::TIME64:
    case Type::DURATION:
    case Type::INTERVAL_MONTHS:
    case Type::INTERVAL_DAY_TIME:
    case Type::INTERVAL_MONTH_DAY_NANO:
      return MakeTimes(values);
    default:
      break;
  }
  if (values.type_id() == Type::BOOL || arrow::is_integer(values.type_id())) {
    return TextCells(values, values.type(), "");
  }
  return MakeNested(values, depth);
}

}  // namespace

Result<CellsPtr> JsonCells::Make(const Array& values) { return MakeCells(values, 0); }

}  // namespace emberharmony::io
