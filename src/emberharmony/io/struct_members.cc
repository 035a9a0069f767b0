#include "emberharmony/io/struct_members.h"

#include <arrow/array/array_nested.h>
#include <arrow/type.h>

#include <algorithm>
#include <functional>

#include "emberharmony/base/comma_list.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/base/unknown_column.h"

namespace emberharmony::io {
namespace {

using arrow::Field;
using arrow::Result;

/// Visits the fields of a struct field, depth first; `visit` gets each with its dotted name.
class MemberWalk {
 public:
  using Visit = std::function<void(const std::vector<int>& path, const std::string& name,
                                   const Field& field, bool nullable)>;

  explicit MemberWalk(Visit visit) : visit_(std::move(visit)) {}

  void Walk(int index, const Field& field) {
    path_ = {index};
    WalkChildren(field, field.name(), field.nullable());
  }

 private:
  void WalkChildren(const Field& field, const std::string& name, bool nullable) {
    if (field.type()->id() != arrow::Type::STRUCT) return;
    for (int i = 0; i < field.type()->num_fields(); ++i) {
      const Field& child = *field.type()->field(i);
      const std::string child_name = name + "." + child.name();
      path_.push_back(i);
      visit_(path_, child_name, child, nullable || child.nullable());
      WalkChildren(child, child_name, nullable || child.nullable());
      path_.pop_back();
    }
  }

  const Visit visit_;
  std::vector<int> path_;
};

bool IsStruct(const Field& field) { return field.type()->id() == arrow::Type::STRUCT; }

bool StartsWith(const std::vector<int>& path, const std::vector<int>& prefix) {
  return prefix.size() <= path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

}  // namespace

std::vector<StructMember> StructMembers(const arrow::Schema& schema) {
  std::vector<StructMember> members;
  MemberWalk walk([&](const std::vector<int>& path, const std::string& name, const Field& field,
                      bool nullable) {
    if (!IsStruct(field)) {
      members.push_back({path, arrow::field(name, field.type(), nullable, field.metadata())});
    }
  });
  for (int i = 0; i < schema.num_fields(); ++i) walk.Walk(i, *schema.field(i));
  return members;
}

std::vector<NamedColumn> FlattenedColumns(const arrow::Schema& schema) {
  std::vector<NamedColumn> columns;
  const std::vector<StructMember> members = StructMembers(schema);
  auto member = members.begin();
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (!IsStruct(*schema.field(i))) columns.push_back({i, schema.field(i)});
    for (; member != members.end() && member->path[0] == i; ++member) {
      const auto number = static_cast<int>(member - members.begin());
      columns.push_back({schema.num_fields() + number, member->field});
    }
  }
  return columns;
}

namespace {

std::string ColumnsListed(const std::vector<std::string>& names) {
  if (names.empty()) return "it has none";
  constexpr size_t kListedMax = 30;
  std::string text = "its columns are: ";
  for (size_t i = 0; i < names.size() && i < kListedMax; ++i) {
    text += (i > 0 ? ", " : "") + base::CommaListItem(names[i]);
  }
  if (names.size() > kListedMax) text += ", ... (" + std::to_string(names.size()) + " in all)";
  return text;
}

}  // namespace

Result<std::vector<int>> ColumnsNamed(const arrow::Schema& schema, const std::string& name) {
  std::vector<std::vector<int>> found;  // paths of all that have the name, structs among them
  MemberWalk walk(
      [&](const std::vector<int>& path, const std::string& member_name, const Field&, bool) {
        if (member_name == name) found.push_back(path);
      });
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (schema.field(i)->name() == name) found.push_back({i});
    walk.Walk(i, *schema.field(i));
  }
  if (found.empty()) {
    std::vector<std::string> names;
    for (const NamedColumn& column : FlattenedColumns(schema)) {
      names.push_back(column.field->name());
    }
    return base::UnknownColumnError("the source has no column '" + name + "'" +
                                    base::DidYouMean(name, names) + "; " + ColumnsListed(names));
  }
  if (found.size() > 1) {
    return base::UsageError("the name '" + name + "' stands for " + std::to_string(found.size()) +
                            " columns of the source (a dot may be part of a name, or lead into a "
                            "struct); rename one of them");
  }
  if (found[0].size() == 1 && !IsStruct(*schema.field(found[0][0]))) return found[0];
  std::vector<int> columns;
  const std::vector<StructMember> members = StructMembers(schema);
  for (size_t i = 0; i < members.size(); ++i) {
    if (StartsWith(members[i].path, found[0])) {
      columns.push_back(schema.num_fields() + static_cast<int>(i));
    }
  }
  return columns;
}

Result<std::shared_ptr<arrow::Array>> TakeMember(const std::shared_ptr<arrow::Array>& column,
                                                 const StructMember& member,
                                                 arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Array> array = column;
  for (size_t level = 1; level < member.path.size(); ++level) {
    if (array->type_id() != arrow::Type::STRUCT ||
        member.path[level] >= array->type()->num_fields()) {
      return arrow::Status::Invalid("column '", member.field->name(), "' is not in a ",
                                    array->type()->ToString());
    }
    ARROW_ASSIGN_OR_RAISE(array, static_cast<const arrow::StructArray&>(*array).GetFlattenedField(
                                     member.path[level], pool));
  }
  return array;
}

}  // namespace emberharmony::io
