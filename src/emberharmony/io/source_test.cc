#include "emberharmony/io/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/io/file_listing_internal.h"
#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"

namespace emberharmony::io {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadColumns;

/// A folder that is gone after the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "ember_source_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }

  std::string Path(const std::string& name) const { return (path_ / name).string(); }

  void Write(const std::string& name, std::string_view content) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

  /// A Parquet file with columns row (int64, from `first` on) and text.
  void WriteRows(const std::string& name, int64_t first, int64_t num_rows,
                 int64_t row_group_rows = 100, bool nullable = true) const {
    arrow::Int64Builder rows;
    arrow::StringBuilder texts;
    for (int64_t i = first; i < first + num_rows; ++i) {
      EXPECT_TRUE(rows.Append(i).ok());
      EXPECT_TRUE(texts.Append("t" + std::to_string(i % 5)).ok());
    }
    const auto schema = arrow::schema(
        {arrow::field("row", arrow::int64(), nullable), arrow::field("text", arrow::utf8())});
    WriteTable(name, *arrow::Table::Make(schema, {*rows.Finish(), *texts.Finish()}),
               row_group_rows);
  }

  void WriteTable(const std::string& name, const arrow::Table& table,
                  int64_t row_group_rows = 100) const {
    const auto bytes =
        testing::WriteParquet(table, row_group_rows, parquet::default_writer_properties());
    Write(name, std::string_view(*bytes));
  }

 private:
  fs::path path_;
};

std::vector<std::string> Names(const arrow::Result<std::vector<internal::ListedFile>>& files) {
  std::vector<std::string> names;
  EXPECT_TRUE(files.ok()) << files.status().ToString();
  if (!files.ok()) return names;
  for (const auto& file : *files) names.push_back(file.relative_path);
  return names;
}

/// The first column of a source, all of whose cells are int64.
std::vector<int64_t> Rows(const Source& source, int64_t batch_rows = 65536) {
  BatchOptions options;
  options.batch_rows = batch_rows;
  const auto arrays = ReadColumns(source, {0}, options);
  EXPECT_TRUE(arrays.ok()) << arrays.status().ToString();
  if (!arrays.ok()) return {};
  const auto& array = static_cast<const arrow::Int64Array&>(*(*arrays)[0]);
  return {array.raw_values(), array.raw_values() + array.length()};
}

std::vector<int64_t> Count(int64_t from, int64_t to) {
  std::vector<int64_t> rows;
  for (int64_t i = from; i < to; ++i) rows.push_back(i);
  return rows;
}

TEST(FileListing, DirectoriesAreWalkedInByteOrderWithoutHiddenNames) {
  TemporaryFolder folder;
  for (const char* name :
       {"b.parquet", "B.parquet", "a/z.parquet", "a.parquet", "a/_tmp/x.parquet", ".hidden",
        "_SUCCESS", "a/y/deep.parquet", "\xc3\xa4.parquet", "day=1/part"}) {
    folder.Write(name, "x");
  }
  EXPECT_THAT(Names(internal::ListFiles(folder.Path(""))),
              ElementsAre("B.parquet", "a.parquet", "a/y/deep.parquet", "a/z.parquet", "b.parquet",
                          "day=1/part", "\xc3\xa4.parquet"));
  EXPECT_THAT(Names(internal::ListFiles(folder.Path("b.parquet"))), ElementsAre("b.parquet"));
  EXPECT_THAT(Names(internal::ListFiles("file://" + folder.Path("_SUCCESS"))),
              ElementsAre("_SUCCESS"));
}

TEST(FileListing, Globs) {
  TemporaryFolder folder;
  for (const char* name : {"1.parquet", "2.parquet", "10.parquet", "x/1.parquet", "x/y/1.parquet",
                           "x/2.csv", "_skip/1.parquet", "[odd].parquet"}) {
    folder.Write(name, "x");
  }
  const auto list = [&](const std::string& pattern) {
    return Names(internal::ListFiles(folder.Path(pattern)));
  };
  EXPECT_THAT(list("?.parquet"), ElementsAre("1.parquet", "2.parquet"));
  EXPECT_THAT(list("[12]*.parquet"), ElementsAre("1.parquet", "10.parquet", "2.parquet"));
  EXPECT_THAT(list("*/1.parquet"), ElementsAre("x/1.parquet"));
  EXPECT_THAT(list("**/1.parquet"), ElementsAre("1.parquet", "x/1.parquet", "x/y/1.parquet"));
  EXPECT_THAT(list("x/*"), ElementsAre("1.parquet", "2.csv", "y/1.parquet"));
  EXPECT_THAT(list("_*/*.parquet"), ElementsAre("_skip/1.parquet"));
  EXPECT_THAT(list("[odd].parquet"), ElementsAre("[odd].parquet"));
}

