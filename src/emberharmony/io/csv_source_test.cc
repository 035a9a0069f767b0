#include <arrow/array.h>
#include <arrow/io/memory.h>
#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/csv_source_internal.h"
#include "emberharmony/io/expected_types.h"

namespace emberharmony::io {
namespace {

namespace fs = std::filesystem;
using internal::CsvSizes;
using internal::CsvSource;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A folder that is gone after the test.
class CsvFolder {
 public:
  CsvFolder() {
    std::string name = (fs::temp_directory_path() / "ember_csv_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~CsvFolder() { fs::remove_all(path_); }

  std::string path() const { return path_.string(); }
  void Write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

  arrow::Result<std::shared_ptr<Source>> Open(const CsvSizes& sizes = {}) const {
    ARROW_ASSIGN_OR_RAISE(auto files, internal::FindLocalFiles(path_.string()));
    return CsvSource::Make(std::move(files), sizes);
  }

 private:
  fs::path path_;
};

std::string Gzip(const std::string& text) {
  auto codec = *arrow::util::Codec::Create(arrow::Compression::GZIP);
  const auto size = static_cast<int64_t>(text.size());
  std::string packed(static_cast<size_t>(codec->MaxCompressedLen(
                         size, reinterpret_cast<const uint8_t*>(text.data()))),
                     '\0');
  const int64_t packed_size = *codec->Compress(size, reinterpret_cast<const uint8_t*>(text.data()),
                                               static_cast<int64_t>(packed.size()),
                                               reinterpret_cast<uint8_t*>(packed.data()));
  packed.resize(static_cast<size_t>(packed_size));
  return packed;
}

using Cell = std::optional<std::string>;
using CsvRows = std::vector<std::vector<Cell>>;

/// Cells as text, in order; checks what batches promise.
CsvRows ReadRows(const Source& source, std::vector<int> columns, int64_t batch_rows) {
  CsvRows rows;
  BatchOptions options;
  options.batch_rows = batch_rows;
  for (const Unit& unit : source.units()) {
    auto reader = *source.Open(unit, columns, options);
    int64_t next_row = 0;
    while (true) {
      auto batch = reader->Next();
      EXPECT_TRUE(batch.ok()) << batch.status().ToString();
      if (!batch.ok() || !batch->has_value()) break;
      EXPECT_EQ((*batch)->first_row, next_row);
      EXPECT_GE((*batch)->num_rows, 1);
      EXPECT_LE((*batch)->num_rows, batch_rows);
      next_row += (*batch)->num_rows;
      EXPECT_EQ(reader->cursor().next_row, next_row);
      const size_t first = rows.size();
      rows.resize(first + static_cast<size_t>((*batch)->num_rows));
      for (const Column& column : (*batch)->columns) {
        size_t row = first;
        for (const Piece& piece : column.pieces) {
          EXPECT_TRUE(piece.values->ValidateFull().ok());
          for (int64_t i = 0; i < piece.num_rows; ++i, ++row) {
            const int64_t at = piece.encoded() ? piece.index_data()[i] : i;
            const bool null = at == piece.values->length() || piece.values->IsNull(at);
            rows[row].push_back(null ? Cell() : Cell((*piece.values->GetScalar(at))->ToString()));
          }
        }
        EXPECT_EQ(row, rows.size());
      }
    }
    EXPECT_EQ(next_row, unit.num_rows);
  }
  return rows;
}

CsvRows ReadRows(const Source& source) {
  std::vector<int> columns;
  for (int c = 0; c < source.schema()->num_fields(); ++c) columns.push_back(c);
  return ReadRows(source, columns, 65536);
}

/// The first error of reading everything.
arrow::Status Failure(const CsvFolder& folder, const CsvSizes& sizes = {}) {
  ARROW_ASSIGN_OR_RAISE(auto source, folder.Open(sizes));
  std::vector<int> columns;
  for (int c = 0; c < source->schema()->num_fields(); ++c) columns.push_back(c);
  for (const Unit& unit : source->units()) {
    ARROW_ASSIGN_OR_RAISE(auto reader, source->Open(unit, columns, {}));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch.has_value()) break;
    }
  }
  return arrow::Status::OK();
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char byte : text) quoted += byte == '"' ? std::string("\"\"") : std::string{byte};
  return quoted + "\"";
}

/// A table of texts, and as CSV.
struct RandomCsvTable {
  CsvRows rows;
  std::string csv;
};

RandomCsvTable MakeTable(uint64_t seed, int num_columns, int num_rows) {
  std::mt19937_64 random(seed);
  const std::vector<std::string> parts = {
      "a", "b c", ",", "\"", "\n", "\r\n", "\xC3\xA4", "\xF0\x9F\x98\x80", "0123456789abcdef", ";"};
  const std::vector<std::string> line_ends = {"\n", "\r\n", "\r"};
  const std::string& line_end = line_ends[seed % 3];
  RandomCsvTable table;
  for (int c = 0; c < num_columns; ++c) {
    table.csv += (c == 0 ? "" : ",") + ("c" + std::to_string(c));
  }
  table.csv += line_end;
  for (int row = 0; row < num_rows; ++row) {
    std::vector<Cell> cells;
    for (int c = 0; c < num_columns; ++c) {
      if (c > 0) table.csv += ',';
      if (random() % 6 == 0) {
        // A line of one null field is an empty line.
        cells.emplace_back();
        continue;
      }
      std::string text;
      const auto count = random() % 4;
      // Column 0 has few different texts, the others many.
      for (uint64_t i = 0; i < count; ++i) text += parts[random() % (c == 0 ? 3 : parts.size())];
      const bool plain = !text.empty() && text.find_first_of(",\"\n\r") == std::string::npos;
      table.csv += plain && random() % 2 == 0 ? text : Quoted(text);
      cells.emplace_back(text);
    }
    table.rows.push_back(std::move(cells));
    if (row + 1 < num_rows || seed % 2 == 0) table.csv += line_end;
  }
  // Without a last line end a last empty line would not be there.
  if (num_rows > 0 && seed % 2 == 1 && num_columns == 1 && !table.rows.back()[0]) {
    table.csv += line_end;
  }
  return table;
}

TEST(CsvSourceTest, ReadsWhatWasWrittenWhereverUnitsAndBlocksEnd) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    const int num_columns = 1 + static_cast<int>(seed % 4);
    const RandomCsvTable table = MakeTable(seed, num_columns, 100);
    CsvFolder folder;
    folder.Write("a.csv", table.csv);
    std::vector<int> columns;
    for (int c = 0; c < num_columns; ++c) columns.push_back(c);
    for (const int64_t unit_bytes : {1, 70, 1 << 20}) {
      for (const int64_t block_bytes : {1, 40, 1 << 20}) {
        const auto source = folder.Open({unit_bytes, block_bytes, 1 << 20});
        ASSERT_TRUE(source.ok()) << source.status().ToString();
        for (int c = 0; c < num_columns; ++c) {
          ASSERT_EQ((*source)->schema()->field(c)->type()->id(), arrow::Type::STRING);
        }
        for (const int64_t batch_rows : {7, 65536}) {
          ASSERT_EQ(ReadRows(**source, columns, batch_rows), table.rows)
              << unit_bytes << " " << block_bytes;
        }
        for (size_t u = 0; u + 1 < (*source)->units().size(); ++u) {
          ASSERT_GE((*source)->units()[u].bytes, unit_bytes);
        }
      }
    }
  }
}

