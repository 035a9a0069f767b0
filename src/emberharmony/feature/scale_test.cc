#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

const std::vector<double> kValues = {3.5, -1.25, 0.0, 7.0, 7.0, 100.125, 0x1p-20};

// scikit-learn 1.9.1:
//   x = np.array([3.5, -1.25, 0.0, 7.0, 7.0, 100.125, 2.0**-20]).reshape(-1, 1)
//   StandardScaler().fit_transform(x), MinMaxScaler()..., MaxAbsScaler()..., RobustScaler()...
struct Expected {
  const char* method;
  std::vector<double> values;
};
const std::vector<Expected> kScikitLearn = {
    {"standard",
     {-0.383429897039881, -0.522195001194867, -0.4856778685225022, -0.28118192555725985,
      -0.28118192555725985, 2.439344458533911, -0.485677840662141}},
    {"min_max",
     {0.0468557336621455, 0.0, 0.012330456226880395, 0.08138101109741061, 0.08138101109741061, 1.0,
      0.012330465634271925}},
    {"max_abs",
     {0.03495630461922597, -0.012484394506866416, 0.0, 0.06991260923845194, 0.06991260923845194,
      1.0, 9.524837117665418e-09}},
    {"robust",
     {0.0, -0.678571474795442, -0.5000000340597993, 0.5000000340597993, 0.5000000340597993,
      13.803572368865174, -0.499999897820602}}};

std::shared_ptr<const Statistic> StatisticOf(const std::string& method,
                                             const std::vector<double>& values) {
  if (method == "robust") return std::make_shared<SortedQuantiles>(values);
  return MomentsOf(values);
}

std::unique_ptr<Transform> LearnedScale(const std::string& method,
                                        const std::vector<double>& values,
                                        const ColumnInfo& input = NumericColumn()) {
  auto step = MakeStep("scale", method, input);
  const arrow::Status status = step->Learn({StatisticOf(method, values)});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

TEST(Scale, AgreesWithScikitLearn) {
  for (const Expected& expected : kScikitLearn) {
    SCOPED_TRACE(expected.method);
    const auto step = LearnedScale(expected.method, kValues);
    ExpectNear(ToVector(*ApplyOne(*step, {Doubles(kValues)})), expected.values, 1e-15);
  }
}

TEST(Scale, MinMaxEndsAreExact) {
  const std::vector<double> values = {0.1, 0.7, 0.3};
  const auto found = ToVector(*ApplyOne(*LearnedScale("min_max", values), {Doubles(values)}));
  EXPECT_EQ(found[0], 0.0);
  EXPECT_EQ(found[1], 1.0);
}

TEST(Scale, AZeroScaleBecomesOne) {
  for (const char* method : {"standard", "min_max", "robust"}) {
    SCOPED_TRACE(method);
    const auto step = LearnedScale(method, {4.5, 4.5, 4.5});
    EXPECT_EQ(step->Describe()["scale"], 1.0);
    ExpectSame(ToVector(*ApplyOne(*step, {Doubles({4.5, 6.0})})), {0.0, 1.5});
  }
  ExpectSame(ToVector(*ApplyOne(*LearnedScale("max_abs", {0.0}), {Doubles({3.0})})), {3.0});
}

TEST(Scale, TheVarianceMayBeBeyondADouble) {
  // -1e200 and 1e200: the variance 1e400 is no double, its root is; and -1e-200 and 1e-200 the
  // other way.
  for (const double size : {1e200, 1e-200}) {
    auto moments = MomentsOf({-size, size});
    moments->mean = 0;
    moments->variance = size > 1 ? kInfinity : 0;
    moments->standard_deviation = size;
    auto step = MakeStep("scale", "standard", NumericColumn());
    ASSERT_TRUE(step->Learn({moments}).ok());
    ExpectSame(ToVector(*ApplyOne(*step, {Doubles({-size, size / 2})})), {-1.0, 0.5});
    auto restored = MakeStep("scale", "standard", NumericColumn());
    const arrow::Status status = restored->Restore(ThroughFile(step->Describe()), nullptr);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(restored->Describe(), step->Describe());
  }
}

TEST(Scale, KeepsMissingMissingInEveryForm) {
  const auto step = LearnedScale("max_abs", {-4.0, 2.0}, Column(arrow::int32()));
  const auto plain = ArrayOf(arrow::int32(), "[1, null, -4, 2]");
  ExpectSame(ToVector(*ApplyOne(*step, {plain})), {0.25, kNaN, -1.0, 0.5});
  ExpectSame(ToVector(*ApplyOne(*step, {plain->Slice(1, 2)})), {kNaN, -1.0});
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::int32(), "[1, 2]"), true})),
             {0.25, 0.5, kNaN});
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::int32(), "[]")})), {});
  ExpectSame(ToVector(*ApplyOne(*step, {ArrayOf(arrow::int32(), "[]"), true})), {kNaN});
  EXPECT_TRUE(step->outputs()[0].nullable);
  EXPECT_TRUE(step->outputs()[0].numeric_form);
  EXPECT_FALSE(LearnedScale("max_abs", {1.0}, NumericColumn(false))->outputs()[0].nullable);
}

TEST(Scale, DoesNotWriteIntoItsInput) {
  const auto input = Doubles({1.0, 2.0});
  ApplyOne(*LearnedScale("min_max", {0.0, 8.0}), {input});
  ExpectSame(ToVector(*input), {1.0, 2.0});
}

