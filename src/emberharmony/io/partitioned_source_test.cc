#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/file_listing_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"
#include "emberharmony/io/partitioned_source_internal.h"

namespace emberharmony::io {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Files of one column "x", whose rows are the file's number.
class PartitionedFolder {
 public:
  PartitionedFolder() {
    std::string name = (fs::temp_directory_path() / "ember_partitions_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~PartitionedFolder() { fs::remove_all(path_); }

  void Add(const std::string& name, int64_t num_rows = 2) {
    ++number_;
    const auto table =
        arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}),
                           {*arrow::MakeArrayFromScalar(arrow::Int64Scalar(number_), num_rows)});
    const auto bytes = testing::WriteParquet(*table, 100, parquet::default_writer_properties());
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << std::string_view(*bytes);
  }
  arrow::Result<std::shared_ptr<Source>> Open() const { return OpenSource(path_.string()); }
  std::string Message() const {
    const auto status = Open().status();
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    return status.message();
  }

 private:
  fs::path path_;
  int64_t number_ = 0;
};

std::string Text(const Source& source, int column, const BatchOptions& options = {}) {
  const auto arrays = testing::ReadColumns(source, {column}, options);
  EXPECT_TRUE(arrays.ok()) << arrays.status().ToString();
  std::string text;
  for (int64_t i = 0; i < (*arrays)[0]->length(); ++i) {
    text += (i > 0 ? " " : "") + (*(*arrays)[0]->GetScalar(i))->ToString();
  }
  return text;
}

TEST(PartitionedSource, ColumnsOfFolders) {
  PartitionedFolder folder;
  folder.Add("day=2024-01-31/n=7/a.parquet");
  folder.Add("day=2024-02-01/n=-1/a.parquet", 1);
  folder.Add("day=__HIVE_DEFAULT_PARTITION__/n=007/b.parquet");
  const auto source = *folder.Open();
  EXPECT_THAT(source->schema()->field_names(), ElementsAre("x", "day", "n"));
  EXPECT_TRUE(source->schema()->field(1)->type()->Equals(*arrow::date32()));
  EXPECT_TRUE(source->schema()->field(2)->type()->Equals(*arrow::int64()));
  EXPECT_EQ(Text(*source, 0), "1 1 2 3 3");
  EXPECT_EQ(Text(*source, 1), "2024-01-31 2024-01-31 2024-02-01 null null");
  EXPECT_EQ(Text(*source, 2, {.batch_rows = 1}), "7 7 -1 7 7");
  EXPECT_EQ(source->Hint(source->units()[0], 1).null_count, 0);
  EXPECT_EQ(source->Hint(source->units()[2], 1).null_count, 2);
  // All columns together, in any order, from a cursor.
  const auto reader = *source->Open(source->units()[0], {2, 0, 1}, {}, {1});
  const auto batch = *reader->Next();
  EXPECT_EQ(batch->first_row, 1);
  EXPECT_EQ(batch->num_rows, 1);
  ASSERT_EQ(batch->columns.size(), 3u);
  EXPECT_TRUE(batch->columns[0].pieces[0].encoded());
  EXPECT_EQ(batch->columns[1].pieces[0].values->type_id(), arrow::Type::INT64);
  EXPECT_FALSE((*reader->Next()).has_value());
}

TEST(PartitionedSource, TextsAndNames) {
  PartitionedFolder folder;
  folder.Add("no key here/c%20d=a%2Fb%zz/one=1=2/a.parquet", 1);
  folder.Add("no key here/c%20d=2024-01-31/one=/a.parquet", 1);
  const auto source = *folder.Open();
  EXPECT_THAT(source->schema()->field_names(), ElementsAre("x", "c d", "one"));
  EXPECT_EQ(Text(*source, 1), "2024-01-31 a/b%zz");
  EXPECT_EQ(Text(*source, 2), " 1=2");
}

TEST(PartitionedSource, FilesWithoutRowsAlone) {
  PartitionedFolder folder;
  folder.Add("n=1/a.parquet", 0);
  const auto source = *folder.Open();
  EXPECT_TRUE(source->units().empty());
  EXPECT_THAT(source->schema()->field_names(), ElementsAre("x", "n"));
  EXPECT_TRUE(source->schema()->field(1)->type()->Equals(*arrow::int64()));
}

TEST(PartitionedSource, WhatDoesNotFit) {
  PartitionedFolder different;
  different.Add("a=1/x.parquet");
  different.Add("b=1/x.parquet");
  EXPECT_THAT(different.Message(), HasSubstr("'a=1/x.parquet' and 'b=1/x.parquet'"));
  PartitionedFolder some;
  some.Add("a=1/x.parquet");
  some.Add("plain.parquet");
  EXPECT_THAT(some.Message(), HasSubstr("'a=1/x.parquet' and 'plain.parquet'"));
  PartitionedFolder clash;
  clash.Add("x=1/x.parquet");
  EXPECT_THAT(clash.Message(), HasSubstr("'x' is both a column of the files and a folder"));
  PartitionedFolder twice;
  twice.Add("a=1/a=2/x.parquet");
  EXPECT_THAT(twice.Message(), HasSubstr("'a' is both"));
}

TEST(FileListing, PathsMatchAsListedFilesDo) {
  const auto matches = [](const char* pattern, const char* path) {
    return internal::MatchesGlobPath(pattern, path);
  };
  EXPECT_TRUE(matches("*.parquet", "a.parquet"));
  EXPECT_FALSE(matches("*.parquet", "x/a.parquet"));
  EXPECT_FALSE(matches("*", ".hidden"));
  EXPECT_TRUE(matches("_*/a", "_x/a"));
  EXPECT_TRUE(matches("**/a", "a"));
  EXPECT_TRUE(matches("**/a", "x/y/a"));
  EXPECT_FALSE(matches("**/a", "x/_y/a"));
  EXPECT_TRUE(matches("x/*", "x/y/z"));
  EXPECT_FALSE(matches("x/*", "x/y/_z"));
  EXPECT_TRUE(matches("x/**", "x/y/z"));
  EXPECT_FALSE(matches("x/y/z", "x/y"));
}

}  // namespace
}  // namespace emberharmony::io
