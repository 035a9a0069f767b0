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
#include "emberharmony/feature/value_fingerprints_internal.h"
#include "emberharmony/feature/value_index.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kNullId = 1;
constexpr int64_t kFirstOovId = 2;
constexpr int64_t kIntegerMax = int64_t{1} << 53;

/// `vocabulary`: an integer id for each value: 1 for missing, 2 .. 1 + oov_buckets for values that
/// are not in the vocabulary (bucket Fingerprint64 modulo oov_buckets), then the values by rank:
/// count in the training rows descending, then bytes (or numbers) ascending. 0 is left to padding.
/// min_count and max_size bound the vocabulary.
class Vocabulary : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.last = true, .exact_type = true}; }
  nlohmann::json options() const override {
    nlohmann::json options = {{"min_count", min_count_}, {"oov_buckets", oov_buckets_}};
    if (max_size_ >= 0) options["max_size"] = max_size_;
    return options;
  }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    return {MakeValueCountsAnalyzer({.min_count = min_count_, .max_size = max_size_})};
  }
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  nlohmann::json Describe() const override;
  std::shared_ptr<arrow::RecordBatch> VocabularyTable() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  std::vector<ColumnInfo> outputs() const override;
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit Vocabulary(const TransformContext& context) : input_(context.input) {}

  /// The id of the first value of the vocabulary.
  int64_t first_id() const { return kFirstOovId + oov_buckets_; }
  int64_t size() const { return index_ == nullptr ? 0 : index_->size(); }
  std::shared_ptr<arrow::DataType> id_type() const {
    const int64_t last_id = first_id() + size() - 1;
    return last_id > std::numeric_limits<int32_t>::max() ? arrow::int64() : arrow::int32();
  }
  template <class Id>
  void ToIds(const arrow::Array& values, const int32_t* positions, Id* ids) const;
  arrow::Status CheckTable(const arrow::RecordBatch* table, int64_t kept_count) const;

  static inline const std::string kName = "vocabulary";
  ColumnInfo input_;
  int64_t min_count_ = 1;
  int64_t max_size_ = -1;
  int64_t oov_buckets_ = 1;

  // Learned.
  std::unique_ptr<ValueIndex> index_;  ///< of the values by rank; nullptr before
  std::shared_ptr<arrow::Int64Array> counts_;
  int64_t count_ = 0;
  int64_t null_count_ = 0;
  int64_t distinct_count_ = 0;
  int64_t oov_count_ = 0;
};

arrow::Result<std::unique_ptr<Transform>> Vocabulary::Make(const nlohmann::json& options,
                                                           const TransformContext& context) {
  StepOptions reader(kName, options);
  auto step = std::unique_ptr<Vocabulary>(new Vocabulary(context));
  step->min_count_ = reader.Integer("min_count", 1, 1, kIntegerMax);
  step->max_size_ = reader.Integer("max_size", -1, 0, std::numeric_limits<int32_t>::max());
  step->oov_buckets_ = reader.Integer("oov_buckets", 1, 1, kIntegerMax);
  ARROW_RETURN_NOT_OK(reader.Finish());
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status Vocabulary::Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1) return WrongStatistics(kName);
  const auto* counts = dynamic_cast<const ValueCountsStatistic*>(statistics[0].get());
  if (counts == nullptr || !counts->values->type()->Equals(input_.type)) {
    return WrongStatistics(kName);
  }
  ARROW_ASSIGN_OR_RAISE(index_, ValueIndex::Make(counts->values));
  counts_ = counts->counts;
  count_ = counts->count;
  null_count_ = counts->null_count;
  distinct_count_ = counts->distinct_count;
  oov_count_ = counts->count - counts->kept_count;
  return arrow::Status::OK();
}

nlohmann::json Vocabulary::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (index_ == nullptr) return described;
  described["size"] = size();
  described["count"] = count_;
  described["null_count"] = null_count_;
  described["distinct_count"] = distinct_count_;
  described["oov_count"] = oov_count_;
  return described;
}

std::shared_ptr<arrow::RecordBatch> Vocabulary::VocabularyTable() const {
  if (index_ == nullptr) return nullptr;
  std::shared_ptr<arrow::Array> ids;
  const auto number = [&]<class T>(T) {
    auto allocated =
        arrow::AllocateBuffer(size() * static_cast<int64_t>(sizeof(T)), PoolOf(*index_->values()));
    if (!allocated.ok()) throw std::bad_alloc();
    const std::shared_ptr<arrow::Buffer> buffer = *std::move(allocated);
    auto* numbers = reinterpret_cast<T*>(buffer->mutable_data());
    for (int64_t i = 0; i < size(); ++i) numbers[i] = static_cast<T>(first_id() + i);
    ids = arrow::MakeArray(arrow::ArrayData::Make(id_type(), size(), {nullptr, buffer}, 0));
  };
  id_type()->id() == arrow::Type::INT32 ? number(int32_t{}) : number(int64_t{});
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("value", input_.type, false),
                     arrow::field("id", id_type(), false),
                     arrow::field("count", arrow::int64(), false)}),
      size(), std::vector<std::shared_ptr<arrow::Array>>{index_->values(), ids, counts_});
}

