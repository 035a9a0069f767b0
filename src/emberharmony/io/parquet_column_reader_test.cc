#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/handmade_parquet_internal.h"
#include "emberharmony/io/parquet_column_reader_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"

namespace emberharmony::io {
namespace {

using parquet::Encoding;
using testing::HandmadeColumn;
using testing::HandmadeParquet;
using ::testing::HasSubstr;

std::string PageBytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

std::string Int32s(std::initializer_list<int32_t> values) {
  std::string text;
  for (const int32_t value : values) text.append(reinterpret_cast<const char*>(&value), 4);
  return text;
}

/// The only column as text, "[1, null, ...]", or the error.
std::string ReadPages(const HandmadeColumn& column, int64_t batch_rows = 65536,
                      int64_t skip_rows = 0) {
  const auto source = testing::OpenBytes(HandmadeParquet(column));
  if (!source.ok()) return source.status().message();
  BatchOptions options;
  options.batch_rows = batch_rows;
  const auto arrays = testing::ReadColumns(**source, {0}, options, skip_rows);
  if (!arrays.ok()) {
    EXPECT_EQ(base::KindOf(arrays.status()), base::ErrorKind::kData);
    EXPECT_THAT(arrays.status().message(), HasSubstr("'test.parquet', row group 0, column 'c': "));
    return arrays.status().message();
  }
  std::string text;
  for (int64_t i = 0; i < (*arrays)[0]->length(); ++i) {
    text += (i == 0 ? "" : " ") + (*(*arrays)[0]->GetScalar(i))->ToString();
  }
  return text;
}

/// Three entries, 10 20 30; rows 10 null 30 30 20 null null 10.
HandmadeColumn SmallColumn() {
  HandmadeColumn column;
  column.dictionary = {3, Encoding::PLAIN, "", Int32s({10, 20, 30})};
  // Levels: one bit-packed group, 10111001 read from the right. Indices: width 2, one group 0 2 2 1
  // 0 and padding.
  column.pages = {
      {8, Encoding::RLE_DICTIONARY, PageBytes({3, 0b10011101}), PageBytes({2, 3, 0b01101000, 0})}};
  return column;
}

TEST(ParquetColumnReader, HandmadeDictionaryPage) {
  for (const bool v2 : {false, true}) {
    HandmadeColumn column = SmallColumn();
    column.data_page_v2 = v2;
    for (const int64_t batch_rows : {1, 3, 100}) {
      EXPECT_EQ(ReadPages(column, batch_rows), "10 null 30 30 20 null null 10");
      EXPECT_EQ(ReadPages(column, batch_rows, 3), "30 20 null null 10");
    }
    column.pages[0].encoding = Encoding::PLAIN_DICTIONARY;
    column.dictionary->encoding = Encoding::PLAIN_DICTIONARY;
    EXPECT_EQ(ReadPages(column), "10 null 30 30 20 null null 10");
  }
}

TEST(ParquetColumnReader, DictionaryAndPlainPagesInOneChunk) {
  HandmadeColumn column = SmallColumn();
  column.pages.push_back({3, Encoding::PLAIN, PageBytes({3, 0b101}), Int32s({-1, -2})});
  column.pages.push_back({0, Encoding::PLAIN, "", ""});
  column.pages.push_back({2, Encoding::RLE_DICTIONARY, PageBytes({4, 1}), PageBytes({2, 4, 1})});
  const std::string all = "10 null 30 30 20 null null 10 -1 null -2 20 20";
  for (const int64_t batch_rows : {1, 4, 9, 100}) EXPECT_EQ(ReadPages(column, batch_rows), all);
  EXPECT_EQ(ReadPages(column, 2, 8), "-1 null -2 20 20");
  EXPECT_EQ(ReadPages(column, 2, 9), "null -2 20 20");
  EXPECT_EQ(ReadPages(column, 2, 12), "20");
}

TEST(ParquetColumnReader, PagesOfNullsNeedNoDictionaryAndNoWidth) {
  HandmadeColumn column;
  column.pages = {{3, Encoding::RLE_DICTIONARY, PageBytes({6, 0}), ""},
                  {2, Encoding::RLE_DICTIONARY, PageBytes({4, 0}), PageBytes({0})},
                  {1, Encoding::PLAIN, PageBytes({2, 0}), ""}};
  EXPECT_EQ(ReadPages(column), "null null null null null null");
  column.pages.push_back({1, Encoding::RLE_DICTIONARY, PageBytes({2, 1}), PageBytes({0})});
  EXPECT_THAT(ReadPages(column),
              HasSubstr("a dictionary index is 0, but the dictionary has 0 entries"));
}

TEST(ParquetColumnReader, RepeatedAndUnusualDictionaryEntries) {
  HandmadeColumn column;
  column.type = parquet::Type::FLOAT;
  column.nullable = false;
  column.dictionary = {
      4, Encoding::PLAIN, "",
      Int32s({0x7FC00000, 0x3F800000, 0x3F800000, static_cast<int32_t>(0x80000000)})};
  column.pages = {{8, Encoding::RLE_DICTIONARY, "", PageBytes({2, 3, 0b11100100, 0b11100100})}};
  EXPECT_EQ(ReadPages(column), "nan 1 1 -0 nan 1 1 -0");
}

TEST(ParquetColumnReader, BooleansMayHaveADictionaryToo) {
  HandmadeColumn column;
  column.type = parquet::Type::BOOLEAN;
  column.nullable = false;
  column.dictionary = {2, Encoding::PLAIN, "", PageBytes({0b10})};
  column.pages = {{3, Encoding::RLE_DICTIONARY, "", PageBytes({1, 3, 0b101})}};
  EXPECT_EQ(ReadPages(column), "true false true");
}

TEST(ParquetColumnReader, WhatDoesNotFitIsAnError) {
  const auto broken = [](auto change) {
    HandmadeColumn column = SmallColumn();
    change(&column);
    return ReadPages(column);
  };
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->dictionary->num_values = 2; }),
              HasSubstr("a dictionary index is 2, but the dictionary has 2 entries"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->dictionary->num_values = 4; }),
              HasSubstr("claims 4 values in 12 bytes"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->dictionary->num_values = 2147483647; }),
              HasSubstr("claims 2147483647"));
  EXPECT_THAT(
      broken([](HandmadeColumn* c) { c->dictionary->encoding = Encoding::DELTA_BINARY_PACKED; }),
      HasSubstr("PLAIN was expected"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->pages[0].values = PageBytes({33, 3, 0, 0}); }),
              HasSubstr("33 bits"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->pages[0].values = PageBytes({2, 3}); }),
              HasSubstr("end before the last value"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->pages[0].levels = PageBytes({3}); }),
              HasSubstr("end before the last value"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->pages[0].levels = PageBytes({16, 7}); }),
              HasSubstr("a level of nesting is 7, but the column's highest is 1"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->pages[0].encoding = Encoding::PLAIN; }),
              HasSubstr("ends before its last value"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->pages[0].encoding = Encoding::BIT_PACKED; }),
              HasSubstr("column 'c'"));
  EXPECT_THAT(broken([](HandmadeColumn* c) { c->pages[0].encoding = Encoding::DELTA_BYTE_ARRAY; }),
              HasSubstr("column 'c'"));
  HandmadeColumn text;
  text.type = parquet::Type::BYTE_ARRAY;
  text.nullable = false;
  text.pages = {{2, Encoding::PLAIN, "", PageBytes({1, 0, 0, 0, 'a', 200, 0, 0, 0, 'b'})}};
  EXPECT_THAT(ReadPages(text), HasSubstr("ends before its last value"));
  text.pages[0].values = PageBytes({1, 0, 0, 0, 'a', 255, 255, 255, 255, 'b'});
  EXPECT_THAT(ReadPages(text), HasSubstr("ends before its last value"));
}

