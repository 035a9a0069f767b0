#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/row_group_sink_internal.h"

namespace emberharmony::io {
namespace {

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// Cuts the rows of its columns into row groups and hands finished chunks to the sink.
class RowGroupColumnSink : public ColumnSink {
 public:
  RowGroupColumnSink(RowGroupSink* sink, int first, int count,
                     std::unique_ptr<RowGroupEncoder> encoder, arrow::MemoryPool* pool)
      : sink_(sink),
        first_(first),
        count_(count),
        row_group_rows_(sink->layout().row_group_rows),
        rows_(std::in_place, count, pool),
        encoder_(std::move(encoder)) {}

  arrow::Status Append(std::span<const std::shared_ptr<arrow::Array>> values,
                       const int32_t* indices, int64_t num_rows, uint64_t dictionary_id) override;
  arrow::Status Close() override;

 private:
  const arrow::Field& field(int k) const { return *sink_->layout().schema->field(first_ + k); }
  arrow::Status CheckValues(std::span<const std::shared_ptr<arrow::Array>> values,
                            const int32_t* indices, int64_t num_rows) const;
  arrow::Status FinishRowGroup();
  arrow::Status WrongRows(int64_t found) const;

  RowGroupSink* const sink_;
  const int first_;
  const int count_;
  const std::span<const int64_t> row_group_rows_;
  size_t row_group_ = 0;
  std::optional<SlotRows> rows_;  // empty once closed, for their memory is needed elsewhere
  std::unique_ptr<RowGroupEncoder> encoder_;
  bool closed_ = false;
};

arrow::Status RowGroupColumnSink::Append(std::span<const std::shared_ptr<arrow::Array>> values,
                                         const int32_t* indices, int64_t num_rows,
                                         uint64_t dictionary_id) {
  ARROW_RETURN_NOT_OK(CheckValues(values, indices, num_rows));
  for (int64_t done = 0; done < num_rows;) {
    if (row_group_ == row_group_rows_.size()) return WrongRows(num_rows - done);
    const int64_t group_rows = row_group_rows_[row_group_];
    const int64_t count = std::min(num_rows - done, group_rows - rows_->num_rows());
    rows_->Expect(group_rows);
    if (indices == nullptr) {
      ARROW_RETURN_NOT_OK(rows_->AppendPlain(values, done, count));
    } else {
      ARROW_RETURN_NOT_OK(rows_->AppendEncoded(values, indices + done, count, dictionary_id));
    }
    done += count;
    if (rows_->num_rows() == group_rows) ARROW_RETURN_NOT_OK(FinishRowGroup());
  }
  return arrow::Status::OK();
}

arrow::Status RowGroupColumnSink::CheckValues(std::span<const std::shared_ptr<arrow::Array>> values,
                                              const int32_t* indices, int64_t num_rows) const {
  if (closed_ || static_cast<int>(values.size()) != count_) {
    return arrow::Status::Invalid("column '", field(0).name(), "': ", values.size(),
                                  " arrays were appended to ", count_,
                                  closed_ ? " closed" : " open", " columns");
  }
  const int64_t length = indices == nullptr ? num_rows : values[0]->length();
  for (int k = 0; k < count_; ++k) {
    if (!values[k]->type()->Equals(*field(k).type())) {
      return arrow::Status::TypeError("column '", field(k).name(), "' was declared as ",
                                      field(k).type()->ToString(), ", found values of type ",
                                      values[k]->type()->ToString());
    }
    if (values[k]->length() != length) {
      return arrow::Status::Invalid("column '", field(k).name(), "': expected ", length,
                                    " values, found ", values[k]->length());
    }
  }
  return arrow::Status::OK();
}

arrow::Status RowGroupColumnSink::FinishRowGroup() {
  ARROW_ASSIGN_OR_RAISE(auto chunks, encoder_->Encode(&*rows_));
  rows_->Clear();
  ARROW_RETURN_NOT_OK(sink_->chunks()->Put(row_group_, first_, std::move(chunks)));
  ++row_group_;
  return arrow::Status::OK();
}

arrow::Status RowGroupColumnSink::Close() {
  if (closed_) return arrow::Status::OK();
  if (row_group_ != row_group_rows_.size()) return WrongRows(0);
  closed_ = true;
  encoder_.reset();
  rows_.reset();
  sink_->MarkClosed(first_, count_);
  return arrow::Status::OK();
}

arrow::Status RowGroupColumnSink::WrongRows(int64_t found) const {
  const int64_t expected =
      std::accumulate(row_group_rows_.begin(), row_group_rows_.end(), int64_t{0});
  const int64_t before =
      std::accumulate(row_group_rows_.begin(), row_group_rows_.begin() + row_group_, int64_t{0});
  return arrow::Status::Invalid("column '", field(0).name(), "': the layout has ", expected,
                                " rows, found ", found > 0 ? "at least " : "",
                                before + rows_->num_rows() + found,
                                "; this is an error of the program, please report it");
}

/// Cuts the rows of a matrix into row groups. What is appended is plain.
class MatrixRowsSink : public ColumnSink {
 public:
  MatrixRowsSink(RowGroupSink* sink, int column, std::unique_ptr<MatrixEncoder> encoder)
      : sink_(sink),
        column_(column),
        row_group_rows_(sink->layout().row_group_rows),
        encoder_(std::move(encoder)) {}

