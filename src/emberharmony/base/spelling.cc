#include "emberharmony/base/spelling.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace emberharmony::base {
namespace {

// Longer words are never compared: the distance costs the product of the lengths.
constexpr size_t kWordBytesMax = 256;
// Shorter beginnings fit too much.
constexpr size_t kBeginningBytesMin = 3;

char LowerLetter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool StartsWith(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::ranges::equal(text.substr(0, beginning.size()), beginning, {}, LowerLetter,
                            LowerLetter);
}

// Optimal string alignment (Damerau-Levenshtein without repeated edits), letters of either case
// being equal.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_previous(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = LowerLetter(a[i - 1]) == LowerLetter(b[j - 1]) ? 0 : 1;
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + substitution});
      if (i > 1 && j > 1 && LowerLetter(a[i - 1]) == LowerLetter(b[j - 2]) &&
          LowerLetter(a[i - 2]) == LowerLetter(b[j - 1])) {
        row[j] = std::min(row[j], before_previous[j - 2] + 1);
      }
    }
    before_previous.swap(previous);
    previous.swap(row);
  }
  return previous[b.size()];
}

}  // namespace

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = LowerLetter(c);
  return lower;
}

std::string NearestName(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > kWordBytesMax) return "";
  // One edit for every three letters, and never as many as replace the whole word.
  const size_t limit = std::min(std::max<size_t>(1, word.size() / 3), word.size() - !word.empty());
  size_t best_distance = limit + 1;
  const std::string* best = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > word.size() + limit || word.size() > candidate.size() + limit) continue;
    const size_t distance = Distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = &candidate;
    }
  }
  if (best != nullptr) return *best;
  if (word.size() < kBeginningBytesMin) return "";
  for (const std::string& candidate : candidates) {
    const bool shorter = best == nullptr || candidate.size() < best->size();
    if (shorter && StartsWith(candidate, word)) best = &candidate;
  }
  return best == nullptr ? "" : *best;
}

std::string DidYouMean(std::string_view word, std::span<const std::string> candidates) {
  const std::string nearest = NearestName(word, candidates);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

}  // namespace emberharmony::base