TEST(ParquetColumnReader, DecimalsOfAnyWidth) {
  HandmadeColumn column;
  column.nullable = false;
  column.type = parquet::Type::BYTE_ARRAY;
  column.logical_type = parquet::LogicalType::Decimal(10, 2);
  // 1, -1 in one byte, 258, and -2 in 17 bytes of which 16 repeat the sign.
  std::string wide = PageBytes({17, 0, 0, 0});
  wide.append(16, '\xff');
  wide += '\xfe';
  column.pages = {{4, Encoding::PLAIN, "",
                   PageBytes({1, 0, 0, 0, 1, 1, 0, 0, 0, 0xFF, 2, 0, 0, 0, 1, 2}) + wide}};
  EXPECT_EQ(ReadPages(column), "0.01 -0.01 2.58 -0.02");
  wide[4] = 1;
  column.pages = {{1, Encoding::PLAIN, "", wide}};
  EXPECT_THAT(ReadPages(column), HasSubstr("does not fit"));
  column.pages = {{1, Encoding::PLAIN, "", PageBytes({0, 0, 0, 0})}};
  EXPECT_THAT(ReadPages(column), HasSubstr("no bytes"));
}

TEST(ParquetColumnReader, Int96OutsideOfNanosecondsIsAnErrorNotAWrongTime) {
  HandmadeColumn column;
  column.nullable = false;
  column.type = parquet::Type::INT96;
  column.pages = {{2, Encoding::PLAIN, "", Int32s({1000, 0, 2440588, 0, 0, 2440589})}};
  EXPECT_EQ(ReadPages(column), "1970-01-01 00:00:00.000001000 1970-01-02 00:00:00.000000000");
  column.pages = {{1, Encoding::PLAIN, "", Int32s({0, 0, 5373484})}};  // 9999-12-31
  EXPECT_THAT(ReadPages(column), HasSubstr("2262-04-11"));
}

TEST(ParquetColumnReader, APageMayNotClaimMoreThanTheChunkHolds) {
  internal::PageMemoryPool pool(arrow::default_memory_pool());
  pool.set_limit(1000);
  uint8_t* memory = nullptr;
  ASSERT_TRUE(pool.Allocate(1000, &memory).ok());
  EXPECT_FALSE(pool.refused());
  EXPECT_FALSE(pool.Reallocate(1000, 1001, &memory).ok());
  EXPECT_TRUE(pool.refused());
  EXPECT_TRUE(pool.Reallocate(1000, 10, &memory).ok());
  pool.Free(memory, 10);
}

}  // namespace
}  // namespace emberharmony::io
