#include "emberharmony/io/array_pieces.h"

#include <arrow/array/array_run_end.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <limits>

#include "emberharmony/io/normalized_type_internal.h"
#include "emberharmony/io/piece_dictionary_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

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

}  // namespace

std::shared_ptr<arrow::Schema> ShownSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(internal::NormalizedField(*field));
  return arrow::schema(std::move(fields));
}

bool IsEncoded(const arrow::DataType& type) {
  if (type.id() != Type::DICTIONARY) return false;
  const auto values =
      internal::NormalizedType(static_cast<const arrow::DictionaryType&>(type).value_type());
  return !arrow::is_nested(values->id()) && values->id() != Type::NA;
}

Result<PieceDictionary> MakePieceDictionary(const arrow::Array& array, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(
      auto entries,
      PlainValues(static_cast<const arrow::DictionaryArray&>(array).dictionary(), pool));
  return internal::DictionaryOfEntries(std::move(entries), pool);
}

Result<Piece> EncodedPiece(const arrow::Array& array, const PieceDictionary& dictionary,
                           uint64_t id, arrow::MemoryPool* pool) {
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  ARROW_ASSIGN_OR_RAISE(auto indices, internal::PieceIndices(*encoded.indices(), dictionary, pool));
  return Piece{dictionary.values, std::move(indices), array.length(), id};
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
