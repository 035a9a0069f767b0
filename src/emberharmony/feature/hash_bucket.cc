#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/int32_block_internal.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_fingerprints_internal.h"
#include "emberharmony/feature/value_keys_internal.h"

namespace emberharmony::feature {
namespace {

/// `hash_bucket: {buckets: n}`: Fingerprint64 of the value's bytes (value_fingerprints_internal.h)
/// modulo n, int32. Missing stays missing, as FARM_FINGERPRINT(NULL) is NULL.
class HashBucket : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader(kName, options, "buckets");
    if (!reader.Has("buckets")) reader.AddFault("option 'buckets' is missing: {buckets: 1000}");
    const int64_t buckets = reader.Integer("buckets", 1, 1, std::numeric_limits<int32_t>::max());
    ARROW_RETURN_NOT_OK(reader.Finish());
    if (!ValueKeys::Make(*context.input.type).ok()) {
      return base::UsageError(
          "hash_bucket takes strings, bytes, numbers, booleans, dates and times, and column '" +
          context.input.name + "' is " + context.input.type->ToString());
    }
    auto step = std::unique_ptr<HashBucket>(new HashBucket());
    step->buckets_ = buckets;
    step->output_.name = context.input.name;
    step->output_.type = arrow::int32();
    step->output_.nullable = context.input.nullable;
    step->output_.lower_bound = 0;
    step->output_.final_type = true;
    return std::unique_ptr<Transform>(std::move(step));
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.exact_type = true}; }
  nlohmann::json options() const override { return {{"buckets", buckets_}}; }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }

  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override {
    const arrow::Array& values = *input.values;
    const int64_t n = values.length();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int32_t)), pool));
    auto* out = reinterpret_cast<int32_t*>(buffer->mutable_data());
    const ValueFingerprints fingerprints(values);
    const auto buckets = static_cast<uint64_t>(buckets_);
    for (int64_t i = 0; i < n; ++i) {
      out[i] =
          IsMissing(values, i) ? kMissingInt32 : static_cast<int32_t>(fingerprints.At(i) % buckets);
    }
    ARROW_ASSIGN_OR_RAISE(ValueBlock block,
                          Int32Block(std::move(buffer), n, input.null_slot, pool));
    outputs->push_back(std::move(block));
    return arrow::Status::OK();
  }

 private:
  static bool IsMissing(const arrow::Array& values, int64_t i) {
    if (values.IsNull(i)) return true;
    switch (values.type_id()) {
      case arrow::Type::HALF_FLOAT: {
        constexpr uint16_t kInfinity = 0x7c00;
        return (static_cast<const arrow::HalfFloatArray&>(values).Value(i) & 0x7fff) > kInfinity;
      }
      case arrow::Type::FLOAT:
        return std::isnan(static_cast<const arrow::FloatArray&>(values).Value(i));
      case arrow::Type::DOUBLE:
        return std::isnan(static_cast<const arrow::DoubleArray&>(values).Value(i));
      default:
        return false;
    }
  }

  static inline const std::string kName = "hash_bucket";
  int64_t buckets_ = 1;
  ColumnInfo output_;
};

const TransformRegistration kHashBucketRegistration("hash_bucket", HashBucket::Make);

}  // namespace
}  // namespace emberharmony::feature