TEST(FileListing, WhatIsNotThere) {
  TemporaryFolder folder;
  const auto message = [&](const std::string& location) {
    const auto status = internal::ListFiles(location).status();
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData) << location;
    return status.message();
  };
  EXPECT_THAT(message(folder.Path("x.parquet")),
              HasSubstr("x.parquet' does not exist: give the path"));
  EXPECT_THAT(message(folder.Path("none/*.parquet")), HasSubstr("none' does not exist"));
  EXPECT_THAT(message(folder.Path("*.parquet")), HasSubstr("holds no files"));
  EXPECT_THAT(message(folder.Path("")), HasSubstr("holds no files"));
  EXPECT_THAT(message("/dev/null"), HasSubstr("neither a file nor a directory"));
  EXPECT_EQ(base::KindOf(internal::ListFiles("s3://bucket/x").status()), base::ErrorKind::kUsage);
  EXPECT_EQ(base::KindOf(internal::ListFiles("").status()), base::ErrorKind::kUsage);
}

TEST(FileListing, LinksThatLeadBackEnd) {
  TemporaryFolder folder;
  folder.Write("a/x.parquet", "x");
  fs::create_directory_symlink(folder.Path("a"), folder.Path("a/again"));
  EXPECT_FALSE(internal::ListFiles(folder.Path("")).ok());
}

TEST(OpenSource, FilesInOrderAndWhatIsNotData) {
  TemporaryFolder folder;
  folder.WriteRows("part-2.parquet", 200, 100);
  folder.WriteRows("part-1.parquet", 0, 200);
  folder.WriteRows("more/no_extension", -50, 50);
  folder.Write("README.md", "not data");
  folder.Write("_metadata", "not data");
  const auto source = OpenSource(folder.Path(""));
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  EXPECT_EQ((*source)->num_rows(), 350);
  EXPECT_EQ(Rows(**source), Count(-50, 300));
  ASSERT_EQ((*source)->units().size(), 3u);
  EXPECT_EQ((*source)->units()[1].file_name, "part-1.parquet");
  EXPECT_EQ((*source)->units()[1].file, 1);
  EXPECT_GT((*source)->num_bytes(), 0);
}

TEST(OpenSource, FilesThatAreNotParquet) {
  TemporaryFolder folder;
  folder.Write("text.parquet", "certainly not Parquet, but long enough");
  folder.Write("empty.parquet", "");
  folder.Write("data.csv", "a,b\n1,2\n3,4\n5,6\n");
  const auto message = [&](const std::string& name) {
    const auto status = OpenSource(folder.Path(name)).status();
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData) << name;
    return status.message();
  };
  EXPECT_THAT(message("text.parquet"), HasSubstr("'text.parquet' is not a readable Parquet file"));
  EXPECT_THAT(message("empty.parquet"), HasSubstr("it has only 0 bytes"));
  EXPECT_THAT(message(""), HasSubstr("'data.csv' is CSV"));
  EXPECT_EQ((*OpenSource(folder.Path("*.csv")))->num_rows(), 3);
  TemporaryFolder other;
  other.Write("README.md", "nothing here");
  const auto status = OpenSource(other.Path("")).status();
  EXPECT_THAT(status.message(), HasSubstr("holds no Parquet, Arrow or CSV files"));
}

TEST(OpenSource, BytesSayWhatAFileIsBeforeItsNameDoes) {
  TemporaryFolder folder;
  folder.WriteRows("disguised.csv", 0, 10);
  folder.WriteRows("plain.parquet", 10, 10);
  EXPECT_EQ(Rows(**OpenSource(folder.Path(""))), Count(0, 20));
  folder.Write("other", "ARROW1\0\0 begins as an Arrow file does");
  const auto message = [&](const std::string& location) {
    const auto status = OpenSource(location).status();
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    return status.message();
  };
  EXPECT_THAT(message(folder.Path("")),
              HasSubstr("'disguised.csv' is Parquet and 'other' is Arrow"));
  folder.Write("other", "nothing known");
  EXPECT_EQ((*OpenSource(folder.Path("")))->num_rows(), 20);
  EXPECT_THAT(message(folder.Path("*")),
              HasSubstr("'disguised.csv' is Parquet and 'other' is CSV"));
}

