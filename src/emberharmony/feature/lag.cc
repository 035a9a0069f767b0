#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/entity_rows_internal.h"
#include "emberharmony/feature/lag_periods_internal.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/step_options.h"

namespace emberharmony::feature {
namespace {

/// The width in bytes of a value that is remembered as bytes of its own; 0 for strings, nothing for
/// types that cannot be remembered. Booleans take a byte.
std::optional<int64_t> LagWidth(const arrow::DataType& type) {
  if (type.id() == arrow::Type::BOOL) return 1;
  if (type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY) return 0;
  if (type.id() == arrow::Type::DICTIONARY || !arrow::is_fixed_width(type.id()))
    return std::nullopt;
  return static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8;
}

/// Values that are remembered, each in a slot.
class LagSlots {
 public:
  LagSlots(int64_t width, base::MemoryBudget* budget) : width_(width), reservation_(budget) {}

  void Grow(int64_t num_slots) {
    if (static_cast<size_t>(num_slots) <= valid_.size()) return;
    valid_.resize(static_cast<size_t>(num_slots));
    if (width_ > 0) {
      bytes_.resize(static_cast<size_t>(num_slots * width_));
    } else {
      texts_.resize(static_cast<size_t>(num_slots));
    }
  }

  arrow::Status Set(int64_t slot, const arrow::Array& values, int64_t row) {
    valid_[slot] = values.IsValid(row);
    if (values.IsNull(row)) return arrow::Status::OK();
    if (width_ == 0) return SetText(slot, values, row);
    if (values.type_id() == arrow::Type::BOOL) {
      bytes_[slot] = static_cast<const arrow::BooleanArray&>(values).Value(row);
    } else {
      const uint8_t* from = values.data()->buffers[1]->data() + (values.offset() + row) * width_;
      std::memcpy(bytes_.data() + slot * width_, from, static_cast<size_t>(width_));
    }
    return arrow::Status::OK();
  }

  bool valid(int64_t slot) const { return valid_[slot] != 0; }
  const uint8_t* bytes(int64_t slot) const { return bytes_.data() + slot * width_; }
  const std::string& text(int64_t slot) const { return texts_[slot]; }

 private:
  // A text may be longer than the one that it takes the place of.
  arrow::Status SetText(int64_t slot, const arrow::Array& values, int64_t row) {
    const std::string_view text = static_cast<const arrow::BinaryArray&>(values).GetView(row);
    std::string& place = texts_[slot];
    text_bytes_ += static_cast<int64_t>(text.size()) - static_cast<int64_t>(place.size());
    place.assign(text);
    constexpr int64_t kStep = int64_t{256} << 10;
    if (text_bytes_ <= reservation_.bytes()) return arrow::Status::OK();
    return reservation_.Resize(text_bytes_ + kStep);
  }

  const int64_t width_;
  std::vector<uint8_t> valid_;
  std::vector<uint8_t> bytes_;
  std::vector<std::string> texts_;
  int64_t text_bytes_ = 0;
  base::MemoryReservation reservation_;  // of texts_
};

/// One output of a batch.
class LagOutput {
 public:
  LagOutput(int64_t width, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : width_(width), type_(std::move(type)), texts_(pool), fixed_(pool), valid_(pool) {}

  arrow::Status Reserve(int64_t num_rows) {
    if (width_ == 0) return texts_.Reserve(num_rows);
    ARROW_RETURN_NOT_OK(valid_.Reserve(num_rows));
    return fixed_.Reserve(num_rows * width_);
  }

  arrow::Status AppendNull() {
    if (width_ == 0) return texts_.AppendNull();
    valid_.UnsafeAppend(false);
    return fixed_.Append(width_, 0);
  }

  arrow::Status Append(const LagSlots& slots, int64_t slot) {
    if (!slots.valid(slot)) return AppendNull();
    if (width_ == 0) return texts_.Append(slots.text(slot));
    valid_.UnsafeAppend(true);
    return fixed_.Append(slots.bytes(slot), width_);
  }

  arrow::Result<std::shared_ptr<arrow::Array>> Finish() {
    std::shared_ptr<arrow::Array> array;
    if (width_ == 0) {
      ARROW_RETURN_NOT_OK(texts_.Finish(&array));
      return array->View(type_);
    }
    const int64_t num_rows = valid_.length();
    const int64_t null_count = valid_.false_count();
    ARROW_ASSIGN_OR_RAISE(auto valid, valid_.Finish());
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, fixed_.Finish());
    if (type_->id() == arrow::Type::BOOL) {
      ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(num_rows));
      for (int64_t i = 0; i < num_rows; ++i)
        arrow::bit_util::SetBitTo(bits->mutable_data(), i, values->data()[i] != 0);
      values = std::move(bits);
    }
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, num_rows, {null_count > 0 ? std::move(valid) : nullptr, std::move(values)},
        null_count));
  }

 private:
  const int64_t width_;
  const std::shared_ptr<arrow::DataType> type_;
  arrow::BinaryBuilder texts_;
  arrow::BufferBuilder fixed_;
  arrow::TypedBufferBuilder<bool> valid_;
};