TEST(CsvSourceTest, GzipIsTheSameTableInOneUnit) {
  const RandomCsvTable table = MakeTable(4, 3, 2000);
  CsvFolder folder;
  folder.Write("a.csv.gz", Gzip(table.csv));
  const auto source = *folder.Open({500, 300, 1 << 20});
  ASSERT_EQ(source->units().size(), 1);
  EXPECT_EQ(ReadRows(*source), table.rows);
  // Two packed parts one after the other are one file.
  const size_t half = table.csv.size() / 2;
  folder.Write("a.csv.gz", Gzip(table.csv.substr(0, half)) + Gzip(table.csv.substr(half)));
  EXPECT_EQ(ReadRows(**folder.Open({500, 300, 1 << 20})), table.rows);
}

TEST(CsvSourceTest, ColumnsInAnyOrderAndTwice) {
  CsvFolder folder;
  folder.Write("a.csv", "a,b,c\n1,x,true\n2,\"y\"\"\",false\n3,,\n");
  const auto source = *folder.Open();
  EXPECT_EQ(ReadRows(*source, {2, 1, 1}, 2),
            (CsvRows{{"true", "x", "x"}, {"false", "y\"", "y\""}, {Cell(), Cell(), Cell()}}));
  EXPECT_EQ(ReadRows(*source, {}, 2), CsvRows(3));
}

