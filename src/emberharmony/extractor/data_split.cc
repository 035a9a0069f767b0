#include "emberharmony/extractor/data_split.h"

#include <arrow/io/file.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <numeric>
#include <system_error>
#include <utility>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/base/unknown_column.h"

namespace emberharmony::extractor {
namespace {

using parquet::arrow::FileReader;

/// A call into libparquet, which throws.
template <class Function>
auto Guarded(const std::string& path, const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::exception& error) {
    ARROW_RETURN_NOT_OK(base::AllocationFailureOf(error));
    return base::DataError(fmt::format("'{}' cannot be read: {}", path, error.what()));
  }
}

arrow::Result<std::unique_ptr<FileReader>> OpenShard(const std::string& path) {
  return Guarded(path, [&]() -> arrow::Result<std::unique_ptr<FileReader>> {
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
    return parquet::arrow::OpenFile(std::move(file), arrow::default_memory_pool());
  });
}

/// The shards of a folder, one after the other.
class ShardsReader : public arrow::RecordBatchReader {
 public:
  ShardsReader(std::vector<std::string> files, std::vector<int> columns,
               std::shared_ptr<arrow::Schema> schema, std::shared_ptr<const void> owner)
      : files_(std::move(files)),
        columns_(std::move(columns)),
        schema_(std::move(schema)),
        owner_(std::move(owner)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    while (true) {
      if (rows_ == nullptr) {
        if (next_ == files_.size()) {
          *batch = nullptr;
          return arrow::Status::OK();
        }
        ARROW_RETURN_NOT_OK(OpenNext());
      }
      ARROW_RETURN_NOT_OK(Guarded(files_[next_ - 1], [&] { return rows_->ReadNext(batch); }));
      if (*batch == nullptr) {
        rows_.reset();
      } else if ((*batch)->num_rows() > 0) {
        *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), (*batch)->columns());
        return arrow::Status::OK();
      }
    }
  }

 private:
  arrow::Status OpenNext() {
    const std::string& path = files_[next_++];
    ARROW_ASSIGN_OR_RAISE(file_, OpenShard(path));
    return Guarded(path, [&]() -> arrow::Status {
      std::vector<int> groups(file_->num_row_groups());
      std::iota(groups.begin(), groups.end(), 0);
      return file_->GetRecordBatchReader(groups, columns_).Value(&rows_);
    });
  }

  const std::vector<std::string> files_;
  const std::vector<int> columns_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::shared_ptr<const void> owner_;
  size_t next_ = 0;
  std::unique_ptr<FileReader> file_;  // outlives rows_
  std::unique_ptr<arrow::RecordBatchReader> rows_;
};

arrow::Result<std::vector<std::string>> ShardFiles(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".parquet") files.push_back(entry->path().string());
  }
  if (error) {
    return base::DataError(
        fmt::format("the folder '{}' cannot be read: {}", folder, error.message()));
  }
  if (files.empty()) {
    return base::DataError(fmt::format("expected Parquet files in '{}', found none", folder));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

arrow::Result<DataSplit> DataSplit::Open(std::string name, std::string folder, std::string target,
                                         std::shared_ptr<const void> owner) {
  DataSplit split;
  ARROW_ASSIGN_OR_RAISE(split.files_, ShardFiles(folder));
  split.name_ = std::move(name);
  split.folder_ = std::move(folder);
  split.target_ = std::move(target);
  split.owner_ = std::move(owner);
  for (const std::string& path : split.files_) {
    ARROW_ASSIGN_OR_RAISE(const auto file, OpenShard(path));
    split.num_rows_ += file->parquet_reader()->metadata()->num_rows();
    if (split.schema_ != nullptr) continue;
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(Guarded(path, [&] { return file->GetSchema(&schema); }));
    split.schema_ = schema->RemoveMetadata();
  }
  return split;
}

std::vector<std::string> DataSplit::feature_names() const {
  std::vector<std::string> names = schema_->field_names();
  std::erase(names, target_);
  return names;
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> DataSplit::Read(
    const std::vector<std::string>& columns) const {
  const std::vector<std::string> names = columns.empty() ? schema_->field_names() : columns;
  std::vector<int> indices;
  arrow::FieldVector fields;
  for (const std::string& name : names) {
    const int index = schema_->GetFieldIndex(name);
    if (index < 0) {
      return base::UnknownColumnError(fmt::format("the split '{}' has no column '{}'{}", name_,
                                                  name,
                                                  base::DidYouMean(name, schema_->field_names())));
    }
    indices.push_back(index);
    fields.push_back(schema_->field(index));
  }
  return std::make_shared<ShardsReader>(files_, std::move(indices), arrow::schema(fields), owner_);
}

arrow::Result<std::shared_ptr<arrow::Table>> DataSplit::ReadAll(
    const std::vector<std::string>& columns) const {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Read(columns));
  return reader->ToTable();
}

}  // namespace emberharmony::extractor
