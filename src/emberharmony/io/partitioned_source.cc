#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/partitioned_source_internal.h"
#include "emberharmony/io/row_selection.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

constexpr std::string_view kNull = "__HIVE_DEFAULT_PARTITION__";

struct Partition {
  std::string key;
  std::optional<std::string> value;  ///< absent: null
  bool operator==(const Partition&) const = default;
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Percent-decoded; a '%' that no two digits follow stands for itself.
std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The folders of a relative path that are called key=value.
std::vector<Partition> PartitionsOf(std::string_view path) {
  std::vector<Partition> partitions;
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    const std::string_view folder = path.substr(0, slash);
    path.remove_prefix(slash + 1);
    const size_t equals = folder.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    Partition partition{Decoded(folder.substr(0, equals)), std::nullopt};
    const std::string_view value = folder.substr(equals + 1);
    if (value != kNull) partition.value = Decoded(value);
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

std::optional<int64_t> AsInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Days since 1970 of a text like 2001-01-31.
std::optional<int32_t> AsDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](size_t begin, size_t size) -> std::optional<int64_t> {
    const std::string_view digits = text.substr(begin, size);
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    return AsInteger(digits);
  };
  const auto year = number(0, 4);
  const auto month = number(5, 2);
  const auto day = number(8, 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

/// The type that suits all values of a key.
std::shared_ptr<arrow::DataType> TypeOf(const std::vector<std::optional<std::string>>& values) {
  bool any = false;
  bool integers = true;
  bool dates = true;
  for (const auto& value : values) {
    if (!value) continue;
    any = true;
    integers = integers && AsInteger(*value).has_value();
    dates = dates && AsDate(*value).has_value();
  }
  if (any && integers) return arrow::int64();
  if (any && dates) return arrow::date32();
  return arrow::utf8();
}

/// A dictionary of one value, or of none for null.
Result<std::shared_ptr<arrow::Array>> DictionaryOf(const std::optional<std::string>& value,
                                                   const arrow::DataType& type) {
  if (type.id() == arrow::Type::INT64) {
    arrow::Int64Builder builder;
    if (value) ARROW_RETURN_NOT_OK(builder.Append(*AsInteger(*value)));
    return builder.Finish();
  }
  if (type.id() == arrow::Type::DATE32) {
    arrow::Date32Builder builder;
    if (value) ARROW_RETURN_NOT_OK(builder.Append(*AsDate(*value)));
    return builder.Finish();
  }
  arrow::StringBuilder builder;
  if (value) ARROW_RETURN_NOT_OK(builder.Append(*value));
  return builder.Finish();
}

/// One value of a key, as pieces have it.
struct Constant {
  std::shared_ptr<arrow::Array> values;
  uint64_t dictionary_id = 0;
};

/// Adds the columns of a unit's folders to those of its file.
class PartitionedReader : public BatchReader {
 public:
  /// `constants`: by column that was asked for, null for those of the file, which `reader` reads in
  /// the same order; without any, reader is null.
  PartitionedReader(std::unique_ptr<BatchReader> reader, std::vector<const Constant*> constants,
                    int64_t num_rows, Cursor start, const BatchOptions& options)
      : reader_(std::move(reader)),
        constants_(std::move(constants)),
        num_rows_(num_rows),
        cursor_(start),
        options_(options) {}

  Result<std::optional<Batch>> Next() override {
    Batch batch;
    if (reader_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto next, reader_->Next());
      if (!next.has_value()) return next;
      batch = *std::move(next);
    } else {
      batch.first_row = cursor_.next_row;
      batch.num_rows = std::min(options_.batch_rows, num_rows_ - cursor_.next_row);
      if (batch.num_rows <= 0) return std::optional<Batch>();
      cursor_.next_row += batch.num_rows;
    }
    ARROW_RETURN_NOT_OK(ReserveZeros(batch.num_rows));
    std::vector<Column> columns(constants_.size());
    size_t next_column = 0;
    for (size_t i = 0; i < constants_.size(); ++i) {
      if (constants_[i] == nullptr) {
        columns[i] = std::move(batch.columns[next_column++]);
      } else {
        columns[i].pieces.push_back({constants_[i]->values,
                                     arrow::SliceBuffer(zeros_, 0, batch.num_rows * 4),
                                     batch.num_rows, constants_[i]->dictionary_id});
      }
    }
    batch.columns = std::move(columns);
    return std::optional<Batch>(std::move(batch));
  }

  Cursor cursor() const override { return reader_ != nullptr ? reader_->cursor() : cursor_; }

 private:
  /// The index of the one value, and of null where there is none, is 0.
  Status ReserveZeros(int64_t num_rows) {
    if (zeros_ != nullptr && zeros_->size() >= num_rows * 4) return Status::OK();
    arrow::MemoryPool* pool =
        options_.pool != nullptr ? options_.pool : arrow::default_memory_pool();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> zeros,
                          arrow::AllocateBuffer(num_rows * 4, pool));
    std::fill_n(zeros->mutable_data(), zeros->size(), uint8_t{0});
    zeros_ = std::move(zeros);
    return Status::OK();
  }

