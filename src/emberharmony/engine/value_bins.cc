#include "emberharmony/engine/value_bins.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace emberharmony::engine {

namespace {

constexpr size_t kSlotsAtFirst = 64;

}  // namespace

ValueBins::ValueBins(int64_t keys_max, std::optional<TimeGrid> grid, base::MemoryBudget* budget)
    : keys_max_(keys_max), grid_(std::move(grid)), reservation_(budget), slots_(2) {
  home_shift_ = 63;  // two slots, always free: the first Insert makes the table
}

std::vector<ValueBins::Bin> ValueBins::Sorted() const {
  std::vector<Bin> bins;
  bins.reserve(static_cast<size_t>(num_keys_));
  for (const Slot& slot : slots_) {
    if (!slot.free()) bins.push_back({slot.key, slot.rows});
  }
  std::sort(bins.begin(), bins.end(), [](const Bin& a, const Bin& b) { return a.key < b.key; });
  return bins;
}

double ValueBins::LowerEdge(int64_t key) const {
  return grid_ ? static_cast<double>(grid_->FirstTick(level_, key))
               : FromOrderedForm(key << level_);
}

int64_t ValueBins::NearestKey(double value) const {
  if (grid_) {
    // Ticks have 64 bits, and the doubles next to their end do not fit.
    const auto ticks = static_cast<int64_t>(std::clamp(value, -9.2e18, 9.2e18));
    const int64_t key = grid_->KeyAt(level_, ticks);
    return value - LowerEdge(key) < LowerEdge(key + 1) - value ? key : key + 1;
  }
  const int64_t ordered = OrderedForm(value);
  if (level_ == 0) return ordered;
  const int64_t key = ordered >> level_;
  const int64_t rest = ordered - (key << level_);
  return rest >= int64_t{1} << (level_ - 1) ? key + 1 : key;
}

int64_t ValueBins::Coarser(int64_t key) const {
  if (!grid_) return key >> 1;
  return grid_->KeyAt(level_ + 1, grid_->FirstTick(level_, key));
}

arrow::Status ValueBins::Insert() {
  // At most three quarters full: probing stays short.
  if (slots_.size() < kSlotsAtFirst ||
      4 * (static_cast<size_t>(num_keys_) + 1) > 3 * slots_.size()) {
    const Slot added = std::exchange(new_slot_, Slot());
    ARROW_RETURN_NOT_OK(Resize(std::max(kSlotsAtFirst, 2 * slots_.size())));
    new_slot_ = added;
  }
  Place(std::exchange(new_slot_, Slot()));
  return num_keys_ > keys_max_ ? Shorten() : arrow::Status::OK();
}

arrow::Status ValueBins::Resize(size_t num_slots) {
  // Old and new slots exist for a moment.
  ARROW_RETURN_NOT_OK(
      reservation_.Resize(static_cast<int64_t>((num_slots + slots_.size()) * sizeof(Slot))));
  std::vector<Slot> old(num_slots);
  old.swap(slots_);
  home_shift_ = 64 - std::countr_zero(num_slots);
  num_keys_ = 0;
  for (const Slot& slot : old) {
    if (!slot.free()) Place(slot);
  }
  return reservation_.Resize(static_cast<int64_t>(num_slots * sizeof(Slot)));
}

void ValueBins::Place(const Slot& slot) {
  size_t at = Home(slot.key);
  while (!slots_[at].free()) {
    if (slots_[at].key == slot.key) {
      for (int s = 0; s < kNumSplits; ++s) slots_[at].rows[s] += slot.rows[s];
      return;
    }
    at = (at + 1) & (slots_.size() - 1);
  }
  slots_[at] = slot;
  ++num_keys_;
}

arrow::Status ValueBins::Shorten() {
  // The keys, and as many again while they move.
  const auto bytes = static_cast<int64_t>(slots_.size() * sizeof(Slot));
  ARROW_RETURN_NOT_OK(reservation_.Resize(bytes + num_keys_ * static_cast<int64_t>(sizeof(Bin))));
  std::vector<Bin> bins = Sorted();
  while (num_keys_ > keys_max_ && !(grid_ && level_ + 1 == grid_->num_levels())) {
    size_t kept = 0;
    for (size_t i = 0; i < bins.size(); ++i) {
      const int64_t key = Coarser(bins[i].key);
      if (kept > 0 && bins[kept - 1].key == key) {
        for (int s = 0; s < kNumSplits; ++s) bins[kept - 1].rows[s] += bins[i].rows[s];
      } else {
        bins[kept++] = {key, bins[i].rows};
      }
    }
    bins.resize(kept);
    ++level_;
    num_keys_ = static_cast<int64_t>(kept);
  }
  std::fill(slots_.begin(), slots_.end(), Slot());
  num_keys_ = 0;
  for (const Bin& bin : bins) Place({bin.key, bin.rows});
  return reservation_.Resize(bytes);
}

}  // namespace emberharmony::engine
