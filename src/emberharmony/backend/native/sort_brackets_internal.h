#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <span>
#include <vector>

#include "emberharmony/backend/native/sort_internal.h"
#include "emberharmony/backend/native/sort_keys_internal.h"
#include "emberharmony/backend/native/sort_table_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {

/// Finds order statistics of many numbers by looking only at those near them (Floyd and Rivest,
/// "Expected time bounds for selection", 1975): a sorted sample tells between which two numbers
/// each one almost certainly lies; one pass counts what is below and copies what is between. What
/// is found is exact whatever the sample, and the sample depends on the number of elements alone.
template <class T>
class BracketSearch {
 public:
  /// Numbers between two of the sample, in which adjacent ranks are looked for.
  struct Bracket {
    T low, high;
    size_t first_rank, end_rank;  // of `ranks`
    int64_t below = 0;            // elements that are
    int64_t num_inside = 0;
    std::vector<T> inside{};  // in no particular order; none where low and high are equal
  };

  /// Looks for `ranks`, which ascend and lie below `num_numbers`, among n elements of which that
  /// many are not NaN. False where it pays less than other ways, or the sample misled.
  bool Find(const T* x, int64_t n, int64_t num_numbers, std::span<const int64_t> ranks) {
    TakeSample(x, n);
    if (!MakeBrackets(num_numbers, ranks)) return false;
    Split(x, n);
    for (const Bracket& each : brackets_) {
      if (each.below > ranks[each.first_rank]) return false;
      if (each.below + each.num_inside <= ranks[each.end_rank - 1]) return false;
      // Little is won, and the next search could win as little.
      if (each.low != each.high && each.num_inside > n / 2) return false;
    }
    return true;
  }
  const std::vector<Bracket>& brackets() const { return brackets_; }

 private:
  /// Each takes a pass over the elements while they are in the caches.
  static constexpr size_t kBracketsMax = 16;
  static constexpr int64_t kChunk = 4096;
  static constexpr int64_t kGrain = 1 << 18;

  void TakeSample(const T* x, int64_t n) {
    int64_t size = 128;
    while (size < (1 << 16) && size * size * size < 2 * n * n) size *= 2;
    sample_.clear();
    const int64_t step = n / size;
    uint64_t random = 0;
    for (int64_t i = 0; i < size; ++i) {
      // Scattered within each step, since data may repeat itself at even distances.
      random = random * 6364136223846793005u + 1442695040888963407u;
      const T element = x[i * step + static_cast<int64_t>((random >> 33) % step)];
      if (element == element) sample_.push_back(SortKey<T>::Of(element));
    }
    SortIntegers(sample_.data(), static_cast<int64_t>(sample_.size()));
  }

  bool MakeBrackets(int64_t num_numbers, std::span<const int64_t> ranks) {
    // Standard deviations of a place in the sample.
    constexpr double kWidth = 4;
    const auto size = static_cast<double>(sample_.size());
    if (size < 64) return false;
    brackets_.clear();
    double covered = 0, last_end = -1;
    for (size_t i = 0; i < ranks.size(); ++i) {
      const double q = (static_cast<double>(ranks[i]) + 0.5) / static_cast<double>(num_numbers);
      const double reach = kWidth * std::sqrt(size * q * (1 - q)) + 2;
      const double begin = std::floor(q * size - reach);
      const double end = std::max(std::ceil(q * size + reach), last_end);
      const T high = NumberAt(end);
      if (!brackets_.empty() && begin <= last_end) {
        brackets_.back().end_rank = i + 1;
        brackets_.back().high = high;
        covered += end - last_end;
      } else {
        if (brackets_.size() == kBracketsMax) return false;
        brackets_.push_back({NumberAt(begin), high, i, i + 1});
        covered += end - begin;
      }
      last_end = end;
    }
    return covered < size * 0.6;
  }
  T NumberAt(double place) const {
    if (place < 0) return -std::numeric_limits<T>::infinity();
    if (place >= static_cast<double>(sample_.size())) return std::numeric_limits<T>::infinity();
    return SortKey<T>::ElementOf(sample_[static_cast<size_t>(place)]);
  }

  void Split(const T* x, int64_t n) {
    if (n < 2 * kGrain) return SplitPart(x, 0, n, &brackets_);
    const std::vector<Bracket> empty = brackets_;
    std::mutex mutex;
    ParallelRanges(n, kGrain, [&](int64_t begin, int64_t end) {
      std::vector<Bracket> found = empty;
      SplitPart(x, begin, end, &found);
      std::lock_guard lock(mutex);
      for (size_t i = 0; i < found.size(); ++i) {
        Bracket& all = brackets_[i];
        all.below += found[i].below;
        all.num_inside += found[i].num_inside;
        all.inside.insert(all.inside.end(), found[i].inside.begin(), found[i].inside.end());
      }
    });
  }

  static int64_t SplitChunk(const double* x, int64_t n, double low, double high, double* inside,
                            int64_t* num_inside) {
    return ActiveSortKernels().split_double(x, n, low, high, inside, num_inside);
  }
  static int64_t SplitChunk(const float* x, int64_t n, float low, float high, float* inside,
                            int64_t* num_inside) {
    return ActiveSortKernels().split_float(x, n, low, high, inside, num_inside);
  }

  static void SplitPart(const T* x, int64_t begin, int64_t end, std::vector<Bracket>* brackets) {
    T inside[kChunk + kSplitSlack];
    for (int64_t at = begin; at < end; at += kChunk) {
      for (Bracket& each : *brackets) {
        int64_t count = 0;
        each.below +=
            SplitChunk(x + at, std::min(kChunk, end - at), each.low, each.high, inside, &count);
        each.num_inside += count;
        if (each.low != each.high) each.inside.insert(each.inside.end(), inside, inside + count);
      }
    }
  }

  std::vector<typename SortKey<T>::Key> sample_;
  std::vector<Bracket> brackets_;
};

}  // namespace emberharmony::backend::native
