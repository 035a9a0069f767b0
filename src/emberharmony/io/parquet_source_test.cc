#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <numeric>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"

namespace emberharmony::io {
namespace {

using ::testing::HasSubstr;
using testing::OpenBytes;
using testing::RandomTable;
using testing::ReadColumns;
using testing::ReadWithArrow;
using testing::WriteParquet;

std::vector<int> AllColumns(const Source& source) {
  std::vector<int> columns(static_cast<size_t>(source.schema()->num_fields()));
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

void ExpectSame(const arrow::Array& found, const arrow::Array& expected, const std::string& what) {
  ASSERT_TRUE(found.type()->Equals(*expected.type()))
      << what << ": " << found.type()->ToString() << " instead of " << expected.type()->ToString();
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
  ASSERT_TRUE(found.Equals(expected, options)) << what;
}

std::shared_ptr<arrow::Array> OneArray(const arrow::ChunkedArray& chunked) {
  return arrow::Concatenate(chunked.chunks()).ValueOrDie();
}

/// Reads a file in batches of several sizes and compares every cell with what Arrow's own reader
/// gives.
void ExpectReadsLikeArrow(const std::shared_ptr<arrow::Buffer>& file, const std::string& what,
                          const std::vector<int64_t>& batch_rows = {7, 1000, 65536}) {
  auto opened = OpenBytes(file);
  ASSERT_TRUE(opened.ok()) << what << ": " << opened.status().ToString();
  const Source& source = **opened;
  const auto expected = ReadWithArrow(file);
  ASSERT_EQ(source.num_rows(), expected->num_rows());
  for (const int64_t rows : batch_rows) {
    BatchOptions options;
    options.batch_rows = rows;
    auto arrays = ReadColumns(source, AllColumns(source), options);
    ASSERT_TRUE(arrays.ok()) << what << ": " << arrays.status().ToString();
    for (int i = 0; i < source.schema()->num_fields(); ++i) {
      ExpectSame(*(*arrays)[static_cast<size_t>(i)], *OneArray(*expected->column(i)),
                 what + ", column " + source.schema()->field(i)->name() + ", batches of " +
                     std::to_string(rows));
    }
  }
}

TEST(ParquetSource, EveryTypeAndCodec) {
  const std::vector<std::pair<parquet::Compression::type, const char*>> codecs = {
      {parquet::Compression::UNCOMPRESSED, "none"}, {parquet::Compression::SNAPPY, "snappy"},
      {parquet::Compression::GZIP, "gzip"},         {parquet::Compression::ZSTD, "zstd"},
      {parquet::Compression::LZ4, "lz4"},           {parquet::Compression::BROTLI, "brotli"}};
  const auto table = RandomTable({.num_rows = 2500});
  for (const auto& [codec, name] : codecs) {
    for (const auto version :
         {parquet::ParquetDataPageVersion::V1, parquet::ParquetDataPageVersion::V2}) {
      const auto properties = parquet::WriterProperties::Builder()
                                  .compression(codec)
                                  ->data_page_version(version)
                                  ->enable_page_checksum()
                                  ->build();
      ExpectReadsLikeArrow(WriteParquet(*table, 900, properties), name);
    }
  }
}

TEST(ParquetSource, NullSharesPagesAndDictionaries) {
  for (const double null_share : {0.0, 0.03, 0.5, 0.97, 1.0}) {
    for (const int64_t distinct : {1, 3, 200, 1000000}) {
      const auto table = RandomTable(
          {.num_rows = 1500, .null_share = null_share, .distinct = distinct, .seed = 5});
      for (const bool dictionary : {false, true}) {
        parquet::WriterProperties::Builder builder;
        builder.data_pagesize(200)->write_batch_size(50)->dictionary_pagesize_limit(2000);
        dictionary ? builder.enable_dictionary() : builder.disable_dictionary();
        ExpectReadsLikeArrow(WriteParquet(*table, 700, builder.build()),
                             "nulls " + std::to_string(null_share) + ", distinct " +
                                 std::to_string(distinct) +
                                 (dictionary ? ", dictionary" : ", plain"),
                             {13, 65536});
      }
    }
  }
}

TEST(ParquetSource, OtherEncodings) {
  const auto table = RandomTable({.num_rows = 2000, .null_share = 0.3, .distinct = 500, .seed = 6});
  using Encoding = parquet::Encoding;
  const std::vector<std::pair<Encoding::type, std::vector<std::string>>> encodings = {
      {Encoding::DELTA_BINARY_PACKED,
       {"int8", "int16", "int32", "int64", "uint32", "uint64", "date32", "timestamp_us"}},
      {Encoding::BYTE_STREAM_SPLIT,
       {"int32", "int64", "float", "double", "float16", "fixed5", "decimal_38_10"}},
      {Encoding::DELTA_LENGTH_BYTE_ARRAY, {"string", "binary", "large_string"}},
      {Encoding::DELTA_BYTE_ARRAY, {"string", "binary", "fixed5", "decimal_38_10"}},
      {Encoding::RLE, {"bool"}}};
  for (const auto version :
       {parquet::ParquetDataPageVersion::V1, parquet::ParquetDataPageVersion::V2}) {
    for (const auto& [encoding, names] : encodings) {
      parquet::WriterProperties::Builder builder;
      builder.disable_dictionary()->data_page_version(version)->data_pagesize(1000);
      for (const auto& name : names) builder.encoding(name, encoding);
      ExpectReadsLikeArrow(WriteParquet(*table, 800, builder.build()),
                           parquet::EncodingToString(encoding));
    }
  }
}

TEST(ParquetSource, OldFormatsAndInt96AndDecimalsAsIntegers) {
  const auto table = RandomTable({.num_rows = 1000, .seed = 7});
  const auto old_version =
      parquet::WriterProperties::Builder().version(parquet::ParquetVersion::PARQUET_1_0)->build();
  // Version 1.0 has no nanoseconds.
  ExpectReadsLikeArrow(WriteParquet(*table->RemoveColumn(12).ValueOrDie(), 300, old_version),
                       "version 1.0");
  const auto int96 =
      parquet::ArrowWriterProperties::Builder().enable_deprecated_int96_timestamps()->build();
  ExpectReadsLikeArrow(WriteParquet(*table->SelectColumns({0, 12}).ValueOrDie(), 300,
                                    parquet::default_writer_properties(), int96),
                       "int96");
  const auto integers =
      parquet::WriterProperties::Builder().enable_store_decimal_as_integer()->build();
  ExpectReadsLikeArrow(WriteParquet(*table, 300, integers), "decimals as integers");
}

TEST(ParquetSource, BatchesOfOneRowAndEveryCursor) {
  const auto table = RandomTable({.num_rows = 230, .seed = 8});
  const auto properties = parquet::WriterProperties::Builder()
                              .data_pagesize(100)
                              ->write_batch_size(16)
                              ->dictionary_pagesize_limit(400)
                              ->build();
  const auto file = WriteParquet(*table, 60, properties);
  ExpectReadsLikeArrow(file, "batches of one row", {1});
  const auto source = *OpenBytes(file);
  ASSERT_EQ(source->units().size(), 1u);
  const auto expected = ReadWithArrow(file);
  for (int64_t start = 0; start <= 230; ++start) {
    BatchOptions options;
    options.batch_rows = 17;
    const auto arrays = ReadColumns(*source, AllColumns(*source), options, start);
    ASSERT_TRUE(arrays.ok()) << start << ": " << arrays.status().ToString();
    for (int i = 0; i < source->schema()->num_fields(); ++i) {
      ExpectSame(
          *(*arrays)[static_cast<size_t>(i)], *OneArray(*expected->column(i))->Slice(start),
          "from row " + std::to_string(start) + ", column " + source->schema()->field(i)->name());
    }
  }
}

TEST(ParquetSource, StoredArrowSchemaKeepsZonesAndDropsDictionaries) {
  auto table = RandomTable({.num_rows = 500, .seed = 9});
  arrow::StringDictionaryBuilder builder;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(
        (i % 5 == 0 ? builder.AppendNull() : builder.Append("d" + std::to_string(i % 9))).ok());
  }
  const auto dictionary = *builder.Finish();
  table = *table->AddColumn(1, arrow::field("dictionary", dictionary->type()),
                            std::make_shared<arrow::ChunkedArray>(dictionary));
  const auto stored = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  const auto file = WriteParquet(*table, 200, parquet::default_writer_properties(), stored);
  const auto source = *OpenBytes(file);
  const auto type = [&](const char* name) {
    return source->schema()->GetFieldByName(name)->type()->ToString();
  };
  EXPECT_EQ(type("dictionary"), "string");
  EXPECT_EQ(type("large_string"), "string");
  EXPECT_EQ(type("timestamp_ms_zone"), "timestamp[ms, tz=Europe/Paris]");
  EXPECT_EQ(type("duration"), "duration[ms]");
  EXPECT_EQ(type("decimal_60_5"), "decimal256(60, 5)");
  EXPECT_FALSE(source->schema()->GetFieldByName("row")->nullable());
  EXPECT_EQ(source->schema()->metadata(), nullptr);
  const auto arrays = ReadColumns(*source, AllColumns(*source), {});
  ASSERT_TRUE(arrays.ok()) << arrays.status().ToString();
  const auto& strings = static_cast<const arrow::StringArray&>(*(*arrays)[1]);
  for (int64_t i = 0; i < 500; ++i) {
    ASSERT_EQ(strings.IsNull(i), i % 5 == 0);
    if (strings.IsValid(i)) {
      ASSERT_EQ(strings.GetView(i), "d" + std::to_string(i % 9));
    }
  }
  const int duration = source->schema()->GetFieldIndex("duration");
  ExpectSame(*(*arrays)[static_cast<size_t>(duration)],
             *OneArray(*table->GetColumnByName("duration")), "duration");
}

TEST(ParquetSource, NestedColumnsAndMembers) {
  const auto list_builder = std::make_shared<arrow::Int32Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), list_builder);
  arrow::Int64Builder before;
  arrow::StringBuilder after;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(before.Append(i).ok());
    ASSERT_TRUE(lists.Append().ok());
    for (int k = 0; k < i % 4; ++k) ASSERT_TRUE(list_builder->Append(k).ok());
    ASSERT_TRUE(after.Append("s" + std::to_string(i % 10)).ok());
  }
  const auto numbers = *before.Finish();
  const auto texts = *after.Finish();
  const auto list_array = *lists.Finish();
  const auto structs =
      *arrow::StructArray::Make({numbers, texts}, std::vector<std::string>{"a", "b"});
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("before", numbers->type()),
                                        arrow::field("struct", structs->type()),
                                        arrow::field("list", arrow::list(arrow::int32())),
                                        arrow::field("after", texts->type())}),
                         {numbers, structs, list_array, texts});
  const auto source = *OpenBytes(WriteParquet(*table, 30, parquet::default_writer_properties()));
  ASSERT_EQ(source->schema()->num_fields(), 4);
  EXPECT_EQ(source->schema()->field(1)->type()->id(), arrow::Type::STRUCT);
  EXPECT_EQ(source->schema()->field(2)->type()->id(), arrow::Type::LIST);
  const auto arrays = ReadColumns(*source, {3, 0, 2, 5, 4}, {});
  ASSERT_TRUE(arrays.ok()) << arrays.status().ToString();
  ExpectSame(*(*arrays)[0], *texts, "after");
  ExpectSame(*(*arrays)[1], *numbers, "before");
  ExpectSame(*(*arrays)[2], *list_array, "list");
  ExpectSame(*(*arrays)[3], *texts, "struct.b");
  ExpectSame(*(*arrays)[4], *numbers, "struct.a");
  // Members stay encoded, as flat columns do.
  const auto batch = *(*source->Open(source->units()[0], {5}, {}))->Next();
  EXPECT_TRUE(batch->columns[0].pieces[0].encoded());
  EXPECT_EQ(source->Hint(source->units()[0], 2).null_count, -1);
  EXPECT_EQ(source->Hint(source->units()[0], 5).null_count, -1);
  EXPECT_GT(source->Hint(source->units()[0], 5).compressed_bytes, 0);
}

