#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <parquet/arrow/schema.h>
#include <parquet/properties.h>

#include "emberharmony/io/nested_layout_internal.h"

namespace emberharmony::io::internal {
namespace {

NestedNode NodeOf(const parquet::arrow::SchemaField& field, int* next_leaf) {
  NestedNode node;
  node.definition = field.level_info.def_level;
  node.repetition = field.level_info.rep_level;
  node.cell_definition = field.level_info.repeated_ancestor_def_level;
  node.first_leaf = *next_leaf;
  if (field.is_leaf()) {
    ++*next_leaf;
    return node;
  }
  const arrow::DataType* type = field.field->type().get();
  while (type->id() == arrow::Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType&>(*type).storage_type().get();
  }
  node.kind =
      type->id() == arrow::Type::STRUCT ? NestedNode::Kind::kStruct : NestedNode::Kind::kList;
  for (const auto& child : field.children) node.children.push_back(NodeOf(child, next_leaf));
  return node;
}

}  // namespace

arrow::Result<std::vector<NestedNode>> NestedLayout(const parquet::SchemaDescriptor& schema) {
  parquet::arrow::SchemaManifest manifest;
  ARROW_RETURN_NOT_OK(parquet::arrow::SchemaManifest::Make(
      &schema, nullptr, parquet::default_arrow_reader_properties(), &manifest));
  std::vector<NestedNode> nodes;
  int next_leaf = 0;
  for (const auto& field : manifest.schema_fields) nodes.push_back(NodeOf(field, &next_leaf));
  return nodes;
}

}  // namespace emberharmony::io::internal
