#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/io/row_gather_internal.h"
#include "emberharmony/io/selecting_reader_internal.h"

namespace emberharmony::io {
namespace {

class SelectingReader : public BatchReader {
 public:
  SelectingReader(std::unique_ptr<BatchReader> reader,
                  std::shared_ptr<const RowSelection> selection, Cursor start,
                  const BatchOptions& options)
      : reader_(std::move(reader)),
        walker_(selection),
        num_selected_(selection->num_selected()),
        cursor_(start),
        batch_rows_(options.batch_rows),
        pool_(options.pool != nullptr ? options.pool : arrow::default_memory_pool()) {
    walker_.Advance(selection->RowOf(start.next_row));
  }

  arrow::Result<std::optional<Batch>> Next() override {
    const int64_t wanted = std::min(batch_rows_, num_selected_ - cursor_.next_row);
    if (wanted <= 0) return std::optional<Batch>();
    Batch out;
    out.first_row = cursor_.next_row;
    while (out.num_rows < wanted) {
      if (source_.num_rows == 0 || walker_.next() >= row_ + source_.num_rows) {
        ARROW_ASSIGN_OR_RAISE(const bool more, ReadOn());
        if (!more) break;
        continue;
      }
      offsets_.resize(static_cast<size_t>(std::min(wanted - out.num_rows, source_.num_rows)));
      const int64_t count = walker_.Take(row_, row_ + source_.num_rows,
                                         static_cast<int64_t>(offsets_.size()), offsets_.data());
      out.columns.resize(source_.columns.size());
      for (size_t i = 0; i < source_.columns.size(); ++i) {
        ARROW_RETURN_NOT_OK(
            GatherRows(source_.columns[i], offsets_.data(), count, pool_, &out.columns[i]));
      }
      out.num_rows += count;
    }
    cursor_.next_row += out.num_rows;
    // A source with fewer rows than it states: for the caller to find out.
    if (out.num_rows == 0) return std::optional<Batch>();
    return std::optional<Batch>(std::move(out));
  }

  Cursor cursor() const override { return cursor_; }

 private:
  arrow::Result<bool> ReadOn() {
    row_ += source_.num_rows;
    source_ = Batch();
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
    if (!batch.has_value()) return false;
    source_ = std::move(*batch);
    return true;
  }

  std::unique_ptr<BatchReader> reader_;
  RowWalker walker_;
  const int64_t num_selected_;
  Cursor cursor_;
  int64_t row_ = 0;  // of the unit: the first of source_
  Batch source_;     // what was read last
  const int64_t batch_rows_;
  arrow::MemoryPool* const pool_;
  std::vector<int32_t> offsets_;
};

}  // namespace

std::unique_ptr<BatchReader> MakeSelectingReader(std::unique_ptr<BatchReader> reader,
                                                 std::shared_ptr<const RowSelection> selection,
                                                 Cursor start, const BatchOptions& options) {
  return std::make_unique<SelectingReader>(std::move(reader), std::move(selection), start, options);
}

}  // namespace emberharmony::io
