#include "emberharmony/base/utf8.h"

#include <arrow/util/utf8.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace emberharmony::base {
namespace {

TEST(Utf8, SequencesAndMaximalSubparts) {
  size_t invalid = 0;
  EXPECT_EQ(Utf8SequenceLength("a"), 1u);
  EXPECT_EQ(Utf8SequenceLength("\xC3\xA9x"), 2u);
  EXPECT_EQ(Utf8SequenceLength("\xE2\x82\xAC"), 3u);
  EXPECT_EQ(Utf8SequenceLength("\xF0\x9F\x98\x80"), 4u);
  // Overlong, surrogate, beyond U+10FFFF, cut: the examples of the standard's section 3.9.
  EXPECT_EQ(Utf8SequenceLength("\xC0\xAF", &invalid), 0u);
  EXPECT_EQ(invalid, 1u);
  EXPECT_EQ(Utf8SequenceLength("\xED\xA0\x80", &invalid), 0u);
  EXPECT_EQ(invalid, 1u);
  EXPECT_EQ(Utf8SequenceLength("\xF4\x90\x80\x80", &invalid), 0u);
  EXPECT_EQ(invalid, 1u);
  EXPECT_EQ(Utf8SequenceLength("\xF0\x9F\x98", &invalid), 0u);
  EXPECT_EQ(invalid, 3u);
}

TEST(Utf8, AgreesWithArrow) {
  arrow::util::InitializeUTF8();
  std::mt19937 random(11);
  const std::string alphabet =
      "a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xDF\xE0\xE1\xED\xEF\xF0\xF1\xF4\xF5";
  int valid = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string bytes(random() % 6, '\0');
    for (char& c : bytes) c = alphabet[random() % alphabet.size()];
    const bool expected = arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                    static_cast<int64_t>(bytes.size()));
    ASSERT_EQ(IsUtf8(bytes), expected);
    valid += expected;
  }
  EXPECT_GT(valid, 1000);
}

}  // namespace
}  // namespace emberharmony::base
