#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/chunk_store_internal.h"
#include "emberharmony/io/matrix_numbers_internal.h"
#include "emberharmony/io/pooled_array_internal.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::io {
namespace {

using arrow::Status;
using arrow::Type;

// Rows of the matrix that are put together at a time: small enough for the second-level cache.
constexpr int64_t kMatrixBlockBytes = int64_t{1} << 20;

/// A sink of a flat schema in front of one with the matrix: features wait, column by column, until
/// the commit puts rows together, a block at a time.
class MatrixSink : public Sink {
 public:
  MatrixSink(std::unique_ptr<Sink> file, ShardLayout layout, int num_features,
             std::shared_ptr<arrow::DataType> element, const SinkOptions& options,
             std::string spill_folder)
      : file_(std::move(file)),
        layout_(std::move(layout)),
        num_features_(num_features),
        element_(std::move(element)),
        pool_(options.pool ? options.pool : arrow::default_memory_pool()),
        store_(layout_.row_group_rows.size(), static_cast<size_t>(num_features),
               options.spill_threshold_bytes, std::move(spill_folder), pool_) {}

  arrow::Result<std::unique_ptr<ColumnSink>> OpenColumns(int first, int count) override;
  arrow::Result<ShardInfo> Commit() override;
  void Abort() override {
    store_.Clear();
    file_->Abort();
  }

  // For column sinks:
  const ShardLayout& layout() const { return layout_; }
  arrow::MemoryPool* pool() const { return pool_; }
  ChunkStore* store() { return &store_; }
  void MarkClosed(int count) {
    std::lock_guard lock(mutex_);
    num_closed_ += count;
  }

 private:
  template <typename T>
  Status WriteRowGroup(size_t group, ColumnSink* column);

  const std::unique_ptr<Sink> file_;
  const ShardLayout layout_;
  const int num_features_;
  const std::shared_ptr<arrow::DataType> element_;
  arrow::MemoryPool* const pool_;
  ChunkStore store_;
  std::mutex mutex_;
  int num_closed_ = 0;  // features; guarded by mutex_
};

template <typename T>
class MatrixColumnSink : public ColumnSink {
 public:
  MatrixColumnSink(MatrixSink* sink, int first, int count)
      : sink_(sink), first_(first), count_(count) {
    for (int k = 0; k < count; ++k) {
      rows_.emplace_back(sink->pool());
      converted_.emplace_back(sink->pool());
    }
    tables_.resize(static_cast<size_t>(count));
  }

  Status Append(std::span<const std::shared_ptr<arrow::Array>> values, const int32_t* indices,
                int64_t num_rows, uint64_t dictionary_id) override {
    if (indices == nullptr || dictionary_id == 0 || dictionary_id != dictionary_id_) {
      dictionary_id_ = indices == nullptr ? 0 : dictionary_id;
      ARROW_RETURN_NOT_OK(Convert(values));
    }
    const std::vector<int64_t>& groups = sink_->layout().row_group_rows;
    for (int64_t done = 0; done < num_rows;) {
      if (group_ == groups.size()) return WrongRows();
      const int64_t have = rows_[0].size();
      const int64_t count = std::min(num_rows - done, groups[group_] - have);
      for (size_t k = 0; k < rows_.size(); ++k) {
        if (have == 0) ARROW_RETURN_NOT_OK(rows_[k].Reserve(groups[group_]));
        ARROW_RETURN_NOT_OK(rows_[k].Resize(have + count));
        T* out = rows_[k].data() + have;
        const T* table = tables_[k];
        if (indices == nullptr) {
          std::copy_n(table + done, count, out);
        } else {
          const int64_t length = values[k]->length();
          for (int64_t i = 0; i < count; ++i) {
            const int32_t entry = indices[done + i];
            out[i] = entry < length ? table[entry] : std::numeric_limits<T>::quiet_NaN();
          }
        }
      }
      done += count;
      if (have + count == groups[group_]) ARROW_RETURN_NOT_OK(FinishRowGroup());
    }
    return Status::OK();
  }

  Status Close() override {
    if (group_ != sink_->layout().row_group_rows.size()) return WrongRows();
    rows_.clear();
    converted_.clear();
    in_use_.clear();
    sink_->MarkClosed(count_);
    return Status::OK();
  }

