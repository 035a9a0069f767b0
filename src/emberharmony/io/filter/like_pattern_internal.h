#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::io::filter {

/// A LIKE pattern: % stands for any bytes, _ for one character (of STRING) or byte (of BYTES), a
/// backslash takes the meaning from what follows. Immutable.
class LikePattern {
 public:
  /// Returns "" or what is wrong with the pattern.
  static std::string Parse(std::string_view pattern, bool is_bytes, LikePattern* out);

  bool Matches(std::string_view value) const;
  /// What every match begins with.
  std::string_view prefix() const;
  /// Whether everything that begins so matches.
  bool is_prefix_only() const;
  /// Whether only the prefix itself matches.
  bool is_constant() const;

 private:
  enum class Kind : char { kText, kOne, kMany };
  struct Part {
    Kind kind;
    std::string text;
  };

  size_t CharacterLength(std::string_view value, size_t at) const;
  bool MatchesSlowly(std::string_view value) const;

  std::vector<Part> parts_;
  bool is_bytes_ = false;
  bool has_one_ = false;
};

}  // namespace emberharmony::io::filter
