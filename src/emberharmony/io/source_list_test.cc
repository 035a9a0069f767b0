#include "emberharmony/io/source_list.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::io {
namespace {

namespace fs = std::filesystem;

class SourceList : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / (std::string("source_list_") + info->name());
    fs::remove_all(folder_);
    for (const char* name : {"b/2.csv", "a/1.csv", "a/3.csv"}) {
      fs::create_directories((folder_ / name).parent_path());
      std::ofstream(folder_ / name) << "x\n" << name[2] << "\n";
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::vector<std::string> FilesOf(const std::vector<std::string>& names) const {
    std::vector<std::string> locations;
    for (const std::string& name : names) locations.push_back(Path(name));
    auto source = OpenSourceList(locations);
    EXPECT_TRUE(source.ok()) << source.status();
    std::vector<std::string> files;
    if (!source.ok()) return files;
    for (const Unit& unit : (*source)->units()) files.push_back(unit.file_name);
    return files;
  }

  fs::path folder_;
};

TEST_F(SourceList, FilesComeInTheOrderOfTheirPaths) {
  const std::vector<std::string> all{"a/1.csv", "a/3.csv", "b/2.csv"};
  EXPECT_EQ(FilesOf({"b/2.csv", "a"}), all);
  EXPECT_EQ(FilesOf({"a/*.csv", "b"}), all);
  EXPECT_EQ(FilesOf({"a/3.csv", "a/1.csv"}), (std::vector<std::string>{"1.csv", "3.csv"}));
  EXPECT_EQ(FilesOf({"b/2.csv"}), (std::vector<std::string>{"2.csv"}));
}

TEST_F(SourceList, MistakesAreTold) {
  const auto kind_of = [&](const std::vector<std::string>& locations) {
    return base::KindOf(OpenSourceList(locations).status());
  };
  EXPECT_EQ(kind_of({}), base::ErrorKind::kUsage);
  EXPECT_EQ(kind_of({Path("a"), Path("a/1.csv")}), base::ErrorKind::kUsage);
  EXPECT_EQ(kind_of({Path("a"), "s3://bucket/x"}), base::ErrorKind::kUsage);
  EXPECT_EQ(kind_of({Path("a"), "-"}), base::ErrorKind::kUsage);
  EXPECT_EQ(kind_of({Path("a"), Path("none.csv")}), base::ErrorKind::kData);
}

}  // namespace
}  // namespace emberharmony::io
