#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "emberharmony/io/csv_text_internal.h"

namespace emberharmony::io::internal {
namespace {

TEST(CsvTextTest, Bools) {
  for (const char* text : {"true", "True", "TRUE", " true "}) {
    EXPECT_EQ(ParseCsvBool(text), true) << text;
  }
  for (const char* text : {"false", "False", "FALSE"}) {
    EXPECT_EQ(ParseCsvBool(text), false) << text;
  }
  for (const char* text : {"", "1", "0", "tRUE", "yes", "t", "true false"}) {
    EXPECT_EQ(ParseCsvBool(text), std::nullopt) << text;
  }
}

TEST(CsvTextTest, Integers) {
  EXPECT_EQ(ParseCsvInt64("0"), 0);
  EXPECT_EQ(ParseCsvInt64("-0"), 0);
  EXPECT_EQ(ParseCsvInt64(" 42\t"), 42);
  EXPECT_EQ(ParseCsvInt64("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseCsvInt64("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const char* text :
       {"", "-", "+1", "007", "-01", "9223372036854775808", "-9223372036854775809",
        "99999999999999999999", "1.0", "1e3", "1 2", "0x10", "1234567/", "12345678:", "--1"}) {
    EXPECT_EQ(ParseCsvInt64(text), std::nullopt) << text;
  }
  EXPECT_TRUE(IsCsvInteger("9223372036854775808"));
  EXPECT_TRUE(IsCsvInteger(" -99999999999999999999999 "));
  for (const char* text : {"", "-", "007", "1.0", "1e3", "abc"}) EXPECT_FALSE(IsCsvInteger(text));
}

TEST(CsvTextTest, IntegersOfAllLengths) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; ++round) {
    const auto value = static_cast<int64_t>(random()) >> (random() % 64);
    EXPECT_EQ(ParseCsvInt64(std::to_string(value)), value);
  }
  // A byte that is no digit in any place.
  for (const std::string digits : {"12345678", "1234567890123456", "123"}) {
    for (size_t place = 0; place < digits.size(); ++place) {
      for (int byte = 1; byte < 256; ++byte) {
        if (byte >= '0' && byte <= '9') continue;
        std::string text = digits;
        text[place] = static_cast<char>(byte);
        const bool sign_or_blank = place == 0
                                       ? byte == '-' || byte == ' ' || byte == '\t'
                                       : place + 1 == text.size() && (byte == ' ' || byte == '\t');
        EXPECT_EQ(ParseCsvInt64(text).has_value(), sign_or_blank) << text;
      }
    }
  }
}

TEST(CsvTextTest, FloatsAreTheNearestDoubles) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20000; ++round) {
    std::string text = round % 2 == 0 ? "-" : "";
    text += std::to_string(random() % 1000);
    text += '.';
    const auto digits = random() % 25;
    for (uint64_t i = 0; i < digits; ++i) text += static_cast<char>('0' + random() % 10);
    if (round % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 600) - 300);
    // The oracle is the C library, in the C locale.
    const double expected = std::strtod(text.c_str(), nullptr);
    if (std::isinf(expected)) continue;
    const auto value = ParseCsvFloat64(text);
    if (expected == 0 && !value) continue;  // too small
    ASSERT_TRUE(value.has_value()) << text;
    EXPECT_EQ(*value, expected) << text;
    EXPECT_EQ(std::signbit(*value), std::signbit(expected)) << text;
  }
}

