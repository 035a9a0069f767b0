#include <arrow/array/data.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "emberharmony/io/arrow_value_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

/// Lists that say where their elements begin and how many they are: in any order, overlapping, with
/// gaps. They become lists whose elements lie in order. The elements between the first and the last
/// of the rows asked for are read together, again where they lie before those read last.
class ListViewReader : public ArrowValueReader {
 public:
  static Result<std::unique_ptr<ArrowValueReader>> Make(const ArrowInput& input,
                                                        const ArrowColumn& column) {
    auto reader = std::make_unique<ListViewReader>(input, column);
    ARROW_ASSIGN_OR_RAISE(reader->validity_,
                          ArrowValidity::Open(input.body, column.parts, input.pool));
    ARROW_ASSIGN_OR_RAISE(reader->elements_, ArrowValueReader::Make(input, column.children[0]));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, input.body.NumRows(column.parts));
    if (num_rows > 0) {
      ARROW_ASSIGN_OR_RAISE(reader->offsets_, input.body.Buffer(column.parts, 1, input.pool));
      ARROW_ASSIGN_OR_RAISE(reader->sizes_, input.body.Buffer(column.parts, 2, input.pool));
    }
    return reader;
  }
  ListViewReader(const ArrowInput& input, const ArrowColumn& column)
      : ArrowValueReader(input, column),
        input_(input),
        column_(column),
        wide_(column.type->id() == Type::LARGE_LIST_VIEW) {}

 protected:
  Result<int64_t> MeasureRows(int64_t begin, int64_t n, int64_t bytes_max) override {
    ARROW_RETURN_NOT_OK(ReadViews(begin, n));
    const int64_t bytes = 4 * n + num_elements_;
    if (bytes > bytes_max || num_elements_ == 0) return bytes;
    ARROW_RETURN_NOT_OK(MoveTo(first_));
    ARROW_ASSIGN_OR_RAISE(const int64_t between,
                          elements_->Measure(first_, end_ - first_, bytes_max));
    // Elements may be used several times; about so much then, each time.
    const double times = static_cast<double>(num_elements_) / static_cast<double>(end_ - first_);
    const double used = static_cast<double>(between) * std::max(times, 1.0);
    return bytes + static_cast<int64_t>(std::min(used, 1e18));
  }

  Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t n) override {
    ARROW_RETURN_NOT_OK(ReadViews(begin, n));
    if (num_elements_ > std::numeric_limits<int32_t>::max()) {
      return Status::Invalid("its lists have 2^31 elements or more in ", n, " rows");
    }
    int64_t num_nulls = 0;
    ARROW_ASSIGN_OR_RAISE(auto valid, validity_.Read(begin, n, &num_nulls));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                          arrow::AllocateBuffer((n + 1) * 4, pool_));
    auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
    int32_t done = 0;
    bool in_order = true;
    for (int64_t i = 0; i < n; ++i) {
      out[i] = done;
      if (valid != nullptr && !arrow::bit_util::GetBit(valid->data(), i)) continue;
      const auto size = static_cast<int32_t>(LoadOffset(*size_slice_, wide_, i));
      in_order = in_order && (size == 0 || LoadOffset(*offset_slice_, wide_, i) - first_ == done);
      done += size;
    }
    out[n] = done;
    ARROW_RETURN_NOT_OK(MoveTo(first_));
    ARROW_ASSIGN_OR_RAISE(auto elements, elements_->Read(first_, end_ - first_));
    if (!in_order || elements->length() != num_elements_) {
      ARROW_ASSIGN_OR_RAISE(elements, TakeElements(*elements, valid.get(), out, n));
    }
    return arrow::MakeArray(arrow::ArrayData::Make(
        normalized_, n, {std::move(valid), std::move(offsets)}, {elements->data()}, num_nulls));
  }

 private:
  /// Reads offsets and sizes of rows [begin, begin + n) and finds which elements they need. What a
  /// null says is not looked at.
  Status ReadViews(int64_t begin, int64_t n) {
    const int64_t width = wide_ ? 8 : 4;
    ARROW_ASSIGN_OR_RAISE(offset_slice_, offsets_.Slice(begin * width, (begin + n) * width));
    ARROW_ASSIGN_OR_RAISE(size_slice_, sizes_.Slice(begin * width, (begin + n) * width));
    int64_t num_nulls = 0;
    ARROW_ASSIGN_OR_RAISE(const auto valid, validity_.Read(begin, n, &num_nulls));
    first_ = elements_->num_rows();
    end_ = 0;
    num_elements_ = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (valid != nullptr && !arrow::bit_util::GetBit(valid->data(), i)) continue;
      const int64_t offset = LoadOffset(*offset_slice_, wide_, i);
      const int64_t size = LoadOffset(*size_slice_, wide_, i);
      if (offset < 0 || size < 0 || size > elements_->num_rows() ||
          offset > elements_->num_rows() - size) {
        return Status::Invalid("the list of row ", begin + i, " has ", size, " elements from ",
                               offset, " on, but there are ", elements_->num_rows());
      }
      if (size == 0) continue;
      first_ = std::min(first_, offset);
      end_ = std::max(end_, offset + size);
      num_elements_ += size;  // at most 2^31 * 2^31
    }
    if (num_elements_ == 0) first_ = end_ = position_;
    return Status::OK();
  }

  /// The elements that the rows use, one after the other, where they lie otherwise or are shared.
  Result<std::shared_ptr<arrow::Array>> TakeElements(const arrow::Array& elements,
                                                     const arrow::Buffer* valid,
                                                     const int32_t* offsets, int64_t n) const {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> positions,
                          arrow::AllocateBuffer(num_elements_ * 4, pool_));
    auto* taken = reinterpret_cast<int32_t*>(positions->mutable_data());
    for (int64_t i = 0; i < n; ++i) {
      if (valid != nullptr && !arrow::bit_util::GetBit(valid->data(), i)) continue;
      const auto from = static_cast<int32_t>(LoadOffset(*offset_slice_, wide_, i) - first_);
      std::iota(taken + offsets[i], taken + offsets[i + 1], from);
    }
    arrow::compute::ExecContext context(pool_);
    const arrow::Int32Array rows(num_elements_, std::move(positions));
    return arrow::compute::Take(elements, rows, arrow::compute::TakeOptions::NoBoundsCheck(),
                                &context);
  }

  Status MoveTo(int64_t element) {
    if (element < position_) {
      ARROW_ASSIGN_OR_RAISE(elements_, ArrowValueReader::Make(input_, column_.children[0]));
    }
    position_ = element;
    return Status::OK();
  }

  const ArrowInput input_;
  const ArrowColumn& column_;
  const bool wide_;
  ArrowValidity validity_;
  BodyBuffer offsets_;
  BodyBuffer sizes_;
  std::unique_ptr<ArrowValueReader> elements_;
  int64_t position_ = 0;  // where the elements were last read from
  // Of the rows that were last asked for:
  std::shared_ptr<arrow::Buffer> offset_slice_;
  std::shared_ptr<arrow::Buffer> size_slice_;
  int64_t first_ = 0;  // the elements that they need lie in [first_, end_)
  int64_t end_ = 0;
  int64_t num_elements_ = 0;
};

}  // namespace

Result<std::unique_ptr<ArrowValueReader>> MakeArrowListViewReader(const ArrowInput& input,
                                                                  const ArrowColumn& column) {
  return ListViewReader::Make(input, column);
}

}  // namespace emberharmony::io::internal
