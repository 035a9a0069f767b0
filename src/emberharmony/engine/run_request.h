#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::engine {

/// All that shapes what a run writes, so that what an interrupted run has left is continued by an
/// equal one only: the command, the plan, the source, options. Threads, memory and the like are no
/// part of it.
struct RunRequest {
  /// One thing that was asked for.
  struct Fact {
    std::string name;    ///< as people know it: "--where", "the plan"
    std::string shown;   ///< for messages; shortened, perhaps empty
    std::string digest;  ///< of all of it: what is compared
  };
  std::vector<Fact> facts;
  /// Whether the rows can be told to be the same in another run: not so for what came from standard
  /// input, from memory or from a service.
  bool has_lasting_source = true;

  /// Adds a fact whose text may be shown.
  void Add(std::string name, std::string_view text);
  /// Adds a fact that is known by its digest alone.
  void AddHidden(std::string name, std::string_view text);

  /// What differs between the request of an earlier run and this one, for people; empty: nothing.
  std::string DifferenceFrom(const RunRequest& earlier) const;

  nlohmann::json ToJson() const;
  /// Nothing when it is not what ToJson wrote, or beyond all bounds.
  static std::optional<RunRequest> FromJson(const nlohmann::json& json);
};

}  // namespace emberharmony::engine
