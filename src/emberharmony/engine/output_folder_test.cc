#include "emberharmony/engine/output_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

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

TEST_F(OutputFolderTest, VanishesUnlessPublished) {
  const fs::path path = root_ / "out";
  {
    auto folder = OutputFolder::Create(path.string(), false).ValueOrDie();
    Touch(fs::path(folder->staging_path()) / "train" / "part-00000.parquet");
    EXPECT_FALSE(fs::exists(path / "train"));
  }
  EXPECT_FALSE(fs::exists(path));
  {
    auto folder = OutputFolder::Create(path.string(), false).ValueOrDie();
    Touch(fs::path(folder->staging_path()) / "manifest.json");
    EXPECT_FALSE(fs::exists(path / "manifest.json"));
    ASSERT_TRUE(folder->Publish().ok());
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

TEST_F(OutputFolderTest, NeverReplacesWhatOthersWrote) {
  // Names that runs use, too, with files that no run writes.
  const std::vector<std::string> foreign = {"train/cat.jpg", "model/weights.bin",
                                            "test/deep/part-00000.parquet", "vocabulary/words.txt",
                                            "manifest.json/x"};
  for (const std::string& name : foreign) {
    const fs::path path = root_ / "out";
    fs::remove_all(path);
    Touch(path / "train" / "part-00000.parquet");
    Touch(path / "model.json");
    Touch(path / name);
    const auto refused = OutputFolder::Create(path.string(), true).status();
    EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage) << name;
    EXPECT_NE(refused.message().find("'" + name.substr(0, 8)), std::string::npos) << refused;
    EXPECT_TRUE(fs::exists(path / name));
    EXPECT_TRUE(fs::exists(path / "train" / "part-00000.parquet"));
  }
  const fs::path unmarked = root_ / "unmarked";
  Touch(unmarked / "train" / "part-00000.parquet");
  EXPECT_EQ(base::KindOf(OutputFolder::Create(unmarked.string(), true).status()),
            base::ErrorKind::kUsage);
  EXPECT_TRUE(fs::exists(unmarked / "train" / "part-00000.parquet"));
}

TEST_F(OutputFolderTest, ReplacesOutputsOfEveryKind) {
  const fs::path path = root_ / "out";
  for (const char* name :
       {"manifest.json", "run_report.json", "report.html", "train/part-00000.parquet",
        "test/part-00001.parquet.tmp", "model/model.json", "model/plan.yaml",
        "model/vocabulary/00003.parquet", "model/state/states.bin", "model.tmp-model/plan.yaml.tmp",
        "vocabulary/00000.parquet", "state/states.bin", "plan.yaml", "model.json",
        "part-00000.parquet", ".ember/spill/anything"}) {
    Touch(path / name);
  }
  auto folder = OutputFolder::Create(path.string(), true).ValueOrDie();
  EXPECT_FALSE(fs::exists(path / ".ember" / "spill"));
  EXPECT_TRUE(fs::exists(path / "train" / "part-00000.parquet"));
  ASSERT_TRUE(folder->Publish().ok());
  EXPECT_TRUE(fs::is_empty(path));
}

TEST_F(OutputFolderTest, NeverReplacesWhatTheRunReads) {
  const fs::path path = root_ / "out";
  Touch(path / "manifest.json");
  Touch(path / "model" / "model.json");
  Touch(path / "train" / "part-00000.parquet");
  fs::create_directory_symlink(path, root_ / "link");
  const std::string outside = (root_ / "elsewhere.parquet").string();
  for (const fs::path& input : {path / "model", path, path / "train" / "*.parquet",
                                path / "train" / ".." / "train", root_ / "link" / "model"}) {
    const auto refused =
        OutputFolder::Create(path.string(), true, {outside, input.string()}).status();
    EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage) << input;
    EXPECT_TRUE(fs::exists(path / "model" / "model.json"));
  }
  EXPECT_TRUE(OutputFolder::Create(path.string(), true, {outside, root_.string()}).ok());
}

