#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::io::filter {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Canonical(std::string_view text) {
  auto parsed = ParseExpression(text, "where");
  return parsed.ok() ? WriteSql(**parsed) : "error: " + parsed.status().message();
}

std::string ErrorOf(std::string_view text) {
  const auto parsed = ParseExpression(text, "where");
  if (parsed.ok()) return "parsed: " + WriteSql(**parsed);
  EXPECT_EQ(base::KindOf(parsed.status()), base::ErrorKind::kUsage) << text;
  return parsed.status().message();
}

TEST(Parser, WritesOneFormForWhatMeansTheSame) {
  EXPECT_EQ(Canonical("a=1"), "a = 1");
  EXPECT_EQ(Canonical(" ( a ) <> 0x10 -- sixteen\n"), "a != 16");
  EXPECT_EQ(Canonical("a>1 and not b or c"), "a > 1 AND NOT b OR c");
  EXPECT_EQ(Canonical("a>1 and (not (b or c))"), "a > 1 AND NOT (b OR c)");
  EXPECT_EQ(Canonical("(a or b) and c"), "(a OR b) AND c");
  EXPECT_EQ(Canonical("NOT a = 1"), "NOT a = 1");
  EXPECT_EQ(Canonical("(NOT a) = b"), "(NOT a) = b");
  EXPECT_EQ(Canonical("a NOT IN (1, 2.50, 'x')"), "a NOT IN (1, 2.5, 'x')");
  EXPECT_EQ(Canonical("a between -1 and +2 AND b"), "a BETWEEN -1 AND 2 AND b");
  EXPECT_EQ(Canonical("a like r'x\\%%' /* a per cent sign */"), "a LIKE 'x\\\\%%'");
  EXPECT_EQ(Canonical("a is not null and (a > 1) is true"), "a IS NOT NULL AND (a > 1) IS TRUE");
  EXPECT_EQ(Canonical("is_nan(a) AND NOT IS_INF(`b c`)"), "IS_NAN(a) AND NOT IS_INF(`b c`)");
  EXPECT_EQ(Canonical("`select`.x.`y z` = 1"), "`select`.x.`y z` = 1");
  EXPECT_EQ(Canonical("date > '2001-01-01'"), "date > '2001-01-01'");
}

TEST(Parser, Literals) {
  EXPECT_EQ(Canonical("a = 1e3"), "a = 1000.0");
  EXPECT_EQ(Canonical("a = .5"), "a = 0.5");
  EXPECT_EQ(Canonical("a = 58."), "a = 58.0");
  EXPECT_EQ(Canonical("a = 0.1000"), "a = 0.1");
  EXPECT_EQ(Canonical("a = 1.5E-300"), "a = 15e-301");
  EXPECT_EQ(Canonical("a = -9223372036854775808"), "a = -9223372036854775808");
  EXPECT_EQ(Canonical("a = 18446744073709551615"), "a = 18446744073709551615");
  EXPECT_EQ(Canonical("a = DATE '2001-1-31'"), "a = DATE '2001-01-31'");
  EXPECT_EQ(Canonical("a = datetime \"2001-01-31T5:06:07.250\""),
            "a = DATETIME '2001-01-31 05:06:07.25'");
  EXPECT_EQ(Canonical("a = TIMESTAMP '2001-01-31 05:06:07+01:30'"),
            "a = TIMESTAMP '2001-01-31 03:36:07+00:00'");
  EXPECT_EQ(Canonical("a = TIMESTAMP '1969-12-31 23:59:59.999999 UTC'"),
            "a = TIMESTAMP '1969-12-31 23:59:59.999999+00:00'");
  EXPECT_EQ(Canonical("a = TIMESTAMP '2001-01-31-08'"),
            "a = TIMESTAMP '2001-01-31 08:00:00+00:00'");
  EXPECT_EQ(Canonical("a = DATETIME '0001-01-01'"), "a = DATETIME '0001-01-01 00:00:00'");
  EXPECT_EQ(Canonical("a = TIME '05:06:07.5'"), "a = TIME '05:06:07.5'");
  EXPECT_EQ(Canonical("a = NUMERIC '-012.340'"), "a = NUMERIC '-12.34'");
  EXPECT_EQ(Canonical("a = DECIMAL '1.0000000005'"), "a = NUMERIC '1.000000001'");
  EXPECT_EQ(Canonical("a = BIGNUMERIC '1e38'"),
            "a = BIGNUMERIC '100000000000000000000000000000000000000'");
  EXPECT_EQ(Canonical("a = CAST('-Infinity' AS FLOAT64)"), "a = CAST('-inf' AS FLOAT64)");
  EXPECT_EQ(Canonical("a = cast('2001-01-31' as date)"), "a = DATE '2001-01-31'");
}

