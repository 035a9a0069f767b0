#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/io/arrow_array_reader_internal.h"
#include "emberharmony/io/arrow_layout_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Type;

std::shared_ptr<arrow::DataType> WithoutExtension(std::shared_ptr<arrow::DataType> type) {
  while (type->id() == Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  }
  return type;
}

/// The buffers of an array itself, without what is inside of it and what views add.
int64_t CountBuffers(const arrow::DataType& type, bool before_v5) {
  switch (type.id()) {
    case Type::NA:
      return 0;
    case Type::RUN_END_ENCODED:
      // Before version 5 run ends had a validity bitmap, though they never were null themselves.
      return before_v5 ? 1 : 0;
    case Type::STRUCT:
    case Type::FIXED_SIZE_LIST:
      return 1;
    case Type::SPARSE_UNION:
      return before_v5 ? 2 : 1;
    case Type::DENSE_UNION:
      return before_v5 ? 3 : 2;
    case Type::STRING:
    case Type::BINARY:
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      return 3;
    default:
      return 2;
  }
}

bool IsView(const arrow::DataType& type) {
  return type.id() == Type::STRING_VIEW || type.id() == Type::BINARY_VIEW;
}

/// Lays out columns one after the other. Recursion is bounded by the FlatBuffer that types come
/// from, which Arrow reads to a depth of 128 tables.
class Layout {
 public:
  Layout(const arrow::ipc::DictionaryFieldMapper& dictionaries, bool before_v5)
      : dictionaries_(dictionaries), before_v5_(before_v5) {}

  /// `path` is the field's, child by child. `next` is moved behind the column's parts.
  Result<ArrowColumn> Add(const std::shared_ptr<arrow::DataType>& type, std::vector<int>* path,
                          ArrayParts* next) const {
    ArrowColumn column;
    column.type = WithoutExtension(type);
    column.parts = *next;
    next->node += 1;
    next->buffer += CountBuffers(*column.type, before_v5_);
    next->view += IsView(*column.type) ? 1 : 0;
    if (column.type->id() == Type::DICTIONARY) {
      ARROW_ASSIGN_OR_RAISE(column.dictionary_id, dictionaries_.GetFieldId(*path));
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*column.type);
      ArrayParts in_dictionary;
      ARROW_ASSIGN_OR_RAISE(auto values, Add(dictionary.value_type(), path, &in_dictionary));
      column.children.push_back(std::move(values));
    } else {
      for (int i = 0; i < column.type->num_fields(); ++i) {
        path->push_back(i);
        ARROW_ASSIGN_OR_RAISE(auto child, Add(column.type->field(i)->type(), path, next));
        column.children.push_back(std::move(child));
        path->pop_back();
      }
    }
    column.num_buffers = next->buffer - column.parts.buffer;
    column.num_views = next->view - column.parts.view;
    return column;
  }

 private:
  const arrow::ipc::DictionaryFieldMapper& dictionaries_;
  const bool before_v5_;
};

}  // namespace

Result<std::vector<ArrowColumn>> ArrowLayout(const arrow::Schema& schema,
                                             const arrow::ipc::DictionaryFieldMapper& dictionaries,
                                             bool before_v5) {
  const Layout layout(dictionaries, before_v5);
  ArrayParts next;
  std::vector<ArrowColumn> columns;
  for (int i = 0; i < schema.num_fields(); ++i) {
    std::vector<int> path = {i};
    ARROW_ASSIGN_OR_RAISE(auto column, layout.Add(schema.field(i)->type(), &path, &next));
    columns.push_back(std::move(column));
  }
  return columns;
}

int64_t CountArrowColumns(const std::vector<ArrowColumn>& columns) {
  auto count = static_cast<int64_t>(columns.size());
  for (const ArrowColumn& column : columns) count += CountArrowColumns(column.children);
  return count;
}

bool CanReadArrow(const ArrowColumn& column) {
  const bool readable =
      IsPlainType(*column.type) || column.type->id() == Type::DICTIONARY ||
      column.type->id() == Type::RUN_END_ENCODED || column.type->id() == Type::STRUCT ||
      arrow::is_list_like(column.type->id()) || arrow::is_list_view(column.type->id());
  return readable && std::all_of(column.children.begin(), column.children.end(), CanReadArrow);
}

ArrowColumnPlace FindArrowColumn(const std::vector<ArrowColumn>& columns,
                                 const std::vector<int>& path) {
  ArrowColumnPlace place;
  place.column = &columns.at(static_cast<size_t>(path.at(0)));
  for (size_t level = 1; level < path.size(); ++level) {
    if (place.column->type->id() != Type::STRUCT) {
      place.below.assign(path.begin() + static_cast<std::ptrdiff_t>(level), path.end());
      break;
    }
    place.structs.push_back(place.column);
    place.column = &place.column->children.at(static_cast<size_t>(path[level]));
  }
  return place;
}

}  // namespace emberharmony::io::internal
