#include "emberharmony/base/shortened.h"

#include <gtest/gtest.h>

namespace emberharmony::base {
namespace {

TEST(Shortened, LeavesWhatIsShort) {
  EXPECT_EQ(Shortened(""), "");
  EXPECT_EQ(Shortened("hann", 4), "hann");
}

TEST(Shortened, CutsAndTellsHowMuchThereWas) {
  EXPECT_EQ(Shortened("hanning", 4), "hann... (7 bytes)");
  EXPECT_EQ(Shortened(std::string(1 << 20, 'x')), std::string(80, 'x') + "... (1048576 bytes)");
}

TEST(Shortened, KeepsSequencesWhole) {
  EXPECT_EQ(Shortened("a\xf0\x9f\x94\xa5z", 4), "a... (6 bytes)");
  EXPECT_EQ(Shortened("a\xf0\x9f\x94\xa5z", 5), "a\xf0\x9f\x94\xa5... (6 bytes)");
  EXPECT_EQ(Shortened("\xe2\x82\xac\xe2\x82\xac", 2), "... (6 bytes)");
  // What is no UTF-8 is cut somewhere near.
  EXPECT_EQ(Shortened(std::string(10, '\x80'), 6), std::string(3, '\x80') + "... (10 bytes)");
}

}  // namespace
}  // namespace emberharmony::base