TEST(ParquetSource, DictionaryPagesStayEncodedAndIdsDiffer) {
  const auto table = RandomTable({.num_rows = 3000, .distinct = 40, .seed = 10});
  const auto source = *OpenBytes(WriteParquet(*table, 1000, parquet::default_writer_properties()));
  std::set<uint64_t> ids;
  int64_t pieces = 0;
  const auto columns = AllColumns(*source);
  auto reader = *source->Open(source->units()[0], columns, {});
  const auto batch = *reader->Next();
  ASSERT_TRUE(batch.has_value());
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& field = *source->schema()->field(columns[i]);
    for (const Piece& piece : batch->columns[i].pieces) {
      const bool plain = field.name() == "bool" || field.name() == "null";
      EXPECT_EQ(piece.encoded(), !plain) << field.name();
      if (!piece.encoded()) continue;
      ++pieces;
      ids.insert(piece.dictionary_id);
    }
  }
  EXPECT_EQ(static_cast<int64_t>(ids.size()),
            pieces);  // one piece a row group and column, each with an id of its own
  EXPECT_EQ(ids.count(0), 0u);
}

TEST(ParquetSource, FooterHints) {
  const auto table = RandomTable({.num_rows = 1000, .null_share = 0.25, .seed = 11});
  const auto properties = parquet::WriterProperties::Builder().disable_dictionary("int32")->build();
  const auto source = *OpenBytes(WriteParquet(*table, 400, properties));
  const Unit& unit = source->units()[0];
  for (int i = 0; i < source->schema()->num_fields(); ++i) {
    const auto& name = source->schema()->field(i)->name();
    const ColumnHint hint = source->Hint(unit, i);
    EXPECT_GT(hint.compressed_bytes, 0) << name;
    if (name == "null") continue;  // parquet-cpp writes no statistics for it
    EXPECT_EQ(hint.null_count, table->column(i)->null_count()) << name;
    EXPECT_EQ(hint.dictionary_encoded, name != "int32" && name != "bool") << name;
  }
}

