#include "emberharmony/io/filter/quoted_names.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/spelling.h"
#include "emberharmony/io/filter/filter_error_internal.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io::filter {
namespace {

constexpr size_t kWarningsMax = 10;

std::string InBackquotes(std::string name) {
  Expression column;
  column.kind = ExpressionKind::kColumn;
  column.path = {std::move(name)};
  const std::string sql = WriteSql(column);
  return sql.starts_with('`') ? sql : '`' + sql + '`';
}

void Warn(const Expression& expression, const arrow::Schema& schema, std::string_view name,
          std::vector<std::string>* warnings) {
  if (warnings->size() == kWarningsMax) return;
  const std::string column = ColumnInDoubleQuotes(expression, schema);
  if (!column.empty()) {
    const std::string text = ShownText(WriteSql(expression));
    warnings->push_back(fmt::format(
        "{}:{}:{}: what is in double quotes is a text, as in GoogleSQL: here {}, and not the "
        "column, which goes into backquotes: {}; single quotes say that the text is meant",
        name, expression.position.line, expression.position.column, text, ShownText(column)));
  }
  for (const ExpressionPtr& child : expression.children) Warn(*child, schema, name, warnings);
}

}  // namespace

std::string ColumnInDoubleQuotes(const Expression& expression, const arrow::Schema& schema) {
  if (!expression.double_quoted) return "";
  const std::string text = base::LowerAscii(expression.literal.bytes);
  for (const std::string& name : schema.field_names()) {
    if (base::LowerAscii(name) == text) return InBackquotes(name);
  }
  for (const StructMember& member : StructMembers(schema)) {
    if (base::LowerAscii(member.field->name()) != text) continue;
    const arrow::Field* field = schema.field(member.path[0]).get();
    std::string path = InBackquotes(field->name());
    for (size_t level = 1; level < member.path.size(); ++level) {
      field = field->type()->field(member.path[level]).get();
      path += '.' + InBackquotes(field->name());
    }
    return path;
  }
  return "";
}

std::vector<std::string> QuotedNameWarnings(const Expression& expression,
                                            const arrow::Schema& schema, std::string_view name) {
  std::vector<std::string> warnings;
  Warn(expression, schema, name, &warnings);
  return warnings;
}

}  // namespace emberharmony::io::filter
