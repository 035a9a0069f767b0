#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::io {

/// A field inside of a struct column, at any depth, that is not a struct itself.
struct StructMember {
  std::vector<int> path;                ///< the schema's field, then the child at each level
  std::shared_ptr<arrow::Field> field;  ///< named parent.child; nullable if anything above it is
};

/// The members of all structs of a schema, depth first: member i is column num_fields() + i of a
/// source with that schema (io/source.h). Lists are members as a whole; what is inside of them has
/// no name.
std::vector<StructMember> StructMembers(const arrow::Schema& schema);

/// A column as plans, --columns and --where name it: `parent.child` for a struct's member.
struct NamedColumn {
  int column = 0;  ///< as Source numbers them
  std::shared_ptr<arrow::Field> field;
};

/// The columns of a table with every struct's members in the struct's place: flat ones and lists.
/// Names may repeat (a field called `a.b` beside a struct `a` with a member `b`); whoever uses such
/// a name must refuse it.
std::vector<NamedColumn> FlattenedColumns(const arrow::Schema& schema);

/// The columns that a name of --columns stands for: the column so called, or all members of the
/// struct so called, at any depth. UsageError when there is none, or more than one.
arrow::Result<std::vector<int>> ColumnsNamed(const arrow::Schema& schema, const std::string& name);

/// The cells of a member, given those of the struct column that it is in: null where the struct or
/// anything between is null. For sources whose columns come as Arrow arrays.
arrow::Result<std::shared_ptr<arrow::Array>> TakeMember(const std::shared_ptr<arrow::Array>& column,
                                                        const StructMember& member,
                                                        arrow::MemoryPool* pool);

}  // namespace emberharmony::io