TEST(Scale, RefusesWhatItCannotLearnFrom) {
  for (const char* method : {"standard", "min_max", "max_abs", "robust"}) {
    SCOPED_TRACE(method);
    auto step = MakeStep("scale", method, NumericColumn());
    const arrow::Status infinite =
        step->Learn({StatisticOf(method, {1.0, kInfinity, -kInfinity, 2.0})});
    EXPECT_EQ(base::KindOf(infinite), base::ErrorKind::kData);
    EXPECT_THAT(infinite.message(), testing::HasSubstr("column 'x' holds 2 infinities"));
    EXPECT_THAT(infinite.message(), testing::HasSubstr("clip"));
    const arrow::Status empty = step->Learn({StatisticOf(method, {kNaN, kNaN, kNaN})});
    EXPECT_EQ(base::KindOf(empty), base::ErrorKind::kData);
    EXPECT_THAT(empty.message(), testing::HasSubstr("column 'x' has no values to take"));
    EXPECT_THAT(empty.message(), testing::HasSubstr("all 3 training rows are null"));
  }
  auto step = MakeStep("scale", "min_max", NumericColumn());
  EXPECT_THAT(step->Learn({StatisticOf("min_max", {-1.7e308, 1.7e308})}).message(),
              testing::HasSubstr("too far apart"));
}

TEST(Scale, IsRestoredFromItsDescription) {
  for (const Expected& expected : kScikitLearn) {
    SCOPED_TRACE(expected.method);
    const auto step = LearnedScale(expected.method, kValues);
    const nlohmann::json described = ThroughFile(step->Describe());
    auto restored = MakeStep("scale", {{"method", expected.method}}, NumericColumn());
    ASSERT_TRUE(restored->Restore(described, nullptr).ok());
    EXPECT_EQ(restored->Describe(), step->Describe());
    ExpectSame(ToVector(*ApplyOne(*restored, {Doubles(kValues)})),
               ToVector(*ApplyOne(*step, {Doubles(kValues)})));
  }
  const nlohmann::json described = LearnedScale("standard", {1.0, 3.0})->Describe();
  EXPECT_EQ(described, (nlohmann::json{{"step", "scale"},
                                       {"method", "standard"},
                                       {"count", 2},
                                       {"null_count", 0},
                                       {"mean", 2.0},
                                       {"variance", 1.0},
                                       {"scale", 1.0}}));
}

TEST(Scale, RestoreChecksEverything) {
  const nlohmann::json good = LearnedScale("standard", {1.0, 3.0})->Describe();
  const auto fault = [&](const std::string& key, const nlohmann::json& value) {
    nlohmann::json bad = good;
    if (value.is_discarded()) {
      bad.erase(key);
    } else {
      bad[key] = value;
    }
    auto step = MakeStep("scale", "standard", NumericColumn());
    const arrow::Status status = step->Restore(bad, nullptr);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    EXPECT_THAT(status.message(), testing::HasSubstr("column 'x'"));
    return status.message();
  };
  const nlohmann::json absent = nlohmann::json::value_t::discarded;
  EXPECT_THAT(fault("variance", -1.0), testing::HasSubstr("'variance' must be"));
  EXPECT_THAT(fault("mean", "NaN"), testing::HasSubstr("'mean' must be"));
  EXPECT_THAT(fault("mean", absent), testing::HasSubstr("'mean' is missing"));
  EXPECT_THAT(fault("scale", 2.0), testing::HasSubstr("'scale' does not follow"));
  EXPECT_THAT(fault("count", 0), testing::HasSubstr("'count' must be"));
  EXPECT_THAT(fault("count", 1.5), testing::HasSubstr("'count' must be"));
  EXPECT_THAT(fault("step", "impute"), testing::HasSubstr("'step' is not what the plan says"));
  EXPECT_THAT(fault("method", "robust"), testing::HasSubstr("'method' is not"));
  EXPECT_THAT(fault("surplus", 1), testing::HasSubstr("'surplus' is not something"));
  auto step = MakeStep("scale", "standard", NumericColumn());
  EXPECT_FALSE(step->Restore(nlohmann::json::array(), nullptr).ok());
}

TEST(Scale, RefusesOtherColumnsAndOptions) {
  EXPECT_THAT(Refusal("scale", "standart", NumericColumn()),
              testing::AllOf(testing::HasSubstr("standard, min_max, max_abs, robust"),
                             testing::HasSubstr("did you mean 'standard'?")));
  EXPECT_THAT(Refusal("scale", nullptr, NumericColumn()),
              testing::HasSubstr("option 'method' is missing"));
  EXPECT_THAT(Refusal("scale", {{"metod", "robust"}}, NumericColumn()),
              testing::HasSubstr("unknown option 'metod'; did you mean 'method'?"));
  EXPECT_THAT(Refusal("scale", "standard", Column(arrow::utf8())),
              testing::HasSubstr("use vocabulary, one_hot or passthrough"));
  EXPECT_THAT(Refusal("scale", "standard", Column(arrow::timestamp(arrow::TimeUnit::MICRO))),
              testing::HasSubstr("use cyclical"));
}

}  // namespace
}  // namespace emberharmony::feature