TEST(CsvSourceTest, ReadersStartAtACursor) {
  const RandomCsvTable table = MakeTable(8, 3, 400);
  CsvFolder folder;
  folder.Write("a.csv", table.csv);
  const auto source = *folder.Open({1 << 20, 500, 1 << 20});
  for (const int64_t start : {0, 1, 37, 399, 400}) {
    auto reader = *source->Open(source->units()[0], {1}, {}, {start});
    int64_t row = start;
    while (auto batch = *reader->Next()) {
      EXPECT_EQ(batch->first_row, row);
      row += batch->num_rows;
    }
    EXPECT_EQ(row, 400);
  }
  EXPECT_FALSE(source->Open(source->units()[0], {1}, {}, {401}).ok());
}

TEST(CsvSourceTest, FilesSortByNameAndMayLackRows) {
  CsvFolder folder;
  folder.Write("b.csv", "x,y\n2,b\n");
  folder.Write("a.csv", "x,y\r\n");
  folder.Write("c.csv", "\xEF\xBB\xBFx;y\n3;c");
  const auto source = *folder.Open();
  EXPECT_EQ(source->schema()->ToString(), "x: int64\ny: string");
  EXPECT_EQ(ReadRows(*source), (CsvRows{{"2", "b"}, {"3", "c"}}));
  EXPECT_EQ(source->units()[0].file_name, "b.csv");
  const std::string identity = source->identity();
  EXPECT_EQ((*folder.Open())->identity(), identity);
  folder.Write("c.csv", "x;y\n3;c\n");
  EXPECT_NE((*folder.Open())->identity(), identity);
}

/// The type of a column with these values.
std::string TypeOf(const std::vector<std::string>& values) {
  CsvFolder folder;
  std::string csv = "x,y\n";
  for (const std::string& value : values) csv += value + ",1\n";
  folder.Write("a.csv", csv);
  const auto source = folder.Open();
  return source.ok() ? (*source)->schema()->field(0)->type()->ToString()
                     : source.status().ToString();
}

TEST(CsvSourceTest, InfersTheNarrowestTypeThatHoldsAll) {
  EXPECT_EQ(TypeOf({"true", "", "False"}), "bool");
  EXPECT_EQ(TypeOf({"1", "\"2\"", "", "-3"}), "int64");
  EXPECT_EQ(TypeOf({"1", "2.5"}), "double");
  EXPECT_EQ(TypeOf({"nan", "1"}), "double");
  EXPECT_EQ(TypeOf({"2001-01-31"}), "date32[day]");
  EXPECT_EQ(TypeOf({"2001-01-31 00:00:00", "2001-01-31"}), "timestamp[us]");
  EXPECT_EQ(TypeOf({"2001-01-31", "2001-01-31T00:00:00.1234567"}), "timestamp[ns]");
  EXPECT_EQ(TypeOf({"2001-01-31T00:00:00Z", "2001-01-31T00:00:00+01:00"}), "timestamp[us, tz=UTC]");
  EXPECT_EQ(TypeOf({"2001-01-31T00:00:00.000000001 UTC"}), "timestamp[ns, tz=UTC]");
}

