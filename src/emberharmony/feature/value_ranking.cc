#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "emberharmony/feature/value_ranking_internal.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kBlockBytesMin = 4 * 1024;  // blocks double up to
constexpr int64_t kBlockBytesMax = 256 * 1024;
// A bounded ranking is cut back when it holds twice its size and this much more.
constexpr int64_t kSlack = 1024;

}  // namespace

ValueRanking::ValueRanking(const ValueKeys& keys, const ValueCountsOptions& options,
                           bool copy_bytes, const StateOptions& memory)
    : keys_(keys),
      options_(options),
      copy_bytes_(copy_bytes),
      pool_(memory.pool != nullptr ? memory.pool : arrow::default_memory_pool()),
      reservation_(memory.budget) {}

// Prefixes are padded with zeros, so among strings of up to eight bytes with equal ones the shorter
// is the smaller.
bool ValueRanking::RanksBefore(const Ranked& a, const Ranked& b) const {
  if (a.count != b.count) return a.count > b.count;
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  if (a.length <= 8 || b.length <= 8) return a.length < b.length;
  return std::string_view(long_bytes_[a.long_index], a.length) <
         std::string_view(long_bytes_[b.long_index], b.length);
}

std::string_view ValueRanking::BytesOf(const Ranked& ranked, char (&buffer)[8]) const {
  if (ranked.length > 8) return {long_bytes_[ranked.long_index], ranked.length};
  const uint64_t bytes = BigEndian(ranked.prefix);
  std::memcpy(buffer, &bytes, 8);
  return {buffer, ranked.length};
}

arrow::Status ValueRanking::Add(int section, const CountedEntry& entry) {
  ++distinct_count_;
  if (entry.count < options_.min_count || options_.max_size == 0) return arrow::Status::OK();
  Ranked ranked{entry.count, entry.key, 8, 0};
  if (keys_.form() == ValueKeys::Form::kNumber) return Push(ranked);
  if (section != kLongSection) {
    ranked.prefix = BigEndian(section == 0 ? entry.key << 8 >> 8 : entry.key);
    ranked.length = section == 0 ? static_cast<uint32_t>(entry.key >> 56) : 8;
    return Push(ranked);
  }
  std::memcpy(&ranked.prefix, entry.bytes.data(), 8);
  ranked.prefix = BigEndian(ranked.prefix);
  ranked.length = static_cast<uint32_t>(entry.bytes.size());
  if (long_bytes_.size() == UINT32_MAX) {
    return arrow::Status::CapacityError("more than 2^32 - 1 long strings to rank; set max_size");
  }
  if (long_bytes_.size() == long_bytes_.capacity()) {
    ARROW_RETURN_NOT_OK(Grow(std::max<size_t>(64, 2 * long_bytes_.size()), &long_bytes_));
  }
  ranked.long_index = static_cast<uint32_t>(long_bytes_.size());
  long_bytes_.push_back(entry.bytes.data());
  if (have_worst_ && RanksBefore(worst_, ranked)) {
    long_bytes_.pop_back();
    return arrow::Status::OK();
  }
  if (copy_bytes_) ARROW_RETURN_NOT_OK(CopyLong(entry.bytes, &long_bytes_.back()));
  long_length_ += ranked.length;
  return Push(ranked);
}

arrow::Status ValueRanking::CopyLong(std::string_view bytes, const char** copy) {
  const int64_t size = static_cast<int64_t>(bytes.size());
  if (size > block_bytes_) {
    const int64_t block_bytes =
        std::max(std::clamp(copied_bytes_, kBlockBytesMin, kBlockBytesMax), size);
    ARROW_RETURN_NOT_OK(Account(block_bytes));
    block_bytes_ = block_bytes;
    copies_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes_));
    block_ = copies_.back().get();
    copied_bytes_ += block_bytes_;
  }
  std::memcpy(block_, bytes.data(), size);
  *copy = block_;
  block_ += size;
  block_bytes_ -= size;
  return arrow::Status::OK();
}

// For a moment there are both the old and the new memory.
template <class T>
arrow::Status ValueRanking::Grow(size_t capacity, std::vector<T>* vector) {
  ARROW_RETURN_NOT_OK(Account(static_cast<int64_t>(capacity * sizeof(T))));
  vector->reserve(capacity);
  return Account();
}

// What is held, and what is about to be.
arrow::Status ValueRanking::Account(int64_t more) {
  return reservation_.Resize(static_cast<int64_t>(ranked_.capacity() * sizeof(Ranked) +
                                                  long_bytes_.capacity() * sizeof(char*)) +
                             copied_bytes_ + more);
}

