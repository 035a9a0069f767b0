#pragma once

#include <arrow/result.h>
#include <parquet/schema.h>

#include <cstdint>
#include <vector>

namespace emberharmony::io::internal {

/// Where a column stands in a Parquet file's levels of nesting, and what is below it. The words are
/// those of Dremel (Melnik et al. 2010, "Dremel: interactive analysis of web-scale datasets").
struct NestedNode {
  enum class Kind { kLeaf, kStruct, kList };

  Kind kind = Kind::kLeaf;
  /// Leaf and struct: the definition level from which on it is there. List: that from which on it
  /// has an element, which may be null; one below, it is there.
  int16_t definition = 0;
  /// The repetition level of the innermost list that it is in, a list itself included.
  int16_t repetition = 0;
  /// The definition level from which on the innermost list around it, itself not included, has an
  /// element: below that there is no cell, not even a null one.
  int16_t cell_definition = 0;
  int first_leaf = 0;                ///< among the leaves of the file
  std::vector<NestedNode> children;  ///< a list has one; a map is a list of structs of two
};

/// One node for each field of a file's schema.
arrow::Result<std::vector<NestedNode>> NestedLayout(const parquet::SchemaDescriptor& schema);

}  // namespace emberharmony::io::internal
