#include <map>
#include <set>

#include "emberharmony/feature/row_transform_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

TEST(Cross, JoinsTheTextsOfValues) {
  const auto step = MakeRowStep("cross", nullptr,
                                RowContextOf({arrow::utf8(), arrow::int64(), arrow::date32()}, 3));
  RowBlock rows;
  rows.num_rows = 4;
  rows.columns = {ArrayOf(arrow::utf8(), R"(["a", "b", null, "a"])"),
                  ArrayOf(arrow::int64(), "[1, 2, 3, 1]"),
                  ArrayOf(arrow::date32(), "[0, 1, 2, 0]")};
  const auto outputs = ApplyRowsInAnyBatches(*step, rows);
  EXPECT_TRUE(outputs[0]->Equals(
      ArrayOf(arrow::utf8(),
              R"(["a x 1 x 1970-01-01", "b x 2 x 1970-01-02", null, "a x 1 x 1970-01-01"])")));
  EXPECT_EQ(step->outputs()[0].name, "a_x_b_x_c");
}

// All texts of up to four letters that could be taken for separators, in pairs and triples.
TEST(Cross, NoTwoRowsShareAText) {
  const std::string letters = " x\\a";
  std::vector<std::string> texts = {""};
  for (size_t begin = 0, length = 0; length < 3; ++length) {
    const size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const char letter : letters) texts.push_back(texts[begin] + letter);
    }
  }
  arrow::StringBuilder first;
  arrow::StringBuilder second;
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      ASSERT_TRUE(first.Append(a).ok());
      ASSERT_TRUE(second.Append(b).ok());
    }
  }
  RowBlock rows;
  rows.columns = {*first.Finish(), *second.Finish()};
  rows.num_rows = rows.columns[0]->length();
  const auto pair = MakeRowStep("cross", nullptr, RowContextOf({arrow::utf8(), arrow::utf8()}, 2));
  const auto crossed = ApplyRows(*pair, rows, rows.num_rows)[0];
  std::set<std::string> seen;
  for (int64_t i = 0; i < crossed->length(); ++i) {
    const auto text = static_cast<const arrow::StringArray&>(*crossed).GetString(i);
    EXPECT_TRUE(seen.insert(text).second) << "'" << text << "'";
  }
}

TEST(Cross, RefusesWhatItCannotJoin) {
  EXPECT_THAT(RowRefusal("cross", nullptr, RowContextOf({arrow::utf8()}, 1)),
              testing::HasSubstr("two columns or more"));
  EXPECT_THAT(RowRefusal("cross", {{"by", "a"}}, RowContextOf({arrow::utf8(), arrow::utf8()}, 2)),
              testing::HasSubstr("takes no options"));
  EXPECT_THAT(
      RowRefusal("cross", nullptr, RowContextOf({arrow::utf8(), arrow::decimal128(5, 2)}, 2)),
      testing::HasSubstr("column 'b'"));
}

TEST(Cross, DescribesItself) {
  const auto step = MakeRowStep("cross", nullptr, RowContextOf({arrow::utf8(), arrow::utf8()}, 2));
  EXPECT_EQ(step->Describe(), (nlohmann::json{{"step", "cross"}}));
  EXPECT_TRUE(step->Restore(ThroughFile(step->Describe()), nullptr).ok());
  EXPECT_EQ(base::KindOf(step->Restore({{"step", "cross"}, {"extra", 1}}, nullptr)),
            base::ErrorKind::kData);
}

}  // namespace
}  // namespace emberharmony::feature
