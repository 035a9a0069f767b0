#pragma once

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_histogram.h"

/// What the tests of the steps share: arrays from text, statistics by other means than the
/// analyzers', steps by name.
namespace emberharmony::feature::oracle {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline std::shared_ptr<arrow::Array> ArrayOf(const std::shared_ptr<arrow::DataType>& type,
                                             const std::string& json) {
  auto array = arrow::json::ArrayFromJSONString(type, json);
  EXPECT_TRUE(array.ok()) << array.status().ToString();
  return *array;
}

inline std::shared_ptr<arrow::Array> Doubles(const std::vector<double>& values) {
  return std::make_shared<arrow::DoubleArray>(static_cast<int64_t>(values.size()),
                                              arrow::Buffer::FromVector(values));
}

inline std::vector<double> ToVector(const arrow::Array& array) {
  std::vector<double> values;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      values.push_back(kNaN);
    } else if (array.type_id() == arrow::Type::FLOAT) {
      values.push_back(static_cast<const arrow::FloatArray&>(array).Value(i));
    } else {
      values.push_back(static_cast<const arrow::DoubleArray&>(array).Value(i));
    }
  }
  return values;
}

/// Equal bit for bit, any NaN equal to any other.
inline void ExpectSame(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(found[i])) << "entry " << i << " is " << found[i];
    } else {
      EXPECT_EQ(found[i], expected[i]) << "entry " << i;
      EXPECT_EQ(std::signbit(found[i]), std::signbit(expected[i])) << "entry " << i;
    }
  }
}

inline void ExpectNear(const std::vector<double>& found, const std::vector<double>& expected,
                       double relative) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(found[i])) << "entry " << i << " is " << found[i];
      continue;
    }
    EXPECT_NEAR(found[i], expected[i], relative * std::max(1.0, std::fabs(expected[i])))
        << "entry " << i;
  }
}

inline ColumnInfo Column(std::shared_ptr<arrow::DataType> type, bool nullable = true) {
  ColumnInfo info;
  info.name = "x";
  info.type = std::move(type);
  info.nullable = nullable;
  return info;
}

inline ColumnInfo NumericColumn(bool nullable = true) {
  ColumnInfo info = Column(arrow::float64(), nullable);
  info.numeric_form = true;
  return info;
}

inline arrow::Result<std::unique_ptr<Transform>> TryMake(
    const std::string& name, const nlohmann::json& options, const ColumnInfo& input,
    std::shared_ptr<arrow::DataType> output_type = arrow::float32()) {
  return TransformRegistry::Get().Make(name, options, {input, input.name, output_type, 65536});
}

inline std::unique_ptr<Transform> MakeStep(
    const std::string& name, const nlohmann::json& options, const ColumnInfo& input,
    std::shared_ptr<arrow::DataType> output_type = arrow::float32()) {
  auto step = TryMake(name, options, input, std::move(output_type));
  EXPECT_TRUE(step.ok()) << step.status().ToString();
  return *std::move(step);
}

/// The message with which a step refuses its options or its input, always the user's fault.
inline std::string Refusal(const std::string& name, const nlohmann::json& options,
                           const ColumnInfo& input) {
  const auto step = TryMake(name, options, input);
  EXPECT_FALSE(step.ok());
  EXPECT_EQ(base::KindOf(step.status()), base::ErrorKind::kUsage);
  return step.status().message();
}

inline std::vector<ValueBlock> ApplyTo(const Transform& step, const ValueBlock& input) {
  std::vector<ValueBlock> outputs;
  const arrow::Status status = step.Apply(input, arrow::default_memory_pool(), &outputs);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(outputs.size(), step.outputs().size());
  for (const ValueBlock& output : outputs) {
    EXPECT_EQ(output.length(), input.length());
    EXPECT_TRUE(output.values->ValidateFull().ok());
  }
  return outputs;
}

inline std::shared_ptr<arrow::Array> ApplyOne(const Transform& step, const ValueBlock& input) {
  const std::vector<ValueBlock> outputs = ApplyTo(step, input);
  EXPECT_EQ(outputs.size(), 1u);
  return outputs.at(0).values;
}