// A chunk of long strings may be one dictionary: nothing but where the data pages begin tells.
TEST(ParquetSource, HintsTellOfLargeDictionaries) {
  constexpr int64_t kLength = 200000;
  arrow::StringBuilder strings;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(strings.Append(std::to_string(1000 + i) + std::string(kLength - 4, 'x')).ok());
  }
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("text", arrow::utf8())}), {*strings.Finish()});
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::SNAPPY)->write_batch_size(200);
  const auto source = *OpenBytes(WriteParquet(*table, 200, builder.build()));
  const ColumnHint hint = source->Hint(source->units()[0], 0);
  EXPECT_TRUE(hint.dictionary_encoded);
  EXPECT_GT(hint.largest_part_bytes, 200 * kLength * 9 / 10);
  EXPECT_LT(hint.largest_part_bytes, 200 * kLength * 11 / 10);
}

TEST(ParquetSource, EmptyFilesAndEmptyRowGroups) {
  const auto table = RandomTable({.num_rows = 0});
  const auto empty = *OpenBytes(WriteParquet(*table, 10, parquet::default_writer_properties()));
  EXPECT_EQ(empty->units().size(), 0u);
  EXPECT_EQ(empty->num_rows(), 0);
  EXPECT_EQ(empty->schema()->num_fields(), table->num_columns());

  const auto some = RandomTable({.num_rows = 20, .seed = 12});
  auto stream = *arrow::io::BufferOutputStream::Create();
  auto writer =
      *parquet::arrow::FileWriter::Open(*some->schema(), arrow::default_memory_pool(), stream);
  for (const auto& part : {some->Slice(0, 0), some->Slice(0, 5), some->Slice(0, 0),
                           some->Slice(5, 15), some->Slice(0, 0)}) {
    ASSERT_TRUE(writer->NewRowGroup().ok());
    for (int i = 0; i < part->num_columns(); ++i) {
      ASSERT_TRUE(writer->WriteColumnChunk(part->column(i)).ok());
    }
  }
  ASSERT_TRUE(writer->Close().ok());
  ExpectReadsLikeArrow(*stream->Finish(), "empty row groups");
}