TEST(OpenSource, DifferentSchemasNameBothFilesAndTheColumn) {
  TemporaryFolder folder;
  folder.WriteRows("a.parquet", 0, 10);
  arrow::Int32Builder narrow;
  arrow::StringBuilder texts;
  ASSERT_TRUE(narrow.Append(1).ok());
  ASSERT_TRUE(texts.Append("x").ok());
  const auto rows = *narrow.Finish();
  const auto text = *texts.Finish();
  const auto write = [&](const arrow::FieldVector& fields, const arrow::ArrayVector& arrays) {
    folder.WriteTable("b.parquet", *arrow::Table::Make(arrow::schema(fields), arrays));
    const auto status = OpenSource(folder.Path("")).status();
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    EXPECT_THAT(status.message(), HasSubstr("'a.parquet' and 'b.parquet' differ"));
    return status.message();
  };
  EXPECT_THAT(write({arrow::field("row", arrow::int32()), arrow::field("text", arrow::utf8())},
                    {rows, text}),
              HasSubstr("column 1 is 'row' (int64) in the one and 'row' (int32) in the other"));
  const auto as_int64 = arrow::MakeArrayFromScalar(arrow::Int64Scalar(5), 1).ValueOrDie();
  EXPECT_THAT(write({arrow::field("row", arrow::int64())}, {as_int64}),
              HasSubstr("column 2, 'text' (string), is only in 'a.parquet'"));
  EXPECT_THAT(write({arrow::field("row", arrow::int64()), arrow::field("txt", arrow::utf8())},
                    {as_int64, text}),
              HasSubstr("column 2 is 'text' (string) in the one and 'txt' (string) in the other"));
  folder.WriteRows("b.parquet", 10, 10, 100, /*nullable=*/false);
  const auto mixed = OpenSource(folder.Path(""));
  ASSERT_TRUE(mixed.ok()) << mixed.status().ToString();
  EXPECT_TRUE((*mixed)->schema()->field(0)->nullable());
  EXPECT_EQ(Rows(**mixed), Count(0, 20));
}

TEST(OpenSource, MoreFilesThanAreKeptOpen) {
  TemporaryFolder folder;
  const int files = static_cast<int>(internal::ParquetSource::kOpenFilesMax) * 2 + 7;
  for (int i = 0; i < files; ++i) {
    char name[32];
    std::snprintf(name, sizeof(name), "%05d.parquet", i);
    folder.WriteRows(name, i * 3, 3);
  }
  const auto source = *OpenSource(folder.Path(""));
  EXPECT_EQ(source->units().size(), static_cast<size_t>(files));
  EXPECT_EQ(Rows(*source), Count(0, files * 3));
  EXPECT_EQ(Rows(*source), Count(0, files * 3));
  // With memory for no footer, or for a few, they are read again.
  for (const int64_t footer_bytes : {0, 5000}) {
    const auto forgetful =
        *internal::ParquetSource::Make(*internal::FindLocalFiles(folder.Path("")), footer_bytes);
    EXPECT_EQ(Rows(*forgetful), Count(0, files * 3));
    EXPECT_EQ(forgetful->Hint(forgetful->units()[0], 0).null_count, 0);
  }
  // A file that is opened again must still be the same.
  folder.WriteRows("00000.parquet", 7, 4);
  const auto status = source->Open(source->units()[0], {0}, {}).status();
  EXPECT_THAT(status.message(), HasSubstr("has changed"));
}