  std::unique_ptr<BatchReader> reader_;
  const std::vector<const Constant*> constants_;
  const int64_t num_rows_;
  Cursor cursor_;  // without a reader
  const BatchOptions options_;
  std::shared_ptr<arrow::Buffer> zeros_;
};

class PartitionedSource : public Source {
 public:
  static Result<std::shared_ptr<Source>> Make(std::shared_ptr<Source> source,
                                              std::vector<Partition> keys) {
    auto result = std::make_shared<PartitionedSource>();
    result->source_ = std::move(source);
    result->num_file_columns_ = result->source_->schema()->num_fields();
    ARROW_RETURN_NOT_OK(result->AddColumns(std::move(keys)));
    return result;
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<Unit>& units() const override { return source_->units(); }
  bool columns_independent() const override { return source_->columns_independent(); }
  bool rows_are_numbered() const override { return source_->rows_are_numbered(); }

  ColumnHint Hint(const Unit& unit, int column) const override {
    if (!IsKey(column)) return source_->Hint(unit, InFile(column));
    ColumnHint hint;
    hint.dictionary_encoded = true;
    hint.null_count = ConstantOf(unit, column).values->length() == 0 ? unit.num_rows : 0;
    return hint;
  }

  Result<std::unique_ptr<BatchReader>> Open(const Unit& unit, const std::vector<int>& columns,
                                            const BatchOptions& options,
                                            Cursor start) const override {
    return OpenWith(unit, columns, options, unit.num_rows, start, [&](const auto& of_file) {
      return source_->Open(unit, of_file, options, start);
    });
  }

  Result<std::unique_ptr<BatchReader>> OpenSelected(const Unit& unit,
                                                    const std::vector<int>& columns,
                                                    const BatchOptions& options,
                                                    std::shared_ptr<const RowSelection> selection,
                                                    Cursor start) const override {
    return OpenWith(unit, columns, options, selection->num_selected(), start,
                    [&](const auto& of_file) {
                      return source_->OpenSelected(unit, of_file, options, selection, start);
                    });
  }

  /// Of the folders' columns nothing is told.
  Result<std::vector<UnitPart>> Parts(const Unit& unit,
                                      const std::vector<int>& columns) const override {
    std::vector<int> of_file;
    for (const int column : columns) {
      if (!IsKey(column)) of_file.push_back(InFile(column));
    }
    ARROW_ASSIGN_OR_RAISE(auto parts, source_->Parts(unit, of_file));
    for (UnitPart& part : parts) {
      std::vector<ColumnRange> ranges(columns.size());
      size_t next = 0;
      for (size_t i = 0; i < columns.size(); ++i) {
        if (!IsKey(columns[i])) ranges[i] = std::move(part.columns.at(next++));
      }
      part.columns = std::move(ranges);
    }
    return parts;
  }

  void VisitPositions(const Unit& unit,
                      const std::function<void(int64_t, int64_t)>& visit) const override {
    source_->VisitPositions(unit, visit);
  }

  std::vector<std::string> warnings() const override { return source_->warnings(); }
  std::string identity() const override { return source_->identity(); }

 private:
  bool IsKey(int column) const {
    return column >= num_file_columns_ && column < schema_->num_fields();
  }
  /// Columns behind the schema's fields are members of structs, which only files have.
  int InFile(int column) const {
    return column < num_file_columns_ ? column
                                      : column - (schema_->num_fields() - num_file_columns_);
  }
  /// Adds constants to what `open` reads of the file's columns, num_rows rows from `start` on.
  template <typename OpenFileColumns>
  Result<std::unique_ptr<BatchReader>> OpenWith(const Unit& unit, const std::vector<int>& columns,
                                                const BatchOptions& options, int64_t num_rows,
                                                Cursor start, OpenFileColumns open) const {
    std::vector<int> of_file;
    std::vector<const Constant*> constants;
    for (const int column : columns) {
      constants.push_back(IsKey(column) ? &ConstantOf(unit, column) : nullptr);
      if (!IsKey(column)) of_file.push_back(InFile(column));
    }
    if (of_file.size() == columns.size()) return open(of_file);
    std::unique_ptr<BatchReader> reader;
    if (!of_file.empty()) {
      ARROW_ASSIGN_OR_RAISE(reader, open(of_file));
    }
    return std::make_unique<PartitionedReader>(std::move(reader), std::move(constants), num_rows,
                                               start, options);
  }
  const Constant& ConstantOf(const Unit& unit, int column) const {
    const auto key = static_cast<size_t>(column - num_file_columns_);
    return constants_[key].at(values_of_unit_[static_cast<size_t>(unit.index)][key]);
  }

  Status AddColumns(std::vector<Partition> keys) {
    std::vector<std::map<std::optional<std::string>, size_t>> numbers(keys.size());
    std::vector<std::vector<std::optional<std::string>>> values(keys.size());
    const std::string first_name = units().empty() ? "" : units()[0].file_name;
    for (const Unit& unit : units()) {
      const std::vector<Partition> partitions = PartitionsOf(unit.file_name);
      if (!std::equal(partitions.begin(), partitions.end(), keys.begin(), keys.end(),
                      [](const auto& a, const auto& b) { return a.key == b.key; })) {
        return base::DataError("the folders of '" + first_name + "' and '" + unit.file_name +
                               "' name different key=value columns: give them as separate sources");
      }
      std::vector<size_t> of_unit(keys.size());
      for (size_t k = 0; k < keys.size(); ++k) {
        const auto [found, is_new] = numbers[k].try_emplace(partitions[k].value, values[k].size());
        if (is_new) values[k].push_back(partitions[k].value);
        of_unit[k] = found->second;
      }
      values_of_unit_.push_back(std::move(of_unit));
    }
    schema_ = source_->schema();
    constants_.resize(keys.size());
    for (size_t k = 0; k < keys.size(); ++k) {
      if (values[k].empty()) values[k].push_back(keys[k].value);
      if (schema_->GetFieldIndex(keys[k].key) >= 0 ||
          !schema_->GetAllFieldsByName(keys[k].key).empty()) {
        return base::DataError("'" + keys[k].key + "' is both a column of the files and a folder " +
                               keys[k].key + "=...: rename one of them");
      }
      const auto type = TypeOf(values[k]);
      ARROW_ASSIGN_OR_RAISE(
          schema_, schema_->AddField(schema_->num_fields(), arrow::field(keys[k].key, type)));
      for (const auto& value : values[k]) {
        ARROW_ASSIGN_OR_RAISE(auto dictionary, DictionaryOf(value, *type));
        constants_[k].push_back({std::move(dictionary), constants_[k].size() + 1});
      }
    }
    return Status::OK();
  }

  std::shared_ptr<Source> source_;
  int num_file_columns_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::vector<Constant>> constants_;     // by key: its values
  std::vector<std::vector<size_t>> values_of_unit_;  // by unit and key: which value
};

}  // namespace

Result<std::shared_ptr<Source>> WithPartitionColumns(std::shared_ptr<Source> source,
                                                     const std::string& first_file) {
  const std::string& name = source->units().empty() ? first_file : source->units()[0].file_name;
  std::vector<Partition> keys = PartitionsOf(name);
  const bool any = !keys.empty() || std::any_of(source->units().begin(), source->units().end(),
                                                [](const Unit& unit) {
                                                  return !PartitionsOf(unit.file_name).empty();
                                                });
  if (!any) return source;
  return PartitionedSource::Make(std::move(source), std::move(keys));
}

}  // namespace emberharmony::io::internal