arrow::Status Vocabulary::CheckTable(const arrow::RecordBatch* table, int64_t kept_count) const {
  const auto damaged = [&](const std::string& fault) {
    return base::DataError("model: vocabulary of column '" + input_.name + "': " + fault +
                           "; the model is damaged or from another version: fit again");
  };
  if (table == nullptr) return damaged("the file with its values is missing");
  const std::shared_ptr<arrow::Array> values = table->GetColumnByName("value");
  const std::shared_ptr<arrow::Array> ids = table->GetColumnByName("id");
  const std::shared_ptr<arrow::Array> counts = table->GetColumnByName("count");
  if (table->num_columns() != 3 || values == nullptr || ids == nullptr || counts == nullptr) {
    return damaged("expected columns value, id and count");
  }
  if (!values->type()->Equals(input_.type)) {
    return damaged("expected values of type " + input_.type->ToString() + "; found " +
                   values->type()->ToString());
  }
  const bool is_int32 = ids->type_id() == arrow::Type::INT32;
  if ((!is_int32 && ids->type_id() != arrow::Type::INT64) ||
      counts->type_id() != arrow::Type::INT64) {
    return damaged("ids and counts must be integers");
  }
  if (values->null_count() + ids->null_count() + counts->null_count() != 0) {
    return damaged("a value, id or count is null");
  }
  const auto& count_array = static_cast<const arrow::Int64Array&>(*counts);
  int64_t left = kept_count;
  for (int64_t i = 0; i < table->num_rows(); ++i) {
    const int64_t id = is_int32 ? static_cast<const arrow::Int32Array&>(*ids).Value(i)
                                : static_cast<const arrow::Int64Array&>(*ids).Value(i);
    if (id != first_id() + i) return damaged("ids must be consecutive");
    const int64_t count = count_array.Value(i);
    if (count < min_count_ || count > left || (i > 0 && count > count_array.Value(i - 1))) {
      return damaged("counts must not ascend, fall below min_count or exceed the rows");
    }
    left -= count;
  }
  return left == 0 ? arrow::Status::OK() : damaged("counts do not add up");
}

arrow::Status Vocabulary::Restore(const nlohmann::json& learned,
                                  const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  LearnedFacts facts(*this, input_.name, learned);
  facts.Ignore("vocabulary_file");
  const int64_t size = facts.Integer("size");
  const int64_t count = facts.Integer("count");
  const int64_t null_count = facts.Integer("null_count");
  const int64_t distinct_count = facts.Integer("distinct_count", size);
  const int64_t oov_count = facts.Integer("oov_count");
  facts.Check(oov_count <= count, "'oov_count' must not be above 'count'");
  facts.Check(max_size_ < 0 || size <= max_size_, "'size' must not be above 'max_size'");
  facts.Check(vocabulary == nullptr || vocabulary->num_rows() == size,
              "'size' is not the number of rows in the vocabulary's file");
  ARROW_RETURN_NOT_OK(facts.Finish());
  ARROW_RETURN_NOT_OK(CheckTable(vocabulary.get(), count - oov_count));
  ARROW_ASSIGN_OR_RAISE(index_, ValueIndex::Make(vocabulary->GetColumnByName("value")));
  counts_ = std::static_pointer_cast<arrow::Int64Array>(vocabulary->GetColumnByName("count"));
  count_ = count;
  null_count_ = null_count;
  distinct_count_ = distinct_count;
  oov_count_ = oov_count;
  return arrow::Status::OK();
}

std::vector<ColumnInfo> Vocabulary::outputs() const {
  ColumnInfo output;
  output.name = input_.name;
  output.type = id_type();
  output.nullable = false;
  output.lower_bound = 0;
  output.final_type = true;
  return {output};
}

template <class Id>
void Vocabulary::ToIds(const arrow::Array& values, const int32_t* positions, Id* ids) const {
  const ValueFingerprints fingerprints(values);
  const auto buckets = static_cast<uint64_t>(oov_buckets_);
  const auto first = static_cast<Id>(first_id());
  for (int64_t i = 0; i < values.length(); ++i) {
    const int32_t position = positions[i];
    if (position >= 0) {
      ids[i] = static_cast<Id>(first + position);
    } else if (position == ValueIndex::kMissing) {
      ids[i] = static_cast<Id>(kNullId);
    } else {
      const uint64_t bucket = buckets == 1 ? 0 : fingerprints.At(i) % buckets;
      ids[i] = static_cast<Id>(kFirstOovId + static_cast<int64_t>(bucket));
    }
  }
}

arrow::Status Vocabulary::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                                std::vector<ValueBlock>* outputs) const {
  const std::shared_ptr<arrow::DataType> type = id_type();
  const int64_t n = input.values->length();
  const int64_t length = input.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> ids,
                        arrow::AllocateBuffer(length * type->byte_width(), pool));
  if (type->id() == arrow::Type::INT32) {
    // The positions become ids where they are.
    auto* out = reinterpret_cast<int32_t*>(ids->mutable_data());
    ARROW_RETURN_NOT_OK(index_->Lookup(*input.values, out));
    ToIds(*input.values, out, out);
    if (input.null_slot) out[n] = kNullId;
  } else {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> positions,
                          arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int32_t)), pool));
    auto* looked_up = reinterpret_cast<int32_t*>(positions->mutable_data());
    ARROW_RETURN_NOT_OK(index_->Lookup(*input.values, looked_up));
    auto* out = reinterpret_cast<int64_t*>(ids->mutable_data());
    ToIds(*input.values, looked_up, out);
    if (input.null_slot) out[n] = kNullId;
  }
  outputs->push_back(
      {arrow::MakeArray(arrow::ArrayData::Make(type, length, {nullptr, std::move(ids)}, 0)),
       false});
  return arrow::Status::OK();
}

const TransformRegistration kVocabularyRegistration("vocabulary", Vocabulary::Make);

}  // namespace
}  // namespace emberharmony::feature
