#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace emberharmony::base {

/// What a fuzz target starts from: well-formed inputs, made by the code that writes them, so that
/// they follow its formats. Files "seed-NAME" in the corpus folder, the last argument of libFuzzer
/// that is one; none are written where no folder is given (one input tried again).
class FuzzSeeds {
 public:
  FuzzSeeds(int argc, char** argv) {
    std::error_code error;
    for (int i = 1; i < argc; ++i) {
      if (argv[i][0] != '-' && std::filesystem::is_directory(argv[i], error)) folder_ = argv[i];
    }
  }

  void Add(const std::string& name, std::string_view bytes) const {
    if (folder_.empty()) return;
    std::ofstream file(folder_ / ("seed-" + name), std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    FuzzRequire(file.flush().good(), "a seed cannot be written");
  }

  /// A finding, also where assertions are compiled out.
  static void FuzzRequire(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
  }

 private:
  std::filesystem::path folder_;
};

/// A folder for files that the code under test reads by name, in memory where the system has such
/// a place, removed at exit.
class FuzzFolder {
 public:
  FuzzFolder() {
    std::error_code error;
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path parent = std::filesystem::is_directory(memory, error)
                                             ? memory
                                             : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "ember-fuzz-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      std::perror("mkdtemp");
      std::abort();
    }
    path_ = pattern;
  }
  FuzzFolder(const FuzzFolder&) = delete;
  FuzzFolder& operator=(const FuzzFolder&) = delete;
  ~FuzzFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

  void Write(const std::string& name, std::string_view bytes) const {
    std::ofstream file(path_ / name, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    FuzzSeeds::FuzzRequire(file.flush().good(), "a file cannot be written");
  }

 private:
  std::filesystem::path path_;
};

}  // namespace emberharmony::base