TEST(ParquetSource, UnitsCloseAtRowsAndBytes) {
  arrow::Int32Builder builder;
  ASSERT_TRUE(builder.AppendValues(std::vector<int32_t>(1300000, 7)).ok());
  const auto constant =
      arrow::Table::Make(arrow::schema({arrow::field("c", arrow::int32())}), {*builder.Finish()});
  const auto by_rows =
      *OpenBytes(WriteParquet(*constant, 100000, parquet::default_writer_properties()));
  ASSERT_EQ(by_rows->units().size(), 3u);
  EXPECT_EQ(by_rows->units()[0].row_groups, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(by_rows->units()[1].num_rows, 600000);
  EXPECT_EQ(by_rows->units()[2].num_rows, 100000);
  EXPECT_EQ(by_rows->units()[2].index, 2);

  arrow::StringBuilder strings;
  for (int i = 0; i < 700; ++i) ASSERT_TRUE(strings.Append(std::string(128 << 10, 'a')).ok());
  const auto wide =
      arrow::Table::Make(arrow::schema({arrow::field("s", arrow::utf8())}), {*strings.Finish()});
  const auto zstd = parquet::WriterProperties::Builder()
                        .disable_dictionary()
                        ->compression(parquet::Compression::ZSTD)
                        ->build();
  const auto by_bytes = *OpenBytes(WriteParquet(*wide, 100, zstd));
  // 100 rows are 12.5 MiB: five row groups are below 64 MiB, the sixth reaches it.
  ASSERT_EQ(by_bytes->units().size(), 2u);
  EXPECT_EQ(by_bytes->units()[0].num_rows, 600);
  EXPECT_EQ(by_bytes->units()[1].num_rows, 100);
}

TEST(ParquetSource, LongStringsStayWithinMemory) {
  arrow::StringBuilder strings;
  for (int i = 0; i < 64; ++i)
    ASSERT_TRUE(strings.Append(std::string(1 << 20, static_cast<char>('a' + i % 20))).ok());
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("s", arrow::utf8())}), {*strings.Finish()});
  ExpectReadsLikeArrow(WriteParquet(*table, 40, parquet::default_writer_properties()),
                       "1 MiB strings", {3});
}

