#pragma once

#include <string_view>

namespace emberharmony::io::filter {

/// Whether GoogleSQL reserves the word ("Lexical structure and syntax", reserved keywords), so that
/// a column of that name stands in backquotes.
bool IsReservedWord(std::string_view word);

}  // namespace emberharmony::io::filter
