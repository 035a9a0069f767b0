#pragma once

#include <arrow/status.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/filter/expression.h"

namespace emberharmony::io::filter {

/// A part of a filter's text, short enough for a message.
inline std::string ShownText(std::string_view text) {
  constexpr size_t kShownBytes = 60;
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  // Not in the middle of a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

/// "--where:1:9: expected ..."
template <typename... Args>
arrow::Status FilterError(std::string_view name, Position position,
                          fmt::format_string<Args...> format, Args&&... args) {
  return base::UsageError(fmt::format("{}:{}:{}: {}", name, position.line, position.column,
                                      fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace emberharmony::io::filter