arrow::Status ValueRanking::Push(const Ranked& ranked) {
  if (have_worst_ && RanksBefore(worst_, ranked)) return arrow::Status::OK();
  if (ranked_.size() == ranked_.capacity()) {
    ARROW_RETURN_NOT_OK(Grow(std::max<size_t>(64, ranked_.size() + ranked_.size() / 2), &ranked_));
  }
  ranked_.push_back(ranked);
  if (options_.max_size >= 0 &&
      static_cast<int64_t>(ranked_.size()) / 2 >= options_.max_size + kSlack) {
    KeepBest();
  }
  return arrow::Status::OK();
}

void ValueRanking::KeepBest() {
  const auto last = ranked_.begin() + (options_.max_size - 1);
  std::nth_element(ranked_.begin(), last, ranked_.end(),
                   [this](const Ranked& a, const Ranked& b) { return RanksBefore(a, b); });
  ranked_.resize(options_.max_size);
  CompactLong();
  worst_ = ranked_[options_.max_size - 1];
  have_worst_ = true;
}

// Lets go of the long strings that are no longer ranked.
void ValueRanking::CompactLong() {
  std::vector<const char*> kept;
  std::vector<std::unique_ptr<char[]>> copies;
  int64_t num_bytes = 0;
  for (const Ranked& ranked : ranked_) num_bytes += ranked.length > 8 ? ranked.length : 0;
  char* block = nullptr;
  if (copy_bytes_ && num_bytes > 0) {
    copies.push_back(std::make_unique_for_overwrite<char[]>(num_bytes));
    block = copies.back().get();
  }
  for (Ranked& ranked : ranked_) {
    if (ranked.length <= 8) continue;
    const char* bytes = long_bytes_[ranked.long_index];
    ranked.long_index = static_cast<uint32_t>(kept.size());
    if (copy_bytes_) {
      std::memcpy(block, bytes, ranked.length);
      bytes = std::exchange(block, block + ranked.length);
    }
    kept.push_back(bytes);
  }
  long_bytes_ = std::move(kept);
  copies_ = std::move(copies);
  copied_bytes_ = copy_bytes_ ? num_bytes : 0;
  long_length_ = num_bytes;
  block_ = nullptr;
  block_bytes_ = 0;
}

void ValueRanking::Sort() {
  if (options_.max_size > 0 && static_cast<int64_t>(ranked_.size()) > options_.max_size) KeepBest();
  std::sort(ranked_.begin(), ranked_.end(),
            [this](const Ranked& a, const Ranked& b) { return RanksBefore(a, b); });
}

// Values and counts, and a place in a KeyTable or BytesTable.
int64_t ValueRanking::learned_bytes() const {
  constexpr int64_t kShortBytes = 44;
  constexpr int64_t kLongBytes = 48;
  const auto num_long = static_cast<int64_t>(long_bytes_.size());
  return (size() - std::min(size(), num_long)) * kShortBytes + num_long * kLongBytes +
         2 * long_length_;
}

arrow::Status ValueRanking::Drain(const std::function<arrow::Status(const CountedEntry&)>& visit) {
  Sort();
  char buffer[8];
  for (const Ranked& ranked : ranked_) {
    CountedEntry entry;
    entry.count = ranked.count;
    if (keys_.form() == ValueKeys::Form::kBytes) {
      entry.bytes = BytesOf(ranked, buffer);
    } else {
      entry.key = ranked.prefix;
    }
    ARROW_RETURN_NOT_OK(visit(entry));
  }
  // Capacity, too, goes back: whoever holds little is not refused the first of the next part, even
  // where others have taken what there was meanwhile.
  std::vector<Ranked>().swap(ranked_);
  std::vector<const char*>().swap(long_bytes_);
  copies_.clear();
  copied_bytes_ = 0;
  long_length_ = 0;
  block_ = nullptr;
  block_bytes_ = 0;
  have_worst_ = false;
  return Account();
}

arrow::Status ValueRanking::Finish(ValueCountsStatistic* statistic) {
  Sort();
  const auto n = static_cast<int64_t>(ranked_.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> counts,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int64_t)), pool_));
  auto* out = reinterpret_cast<int64_t*>(counts->mutable_data());
  statistic->kept_count = 0;
  for (int64_t i = 0; i < n; ++i) {
    out[i] = ranked_[i].count;
    statistic->kept_count += out[i];
  }
  statistic->counts = std::make_shared<arrow::Int64Array>(n, std::move(counts));
  statistic->distinct_count = distinct_count_;
  if (keys_.form() == ValueKeys::Form::kBytes) {
    char buffer[8];
    ARROW_ASSIGN_OR_RAISE(
        statistic->values,
        keys_.MakeBytes(n, [&](int64_t i) { return BytesOf(ranked_[i], buffer); }, pool_));
  } else {
    ARROW_ASSIGN_OR_RAISE(
        statistic->values,
        keys_.MakeNumbers(n, [&](int64_t i) { return ranked_[i].prefix; }, pool_));
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::feature
