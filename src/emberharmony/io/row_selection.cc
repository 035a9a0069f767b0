#include "emberharmony/io/row_selection.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace emberharmony::io {
namespace {

using arrow::Result;

constexpr uint64_t kOnes = ~uint64_t{0};

// How a selection is stored.
constexpr int64_t kNoneForm = 0;
constexpr int64_t kAllForm = 1;
constexpr int64_t kRunsForm = 2;
constexpr int64_t kWordsForm = 3;

/// The first row from `row` on whose bit is `value`; num_rows where there is none.
int64_t FindBit(const uint64_t* words, int64_t row, int64_t num_rows, bool value) {
  if (row >= num_rows) return num_rows;
  int64_t word = row >> 6;
  const int64_t num_words = (num_rows + 63) >> 6;
  const uint64_t flip = value ? 0 : kOnes;
  uint64_t bits = (words[word] ^ flip) & (kOnes << (row & 63));
  while (bits == 0) {
    if (++word == num_words) return num_rows;
    bits = words[word] ^ flip;
  }
  return std::min(num_rows, word * 64 + std::countr_zero(bits));
}

int64_t CountBits(const uint64_t* words, int64_t begin, int64_t end) {
  int64_t count = 0;
  for (int64_t row = begin; row < end;) {
    const int64_t bit = row & 63;
    const int64_t length = std::min<int64_t>(64 - bit, end - row);
    const uint64_t mask = length == 64 ? kOnes : ((uint64_t{1} << length) - 1) << bit;
    count += std::popcount(words[row >> 6] & mask);
    row += length;
  }
  return count;
}

}  // namespace

std::shared_ptr<const RowSelection> RowSelection::All(int64_t num_rows) {
  return std::shared_ptr<const RowSelection>(new RowSelection(num_rows, num_rows));
}

std::shared_ptr<const RowSelection> RowSelection::None(int64_t num_rows) {
  return std::shared_ptr<const RowSelection>(new RowSelection(num_rows, 0));
}

Result<std::shared_ptr<const RowSelection>> RowSelection::FromRuns(const std::vector<RowRun>& runs,
                                                                   int64_t num_rows,
                                                                   arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(SelectionBuilder builder, SelectionBuilder::Make(num_rows, pool));
  for (const RowRun& run : runs) builder.Add(run);
  return builder.Finish();
}

Result<std::shared_ptr<const RowSelection>> RowSelection::FromBits(
    std::shared_ptr<arrow::Buffer> buffer, int64_t num_rows, arrow::MemoryPool* pool) {
  const auto* words = reinterpret_cast<const uint64_t*>(buffer->data());
  const int64_t num_words = (num_rows + 63) / 64;
  int64_t selected = 0;
  int64_t num_runs = 0;
  uint64_t before = 0;  // the bit before the word
  for (int64_t i = 0; i < num_words; ++i) {
    selected += std::popcount(words[i]);
    num_runs += std::popcount(words[i] & ~(words[i] << 1 | before));
    before = words[i] >> 63;
  }
  std::shared_ptr<RowSelection> selection(new RowSelection(num_rows, selected));
  if (selection->all() || selection->none()) return selection;
  const int64_t runs_bytes = num_runs * static_cast<int64_t>(sizeof(StoredRun));
  if (runs_bytes >= num_words * 8 || num_rows > std::numeric_limits<uint32_t>::max()) {
    selection->words_ = std::move(buffer);
    return selection;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> stored,
                        arrow::AllocateBuffer(runs_bytes, pool));
  auto* runs = reinterpret_cast<StoredRun*>(stored->mutable_data());
  for (int64_t begin = FindBit(words, 0, num_rows, true); begin < num_rows;) {
    const int64_t end = FindBit(words, begin, num_rows, false);
    *runs++ = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
    begin = FindBit(words, end, num_rows, true);
  }
  selection->runs_ = std::move(stored);
  return selection;
}