struct LagState : RowState {
  LagState(const std::vector<io::CellTextWriter>& writers, int64_t width, int64_t depth,
           base::MemoryBudget* budget)
      : entities("lag", writers, EntityBytes(width, depth), budget), slots(width, budget) {}
  // Vectors that grow may hold twice what is in them.
  static int64_t EntityBytes(int64_t width, int64_t depth) {
    constexpr int64_t kTextBytes = 32;  // of an empty string
    return 2 * (depth * (1 + (width == 0 ? kTextBytes : width)) + 8);
  }
  EntityNumbers entities;
  std::vector<int64_t> seen;  // rows of each entity
  LagSlots slots;             // the last `depth` values of each
  std::vector<int64_t> numbers;
};

/// `lag: {periods: [1, 2], by: COLUMN}`: the column's value some rows earlier, of the same entity,
/// in the order of the source; null where there is none.
class Lag : public RowTransform {
 public:
  static arrow::Result<std::unique_ptr<RowTransform>> Make(const nlohmann::json& options,
                                                           const RowContext& context) {
    auto step = std::make_unique<Lag>();
    StepOptions reader("lag", options, "periods");
    step->by_ = ReadEntityColumns(reader.Value("by"), &reader);
    step->periods_ = ReadPeriods(reader.Value("periods"), &reader);
    ARROW_RETURN_NOT_OK(reader.Finish());
    step->input_ = context.inputs[0];
    const auto width = LagWidth(*step->input_.type);
    if (!width.has_value()) {
      return base::UsageError("lag does not take values of type " + step->input_.type->ToString());
    }
    step->width_ = *width;
    ARROW_ASSIGN_OR_RAISE(step->writers_, EntityWriters("lag", context));
    return std::unique_ptr<RowTransform>(std::move(step));
  }

  const std::string& name() const override { return kName; }
  RowTraits traits() const override { return {.ordered = true}; }
  nlohmann::json options() const override { return {{"by", by_}, {"periods", periods_}}; }
  std::vector<ColumnInfo> outputs() const override {
    std::vector<ColumnInfo> outputs;
    for (const int64_t period : periods_) {
      ColumnInfo output;
      output.name = input_.name + "_lag_" + std::to_string(period);
      output.type = input_.type;
      outputs.push_back(std::move(output));
    }
    return outputs;
  }
  std::unique_ptr<RowState> MakeState(base::MemoryBudget* budget) const override {
    return std::make_unique<LagState>(writers_, width_, LagDepth(periods_), budget);
  }
  arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                      arrow::ArrayVector* outputs) const override;

 private:
  static inline const std::string kName = "lag";
  ColumnInfo input_;
  std::vector<std::string> by_;
  std::vector<int64_t> periods_;
  int64_t width_ = 0;
  std::vector<io::CellTextWriter> writers_;
};

arrow::Status Lag::Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                         arrow::ArrayVector* outputs) const {
  auto& past = static_cast<LagState&>(*state);
  const int64_t depth = LagDepth(periods_);
  ARROW_RETURN_NOT_OK(past.entities.NumberRows(rows, 1, &past.numbers));
  past.seen.resize(static_cast<size_t>(past.entities.size()));
  past.slots.Grow(past.entities.size() * depth);
  std::vector<std::unique_ptr<LagOutput>> lags;
  for (size_t p = 0; p < periods_.size(); ++p) {
    lags.push_back(std::make_unique<LagOutput>(width_, input_.type, pool));
    ARROW_RETURN_NOT_OK(lags.back()->Reserve(rows.num_rows));
  }
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const int64_t entity = past.numbers[static_cast<size_t>(row)];
    int64_t& seen = past.seen[static_cast<size_t>(entity)];
    for (size_t p = 0; p < periods_.size(); ++p) {
      const int64_t at = seen - periods_[p];
      ARROW_RETURN_NOT_OK(at < 0 ? lags[p]->AppendNull()
                                 : lags[p]->Append(past.slots, entity * depth + at % depth));
    }
    ARROW_RETURN_NOT_OK(past.slots.Set(entity * depth + seen % depth, *rows.columns[0], row));
    ++seen;
  }
  for (const auto& lag : lags) {
    ARROW_ASSIGN_OR_RAISE(auto array, lag->Finish());
    outputs->push_back(std::move(array));
  }
  return arrow::Status::OK();
}

const RowStepRegistration kLagRegistration("lag",
                                           {.named_columns = EntityColumns, .make = Lag::Make});

}  // namespace
}  // namespace emberharmony::feature
