#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <optional>
#include <string_view>

#include "emberharmony/io/file_listing_internal.h"
#include "emberharmony/io/file_store_internal.h"

namespace emberharmony::io::internal {

/// What a file of a source holds. All files of a source are of one kind.
enum class FileFormat {
  kParquet,
  kArrow,  ///< Arrow IPC: the file or the stream format
  kText,   ///< CSV, plain or compressed with gzip
};

/// "Parquet", "Arrow", "CSV"
std::string_view NameOf(FileFormat format);

/// What a file is: by its first bytes, and where those only say that it is not Parquet, Arrow or
/// gzip, by its name. Nothing for a file that only a directory brought in and that neither its
/// bytes nor its name mark as data (a README beside the data).
arrow::Result<std::optional<FileFormat>> DetectFormat(const ListedFile& listed,
                                                      arrow::io::RandomAccessFile* file);

/// The format of the first file that is data; the files before it are taken out of `files`.
/// DataError if there is none.
arrow::Result<FileFormat> FormatOfFirst(SourceFiles* files);

/// The DataError for a source whose files are of more than one format.
arrow::Status MixedFormats(const ListedFile& first, FileFormat first_format,
                           const ListedFile& other, FileFormat other_format);

}  // namespace emberharmony::io::internal
