#pragma once

#include <string>
#include <string_view>

namespace emberharmony::engine {

/// A script that the report carries within itself, with the digest by which the page's content
/// security policy admits it.
struct ReportScript {
  std::string_view text;
  std::string csp_source;  ///< 'sha256-...'
};

/// Vega (https://vega.github.io), which draws the charts, as its authors publish it.
ReportScript VegaScript();
/// Vega's interpreter of expressions, with which it needs no eval.
ReportScript VegaInterpreterScript();
/// The page's own script (report_page.js): makes charts when they come into view, and filters
/// columns.
ReportScript PageScript();
/// The licences of Vega and of the works in it, as their authors ask for where it is copied.
std::string_view VegaNotices();

}  // namespace emberharmony::engine
