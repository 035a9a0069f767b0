#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/io/arrow_array_reader_internal.h"
#include "emberharmony/io/arrow_value_reader_internal.h"
#include "emberharmony/io/stored_integers_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::ArrayData;
using arrow::Result;
using arrow::Status;
using arrow::Type;

int64_t OffsetOf(const ArrayData& data, int64_t i) { return data.GetValues<int32_t>(1)[i]; }

/// About the bytes of cells [begin, begin + n) of an array of NormalizedType.
int64_t CellBytes(const ArrayData& data, int64_t begin, int64_t n) {
  switch (data.type->id()) {
    case Type::NA:
    case Type::BOOL:
      return n;
    case Type::STRING:
    case Type::BINARY:
      return 4 * n + OffsetOf(data, begin + n) - OffsetOf(data, begin);
    case Type::LIST:
    case Type::MAP: {
      const int64_t first = OffsetOf(data, begin);
      return 4 * n + CellBytes(*data.child_data[0], first, OffsetOf(data, begin + n) - first);
    }
    case Type::STRUCT: {
      int64_t bytes = n;
      for (const auto& child : data.child_data) {
        bytes += CellBytes(*child, data.offset + begin, n);
      }
      return bytes;
    }
    default:
      return n * std::max(static_cast<const arrow::FixedWidthType&>(*data.type).bit_width() / 8, 1);
  }
}

/// Rows that refer to entries: those of a dictionary, or one for each run.
class EncodedReader : public ArrowValueReader {
 public:
  EncodedReader(const ArrowInput& input, const ArrowColumn& column)
      : ArrowValueReader(input, column) {}

 protected:
  Result<int64_t> MeasureRows(int64_t begin, int64_t n, int64_t bytes_max) override {
    ARROW_ASSIGN_OR_RAISE(const auto rows, EntriesOf(begin, n));
    const int32_t* entries = rows->raw_values();
    int64_t bytes = n;
    for (int64_t i = 0; i < n && bytes <= bytes_max; ++i) {
      if (rows->IsValid(i)) bytes += CellBytes(*entries_->data(), entries[i], 1);
    }
    return bytes;
  }

  Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t n) override {
    ARROW_ASSIGN_OR_RAISE(const auto rows, EntriesOf(begin, n));
    if (rows->null_count() == n) return arrow::MakeArrayOfNull(normalized_, n, pool_);
    arrow::compute::ExecContext context(pool_);
    return arrow::compute::Take(*entries_, *rows, arrow::compute::TakeOptions::NoBoundsCheck(),
                                &context);
  }

  /// Which entry each row refers to, null or one that is there.
  virtual Result<std::shared_ptr<arrow::Int32Array>> EntriesOf(int64_t begin, int64_t n) = 0;

  std::shared_ptr<arrow::Array> entries_;
};

class DictionaryReader : public EncodedReader {
 public:
  static Result<std::unique_ptr<ArrowValueReader>> Make(const ArrowInput& input,
                                                        const ArrowColumn& column) {
    auto reader = std::make_unique<DictionaryReader>(input, column);
    const auto& type = static_cast<const arrow::DictionaryType&>(*column.type);
    ARROW_ASSIGN_OR_RAISE(reader->indices_, ArrowArrayReader::Make(input.body, type.index_type(),
                                                                   column.parts, input.pool));
    ARROW_ASSIGN_OR_RAISE(reader->entries_, input.dictionaries->Entries(column, input.batch));
    return reader;
  }
  DictionaryReader(const ArrowInput& input, const ArrowColumn& column)
      : EncodedReader(input, column) {}

 protected:
  Result<std::shared_ptr<arrow::Int32Array>> EntriesOf(int64_t begin, int64_t n) override {
    indices_->Seek(begin);
    ARROW_ASSIGN_OR_RAISE(const auto stored, indices_->Read(n));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> rows, arrow::AllocateBuffer(n * 4, pool_));
    auto* out = reinterpret_cast<int32_t*>(rows->mutable_data());
    const auto num_entries = static_cast<uint64_t>(entries_->length());
    ARROW_RETURN_NOT_OK(VisitIntegers(*stored, [&](const auto* values) -> Status {
      for (int64_t i = 0; i < n; ++i) {
        // A negative index becomes a very large one.
        const auto index = static_cast<uint64_t>(values[i]);  // NOLINT(bugprone-signed-char-misuse)
        const bool null = stored->IsNull(i);
        if (!null && index >= num_entries) {
          return Status::Invalid("it has the index ", +values[i], " into a dictionary of ",
                                 num_entries, " entries");
        }
        out[i] = null ? 0 : static_cast<int32_t>(index);
      }
      return Status::OK();
    }));
    return std::make_shared<arrow::Int32Array>(n, std::move(rows), stored->null_bitmap(),
                                               stored->null_count());
  }

 private:
  std::unique_ptr<ArrowArrayReader> indices_;
};

class EncodedRunReader : public EncodedReader {
 public:
  static Result<std::unique_ptr<ArrowValueReader>> Make(const ArrowInput& input,
                                                        const ArrowColumn& column) {
    auto reader = std::make_unique<EncodedRunReader>(input, column);
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, input.body.NumRows(column.parts));
    ARROW_ASSIGN_OR_RAISE(const auto ends, ArrowValueReader::Make(input, column.children[0]));
    ARROW_ASSIGN_OR_RAISE(const auto values, ArrowValueReader::Make(input, column.children[1]));
    const int64_t num_runs = values->num_rows();
    ARROW_ASSIGN_OR_RAISE(reader->ends_, ends->Read(0, ends->num_rows()));
    ARROW_RETURN_NOT_OK(CheckRunEnds(*reader->ends_, num_runs, num_rows));
    ARROW_ASSIGN_OR_RAISE(reader->entries_, values->Read(0, num_runs));
    return reader;
  }
  EncodedRunReader(const ArrowInput& input, const ArrowColumn& column)
      : EncodedReader(input, column) {}

 protected:
  Result<std::shared_ptr<arrow::Int32Array>> EntriesOf(int64_t begin, int64_t n) override {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> rows, arrow::AllocateBuffer(n * 4, pool_));
    auto* out = reinterpret_cast<int32_t*>(rows->mutable_data());
    ARROW_RETURN_NOT_OK(VisitIntegers(*ends_, [&](const auto* ends) -> Status {
      const auto row_before = [](int64_t row, auto end) { return row < static_cast<int64_t>(end); };
      int64_t run = std::upper_bound(ends, ends + ends_->length(), begin, row_before) - ends;
      for (int64_t i = 0; i < n; ++i) {
        if (static_cast<int64_t>(ends[run]) <= begin + i) ++run;
        out[i] = static_cast<int32_t>(run);
      }
      return Status::OK();
    }));
    return std::make_shared<arrow::Int32Array>(n, std::move(rows));
  }

 private:
  std::shared_ptr<arrow::Array> ends_;
};

}  // namespace

Result<std::unique_ptr<ArrowValueReader>> MakeArrowEncodedReader(const ArrowInput& input,
                                                                 const ArrowColumn& column) {
  if (column.type->id() == Type::DICTIONARY) return DictionaryReader::Make(input, column);
  return EncodedRunReader::Make(input, column);
}

}  // namespace emberharmony::io::internal
