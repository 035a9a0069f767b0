#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::io::internal {

/// A file of a source.
struct ListedFile {
  std::string path;  ///< to open it
  std::string
      relative_path;  ///< to the source's root, with '/'; what files are sorted and named by
  int64_t size = 0;
  int64_t modified_ns = 0;  ///< since 1970
  bool named =
      false;  ///< the location named it, alone or by a glob: it must be data, whatever its name
  std::string version = {};  ///< what its store called it when it was first opened; may be empty
};

/// The files that a location stands for, sorted by the bytes of their relative paths.
///
/// A location is a file, a directory (all files below it) or a glob ('*', '?' and '[...]' within a
/// name, '**' for any number of directories). Names that start with '.' or '_' are skipped unless
/// the location names them. What exists under the location's very text is never taken for a glob.
/// Symbolic links are followed. Errors: DataError when nothing is there or a directory can't be
/// read, UsageError for a location that isn't local.
arrow::Result<std::vector<ListedFile>> ListFiles(const std::string& location);

/// Whether a name matches a glob's component.
bool MatchesGlob(std::string_view pattern, std::string_view name);

/// Whether a text has a glob's wildcards.
bool IsGlob(std::string_view text);

/// Whether ListFiles would find the file `path` by the glob `pattern`, both relative to the same
/// directory.
bool MatchesGlobPath(std::string_view pattern, std::string_view path);

}  // namespace emberharmony::io::internal
