#include "emberharmony/plan/meant_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "emberharmony/base/spelling.h"
#include "emberharmony/plan/faults_internal.h"

namespace emberharmony::plan {

std::string MeantColumn(const std::string& column, std::span<const std::string> names) {
  constexpr size_t kListedMax = 3;
  std::vector<std::string> fields;
  for (const std::string& name : names) {
    if (name.starts_with(column + ".")) fields.push_back(internal::Quoted(name));
  }
  if (fields.empty()) return base::DidYouMean(column, names);
  const bool more = fields.size() > kListedMax;
  fields.resize(std::min(fields.size(), kListedMax));
  return fmt::format("; it has fields, name those: {}{}", fmt::join(fields, ", "),
                     more ? ", ..." : "");
}

}  // namespace emberharmony::plan
