#include "emberharmony/base/regular_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace emberharmony::base {
namespace {

namespace fs = std::filesystem;

class RegularFileTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("regular_file_test." + std::to_string(getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path root_;
};

TEST_F(RegularFileTest, ReadsFilesAndLinksToThem) {
  std::ofstream(root_ / "file") << "content";
  fs::create_symlink("file", root_ / "link");
  EXPECT_EQ(ReadFile((root_ / "link").string(), 7).ValueOrDie(), "content");
  auto file = OpenRegularFile((root_ / "file").string()).ValueOrDie();
  EXPECT_EQ(file->GetSize().ValueOrDie(), 7);
  EXPECT_EQ(file->ReadAt(3, 4).ValueOrDie()->ToString(), "tent");
  const auto absent = ReadFile((root_ / "absent").string(), 7).status();
  EXPECT_NE(absent.message().find("absent': no such file"), std::string::npos) << absent;
}

TEST_F(RegularFileTest, RefusesWhatIsTooLarge) {
  std::ofstream(root_ / "file") << "content";
  const auto refused = ReadFile((root_ / "file").string(), 6).status();
  EXPECT_TRUE(refused.IsCapacityError());
  EXPECT_NE(refused.message().find("at most 6 bytes, found 7"), std::string::npos) << refused;
  // The size of a file in /proc is 0; what is read counts.
  EXPECT_TRUE(ReadFile("/proc/self/status", 10).status().IsCapacityError());
  // A terabyte that takes no room: refused by its size, without reading it.
  fs::resize_file(root_ / "file", uintmax_t{1} << 40);
  EXPECT_TRUE(ReadFile((root_ / "file").string(), 1 << 20).status().IsCapacityError());
}

TEST_F(RegularFileTest, RefusesPipesDevicesAndFolders) {
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  for (const auto& [path, kind] : {std::pair<std::string, std::string>{root_ / "pipe", "a pipe"},
                                   {"/dev/zero", "a device"},
                                   {root_.string(), "a folder"}}) {
    const auto refused = ReadFile(path, 100).status();
    EXPECT_TRUE(refused.IsIOError());
    EXPECT_NE(refused.message().find("' is " + kind), std::string::npos) << refused;
    EXPECT_TRUE(OpenRegularFile(path).status().IsIOError());
  }
}

}  // namespace
}  // namespace emberharmony::base