 private:
  /// Tables of numbers: the arrays' own memory where it holds such numbers, for the columns of a
  /// one-hot share theirs.
  Status Convert(std::span<const std::shared_ptr<arrow::Array>> values) {
    in_use_.assign(values.begin(), values.end());
    for (size_t k = 0; k < tables_.size(); ++k) {
      const arrow::Array& array = *values[k];
      if (array.type_id() == arrow::CTypeTraits<T>::ArrowType::type_id && array.null_count() == 0) {
        tables_[k] = array.data()->template GetValues<T>(1);
        continue;
      }
      ARROW_RETURN_NOT_OK(converted_[k].Resize(array.length()));
      tables_[k] = converted_[k].data();
      const std::string& name = sink_->layout().schema->field(first_ + static_cast<int>(k))->name();
      ARROW_RETURN_NOT_OK(internal::ToNumbers<T>(name, array, converted_[k].data()).Run());
    }
    return Status::OK();
  }

  Status FinishRowGroup() {
    std::vector<EncodedChunk> chunks;
    for (PooledArray<T>& rows : rows_) {
      EncodedChunk chunk;
      chunk.num_rows = rows.size();
      PageBytes pages;
      ARROW_ASSIGN_OR_RAISE(auto page, rows.Finish());
      pages.size = page->size();
      pages.uncompressed_bytes = page->size();
      pages.pages.push_back(std::move(page));
      chunk.data = std::make_shared<const PageBytes>(std::move(pages));
      chunks.push_back(std::move(chunk));
    }
    return sink_->store()->Put(group_++, first_, std::move(chunks));
  }

  Status WrongRows() const {
    return Status::Invalid("column '", sink_->layout().schema->field(first_)->name(),
                           "': the rows of a matrix do not fit its layout; this is an error of the "
                           "program, please report it");
  }

  MatrixSink* const sink_;
  const int first_;
  const int count_;
  size_t group_ = 0;
  uint64_t dictionary_id_ = 0;
  std::vector<PooledArray<T>> rows_;  // by column, of the open row group
  // Of the current dictionary, or the plain rows being appended:
  std::vector<std::shared_ptr<arrow::Array>> in_use_;
  std::vector<PooledArray<T>> converted_;  // of columns that hold other values than T
  std::vector<const T*> tables_;           // by column
};

arrow::Result<std::unique_ptr<ColumnSink>> MatrixSink::OpenColumns(int first, int count) {
  if (first >= num_features_) return file_->OpenColumns(first - num_features_ + 1, count);
  if (first < 0 || count < 1 || first + count > num_features_) {
    return Status::Invalid("columns [", first, ", ", first + count, ") of a matrix of ",
                           num_features_, " features cannot be opened");
  }
  if (element_->id() == Type::FLOAT) {
    return std::make_unique<MatrixColumnSink<float>>(this, first, count);
  }
  return std::make_unique<MatrixColumnSink<double>>(this, first, count);
}

arrow::Result<ShardInfo> MatrixSink::Commit() {
  {
    std::lock_guard lock(mutex_);
    if (num_closed_ != num_features_) {
      return Status::Invalid("a matrix is committed with ", num_closed_, " of ", num_features_,
                             " features closed");
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto column, file_->OpenColumns(0, 1));
  for (size_t group = 0; group < layout_.row_group_rows.size(); ++group) {
    ARROW_RETURN_NOT_OK(element_->id() == Type::FLOAT ? WriteRowGroup<float>(group, column.get())
                                                      : WriteRowGroup<double>(group, column.get()));
  }
  ARROW_RETURN_NOT_OK(column->Close());
  store_.Clear();
  return file_->Commit();
}

template <typename T>
Status MatrixSink::WriteRowGroup(size_t group, ColumnSink* column) {
  const std::vector<StoredChunk>& chunks = store_.row_group(group);
  const int64_t num_rows = layout_.row_group_rows[group];
  const auto width = static_cast<int64_t>(sizeof(T));
  const int64_t block_rows =
      std::clamp<int64_t>(kMatrixBlockBytes / (width * num_features_), 1, num_rows);
  PooledArray<T> segment(pool_);
  ARROW_RETURN_NOT_OK(segment.Resize(block_rows));
  const auto type =
      arrow::fixed_size_list(arrow::field("element", element_, /*nullable=*/false), num_features_);
  for (int64_t begin = 0; begin < num_rows; begin += block_rows) {
    const int64_t count = std::min(block_rows, num_rows - begin);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> block,
                          arrow::AllocateBuffer(count * num_features_ * width, pool_));
    auto* cells = reinterpret_cast<T*>(block->mutable_data());
    for (int k = 0; k < num_features_; ++k) {
      ARROW_RETURN_NOT_OK(store_.ReadRange(*chunks[static_cast<size_t>(k)].data, begin * width,
                                           count * width,
                                           reinterpret_cast<uint8_t*>(segment.data())));
      for (int64_t i = 0; i < count; ++i) cells[i * num_features_ + k] = segment[i];
    }
    const auto values = arrow::MakeArray(
        arrow::ArrayData::Make(element_, count * num_features_, {nullptr, std::move(block)}, 0));
    const std::shared_ptr<arrow::Array> lists =
        std::make_shared<arrow::FixedSizeListArray>(type, count, values);
    ARROW_RETURN_NOT_OK(column->Append(std::span(&lists, 1), nullptr, count, 0));
  }
  return Status::OK();
}

}  // namespace