TEST(ParquetSource, TruncatedFilesAreDataErrors) {
  const auto file = WriteParquet(*RandomTable({.num_rows = 30, .seed = 13}), 20,
                                 parquet::default_writer_properties());
  for (int64_t size = 0; size < file->size();
       size += size < 100 || size > file->size() - 100 ? 1 : 97) {
    const auto status = OpenBytes(arrow::SliceBuffer(file, 0, size)).status();
    ASSERT_FALSE(status.ok()) << size;
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    EXPECT_THAT(status.message(), HasSubstr("'test.parquet'"));
  }
}

/// Reads everything that can be read; whatever is wrong must come back as a data error.
void ReadDamaged(const std::shared_ptr<arrow::Buffer>& file, int64_t position, int64_t* errors) {
  const auto budget = base::MemoryBudget::MakeRoot("test", int64_t{512} << 20);
  const auto check = [&](const arrow::Status& status) {
    if (status.ok()) return;
    ++*errors;
    ASSERT_EQ(base::KindOf(status), base::ErrorKind::kData)
        << position << ": " << status.ToString();
  };
  const auto source = OpenBytes(file);
  check(source.status());
  if (!source.ok()) return;
  BatchOptions options;
  options.batch_rows = 11;
  options.pool = budget.get();
  for (const Unit& unit : (*source)->units()) {
    for (int i = 0; i < (*source)->schema()->num_fields(); ++i) {
      const auto reader = (*source)->Open(unit, {i}, options);
      check(reader.status());
      if (!reader.ok()) continue;
      for (int batches = 0; batches < 20; ++batches) {
        const auto batch = (*reader)->Next();
        check(batch.status());
        if (!batch.ok() || !batch->has_value()) break;
      }
    }
  }
}

