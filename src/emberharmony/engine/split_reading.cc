#include "emberharmony/engine/split_reading.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <numeric>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/column_scan.h"

namespace emberharmony::engine {

namespace {

// The only split there is, or -1. With a time split only a training share of 1 needs no instants: a
// cut is part of what is learned.
int OnlySplit(const std::array<bool, kNumSplits>& present, plan::SplitMethod method) {
  if (std::count(present.begin(), present.end(), true) != 1) return -1;
  const auto only =
      static_cast<int>(std::find(present.begin(), present.end(), true) - present.begin());
  return method == plan::SplitMethod::kTime && only != 0 ? -1 : only;
}

}  // namespace

arrow::Result<SplitReading> DecideSplitReading(const io::Source& source, const io::Source& named,
                                               const plan::SplitSpec& spec, bool in_scan) {
  SplitReading reading;
  ARROW_ASSIGN_OR_RAISE(reading.present, plan::PresentSplits(spec));
  if (spec.method == plan::SplitMethod::kRandom && !source.rows_are_numbered()) {
    return base::UsageError(
        "a random split goes by the rows' positions, and this source may give its rows in "
        "another order each time; split by method: hash, which goes by what rows hold");
  }
  reading.only_split = OnlySplit(reading.present, spec.method);
  const arrow::Schema& schema = *named.schema();
  if (spec.method == plan::SplitMethod::kTime) {
    reading.columns = {schema.GetFieldIndex(spec.time_column)};
    reading.finds_cuts = !spec.by_instants() && reading.only_split != 0;
    return reading;
  }
  if (spec.method == plan::SplitMethod::kRandom || reading.only_split >= 0) return reading;
  for (const std::string& name : spec.key) reading.columns.push_back(schema.GetFieldIndex(name));
  reading.by_row = spec.key.empty();
  if (reading.by_row) {
    reading.columns.resize(source.schema()->num_fields());
    std::iota(reading.columns.begin(), reading.columns.end(), 0);
  }
  // A scan of other columns can't hash whole rows on its way.
  reading.in_scan = in_scan && &source == &named && !source.columns_independent();
  return reading;
}

bool MayLackValues(const io::Source& source, const io::Unit& unit, int column) {
  const arrow::DataType* type = source.schema()->field(column)->type().get();
  if (type->id() == arrow::Type::DICTIONARY)
    type = static_cast<const arrow::DictionaryType*>(type)->value_type().get();
  return arrow::is_floating(type->id()) || source.Hint(unit, column).null_count != 0;
}

int64_t SplitKeyBytes(const io::Source& source, const io::Unit& unit,
                      const std::vector<int>& columns, RunContext* context) {
  if (!source.columns_independent()) return 2 * ScanBatchesBytes(unit, columns.size(), context);
  int64_t bytes = 0;
  for (const int column : columns) bytes += 2 * ScanBytes(source, unit, column);
  return bytes;
}

}  // namespace emberharmony::engine
