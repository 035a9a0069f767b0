#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/io/filter/truth_bits_internal.h"
#include "emberharmony/io/index_kernels_internal.h"

namespace emberharmony::io::filter {

arrow::Status TruthBits::Resize(int64_t num_rows) {
  num_rows_ = num_rows;
  failed_.clear();
  ARROW_RETURN_NOT_OK(true_.Resize(num_words()));
  return false_.Resize(num_words());
}

arrow::Status TruthBits::Fill(int64_t num_rows, Truth truth) {
  ARROW_RETURN_NOT_OK(Resize(num_rows));
  for (int64_t i = 0; i < num_words(); ++i) {
    true_[i] = truth == Truth::kTrue ? mask(i) : 0;
    false_[i] = truth == Truth::kFalse ? mask(i) : 0;
  }
  return arrow::Status::OK();
}

arrow::Status TruthBits::SetTested(const uint8_t* test, const uint8_t* valid_bits,
                                   int64_t valid_offset, int64_t num_rows) {
  ARROW_RETURN_NOT_OK(Resize(num_rows));
  if (num_rows == 0) return arrow::Status::OK();
  true_[num_words() - 1] = 0;
  PackBytesToBits(test, num_rows, reinterpret_cast<uint8_t*>(true_.data()));
  if (valid_bits == nullptr) {
    for (int64_t i = 0; i < num_words(); ++i) false_[i] = ~true_[i] & mask(i);
    return arrow::Status::OK();
  }
  false_[num_words() - 1] = 0;
  arrow::internal::CopyBitmap(valid_bits, valid_offset, num_rows,
                              reinterpret_cast<uint8_t*>(false_.data()), 0);
  for (int64_t i = 0; i < num_words(); ++i) {
    const uint64_t valid = false_[i] & mask(i);
    false_[i] = valid & ~true_[i];
    true_[i] &= valid;
  }
  return arrow::Status::OK();
}

void TruthBits::SetFailed(const uint8_t* failed, int64_t num_rows) {
  if (std::find(failed, failed + num_rows, uint8_t{1}) == failed + num_rows) return;
  failed_.assign(static_cast<size_t>(num_words()), 0);
  for (int64_t row = 0; row < num_rows; ++row) {
    failed_[static_cast<size_t>(row >> 6)] |= uint64_t{failed[row]} << (row & 63);
  }
  for (int64_t i = 0; i < num_words(); ++i) {
    true_[i] &= ~failed_word(i);
    false_[i] &= ~failed_word(i);
  }
}

void TruthBits::AddFailed(const TruthBits& other) {
  if (other.failed_.empty()) return;
  failed_.resize(static_cast<size_t>(num_words()));
  for (size_t i = 0; i < failed_.size(); ++i) failed_[i] |= other.failed_[i];
}

void TruthBits::Place(const TruthBits& from, int64_t row) {
  const int64_t shift = row & 63;
  const int64_t first = row >> 6;
  if (!from.failed_.empty()) {
    failed_.resize(static_cast<size_t>(num_words()));
    for (int64_t i = 0; i < from.num_rows(); ++i) {
      const int64_t to = row + i;
      failed_[static_cast<size_t>(to >> 6)] |= uint64_t{from.failed(i)} << (to & 63);
    }
  }
  for (int64_t i = 0; i < from.num_words(); ++i) {
    true_[first + i] |= from.true_[i] << shift;
    false_[first + i] |= from.false_[i] << shift;
    if (shift == 0 || first + i + 1 == num_words()) continue;
    true_[first + i + 1] |= from.true_[i] >> (64 - shift);
    false_[first + i + 1] |= from.false_[i] >> (64 - shift);
  }
}

void TruthBits::And(const TruthBits& other) {
  for (int64_t i = 0; i < num_words(); ++i) {
    true_[i] &= other.true_[i];
    false_[i] |= other.false_[i];
  }
  AddFailed(other);
  for (size_t i = 0; i < failed_.size(); ++i) failed_[i] &= ~false_[static_cast<int64_t>(i)];
}

void TruthBits::Or(const TruthBits& other) {
  for (int64_t i = 0; i < num_words(); ++i) {
    true_[i] |= other.true_[i];
    false_[i] &= other.false_[i];
  }
  AddFailed(other);
  for (size_t i = 0; i < failed_.size(); ++i) failed_[i] &= ~true_[static_cast<int64_t>(i)];
}

void TruthBits::Not() { std::swap(true_, false_); }

void TruthBits::IsNull() {
  for (int64_t i = 0; i < num_words(); ++i) {
    false_[i] |= true_[i];
    true_[i] = ~false_[i] & mask(i) & ~failed_word(i);
  }
}

void TruthBits::Is(Truth truth) {
  if (truth == Truth::kNull) return IsNull();
  if (truth == Truth::kFalse) Not();
  for (int64_t i = 0; i < num_words(); ++i) {
    false_[i] = ~true_[i] & mask(i) & ~failed_word(i);
  }
}

void TruthBits::Compare(ComparisonOp op, const TruthBits& other) {
  for (int64_t i = 0; i < num_words(); ++i) {
    const uint64_t a = true_[i];
    const uint64_t b = other.true_[i];
    const uint64_t known = (true_[i] | false_[i]) & (other.true_[i] | other.false_[i]);
    uint64_t holds = 0;
    switch (op) {
      case ComparisonOp::kEqual:
        holds = ~(a ^ b);
        break;
      case ComparisonOp::kNotEqual:
        holds = a ^ b;
        break;
      case ComparisonOp::kLess:
        holds = ~a & b;
        break;
      case ComparisonOp::kLessEqual:
        holds = ~a | b;
        break;
      case ComparisonOp::kGreater:
        holds = a & ~b;
        break;
      case ComparisonOp::kGreaterEqual:
        holds = a | ~b;
        break;
    }
    true_[i] = holds & known;
    false_[i] = ~holds & known;
  }
  AddFailed(other);
}

bool TruthBits::any_failed() const {
  return std::any_of(failed_.begin(), failed_.end(), [](uint64_t word) { return word != 0; });
}

bool TruthBits::all_true() const {
  for (int64_t i = 0; i < num_words(); ++i) {
    if (true_[i] != mask(i)) return false;
  }
  return true;
}

bool TruthBits::all_false() const {
  for (int64_t i = 0; i < num_words(); ++i) {
    if (false_[i] != mask(i)) return false;
  }
  return true;
}

}  // namespace emberharmony::io::filter