TEST_F(OutputFolderTest, AnOutputAmongTheSourcesFilesIsRefused) {
  const std::string source = root_.string();
  for (const char* output : {"out", "deep/out", "./out/"}) {
    EXPECT_EQ(base::KindOf(CheckOutsideSource((root_ / output).string(), source)),
              base::ErrorKind::kUsage);
  }
  for (const fs::path& output :
       {root_ / "_out", root_ / ".hidden" / "out", root_.parent_path() / "out", root_,
        fs::path(root_.string() + "2")}) {
    EXPECT_TRUE(CheckOutsideSource(output.string(), source).ok()) << output;
  }
  Touch(root_ / "table.parquet");
  EXPECT_TRUE(CheckOutsideSource((root_ / "out").string(), source + "/table.parquet").ok());
}

TEST_F(OutputFolderTest, ReplacesOnlyWhenPublished) {
  const fs::path path = root_ / "out";
  Touch(path / "model.json");
  Touch(path / "vocabulary" / "00000.parquet");
  const fs::path elsewhere = fs::current_path();
  // In the folder itself, entries are moved; from elsewhere, folders are exchanged.
  for (const bool inside : {false, true}) {
    fs::permissions(path, fs::perms::owner_all);
    if (inside) fs::current_path(path);
    const std::string name = inside ? "." : path.string();
    {
      auto failed = OutputFolder::Create(name, true).ValueOrDie();
      Touch(fs::path(failed->staging_path()) / "manifest.json");
    }
    EXPECT_TRUE(fs::exists(path / "vocabulary" / "00000.parquet"));
    EXPECT_FALSE(fs::exists(path / "manifest.json"));
    auto folder = OutputFolder::Create(name, true).ValueOrDie();
    Touch(fs::path(folder->staging_path()) / "manifest.json");
    Touch(fs::path(folder->staging_path()) / "train" / "part-00000.parquet");
    ASSERT_TRUE(folder->Publish().ok());
    EXPECT_TRUE(fs::exists(path / "manifest.json"));
    EXPECT_TRUE(fs::exists(path / "train" / "part-00000.parquet"));
    EXPECT_FALSE(fs::exists(path / "vocabulary"));
    EXPECT_FALSE(fs::exists(path / "model.json"));
    EXPECT_FALSE(fs::exists(path / ".ember"));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    folder.reset();
    Touch(path / "model.json");
    Touch(path / "vocabulary" / "00000.parquet");
    fs::remove(path / "manifest.json");
    fs::remove_all(path / "train");
    fs::current_path(elsewhere);
    EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
  }
}

TEST_F(OutputFolderTest, ALinkToTheFolderStays) {
  Touch(root_ / "real" / "model.json");
  fs::create_directory_symlink(root_ / "real", root_ / "link");
  auto folder = OutputFolder::Create((root_ / "link").string(), true).ValueOrDie();
  Touch(fs::path(folder->staging_path()) / "manifest.json");
  ASSERT_TRUE(folder->Publish().ok());
  EXPECT_TRUE(fs::is_symlink(root_ / "link"));
  EXPECT_TRUE(fs::exists(root_ / "real" / "manifest.json"));
  EXPECT_FALSE(fs::exists(root_ / "real" / "model.json"));
}

TEST_F(OutputFolderTest, FilesThatAppearDuringTheRunAreKept) {
  const fs::path path = root_ / "out";
  Touch(path / "manifest.json");
  Touch(path / "train" / "part-00000.parquet");
  {
    auto folder = OutputFolder::Create(path.string(), true).ValueOrDie();
    Touch(fs::path(folder->staging_path()) / "manifest.json");
    Touch(path / "train" / "notes.txt");
    const auto refused = folder->Publish();
    EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kData);
    EXPECT_NE(refused.message().find("'train/notes.txt'"), std::string::npos) << refused;
  }
  EXPECT_TRUE(fs::exists(path / "train" / "notes.txt"));
  EXPECT_TRUE(fs::exists(path / "train" / "part-00000.parquet"));
  EXPECT_FALSE(fs::exists(path / ".ember"));
}

TEST_F(OutputFolderTest, OneRunAtATime) {
  const fs::path path = root_ / "out";
  auto folder = OutputFolder::Create(path.string(), false).ValueOrDie();
  const auto refused = OutputFolder::Create(path.string(), true).status();
  EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage);
  EXPECT_NE(refused.message().find("another run"), std::string::npos) << refused;
  EXPECT_TRUE(fs::exists(folder->staging_path()));
}

}  // namespace
}  // namespace emberharmony::engine
