#include "emberharmony/engine/output_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::engine {
namespace {

namespace fs = std::filesystem;

class OutputFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("output_folder_test." + std::to_string(getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  static void Touch(const fs::path& path) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "x";
  }

  fs::path root_;
};

TEST_F(OutputFolderTest, VanishesUnlessComplete) {
  const fs::path path = root_ / "out";
  {
    auto folder = OutputFolder::Create(path.string(), false).ValueOrDie();
    Touch(path / "train" / "part-00000.parquet");
  }
  EXPECT_FALSE(fs::exists(path));
  {
    auto folder = OutputFolder::Create(path.string(), false).ValueOrDie();
    Touch(path / "manifest.json");
    ASSERT_TRUE(folder->Complete().ok());
  }
  EXPECT_TRUE(fs::exists(path / "manifest.json"));
  EXPECT_FALSE(fs::exists(path / ".ember"));
}

TEST_F(OutputFolderTest, AnEmptyFolderThatWasThereStays) {
  const fs::path path = root_ / "out";
  fs::create_directories(path);
  {
    auto folder = OutputFolder::Create(path.string(), false).ValueOrDie();
  }
  EXPECT_TRUE(fs::exists(path));
  EXPECT_TRUE(fs::is_empty(path));
}

TEST_F(OutputFolderTest, RefusesWhatIsThere) {
  const fs::path path = root_ / "out";
  Touch(path / "manifest.json");
  auto refused = OutputFolder::Create(path.string(), false).status();
  EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage);
  EXPECT_TRUE(OutputFolder::Create(path.string(), true).ok());

  Touch(path / "thesis.tex");
  for (bool overwrite : {false, true}) {
    refused = OutputFolder::Create(path.string(), overwrite).status();
    EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage);
  }
  EXPECT_TRUE(fs::exists(path / "thesis.tex"));

  Touch(root_ / "file");
  EXPECT_FALSE(OutputFolder::Create((root_ / "file").string(), true).ok());
  EXPECT_FALSE(OutputFolder::Create("", false).ok());
}

TEST_F(OutputFolderTest, AdoptMovesEverythingUp) {
  const fs::path path = root_ / "out";
  auto folder = OutputFolder::Create(path.string(), false).ValueOrDie();
  const fs::path from = fs::path(folder->scratch_path()) / "model";
  Touch(from / "model.json");
  Touch(from / "vocabulary" / "00000.parquet");
  ASSERT_TRUE(folder->Adopt(from.string(), "model.json").ok());
  ASSERT_TRUE(folder->Complete().ok());
  EXPECT_TRUE(fs::exists(path / "model.json"));
  EXPECT_TRUE(fs::exists(path / "vocabulary" / "00000.parquet"));
}

}  // namespace
}  // namespace emberharmony::engine
