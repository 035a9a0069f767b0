#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/arrow_source_internal.h"
#include "emberharmony/io/csv_source_internal.h"
#include "emberharmony/io/expected_types.h"
#include "emberharmony/io/file_format_internal.h"
#include "emberharmony/io/file_store_internal.h"
#include "emberharmony/io/object_stores_internal.h"
#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/partitioned_source_internal.h"
#include "emberharmony/io/source.h"
#include "emberharmony/io/standard_input_internal.h"

namespace emberharmony::io {
namespace {

using internal::FileFormat;

/// A reader of each format starts here. The first of the files is of that format; whether the
/// others are is for the reader to see when it opens them.
arrow::Result<std::shared_ptr<Source>> OpenLocalFiles(FileFormat format,
                                                      internal::SourceFiles files,
                                                      const arrow::Schema* expected) {
  switch (format) {
    case FileFormat::kParquet:
      return internal::ParquetSource::Make(std::move(files));
    case FileFormat::kArrow:
      return internal::ArrowSource::Make(std::move(files));
    case FileFormat::kText:
      return internal::CsvSource::Make(std::move(files), {}, expected);
  }
  return arrow::Status::Invalid("no reader for this format: a fault of this program");
}

arrow::Result<std::shared_ptr<Source>> Open(const std::string& location,
                                            const arrow::Schema* expected,
                                            const SourceOptions& options) {
  internal::SourceFiles files;
  if (location == internal::kStandardInput) {
    ARROW_ASSIGN_OR_RAISE(files, internal::SpoolStandardInput(options));
  } else if (internal::IsObjectStore(location)) {
    ARROW_ASSIGN_OR_RAISE(files, internal::FindObjects(location));
  } else {
    ARROW_ASSIGN_OR_RAISE(files, internal::FindLocalFiles(location));
  }
  ARROW_ASSIGN_OR_RAISE(const FileFormat format, internal::FormatOfFirst(&files));
  const std::string first_file = files.files[0].relative_path;
  ARROW_ASSIGN_OR_RAISE(auto source, OpenLocalFiles(format, std::move(files), expected));
  return internal::WithPartitionColumns(std::move(source), first_file);
}

}  // namespace

arrow::Result<std::shared_ptr<Source>> OpenSource(const std::string& location,
                                                  const SourceOptions& options) {
  return Open(location, nullptr, options);
}

arrow::Result<std::shared_ptr<Source>> OpenSourceAs(const std::string& location,
                                                    const arrow::Schema& expected,
                                                    const SourceOptions& options) {
  return Open(location, &expected, options);
}

}  // namespace emberharmony::io