TEST(OpenSource, ManyThreadsReadAtOnce) {
  TemporaryFolder folder;
  constexpr int kFiles = 80;
  for (int i = 0; i < kFiles; ++i) {
    folder.WriteRows(std::to_string(100 + i) + ".parquet", i * 50, 50, 20);
  }
  const auto source = *OpenSource(folder.Path(""));
  // Every unit and column several times, so that files are opened, shared and put away
  // concurrently.
  const auto status = base::ParallelFor(4, kFiles * 4, [&](int64_t i) -> arrow::Status {
    const Unit& unit = source->units()[static_cast<size_t>(i * 37 % kFiles)];
    const int column = static_cast<int>(i % 2);
    (void)source->Hint(unit, column);
    BatchOptions options;
    options.batch_rows = 7;
    ARROW_ASSIGN_OR_RAISE(auto reader, source->Open(unit, {column}, options));
    int64_t rows = 0;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (!batch.has_value()) break;
      rows += batch->num_rows;
    }
    return rows == 50 ? arrow::Status::OK() : arrow::Status::Invalid("rows: ", rows);
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(OpenSource, IdentityFollowsNamesSizesAndTimes) {
  TemporaryFolder folder;
  folder.WriteRows("d/a.parquet", 0, 10);
  folder.WriteRows("d/b.parquet", 10, 10);
  const auto identity = [&] { return (*OpenSource(folder.Path("d")))->identity(); };
  const std::string first = identity();
  EXPECT_EQ(first.size(), 16u);
  EXPECT_EQ(identity(), first);
  fs::last_write_time(folder.Path("d/b.parquet"),
                      fs::last_write_time(folder.Path("d/b.parquet")) + std::chrono::seconds(1));
  const std::string touched = identity();
  EXPECT_NE(touched, first);
  fs::rename(folder.Path("d/b.parquet"), folder.Path("d/c.parquet"));
  EXPECT_NE(identity(), touched);
  const auto source = *OpenSource(folder.Path("d"));
  EXPECT_NE(LimitRows(source, 3)->identity(), LimitRows(source, 4)->identity());
  EXPECT_NE((*SelectColumns(source, {"row"}))->identity(), source->identity());
}

TEST(LimitRows, CutsTheLastUnit) {
  TemporaryFolder folder;
  folder.WriteRows("a.parquet", 0, 10, 4);
  folder.WriteRows("b.parquet", 10, 20, 4);
  folder.WriteRows("c.parquet", 30, 5, 4);
  const auto source = *OpenSource(folder.Path(""));
  for (int64_t limit = 0; limit <= 40; ++limit) {
    const auto limited = LimitRows(source, limit);
    EXPECT_EQ(limited->num_rows(), std::min<int64_t>(limit, 35));
    EXPECT_EQ(limited->units().size(), limit == 0 ? 0u : limit <= 10 ? 1u : limit <= 30 ? 2u : 3u);
    for (const int64_t batch_rows : {1, 3, 7, 100}) {
      EXPECT_EQ(Rows(*limited, batch_rows), Count(0, std::min<int64_t>(limit, 35)));
    }
  }
  const auto limited = LimitRows(source, 13);
  EXPECT_EQ(limited->units()[1].num_rows, 3);
  EXPECT_LT(limited->units()[1].bytes, source->units()[1].bytes);
  EXPECT_EQ(limited->Hint(limited->units()[0], 0).null_count, 0);
  // From a cursor, and of a limited source once more.
  const auto arrays = *ReadColumns(*LimitRows(limited, 12), {0}, {}, 1);
  const auto& rows = static_cast<const arrow::Int64Array&>(*arrays[0]);
  EXPECT_EQ(std::vector<int64_t>(rows.raw_values(), rows.raw_values() + rows.length()),
            (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 11}));
}

TEST(SelectColumns, KeepsTheSourcesOrder) {
  TemporaryFolder folder;
  folder.WriteRows("a.parquet", 0, 10);
  const auto source = *OpenSource(folder.Path("a.parquet"));
  const auto selected = *SelectColumns(source, {"text", "row", "text"});
  EXPECT_THAT(selected->schema()->field_names(), ElementsAre("row", "text"));
  const auto text = *SelectColumns(source, {"text"});
  EXPECT_THAT(text->schema()->field_names(), ElementsAre("text"));
  const auto arrays = *ReadColumns(*text, {0}, {});
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*arrays[0]).GetString(7), "t2");
  EXPECT_EQ(text->Hint(text->units()[0], 0).compressed_bytes,
            source->Hint(source->units()[0], 1).compressed_bytes);
  EXPECT_FALSE(text->Open(text->units()[0], {1}, {}).ok());
  const auto status = SelectColumns(source, {"texts"}).status();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  EXPECT_THAT(status.message(), HasSubstr("no column 'texts'; did you mean 'text'?"));
  EXPECT_FALSE(SelectColumns(source, {}).ok());
}

}  // namespace
}  // namespace emberharmony::io