  arrow::Status Append(std::span<const std::shared_ptr<arrow::Array>> values,
                       const int32_t* indices, int64_t num_rows, uint64_t) override {
    const arrow::Field& field = *sink_->layout().schema->field(column_);
    if (values.size() != 1 || indices != nullptr || !values[0]->type()->Equals(*field.type()) ||
        values[0]->length() != num_rows) {
      return arrow::Status::Invalid("what is appended to '", field.name(), "' is no matrix");
    }
    const auto& lists = static_cast<const arrow::FixedSizeListArray&>(*values[0]);
    const arrow::ArrayData& cells = *lists.values()->data();
    const int64_t width = static_cast<const arrow::FixedWidthType&>(*cells.type).bit_width() / 8;
    const uint8_t* data = cells.buffers[1]->data() + (cells.offset + lists.value_offset(0)) * width;
    const int64_t row_bytes = lists.value_length(0) * width;
    for (int64_t done = 0; done < num_rows;) {
      if (row_group_ == row_group_rows_.size()) return WrongRows();
      const int64_t count = std::min(num_rows - done, row_group_rows_[row_group_] - rows_);
      ARROW_RETURN_NOT_OK(encoder_->Add(data + done * row_bytes, count));
      done += count;
      rows_ += count;
      if (rows_ < row_group_rows_[row_group_]) continue;
      std::vector<EncodedChunk> chunks;
      ARROW_ASSIGN_OR_RAISE(chunks.emplace_back(), encoder_->Finish());
      ARROW_RETURN_NOT_OK(sink_->chunks()->Put(row_group_++, column_, std::move(chunks)));
      rows_ = 0;
    }
    return arrow::Status::OK();
  }

  arrow::Status Close() override {
    if (row_group_ != row_group_rows_.size()) return WrongRows();
    sink_->MarkClosed(column_, 1);
    return arrow::Status::OK();
  }

 private:
  static arrow::Status WrongRows() {
    return arrow::Status::Invalid(
        "the rows of a matrix do not fit its layout; this is an error of the program, please "
        "report it");
  }

