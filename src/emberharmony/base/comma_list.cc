#include "emberharmony/base/comma_list.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::base {

arrow::Result<std::vector<std::string>> ParseCommaList(std::string_view text) {
  std::vector<std::string> items;
  size_t next = 0;
  while (true) {
    std::string item;
    if (next < text.size() && text[next] == '"') {
      bool closed = false;
      for (++next; next < text.size() && !closed; ++next) {
        const bool quote = text[next] == '"';
        const bool doubled = quote && next + 1 < text.size() && text[next + 1] == '"';
        closed = quote && !doubled;
        if (!closed) item += text[next];
        if (doubled) ++next;
      }
      if (!closed) {
        return UsageError(
            "expected a double quote at the end of a name that begins with one (in "
            "it \"\" is a quote), found none in " +
            std::string(text));
      }
      if (next < text.size() && text[next] != ',') {
        return UsageError(
            "expected a comma after a name in double quotes (in it \"\" is a quote), "
            "found " +
            std::string(text.substr(next)));
      }
    } else {
      const size_t end = std::min(text.find(',', next), text.size());
      item = text.substr(next, end - next);
      next = end;
    }
    items.push_back(std::move(item));
    if (next == text.size()) return items;
    ++next;
  }
}

std::string CommaListItem(std::string_view name) {
  const bool plain = name.find(',') == std::string_view::npos && !name.starts_with('"');
  if (plain) return std::string(name);
  std::string item = "\"";
  for (const char c : name) item += c == '"' ? "\"\"" : std::string(1, c);
  return item + '"';
}

std::string CommaList(std::span<const std::string> names, std::string_view separator) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += separator;
    list += CommaListItem(names[i]);
  }
  return list;
}

}  // namespace emberharmony::base