TEST(Parser, Casts) {
  EXPECT_EQ(Canonical("cast(a as integer) = 1"), "CAST(a AS INT64) = 1");
  EXPECT_EQ(Canonical("safe_cast(s.x as decimal) > 1"), "SAFE_CAST(s.x AS NUMERIC) > 1");
  EXPECT_EQ(Canonical("CAST(CAST(a AS DATE) AS STRING) = ''"),
            "CAST(CAST(a AS DATE) AS STRING) = ''");
  EXPECT_EQ(Canonical("CAST(a = 1 OR b AS STRING) = 'x'"), "CAST(a = 1 OR b AS STRING) = 'x'");
  EXPECT_EQ(Canonical("safe_cast > 1"), "safe_cast > 1");
  // Of constants at once.
  EXPECT_EQ(Canonical("a = CAST('77' AS INT64)"), "a = 77");
  EXPECT_EQ(Canonical("a = CAST(-2.5 AS INT64)"), "a = -3");
  EXPECT_EQ(Canonical("a = CAST(1.5 AS NUMERIC)"), "a = NUMERIC '1.5'");
  EXPECT_EQ(Canonical("a = CAST(0.1 AS BIGNUMERIC)"), "a = BIGNUMERIC '0.1'");
  EXPECT_EQ(Canonical("a = CAST(9007199254740993 AS FLOAT64)"), "a = 9007199254740992.0");
  EXPECT_EQ(Canonical("a = CAST(-1 AS FLOAT64)"), "a = -1.0");
  EXPECT_EQ(Canonical("a = CAST(NUMERIC '-0.125' AS FLOAT64)"), "a = -0.125");
  EXPECT_EQ(Canonical("a = CAST(TRUE AS INT64)"), "a = 1");
  EXPECT_EQ(Canonical("a = CAST('True' AS BOOL)"), "a = TRUE");
  EXPECT_EQ(Canonical("a = CAST(1e20 AS STRING)"), "a = '1e+20'");
  EXPECT_EQ(Canonical("a = CAST(0.1 AS STRING)"), "a = '0.1'");
  EXPECT_EQ(Canonical("a = CAST(BIGNUMERIC '1e38' AS STRING)"),
            "a = '100000000000000000000000000000000000000'");
  EXPECT_EQ(Canonical("a = CAST('abc' AS BYTES)"), "a = b'abc'");
  EXPECT_EQ(Canonical("a = CAST(TIMESTAMP '2001-01-31 00:30:00+01' AS DATE)"),
            "a = DATE '2001-01-30'");
  EXPECT_EQ(Canonical("a = CAST(DATETIME '2001-01-31 05:06:07.5' AS STRING)"),
            "a = '2001-01-31 05:06:07.500'");
  EXPECT_EQ(Canonical("a = CAST(DATETIME '0001-01-01 05:06:07' AS TIME)"), "a = TIME '05:06:07'");
  EXPECT_EQ(Canonical("a = SAFE_CAST('abc' AS INT64)"), "a = NULL");
  EXPECT_EQ(Canonical("a = CAST(NULL AS INT64)"), "a = NULL");
  EXPECT_THAT(ErrorOf("a = CAST('abc' AS INT64)"),
              StartsWith("where:1:10: expected an integer such as '12', found 'abc'"));
  EXPECT_THAT(ErrorOf("a = CAST(9223372036854775808 AS NUMERIC) OR a = CAST('0x' AS INT64)"),
              StartsWith("where:1:54: expected an integer"));
  EXPECT_THAT(ErrorOf("a = CAST(b'\\xff' AS STRING)"), HasSubstr("expected bytes that are UTF-8"));
  EXPECT_THAT(ErrorOf("a = CAST(TRUE AS DATE)"),
              StartsWith("where:1:18: there is no cast to DATE of a constant of type BOOL"));
  EXPECT_THAT(ErrorOf("CAST(a AS JSON) = 1"), StartsWith("where:1:11: expected BOOL, INT64"));
  EXPECT_THAT(ErrorOf("CAST(a AS STRING FORMAT 'x') = 1"), HasSubstr("with a format"));
  EXPECT_THAT(ErrorOf("CAST(a AS NUMERIC(10, 2)) = 1"), HasSubstr("have no parameters"));
  EXPECT_THAT(ErrorOf("CAST(a, INT64) = 1"), HasSubstr("expected AS and a type"));
}