arrow::Status RowSelection::Write(arrow::io::OutputStream* stream) const {
  // Its rows, the form, and how many bytes of that form follow.
  const arrow::Buffer* stored = runs_ != nullptr ? runs_.get() : words_.get();
  const bool bare = stored == nullptr;
  const int64_t form = bare ? (none() ? kNoneForm : kAllForm) : runs_ ? kRunsForm : kWordsForm;
  const int64_t words_bytes = (num_rows_ + 63) / 64 * 8;
  const int64_t bytes = bare ? 0 : runs_ ? runs_->size() : words_bytes;
  const int64_t head[3] = {num_rows_, form, bytes};
  ARROW_RETURN_NOT_OK(stream->Write(head, sizeof(head)));
  return bare ? arrow::Status::OK() : stream->Write(stored->data(), bytes);
}

Result<std::shared_ptr<const RowSelection>> RowSelection::Read(arrow::io::InputStream* stream,
                                                               int64_t num_rows,
                                                               arrow::MemoryPool* pool) {
  int64_t head[3];
  ARROW_ASSIGN_OR_RAISE(const int64_t read, stream->Read(sizeof(head), head));
  if (read != sizeof(head) || head[0] != num_rows) return nullptr;
  const int64_t words_bytes = (num_rows + 63) / 64 * 8;
  const int64_t bytes = head[2];
  if (head[1] == kNoneForm && bytes == 0) return None(num_rows);
  if (head[1] == kAllForm && bytes == 0) return All(num_rows);
  if (bytes < 0 || bytes > words_bytes) return nullptr;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> stored, arrow::AllocateBuffer(bytes, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t got, stream->Read(bytes, stored->mutable_data()));
  if (got != bytes) return nullptr;
  if (head[1] == kWordsForm && bytes == words_bytes) {
    const auto* words = reinterpret_cast<const uint64_t*>(stored->data());
    const bool overhangs = num_rows % 64 != 0 && words[num_rows / 64] >> (num_rows % 64) != 0;
    if (overhangs) return nullptr;
    return FromBits(std::move(stored), num_rows, pool);
  }
  if (head[1] != kRunsForm || bytes % static_cast<int64_t>(sizeof(StoredRun)) != 0) return nullptr;
  const auto* runs = reinterpret_cast<const StoredRun*>(stored->data());
  std::vector<RowRun> ascending;
  int64_t end = 0;
  for (int64_t i = 0; i < bytes / static_cast<int64_t>(sizeof(StoredRun)); ++i) {
    if (runs[i].begin < end || runs[i].end <= runs[i].begin || runs[i].end > num_rows)
      return nullptr;
    end = runs[i].end;
    ascending.push_back({runs[i].begin, end});
  }
  return FromRuns(ascending, num_rows, pool);
}

int64_t RowSelection::CountBetween(int64_t begin, int64_t end) const {
  if (none() || begin >= end) return 0;
  if (all()) return end - begin;
  if (words_ != nullptr) return CountBits(words(), begin, end);
  const StoredRun* last = runs() + num_runs();
  const StoredRun* run = std::upper_bound(
      runs(), last, begin, [](int64_t row, const StoredRun& other) { return row < other.end; });
  int64_t count = 0;
  for (; run != last && run->begin < end; ++run) {
    count += std::min<int64_t>(run->end, end) - std::max<int64_t>(run->begin, begin);
  }
  return count;
}

int64_t RowSelection::RowOf(int64_t rank) const {
  if (rank >= num_selected_) return num_rows_;
  if (all()) return rank;
  if (runs_ != nullptr) {
    for (const StoredRun* run = runs();; ++run) {
      const int64_t length = run->end - run->begin;
      if (rank < length) return run->begin + rank;
      rank -= length;
    }
  }
  int64_t word = 0;
  for (; rank >= std::popcount(words()[word]); ++word) rank -= std::popcount(words()[word]);
  uint64_t bits = words()[word];
  for (; rank > 0; --rank) bits &= bits - 1;
  return word * 64 + std::countr_zero(bits);
}

RowWalker::RowWalker(std::shared_ptr<const RowSelection> selection)
    : selection_(std::move(selection)) {
  FindNext(0);
}

