#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/plan/faults_internal.h"

namespace emberharmony::plan::internal {

/// A value of a YAML document with the place where it starts.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;  ///< a scalar in quotes, or a block scalar: always a string
  Mark mark;
  std::string text;                                ///< of a scalar
  std::vector<YamlNode> items;                     ///< of a sequence; of a map its values
  std::vector<std::pair<std::string, Mark>> keys;  ///< of a map, one for each of items

  /// "a list", "a map", "nothing", or the scalar quoted; for messages.
  std::string Describe() const;
  /// The scalar by the core schema of YAML 1.2.
  std::optional<bool> AsBool() const;
  std::optional<int64_t> AsInteger() const;
  std::optional<uint64_t> AsUnsigned() const;
  std::optional<double> AsDouble() const;  ///< of an integer, too
  nlohmann::json AsJson() const;
};

inline constexpr size_t kPlanBytesMax = size_t{1} << 20;
inline constexpr int kYamlDepthMax = 16;
inline constexpr int kYamlNodesMax = 200000;

/// Reads the only document of `text`. Adds to `faults` what a plan must not contain (anchors,
/// aliases, tags, repeated keys) and whatever is not YAML; the result is absent when reading on
/// makes no sense.
std::optional<YamlNode> ReadYaml(std::string_view text, Faults* faults);

/// `text` as a YAML scalar that reads back as this string: plain if it is a simple word, else in
/// double quotes.
std::string YamlString(std::string_view text);
/// A value in flow style ("{impute: median}") that AsJson reads back as this value.
std::string YamlFlow(const nlohmann::json& value);

}  // namespace emberharmony::plan::internal