  RowGroupSink* const sink_;
  const int column_;
  const std::span<const int64_t> row_group_rows_;
  const std::unique_ptr<MatrixEncoder> encoder_;
  size_t row_group_ = 0;
  int64_t rows_ = 0;  // of the open row group
};

}  // namespace

RowGroupSink::RowGroupSink(std::string path, ShardLayout layout, const SinkOptions& options)
    : path_(std::move(path)),
      layout_(std::move(layout)),
      pool_(options.pool ? options.pool : arrow::default_memory_pool()),
      chunks_(layout_.row_group_rows.size(), static_cast<size_t>(layout_.schema->num_fields()),
              options.spill_threshold_bytes,
              options.spill_folder.empty() ? FolderOf(path_) : options.spill_folder, pool_),
      column_states_(static_cast<size_t>(layout_.schema->num_fields()), ColumnState::kNew) {}

arrow::Result<std::unique_ptr<ColumnSink>> RowGroupSink::OpenColumns(int first, int count) {
  {
    std::lock_guard lock(mutex_);
    const auto num_columns = static_cast<int>(column_states_.size());
    if (done_ || first < 0 || count < 1 || first > num_columns - count) {
      return arrow::Status::Invalid("columns [", first, ", ", first + count, ") of ", num_columns,
                                    " cannot be opened in '", path_, "'");
    }
    for (int k = first; k < first + count; ++k) {
      if (column_states_[k] != ColumnState::kNew) {
        return arrow::Status::Invalid("column '", layout_.schema->field(k)->name(), "' of '", path_,
                                      "' was opened twice");
      }
    }
    std::fill_n(column_states_.begin() + first, count, ColumnState::kOpen);
  }
  if (const auto& type = layout_.schema->field(first)->type(); count == 1 && IsMatrix(*type)) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
    const int64_t value_bytes =
        static_cast<const arrow::FixedWidthType&>(*list.value_type()).bit_width() / 8;
    ARROW_ASSIGN_OR_RAISE(auto encoder, MakeMatrixEncoder(list.list_size(), value_bytes));
    return std::make_unique<MatrixRowsSink>(this, first, std::move(encoder));
  }
  ARROW_ASSIGN_OR_RAISE(auto encoder, MakeEncoder(first, count));
  return std::make_unique<RowGroupColumnSink>(this, first, count, std::move(encoder), pool_);
}

void RowGroupSink::MarkClosed(int first, int count) {
  std::lock_guard lock(mutex_);
  std::fill_n(column_states_.begin() + first, count, ColumnState::kClosed);
}

void RowGroupSink::Abort() {
  std::lock_guard lock(mutex_);
  done_ = true;
  chunks_.Clear();
}

arrow::Status RowGroupSink::CheckComplete() const {
  if (done_) return arrow::Status::Invalid("'", path_, "' was already committed or aborted");
  for (size_t k = 0; k < column_states_.size(); ++k) {
    if (column_states_[k] != ColumnState::kClosed) {
      return arrow::Status::Invalid("column '", layout_.schema->field(static_cast<int>(k))->name(),
                                    "' of '", path_, "' was not closed before the commit");
    }
  }
  return arrow::Status::OK();
}

arrow::Result<ShardInfo> RowGroupSink::Commit() {
  std::lock_guard lock(mutex_);
  ARROW_RETURN_NOT_OK(CheckComplete());
  ARROW_ASSIGN_OR_RAISE(auto file, base::AtomicFile::Create(path_));
  ARROW_RETURN_NOT_OK(WriteFile(file->stream()));
  ShardInfo info;
  info.num_rows =
      std::accumulate(layout_.row_group_rows.begin(), layout_.row_group_rows.end(), int64_t{0});
  info.bytes = file->bytes_written();
  info.xxh3_128 = file->xxh3_128_hex();
  ARROW_RETURN_NOT_OK(file->Commit());
  done_ = true;
  chunks_.Clear();
  return info;
}

bool IsMatrix(const arrow::DataType& type) {
  if (type.id() != arrow::Type::FIXED_SIZE_LIST) return false;
  const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
  return list.list_size() > 0 && !list.value_field()->nullable() &&
         arrow::is_floating(list.value_type()->id());
}

arrow::Result<std::unique_ptr<Sink>> MakeSink(ShardFormat format, std::string path,
                                              ShardLayout layout, const SinkOptions& options) {
  return format == ShardFormat::kArrow
             ? MakeArrowSink(std::move(path), std::move(layout), options)
             : MakeParquetSink(std::move(path), std::move(layout), options);
}

std::string_view FileEnding(ShardFormat format) {
  return format == ShardFormat::kArrow ? ".arrow" : ".parquet";
}

arrow::Status CheckLayout(const std::string& path, const ShardLayout& layout) {
  if (layout.schema->num_fields() == 0) {
    return base::UsageError(
        fmt::format("'{}' would have no columns; a shard needs at least one output column", path));
  }
  for (const int64_t rows : layout.row_group_rows) {
    if (rows < 1) {
      return arrow::Status::Invalid("'", path, "': a row group has at least one row, found ", rows);
    }
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::io
