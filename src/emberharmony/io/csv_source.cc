#include <arrow/type.h>

#include <algorithm>
#include <mutex>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/io/csv_block_reader_internal.h"
#include "emberharmony/io/csv_source_internal.h"
#include "emberharmony/io/csv_unit_reader_internal.h"
#include "emberharmony/io/file_format_internal.h"
#include "emberharmony/io/table_columns_internal.h"
#include "emberharmony/io/unit_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

Status DifferentHeader(const std::string& first_name, const std::vector<std::string>& first,
                       const std::string& name, const std::vector<std::string>& other) {
  const size_t common = std::min(first.size(), other.size());
  size_t column = 0;
  while (column < common && first[column] == other[column]) ++column;
  const auto shown = [&](const std::vector<std::string>& names) {
    return column < names.size() ? "'" + names[column] + "'" : std::string("absent");
  };
  return base::DataError("the files of a source must have the same columns, but the headers of '" +
                         first_name + "' and '" + name + "' differ: column " +
                         std::to_string(column + 1) + " is " + shown(first) + " in the one and " +
                         shown(other) +
                         " in the other; give the files as separate sources or write them alike");
}

/// What the columns' values are like in one range of a file. Blocks are read one after the other
/// and looked at in parallel; the evidence does not depend on their order.
class TypeSearch {
 public:
  TypeSearch(CsvBlockReader* blocks, const std::vector<std::string>& names)
      : blocks_(blocks), names_(names), evidence_(names.size()) {}

  Status Work() {
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    CsvBlock block(pool);
    PooledArray<CsvField> fields(pool);
    std::vector<CsvTypeEvidence> evidence(names_.size());
    while (true) {
      {
        std::lock_guard lock(mutex_);
        if (failed_) return Status::OK();
        const Status status = blocks_->Next(&block);
        failed_ = !status.ok();
        ARROW_RETURN_NOT_OK(status);
      }
      if (block.num_rows == 0) break;
      for (size_t c = 0; c < names_.size(); ++c) {
        ARROW_ASSIGN_OR_RAISE(const int64_t unclosed,
                              block.TakeFields(static_cast<int64_t>(c), &fields));
        if (unclosed >= 0) return Unclosed(block, unclosed, names_[c]);
        evidence[c].Add(block.text.data(), {fields.data(), static_cast<size_t>(fields.size())});
      }
    }
    std::lock_guard lock(mutex_);
    for (size_t c = 0; c < names_.size(); ++c) evidence_[c].Merge(evidence[c]);
    return Status::OK();
  }

  CsvType TypeOf(size_t column) const { return evidence_[column].Resolve(); }

 private:
  Status Unclosed(const CsvBlock& block, int64_t row, const std::string& name) {
    std::lock_guard lock(mutex_);
    failed_ = true;
    return blocks_->ErrorAt(block, row,
                            "column '" + name +
                                "': the field goes on behind its closing quote; double quotes "
                                "that belong to it");
  }

  CsvBlockReader* const blocks_;
  const std::vector<std::string>& names_;
  std::mutex mutex_;
  std::vector<CsvTypeEvidence> evidence_;  // guarded by mutex_, as are blocks_ and failed_
  bool failed_ = false;
};

}  // namespace

Result<std::shared_ptr<Source>> CsvSource::Make(SourceFiles found, const CsvSizes& sizes,
                                                const arrow::Schema* expected) {
  auto source = std::shared_ptr<CsvSource>(new CsvSource());
  source->sizes_ = sizes;
  std::vector<File>& files = source->files_;
  files.resize(found.files.size());
  const auto for_each_file = [&](const auto& what) {
    return base::ParallelFor(base::AvailableCores(), static_cast<int64_t>(files.size()),
                             [&](int64_t i) { return what(static_cast<size_t>(i)); });
  };
  ARROW_RETURN_NOT_OK(for_each_file([&](size_t i) -> Status {
    ListedFile listed = found.files[i];
    ARROW_ASSIGN_OR_RAISE(const OpenedFile opened, found.store->Open(listed));
    listed.version = opened.version;
    ARROW_ASSIGN_OR_RAISE(const auto format, DetectFormat(listed, opened.file.get()));
    if (!format.has_value()) return Status::OK();
    if (*format != FileFormat::kText) {
      return MixedFormats(found.files[0], FileFormat::kText, listed, *format);
    }
    ARROW_ASSIGN_OR_RAISE(files[i].file,
                          CsvFile::Make(found.store, std::move(listed), opened.file.get()));
    ARROW_ASSIGN_OR_RAISE(files[i].header, ReadCsvHeader(*files[i].file, sizes));
    return Status::OK();
  }));
  std::erase_if(files, [](const File& file) { return file.file == nullptr; });
  ARROW_RETURN_NOT_OK(source->CheckHeaders());
  ARROW_RETURN_NOT_OK(for_each_file([&](size_t i) -> Status {
    ARROW_ASSIGN_OR_RAISE(files[i].ranges, FindCsvRanges(*files[i].file, files[i].header, sizes));
    return Status::OK();
  }));
  source->Identify();
  source->ListUnits();
  ARROW_RETURN_NOT_OK(source->InferTypes());
  if (expected != nullptr) source->ExpectTypes(*expected);
  return source;
}