TEST(CsvSourceTest, WhatWouldLoseSomethingIsText) {
  EXPECT_EQ(TypeOf({"", "\"\""}), "string");
  EXPECT_EQ(TypeOf({"007", "12"}), "string");
  EXPECT_EQ(TypeOf({"+49"}), "string");
  EXPECT_EQ(TypeOf({"true", "1"}), "string");
  EXPECT_EQ(TypeOf({"1", "9223372036854775808"}), "string");
  EXPECT_EQ(TypeOf({"1.5", "9223372036854775808"}), "double");
  EXPECT_EQ(TypeOf({"1e400"}), "string");
  EXPECT_EQ(TypeOf({"2001-01-31", "1"}), "string");
  EXPECT_EQ(TypeOf({"2001-01-31T00:00:00Z", "2001-01-31T00:00:00"}), "string");
  EXPECT_EQ(TypeOf({"2001-01-31T00:00:00Z", "2001-01-31"}), "string");
  // Nanoseconds end in 2262.
  EXPECT_EQ(TypeOf({"9999-12-31", "2001-01-31T00:00:00.1234567"}), "string");
  EXPECT_EQ(TypeOf({"9999-12-31T00:00:00", "2001-01-31"}), "timestamp[us]");
  EXPECT_EQ(TypeOf({"NA", "1"}), "string");
  EXPECT_EQ(TypeOf({"12:30:00"}), "string");
}

TEST(CsvSourceTest, EmptyIsNullAndQuotedEmptyIsEmptyText) {
  CsvFolder folder;
  folder.Write("a.csv", "text,number,time\n,,\n\"\",\"\",\"\"\nx,1,2001-01-31 00:00:00\n");
  EXPECT_EQ(ReadRows(**folder.Open()), (CsvRows{{Cell(), Cell(), Cell()},
                                                {"", Cell(), Cell()},
                                                {"x", "1", "2001-01-31 00:00:00.000000"}}));
}

TEST(CsvSourceTest, EmptyLinesAreNullsOfOneColumnAndNothingOfMore) {
  CsvFolder folder;
  folder.Write("a.csv", "x\r\n1\r\n\r\n\r\n2");
  EXPECT_EQ(ReadRows(**folder.Open()), (CsvRows{{"1"}, {Cell()}, {Cell()}, {"2"}}));
  folder.Write("a.csv", "x,y\n\n1,2\n\n\r\n3,4\n\n\n");
  for (const int64_t block_bytes : {1, 4, 1000}) {
    EXPECT_EQ(ReadRows(**folder.Open({4, block_bytes, 1000})), (CsvRows{{"1", "2"}, {"3", "4"}}));
  }
}

TEST(CsvSourceTest, QuotesWithinUnquotedFieldsAreText) {
  CsvFolder folder;
  folder.Write("a.csv", "x,y\n5\" pipe,a\"b\"\nc,\"d\"\n");
  EXPECT_EQ(ReadRows(**folder.Open()), (CsvRows{{"5\" pipe", "a\"b\""}, {"c", "d"}}));
}

TEST(CsvSourceTest, TheDelimiterIsTheMostFrequentInTheHeader) {
  const auto names = [](const std::string& name, const std::string& header) {
    CsvFolder folder;
    folder.Write(name, header + "\n");
    return (*folder.Open())->schema()->field_names();
  };
  EXPECT_THAT(names("a.csv", "a;b;c,d"), ElementsAre("a", "b", "c,d"));
  EXPECT_THAT(names("a.csv", "a,b;c"), ElementsAre("a", "b;c"));
  EXPECT_THAT(names("a.csv", "a|b"), ElementsAre("a", "b"));
  EXPECT_THAT(names("a.csv", "a\tb"), ElementsAre("a", "b"));
  EXPECT_THAT(names("a.csv", "\"a;;\nb\",\"c\"\"\""), ElementsAre("a;;\nb", "c\""));
  EXPECT_THAT(names("a.tsv", "a,b,c\td"), ElementsAre("a,b,c", "d"));
  EXPECT_THAT(names("a.csv", ",a"), ElementsAre("column_1", "a"));
  EXPECT_THAT(names("a.csv", "a"), ElementsAre("a"));
}

