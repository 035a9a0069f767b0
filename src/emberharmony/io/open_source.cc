#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/arrow_source_internal.h"
#include "emberharmony/io/file_format_internal.h"
#include "emberharmony/io/file_store_internal.h"
#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io {
namespace {

using internal::FileFormat;

/// A reader of each format starts here. The first of the files is of that format; whether the
/// others are is for the reader to see when it opens them.
arrow::Result<std::shared_ptr<Source>> OpenFiles(FileFormat format, internal::SourceFiles files,
                                                 const SourceOptions&) {
  switch (format) {
    case FileFormat::kParquet:
      return internal::ParquetSource::Make(std::move(files));
    case FileFormat::kArrow:
      return internal::ArrowSource::Make(std::move(files));
    case FileFormat::kText:
      break;
  }
  return base::DataError("'" + files.files[0].relative_path + "' is " +
                         std::string(internal::NameOf(format)) +
                         ", which this version does not read: give Parquet or Arrow files");
}

}  // namespace

arrow::Result<std::shared_ptr<Source>> OpenSource(const std::string& location,
                                                  const SourceOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto files, internal::FindLocalFiles(location));
  ARROW_ASSIGN_OR_RAISE(const FileFormat format, internal::FormatOfFirst(&files));
  return OpenFiles(format, std::move(files), options);
}

}  // namespace emberharmony::io
