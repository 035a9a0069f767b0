#pragma once

#include <arrow/ipc/dictionary.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace emberharmony::io::internal {

/// Where an array's parts are among the nodes and buffers of its record batch.
struct ArrayParts {
  int64_t node = 0;
  int64_t buffer = 0;  ///< the first; without those that view arrays before it add
  int64_t view = 0;    ///< how many view arrays are before it
};

/// A column of an Arrow file or what is inside of one, and where its parts are in every record
/// batch.
struct ArrowColumn {
  std::shared_ptr<arrow::DataType> type;  ///< as stored, extension types unwrapped
  int64_t dictionary_id = -1;             ///< of a dictionary type
  ArrayParts parts;
  int64_t num_buffers = 0;  ///< what is inside included, without those that views add
  int64_t num_views = 0;    ///< likewise
  /// Of nested types and run ends: the type's fields. Of a dictionary type: its values, as they lie
  /// in a dictionary's record batch.
  std::vector<ArrowColumn> children;
};

/// One for each field of a file's schema. `before_v5`: of metadata before version 5.
arrow::Result<std::vector<ArrowColumn>> ArrowLayout(
    const arrow::Schema& schema, const arrow::ipc::DictionaryFieldMapper& dictionaries,
    bool before_v5);

/// How many there are, what is inside of them included.
int64_t CountArrowColumns(const std::vector<ArrowColumn>& columns);

/// Whether arrays of the column can be read: all but unions and what holds them.
bool CanReadArrow(const ArrowColumn& column);

/// A column of a source in a file: a field of the schema or a member of its structs.
struct ArrowColumnPlace {
  /// The structs around it, whose nulls are its nulls, too.
  std::vector<const ArrowColumn*> structs;
  const ArrowColumn* column = nullptr;
  /// Which child of `column`, child by child, where that is no plain struct (but a dictionary of
  /// structs).
  std::vector<int> below;
};

/// `path`: the schema's field, then the child at each level, as StructMember has it.
ArrowColumnPlace FindArrowColumn(const std::vector<ArrowColumn>& columns,
                                 const std::vector<int>& path);

}  // namespace emberharmony::io::internal
