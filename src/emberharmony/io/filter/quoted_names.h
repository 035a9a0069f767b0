#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/io/filter/expression.h"

namespace emberharmony::io::filter {

/// The column, in backquotes, that a text in double quotes is called like; "" for any other
/// expression. In GoogleSQL "delay" is a STRING; other dialects name columns so.
std::string ColumnInDoubleQuotes(const Expression& expression, const arrow::Schema& schema);

/// A warning for each such text of a filter, in the order of the filter; at most ten. They begin
/// with `name`, as ParseExpression's errors do.
std::vector<std::string> QuotedNameWarnings(const Expression& expression,
                                            const arrow::Schema& schema, std::string_view name);

}  // namespace emberharmony::io::filter
