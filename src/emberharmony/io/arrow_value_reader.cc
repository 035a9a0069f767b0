#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include <limits>

#include "emberharmony/io/arrow_array_reader_internal.h"
#include "emberharmony/io/arrow_value_reader_internal.h"
#include "emberharmony/io/normalized_type_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

class PlainReader : public ArrowValueReader {
 public:
  static Result<std::unique_ptr<ArrowValueReader>> Make(const ArrowInput& input,
                                                        const ArrowColumn& column) {
    auto reader = std::make_unique<PlainReader>(input, column);
    ARROW_ASSIGN_OR_RAISE(
        reader->values_, ArrowArrayReader::Make(input.body, column.type, column.parts, input.pool));
    return reader;
  }
  PlainReader(const ArrowInput& input, const ArrowColumn& column)
      : ArrowValueReader(input, column) {}

 protected:
  Result<int64_t> MeasureRows(int64_t begin, int64_t n, int64_t) override {
    values_->Seek(begin);
    return values_->Measure(n);
  }
  Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t n) override {
    values_->Seek(begin);
    ARROW_ASSIGN_OR_RAISE(auto array, values_->Read(n));
    if (array->length() != n) {
      return Status::Invalid("a cell or a dictionary has more than 2^31 bytes of text");
    }
    return array;
  }

 private:
  std::unique_ptr<ArrowArrayReader> values_;
};

class StructReader : public ArrowValueReader {
 public:
  static Result<std::unique_ptr<ArrowValueReader>> Make(const ArrowInput& input,
                                                        const ArrowColumn& column) {
    auto reader = std::make_unique<StructReader>(input, column);
    ARROW_ASSIGN_OR_RAISE(reader->validity_,
                          ArrowValidity::Open(input.body, column.parts, input.pool));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, input.body.NumRows(column.parts));
    for (const ArrowColumn& child : column.children) {
      ARROW_ASSIGN_OR_RAISE(auto field, ArrowValueReader::Make(input, child));
      if (field->num_rows() < num_rows) {
        return Status::Invalid("a struct of ", num_rows, " rows has a field of ",
                               field->num_rows());
      }
      reader->fields_.push_back(std::move(field));
    }
    return reader;
  }
  StructReader(const ArrowInput& input, const ArrowColumn& column)
      : ArrowValueReader(input, column) {}

 protected:
  Result<int64_t> MeasureRows(int64_t begin, int64_t n, int64_t bytes_max) override {
    int64_t bytes = n;
    for (const auto& field : fields_) {
      if (bytes > bytes_max) break;
      ARROW_ASSIGN_OR_RAISE(const int64_t more, field->Measure(begin, n, bytes_max - bytes));
      bytes += more;
    }
    return bytes;
  }
  Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t n) override {
    int64_t num_nulls = 0;
    ARROW_ASSIGN_OR_RAISE(auto valid, validity_.Read(begin, n, &num_nulls));
    std::vector<std::shared_ptr<arrow::ArrayData>> fields;
    for (const auto& field : fields_) {
      ARROW_ASSIGN_OR_RAISE(const auto array, field->Read(begin, n));
      fields.push_back(array->data());
    }
    return arrow::MakeArray(
        arrow::ArrayData::Make(normalized_, n, {std::move(valid)}, std::move(fields), num_nulls));
  }

 private:
  ArrowValidity validity_;
  std::vector<std::unique_ptr<ArrowValueReader>> fields_;
};

}  // namespace

ArrowValueReader::ArrowValueReader(const ArrowInput& input, const ArrowColumn& column)
    : normalized_(NormalizedType(column.type)), pool_(input.pool) {}

Result<std::unique_ptr<ArrowValueReader>> ArrowValueReader::Make(const ArrowInput& input,
                                                                 const ArrowColumn& column) {
  const Type::type type = column.type->id();
  auto reader = type == Type::STRUCT ? StructReader::Make(input, column)
                : type == Type::DICTIONARY || type == Type::RUN_END_ENCODED
                    ? MakeArrowEncodedReader(input, column)
                : arrow::is_list_view(type) ? MakeArrowListViewReader(input, column)
                : arrow::is_list_like(type) ? MakeArrowListReader(input, column)
                                            : PlainReader::Make(input, column);
  ARROW_RETURN_NOT_OK(reader);
  ARROW_ASSIGN_OR_RAISE((*reader)->num_rows_, input.body.NumRows(column.parts));
  return reader;
}

Status ArrowValueReader::CheckRows(int64_t begin, int64_t n) const {
  if (begin >= 0 && n >= 0 && begin <= num_rows_ - n) return Status::OK();
  return Status::Invalid("an array has ", num_rows_, " rows, but ", begin + n, " are needed");
}

Result<int64_t> ArrowValueReader::Measure(int64_t begin, int64_t n, int64_t bytes_max) {
  ARROW_RETURN_NOT_OK(CheckRows(begin, n));
  if (n == 0 || n > bytes_max) return n;
  return MeasureRows(begin, n, bytes_max);
}

Result<std::shared_ptr<arrow::Array>> ArrowValueReader::Read(int64_t begin, int64_t n) {
  ARROW_RETURN_NOT_OK(CheckRows(begin, n));
  if (n == 0) return arrow::MakeEmptyArray(normalized_, pool_);
  return ReadRows(begin, n);
}

}  // namespace emberharmony::io::internal
