#include "emberharmony/base/fingerprint.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace emberharmony::base {
namespace {

// The example of BigQuery's documentation of FARM_FINGERPRINT:
// FARM_FINGERPRINT(CONCAT(CAST(x AS STRING), y, CAST(z AS STRING))).
TEST(Fingerprint64, IsBigQuerysFarmFingerprint) {
  EXPECT_EQ(static_cast<int64_t>(Fingerprint64("1footrue")), -1541654101129638711);
  EXPECT_EQ(static_cast<int64_t>(Fingerprint64("2applefalse")), 2794438866806483259);
  EXPECT_EQ(static_cast<int64_t>(Fingerprint64("3true")), -4880158226897771312);
}

// Known answers of the C++ reference, as published with its ports; of 0, 1 to 3, 4 to 7, 8 to 16,
// 17 to 32 and 33 to 64 bytes, which FarmHash treats differently.
TEST(Fingerprint64, KnownAnswersOfEveryLengthClass) {
  const std::vector<std::pair<std::string, uint64_t>> answers = {
      {"", 0x9ae16a3b2f90404f},
      {"a", 0xb3454265b6df75e3},
      {"abc", 0x24a5b3a074e7f369},
      {"abcd", 0x1a5502de4a1f8101},
      {"abcdefgh", 0xfee9d22990c82909},
      {"abcdefghij", 0x8a3abb6a5f3fb7fb},
      {"size:  a.out:  bad magic", 0x80d73b843ba57db8},
      {"C is as portable as Stonehedge!!", 0xb944f8a16261e414},
      {"Discard medicine more than two years old.", 0xe8f89ab6df9bdd25},
  };
  for (const auto& [text, fingerprint] : answers)
    EXPECT_EQ(Fingerprint64(text), fingerprint) << text;
}

// Known answers of Guava's Hashing.farmHashFingerprint64, the last of more than 64 bytes.
TEST(Fingerprint64, KnownAnswersOfGuava) {
  std::string text = "test";
  EXPECT_EQ(static_cast<int64_t>(Fingerprint64(text)), 8581389452482819506);
  for (int doubling = 0; doubling < 3; ++doubling) text += text;
  EXPECT_EQ(static_cast<int64_t>(Fingerprint64(text)), -4196240717365766262);
  for (int doubling = 0; doubling < 3; ++doubling) text += text;
  EXPECT_EQ(static_cast<int64_t>(Fingerprint64(text)), 3500507768004279527);
}

TEST(Fingerprint64, EveryLengthAroundTheBordersMatters) {
  const std::string bytes(300, 'x');
  std::vector<uint64_t> seen;
  for (size_t length = 0; length <= bytes.size(); ++length) {
    const uint64_t value = Fingerprint64(std::string_view(bytes).substr(0, length));
    for (uint64_t other : seen) EXPECT_NE(value, other) << length;
    seen.push_back(value);
  }
}

}  // namespace
}  // namespace emberharmony::base