void CsvSource::Identify() {
  std::vector<ListedFile> listed;
  listed.reserve(files_.size());
  for (const File& file : files_) listed.push_back(file.file->listed());
  identity_ = IdentityOf("csv", listed);
}

Status CsvSource::CheckHeaders() const {
  const File& first = files_.front();
  for (const File& file : files_) {
    if (file.header.names == first.header.names) continue;
    return DifferentHeader(first.file->name(), first.header.names, file.file->name(),
                           file.header.names);
  }
  return Status::OK();
}

void CsvSource::ListUnits() {
  const auto add = [&](size_t f, const CsvRange& range) {
    Unit unit;
    unit.index = static_cast<int64_t>(units_.size());
    unit.num_rows = range.num_records;
    unit.bytes = range.end - range.begin;
    unit.file = static_cast<int32_t>(f);
    unit.file_name = files_[f].file->name();
    units_.push_back(std::move(unit));
    ranges_.push_back(range);
  };
  for (size_t f = 0; f < files_.size(); ++f) {
    const std::vector<CsvRange>& ranges = files_[f].ranges;
    if (ranges.empty()) continue;
    if (!files_[f].file->gzip()) {
      for (const CsvRange& range : ranges) add(f, range);
      continue;
    }
    // What is packed can be read from its start only.
    CsvRange whole{ranges.front().begin, ranges.back().end, 0};
    for (const CsvRange& range : ranges) whole.num_records += range.num_records;
    add(f, whole);
  }
}

Status CsvSource::InferTypes() {
  const std::vector<std::string>& names = files_.front().header.names;
  types_.assign(names.size(), CsvType::kString);
  expected_.assign(names.size(), false);
  if (!units_.empty()) {
    const File& file = files_[static_cast<size_t>(units_[0].file)];
    const auto num_columns = static_cast<int64_t>(names.size());
    // The unit, or as much of a packed file as would be one of a plain file.
    const CsvRange& range = file.ranges.front();
    ARROW_ASSIGN_OR_RAISE(
        auto blocks, CsvBlockReader::Make(file.file, file.header.dialect, num_columns, sizes_,
                                          range.begin, range.end, arrow::default_memory_pool()));
    TypeSearch search(blocks.get(), names);
    const int64_t num_blocks = 1 + (range.end - range.begin) / sizes_.block_bytes;
    const int num_threads = static_cast<int>(std::min<int64_t>(base::AvailableCores(), num_blocks));
    ARROW_RETURN_NOT_OK(base::RunWorkers(num_threads, [&](int) { return search.Work(); }));
    for (size_t c = 0; c < names.size(); ++c) types_[c] = search.TypeOf(c);
  }
  arrow::FieldVector fields;
  for (size_t c = 0; c < names.size(); ++c) {
    fields.push_back(arrow::field(names[c], ArrowTypeOf(types_[c])));
  }
  schema_ = arrow::schema(std::move(fields));
  return Status::OK();
}

void CsvSource::ExpectTypes(const arrow::Schema& expected) {
  arrow::FieldVector fields = schema_->fields();
  for (size_t c = 0; c < fields.size(); ++c) {
    const auto field = expected.GetFieldByName(fields[c]->name());
    const std::optional<CsvType> type = field == nullptr ? std::nullopt : CsvTypeOf(*field->type());
    if (!type.has_value()) continue;
    types_[c] = *type;
    expected_[c] = true;
    fields[c] = fields[c]->WithType(ArrowTypeOf(*type));
  }
  schema_ = arrow::schema(std::move(fields));
}

ColumnHint CsvSource::Hint(const Unit& unit, int) const {
  ColumnHint hint;
  hint.compressed_bytes = unit.bytes / std::max<int64_t>(1, schema_->num_fields());
  return hint;
}

Result<std::unique_ptr<BatchReader>> CsvSource::Open(const Unit& unit,
                                                     const std::vector<int>& columns,
                                                     const BatchOptions& options,
                                                     Cursor start) const {
  ARROW_RETURN_NOT_OK(CheckRead(unit, options, unit.num_rows, start));
  std::vector<CsvColumn> asked;
  for (const int column : columns) {
    ARROW_RETURN_NOT_OK(CheckColumn(column, static_cast<size_t>(schema_->num_fields())));
    const auto c = static_cast<size_t>(column);
    asked.push_back({column, schema_->field(column)->name(), types_[c], expected_[c]});
  }
  const File& file = files_[static_cast<size_t>(unit.file)];
  const CsvRange& range = ranges_[static_cast<size_t>(unit.index)];
  ARROW_ASSIGN_OR_RAISE(auto blocks,
                        CsvBlockReader::Make(file.file, file.header.dialect, schema_->num_fields(),
                                             sizes_, range.begin, range.end, PoolOf(options)));
  // A unit's blocks have fewer columns together than that.
  const uint64_t first_id = (static_cast<uint64_t>(unit.index) << 40) + 1;
  return std::make_unique<CsvUnitReader>(std::move(blocks), std::move(asked), options, start,
                                         first_id);
}

}  // namespace emberharmony::io::internal
