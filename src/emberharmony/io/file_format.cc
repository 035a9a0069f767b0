#include <algorithm>
#include <array>
#include <string>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/file_format_internal.h"

namespace emberharmony::io::internal {
namespace {

/// What a name says, if it says anything.
std::optional<FileFormat> FormatOfName(std::string_view name) {
  const auto ends = [name](std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(),
                       [name](std::string_view ending) { return name.ends_with(ending); });
  };
  if (ends({".parquet", ".parq", ".pq"})) return FileFormat::kParquet;
  if (ends({".arrow", ".arrows", ".feather", ".ipc"})) return FileFormat::kArrow;
  if (ends({".csv", ".tsv", ".csv.gz", ".tsv.gz"})) return FileFormat::kText;
  return std::nullopt;
}

/// What the first bytes say, if they say anything.
std::optional<FileFormat> FormatOfBytes(std::string_view head) {
  if (head.starts_with("PAR1") || head.starts_with("PARE")) return FileFormat::kParquet;
  // "FEA1": Feather's first version, which is refused in words of its own.
  if (head.starts_with("ARROW1") || head.starts_with("FEA1")) return FileFormat::kArrow;
  // The mark that begins every message of the stream format since Arrow 0.15.
  if (head.starts_with("\xff\xff\xff\xff")) return FileFormat::kArrow;
  return std::nullopt;
}

}  // namespace

std::string_view NameOf(FileFormat format) {
  switch (format) {
    case FileFormat::kParquet:
      return "Parquet";
    case FileFormat::kArrow:
      return "Arrow";
    case FileFormat::kText:
      break;
  }
  return "CSV";
}

arrow::Result<std::optional<FileFormat>> DetectFormat(const ListedFile& listed,
                                                      arrow::io::RandomAccessFile* file) {
  std::array<char, 8> bytes{};
  const auto read = file->ReadAt(0, bytes.size(), bytes.data());
  if (!read.ok()) {
    return base::DataError("'" + listed.path + "' can't be read: " + read.status().message());
  }
  const std::string_view head(bytes.data(), static_cast<size_t>(*read));
  if (const auto format = FormatOfBytes(head)) return format;
  if (const auto format = FormatOfName(listed.relative_path)) return format;
  if (listed.named) return FileFormat::kText;
  return std::nullopt;
}

arrow::Result<FileFormat> FormatOfFirst(SourceFiles* files) {
  for (auto listed = files->files.begin(); listed != files->files.end(); ++listed) {
    ARROW_ASSIGN_OR_RAISE(const OpenedFile opened, files->store->Open(*listed));
    ARROW_ASSIGN_OR_RAISE(const auto format, DetectFormat(*listed, opened.file.get()));
    if (!format.has_value()) continue;
    files->files.erase(files->files.begin(), listed);
    return *format;
  }
  return base::DataError("'" + files->location +
                         "' holds no Parquet, Arrow or CSV files: give the path of one, of a "
                         "directory of them, or a glob");
}

arrow::Status MixedFormats(const ListedFile& first, FileFormat first_format,
                           const ListedFile& other, FileFormat other_format) {
  return base::DataError("the files of a source must be of one format, but '" +
                         first.relative_path + "' is " + std::string(NameOf(first_format)) +
                         " and '" + other.relative_path + "' is " +
                         std::string(NameOf(other_format)) +
                         ": give them as separate sources, or name those you mean with a glob");
}

}  // namespace emberharmony::io::internal
