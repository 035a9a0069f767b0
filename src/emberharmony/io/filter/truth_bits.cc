#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/io/filter/truth_bits_internal.h"
#include "emberharmony/io/index_kernels_internal.h"

namespace emberharmony::io::filter {

arrow::Status TruthBits::Resize(int64_t num_rows) {
  num_rows_ = num_rows;
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

void TruthBits::Place(const TruthBits& from, int64_t row) {
  const int64_t shift = row & 63;
  const int64_t first = row >> 6;
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
}

void TruthBits::Or(const TruthBits& other) {
  for (int64_t i = 0; i < num_words(); ++i) {
    true_[i] |= other.true_[i];
    false_[i] &= other.false_[i];
  }
}

void TruthBits::Not() { std::swap(true_, false_); }

void TruthBits::IsNull() {
  for (int64_t i = 0; i < num_words(); ++i) {
    false_[i] |= true_[i];
    true_[i] = ~false_[i] & mask(i);
  }
}

void TruthBits::Is(Truth truth) {
  if (truth == Truth::kNull) return IsNull();
  if (truth == Truth::kFalse) Not();
  for (int64_t i = 0; i < num_words(); ++i) false_[i] = ~true_[i] & mask(i);
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
