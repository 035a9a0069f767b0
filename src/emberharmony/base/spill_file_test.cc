#include "emberharmony/base/spill_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <thread>
#include <tuple>
#include <vector>

namespace emberharmony::base {
namespace {

class SpillFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/spill_file_XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(SpillFileTest, ReadsBackWhatWasAppendedAndHasNoName) {
  auto file = *SpillFile::Create(folder_);
  EXPECT_EQ(*file->Append("hello"), 0);
  EXPECT_EQ(*file->Append(""), 5);
  EXPECT_EQ(*file->Append(std::string_view("w\0rld", 5)), 5);
  EXPECT_EQ(file->size_bytes(), 10);
  std::string read(7, ' ');
  ASSERT_TRUE(file->Read(3, 7, read.data()).ok());
  EXPECT_EQ(read, std::string("low\0rld", 7));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  file->Discard(0, 5);
  ASSERT_TRUE(file->Read(5, 5, read.data()).ok());
  EXPECT_EQ(read.substr(0, 5), std::string("w\0rld", 5));
}

TEST_F(SpillFileTest, TakesBlocksFromManyThreads) {
  auto file = *SpillFile::Create(folder_);
  std::mutex mutex;
  std::vector<std::tuple<int64_t, int64_t, char>> blocks;  // guarded by mutex
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const char letter = static_cast<char>('a' + (t * 200 + i) % 26);
        const int64_t length = 1 + (i * 131 + t) % 5000;
        auto offset = file->Append(std::string(static_cast<size_t>(length), letter));
        std::lock_guard lock(mutex);
        if (offset.ok()) blocks.emplace_back(*offset, length, letter);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(blocks.size(), 800u);
  int64_t total = 0;
  for (const auto& [offset, length, letter] : blocks) {
    std::string read(static_cast<size_t>(length), '?');
    ASSERT_TRUE(file->Read(offset, length, read.data()).ok());
    EXPECT_EQ(read, std::string(static_cast<size_t>(length), letter));
    total += length;
  }
  EXPECT_EQ(file->size_bytes(), total);
}

TEST_F(SpillFileTest, ErrorsNameFolderAndReason) {
  const std::string missing = folder_ + "/missing";
  EXPECT_EQ(SpillFile::Create(missing).status().message(),
            "cannot create a temporary file in '" + missing + "': no such file or directory");
  auto file = *SpillFile::Create(folder_);
  ASSERT_TRUE(file->Append("abc").ok());
  char out[10];
  EXPECT_THAT(file->Read(1, 5, out).message(),
              testing::HasSubstr("expected 5 bytes at offset 1, found 2"));
}

}  // namespace
}  // namespace emberharmony::base
