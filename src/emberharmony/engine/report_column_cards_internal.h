#pragma once

#include "emberharmony/engine/html_writer_internal.h"
#include "emberharmony/engine/report_columns_internal.h"

namespace emberharmony::engine::internal {

/// The columns of which something comes: a card each, folded when there are many, and a compact
/// table when there are too many for cards.
void WriteColumns(const ReportColumns& columns, HtmlWriter* html);

/// The columns of which nothing comes, with the reason.
void WriteUnusedColumns(const ReportColumns& columns, HtmlWriter* html);

/// A bar filled to `share` of its width; `label` says it to those who do not see it.
void WriteBar(double share, const std::string& style_class, const std::string& label,
              HtmlWriter* html);

/// The head of a table: a caption for all, and the columns; those whose heading ends in '#' hold
/// numbers.
void WriteTableHead(const std::string& caption, const std::vector<std::string>& headings,
                    HtmlWriter* html);

}  // namespace emberharmony::engine::internal