TEST(CsvTextTest, FloatSpellings) {
  EXPECT_EQ(ParseCsvFloat64("2"), 2.0);
  EXPECT_EQ(ParseCsvFloat64(".5"), 0.5);
  EXPECT_EQ(ParseCsvFloat64("5."), 5.0);
  EXPECT_EQ(ParseCsvFloat64("-.5"), -0.5);
  EXPECT_EQ(ParseCsvFloat64("1E+5"), 1e5);
  EXPECT_EQ(ParseCsvFloat64("0e999"), 0.0);
  EXPECT_EQ(ParseCsvFloat64("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(ParseCsvFloat64(" 1.5 "), 1.5);
  for (const char* text : {"nan", "NaN", "NAN", "-nan"}) {
    EXPECT_TRUE(std::isnan(ParseCsvFloat64(text).value_or(0))) << text;
  }
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ParseCsvFloat64("inf"), infinity);
  EXPECT_EQ(ParseCsvFloat64("-Infinity"), -infinity);
  for (const char* text : {"", ".", "-", "+1", "1e", "1e+", "0x1p3", "1_000", "1,5", "00.5", "01",
                           "1e400", "-1e400", "1e-400", "nan(1)", "infinit", "1.5f", "e5", "..5"}) {
    EXPECT_EQ(ParseCsvFloat64(text), std::nullopt) << text;
  }
}

TEST(CsvTextTest, Dates) {
  EXPECT_EQ(ParseCsvDate("1970-01-01"), 0);
  EXPECT_EQ(ParseCsvDate("1969-12-31"), -1);
  EXPECT_EQ(ParseCsvDate("2000-02-29"), 11016);
  EXPECT_EQ(ParseCsvDate("2001-01-31"), 11353);
  EXPECT_EQ(ParseCsvDate("0001-01-01"), -719162);
  EXPECT_EQ(ParseCsvDate("9999-12-31"), 2932896);
  EXPECT_EQ(ParseCsvDate(" 1970-01-02 "), 1);
  for (const char* text : {"", "1970-1-1", "1970/01/01", "0000-01-01", "1900-02-29", "2001-02-29",
                           "2001-13-01", "2001-00-01", "2001-01-00", "2001-04-31", "20010101",
                           "2001-01-01 ", "x001-01-01", "2001-01-1x"}) {
    if (std::string(text) == "2001-01-01 ") continue;  // blanks around a value are nothing
    EXPECT_EQ(ParseCsvDate(text), std::nullopt) << text;
  }
}

TEST(CsvTextTest, Timestamps) {
  const auto seconds = [](const char* text) { return ParseCsvTimestamp(text).value().seconds; };
  EXPECT_EQ(seconds("1970-01-01T00:00:00"), 0);
  EXPECT_EQ(seconds("1970-01-02 01:02:03"), 86400 + 3723);
  EXPECT_EQ(seconds("1970-01-01T00:01"), 60);
  EXPECT_EQ(seconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(seconds("1970-01-01T02:00:00+02:00"), 0);
  EXPECT_EQ(seconds("1970-01-01T02:30:00+0230"), 0);
  EXPECT_EQ(seconds("1969-12-31 16:00:00-08"), 0);
  EXPECT_EQ(seconds("2001-01-31 05:06:07 UTC"), 980917567);
  EXPECT_EQ(ParseCsvTimestamp("1970-01-01T00:00:00.5")->nanoseconds, 500000000);
  EXPECT_EQ(ParseCsvTimestamp("1970-01-01T00:00:00.123456789Z")->nanoseconds, 123456789);
  EXPECT_FALSE(ParseCsvTimestamp("1970-01-01T00:00:00.123456000")->needs_nanoseconds());
  EXPECT_TRUE(ParseCsvTimestamp("1970-01-01T00:00:00.1234567")->needs_nanoseconds());
  EXPECT_TRUE(ParseCsvTimestamp("1970-01-01T00:00:00Z")->zoned);
  EXPECT_FALSE(ParseCsvTimestamp("1970-01-01T00:00:00")->zoned);
  EXPECT_TRUE(ParseCsvTimestamp("2262-04-11T23:47:16")->fits_nanoseconds());
  EXPECT_FALSE(ParseCsvTimestamp("2262-04-12T00:00:00")->fits_nanoseconds());
  for (const char* text :
       {"", "1970-01-01", "1970-01-01T00", "1970-01-01T24:00:00", "1970-01-01T00:60:00",
        "1970-01-01T00:00:60", "1970-01-01T00:00:00.", "1970-01-01T00:00:00.1234567890",
        "1970-01-01t00:00:00", "1970-01-01T00:00:00z", "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+0", "1970-01-01T00:00:00 CET", "1970-02-30T00:00:00",
        "1970-01-01T00:00:0", "1970-01-01T00:00:"}) {
    EXPECT_EQ(ParseCsvTimestamp(text).has_value(), false) << text;
  }
}

}  // namespace
}  // namespace emberharmony::io::internal
