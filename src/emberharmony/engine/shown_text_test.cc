#include "emberharmony/engine/shown_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace emberharmony::engine {
namespace {

TEST(ShownTextTest, KeepsWhatIsPlain) {
  EXPECT_EQ(ShownText("distance"), "distance");
  EXPECT_EQ(ShownText("Größe 距離 🙂"), "Größe 距離 🙂");
  EXPECT_EQ(ShownText(""), "");
}

TEST(ShownTextTest, MakesControlsDirectionMarksAndBrokenBytesVisible) {
  EXPECT_EQ(ShownText("a\nb"), "a\\nb");
  EXPECT_EQ(ShownText(std::string("\0\t\x1b[31m\x7f", 8)), "\\x00\\x09\\x1b[31m\\x7f");
  EXPECT_EQ(ShownText("\xc2\x85"), "\\xc2\\x85");                   // C1 "next line"
  EXPECT_EQ(ShownText("\u202egnp.exe"), "\\xe2\\x80\\xaegnp.exe");  // right-to-left override
  EXPECT_EQ(ShownText("\u2066x\u2069"), "\\xe2\\x81\\xa6x\\xe2\\x81\\xa9");
  EXPECT_EQ(ShownText("\ufeffx"), "\\xef\\xbb\\xbfx");
  EXPECT_EQ(ShownText("\xff\xc3"), "\\xff\\xc3");           // never and cut sequences
  EXPECT_EQ(ShownText("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(ShownText("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(ShownText("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(ShownTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(ShownText("abcdef", 6), "abcdef");
  EXPECT_EQ(ShownText("abcdef", 4), "abcd\u2026");
  EXPECT_EQ(ShownText("aöö", 4), "aö\u2026");
  EXPECT_EQ(ShownText("aöö", 5), "aöö");
}

TEST(ShownTextTest, ApplyingItAgainChangesNothing) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string once = ShownText(bytes);
    EXPECT_EQ(ShownText(once), once);
    for (const char c : once) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20);
  }
}

TEST(ShownNumberTest, SixDigitsWithThousands) {
  EXPECT_EQ(ShownNumber(0), "0");
  EXPECT_EQ(ShownNumber(-0.0), "0");
  EXPECT_EQ(ShownNumber(5), "5");
  EXPECT_EQ(ShownNumber(1.0 / 24), "0.0416667");
  EXPECT_EQ(ShownNumber(-1234.5678), "-1,234.57");
  EXPECT_EQ(ShownNumber(999.9999999), "1,000");
  EXPECT_EQ(ShownNumber(12345678.9), "12,345,679");
  EXPECT_EQ(ShownNumber(1e15), "1e15");
  EXPECT_EQ(ShownNumber(-2.5e-9), "-2.5e-9");
  EXPECT_EQ(ShownNumber(std::nan("")), "NaN");
  EXPECT_EQ(ShownNumber(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(ShownNumberTest, FullDigitsReadBackToTheSameDouble) {
  EXPECT_EQ(FullNumber(5), "5");
  EXPECT_EQ(FullNumber(0.1), "0.1");
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; ++round) {
    const double number =
        std::ldexp(static_cast<double>(random() >> 11), -static_cast<int>(random() % 80));
    EXPECT_EQ(std::stod(FullNumber(number)), number);
  }
}

TEST(ShownNumberTest, CountsMagnitudesDurationsAndShares) {
  EXPECT_EQ(ShownCount(0), "0");
  EXPECT_EQ(ShownCount(999), "999");
  EXPECT_EQ(ShownCount(1000), "1,000");
  EXPECT_EQ(ShownCount(-1234567), "-1,234,567");
  EXPECT_EQ(ShownCount(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(ShownMagnitude(1562500), "1.56 M");
  EXPECT_EQ(ShownMagnitude(999.7), "1 k");
  EXPECT_EQ(ShownMagnitude(12.34), "12.3");
  EXPECT_EQ(ShownDuration(0.0004), "0 ms");
  EXPECT_EQ(ShownDuration(0.43), "430 ms");
  EXPECT_EQ(ShownDuration(1.923), "1.92 s");
  EXPECT_EQ(ShownDuration(59.96), "1 min 0 s");
  EXPECT_EQ(ShownDuration(192), "3 min 12 s");
  EXPECT_EQ(ShownDuration(7500), "2 h 5 min");
  EXPECT_EQ(ShownShare(0), "0 %");
  EXPECT_EQ(ShownShare(1), "100 %");
  EXPECT_EQ(ShownShare(0.1234), "12.3 %");
  EXPECT_EQ(ShownShare(1e-9), "< 0.1 %");
  EXPECT_EQ(ShownShare(0.99999), "> 99.9 %");
}

}  // namespace
}  // namespace emberharmony::engine
