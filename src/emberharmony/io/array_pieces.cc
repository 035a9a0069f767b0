#include "emberharmony/io/array_pieces.h"

#include <arrow/array/array_run_end.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <limits>

#include "emberharmony/io/normalized_type_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

std::shared_ptr<arrow::DataType> ShownType(const std::shared_ptr<arrow::DataType>& type) {
  const std::shared_ptr<arrow::DataType> flat = internal::NormalizedType(type);
  switch (flat->id()) {
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : flat->fields()) {
        fields.push_back(arrow::field(field->name(), ShownType(field->type())));
      }
      return arrow::struct_(std::move(fields));
    }
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      return arrow::list(ShownType(flat->field(0)->type()));
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*flat);
      return arrow::map(ShownType(map.key_type()), ShownType(map.item_type()));
    }
    default:
      return flat;
  }
}

Result<std::shared_ptr<arrow::Array>> TakeRows(const arrow::Array& values,
                                               const arrow::Array& indices, bool checked,
                                               arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Take(values, indices, arrow::compute::TakeOptions(checked), &context);
}

template <typename RunEnd>
void RunOfEachRow(const arrow::RunEndEncodedArray& array, int32_t* out) {
  const auto* ends = array.run_ends()->data()->GetValues<RunEnd>(1);
  int64_t run = array.FindPhysicalOffset();
  for (int64_t i = 0; i < array.length(); ++i) {
    while (int64_t{ends[run]} <= array.offset() + i) ++run;
    out[i] = static_cast<int32_t>(run);
  }
}

Result<std::shared_ptr<arrow::Array>> ResolveRuns(const arrow::RunEndEncodedArray& array,
                                                  arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(array.length() * 4, pool));
  auto* runs = reinterpret_cast<int32_t*>(buffer->mutable_data());
  switch (array.run_ends()->type_id()) {
    case Type::INT16:
      RunOfEachRow<int16_t>(array, runs);
      break;
    case Type::INT32:
      RunOfEachRow<int32_t>(array, runs);
      break;
    default:
      RunOfEachRow<int64_t>(array, runs);
  }
  return TakeRows(*array.values(), arrow::Int32Array(array.length(), std::move(buffer)),
                  /*checked=*/true, pool);
}

/// Without dictionaries, runs and extension types around the values.
Result<std::shared_ptr<arrow::Array>> Resolved(std::shared_ptr<arrow::Array> array,
                                               arrow::MemoryPool* pool) {
  while (true) {
    switch (array->type_id()) {
      case Type::EXTENSION:
        array = static_cast<const arrow::ExtensionArray&>(*array).storage();
        continue;
      case Type::DICTIONARY: {
        const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
        ARROW_ASSIGN_OR_RAISE(
            array, TakeRows(*encoded.dictionary(), *encoded.indices(), /*checked=*/true, pool));
        continue;
      }
      case Type::RUN_END_ENCODED: {
        ARROW_ASSIGN_OR_RAISE(
            array, ResolveRuns(static_cast<const arrow::RunEndEncodedArray&>(*array), pool));
        continue;
      }
      default:
        return array;
    }
  }
}

/// Arrow's cast to 32-bit offsets looks at the offsets themselves, which are large in a slice from
/// the end of a long array.
bool StartsFarIn(const arrow::Array& array) {
  if (array.length() == 0) return false;
  const auto* offsets = array.data()->GetValues<int64_t>(1);
  return arrow::is_large_binary_like(array.type_id()) &&
         offsets[array.length()] > std::numeric_limits<int32_t>::max();
}

Status VisitIndices(const arrow::Array& indices, const auto& visit) {
  const arrow::ArrayData& data = *indices.data();
  switch (indices.type_id()) {
    case Type::INT8:
      return visit(data.GetValues<int8_t>(1));
    case Type::UINT8:
      return visit(data.GetValues<uint8_t>(1));
    case Type::INT16:
      return visit(data.GetValues<int16_t>(1));
    case Type::UINT16:
      return visit(data.GetValues<uint16_t>(1));
    case Type::INT32:
      return visit(data.GetValues<int32_t>(1));
    case Type::UINT32:
      return visit(data.GetValues<uint32_t>(1));
    case Type::INT64:
      return visit(data.GetValues<int64_t>(1));
    default:
      return visit(data.GetValues<uint64_t>(1));
  }
}

}  // namespace