TEST(ParquetSource, FlippedBitsNeverCrash) {
  const auto table = RandomTable({.num_rows = 40, .seed = 14});
  std::mt19937_64 random(15);
  for (const auto version :
       {parquet::ParquetDataPageVersion::V1, parquet::ParquetDataPageVersion::V2}) {
    const auto properties = parquet::WriterProperties::Builder()
                                .data_page_version(version)
                                ->compression(parquet::Compression::SNAPPY)
                                ->build();
    const auto file =
        WriteParquet(*table->SelectColumns({1, 4, 11, 24, 26, 31}).ValueOrDie(), 25, properties);
    int64_t errors = 0;
    for (int64_t position = 4; position < file->size(); ++position) {
      auto damaged = *arrow::AllocateBuffer(file->size());
      std::memcpy(damaged->mutable_data(), file->data(), static_cast<size_t>(file->size()));
      damaged->mutable_data()[position] ^= static_cast<uint8_t>(1u << (random() % 8));
      ReadDamaged(std::move(damaged), position, &errors);
    }
    EXPECT_GT(errors, 0);
  }
}

TEST(ParquetSource, AChecksumThatDoesNotFitIsNoticed) {
  const auto table = RandomTable({.num_rows = 200, .seed = 16})->SelectColumns({24}).ValueOrDie();
  const auto properties =
      parquet::WriterProperties::Builder().enable_page_checksum()->disable_dictionary()->build();
  const auto file = WriteParquet(*table, 200, properties);
  auto damaged = *arrow::AllocateBuffer(file->size());
  std::memcpy(damaged->mutable_data(), file->data(), static_cast<size_t>(file->size()));
  damaged->mutable_data()[600] ^= 1;  // among the doubles
  const auto source = *OpenBytes(std::move(damaged));
  const auto status = ReadColumns(*source, {0}, {}).status();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("row group 0, column 'double'"));
  EXPECT_THAT(status.message(), HasSubstr("CRC"));
}

TEST(ParquetSource, WrongCursorsAndOptions) {
  const auto source = *OpenBytes(
      WriteParquet(*RandomTable({.num_rows = 10}), 10, parquet::default_writer_properties()));
  const Unit& unit = source->units()[0];
  EXPECT_FALSE(source->Open(unit, {0}, {}, {11}).ok());
  EXPECT_FALSE(source->Open(unit, {0}, {}, {-1}).ok());
  EXPECT_FALSE(source->Open(unit, {100}, {}).ok());
  EXPECT_FALSE(source->Open(unit, {-1}, {}).ok());
  BatchOptions none;
  none.batch_rows = 0;
  EXPECT_FALSE(source->Open(unit, {0}, none).ok());
  auto at_end = *source->Open(unit, {0}, {}, {10});
  EXPECT_FALSE((*at_end->Next()).has_value());
}

}  // namespace
}  // namespace emberharmony::io
