#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace emberharmony::cli {

using TableRow = std::vector<std::string>;

/// Rows as lines of columns of equal width, two spaces apart; all but the first `left` columns are
/// aligned to the right. Texts are UTF-8, without line feeds.
std::string AlignedTable(const std::vector<TableRow>& rows, size_t left);

}  // namespace emberharmony::cli
