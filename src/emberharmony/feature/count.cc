#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/array_pool.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_index.h"

namespace emberharmony::feature {
namespace {

/// `count`, or `count: {share: true}`: in how many training rows the value stands, or in which
/// share of those that have one; 0 for a value that none of them has. Missing stays missing.
class CountEncoding : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.exact_type = true}; }
  nlohmann::json options() const override { return {{"share", share_}}; }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    return {MakeValueCountsAnalyzer()};
  }
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  nlohmann::json Describe() const override;
  std::shared_ptr<arrow::RecordBatch> VocabularyTable() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit CountEncoding(const TransformContext& context) : input_(context.input) {
    output_.name = context.input.name;
    output_.type = arrow::float64();
    output_.numeric_form = true;
    output_.nullable = context.input.nullable;
    output_.lower_bound = 0;
  }

  arrow::Status CheckTable(const arrow::RecordBatch* table, int64_t count) const;

  static inline const std::string kName = "count";
  ColumnInfo input_;
  ColumnInfo output_;
  bool share_ = false;

  // Learned.
  std::unique_ptr<ValueIndex> index_;  ///< of the values by rank; nullptr before
  std::shared_ptr<arrow::Int64Array> counts_;
  int64_t count_ = 0;
  int64_t null_count_ = 0;
};

arrow::Result<std::unique_ptr<Transform>> CountEncoding::Make(const nlohmann::json& options,
                                                              const TransformContext& context) {
  StepOptions reader(kName, options);
  auto step = std::unique_ptr<CountEncoding>(new CountEncoding(context));
  step->share_ = reader.Boolean("share", false);
  ARROW_RETURN_NOT_OK(reader.Finish());
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status CountEncoding::Learn(
    const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1) return WrongStatistics(kName);
  const auto* counts = dynamic_cast<const ValueCountsStatistic*>(statistics[0].get());
  if (counts == nullptr || !counts->values->type()->Equals(input_.type)) {
    return WrongStatistics(kName);
  }
  ARROW_ASSIGN_OR_RAISE(index_, ValueIndex::Make(counts->values));
  counts_ = counts->counts;
  count_ = counts->count;
  null_count_ = counts->null_count;
  return arrow::Status::OK();
}

nlohmann::json CountEncoding::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (index_ == nullptr) return described;
  described["size"] = index_->size();
  described["count"] = count_;
  described["null_count"] = null_count_;
  return described;
}

std::shared_ptr<arrow::RecordBatch> CountEncoding::VocabularyTable() const {
  if (index_ == nullptr) return nullptr;
  const int64_t size = index_->size();
  auto allocated = arrow::AllocateBuffer(size * static_cast<int64_t>(sizeof(int32_t)),
                                         PoolOf(*index_->values()));
  if (!allocated.ok()) throw std::bad_alloc();
  std::shared_ptr<arrow::Buffer> buffer = *std::move(allocated);
  auto* ids = reinterpret_cast<int32_t*>(buffer->mutable_data());
  for (int64_t i = 0; i < size; ++i) ids[i] = static_cast<int32_t>(i);
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("value", input_.type, false),
                     arrow::field("id", arrow::int32(), false),
                     arrow::field("count", arrow::int64(), false)}),
      size,
      arrow::ArrayVector{index_->values(),
                         std::make_shared<arrow::Int32Array>(size, std::move(buffer)), counts_});
}

arrow::Status CountEncoding::CheckTable(const arrow::RecordBatch* table, int64_t count) const {
  const auto damaged = [&](const std::string& fault) {
    return base::DataError("model: counts of column '" + input_.name + "': " + fault +
                           "; the model is damaged or from another version: fit again");
  };
  if (table == nullptr) return damaged("the file with its values is missing");
  const std::shared_ptr<arrow::Array> values = table->GetColumnByName("value");
  const std::shared_ptr<arrow::Array> ids = table->GetColumnByName("id");
  const std::shared_ptr<arrow::Array> counts = table->GetColumnByName("count");
  if (table->num_columns() != 3 || values == nullptr || ids == nullptr || counts == nullptr) {
    return damaged("expected columns value, id and count");
  }
  if (!values->type()->Equals(input_.type) || ids->type_id() != arrow::Type::INT32 ||
      counts->type_id() != arrow::Type::INT64) {
    return damaged("a column is of another type");
  }
  if (values->null_count() + ids->null_count() + counts->null_count() != 0) {
    return damaged("a value, id or count is null");
  }
  int64_t left = count;
  for (int64_t i = 0; i < table->num_rows(); ++i) {
    if (static_cast<const arrow::Int32Array&>(*ids).Value(i) != i) {
      return damaged("ids must be consecutive");
    }
    const int64_t rows = static_cast<const arrow::Int64Array&>(*counts).Value(i);
    if (rows < 1 || rows > left) return damaged("counts do not add up");
    left -= rows;
  }
  return left == 0 ? arrow::Status::OK() : damaged("counts do not add up");
}

arrow::Status CountEncoding::Restore(const nlohmann::json& learned,
                                     const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  LearnedFacts facts(*this, input_.name, learned);
  facts.Ignore("vocabulary_file");
  const int64_t size = facts.Integer("size");
  const int64_t count = facts.Integer("count");
  const int64_t null_count = facts.Integer("null_count");
  facts.Check(vocabulary == nullptr || vocabulary->num_rows() == size,
              "'size' is not the number of rows in the vocabulary's file");
  ARROW_RETURN_NOT_OK(facts.Finish());
  ARROW_RETURN_NOT_OK(CheckTable(vocabulary.get(), count));
  ARROW_ASSIGN_OR_RAISE(index_, ValueIndex::Make(vocabulary->GetColumnByName("value")));
  counts_ = std::static_pointer_cast<arrow::Int64Array>(vocabulary->GetColumnByName("count"));
  count_ = count;
  null_count_ = null_count;
  return arrow::Status::OK();
}

arrow::Status CountEncoding::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                                   std::vector<ValueBlock>* outputs) const {
  const int64_t n = input.values->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> positions_buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* positions = reinterpret_cast<int32_t*>(positions_buffer->mutable_data());
  ARROW_RETURN_NOT_OK(index_->Lookup(*input.values, positions));
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(input.length() * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  const double whole = share_ ? static_cast<double>(count_) : 1.0;
  for (int64_t i = 0; i < n; ++i) {
    if (positions[i] == ValueIndex::kMissing) {
      out[i] = std::numeric_limits<double>::quiet_NaN();
    } else {
      const int64_t rows = positions[i] >= 0 ? counts_->Value(positions[i]) : 0;
      out[i] = rows == 0 ? 0 : static_cast<double>(rows) / whole;
    }
  }
  if (input.null_slot) out[n] = std::numeric_limits<double>::quiet_NaN();
  outputs->push_back(
      {std::make_shared<arrow::DoubleArray>(input.length(), std::move(buffer)), false});
  return arrow::Status::OK();
}

const TransformRegistration kCountRegistration("count", CountEncoding::Make);

}  // namespace
}  // namespace emberharmony::feature
