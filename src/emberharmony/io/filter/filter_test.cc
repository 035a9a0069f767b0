#include "emberharmony/io/filter/filter.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::io::filter {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct TestColumn {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  std::string json;
};

/// Arrow reads no texts of decimals with a negative scale: the unscaled integers, instead.
std::shared_ptr<arrow::Array> UnscaledDecimals(const TestColumn& column) {
  const auto integers = arrow::json::ArrayFromJSONString(arrow::int64(), column.json).ValueOrDie();
  arrow::Decimal128Builder builder(column.type);
  for (int64_t i = 0; i < integers->length(); ++i) {
    const auto& values = static_cast<const arrow::Int64Array&>(*integers);
    EXPECT_TRUE((values.IsNull(i) ? builder.AppendNull()
                                  : builder.Append(arrow::Decimal128(values.Value(i))))
                    .ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> ArrayOf(const TestColumn& column) {
  if (column.type->id() == arrow::Type::DECIMAL128 &&
      static_cast<const arrow::DecimalType&>(*column.type).scale() < 0) {
    return UnscaledDecimals(column);
  }
  return arrow::json::ArrayFromJSONString(column.type, column.json).ValueOrDie();
}

/// Every value an entry of a dictionary, nulls as the index behind it, backwards for a change.
Piece Encoded(const arrow::Array& array, uint64_t id) {
  const int64_t n = array.length();
  std::unique_ptr<arrow::ArrayBuilder> builder = arrow::MakeBuilder(array.type()).ValueOrDie();
  std::vector<int32_t> indices(static_cast<size_t>(n));
  int32_t entries = 0;
  for (int64_t i = n - 1; i >= 0; --i) {
    if (array.IsNull(i)) continue;
    EXPECT_TRUE(builder->AppendArraySlice(*array.data(), i, 1).ok());
    indices[static_cast<size_t>(i)] = entries++;
  }
  for (int64_t i = 0; i < n; ++i) {
    if (array.IsNull(i)) indices[static_cast<size_t>(i)] = entries;
  }
  Piece piece;
  piece.values = builder->Finish().ValueOrDie();
  piece.indices = arrow::Buffer::FromVector(std::move(indices));
  piece.num_rows = n;
  piece.dictionary_id = id;
  return piece;
}

Piece Plain(std::shared_ptr<arrow::Array> array) {
  Piece piece;
  piece.num_rows = array->length();
  piece.values = std::move(array);
  return piece;
}

class Table {
 public:
  explicit Table(const std::vector<TestColumn>& columns) {
    arrow::FieldVector fields;
    for (const TestColumn& column : columns) {
      fields.push_back(arrow::field(column.name, column.type));
      arrays_.push_back(ArrayOf(column));
    }
    schema_ = arrow::schema(fields);
  }

  arrow::Result<std::shared_ptr<const Filter>> Bind(std::string_view text) const {
    ARROW_ASSIGN_OR_RAISE(auto expression, ParseExpression(text, "where"));
    return Filter::Bind(*expression, *schema_, "where");
  }

  /// The rows that pass, as "0 2 5", or the error.
  std::string Rows(std::string_view text) const {
    const auto bound = Bind(text);
    if (!bound.ok()) {
      EXPECT_EQ(base::KindOf(bound.status()), base::ErrorKind::kUsage);
      return bound.status().message();
    }
    const std::string rows = Evaluate(*bound, &Table::PlainColumn);
    for (const auto form : {&Table::EncodedColumn, &Table::MixedColumn, &Table::SlicedColumn}) {
      EXPECT_EQ(Evaluate(*bound, form), rows) << text;
    }
    return rows;
  }

  /// The error of reading the rows, from whatever form; "" if there is none.
  std::string Fault(std::string_view text) const {
    const auto bound = Bind(text);
    if (!bound.ok()) return "not bound: " + bound.status().message();
    std::string fault;
    for (const auto form :
         {&Table::PlainColumn, &Table::EncodedColumn, &Table::MixedColumn, &Table::SlicedColumn}) {
      FilterEvaluator evaluator(*bound, arrow::default_memory_pool());
      std::vector<uint64_t> passes;
      const auto count = evaluator.Evaluate(BatchOf(**bound, form), &passes);
      const std::string found = count.ok() ? "" : count.status().message();
      if (!count.ok()) EXPECT_EQ(base::KindOf(count.status()), base::ErrorKind::kUsage);
      if (form == &Table::PlainColumn) fault = found;
      EXPECT_EQ(found, fault) << text;
    }
    return fault;
  }

  /// Rows that pass as T, those that fail as F, those of NULL as N: by asking thrice.
  std::string Truths(const std::string& text) const {
    std::string truths(static_cast<size_t>(arrays_[0]->length()), '?');
    const auto mark = [&](const std::string& filter, char truth) {
      const std::string rows = Rows(filter);
      std::istringstream stream(rows);
      size_t row = 0;
      size_t marked = 0;
      while (stream >> row) {
        EXPECT_EQ(truths[row], '?') << filter;
        truths[row] = truth;
        ++marked;
      }
      EXPECT_TRUE(stream.eof()) << rows;
    };
    mark(text, 'T');
    mark("NOT (" + text + ")", 'F');
    mark("(" + text + ") IS NULL", 'N');
    return truths;
  }

 private:
  Column PlainColumn(int i) const { return {{Plain(arrays_[static_cast<size_t>(i)])}}; }
  Column EncodedColumn(int i) const {
    return {{Encoded(*arrays_[static_cast<size_t>(i)], static_cast<uint64_t>(i) + 1)}};
  }
  /// Pieces that differ in place and form from column to column.
  Column MixedColumn(int i) const {
    const auto& array = arrays_[static_cast<size_t>(i)];
    const int64_t cut = std::min<int64_t>(array->length(), 1 + i % 3);
    return {{Encoded(*array->Slice(0, cut), 0), Plain(array->Slice(cut))}};
  }
  Column SlicedColumn(int i) const {
    const auto& array = arrays_[static_cast<size_t>(i)];
    const auto twice = arrow::Concatenate({array, array}).ValueOrDie();
    return {{Plain(twice->Slice(array->length()))}};
  }

  Batch BatchOf(const Filter& filter, Column (Table::*form)(int) const) const {
    Batch batch;
    batch.num_rows = arrays_[0]->length();
    for (const int column : filter.columns()) batch.columns.push_back((this->*form)(column));
    return batch;
  }

  std::string Evaluate(const std::shared_ptr<const Filter>& filter,
                       Column (Table::*form)(int) const) const {
    const Batch batch = BatchOf(*filter, form);
    FilterEvaluator evaluator(filter, arrow::default_memory_pool());
    std::vector<uint64_t> passes;
    std::string rows;
    for (int round = 0; round < 2; ++round) {  // the second from what was remembered
      const auto count = evaluator.Evaluate(batch, &passes);
      EXPECT_TRUE(count.ok()) << count.status().message();
      rows.clear();
      int64_t found = 0;
      for (int64_t row = 0; row < batch.num_rows; ++row) {
        if ((passes[static_cast<size_t>(row / 64)] >> (row % 64) & 1) == 0) continue;
        rows += (found++ == 0 ? "" : " ") + std::to_string(row);
      }
      EXPECT_EQ(found, *count);
    }
    return rows;
  }

  std::shared_ptr<arrow::Schema> schema_;
  arrow::ArrayVector arrays_;
};

TEST(Filter, ThreeValuedLogic) {
  // Every pair of TRUE, FALSE, NULL.
  const Table table({{"a", arrow::boolean(), "[true,true,true,false,false,false,null,null,null]"},
                     {"b", arrow::boolean(), "[true,false,null,true,false,null,true,false,null]"},
                     {"n", arrow::null(), "[null,null,null,null,null,null,null,null,null]"}});
  EXPECT_EQ(table.Truths("a AND b"), "TFNFFFNFN");
  EXPECT_EQ(table.Truths("a OR b"), "TTTTFNTNN");
  EXPECT_EQ(table.Truths("NOT a"), "FFFTTTNNN");
  EXPECT_EQ(table.Truths("a = b"), "TFNFTNNNN");
  EXPECT_EQ(table.Truths("a < b"), "FFNTFNNNN");
  EXPECT_EQ(table.Truths("a >= b"), "TTNFTNNNN");
  EXPECT_EQ(table.Truths("a IS TRUE"), "TTTFFFFFF");
  EXPECT_EQ(table.Truths("a IS NOT FALSE"), "TTTFFFTTT");
  EXPECT_EQ(table.Truths("(a AND b) IS NULL"), "FFTFFFTFT");
  EXPECT_EQ(table.Truths("a IN (TRUE, NULL)"), "TTTNNNNNN");
  EXPECT_EQ(table.Truths("a = NULL"), "NNNNNNNNN");
  EXPECT_EQ(table.Truths("a AND NULL"), "NNNFFFNNN");
  EXPECT_EQ(table.Truths("a OR NULL"), "TTTNNNNNN");
  EXPECT_EQ(table.Truths("n = 1 OR a"), "TTTNNNNNN");
  EXPECT_EQ(table.Truths("n IS NULL AND a"), "TTTFFFNNN");
  EXPECT_EQ(table.Truths("NULL IS NULL AND 1 < 2 AND a"), "TTTFFFNNN");
  EXPECT_EQ(table.Truths("a BETWEEN FALSE AND b"), "TFNTTNNNN");
}

TEST(Filter, IntegersAreExact) {
  const Table table(
      {{"i", arrow::int64(),
        "[9007199254740992,9007199254740993,9007199254740994,-9223372036854775808,"
        "9223372036854775807,null,0]"},
       {"u", arrow::uint64(), "[0,1,18446744073709551615,9223372036854775808,5,null,0]"},
       {"t", arrow::int8(), "[-128,127,0,1,2,null,3]"}});
  EXPECT_EQ(table.Rows("i = 9007199254740993"), "1");
  EXPECT_EQ(table.Rows("i = 9007199254740992.0"), "0");
  EXPECT_EQ(table.Rows("i > 9007199254740992.0 AND i < 9007199254740994.0"), "1");
  EXPECT_EQ(table.Truths("i >= 9223372036854775808"), "FFFFFNF");
  EXPECT_EQ(table.Truths("i < 9.3e18"), "TTTTTNT");
  EXPECT_EQ(table.Truths("i = 0.5"), "FFFFFNF");
  EXPECT_EQ(table.Truths("i != 0.5"), "TTTTTNT");
  EXPECT_EQ(table.Rows("i <= -9223372036854775808"), "3");
  EXPECT_EQ(table.Rows("i < -9223372036854775808"), "");
  EXPECT_EQ(table.Rows("i > NUMERIC '9007199254740993.5' AND i < 9007199254740995"), "2");
  EXPECT_EQ(table.Rows("i < CAST('-inf' AS FLOAT64)"), "");
  EXPECT_EQ(table.Rows("i < CAST('inf' AS FLOAT64)"), "0 1 2 3 4 6");
  EXPECT_EQ(table.Rows("i != CAST('nan' AS FLOAT64)"), "0 1 2 3 4 6");
  EXPECT_EQ(table.Rows("u = 18446744073709551615"), "2");
  EXPECT_EQ(table.Rows("u > 9223372036854775807"), "2 3");
  EXPECT_EQ(table.Rows("u IN (9223372036854775808, -1, 5)"), "3 4");
  EXPECT_EQ(table.Rows("t BETWEEN -1 AND 1"), "2 3");
  EXPECT_EQ(table.Rows("t < 1000"), "0 1 2 3 4 6");
  EXPECT_EQ(table.Rows("0 < t"), "1 3 4 6");
  EXPECT_EQ(table.Truths("t NOT IN (0, 1, NULL)"), "NNFFNNN");
  EXPECT_EQ(table.Truths("t NOT BETWEEN 0 AND 2"), "TTFFFNT");
  EXPECT_EQ(table.Rows("t IN (0x7F, 5,6,7,8,9,10,11,12,13, 2.0)"), "1 4");
}

TEST(Filter, FloatsAsGoogleSql) {
  const Table table({{"d", arrow::float64(), "[NaN,-Inf,-0.0,0.0,0.1,Inf,null]"},
                     {"f", arrow::float32(), "[NaN,-Inf,-0.0,0.0,0.1,Inf,null]"}});
  // "All comparisons with NaN return FALSE, except for != and <>, which return TRUE."
  EXPECT_EQ(table.Truths("d = CAST('nan' AS FLOAT64)"), "FFFFFFN");
  EXPECT_EQ(table.Truths("d != CAST('nan' AS FLOAT64)"), "TTTTTTN");
  EXPECT_EQ(table.Truths("d < 1"), "FTTTTFN");
  EXPECT_EQ(table.Truths("NOT d < 1"), "TFFFFTN");
  EXPECT_EQ(table.Truths("d >= CAST('-inf' AS FLOAT64)"), "FTTTTTN");
  EXPECT_EQ(table.Truths("d > CAST('inf' AS FLOAT64)"), "FFFFFFN");
  EXPECT_EQ(table.Truths("d != 0"), "TTFFTTN");
  EXPECT_EQ(table.Truths("d = -0.0"), "FFTTFFN");
  EXPECT_EQ(table.Truths("d NOT IN (0, CAST('nan' AS FLOAT64))"), "TTFFTTN");
  EXPECT_EQ(table.Truths("d NOT BETWEEN 0 AND 1"), "TTFFFTN");
  EXPECT_EQ(table.Truths("d = 0.1"), "FFFFTFN");
  EXPECT_EQ(table.Truths("f = 0.1"), "FFFFFFN");  // a float32 is its own double
  EXPECT_EQ(table.Truths("f < 0.11 AND f > 0.1"), "FFFFTFN");
  EXPECT_EQ(table.Truths("d = NUMERIC '0.1'"), "FFFFTFN");
  EXPECT_EQ(table.Truths("IS_NAN(d)"), "TFFFFFN");
  EXPECT_EQ(table.Truths("IS_INF(f)"), "FTFFFTN");
  EXPECT_EQ(table.Truths("IS_NAN(1)"), "FFFFFFF");
  const Table large({{"d", arrow::float64(), "[9007199254740992,9007199254740994,1e300,-1e300]"}});
  EXPECT_EQ(large.Rows("d = 9007199254740993"), "");
  EXPECT_EQ(large.Rows("d < 9007199254740993"), "0 3");
  EXPECT_EQ(large.Rows("d > 9007199254740993"), "1 2");
  EXPECT_EQ(large.Rows("d > 18446744073709551615"), "2");
}

TEST(Filter, DecimalsAreExact) {
  const Table table(
      {{"a", arrow::decimal128(38, 9),
        R"(["0.100000000","-12.345000000","0.000000001","99999999999999999999999999999.999999999",null])"},
       {"b", arrow::decimal256(76, 38),
        R"(["0.10000000000000000000000000000000000000","-12.34500000000000000000000000000000000000","0.00000000000000000000000000000000000001","12345678901234567890123456789012345678.00000000000000000000000000000000000000",null])"},
       {"c", arrow::decimal128(5, -2), "[12,-1,0,99999,null]"},
       {"i", arrow::int64(), "[0,-12,1200,1,5]"}});
  EXPECT_EQ(table.Rows("a = 0.1"), "0");
  EXPECT_EQ(table.Rows("a = NUMERIC '0.1'"), "0");
  EXPECT_EQ(table.Truths("a > 0.0000000005"), "TFTTN");
  EXPECT_EQ(table.Truths("a = 0.0000000005"), "FFFFN");
  EXPECT_EQ(table.Rows("a < -12"), "1");
  EXPECT_EQ(table.Rows("a >= 1e28"), "3");
  EXPECT_EQ(table.Rows("a > BIGNUMERIC '1e38'"), "");
  EXPECT_EQ(table.Rows("a > -1e300"), "0 1 2 3");
  EXPECT_EQ(table.Rows("b = BIGNUMERIC '0.00000000000000000000000000000000000001'"), "2");
  EXPECT_EQ(table.Rows("b > BIGNUMERIC '12345678901234567890123456789012345677'"), "3");
  EXPECT_EQ(table.Rows("b IN (0.1, -12.345, 7)"), "0 1");
  EXPECT_EQ(table.Rows("c = 1200"), "0");
  EXPECT_EQ(table.Rows("c < 1201 AND c > 1199.5"), "0");
  EXPECT_EQ(table.Rows("c >= 9999900"), "3");
  EXPECT_EQ(table.Rows("a = b"), "0 1");
  EXPECT_EQ(table.Truths("b < a"), "FFTFN");
  EXPECT_EQ(table.Truths("c = i"), "FFFFN");
  EXPECT_EQ(table.Truths("a > i"), "TFFTN");
}

TEST(Filter, StringsAndBytesCompareByBytes) {
  const Table table({{"s", arrow::utf8(), R"(["", "a", "ab", "b", "é", "z", null])"},
                     {"l", arrow::large_utf8(), R"(["", "A", "ab", "b", "e", "z", "y"])"},
                     {"b", arrow::binary(), R"(["", "a", "ab", "b", "é", "z", null])"}});
  EXPECT_EQ(table.Rows("s > 'a'"), "2 3 4 5");
  EXPECT_EQ(table.Rows("s >= 'a' AND s < 'b'"), "1 2");
  EXPECT_EQ(table.Rows("s > 'z'"), "4");  // by bytes, not by a language's order
  EXPECT_EQ(table.Rows("s = ''"), "0");
  EXPECT_EQ(table.Rows("s <= ''"), "0");
  EXPECT_EQ(table.Rows("s < ''"), "");
  EXPECT_EQ(table.Rows("s = 'A'"), "");
  EXPECT_EQ(table.Truths("s IN ('a', 'é', 'x')"), "FTFFTFN");
  EXPECT_EQ(table.Truths("s NOT IN ('a', NULL)"), "NFNNNNN");
  EXPECT_EQ(table.Rows("s = l"), "0 2 3 5");
  EXPECT_EQ(table.Truths("s < l"), "FFFFFFN");
  EXPECT_EQ(table.Rows("b > b'z'"), "4");
  EXPECT_EQ(table.Rows("b = b'\\xc3\\xa9'"), "4");
  EXPECT_EQ(table.Rows("b IN (b'', b'ab')"), "0 2");
}

TEST(Filter, Like) {
  const Table table(
      {{"s", arrow::utf8(),
        R"(["", "a", "abc", "a%c", "a_c", "aéc", "a\\c", "€", null, "ababac"])"},
       {"b", arrow::binary(), R"(["", "a", "abc", "a%c", "a_c", "aéc", "a\\c", "€", null, "x"])"}});
  EXPECT_EQ(table.Truths("s LIKE '%'"), "TTTTTTTTNT");
  EXPECT_EQ(table.Rows("s LIKE ''"), "0");
  EXPECT_EQ(table.Rows("s LIKE 'a%'"), "1 2 3 4 5 6 9");
  EXPECT_EQ(table.Rows("s LIKE 'a_c'"), "2 3 4 5 6");
  EXPECT_EQ(table.Rows("b LIKE b'a_c'"), "2 3 4 6");  // a byte, not a character
  EXPECT_EQ(table.Rows("b LIKE b'a__c'"), "5");
  EXPECT_EQ(table.Rows(R"(s LIKE r'a\%c')"), "3");
  EXPECT_EQ(table.Rows(R"(s LIKE 'a\\_c')"), "4");
  EXPECT_EQ(table.Rows(R"(s LIKE r'a\\c')"), "6");
  EXPECT_EQ(table.Rows("s LIKE '_'"), "1 7");
  EXPECT_EQ(table.Rows("s LIKE '%_'"), "1 2 3 4 5 6 7 9");
  EXPECT_EQ(table.Rows("s LIKE '%__'"), "2 3 4 5 6 9");  // a character is never cut
  EXPECT_EQ(table.Rows("s LIKE '%c'"), "2 3 4 5 6 9");
  EXPECT_EQ(table.Rows("s LIKE '%b%a%'"), "9");
  EXPECT_EQ(table.Rows("s LIKE '%ab_c'"), "9");
  EXPECT_EQ(table.Rows("s LIKE '%%a%%b%%c%%'"), "2 9");
  EXPECT_EQ(table.Truths("s NOT LIKE '%b%'"), "TTFTTTTTNF");
  EXPECT_EQ(table.Rows("s LIKE NULL"), "");
  EXPECT_EQ(table.Rows("'abc' LIKE 'a%' AND s = 'a'"), "1");
  EXPECT_THAT(table.Rows(R"(s LIKE 'a\\')"), HasSubstr("where:1:8: expected a character after"));
  EXPECT_THAT(table.Rows("s LIKE b'a'"), HasSubstr("where:1:8: expected something to compare"));
  EXPECT_THAT(table.Rows("s LIKE s"), HasSubstr("expected a constant pattern"));
}

TEST(Filter, DatesAndTimes) {
  const Table table(
      {{"d", arrow::date32(),
        "[0,-1,18262,11353,null]"},  // 1970, 1969-12-31, 2020-01-01, 2001-01-31
       {"e", arrow::date64(), "[0,-86400000,1577836800000,980899200000,null]"},
       {"us", arrow::timestamp(arrow::TimeUnit::MICRO),
        R"(["1970-01-01 00:00:00","1969-12-31 23:59:59.999999","2020-01-01 12:00:00","2001-01-31 05:06:07.25",null])"},
       {"s", arrow::timestamp(arrow::TimeUnit::SECOND),
        R"(["1970-01-01 00:00:00","1969-12-31 23:59:59","2020-01-01 12:00:00","0001-01-01 00:00:00",null])"},
       {"z", arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Paris"),
        R"(["1970-01-01 00:00:00Z","1969-12-31 23:59:59.999999999Z","2020-01-01 12:00:00Z","2001-01-31 05:06:07.25Z",null])"},
       {"t", arrow::time32(arrow::TimeUnit::MILLI), "[0,86399999,43200000,18367250,null]"},
       {"u", arrow::time64(arrow::TimeUnit::NANO),
        "[0,86399999999999,43200000000000,18367250000000,null]"}});
  for (const std::string column : {"d", "e"}) {
    EXPECT_EQ(table.Rows(column + " < DATE '1970-01-01'"), "1");
    EXPECT_EQ(table.Rows(column + " = '2001-01-31'"), "3");
    EXPECT_EQ(table.Rows(column + " IN ('2020-01-01', DATE '1969-12-31')"), "1 2");
    EXPECT_EQ(table.Rows(column + " >= DATETIME '2001-01-30 23:00:00'"), "2 3");
    EXPECT_EQ(table.Rows(column + " = DATETIME '2001-01-31 00:00:00.1'"), "");
  }
  EXPECT_EQ(table.Rows("d = e"), "0 1 2 3");
  EXPECT_EQ(table.Rows("us < '1970-01-01'"), "1");
  EXPECT_EQ(table.Rows("us >= DATETIME '2001-01-31 05:06:07.25'"), "2 3");
  EXPECT_EQ(table.Rows("us > DATETIME '2001-01-31 05:06:07.249999999'"), "2 3");
  EXPECT_EQ(table.Rows("us BETWEEN DATE '2001-01-31' AND DATE '2001-02-01'"), "3");
  EXPECT_EQ(table.Rows("s = DATETIME '0001-01-01'"), "3");
  EXPECT_EQ(table.Rows("s < DATETIME '1969-12-31 23:59:59.5'"), "1 3");
  EXPECT_EQ(table.Rows("us = s"), "0 2");
  EXPECT_EQ(table.Truths("us > s"), "FTFTN");
  EXPECT_EQ(table.Truths("us > d"), "FTTTN");
  EXPECT_EQ(table.Rows("z = TIMESTAMP '2001-01-31 06:06:07.25+01:00'"), "3");
  EXPECT_EQ(table.Rows("z < '1970-01-01 01:00:00+01'"), "1");
  EXPECT_EQ(table.Rows("z > '9999-12-31'"), "");
  EXPECT_EQ(table.Rows("z < '9999-12-31'"), "0 1 2 3");
  EXPECT_EQ(table.Rows("t > '05:06:07.249999'"), "1 2 3");
  EXPECT_EQ(table.Rows("u = TIME '23:59:59.999999999'"), "1");
  EXPECT_EQ(table.Rows("t = u"), "0 2 3");
  EXPECT_EQ(table.Rows("'1970-01-01' < DATE '1970-01-02' AND d = '1970-01-01'"), "0");
  EXPECT_THAT(table.Rows("us > TIMESTAMP '2001-01-31'"),
              StartsWith("where:1:6: expected something to compare with column 'us' (DATETIME), "
                         "found TIMESTAMP '2001-01-31 00:00:00+00:00' (TIMESTAMP); write a time "
                         "without a zone"));
  EXPECT_THAT(table.Rows("z > DATETIME '2001-01-31'"), HasSubstr("write an instant"));
  EXPECT_THAT(table.Rows("d = 'yesterday'"), StartsWith("where:1:5: expected a date"));
  EXPECT_THAT(table.Rows("d > 5"), HasSubstr("write a date"));
  EXPECT_THAT(table.Rows("us > z"), HasSubstr("the types do not compare"));
}

TEST(Filter, ColumnsMeetColumnsExactly) {
  const Table table({{"i", arrow::int64(), "[9007199254740993,9007199254740992,-1,5,null,0]"},
                     {"d", arrow::float64(), "[9007199254740992,9007199254740992,-0.5,NaN,1,-0.0]"},
                     {"u", arrow::uint64(), "[18446744073709551615,9007199254740992,1,5,2,0]"},
                     {"m", arrow::decimal128(20, 1), R"(["0.1","0.5","-0.5","5.0","2.0","0.0"])"},
                     {"h", arrow::int16(), "[1,2,3,4,5,6]"}});
  EXPECT_EQ(table.Truths("i = d"), "FTFFNT");
  EXPECT_EQ(table.Truths("i > d"), "TFFFNF");
  EXPECT_EQ(table.Truths("d < i"), "TFFFNF");
  EXPECT_EQ(table.Truths("d != i"), "TFTTNF");
  EXPECT_EQ(table.Truths("i < u"), "TFTFNF");
  EXPECT_EQ(table.Truths("i = u"), "FTFTNT");
  EXPECT_EQ(table.Truths("u > d"), "TFTFTF");
  EXPECT_EQ(table.Truths("m = d"), "FFTFFT");
  EXPECT_EQ(table.Truths("i = m"), "FFFTNT");
  EXPECT_EQ(table.Truths("h > i"), "FFTFNT");
  EXPECT_EQ(table.Truths("h BETWEEN i AND u"), "FFFFFF");
  EXPECT_EQ(table.Truths("h IN (i, 1, u)"), "TFFFNF");
}

// What GoogleSQL's reference says under "Conversion rules" and "Conversion functions", by hand.
TEST(Filter, CastsOfNumbers) {
  const Table table({{"i", arrow::int64(), "[77,-5,0,9223372036854775807,null,1]"},
                     {"u", arrow::uint64(), "[18446744073709551615,1,2,3,4,5]"},
                     {"d", arrow::float64(), "[2.5,-2.5,0.49999999999999994,-0.0,null,1e15]"},
                     {"n", arrow::decimal128(20, 3),
                      R"(["2.500","-2.500","0.499","123456789012345.678",null,"-0.001"])"},
                     {"b", arrow::boolean(), "[true,false,null,true,false,true]"}});
  EXPECT_EQ(table.Truths("CAST(i AS STRING) = '77'"), "TFFFNF");
  EXPECT_EQ(table.Rows("CAST(i AS STRING) LIKE '%7'"), "0 3");
  EXPECT_EQ(table.Rows("CAST(u AS STRING) = '18446744073709551615'"), "0");
  EXPECT_EQ(table.Truths("CAST('77' AS INT64) = i"), "TFFFNF");
  EXPECT_EQ(table.Truths("CAST(i AS BOOL)"), "TTFTNT");
  EXPECT_EQ(table.Truths("CAST(b AS INT64) = 1"), "TFNTFT");
  EXPECT_EQ(table.Truths("CAST(b AS STRING) = 'true'"), "TFNTFT");
  // 2^63 - 1 becomes 2^63: GoogleSQL's FLOAT64 is not exact, but this comparison is.
  EXPECT_EQ(table.Rows("CAST(i AS FLOAT64) = 9223372036854775808"), "3");
  EXPECT_EQ(table.Rows("CAST(i AS FLOAT64) != i"), "3");
  EXPECT_EQ(table.Rows("CAST(i AS NUMERIC) = i"), "0 1 2 3 5");
  // Halves away from zero; the largest double below a half is no half.
  EXPECT_EQ(table.Rows("CAST(d AS INT64) = 3"), "0");
  EXPECT_EQ(table.Rows("CAST(d AS INT64) = -3"), "1");
  EXPECT_EQ(table.Rows("CAST(d AS INT64) = 0"), "2 3");
  EXPECT_EQ(table.Rows("CAST(n AS INT64) IN (3, -3)"), "0 1");
  EXPECT_EQ(table.Rows("CAST(n AS INT64) = 123456789012346"), "3");
  EXPECT_EQ(table.Rows("CAST(n AS INT64) = 0"), "2 5");
  EXPECT_EQ(table.Rows("CAST(n AS FLOAT64) > 1.5"), "0 3");
  EXPECT_EQ(table.Rows("CAST(d AS NUMERIC) = NUMERIC '2.5'"), "0");
  // NUMERIC has nine digits, BIGNUMERIC all 38 that the double has.
  EXPECT_EQ(table.Rows("CAST(d AS NUMERIC) = NUMERIC '0.5'"), "2");
  EXPECT_EQ(table.Rows("CAST(d AS BIGNUMERIC) = BIGNUMERIC '0.5'"), "");
  EXPECT_EQ(
      table.Rows("CAST(d AS BIGNUMERIC) = BIGNUMERIC '0.49999999999999994448884876874217297882'"),
      "2");
  const Table huge({{"s", arrow::utf8(), R"(["1e38", "2e38", "5.7e38", "-3e38", "5"])"}});
  EXPECT_EQ(huge.Rows("CAST(s AS BIGNUMERIC) = BIGNUMERIC '1e38'"), "0");
  EXPECT_EQ(huge.Rows("CAST(s AS BIGNUMERIC) >= BIGNUMERIC '1e38'"), "0 1 2");
  EXPECT_EQ(huge.Rows("CAST(s AS BIGNUMERIC) < BIGNUMERIC '-2e38'"), "3");
  EXPECT_EQ(huge.Rows("CAST(s AS BIGNUMERIC) > 1.5e38"), "1 2");
  EXPECT_EQ(huge.Rows("CAST(s AS BIGNUMERIC) > -5.8e38"), "0 1 2 3 4");
  EXPECT_EQ(huge.Rows("CAST(s AS BIGNUMERIC) < 5.79e38"), "0 1 2 3 4");
  EXPECT_EQ(huge.Rows("CAST(s AS BIGNUMERIC) > 5.79e38"), "");
  // All 77 digits of BIGNUMERIC's largest number.
  const std::string largest =
      "578960446186580977117854925043439539266.34992332820282019728792003956564819967";
  EXPECT_EQ(table.Rows("CAST(i AS BIGNUMERIC) < BIGNUMERIC '" + largest + "'"), "0 1 2 3 5");
  const Table texts({{"s", arrow::utf8(), "[\"" + largest + "\",\"-" + largest + "\",\"1e-38\"]"}});
  EXPECT_EQ(texts.Rows("CAST(CAST(s AS BIGNUMERIC) AS STRING) = '" + largest + "'"), "0");
  EXPECT_EQ(texts.Rows("CAST(CAST(s AS BIGNUMERIC) AS STRING) = '-" + largest + "'"), "1");
  EXPECT_EQ(texts.Rows("CAST(s AS BIGNUMERIC) = BIGNUMERIC '1e-38'"), "2");
  EXPECT_EQ(table.Rows("CAST(d AS STRING) = '2.5'"), "0");
  EXPECT_EQ(table.Rows("CAST(d AS STRING) = '0.49999999999999994'"), "2");
  EXPECT_EQ(table.Rows("CAST(d AS STRING) = '0'"), "3");
  EXPECT_EQ(table.Rows("CAST(d AS STRING) = '1e+15'"), "5");
  EXPECT_EQ(table.Rows("CAST(n AS STRING) IN ('2.5', '-0.001', '123456789012345.678')"), "0 3 5");
  EXPECT_EQ(table.Rows("CAST(1.5 AS NUMERIC) < n"), "0 3");
  EXPECT_EQ(table.Truths("CAST(CAST(i AS STRING) AS INT64) = i"), "TTTTNT");
  EXPECT_EQ(table.Truths("CAST(d AS STRING) IS NULL"), "FFFFTF");
  EXPECT_EQ(table.Truths("SAFE_CAST(u AS NUMERIC) IS NULL"), "FFFFFF");
  EXPECT_EQ(table.Truths("IS_INF(CAST(i AS FLOAT64))"), "FFFFNF");
  EXPECT_THAT(table.Rows("CAST(b AS FLOAT64) > 1"),
              StartsWith("where:1:1: there is no cast to FLOAT64 of column 'b' (BOOL)"));
  EXPECT_THAT(table.Rows("CAST(d AS BOOL)"), HasSubstr("no cast to BOOL"));
  EXPECT_THAT(table.Rows("CAST(i AS DATE) > '2001-01-01'"), HasSubstr("no cast to DATE"));
  EXPECT_THAT(table.Rows("CAST(i = 1 AS STRING) = 'true'"), HasSubstr("found a condition"));
  EXPECT_THAT(
      table.Rows("CAST(i AS STRING) = 77"),
      StartsWith("where:1:21: expected something to compare with column 'CAST(i AS STRING)' "
                 "(STRING), found 77 (INT64)"));
}

TEST(Filter, CastsOfTexts) {
  const Table table(
      {{"s", arrow::utf8(), R"([" 12 ","-0x1F","+9223372036854775807",null,"0012"])"},
       {"f", arrow::utf8(), R"(["1e3","-Inf"," .5 ",null,"nan"])"},
       {"t", arrow::utf8(), R"(["TRUE","false","True",null,"faLSE"])"},
       {"d", arrow::utf8(), R"(["2001-1-31","1999-12-31","0001-01-01",null,"9999-12-31"])"},
       {"z", arrow::utf8(),
        R"(["2001-01-31 05:06:07.25+01:00","2001-01-31T04:06:07.250Z","2001-01-31",null,"2001-01-31 04:06:08"])"},
       {"y", arrow::binary(), R"(["a","é","","b",null])"}});
  EXPECT_EQ(table.Rows("CAST(s AS INT64) = 12"), "0 4");
  EXPECT_EQ(table.Rows("CAST(s AS INT64) = -31"), "1");
  EXPECT_EQ(table.Rows("CAST(s AS INT64) = 9223372036854775807"), "2");
  EXPECT_EQ(table.Rows("CAST(f AS FLOAT64) = 1000"), "0");
  EXPECT_EQ(table.Truths("CAST(f AS FLOAT64) < 1"), "FTTNF");
  EXPECT_EQ(table.Truths("IS_NAN(CAST(f AS FLOAT64))"), "FFFNT");
  EXPECT_EQ(table.Truths("CAST(t AS BOOL)"), "TFTNF");
  EXPECT_EQ(table.Truths("CAST(t AS BOOL) = (CAST(s AS INT64) = 12)"), "TTFNF");
  EXPECT_EQ(table.Rows("CAST(d AS DATE) > '2000-01-01'"), "0 4");
  EXPECT_EQ(table.Rows("CAST(d AS DATETIME) < DATE '2000-01-01'"), "1 2");
  EXPECT_EQ(table.Rows("CAST(z AS TIMESTAMP) = '2001-01-31 04:06:07.25'"), "0 1");
  EXPECT_EQ(table.Rows("CAST(y AS STRING) = 'é'"), "1");
  EXPECT_EQ(table.Rows("CAST(d AS BYTES) < b'1'"), "2");
  EXPECT_EQ(table.Rows("CAST('abc' AS BYTES) > y"), "0 2");
}

TEST(Filter, CastsOfTimes) {
  const Table table(
      {{"d", arrow::date32(), "[0,-1,11353,null]"},  // 1970, 1969-12-31, 2001-01-31
       {"us", arrow::timestamp(arrow::TimeUnit::MICRO),
        R"(["1970-01-01 00:00:00","1969-12-31 23:59:59.999999","2001-01-31 05:06:07.25",null])"},
       {"z", arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Paris"),
        R"(["1970-01-01 00:00:00Z","1969-12-31 23:59:59.999999999Z","2001-01-31 05:06:07.25Z",null])"},
       {"t", arrow::time64(arrow::TimeUnit::MICRO), "[0,86399999999,18367250000,null]"}});
  EXPECT_EQ(table.Rows("CAST(d AS STRING) > '1969-12-31'"), "0 2");
  EXPECT_EQ(table.Rows("CAST(us AS STRING) = '1969-12-31 23:59:59.999999'"), "1");
  EXPECT_EQ(table.Rows("CAST(us AS STRING) = '2001-01-31 05:06:07.250'"), "2");
  EXPECT_EQ(table.Rows("CAST(us AS STRING) = '1970-01-01 00:00:00'"), "0");
  // In UTC, whatever the column's zone is.
  EXPECT_EQ(table.Rows("CAST(z AS STRING) = '2001-01-31 05:06:07.250+00'"), "2");
  EXPECT_EQ(table.Rows("CAST(z AS STRING) = '1969-12-31 23:59:59.999999999+00'"), "1");
  EXPECT_EQ(table.Rows("CAST(t AS STRING) = '05:06:07.250'"), "2");
  EXPECT_EQ(table.Truths("CAST(us AS DATE) = d"), "TTTN");
  EXPECT_EQ(table.Truths("CAST(z AS DATE) = d"), "TTTN");
  EXPECT_EQ(table.Truths("CAST(us AS DATE) >= '1970-01-01'"), "TFTN");
  EXPECT_EQ(table.Truths("CAST(us AS TIME) = t"), "TTTN");
  EXPECT_EQ(table.Rows("CAST(z AS TIME) = t"), "0 2");
  EXPECT_EQ(table.Rows("CAST(z AS DATETIME) = us"), "0 2");
  EXPECT_EQ(table.Rows("CAST(us AS TIMESTAMP) = z"), "0 2");
  EXPECT_EQ(table.Rows("CAST(d AS TIMESTAMP) = '1969-12-31'"), "1");
  EXPECT_EQ(table.Rows("CAST(d AS DATETIME) BETWEEN '1969-12-31' AND '1970-01-01'"), "0 1");
  EXPECT_EQ(table.Rows("CAST(CAST(z AS DATE) AS STRING) = '1969-12-31'"), "1");
  EXPECT_THAT(table.Rows("CAST(t AS DATE) = d"), HasSubstr("no cast to DATE"));
  EXPECT_THAT(table.Rows("CAST(d AS TIME) = t"), HasSubstr("no cast to TIME"));
  EXPECT_THAT(table.Rows("CAST(d AS INT64) = 1"), HasSubstr("no cast to INT64"));
}

TEST(Filter, CastsThatFail) {
  const Table table({{"s", arrow::utf8(), R"(["1","abc",null,"9223372036854775808","2"])"},
                     {"k", arrow::int64(), "[1,2,3,4,null]"},
                     {"d", arrow::float64(), "[NaN,Inf,-9.3e18,1e30,2]"},
                     {"y", arrow::binary(), R"(["1","x","",null,"2"])"},
                     {"far", arrow::date32(), "[0,10000000,-10000000,1,null]"}});
  const std::string abc = "where:1:1: expected an integer such as '12', found 'abc'";
  EXPECT_EQ(table.Fault("CAST(s AS INT64) = 1"), abc);
  EXPECT_EQ(table.Fault("CAST(s AS INT64) IS NULL"), abc);
  EXPECT_EQ(table.Fault("NOT CAST(s AS INT64) > k"),
            "where:1:5: expected an integer such as '12', found 'abc'");
  EXPECT_EQ(table.Fault("CAST(s AS INT64) IN (1, 2)"), abc);
  EXPECT_EQ(table.Fault("CAST(CAST(s AS INT64) AS STRING) = '1'"),
            "where:1:6: expected an integer such as '12', found 'abc'");
  EXPECT_EQ(table.Fault("SAFE_CAST(CAST(s AS INT64) AS STRING) = '1'"),
            "where:1:11: expected an integer such as '12', found 'abc'");
  EXPECT_EQ(table.Fault("k > 2 AND CAST(s AS INT64) = 1"),
            "where:1:11: '9223372036854775808' is out of the range of INT64");
  // What is decided without the cast does not fail, wherever it stands.
  EXPECT_EQ(table.Rows("CAST(s AS INT64) = 1 AND k NOT IN (2, 4)"), "0");
  EXPECT_EQ(table.Rows("s NOT IN ('abc', '9223372036854775808') AND CAST(s AS INT64) > 0"), "0 4");
  EXPECT_EQ(table.Rows("CAST(s AS INT64) = 1 OR s LIKE 'abc' OR k = 4"), "0 1 3");
  EXPECT_EQ(table.Fault("CAST(s AS INT64) = 1 OR s LIKE 'abc'"),
            "where:1:1: '9223372036854775808' is out of the range of INT64");
  EXPECT_EQ(table.Fault("(CAST(s AS INT64) = 1) IS NULL AND k = 2"),
            "where:1:2: expected an integer such as '12', found 'abc'");
  EXPECT_EQ(table.Truths("SAFE_CAST(s AS INT64) = 1"), "TNNNF");
  EXPECT_EQ(table.Truths("SAFE_CAST(s AS INT64) IS NULL"), "FTTTF");
  EXPECT_EQ(table.Truths("SAFE_CAST(s AS INT64) = k"), "TNNNN");
  EXPECT_EQ(table.Truths("SAFE_CAST(d AS INT64) = 2"), "NNNNT");
  EXPECT_EQ(table.Truths("SAFE_CAST(d AS NUMERIC) < 2"), "NNTNF");
  EXPECT_EQ(table.Truths("SAFE_CAST(far AS STRING) = '1970-01-01'"), "TNNFN");
  EXPECT_EQ(table.Truths("SAFE_CAST('abc' AS INT64) = k"), "NNNNN");
  EXPECT_EQ(table.Fault("CAST(d AS INT64) = 2"), "where:1:1: 'nan' is out of the range of INT64");
  EXPECT_EQ(table.Fault("CAST(d AS BIGNUMERIC) = 2"),
            "where:1:1: 'nan' is out of the range of BIGNUMERIC");
  EXPECT_THAT(table.Fault("CAST(far AS TIMESTAMP) > '2001-01-01'"),
              HasSubstr("expected a year from 1 to 9999, found 10000000 days from 1970-01-01"));
  EXPECT_EQ(table.Rows("CAST(y AS STRING) = '2'"), "4");
  // No row has the dictionary's entry.
  const Table unused({{"s", arrow::utf8(), R"(["1","2"])"}});
  EXPECT_EQ(unused.Fault("CAST(s AS INT64) = 1"), "");
}

TEST(Filter, Names) {
  const Table table(
      {{"Distance", arrow::int64(), "[1,2,3]"},
       {"a b", arrow::int64(), "[1,2,3]"},
       {"x", arrow::int64(), "[1,2,3]"},
       {"X", arrow::int64(), "[1,2,3]"},
       {"p.q", arrow::int64(), "[3,2,1]"},
       {"s", arrow::struct_({arrow::field("k", arrow::int64()), arrow::field("K2", arrow::utf8())}),
        R"([{"k": 1, "K2": "a"}, null, {"k": null, "K2": "b"}])"},
       {"v", arrow::list(arrow::int64()), "[[1],null,[]]"}});
  EXPECT_EQ(table.Rows("distance > 1 AND `A B` < 3"), "1");
  EXPECT_EQ(table.Rows("p.q = 3 OR `p.q` = 1"), "0 2");
  EXPECT_EQ(table.Truths("s.k = 1"), "TNN");
  EXPECT_EQ(table.Rows("S.k2 = 'b'"), "2");
  EXPECT_EQ(table.Rows("s.k IS NULL"), "1 2");
  EXPECT_EQ(table.Rows("s IS NULL"), "1");
  EXPECT_EQ(table.Rows("v IS NOT NULL"), "0 2");
  EXPECT_THAT(
      table.Rows("distnace > 1"),
      StartsWith("where:1:1: expected a column of the source, found 'distnace'; did you mean "
                 "'Distance'?"));
  EXPECT_THAT(table.Rows("x = 1"), HasSubstr("case does not tell names apart"));
  EXPECT_THAT(table.Rows("s.kk = 1"), HasSubstr("did you mean 'k'"));
  EXPECT_THAT(table.Rows("distance.k = 1"), HasSubstr("expected a struct before the point"));
  EXPECT_THAT(table.Rows("v = 1"), HasSubstr("only IS NULL"));
  EXPECT_THAT(table.Rows("s = s"), HasSubstr("only IS NULL"));
}

TEST(Filter, TypesMustGoTogether) {
  const Table table({{"s", arrow::utf8(), R"(["5"])"},
                     {"i", arrow::int64(), "[5]"},
                     {"f", arrow::boolean(), "[true]"}});
  EXPECT_THAT(table.Rows("s = 5"),
              StartsWith("where:1:5: expected something to compare with column "
                         "'s' (STRING), found 5 (INT64); write it in quotes"));
  EXPECT_THAT(table.Rows("'5' = i"), StartsWith("where:1:1: expected something to compare with "
                                                "column 'i' (INT64), found '5' (STRING)"));
  EXPECT_THAT(table.Rows("i IN (1, 'x')"), HasSubstr("where:1:10:"));
  EXPECT_THAT(table.Rows("i"), HasSubstr("expected a condition, found column 'i' (INT64)"));
  EXPECT_THAT(table.Rows("i AND f"), HasSubstr("expected a condition"));
  EXPECT_THAT(table.Rows("i IS TRUE"), HasSubstr("expected a condition before IS TRUE"));
  EXPECT_THAT(table.Rows("f = 1"), HasSubstr("TRUE or FALSE"));
  EXPECT_THAT(table.Rows("(i = 5) = i"), HasSubstr("do not compare"));
  EXPECT_THAT(table.Rows("i LIKE '5'"), HasSubstr("STRING or BYTES before LIKE"));
  EXPECT_THAT(table.Rows("IS_NAN(s)"), HasSubstr("expected a number"));
  EXPECT_THAT(table.Rows("1 = 'x'"), HasSubstr("expected something to compare"));
  EXPECT_EQ(table.Rows("(i = 5) = f"), "0");
  EXPECT_EQ(table.Rows("1 < 2.5 AND NUMERIC '1' = 1.0 AND 'a' < 'b' AND TRUE > FALSE"), "0");
  EXPECT_EQ(table.Rows("1 = CAST('nan' AS FLOAT64)"), "");
  EXPECT_EQ(table.Rows("1 != CAST('nan' AS FLOAT64)"), "0");
  EXPECT_EQ(table.Rows("9007199254740993 > 9007199254740992.0"), "0");
  EXPECT_EQ(table.Rows("b'a' = 'a'").substr(0, 6), "where:");
}

Verdict Judge(std::string_view text, const std::shared_ptr<arrow::DataType>& type,
              const std::string& bounds, int64_t null_count, int64_t num_rows = 10) {
  const auto schema = arrow::schema({arrow::field("c", type)});
  const auto expression = ParseExpression(text, "where").ValueOrDie();
  const auto filter = Filter::Bind(*expression, *schema, "where").ValueOrDie();
  ColumnRange range;
  if (!bounds.empty()) range.bounds = ArrayOf({"c", type, bounds});
  range.null_count = null_count;
  return filter->Judge({range}, num_rows);
}

TEST(Filter, JudgesFromRanges) {
  const auto i = arrow::int32();
  EXPECT_EQ(Judge("c > 5", i, "[1,5]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c > 5", i, "[1,6]", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c > 5", i, "[6,9]", 0), Verdict::kAll);
  EXPECT_EQ(Judge("c > 5", i, "[6,9]", 1), Verdict::kSome);
  EXPECT_EQ(Judge("c > 5", i, "[6,9]", -1), Verdict::kSome);
  EXPECT_EQ(Judge("c > 5", i, "[6,9]", 10), Verdict::kNone);
  EXPECT_EQ(Judge("c > 5", i, "", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c > 5", i, "[9,6]", 0), Verdict::kSome);  // no range at all
  EXPECT_EQ(Judge("c > 5", i, "[6,9]", 0, 0), Verdict::kNone);
  EXPECT_EQ(Judge("c IS NULL", i, "", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c IS NULL", i, "", 10), Verdict::kAll);
  EXPECT_EQ(Judge("c IS NULL", i, "", -1), Verdict::kSome);
  EXPECT_EQ(Judge("c IS NOT NULL", i, "", 0), Verdict::kAll);
  EXPECT_EQ(Judge("c = 5 OR c = 6", i, "[7,9]", 2), Verdict::kNone);
  EXPECT_EQ(Judge("c IN (5, 20)", i, "[7,9]", 2), Verdict::kNone);
  EXPECT_EQ(Judge("c IN (5, 8)", i, "[7,9]", 2), Verdict::kSome);
  EXPECT_EQ(Judge("c IN (5, 8)", i, "[8,8]", 0), Verdict::kAll);
  EXPECT_EQ(Judge("c NOT IN (5, 6)", i, "[7,9]", 0), Verdict::kAll);
  EXPECT_EQ(Judge("c NOT IN (5, NULL)", i, "[7,9]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("NOT (c < 100 AND c > 0)", i, "[7,9]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c != 7", i, "[7,7]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("(c > 5) IS NULL", i, "[6,9]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("(c > 5) IS NOT TRUE", i, "[6,9]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("(c > 5) = FALSE", i, "[6,9]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("NULL", i, "[6,9]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("TRUE", i, "[6,9]", 0), Verdict::kAll);
  // NaN may be anywhere, whatever the bounds say.
  const auto d = arrow::float64();
  EXPECT_EQ(Judge("c > 5", d, "[6,9]", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c > 5", d, "[1,5]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("NOT c > 5", d, "[6,9]", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c != 5", d, "[5,5]", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c = 0", d, "[-0.0,-0.0]", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c < 0", d, "[-0.0,0.0]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("IS_INF(c)", d, "[1,2]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("IS_NAN(c)", d, "[1,2]", 0), Verdict::kSome);
  const auto s = arrow::utf8();
  EXPECT_EQ(Judge("c LIKE 'b%'", s, R"(["c","d"])", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c LIKE 'b%'", s, R"(["a","az"])", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c LIKE 'b%'", s, R"(["ba","bz"])", 0), Verdict::kAll);
  EXPECT_EQ(Judge("c LIKE 'b%x'", s, R"(["ba","bz"])", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c NOT LIKE 'b%'", s, R"(["ba","bz"])", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c LIKE 'bcd%'", s, R"(["b","bd"])", 0), Verdict::kSome);
  EXPECT_EQ(Judge("c > 'b'", s, R"(["b","b"])", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c IN ('a','d')", s, R"(["b","c"])", 0), Verdict::kNone);
  const auto b = arrow::boolean();
  EXPECT_EQ(Judge("c", b, "[false,false]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c", b, "[true,true]", 0), Verdict::kAll);
  EXPECT_EQ(Judge("NOT c", b, "[false,false]", 3), Verdict::kSome);
  EXPECT_EQ(Judge("c > '2001-01-01'", arrow::date32(), "[0, 100]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("c >= 18446744073709551615", arrow::uint64(), "[5, 18446744073709551614]", 0),
            Verdict::kNone);
}

TEST(Filter, JudgesCastsFromRanges) {
  // Days from 1970: the second of January, whatever the hour.
  const auto us = arrow::timestamp(arrow::TimeUnit::MICRO);
  const std::string day = "[86400000000,172799999999]";
  EXPECT_EQ(Judge("CAST(c AS DATE) = '1970-01-02'", us, day, 0), Verdict::kAll);
  EXPECT_EQ(Judge("CAST(c AS DATE) = '1970-01-03'", us, day, 0), Verdict::kNone);
  EXPECT_EQ(Judge("CAST(c AS DATE) > '1970-01-01'", us, day, 3), Verdict::kSome);
  EXPECT_EQ(Judge("CAST(c AS DATE) > '1970-01-01'", us, day, 10), Verdict::kNone);
  EXPECT_EQ(Judge("CAST(c AS TIMESTAMP) < '1970-01-02'", us, day, 0), Verdict::kNone);
  EXPECT_EQ(Judge("CAST(CAST(c AS DATE) AS DATETIME) < '1970-01-02'", us, day, 0), Verdict::kNone);
  // No order is kept: 10 < 9 as texts, and noon is every day.
  EXPECT_EQ(Judge("CAST(c AS TIME) = '12:00:00'", us, day, 0), Verdict::kSome);
  EXPECT_EQ(Judge("CAST(c AS STRING) = '10'", arrow::int64(), "[9,11]", 0), Verdict::kSome);
  EXPECT_EQ(Judge("CAST(c AS INT64) = 10", arrow::utf8(), R"(["9","9"])", 0), Verdict::kSome);
  EXPECT_EQ(Judge("CAST(c AS FLOAT64) = 12", arrow::int64(), "[9,11]", 0), Verdict::kNone);
  EXPECT_EQ(Judge("CAST(c AS INT64) = 9", arrow::float64(), "[9,9]", 0), Verdict::kSome);
  EXPECT_EQ(Judge("CAST(c AS DATE) > '1970-01-01'", arrow::date32(), "[1,1]", 0), Verdict::kAll);
  // Beyond the years that there are.
  EXPECT_EQ(Judge("CAST(c AS DATETIME) > '1970-01-01'", arrow::date32(), "[1,10000000]", 0),
            Verdict::kSome);
  EXPECT_EQ(Judge("SAFE_CAST(c AS INT64) IS NULL", arrow::utf8(), R"(["9","9"])", 0),
            Verdict::kSome);
  EXPECT_EQ(Judge("SAFE_CAST(c AS INT64) IS NULL", arrow::utf8(), R"(["9","9"])", 10),
            Verdict::kAll);
  EXPECT_EQ(Judge("CAST(c AS INT64) = 1", arrow::utf8(), "", 10), Verdict::kNone);
}

TEST(Filter, ConjunctsThatMayFailComeLast) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::utf8()), arrow::field("b", arrow::utf8()),
                     arrow::field("c", arrow::int64())});
  const auto filter =
      Filter::Bind(*ParseExpression("CAST(a AS INT64) = 1 AND c = 2 AND CAST(b AS BOOL)", "where")
                        .ValueOrDie(),
                   *schema, "where")
          .ValueOrDie();
  EXPECT_TRUE(filter->may_fail());
  const auto conjuncts = filter->Conjuncts();
  ASSERT_EQ(conjuncts.size(), 2U);
  EXPECT_EQ(conjuncts[0]->columns(), (std::vector<int>{2}));
  EXPECT_FALSE(conjuncts[0]->may_fail());
  EXPECT_EQ(conjuncts[1]->columns(), (std::vector<int>{0, 1}));
  EXPECT_TRUE(conjuncts[1]->may_fail());
}

TEST(Filter, ConjunctsShareColumns) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64()),
                     arrow::field("c", arrow::int64())});
  const auto bind = [&](std::string_view text) {
    return Filter::Bind(*ParseExpression(text, "where").ValueOrDie(), *schema, "where")
        .ValueOrDie();
  };
  const auto filter = bind("c > 1 AND a = 2 AND c < 9 AND (a = 1 OR b = 2)");
  EXPECT_EQ(filter->columns(), (std::vector<int>{0, 1, 2}));
  const auto conjuncts = filter->Conjuncts();
  ASSERT_EQ(conjuncts.size(), 3U);
  EXPECT_EQ(conjuncts[0]->columns(), (std::vector<int>{2}));
  EXPECT_EQ(conjuncts[1]->columns(), (std::vector<int>{0}));
  EXPECT_EQ(conjuncts[2]->columns(), (std::vector<int>{0, 1}));
  EXPECT_EQ(bind("a=1")->hash(), bind(" (a) = 0x1 -- one")->hash());
  EXPECT_NE(bind("a=1")->hash(), bind("a=2")->hash());
}

}  // namespace
}  // namespace emberharmony::io::filter
