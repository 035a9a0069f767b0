#include <algorithm>
#include <iterator>
#include <utility>

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
#include "emberharmony/io/source_list.h"
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

arrow::Result<std::shared_ptr<Source>> OpenFound(internal::SourceFiles files,
                                                 const arrow::Schema* expected) {
  ARROW_ASSIGN_OR_RAISE(const FileFormat format, internal::FormatOfFirst(&files));
  const std::string first_file = files.files[0].relative_path;
  ARROW_ASSIGN_OR_RAISE(auto source, OpenLocalFiles(format, std::move(files), expected));
  return internal::WithPartitionColumns(std::move(source), first_file);
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
  return OpenFound(std::move(files), expected);
}

/// What all paths have in common, up to and with a '/'.
std::string CommonFolder(const std::vector<internal::ListedFile>& files) {
  std::string folder = files[0].path.substr(0, files[0].path.rfind('/') + 1);
  for (const internal::ListedFile& file : files) {
    while (!file.path.starts_with(folder)) {
      folder.pop_back();
      folder.resize(folder.rfind('/') + 1);
    }
  }
  return folder;
}

/// Names the files as one directory that holds them all would, in its order.
arrow::Status NameFromOneFolder(std::vector<internal::ListedFile>* files) {
  const std::string folder = CommonFolder(*files);
  for (internal::ListedFile& file : *files) file.relative_path = file.path.substr(folder.size());
  const auto by_path = [](const internal::ListedFile& a, const internal::ListedFile& b) {
    return a.relative_path < b.relative_path;
  };
  std::sort(files->begin(), files->end(), by_path);
  const auto same_path = [](const internal::ListedFile& a, const internal::ListedFile& b) {
    return a.relative_path == b.relative_path;
  };
  const auto twice = std::adjacent_find(files->begin(), files->end(), same_path);
  if (twice == files->end()) return arrow::Status::OK();
  return base::UsageError("the list of sources names the file '" + twice->path +
                          "' twice: its rows would count twice");
}

}  // namespace

arrow::Result<std::shared_ptr<Source>> OpenSourceList(const std::vector<std::string>& locations) {
  if (locations.empty()) return base::UsageError("the list of sources is empty: give a path");
  internal::SourceFiles all;
  for (const std::string& location : locations) {
    if (location == internal::kStandardInput || internal::IsObjectStore(location)) {
      return base::UsageError("a list of sources is one of local files, found '" + location +
                              "': give such a location alone, or as a glob");
    }
    ARROW_ASSIGN_OR_RAISE(internal::SourceFiles files, internal::FindLocalFiles(location));
    all.store = files.store;
    all.location += (all.location.empty() ? "" : ", ") + files.location;
    std::move(files.files.begin(), files.files.end(), std::back_inserter(all.files));
  }
  ARROW_RETURN_NOT_OK(NameFromOneFolder(&all.files));
  return OpenFound(std::move(all), nullptr);
}

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
