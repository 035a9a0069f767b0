#include <arrow/array/data.h>
#include <arrow/type.h>

#include "emberharmony/io/arrow_value_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

/// Lists of every kind whose elements lie in the order of the lists.
class ListReader : public ArrowValueReader {
 public:
  static Result<std::unique_ptr<ArrowValueReader>> Make(const ArrowInput& input,
                                                        const ArrowColumn& column) {
    auto reader = std::make_unique<ListReader>(input, column);
    ARROW_ASSIGN_OR_RAISE(reader->validity_,
                          ArrowValidity::Open(input.body, column.parts, input.pool));
    ARROW_ASSIGN_OR_RAISE(reader->elements_, ArrowValueReader::Make(input, column.children[0]));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, input.body.NumRows(column.parts));
    if (reader->fixed_size_ >= 0) {
      const int64_t needed = num_rows * reader->fixed_size_;
      if (reader->elements_->num_rows() < needed) {
        return Status::Invalid("it has ", reader->elements_->num_rows(), " elements for ", num_rows,
                               " lists of ", reader->fixed_size_);
      }
    } else if (num_rows > 0) {
      ARROW_ASSIGN_OR_RAISE(reader->offsets_, input.body.Buffer(column.parts, 1, input.pool));
    }
    return reader;
  }
  ListReader(const ArrowInput& input, const ArrowColumn& column)
      : ArrowValueReader(input, column), wide_(column.type->id() == Type::LARGE_LIST) {
    if (column.type->id() == Type::FIXED_SIZE_LIST) {
      fixed_size_ = static_cast<const arrow::FixedSizeListType&>(*column.type).list_size();
    }
  }

 protected:
  Result<int64_t> MeasureRows(int64_t begin, int64_t n, int64_t bytes_max) override {
    ARROW_RETURN_NOT_OK(ReadOffsets(begin, n));
    const int64_t bytes = 4 * n;
    ARROW_ASSIGN_OR_RAISE(const int64_t first, OffsetBeforeEnd(begin));
    ARROW_ASSIGN_OR_RAISE(const int64_t last, OffsetBeforeEnd(begin + n));
    if (first > last) return OutOfOrder(begin, first, last);
    if (bytes > bytes_max) return bytes;
    ARROW_ASSIGN_OR_RAISE(const int64_t more,
                          elements_->Measure(first, last - first, bytes_max - bytes));
    return bytes + more;
  }

  Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t n) override {
    ARROW_RETURN_NOT_OK(ReadOffsets(begin, n));
    int64_t num_nulls = 0;
    ARROW_ASSIGN_OR_RAISE(auto valid, validity_.Read(begin, n, &num_nulls));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> relative,
                          arrow::AllocateBuffer((n + 1) * 4, pool_));
    auto* out = reinterpret_cast<int32_t*>(relative->mutable_data());
    ARROW_ASSIGN_OR_RAISE(const int64_t first, OffsetBeforeEnd(begin));
    int64_t last = first;
    for (int64_t i = 0; i <= n; ++i) {
      const int64_t offset = Offset(begin + i);
      if (offset < last || offset > elements_->num_rows()) {
        return OutOfOrder(begin + i, last, offset);
      }
      last = offset;
      // Arrays have less than 2^31 rows.
      out[i] = static_cast<int32_t>(offset - first);
    }
    ARROW_ASSIGN_OR_RAISE(const auto elements, elements_->Read(first, last - first));
    if (normalized_->id() == Type::MAP) ARROW_RETURN_NOT_OK(CheckEntries(*elements->data()));
    return arrow::MakeArray(arrow::ArrayData::Make(
        normalized_, n, {std::move(valid), std::move(relative)}, {elements->data()}, num_nulls));
  }

 private:
  /// Makes the offsets of rows [begin, begin + n] available to Offset().
  Status ReadOffsets(int64_t begin, int64_t n) {
    if (fixed_size_ >= 0) return Status::OK();
    const int64_t width = wide_ ? 8 : 4;
    ARROW_ASSIGN_OR_RAISE(slice_, offsets_.Slice(begin * width, (begin + n + 1) * width));
    slice_begin_ = begin;
    return Status::OK();
  }

  int64_t Offset(int64_t row) const {
    if (fixed_size_ >= 0) return row * fixed_size_;
    return LoadOffset(*slice_, wide_, row - slice_begin_);
  }

  Result<int64_t> OffsetBeforeEnd(int64_t row) const {
    const int64_t offset = Offset(row);
    if (offset >= 0 && offset <= elements_->num_rows()) return offset;
    return OutOfOrder(row, 0, offset);
  }

  Status OutOfOrder(int64_t row, int64_t before, int64_t offset) const {
    return Status::Invalid("the offset ", offset, " at row ", row, ", after ", before,
                           ", does not lie in its ", elements_->num_rows(), " elements in order");
  }

  /// A map without a key would be no map.
  static Status CheckEntries(const arrow::ArrayData& entries) {
    if (entries.GetNullCount() == 0 && entries.child_data.at(0)->GetNullCount() == 0) {
      return Status::OK();
    }
    return Status::Invalid("a map has an entry whose key is null");
  }

  const bool wide_;
  int64_t fixed_size_ = -1;  // of fixed-size lists
  ArrowValidity validity_;
  BodyBuffer offsets_;
  std::shared_ptr<arrow::Buffer> slice_;  // of the offsets
  int64_t slice_begin_ = 0;
  std::unique_ptr<ArrowValueReader> elements_;
};

}  // namespace

Result<std::unique_ptr<ArrowValueReader>> MakeArrowListReader(const ArrowInput& input,
                                                              const ArrowColumn& column) {
  return ListReader::Make(input, column);
}

}  // namespace emberharmony::io::internal