void RowWalker::FindNext(int64_t row) {
  const RowSelection& selection = *selection_;
  if (selection.none() || row >= selection.num_rows()) {
    next_ = selection.num_rows();
  } else if (selection.all()) {
    next_ = row;
  } else if (selection.words_ != nullptr) {
    next_ = FindBit(selection.words(), row, selection.num_rows(), true);
  } else {
    const auto* runs = selection.runs();
    while (run_ < selection.num_runs() && runs[run_].end <= row) ++run_;
    next_ = run_ == selection.num_runs() ? selection.num_rows()
                                         : std::max<int64_t>(row, runs[run_].begin);
  }
}

int64_t RowWalker::RunLength(int64_t limit) const {
  const RowSelection& selection = *selection_;
  if (next_ >= limit) return 0;
  int64_t end = limit;
  if (selection.runs_ != nullptr) {
    end = std::min<int64_t>(limit, selection.runs()[run_].end);
  } else if (selection.words_ != nullptr) {
    end = FindBit(selection.words(), next_, limit, false);
  }
  return end - next_;
}

void RowWalker::Advance(int64_t row) {
  if (row > next_) FindNext(row);
}

int64_t RowWalker::Take(int64_t base, int64_t end, int64_t max, int32_t* offsets) {
  int64_t count = 0;
  const RowSelection& selection = *selection_;
  if (selection.words_ != nullptr) {
    // A word at a time: bitmaps are kept where runs are short.
    const uint64_t* words = selection.words();
    int64_t row = next_;
    while (row < end && count < max) {
      const int64_t word = row >> 6;
      uint64_t bits = words[word] & (kOnes << (row & 63));
      for (; bits != 0 && count < max; bits &= bits - 1) {
        const int64_t found = word * 64 + std::countr_zero(bits);
        if (found >= end) {
          next_ = found;
          return count;
        }
        offsets[count++] = static_cast<int32_t>(found - base);
      }
      row = bits != 0 ? word * 64 + std::countr_zero(bits) : (word + 1) * 64;
    }
    FindNext(std::min(row, selection.num_rows()));
    return count;
  }
  while (next_ < end && count < max) {
    const int64_t length = std::min(RunLength(end), max - count);
    for (int64_t i = 0; i < length; ++i) {
      offsets[count++] = static_cast<int32_t>(next_ - base + i);
    }
    FindNext(next_ + length);
  }
  return count;
}

Result<SelectionBuilder> SelectionBuilder::Make(int64_t num_rows, arrow::MemoryPool* pool) {
  const int64_t bytes = (num_rows + 63) / 64 * 8;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> words, arrow::AllocateBuffer(bytes, pool));
  std::fill(words->mutable_data(), words->mutable_data() + bytes, uint8_t{0});
  return SelectionBuilder(std::move(words), num_rows, pool);
}

void SelectionBuilder::Add(const RowRun& run) {
  arrow::bit_util::SetBitsTo(words_->mutable_data(), run.begin, run.end - run.begin, true);
}

void SelectionBuilder::AddPassing(RowWalker* candidates, const std::vector<uint64_t>& passes,
                                  int64_t count) {
  uint8_t* out = words_->mutable_data();
  const auto* bits = reinterpret_cast<const uint8_t*>(passes.data());
  for (int64_t done = 0; done < count;) {
    const int64_t row = candidates->next();
    const int64_t length = candidates->RunLength(std::min(num_rows_, row + count - done));
    if (length == 0) return;
    if (length == 1) {
      if (arrow::bit_util::GetBit(bits, done)) arrow::bit_util::SetBit(out, row);
    } else {
      arrow::internal::CopyBitmap(bits, done, length, out, row);
    }
    candidates->Advance(row + length);
    done += length;
  }
}

Result<std::shared_ptr<const RowSelection>> SelectionBuilder::Finish() {
  return RowSelection::FromBits(std::move(words_), num_rows_, pool_);
}

}  // namespace emberharmony::io
