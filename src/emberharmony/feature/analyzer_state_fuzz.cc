#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/analyzer.h"

// The input's first byte chooses an analyzer and a type of values, the rest is an encoded state.
// Whatever it is, decoding ends in a state or an error, within 256 MiB; a state can be finalized,
// encoded to bytes that give it again, updated and merged.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using base::FuzzSeeds;

struct Kind {
  std::shared_ptr<const feature::Analyzer> analyzer;
  std::shared_ptr<arrow::DataType> type;
  std::shared_ptr<arrow::Array> values;
};

std::vector<Kind> MakeKinds() {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> numbers = {
      {arrow::float64(), R"([1.5, -0.0, 1e300, 5e-324, null, -2.25, 1.5])"},
      {arrow::int64(), R"([9223372036854775807, -9223372036854775808, 0, 3, null, 3])"},
      {arrow::uint64(), R"([18446744073709551615, 0, 7])"},
      {arrow::float32(), R"([1.5, -3.25, null])"},
      {arrow::boolean(), R"([true, false, null, true])"},
      {arrow::decimal128(38, 4), R"(["1.5000", "-99999999.0001", null])"},
      {arrow::timestamp(arrow::TimeUnit::MICRO), R"([0, 1600000000000000, null])"},
  };
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> bytes = {
      {arrow::utf8(), R"(["a", "", "a longer string than fits in a key", null, "caf\u00e9"])"},
      {arrow::binary(), R"(["x", "yyyyyyyyyyyyyyyyyyyyyyy"])"},
      {arrow::fixed_size_binary(3), R"(["abc", "abd"])"},
      {arrow::date32(), R"([0, -1, 20000])"},
  };
  std::vector<Kind> kinds;
  for (const char* key :
       {"moments", "value_histogram/8192", "value_histogram/3", "value_counts", "distinct_count"}) {
    const auto analyzer = *feature::AnalyzerForStateKey(key);
    for (const auto* types : {&numbers, &bytes}) {
      for (const auto& [type, json] : *types) {
        if (!analyzer->MakeState(*type, {}).ok()) continue;
        kinds.push_back({analyzer, type, *arrow::json::ArrayFromJSONString(type, json)});
      }
    }
  }
  return kinds;
}

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = MakeKinds();
  return kinds;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const FuzzSeeds seeds(*argc, *argv);
  FuzzSeeds::FuzzRequire(Kinds().size() <= 256, "a byte chooses the kind");
  for (size_t i = 0; i < Kinds().size(); ++i) {
    const Kind& kind = Kinds()[i];
    auto state = *kind.analyzer->MakeState(*kind.type, {});
    seeds.Add(fmt::format("empty-{}", i), static_cast<char>(i) + *kind.analyzer->Encode(*state));
    FuzzSeeds::FuzzRequire(kind.analyzer->Update(state.get(), {*kind.values, nullptr, 2}).ok(),
                           "the seed's values can be learned from");
    seeds.Add(fmt::format("some-{}", i), static_cast<char>(i) + *kind.analyzer->Encode(*state));
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Kind& kind = Kinds()[data[0] % Kinds().size()];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto budget = base::MemoryBudget::MakeRoot("fuzz", int64_t{256} << 20);
  const feature::StateOptions options{budget.get(), ""};
  auto state = kind.analyzer->Decode(bytes, *kind.type, options);
  if (!state.ok()) return 0;
  (void)kind.analyzer->Finalize(**state);
  const auto encoded = kind.analyzer->Encode(**state);
  FuzzSeeds::FuzzRequire(encoded.ok(), "a decoded state can be encoded");
  FuzzSeeds::FuzzRequire(*encoded == bytes, "only canonical bytes are a state");
  // More of the same may be beyond what can be counted, which is an error, too.
  auto other = kind.analyzer->Decode(bytes, *kind.type, options);
  FuzzSeeds::FuzzRequire(other.ok(), "decoding repeats");
  if (kind.analyzer->Merge(other->get(), **state).ok()) (void)kind.analyzer->Finalize(**other);
  if (kind.analyzer->Update(state->get(), {*kind.values, nullptr, 1}).ok()) {
    (void)kind.analyzer->Finalize(**state);
    (void)kind.analyzer->Encode(**state);
  }
  return 0;
}