std::shared_ptr<arrow::Schema> ShownSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(arrow::field(field->name(), ShownType(field->type()), field->nullable()));
  }
  return arrow::schema(std::move(fields));
}

bool IsEncoded(const arrow::DataType& type) {
  if (type.id() != Type::DICTIONARY) return false;
  const auto values =
      internal::NormalizedType(static_cast<const arrow::DictionaryType&>(type).value_type());
  return !arrow::is_nested(values->id()) && values->id() != Type::NA;
}

Result<PieceDictionary> MakePieceDictionary(const arrow::Array& array, arrow::MemoryPool* pool) {
  PieceDictionary result;
  ARROW_ASSIGN_OR_RAISE(
      auto entries,
      PlainValues(static_cast<const arrow::DictionaryArray&>(array).dictionary(), pool));
  if (entries->length() >= std::numeric_limits<int32_t>::max()) {
    return Status::Invalid("a dictionary has more than 2^31 entries");
  }
  if (entries->null_count() == 0) {
    result.values = std::move(entries);
    return result;
  }
  // Rows that point at a null entry are null themselves.
  const auto num_values = static_cast<int32_t>(entries->length() - entries->null_count());
  arrow::Int32Builder kept(pool);
  ARROW_RETURN_NOT_OK(kept.Reserve(num_values));
  result.index_of.assign(static_cast<size_t>(entries->length()), num_values);
  int32_t next = 0;
  for (int64_t i = 0; i < entries->length(); ++i) {
    if (entries->IsNull(i)) continue;
    result.index_of[static_cast<size_t>(i)] = next++;
    kept.UnsafeAppend(static_cast<int32_t>(i));
  }
  ARROW_ASSIGN_OR_RAISE(const auto indices, kept.Finish());
  ARROW_ASSIGN_OR_RAISE(result.values, TakeRows(*entries, *indices, /*checked=*/false, pool));
  return result;
}

Result<Piece> EncodedPiece(const arrow::Array& array, const PieceDictionary& dictionary,
                           uint64_t id, arrow::MemoryPool* pool) {
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  const arrow::Array& stored = *encoded.indices();
  const int64_t n = stored.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices, arrow::AllocateBuffer(n * 4, pool));
  auto* out = reinterpret_cast<int32_t*>(indices->mutable_data());
  const auto null_index = static_cast<int32_t>(dictionary.values->length());
  const auto num_entries = static_cast<uint64_t>(encoded.dictionary()->length());
  const int32_t* index_of = dictionary.index_of.empty() ? nullptr : dictionary.index_of.data();
  const bool has_nulls = stored.null_count() > 0;
  ARROW_RETURN_NOT_OK(VisitIndices(stored, [&](const auto* values) -> Status {
    for (int64_t i = 0; i < n; ++i) {
      // A negative index becomes a very large one.
      const auto index = static_cast<uint64_t>(values[i]);
      if (has_nulls && stored.IsNull(i)) {
        out[i] = null_index;
      } else if (index < num_entries) {
        out[i] = index_of != nullptr ? index_of[index] : static_cast<int32_t>(index);
      } else {
        return Status::Invalid("it has the index ", +values[i], " into a dictionary of ",
                               num_entries, " entries");
      }
    }
    return Status::OK();
  }));
  return Piece{dictionary.values, std::move(indices), n, id};
}

Result<std::shared_ptr<arrow::Array>> PlainValues(const std::shared_ptr<arrow::Array>& array,
                                                  arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> values, Resolved(array, pool));
  const auto shown = internal::NormalizedType(values->type());
  if (arrow::is_nested(shown->id()) || values->type()->Equals(*shown)) return values;
  if (StartsFarIn(*values)) {
    ARROW_ASSIGN_OR_RAISE(values, arrow::Concatenate({values}, pool));
  }
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Cast(*values, shown, arrow::compute::CastOptions::Safe(), &context);
}

}  // namespace emberharmony::io
