#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "emberharmony/io/source.h"

namespace emberharmony::io::internal {

/// A source whose files lie in folders called key=value (as Hive lays tables out) with a column for
/// each key after the columns of the files, in the order of the path; the source itself where there
/// are no such folders.
///
/// Keys and values are percent-decoded. A column is int64 where all values are such, else date32
/// where all are dates written 2001-01-31, else utf8; __HIVE_DEFAULT_PARTITION__ is null. Reading
/// one costs nothing: a file's value is a dictionary of one entry. DataError when files have
/// different keys, or a key is also the name of another column.
///
/// `first_file`: the relative path of the source's first file, which says what the keys are where
/// no file has rows.
arrow::Result<std::shared_ptr<Source>> WithPartitionColumns(std::shared_ptr<Source> source,
                                                            const std::string& first_file);

}  // namespace emberharmony::io::internal