TEST(CsvSourceTest, RepeatedTextsAreEncodedAndOthersAreNot) {
  CsvFolder folder;
  std::string csv = "few,many,long\n";
  for (int i = 0; i < 5000; ++i) {
    csv += std::to_string(i % 10) + "," + std::to_string(i) + ",a text of more than 16 bytes " +
           std::to_string(i % 700) + "\n";
  }
  folder.Write("a.csv", csv);
  const auto source = *folder.Open();
  auto reader = *source->Open(source->units()[0], {0, 1, 2}, {});
  const auto batch = *reader->Next();
  ASSERT_EQ(batch->num_rows, 5000);
  EXPECT_EQ(batch->columns[0].pieces[0].values->length(), 10);
  EXPECT_TRUE(batch->columns[0].pieces[0].encoded());
  EXPECT_FALSE(batch->columns[1].pieces[0].encoded());
  EXPECT_EQ(batch->columns[2].pieces[0].values->length(), 700);
}

TEST(CsvSourceTest, ErrorsNameFileAndLine) {
  const auto message = [](const std::string& csv, const CsvSizes& sizes = {}) {
    CsvFolder folder;
    folder.Write("t.csv", csv);
    const arrow::Status status = Failure(folder, sizes);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    return status.message();
  };
  EXPECT_THAT(message("a,b\n1,2\n1\n"), AllOf(HasSubstr("'t.csv', line 3: the record has 1 field"),
                                              HasSubstr("header has 2")));
  EXPECT_THAT(message("a,b\n1,2\n\n1,2,3,4\n"),
              HasSubstr("'t.csv', line 4: the record has 4 fields"));
  // The record begins before its line breaks.
  EXPECT_THAT(message("a,b\n\"1\n1\",2\n\"2\n2\",3,4\n5,6\n"),
              HasSubstr("line 4: the record has 3"));
  EXPECT_THAT(message("a,b\r\n1,2\r\n\"3\r\n,4\r\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("quote")));
  EXPECT_THAT(message("a,b\n1,2\n3,\"4\"x\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("column 'b'"), HasSubstr("closing quote")));
  EXPECT_THAT(message("a,b\n1,2\n3,\xE4\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("invalid UTF-8")));
  EXPECT_THAT(message("a,b\n1,2\n3,\xE2\x82"),
              AllOf(HasSubstr("line 3"), HasSubstr("invalid UTF-8")));
  EXPECT_THAT(message(std::string("a,b\n1,2\n3,\0\n", 12)),
              AllOf(HasSubstr("line 3"), HasSubstr("NUL")));
  EXPECT_THAT(message("a,b,a\n"), AllOf(HasSubstr("columns 1 and 3"), HasSubstr("'a'")));
  EXPECT_THAT(message(""), AllOf(HasSubstr("'t.csv'"), HasSubstr("empty")));
  EXPECT_THAT(message("\na,b\n"), HasSubstr("expected a header"));
  EXPECT_THAT(message(std::string("\xFF\xFE"
                                  "a\0,\0",
                                  6)),
              HasSubstr("UTF-16"));
  EXPECT_THAT(message("a,b\n1,\"" + std::string(5000, 'x') + "\"\n", {100, 100, 1000}),
              AllOf(HasSubstr("line 2"), HasSubstr("longer than 1000 B")));
  EXPECT_THAT(message("\x1F\x8B this is not gzip"), HasSubstr("t.csv"));
  std::string cut = Gzip("a,b\n1,2\n3,4\n");
  EXPECT_THAT(message(cut.substr(0, cut.size() - 9)),
              AllOf(HasSubstr("t.csv"), HasSubstr("cut short")));
}

TEST(CsvSourceTest, ALaterValueOfAnotherTypeIsAnErrorWithItsPlace) {
  CsvFolder folder;
  std::string csv = "a,\"b\nc\"\n";
  for (int i = 0; i < 100; ++i) csv += std::to_string(i) + ",1.5\n";
  folder.Write("t.csv", csv + "x7,2\n");
  const arrow::Status status = Failure(folder, {200, 100, 1000});
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("'t.csv', line 103"), HasSubstr("column 'a'"),
                    HasSubstr("expected int64"), HasSubstr("found 'x7'"), HasSubstr("correct")));
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  // In the first unit it makes the column text.
  EXPECT_TRUE(Failure(folder).ok());
}

TEST(CsvSourceTest, FilesMustHaveOneHeader) {
  CsvFolder folder;
  folder.Write("a.csv", "x,y\n1,2\n");
  folder.Write("b.csv", "x,z\n1,2\n");
  EXPECT_THAT(folder.Open().status().message(),
              AllOf(HasSubstr("'a.csv' and 'b.csv'"), HasSubstr("column 2 is 'y'"),
                    HasSubstr("'z' in the other")));
  folder.Write("b.csv", "x\n1\n");
  EXPECT_THAT(folder.Open().status().message(), HasSubstr("absent in the other"));
}

TEST(CsvSourceTest, AFileThatChangesIsAnError) {
  CsvFolder folder;
  folder.Write("a.csv", "x,y\n1,2\n");
  const auto source = *folder.Open();
  folder.Write("a.csv", "x,y\n1,2\n3,4\n");
  EXPECT_THAT(source->Open(source->units()[0], {0}, {}).status().message(),
              HasSubstr("has changed"));
}

TEST(CsvSourceTest, ExpectedTypesComeBeforeThoseOfTheValues) {
  CsvFolder folder;
  folder.Write("a.csv", "number,text,none,other,day\n1,2,,3,2001-02-03\n");
  const arrow::Schema expected(
      {arrow::field("none", arrow::boolean()), arrow::field("number", arrow::float64()),
       arrow::field("text", arrow::utf8()), arrow::field("day", arrow::int16()),  // no type of CSV
       arrow::field("absent", arrow::int64())});
  auto opened = OpenSourceAs(folder.path(), expected);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_TRUE((*opened)->schema()->Equals(
      *arrow::schema({arrow::field("number", arrow::float64()), arrow::field("text", arrow::utf8()),
                      arrow::field("none", arrow::boolean()), arrow::field("other", arrow::int64()),
                      arrow::field("day", arrow::date32())})));
  EXPECT_THAT(ReadRows(**opened, {1, 2}, 10), ElementsAre(std::vector<Cell>{"2", std::nullopt}));
  const arrow::Schema wrong({arrow::field("text", arrow::boolean())});
  const auto source = *OpenSourceAs(folder.path(), wrong);
  auto reader = *source->Open(source->units()[0], {1}, {});
  EXPECT_THAT(reader->Next().status().message(),
              AllOf(HasSubstr("'a.csv', line 2: column 'text': expected bool"),
                    HasSubstr("as the model was fitted on, found '2'")));
}

TEST(CsvSourceTest, FormatsDoNotMix) {
  CsvFolder folder;
  folder.Write("a.csv", "x,y\n1,2\n");
  folder.Write("README", "hello");
  EXPECT_TRUE(OpenSource(folder.path()).ok());
  folder.Write("b.parquet", "PAR1");
  EXPECT_THAT(OpenSource(folder.path()).status().message(),
              AllOf(HasSubstr("'a.csv'"), HasSubstr("'b.parquet'")));
}

}  // namespace
}  // namespace emberharmony::io