Status CheckMatrixColumn(const arrow::Field& field) {
  const Type::type id = field.type()->id();
  const bool number = arrow::is_integer(id) || id == Type::FLOAT || id == Type::DOUBLE ||
                      id == Type::BOOL || id == Type::NA;
  if (number) return Status::OK();
  return base::UsageError("column '" + field.name() + "' has the type " + field.type()->ToString() +
                          ", but a matrix holds numbers; give it a step that makes numbers, leave "
                          "it out, or write layout: columns");
}

arrow::Result<std::shared_ptr<arrow::Schema>> MatrixSchema(
    const arrow::Schema& schema, int num_features, const std::shared_ptr<arrow::DataType>& element,
    std::shared_ptr<const arrow::KeyValueMetadata> metadata) {
  arrow::FieldVector fields;
  const auto type =
      arrow::fixed_size_list(arrow::field("element", element, /*nullable=*/false), num_features);
  fields.push_back(arrow::field(kMatrixColumn, type, /*nullable=*/false));
  for (int i = 0; i < num_features; ++i) {
    ARROW_RETURN_NOT_OK(CheckMatrixColumn(*schema.field(i)));
  }
  for (int i = num_features; i < schema.num_fields(); ++i) {
    if (schema.field(i)->name() == kMatrixColumn) {
      return base::UsageError(std::string("the target is called '") + kMatrixColumn +
                              "', as the matrix is; rename it, or write layout: columns");
    }
    fields.push_back(schema.field(i));
  }
  return arrow::schema(std::move(fields), std::move(metadata));
}

arrow::Result<std::unique_ptr<Sink>> MakeMatrixSink(ShardFormat format, std::string path,
                                                    ShardLayout layout, int num_features,
                                                    const std::shared_ptr<arrow::DataType>& element,
                                                    const SinkOptions& options) {
  if (num_features < 1) {
    return base::UsageError(
        "a matrix needs at least one feature; add one to the plan, or write "
        "layout: columns");
  }
  ARROW_ASSIGN_OR_RAISE(
      auto schema, MatrixSchema(*layout.schema, num_features, element, layout.schema->metadata()));
  // What waits for its rows and what is encoded share what may be held.
  SinkOptions halved = options;
  if (halved.spill_threshold_bytes > 1) halved.spill_threshold_bytes /= 2;
  std::string spill_folder = options.spill_folder;
  if (spill_folder.empty()) {
    const size_t slash = path.rfind('/');
    spill_folder = slash == std::string::npos ? "." : path.substr(0, slash);
  }
  ARROW_ASSIGN_OR_RAISE(auto file, MakeSink(format, std::move(path),
                                            {std::move(schema), layout.row_group_rows}, halved));
  return std::make_unique<MatrixSink>(std::move(file), std::move(layout), num_features, element,
                                      halved, std::move(spill_folder));
}

}  // namespace emberharmony::io
