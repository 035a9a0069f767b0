#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/file_listing_internal.h"

namespace emberharmony::io::internal {
namespace {

// Deeper than any sane layout, and a bound for links that lead back to themselves.
constexpr int kMaxDepth = 64;

bool IsHidden(std::string_view name) {
  return !name.empty() && (name.front() == '.' || name.front() == '_');
}

std::string Join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

/// The names in a directory but "." and "..", in no order.
arrow::Result<std::vector<std::string>> NamesIn(const std::string& directory) {
  DIR* handle = opendir(directory.empty() ? "." : directory.c_str());
  if (handle == nullptr) {
    return base::DataError("the directory '" + directory + "' can't be read: " + strerror(errno) +
                           "; check the path and its permissions");
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(handle)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(handle);
  return names;
}

ListedFile MakeFile(std::string path, std::string relative_path, const struct stat& info,
                    bool named) {
  ListedFile file;
  file.path = std::move(path);
  file.relative_path = std::move(relative_path);
  file.size = info.st_size;
  file.modified_ns = int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec;
  file.named = named;
  return file;
}

arrow::Status ListBelow(const std::string& directory, const std::string& relative, int depth,
                        std::vector<ListedFile>* out) {
  if (depth > kMaxDepth) {
    return base::DataError("'" + directory + "' lies more than " + std::to_string(kMaxDepth) +
                           " directories deep: is there a link that leads back?");
  }
  ARROW_ASSIGN_OR_RAISE(auto names, NamesIn(directory));
  for (const std::string& name : names) {
    if (IsHidden(name)) continue;
    std::string path = Join(directory, name);
    std::string relative_path = relative.empty() ? name : relative + "/" + name;
    struct stat info;
    if (stat(path.c_str(), &info) != 0) {
      return base::DataError("'" + path + "' can't be read: " + strerror(errno));
    }
    if (S_ISDIR(info.st_mode)) {
      ARROW_RETURN_NOT_OK(ListBelow(path, relative_path, depth + 1, out));
    } else if (S_ISREG(info.st_mode)) {
      out->push_back(MakeFile(std::move(path), std::move(relative_path), info, /*named=*/false));
    }
  }
  return arrow::Status::OK();
}

/// Matches parts[next..] against what is in `directory`.
arrow::Status Glob(const std::vector<std::string>& parts, size_t next, const std::string& directory,
                   const std::string& relative, int depth, std::vector<ListedFile>* out) {
  if (depth > kMaxDepth) {
    return base::DataError("'" + directory + "' lies more than " + std::to_string(kMaxDepth) +
                           " directories deep: is there a link that leads back?");
  }
  const std::string& pattern = parts[next];
  const bool last = next + 1 == parts.size();
  const bool any_depth = pattern == "**";
  if (any_depth && last) return ListBelow(directory, relative, depth, out);
  if (any_depth) ARROW_RETURN_NOT_OK(Glob(parts, next + 1, directory, relative, depth, out));
  ARROW_ASSIGN_OR_RAISE(auto names, NamesIn(directory));
  for (const std::string& name : names) {
    if (IsHidden(name) && !IsHidden(pattern)) continue;
    if (!any_depth && !MatchesGlob(pattern, name)) continue;
    std::string path = Join(directory, name);
    std::string relative_path = relative.empty() ? name : relative + "/" + name;
    struct stat info;
    if (stat(path.c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      const auto status = any_depth ? Glob(parts, next, path, relative_path, depth + 1, out)
                          : last    ? ListBelow(path, relative_path, depth + 1, out)
                                    : Glob(parts, next + 1, path, relative_path, depth + 1, out);
      ARROW_RETURN_NOT_OK(status);
    } else if (last && S_ISREG(info.st_mode)) {
      out->push_back(MakeFile(std::move(path), std::move(relative_path), info, /*named=*/true));
    }
  }
  return arrow::Status::OK();
}

arrow::Status NotThere(const std::string& location, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    return base::DataError("'" + location +
                           "' does not exist: give the path of a file, of a directory of files, "
                           "or a quoted glob such as 'data/*.parquet'");
  }
  return base::DataError("'" + location + "' can't be read: " + strerror(error));
}

using Parts = std::span<const std::string>;

bool NoneHidden(Parts path) { return std::none_of(path.begin(), path.end(), IsHidden); }

bool MatchesParts(Parts pattern, Parts path) {
  // What a glob finds may be a directory, all files below which are meant.
  if (pattern.empty()) return NoneHidden(path);
  if (path.empty()) return false;
  if (pattern[0] == "**") {
    if (pattern.size() == 1) return NoneHidden(path);
    return MatchesParts(pattern.subspan(1), path) ||
           (!IsHidden(path[0]) && MatchesParts(pattern, path.subspan(1)));
  }
  if (IsHidden(path[0]) && !IsHidden(pattern[0])) return false;
  return MatchesGlob(pattern[0], path[0]) && MatchesParts(pattern.subspan(1), path.subspan(1));
}

}  // namespace

bool IsGlob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool MatchesGlobPath(std::string_view pattern, std::string_view path) {
  return MatchesParts(Split(pattern), Split(path));
}

bool MatchesGlob(std::string_view pattern, std::string_view name) {
  return fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), FNM_PATHNAME) == 0;
}

arrow::Result<std::vector<ListedFile>> ListFiles(const std::string& location) {
  std::string path = location;
  if (path.starts_with("file://")) path.erase(0, 7);
  if (path.empty()) return base::UsageError("the source is empty: give a path");
  struct stat info;
  std::vector<ListedFile> files;
  if (stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      ARROW_RETURN_NOT_OK(ListBelow(path, "", 0, &files));
    } else if (!S_ISREG(info.st_mode)) {
      return base::DataError(
          "'" + location + "' is neither a file nor a directory: copy the data into a file first");
    } else {
      const size_t slash = path.rfind('/');
      std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
      files.push_back(MakeFile(path, std::move(name), info, /*named=*/true));
    }
  } else {
    const int error = errno;
    if (const size_t scheme = path.find("://"); scheme != std::string::npos) {
      return base::UsageError(
          "'" + location + "': sources of the kind '" + path.substr(0, scheme) +
          "://' are not supported; give a local path, or one with s3:// or gs://");
    }
    if (!IsGlob(path)) return NotThere(location, error);
    std::vector<std::string> parts = Split(path);
    std::string root = path.front() == '/' ? "/" : "";
    size_t first = 0;
    for (; first < parts.size() && !IsGlob(parts[first]); ++first) root = Join(root, parts[first]);
    if (!root.empty() && stat(root.c_str(), &info) != 0) return NotThere(root, errno);
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(first));
    ARROW_RETURN_NOT_OK(Glob(parts, 0, root, "", 0, &files));
  }
  const auto by_name = [](const ListedFile& a, const ListedFile& b) {
    return a.relative_path < b.relative_path;
  };
  std::sort(files.begin(), files.end(), by_name);
  // '**' can reach a file in more than one way.
  files.erase(std::unique(files.begin(), files.end(),
                          [](const ListedFile& a, const ListedFile& b) {
                            return a.relative_path == b.relative_path;
                          }),
              files.end());
  if (files.empty()) {
    return base::DataError(
        "'" + location +
        "' holds no files (names that start with '.' or '_' are skipped): give the "
        "path of a file, of a directory of files, or a glob");
  }
  return files;
}

}  // namespace emberharmony::io::internal
