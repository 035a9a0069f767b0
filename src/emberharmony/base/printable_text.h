#pragma once

#include <string>
#include <string_view>

namespace emberharmony::base {

/// Whether a UTF-8 sequence shows nothing of its own but changes how what follows is shown: C0,
/// DEL, C1, the line and paragraph separators, the byte order mark, and the marks of direction (UAX
/// 9), by which one name can be made to look like another.
bool ChangesDisplay(std::string_view sequence);

/// A message of any origin, safe for a terminal: what ChangesDisplay and bytes that are not UTF-8
/// appear as \xNN; line feeds and tabs stay. Applying it again changes nothing.
std::string PrintableText(std::string_view text);

}  // namespace emberharmony::base
