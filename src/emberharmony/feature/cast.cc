#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"

namespace emberharmony::feature {
namespace {

struct NamedType {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
};

const std::vector<NamedType>& CastTypes() {
  static const std::vector<NamedType> types = {
      {"int8", arrow::int8()},       {"int16", arrow::int16()},   {"int32", arrow::int32()},
      {"int64", arrow::int64()},     {"uint8", arrow::uint8()},   {"uint16", arrow::uint16()},
      {"uint32", arrow::uint32()},   {"uint64", arrow::uint64()}, {"float32", arrow::float32()},
      {"float64", arrow::float64()}, {"bool", arrow::boolean()}};
  return types;
}

/// Integers to integers, without the way through float64. False, with the position, where a value
/// does not fit.
template <class From, class To>
bool CastIntegers(const arrow::ArrayData& from, To* out, int64_t* bad) {
  const From* values = from.GetValues<From>(1);
  for (int64_t i = 0; i < from.length; ++i) {
    if (std::in_range<To>(values[i])) {
      out[i] = static_cast<To>(values[i]);
    } else {
      out[i] = 0;
      if (from.IsValid(i)) {
        *bad = i;
        return false;
      }
    }
  }
  return true;
}

template <class F>
bool VisitInteger(arrow::Type::type id, F&& f) {
  switch (id) {
    case arrow::Type::INT8:
      return f(int8_t{});
    case arrow::Type::INT16:
      return f(int16_t{});
    case arrow::Type::INT32:
      return f(int32_t{});
    case arrow::Type::INT64:
      return f(int64_t{});
    case arrow::Type::UINT8:
      return f(uint8_t{});
    case arrow::Type::UINT16:
      return f(uint16_t{});
    case arrow::Type::UINT32:
      return f(uint32_t{});
    case arrow::Type::UINT64:
      return f(uint64_t{});
    default:
      return false;
  }
}

/// `cast: TYPE`: numbers and booleans in another type, which stays the column's; NaN becomes null.
/// To integers: cut towards zero, and a value out of range is an error. To bool: whether not zero.
/// To floats: rounded to nearest even.
class Cast : public Transform {
 public:
  Cast(const ColumnInfo& input, std::string type_name, std::shared_ptr<arrow::DataType> type)
      : type_name_(std::move(type_name)), output_(input) {
    output_.type = std::move(type);
    output_.numeric_form = false;
    output_.final_type = true;
  }

  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader(kName, options, "type");
    std::vector<std::string> names;
    for (const NamedType& each : CastTypes()) names.emplace_back(each.name);
    const std::string chosen = reader.Choice("type", names);
    ARROW_RETURN_NOT_OK(reader.Finish());
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.input));
    const auto found = std::ranges::find_if(
        CastTypes(), [&](const NamedType& each) { return each.name == chosen; });
    return std::make_unique<Cast>(context.input, chosen, found->type);
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override {
    return {.continuous = arrow::is_floating(output_.type->id())};
  }
  nlohmann::json options() const override { return {{"type", type_name_}}; }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }

  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override {
    const std::shared_ptr<arrow::DataType>& from = input.values->type();
    if (from->Equals(output_.type) && from->id() != arrow::Type::FLOAT &&
        from->id() != arrow::Type::DOUBLE) {
      outputs->push_back(input);
      return arrow::Status::OK();
    }
    if (arrow::is_integer(from->id()) && arrow::is_integer(output_.type->id())) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> array, IntegersFrom(*input.values, pool));
      outputs->push_back({std::move(array), input.null_slot});
      return arrow::Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DoubleArray> numeric,
                          ToNumeric({input.values, false}, pool));
    arrow::Result<std::shared_ptr<arrow::Array>> array = FromNumeric(*numeric, output_.type, pool);
    if (!array.ok()) {
      return array.status().WithMessage("column '", output_.name, "': ", array.status().message(),
                                        kAdvice);
    }
    outputs->push_back({*std::move(array), input.null_slot});
    return arrow::Status::OK();
  }

 private:
  arrow::Result<std::shared_ptr<arrow::Array>> IntegersFrom(const arrow::Array& values,
                                                            arrow::MemoryPool* pool) const;

  static inline const std::string kName = "cast";
  static constexpr const char* kAdvice = "; cast to a larger type, or put a clip step before it";
  std::string type_name_;
  ColumnInfo output_;
};

arrow::Result<std::shared_ptr<arrow::Array>> Cast::IntegersFrom(const arrow::Array& values,
                                                                arrow::MemoryPool* pool) const {
  const int64_t n = values.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * output_.type->byte_width(), pool));
  int64_t bad = -1;
  VisitInteger(values.type_id(), [&](auto from) {
    return VisitInteger(output_.type->id(), [&](auto to) {
      return CastIntegers<decltype(from), decltype(to)>(
          *values.data(), reinterpret_cast<decltype(to)*>(buffer->mutable_data()), &bad);
    });
  });
  if (bad >= 0) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Scalar> value, values.GetScalar(bad));
    return base::DataError("column '" + output_.name + "': value " + value->ToString() +
                           " does not fit " + output_.type->ToString() + kAdvice);
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (values.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(
        validity, arrow::internal::CopyBitmap(pool, values.null_bitmap_data(), values.offset(), n));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      output_.type, n, {std::move(validity), std::move(buffer)}, values.null_count()));
}

const TransformRegistration kCastRegistration("cast", Cast::Make);

}  // namespace
}  // namespace emberharmony::feature
