#include "emberharmony/feature/step_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::feature {
namespace {

using testing::HasSubstr;

TEST(StepOptions, ReadsWhatIsThere) {
  const nlohmann::json given = {{"method", "fast"}, {"size", 3},           {"limit", 0.5},
                                {"flag", true},     {"parts", {"b", "a"}}, {"value", "anything"}};
  StepOptions options("demo", given);
  EXPECT_EQ(options.Choice("method", {"slow", "fast"}), "fast");
  EXPECT_EQ(options.Integer("size", 1, 0, 10), 3);
  EXPECT_EQ(options.Number("limit"), 0.5);
  EXPECT_TRUE(options.Boolean("flag", false));
  EXPECT_EQ(options.Choices("parts", {"a", "b", "c"}), (std::vector<std::string>{"b", "a"}));
  ASSERT_NE(options.Value("value"), nullptr);
  EXPECT_EQ(*options.Value("value"), "anything");
  EXPECT_TRUE(options.Finish().ok());
}

TEST(StepOptions, FallsBackToDefaults) {
  StepOptions options("demo", nullptr);
  EXPECT_EQ(options.Choice("method", {"slow", "fast"}, "fast"), "fast");
  EXPECT_EQ(options.Integer("size", 7, 0, 10), 7);
  EXPECT_EQ(options.Number("limit"), std::nullopt);
  EXPECT_FALSE(options.Boolean("flag", false));
  EXPECT_EQ(options.Value("value"), nullptr);
  EXPECT_TRUE(options.Finish().ok());
}

TEST(StepOptions, TakesAShorthand) {
  StepOptions one("demo", "fast", "method");
  EXPECT_EQ(one.Choice("method", {"slow", "fast"}), "fast");
  EXPECT_TRUE(one.Finish().ok());
  StepOptions list("demo", nlohmann::json::array({"a", "c"}), "parts");
  EXPECT_EQ(list.Choices("parts", {"a", "b", "c"}), (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(list.Finish().ok());
  StepOptions single("demo", "a", "parts");
  EXPECT_EQ(single.Choices("parts", {"a", "b"}), (std::vector<std::string>{"a"}));
}

TEST(StepOptions, ReportsAllFaultsTogether) {
  const nlohmann::json given = {
      {"method", "fasst"},        {"size", 11}, {"limit", "x"}, {"flag", 1},
      {"parts", {"a", "a", "d"}}, {"valeu", 1}};
  StepOptions options("demo", given);
  options.Choice("method", {"slow", "fast"});
  options.Integer("size", 1, 0, 10);
  options.Number("limit");
  options.Boolean("flag", false);
  options.Choices("parts", {"a", "b"});
  options.Value("value");
  const arrow::Status status = options.Finish();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  EXPECT_THAT(status.message(), HasSubstr("demo: option 'method' must be one of slow, fast; "
                                          "found 'fasst'; did you mean 'fast'?"));
  EXPECT_THAT(status.message(), HasSubstr("'size' must be an integer from 0 to 10; found 11"));
  EXPECT_THAT(status.message(), HasSubstr("'limit' must be a finite number; found 'x'"));
  EXPECT_THAT(status.message(), HasSubstr("'flag' must be true or false; found 1"));
  EXPECT_THAT(status.message(), HasSubstr("'parts' names 'a' twice"));
  EXPECT_THAT(status.message(), HasSubstr("found 'd'"));
  EXPECT_THAT(status.message(), HasSubstr("unknown option 'valeu'; did you mean 'value'?"));
}

TEST(StepOptions, RefusesNumbersThatDoNotFit) {
  const nlohmann::json given = {{"a", 1.5}, {"b", UINT64_MAX}, {"c", "3"}};
  StepOptions options("demo", given);
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(options.Integer(key, -5, -9, INT64_MAX), -5);
  EXPECT_THAT(options.Finish().message(),
              testing::AllOf(HasSubstr("found 1.5"), HasSubstr("found 18446744073709551615"),
                             HasSubstr("found '3'")));
}

}  // namespace
}  // namespace emberharmony::feature