/// What a model file gives back of a described step.
inline nlohmann::json ThroughFile(const nlohmann::json& described) {
  return nlohmann::json::parse(base::CanonicalJson(described));
}

/// Moments in long double; NaN is missing.
inline std::shared_ptr<MomentsStatistic> MomentsOf(const std::vector<double>& values) {
  auto moments = std::make_shared<MomentsStatistic>();
  long double sum = 0;
  moments->min = moments->max = kNaN;
  int64_t num_finite = 0;
  for (const double x : values) {
    if (std::isnan(x)) {
      ++moments->null_count;
      continue;
    }
    ++moments->count;
    moments->min = std::isnan(moments->min) ? x : std::min(moments->min, x);
    moments->max = std::isnan(moments->max) ? x : std::max(moments->max, x);
    if (std::isinf(x)) {
      ++moments->infinity_count;
    } else {
      sum += x;
      ++num_finite;
    }
  }
  const long double mean = sum / static_cast<long double>(num_finite);
  long double squares = 0;
  for (const double x : values) {
    if (std::isfinite(x)) squares += (x - mean) * (x - mean);
  }
  moments->sum = static_cast<double>(sum);
  moments->mean = static_cast<double>(mean);
  moments->variance = static_cast<double>(squares / static_cast<long double>(num_finite));
  moments->standard_deviation = std::sqrt(moments->variance);
  return moments;
}

/// Quantiles by sorting, numpy.percentile's "linear"; NaN is missing.
class SortedQuantiles : public QuantileStatistic {
 public:
  explicit SortedQuantiles(std::vector<double> values) {
    for (const double x : values) {
      if (std::isnan(x)) {
        ++null_count_;
      } else if (std::isinf(x)) {
        ++infinity_count_;
      }
      if (!std::isnan(x)) sorted_.push_back(x);
    }
    std::sort(sorted_.begin(), sorted_.end());
  }
  int64_t count() const override { return static_cast<int64_t>(sorted_.size()); }
  int64_t null_count() const override { return null_count_; }
  int64_t infinity_count() const override { return infinity_count_; }
  QuantileEstimate Quantile(double q) const override {
    const double position = q * static_cast<double>(sorted_.size() - 1);
    const auto low = static_cast<size_t>(position);
    const size_t high = std::min(low + 1, sorted_.size() - 1);
    const double weight = position - static_cast<double>(low);
    return {sorted_[low] + weight * (sorted_[high] - sorted_[low]), 0};
  }
  QuantileEstimate Median() const override {
    const size_t n = sorted_.size();
    return {(sorted_[(n - 1) / 2] + sorted_[n / 2]) / 2, median_error_bound};
  }
  double MostFrequent() const override { return kNaN; }
  int bits() const override { return 53; }
  bool exact() const override { return true; }
  int64_t num_keys() const override { return count(); }
  double min() const override { return sorted_.front(); }
  double max() const override { return sorted_.back(); }

  double median_error_bound = 0;

 private:
  std::vector<double> sorted_;
  int64_t null_count_ = 0;
  int64_t infinity_count_ = 0;
};

inline std::shared_ptr<ValueCountsStatistic> CountsOf(std::shared_ptr<arrow::Array> values,
                                                      const std::string& counts,
                                                      int64_t null_count = 0,
                                                      int64_t num_left_out = 0,
                                                      int64_t count_left_out = 0) {
  auto statistic = std::make_shared<ValueCountsStatistic>();
  statistic->values = std::move(values);
  statistic->counts = std::static_pointer_cast<arrow::Int64Array>(ArrayOf(arrow::int64(), counts));
  for (int64_t i = 0; i < statistic->counts->length(); ++i) {
    statistic->kept_count += statistic->counts->Value(i);
  }
  statistic->count = statistic->kept_count + count_left_out;
  statistic->null_count = null_count;
  statistic->distinct_count = statistic->values->length() + num_left_out;
  return statistic;
}

}  // namespace emberharmony::feature::oracle
