#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <limits>
#include <memory>
#include <utility>

#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/ranked_vocabulary_internal.h"
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
  TransformTraits traits() const override {
    return {.last = true, .exact_type = true, .on_disk = true};
  }
  nlohmann::json options() const override {
    nlohmann::json options = {{"min_count", min_count_}, {"oov_buckets", oov_buckets_}};
    if (max_size_ >= 0) options["max_size"] = max_size_;
    return options;
  }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    return {
        MakeValueCountsAnalyzer({.min_count = min_count_, .max_size = max_size_, .on_disk = true})};
  }
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  nlohmann::json Describe() const override;
  std::shared_ptr<arrow::RecordBatch> VocabularyTable() const override {
    return values_ == nullptr ? nullptr : values_->Table(first_id(), id_type());
  }
  std::shared_ptr<arrow::RecordBatchReader> ReadVocabulary() const override {
    return values_ == nullptr ? nullptr : values_->Read(first_id(), id_type());
  }
  int64_t vocabulary_size() const override { return size(); }
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  arrow::Status RestoreOnDisk(const nlohmann::json& learned, arrow::RecordBatchReader* vocabulary,
                              const StateOptions& memory) override;
  std::vector<ColumnInfo> outputs() const override;
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit Vocabulary(const TransformContext& context) : input_(context.input) {}

  /// The id of the first value of the vocabulary.
  int64_t first_id() const { return kFirstOovId + oov_buckets_; }
  int64_t size() const { return values_ == nullptr ? 0 : values_->size(); }
  std::shared_ptr<arrow::DataType> id_type() const {
    const int64_t last_id = first_id() + size() - 1;
    return last_id > std::numeric_limits<int32_t>::max() ? arrow::int64() : arrow::int32();
  }
  template <class Id>
  void ToIds(const arrow::Array& values, const int32_t* positions, Id* ids) const;
  struct Learned {
    int64_t size = 0;
    int64_t count = 0;
    int64_t null_count = 0;
    int64_t distinct_count = 0;
    int64_t oov_count = 0;
  };
  arrow::Result<Learned> ReadFacts(const nlohmann::json& learned) const;
  VocabularyCheck MakeCheck(const Learned& learned) const;

  static inline const std::string kName = "vocabulary";
  ColumnInfo input_;
  int64_t min_count_ = 1;
  int64_t max_size_ = -1;
  int64_t oov_buckets_ = 1;

  std::unique_ptr<const RankedVocabulary> values_;  ///< nullptr before it has learned
  Learned learned_;
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
  if (counts == nullptr || !counts->type()->Equals(input_.type)) return WrongStatistics(kName);
  ARROW_ASSIGN_OR_RAISE(values_,
                        RankedVocabulary::Learn(*counts, RankedVocabulary::Number::kPosition));
  learned_ = {values_->size(), counts->count, counts->null_count, counts->distinct_count,
              counts->count - counts->kept_count};
  return arrow::Status::OK();
}

nlohmann::json Vocabulary::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (values_ == nullptr) return described;
  described["size"] = learned_.size;
  described["count"] = learned_.count;
  described["null_count"] = learned_.null_count;
  described["distinct_count"] = learned_.distinct_count;
  described["oov_count"] = learned_.oov_count;
  return described;
}

arrow::Result<Vocabulary::Learned> Vocabulary::ReadFacts(const nlohmann::json& learned) const {
  LearnedFacts facts(*this, input_.name, learned);
  facts.Ignore("vocabulary_file");
  Learned read;
  read.size = facts.Integer("size");
  read.count = facts.Integer("count");
  read.null_count = facts.Integer("null_count");
  read.distinct_count = facts.Integer("distinct_count", read.size);
  read.oov_count = facts.Integer("oov_count");
  facts.Check(read.oov_count <= read.count, "'oov_count' must not be above 'count'");
  facts.Check(max_size_ < 0 || read.size <= max_size_, "'size' must not be above 'max_size'");
  ARROW_RETURN_NOT_OK(facts.Finish());
  return read;
}

VocabularyCheck Vocabulary::MakeCheck(const Learned& learned) const {
  return VocabularyCheck(
      VocabularyCheck::Expected{.what = "vocabulary",
                                .column = input_.name,
                                .type = input_.type,
                                .first_id = first_id(),
                                .wide_ids = true,
                                .min_count = min_count_,
                                .ranked = true,
                                .kept_count = learned.count - learned.oov_count});
}

arrow::Status Vocabulary::Restore(const nlohmann::json& learned,
                                  const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  ARROW_ASSIGN_OR_RAISE(const Learned read, ReadFacts(learned));
  ARROW_ASSIGN_OR_RAISE(values_,
                        RankedVocabulary::Restore(vocabulary.get(), read.size, MakeCheck(read)));
  learned_ = read;
  return arrow::Status::OK();
}

arrow::Status Vocabulary::RestoreOnDisk(const nlohmann::json& learned,
                                        arrow::RecordBatchReader* vocabulary,
                                        const StateOptions& memory) {
  ARROW_ASSIGN_OR_RAISE(const Learned read, ReadFacts(learned));
  ARROW_ASSIGN_OR_RAISE(values_,
                        RankedVocabulary::ReadOnDisk(vocabulary, read.size, MakeCheck(read),
                                                     RankedVocabulary::Number::kPosition, memory));
  learned_ = read;
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
    ARROW_RETURN_NOT_OK(values_->Positions(*input.values, out));
    ToIds(*input.values, out, out);
    if (input.null_slot) out[n] = kNullId;
  } else {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> positions,
                          arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int32_t)), pool));
    auto* looked_up = reinterpret_cast<int32_t*>(positions->mutable_data());
    ARROW_RETURN_NOT_OK(values_->Positions(*input.values, looked_up));
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
