#include "emberharmony/base/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "emberharmony/base/errno_internal.h"
#include "emberharmony/base/error_kind.h"

namespace emberharmony::base {
namespace {

using ::testing::HasSubstr;

class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/atomic_file_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/model.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  static std::string Slurp(const std::string& path) {
    std::stringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
  }

  std::string folder_, path_;
};

TEST_F(AtomicFileTest, AppearsOnlyAtCommit) {
  auto file = AtomicFile::Create(path_);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  ASSERT_TRUE((*file)->stream()->Write("hello ", 6).ok());
  ASSERT_TRUE((*file)->stream()->Write("world", 5).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(path_ + ".tmp"));
  EXPECT_EQ((*file)->bytes_written(), 11);
  EXPECT_EQ(*(*file)->stream()->Tell(), 11);
  ASSERT_TRUE((*file)->Commit().ok());
  EXPECT_EQ(Slurp(path_), "hello world");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
  // xxhsum -H2 of "hello world"
  EXPECT_EQ((*file)->xxh3_128_hex(), "df8d09e93f874900a99b8775cc15b6c7");
  EXPECT_FALSE((*file)->Commit().ok());
  EXPECT_FALSE((*file)->stream()->Write("x", 1).ok());
}

TEST_F(AtomicFileTest, ManyFilesOfAFolderMayShareItsSync) {
  auto file = *AtomicFile::Create(path_);
  ASSERT_TRUE(file->stream()->Write("hello", 5).ok());
  ASSERT_TRUE(file->CommitBeforeSyncFolder().ok());
  EXPECT_EQ(Slurp(path_), "hello");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
  EXPECT_FALSE(file->Commit().ok());
  file.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_TRUE(SyncFolder(folder_).ok());
}

TEST_F(AtomicFileTest, HashOfNothing) {
  auto file = *AtomicFile::Create(path_);
  EXPECT_EQ(file->xxh3_128_hex(),
            "99aa06d3014798d86001c324468d497f");  // XXH3_128bits of no bytes, seed 0
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(std::filesystem::file_size(path_), 0u);
}

TEST_F(AtomicFileTest, WritesOfAllSizesArriveInOrder) {
  std::string expected;
  auto file = *AtomicFile::Create(path_);
  for (size_t i = 0; i < 200; ++i) {
    const std::string piece((i * i * 37) % 200000, static_cast<char>('a' + i % 26));
    expected += piece;
    ASSERT_TRUE(file->stream()->Write(piece.data(), static_cast<int64_t>(piece.size())).ok());
  }
  ASSERT_GT(expected.size(), size_t{16} << 20);  // so that writeback was started
  ASSERT_TRUE(file->stream()->Close().ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_TRUE(Slurp(path_) == expected);
  auto whole = *AtomicFile::Create(path_);
  ASSERT_TRUE(whole->stream()->Write(expected.data(), static_cast<int64_t>(expected.size())).ok());
  EXPECT_EQ(whole->xxh3_128_hex(), file->xxh3_128_hex());
}

TEST_F(AtomicFileTest, LeavesNothingWithoutCommit) {
  ASSERT_TRUE(WriteFileAtomically(path_, "old").ok());
  {
    auto file = *AtomicFile::Create(path_);
    ASSERT_TRUE(file->stream()->Write("new", 3).ok());
  }
  EXPECT_EQ(Slurp(path_), "old");
  auto file = *AtomicFile::Create(path_);
  file->Abort();
  EXPECT_FALSE(file->Commit().ok());
  EXPECT_FALSE(file->stream()->Write("x", 1).ok());
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
  EXPECT_EQ(Slurp(path_), "old");
}

TEST_F(AtomicFileTest, ReplacesWhatACrashedRunLeft) {
  const std::string elsewhere = folder_ + "/elsewhere";
  std::ofstream(elsewhere) << "precious";
  ASSERT_EQ(symlink(elsewhere.c_str(), (path_ + ".tmp").c_str()), 0);
  ASSERT_TRUE(WriteFileAtomically(path_, "first").ok());
  EXPECT_EQ(Slurp(elsewhere), "precious");
  std::ofstream(path_ + ".tmp") << "a much longer half-written file";
  ASSERT_TRUE(WriteFileAtomically(path_, "second").ok());
  EXPECT_EQ(Slurp(path_), "second");
}

TEST_F(AtomicFileTest, ErrorsNamePathAndReason) {
  const std::string missing = folder_ + "/missing/model.json";
  const arrow::Status status = WriteFileAtomically(missing, "x");
  EXPECT_TRUE(status.IsIOError());
  EXPECT_EQ(KindOf(status), ErrorKind::kData);
  EXPECT_EQ(status.message(), "cannot create '" + missing + ".tmp': no such file or directory");
  std::filesystem::create_directories(path_ + "/occupied");
  EXPECT_THAT(WriteFileAtomically(path_, "x").message(),
              HasSubstr("'" + path_ + "' is a folder, and a file was expected"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(AtomicFileTest, WhatIsNoFileStays) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const arrow::Status status = WriteFileAtomically(path_, "x");
  EXPECT_TRUE(status.IsIOError());
  EXPECT_THAT(status.message(), HasSubstr("'" + path_ + "' is a device or a pipe"));
  EXPECT_TRUE(std::filesystem::is_fifo(path_));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(AtomicFileTest, AFullDiskIsReportedAsSuch) {
  EXPECT_EQ(
      internal::ErrnoStatus("cannot write", "/out/part", ENOSPC).message(),
      "cannot write '/out/part': no space left on device; free space or choose another folder");
  EXPECT_EQ(internal::ErrnoStatus("cannot open", "/out/part", EACCES).message(),
            "cannot open '/out/part': permission denied; change the permissions or choose another "
            "folder");
}

}  // namespace
}  // namespace emberharmony::base
