#include "emberharmony/base/comma_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Items(std::string_view text) { return ParseCommaList(text).ValueOrDie(); }

TEST(ParseCommaList, ReadsALineOfCsv) {
  EXPECT_THAT(Items("a"), ElementsAre("a"));
  EXPECT_THAT(Items("a,b c, d"), ElementsAre("a", "b c", " d"));
  EXPECT_THAT(Items(R"("a,b",c)"), ElementsAre("a,b", "c"));
  EXPECT_THAT(Items(R"(c,"say ""no"", twice")"), ElementsAre("c", R"(say "no", twice)"));
  EXPECT_THAT(Items(R"(5" pipe,[x,y])"), ElementsAre("5\" pipe", "[x", "y]"));
  EXPECT_THAT(Items(""), ElementsAre(""));
  EXPECT_THAT(Items(R"("",a,)"), ElementsAre("", "a", ""));
}

TEST(ParseCommaList, SaysWhatIsWrongWithQuotes) {
  const auto message = [](std::string_view text) {
    const arrow::Status status = ParseCommaList(text).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kUsage);
    return status.message();
  };
  EXPECT_THAT(message(R"(a,"b)"), HasSubstr("expected a double quote at the end"));
  EXPECT_THAT(message(R"("b"")"), HasSubstr("expected a double quote at the end"));
  EXPECT_THAT(message(R"("a"b,c)"), HasSubstr("expected a comma after a name in double quotes"));
}

TEST(CommaList, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(CommaListItem("plain \"name\""), "plain \"name\"");
  EXPECT_EQ(CommaListItem("a,b"), R"("a,b")");
  EXPECT_EQ(CommaListItem("\"a\""), R"("""a""")");
  const std::vector<std::string> names = {"a", "b,\"c\"", "\"", "", "d"};
  EXPECT_EQ(Items(CommaList(names)), names);
  EXPECT_EQ(CommaList(names, ", "), R"(a, "b,""c""", """", , d)");
  EXPECT_EQ(CommaList({}), "");
}

}  // namespace
}  // namespace emberharmony::base
