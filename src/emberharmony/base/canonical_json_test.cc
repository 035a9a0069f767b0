#include "emberharmony/base/canonical_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace emberharmony::base {
namespace {

using nlohmann::json;

TEST(CanonicalJson, SortsKeysAndIndents) {
  const json value = {{"b", {1, 2}},
                      {"a", {{"z", nullptr}, {"Z", true}}},
                      {"e", json::object()},
                      {"f", json::array()}};
  EXPECT_EQ(CanonicalJson(value),
            "{\n"
            "  \"a\": {\n"
            "    \"Z\": true,\n"
            "    \"z\": null\n"
            "  },\n"
            "  \"b\": [\n"
            "    1,\n"
            "    2\n"
            "  ],\n"
            "  \"e\": {},\n"
            "  \"f\": []\n"
            "}\n");
}

TEST(CanonicalJson, WritesDoublesInTheShortestForm) {
  EXPECT_EQ(CanonicalJson(0.1), "0.1\n");
  EXPECT_EQ(CanonicalJson(1.0), "1.0\n");
  EXPECT_EQ(CanonicalJson(-0.0), "-0.0\n");
  EXPECT_EQ(CanonicalJson(1e300), "1e+300\n");
  EXPECT_EQ(CanonicalJson(5e-324), "5e-324\n");
  EXPECT_EQ(CanonicalJson(std::nan("")), "\"NaN\"\n");
  EXPECT_EQ(CanonicalJson(std::numeric_limits<double>::infinity()), "\"Infinity\"\n");
  EXPECT_EQ(CanonicalJson(-std::numeric_limits<double>::infinity()), "\"-Infinity\"\n");
}

TEST(CanonicalJson, DoublesReadBackToTheSameBits) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    EXPECT_EQ(json::parse(CanonicalJson(value)).get<double>(), value);
  }
}

TEST(CanonicalJson, WritesIntegersBeyond2To53AsStrings) {
  EXPECT_EQ(CanonicalJson(int64_t{9007199254740992}), "9007199254740992\n");
  EXPECT_EQ(CanonicalJson(int64_t{9007199254740993}), "\"9007199254740993\"\n");
  EXPECT_EQ(CanonicalJson(int64_t{-9007199254740992}), "-9007199254740992\n");
  EXPECT_EQ(CanonicalJson(std::numeric_limits<int64_t>::min()), "\"-9223372036854775808\"\n");
  EXPECT_EQ(CanonicalJson(std::numeric_limits<uint64_t>::max()), "\"18446744073709551615\"\n");
  EXPECT_EQ(CanonicalJson(-1), "-1\n");
}

TEST(CanonicalJson, EscapesStrings) {
  EXPECT_EQ(CanonicalJson("a\"b\\c\n\t\x01"), "\"a\\\"b\\\\c\\n\\t\\u0001\"\n");
  EXPECT_EQ(CanonicalJson("Zürich \U0001F600"), "\"Zürich \U0001F600\"\n");
}

TEST(CanonicalJson, ReplacesInvalidUtf8ByMaximalSubparts) {
  // The example of the Unicode standard, section 3.9, table 3-8 (U+FFFD for each maximal subpart).
  EXPECT_EQ(CanonicalJson("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffdA\"\n");
  EXPECT_EQ(CanonicalJson("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
            "\"\\ufffd\\ufffd\\ufffd\\ufffdA\"\n");
  EXPECT_EQ(CanonicalJson("\xED\xA0\x80"), "\"\\ufffd\\ufffd\\ufffd\"\n");  // a surrogate
  EXPECT_EQ(CanonicalJson("\xF4\x90\x80\x80"),
            "\"\\ufffd\\ufffd\\ufffd\\ufffd\"\n");  // above U+10FFFF
}

}  // namespace
}  // namespace emberharmony::base
