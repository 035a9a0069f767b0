#include "emberharmony/base/spelling.h"

#include <gtest/gtest.h>

#include <vector>

namespace emberharmony::base {
namespace {

const std::vector<std::string> kSteps = {"impute", "scale",   "log1p",
                                         "clip",   "one_hot", "vocabulary"};

TEST(NearestName, FindsSlipsOfTheFingers) {
  EXPECT_EQ(NearestName("one-hot", kSteps), "one_hot");        // substitution
  EXPECT_EQ(NearestName("onehot", kSteps), "one_hot");         // deletion
  EXPECT_EQ(NearestName("sclae", kSteps), "scale");            // transposition
  EXPECT_EQ(NearestName("immpute", kSteps), "impute");         // insertion
  EXPECT_EQ(NearestName("VOCABULARY", kSteps), "vocabulary");  // case
}

TEST(NearestName, DoesNotGuessWildly) {
  EXPECT_EQ(NearestName("quantize", kSteps), "");
  EXPECT_EQ(NearestName("x", kSteps), "");
  EXPECT_EQ(NearestName("", kSteps), "");
  EXPECT_EQ(NearestName("scale", {}), "");
  const std::vector<std::string> letters = {"a", "b"};
  EXPECT_EQ(NearestName("c", letters), "");
  EXPECT_EQ(NearestName("B", letters), "b");
  EXPECT_EQ(NearestName(std::string(1000, 'a'), kSteps), "");
}

TEST(NearestName, TakesTheNearestAndOfEqualOnesTheFirst) {
  const std::vector<std::string> names = {"delay2", "delays", "delay"};
  EXPECT_EQ(NearestName("delay", names), "delay");
  EXPECT_EQ(NearestName("delay1", names), "delay2");
}

TEST(NearestName, KnowsBeginnings) {
  EXPECT_EQ(NearestName("vocab", kSteps), "vocabulary");
  EXPECT_EQ(NearestName("Imp", kSteps), "impute");
  EXPECT_EQ(NearestName("vo", kSteps), "");
  EXPECT_EQ(NearestName("vocabularies of words", kSteps), "");
  const std::vector<std::string> names = {"departure_time", "departure", "date"};
  EXPECT_EQ(NearestName("dep", names), "departure");
  EXPECT_EQ(NearestName("dat", names), "date");
}

TEST(DidYouMean, IsPartOfASentence) {
  EXPECT_EQ(DidYouMean("one-hot", kSteps), "; did you mean 'one_hot'?");
  EXPECT_EQ(DidYouMean("bucketize", kSteps), "");
}

}  // namespace
}  // namespace emberharmony::base