TEST(Parser, Strings) {
  EXPECT_EQ(Canonical(R"(a = "it's")"), R"(a = 'it\'s')");
  EXPECT_EQ(Canonical(R"(a = '\x41\u00e9\U0001F600\101\t\\')"),
            "a = 'A\xC3\xA9\xF0\x9F\x98\x80"
            R"(A\x09\\')");
  EXPECT_EQ(Canonical(R"(a = '\xe9')"), "a = '\xC3\xA9'");  // a character, not a byte
  EXPECT_EQ(Canonical(R"(a = b'\xe9\x00z')"), R"(a = b'\xe9\x00z')");
  EXPECT_EQ(Canonical(R"(a = rb"\n")"), R"(a = b'\\n')");
  EXPECT_EQ(Canonical(R"(a = r'\'')"), R"(a = '\\\'')");
  EXPECT_EQ(Canonical("a = '''x\r\n'y'''"), R"(a = 'x\x0a\'y')");
  EXPECT_EQ(Canonical(R"(a = '')"), "a = ''");
}

TEST(Parser, ErrorsSayWhereAndWhat) {
  EXPECT_THAT(ErrorOf(""), StartsWith("where:1:1: expected a condition"));
  EXPECT_THAT(
      ErrorOf("a = 'x''y'"),
      StartsWith("where:1:8: expected AND, OR or the end of the filter, found ''y''; strings "
                 "do not join"));
  EXPECT_THAT(ErrorOf("a == 1"),
              StartsWith("where:1:4: expected a column or a constant, found '='; "
                         "equality is one ="));
  EXPECT_THAT(ErrorOf("a >\n  é"), StartsWith("where:2:3: expected a column"));
  EXPECT_THAT(ErrorOf("'é' = a b"), StartsWith("where:1:9: expected AND, OR"));
  EXPECT_THAT(ErrorOf("a + 1 > 2"),
              StartsWith("where:1:3: expected a comparison, found '+'; filters "
                         "do not calculate"));
  EXPECT_THAT(ErrorOf("SUM(a) > 2"), HasSubstr("found the aggregate 'SUM'"));
  EXPECT_THAT(ErrorOf("ISNAN(a)"), HasSubstr("did you mean 'IS_NAN'?"));
  EXPECT_THAT(ErrorOf("a < b < c"), HasSubstr("where:1:7: expected AND, OR or parentheses"));
  EXPECT_THAT(ErrorOf("a IN ()"),
              StartsWith("where:1:7: expected a column or a constant, found ')'"));
  EXPECT_THAT(ErrorOf("a IN (1, 2"), HasSubstr("expected ',' or ')' in the list, found the end"));
  EXPECT_THAT(ErrorOf("a BETWEEN 1 OR 2"),
              HasSubstr("where:1:13: expected AND and the upper bound"));
  EXPECT_THAT(ErrorOf("a IS 1"), StartsWith("where:1:6: expected NULL, TRUE or FALSE"));
  EXPECT_THAT(ErrorOf("select = 1"), HasSubstr("backquotes"));
  EXPECT_THAT(ErrorOf("a = 'x"), StartsWith("where:1:5: expected ' at the end of the string"));
  EXPECT_THAT(ErrorOf("a = '\\q'"), StartsWith("where:1:6: expected an escape"));
  EXPECT_THAT(ErrorOf("a = '\\xg0'"), HasSubstr("hexadecimal digits"));
  EXPECT_THAT(ErrorOf("a = b'\\u0041'"), HasSubstr("expected an escape"));
  EXPECT_THAT(ErrorOf("a = '\\ud800'"), HasSubstr("expected the number of a character"));
  EXPECT_THAT(ErrorOf("a = 12abc"), StartsWith("where:1:7: expected a space or an operator"));
  EXPECT_THAT(ErrorOf("a = 18446744073709551616"), HasSubstr("from -2^63 to 2^64 - 1"));
  EXPECT_THAT(ErrorOf("a = -9223372036854775809"), HasSubstr("from -2^63 to 2^64 - 1"));
  EXPECT_THAT(ErrorOf("a = 1e309"), HasSubstr("out of the range of FLOAT64"));
  EXPECT_THAT(ErrorOf("a = DATE '2001-02-29'"),
              StartsWith("where:1:10: '2001-02-29': there is no such day"));
  EXPECT_THAT(ErrorOf("a = TIMESTAMP '2001-02-28 01:00:00 Europe/Paris'"),
              HasSubstr("zones with names are not supported; write the offset"));
  EXPECT_THAT(ErrorOf("a = TIMESTAMP '2001-02-28 01:00:00+15'"), HasSubstr("offsets"));
  EXPECT_THAT(ErrorOf("a = DATETIME '2001-02-28 24:00:00'"), HasSubstr("expected a datetime"));
  EXPECT_THAT(ErrorOf("a = NUMERIC '1e29'"), HasSubstr("out of the range of NUMERIC"));
  EXPECT_THAT(ErrorOf("a = POINT '1'"), HasSubstr("literals with a type"));
  EXPECT_THAT(ErrorOf("a = JSON '1'"),
              StartsWith("where:1:5: filters know no values of type JSON"));
  EXPECT_THAT(ErrorOf("a > INTERVAL 1 DAY"),
              StartsWith("where:1:5: filters know no values of type INTERVAL"));
  EXPECT_THAT(ErrorOf("RANGE<DATE> '[2001-01-01, UNBOUNDED)' IS NULL"),
              StartsWith("where:1:1: filters know no values of type RANGE"));
  EXPECT_THAT(ErrorOf("a = @x"), HasSubstr("parameters"));
  EXPECT_THAT(ErrorOf("a = 1;"), StartsWith("where:1:6: expected AND, OR or the end"));
  EXPECT_THAT(ErrorOf("a = 1 /* x"), HasSubstr("'*/'"));
  EXPECT_THAT(ErrorOf("a = ``"), HasSubstr("between the backquotes"));
  EXPECT_THAT(ErrorOf("a = 'x' IN ('x')"), HasSubstr("parentheses around"));
  EXPECT_THAT(ErrorOf("a = \xff"), HasSubstr("expected UTF-8"));
}

TEST(Parser, Bounds) {
  const auto repeated = [](std::string_view text, int n) {
    std::string result;
    for (int i = 0; i < n; ++i) result += text;
    return result;
  };
  const std::string deep = repeated("(", kDepthMax) + "a" + repeated(")", kDepthMax);
  EXPECT_EQ(Canonical(deep), "a");
  EXPECT_THAT(ErrorOf("(" + deep + ")"), HasSubstr("one in the other"));
  const std::string not_deep = repeated("NOT ", kDepthMax) + "a";
  EXPECT_EQ(Canonical(not_deep), not_deep);
  EXPECT_THAT(ErrorOf("NOT " + not_deep), HasSubstr("one in the other"));
  const std::string casts =
      repeated("CAST(", kDepthMax) + "a" + repeated(" AS STRING)", kDepthMax) + " = 'x'";
  EXPECT_EQ(Canonical(casts), casts);
  EXPECT_THAT(ErrorOf("(" + casts + ")"), HasSubstr("one in the other"));
  EXPECT_THAT(ErrorOf(std::string(kTextBytesMax + 1, ' ')), HasSubstr("at most 1048576 bytes"));
  EXPECT_THAT(ErrorOf("a IN (" + repeated("1,", 200000) + "1)"), HasSubstr("at most 131072 terms"));
  EXPECT_TRUE(ParseExpression("a IN (" + repeated("1,", 100000) + "1)", "where").ok());
  EXPECT_TRUE(ParseExpression(repeated("a OR ", 100000) + "a", "where").ok());
  // Messages stay short whatever they quote.
  EXPECT_LT(ErrorOf("a = DATE '" + std::string(500000, 'x') + "'").size(), 300U);
}

/// Random sequences of tokens: an error or a tree that its text gives back.
TEST(Parser, TokenSoup) {
  const std::vector<std::string> tokens = {
      "a",     "`b c`",      "date",    "1",      "-",
      "2.5",   "'x'",        "b'y'",    "TRUE",   "NULL",
      "AND",   "OR",         "NOT",     "IN",     "(",
      ")",     ",",          "BETWEEN", "LIKE",   "IS",
      "=",     "<",          "!=",      "DATE",   "'2001-01-01'",
      ".",     "IS_NAN",     "CAST",    "AS",     "FLOAT64",
      "INT64", "SAFE_CAST(", "'''",     "--",     "\n",
      "@",     "0x",         "\\",      "SELECT", "IS_INF(a)",
      "a = 1", "(a)"};
  std::mt19937_64 random(20011);
  int parsed = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string text;
    const auto length = random() % 12;
    for (uint64_t i = 0; i < length; ++i) {
      text += tokens[random() % tokens.size()];
      if (random() % 4 != 0) text += ' ';
    }
    const auto expression = ParseExpression(text, "soup");
    if (!expression.ok()) {
      ASSERT_THAT(expression.status().message(), StartsWith("soup:")) << text;
      continue;
    }
    ++parsed;
    const std::string canonical = WriteSql(**expression);
    const auto again = ParseExpression(canonical, "again");
    ASSERT_TRUE(again.ok()) << text << "\n" << canonical << "\n" << again.status().message();
    ASSERT_TRUE(SameExpression(**expression, **again)) << text << "\n" << canonical;
    ASSERT_EQ(WriteSql(**again), canonical);
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace emberharmony::io::filter
