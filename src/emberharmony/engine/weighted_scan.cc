#include "emberharmony/engine/weighted_scan.h"

#include <arrow/array.h>

#include <limits>
#include <vector>

#include "emberharmony/engine/column_scan.h"

namespace emberharmony::engine {

namespace {

// Counts rows by dictionary index. Repeated increments of one counter wait for each other, so small
// dictionaries, where repeats are likely, are counted in four interleaved tables.
class IndexCounter {
 public:
  void Begin(int64_t num_entries) {
    num_entries_ = num_entries;
    lanes_ = num_entries <= kMaxInterleaved ? 4 : 1;
    counts_.assign(num_entries * lanes_, 0);
    rows_ = 0;
  }

  // Of counters, for each of so many entries.
  static int64_t BytesOf(int64_t num_entries) {
    return static_cast<int64_t>(sizeof(uint32_t)) * (num_entries <= kMaxInterleaved ? 4 : 1);
  }

  void Count(const int32_t* indices, const uint8_t* splits, int64_t n) {
    if (splits != nullptr) {
      lanes_ == 4 ? CountTraining<4>(indices, splits, n) : CountTraining<1>(indices, splits, n);
    } else {
      lanes_ == 4 ? CountAll<4>(indices, n) : CountAll<1>(indices, n);
    }
    rows_ += n;
  }

  // Counters have 32 bits.
  bool nearly_full() const { return rows_ > std::numeric_limits<uint32_t>::max() / 2; }

  void Collect(std::vector<int64_t>* weights) const {
    weights->resize(num_entries_);
    for (int64_t i = 0; i < num_entries_; ++i) {
      int64_t sum = 0;
      for (int64_t lane = 0; lane < lanes_; ++lane) sum += counts_[i * lanes_ + lane];
      (*weights)[i] = sum;
    }
  }

 private:
  static constexpr int64_t kMaxInterleaved = 4096;

  template <int kLanes>
  void CountAll(const int32_t* indices, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
      ++counts_[static_cast<int64_t>(indices[i]) * kLanes + i % kLanes];
  }

  template <int kLanes>
  void CountTraining(const int32_t* indices, const uint8_t* splits, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      counts_[static_cast<int64_t>(indices[i]) * kLanes + i % kLanes] += splits[i] == 0;
    }
  }

  int64_t num_entries_ = 0;
  int64_t lanes_ = 1;
  int64_t rows_ = 0;
  std::vector<uint32_t> counts_;
};

}  // namespace

// The dictionary that is being counted.
class WeightedScan::Dictionary {
 public:
  Dictionary(WeightedConsumer consumer, base::MemoryBudget* budget)
      : consumer_(std::move(consumer)), reservation_(budget) {}

  arrow::Status Add(const io::Piece& piece, const uint8_t* splits) {
    if (!piece.encoded()) {
      ARROW_RETURN_NOT_OK(Flush());
      return AddPlain(piece, splits);
    }
    if (values_ == nullptr || piece.dictionary_id == 0 || piece.dictionary_id != dictionary_id_ ||
        counter_.nearly_full()) {
      ARROW_RETURN_NOT_OK(Flush());
      values_ = piece.values;
      dictionary_id_ = piece.dictionary_id;
      // A weight and at most four counters for each entry.
      ARROW_RETURN_NOT_OK(
          Account((values_->length() + 1) * (IndexCounter::BytesOf(values_->length() + 1) +
                                             static_cast<int64_t>(sizeof(int64_t)))));
      counter_.Begin(values_->length() + 1);
    }
    counter_.Count(piece.index_data(), splits, piece.num_rows);
    return arrow::Status::OK();
  }

  arrow::Status Flush() {
    if (values_ == nullptr) return arrow::Status::OK();
    counter_.Collect(&weights_);
    auto values = std::move(values_);
    values_ = nullptr;
    return consumer_(values, weights_.data(), weights_.back());
  }

 private:
  arrow::Status Account(int64_t bytes) {
    return bytes <= reservation_.bytes() ? arrow::Status::OK() : reservation_.Resize(bytes);
  }

  arrow::Status AddPlain(const io::Piece& piece, const uint8_t* splits) {
    if (splits == nullptr) return consumer_(piece.values, nullptr, 0);
    ARROW_RETURN_NOT_OK(Account(piece.num_rows * static_cast<int64_t>(sizeof(int64_t))));
    weights_.resize(piece.num_rows);
    for (int64_t i = 0; i < piece.num_rows; ++i) weights_[i] = splits[i] == 0;
    return consumer_(piece.values, weights_.data(), 0);
  }

  const WeightedConsumer consumer_;
  std::shared_ptr<arrow::Array> values_;
  uint64_t dictionary_id_ = 0;
  IndexCounter counter_;
  std::vector<int64_t> weights_;
  base::MemoryReservation reservation_;  // of weights_ and the counter
};

WeightedScan::WeightedScan(WeightedConsumer consumer, base::MemoryBudget* budget)
    : dictionary_(std::make_unique<Dictionary>(std::move(consumer), budget)) {}

WeightedScan::~WeightedScan() = default;

arrow::Status WeightedScan::Add(const io::Piece& piece, const uint8_t* splits) {
  return dictionary_->Add(piece, splits);
}

arrow::Status WeightedScan::Finish() { return dictionary_->Flush(); }

arrow::Status ScanWeighted(const io::Source& source, const io::Unit& unit, int column,
                           const SplitVector* splits, RunContext* context,
                           const WeightedConsumer& consumer) {
  WeightedScan scan(consumer, context->budget());
  arrow::Status status =
      ScanColumn(source, unit, column, context, [&](const io::Piece& piece, int64_t first_row) {
        return scan.Add(piece, splits != nullptr ? splits->data() + first_row : nullptr);
      });
  if (status.ok()) status = scan.Finish();
  return WithDictionary(status, source, unit, column, context);
}

}  // namespace emberharmony::engine
