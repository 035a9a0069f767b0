#pragma once

#include <string>
#include <string_view>

#include "emberharmony/engine/html_writer_internal.h"
#include "emberharmony/engine/report_columns_internal.h"

namespace emberharmony::engine::internal {

/// The charts of a column, drawn plainly; the page's script draws them again, finer. `column` is
/// its position in the report's data.
void WriteCharts(const ReportColumn& column, size_t position, const ReportSplits& splits,
                 HtmlWriter* html);

/// What is missing, infinite and unseen of a column in each split, as a table under a heading.
void WriteSplitTable(const ReportColumn& column, const ReportSplits& splits,
                     std::string_view heading_tag, HtmlWriter* html);

/// The target's charts, large.
void WriteTarget(const ReportColumns& columns, HtmlWriter* html);

/// The columns in which values are missing, with their shares in each split.
void WriteMissing(const ReportColumns& columns, HtmlWriter* html);

/// What vocabularies and one_hots know of each split, and what their limits cost.
void WriteVocabularies(const ReportColumns& columns, HtmlWriter* html);

/// Whether anything is there for the script to draw.
bool HasCharts(const ReportColumns& columns);

/// The data behind the charts, for the script and for other programs (docs/reference/report.md):
/// JSON in ASCII without < > &, so that it cannot end the element it stands in.
std::string ReportData(const ReportColumns& columns);

}  // namespace emberharmony::engine::internal
