#include "emberharmony/feature/analyzer.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/distinct_count.h"
#include "emberharmony/feature/list_value_counts.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_histogram.h"

namespace emberharmony::feature {

arrow::Status Analyzer::EncodeTo(const State& state, const ByteConsumer& out) const {
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, Encode(state));
  return out(bytes);
}

arrow::Status Analyzer::MergeEncoded(State* into, const EncodedState& encoded,
                                     const arrow::DataType& type,
                                     const StateOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, encoded.ReadAll());
  ARROW_ASSIGN_OR_RAISE(const auto state, Decode(bytes, type, options));
  return Merge(into, *state);
}

arrow::Result<std::shared_ptr<const Analyzer>> AnalyzerForStateKey(const std::string& state_key) {
  if (state_key == "moments") return MakeMomentsAnalyzer();
  if (state_key == "value_counts") return MakeValueCountsAnalyzer();
  if (state_key == "list_value_counts") return MakeListValueCountsAnalyzer();
  if (state_key == "distinct_count") return MakeDistinctCountAnalyzer();
  constexpr std::string_view kHistogram = "value_histogram/";
  if (state_key.starts_with(kHistogram)) {
    int64_t max_keys = 0;
    const char* begin = state_key.data() + kHistogram.size();
    const char* end = state_key.data() + state_key.size();
    const auto [rest, error] = std::from_chars(begin, end, max_keys);
    if (error == std::errc() && rest == end && max_keys > 0)
      return MakeValueHistogramAnalyzer(max_keys);
  }
  return base::DataError("a saved state names the analyzer '" + state_key.substr(0, 64) +
                         "', which this version does not know; fit the model anew");
}

}  // namespace emberharmony::feature
