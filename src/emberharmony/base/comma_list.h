#pragma once

#include <arrow/result.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::base {

/// The items of a list such as `a,b,"c,d"`: a line of CSV (RFC 4180), so that any name can be an
/// item. One that begins with a double quote ends with one, and means its inside, where "" is a
/// quote; any other is taken as it stands, spaces included. An empty text is one empty item.
/// UsageError for a quote that is not closed, and for text behind one that is.
arrow::Result<std::vector<std::string>> ParseCommaList(std::string_view text);

/// The name as an item of such a list: in quotes only where it needs them.
std::string CommaListItem(std::string_view name);

/// The list, with `separator` (a comma, perhaps with spaces for people) between the items.
std::string CommaList(std::span<const std::string> names, std::string_view separator = ",");

}  // namespace emberharmony::base
