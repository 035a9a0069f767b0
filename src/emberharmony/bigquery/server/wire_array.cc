#include "emberharmony/bigquery/server/wire_array.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>

namespace emberharmony::bigquery::server {
namespace {

using arrow::Array;
using arrow::ArrayData;
using arrow::Result;
using arrow::Status;
using arrow::Type;
using ArrayPtr = std::shared_ptr<Array>;

constexpr int64_t kNanosPerMicro = 1000;

/// The validity of an array for data that begin at offset 0; null where nothing is null.
Result<std::shared_ptr<arrow::Buffer>> ValidityOf(const Array& values, arrow::MemoryPool* pool) {
  if (values.null_count() == 0) return nullptr;
  if (values.offset() == 0) return values.null_bitmap();
  return arrow::internal::CopyBitmap(pool, values.null_bitmap_data(), values.offset(),
                                     values.length());
}

/// Whether nanoseconds must become microseconds, which Cast would round towards zero.
bool IsNanos(const arrow::DataType& type) {
  if (type.id() == Type::TIMESTAMP) {
    return static_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::NANO;
  }
  return type.id() == Type::TIME64 &&
         static_cast<const arrow::Time64Type&>(type).unit() == arrow::TimeUnit::NANO;
}

Result<ArrayPtr> MicrosOfNanos(const Array& values, const std::shared_ptr<arrow::DataType>& type,
                               arrow::MemoryPool* pool) {
  const int64_t length = values.length();
  ARROW_ASSIGN_OR_RAISE(
      auto buffer, arrow::AllocateBuffer(length * static_cast<int64_t>(sizeof(int64_t)), pool));
  const int64_t* nanos = values.data()->GetValues<int64_t>(1);
  auto* micros = reinterpret_cast<int64_t*>(buffer->mutable_data());
  for (int64_t i = 0; i < length; ++i) {
    micros[i] = nanos[i] / kNanosPerMicro - (nanos[i] % kNanosPerMicro < 0 ? 1 : 0);
  }
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(values, pool));
  return arrow::MakeArray(ArrayData::Make(
      type, length, {std::move(validity), std::shared_ptr<arrow::Buffer>(std::move(buffer))}));
}

Result<ArrayPtr> Leaf(const ArrayPtr& values, const std::shared_ptr<arrow::DataType>& type,
                      arrow::MemoryPool* pool) {
  if (values->type()->Equals(*type)) return values;
  if (IsNanos(*values->type())) return MicrosOfNanos(*values, type, pool);
  if (values->type_id() == Type::TIMESTAMP && type->id() == Type::TIMESTAMP) {
    const auto& from = static_cast<const arrow::TimestampType&>(*values->type());
    // Instants are the same in every zone; only the unit may need a change.
    const auto as_utc =
        arrow::timestamp(from.unit(), static_cast<const arrow::TimestampType&>(*type).timezone());
    auto renamed = values->data()->Copy();
    renamed->type = as_utc;
    if (as_utc->Equals(*type)) return arrow::MakeArray(std::move(renamed));
    arrow::compute::ExecContext context(pool);
    return arrow::compute::Cast(*arrow::MakeArray(std::move(renamed)), type,
                                arrow::compute::CastOptions::Safe(), &context);
  }
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Cast(*values, type, arrow::compute::CastOptions::Safe(), &context);
}

Result<ArrayPtr> Struct(const ArrayPtr& values, const WireField& field, arrow::MemoryPool* pool) {
  const auto& record = static_cast<const arrow::StructArray&>(*values);
  std::vector<std::shared_ptr<ArrayData>> children;
  for (const WireField& child : field.children) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr made, ToWire(record.field(child.source_index), child, pool));
    children.push_back(made->data());
  }
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(*values, pool));
  return arrow::MakeArray(ArrayData::Make(field.field->type(), values->length(),
                                          {std::move(validity)}, std::move(children)));
}

/// The offsets of a list whose nulls are empty lists, beginning at 0, and the elements that remain.
struct Elements {
  std::shared_ptr<arrow::Buffer> offsets;
  ArrayPtr values;
};

Result<Elements> ElementsWithoutNulls(const arrow::ListArray& list, arrow::MemoryPool* pool) {
  const int64_t length = list.length();
  ARROW_ASSIGN_OR_RAISE(
      auto offsets,
      arrow::AllocateBuffer((length + 1) * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  out[0] = 0;
  bool gaps = false;
  for (int64_t i = 0; i < length; ++i) {
    const int32_t size = list.IsNull(i) ? 0 : list.value_length(i);
    gaps = gaps || size != list.value_length(i);
    out[i + 1] = out[i] + size;
  }
  const int64_t begin = length == 0 ? 0 : list.value_offset(0);
  if (!gaps) {
    return Elements{std::move(offsets), list.values()->Slice(begin, out[length])};
  }
  // A null may cover elements that nobody should see.
  ARROW_ASSIGN_OR_RAISE(
      auto indices,
      arrow::AllocateBuffer(out[length] * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* index = reinterpret_cast<int32_t*>(indices->mutable_data());
  for (int64_t i = 0; i < length; ++i) {
    if (list.IsNull(i)) continue;
    for (int32_t k = 0; k < list.value_length(i); ++k) *index++ = list.value_offset(i) + k;
  }
  const auto taken_indices = std::make_shared<arrow::Int32Array>(
      out[length], std::shared_ptr<arrow::Buffer>(std::move(indices)));
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(
      arrow::Datum taken,
      arrow::compute::Take(list.values(), taken_indices,
                           arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  return Elements{std::move(offsets), taken.make_array()};
}

/// Lists, and maps, which are lists of their entries.
Result<ArrayPtr> Repeated(const ArrayPtr& values, const WireField& field, arrow::MemoryPool* pool) {
  const auto& list = static_cast<const arrow::ListArray&>(*values);
  Elements elements;
  int64_t offset = 0;
  if (values->null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(elements, ElementsWithoutNulls(list, pool));
  } else {
    elements = {list.value_offsets(), list.values()};
    offset = list.offset();
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr made, ToWire(elements.values, field.children[0], pool));
  return arrow::MakeArray(ArrayData::Make(field.field->type(), values->length(),
                                          {nullptr, std::move(elements.offsets)}, {made->data()},
                                          /*null_count=*/0, offset));
}

}  // namespace

Result<ArrayPtr> ToWire(const ArrayPtr& values, const WireField& field, arrow::MemoryPool* pool) {
  switch (field.field->type()->id()) {
    case Type::STRUCT:
      return Struct(values, field, pool);
    case Type::LIST:
      return Repeated(values, field, pool);
    default: {
      Result<ArrayPtr> made = Leaf(values, field.field->type(), pool);
      if (made.ok()) return made;
      return made.status().WithMessage(fmt::format(
          "column '{}' has a value that BigQuery's {} cannot hold: {}", field.field->name(),
          field.field->type()->ToString(), made.status().message()));
    }
  }
}

}  // namespace emberharmony::bigquery::server
