#include "emberharmony/engine/split_vectors.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/row_fingerprinter.h"
#include "emberharmony/io/cell_text.h"

namespace emberharmony::engine {

namespace {

constexpr uint32_t kBucketMask = plan::SplitThresholds::kBuckets - 1;
// Rows of a batch while splits are computed: the cells of so many rows of a wide table fit the
// second-level cache.
constexpr int64_t kSplitBatchRows = 8192;
constexpr char kKeySeparator = '\x1f';
constexpr char kNullKey = '\x1e';

uint8_t SplitOfFingerprint(uint64_t fingerprint, const plan::SplitThresholds& thresholds) {
  uint32_t bucket = static_cast<uint32_t>(fingerprint) & kBucketMask;
  return static_cast<uint8_t>(bucket >= thresholds.train) +
         static_cast<uint8_t>(bucket >= thresholds.train_and_validation);
}

// Row fingerprints over all columns of the source.
class RowSplitter {
 public:
  RowSplitter(int64_t seed, int num_columns) : fingerprinter_(seed, num_columns) {}

  arrow::Status Assign(const io::Batch& batch, const plan::SplitThresholds& thresholds,
                       uint8_t* out) {
    fingerprints_.resize(batch.num_rows);
    ARROW_RETURN_NOT_OK(fingerprinter_.Compute(batch, fingerprints_.data()));
    for (int64_t row = 0; row < batch.num_rows; ++row)
      out[row] = SplitOfFingerprint(fingerprints_[row], thresholds);
    return arrow::Status::OK();
  }

 private:
  RowFingerprinter fingerprinter_;
  std::vector<uint64_t> fingerprints_;
};

// Fingerprints of the key's text: the texts of dictionary entries are written once.
class KeySplitter {
 public:
  static arrow::Result<KeySplitter> Make(int64_t seed, const arrow::Schema& schema,
                                         const std::vector<int>& key_columns) {
    KeySplitter splitter;
    splitter.seed_text_ = fmt::format("{}", seed);
    for (int column : key_columns) {
      ARROW_ASSIGN_OR_RAISE(auto writer, io::CellTextWriter::Make(schema.field(column)->type()));
      splitter.keys_.push_back(Key{std::move(writer), 0, {}, {}, {}});
    }
    return splitter;
  }

  arrow::Status Assign(const io::Batch& batch, const plan::SplitThresholds& thresholds,
                       uint8_t* out) {
    for (size_t k = 0; k < keys_.size(); ++k)
      SpreadTexts(batch.columns[k], &keys_[k], batch.num_rows);
    std::string text;
    for (int64_t row = 0; row < batch.num_rows; ++row) {
      text = seed_text_;
      for (const Key& key : keys_) {
        const auto& [begin, end] = key.rows[row];
        text.push_back(kKeySeparator);
        text.append(key.texts, begin, end - begin);
      }
      out[row] = SplitOfFingerprint(base::Fingerprint64(text), thresholds);
    }
    return arrow::Status::OK();
  }

 private:
  struct Key {
    io::CellTextWriter writer;
    uint64_t dictionary_id = 0;
    std::string texts;  // the texts that this batch's rows refer to
    std::vector<std::pair<size_t, size_t>>
        entries;  // of the current dictionary, then null: their place in texts
    std::vector<std::pair<size_t, size_t>> rows;  // of the batch
  };

  // Appends the texts of `values` and, last, of null to key->texts, and their places to
  // key->entries.
  static void WriteEntries(const arrow::Array& values, Key* key) {
    key->entries.clear();
    for (int64_t i = 0; i <= values.length(); ++i) {
      size_t begin = key->texts.size();
      if (i == values.length() || values.IsNull(i)) {
        key->texts.push_back(kNullKey);
      } else {
        key->writer.Append(values, i, &key->texts);
      }
      key->entries.emplace_back(begin, key->texts.size());
    }
  }

  static void SpreadTexts(const io::Column& column, Key* key, int64_t num_rows) {
    key->rows.clear();
    key->rows.reserve(num_rows);
    bool kept = key->dictionary_id != 0 && !column.pieces.empty() &&
                column.pieces.front().dictionary_id == key->dictionary_id;
    if (!kept) {
      key->texts.clear();
      key->dictionary_id = 0;
    }
    for (const io::Piece& piece : column.pieces) {
      if (!piece.encoded() || piece.dictionary_id == 0 ||
          piece.dictionary_id != key->dictionary_id) {
        WriteEntries(*piece.values, key);
        key->dictionary_id = piece.encoded() ? piece.dictionary_id : 0;
      }
      const int32_t* indices = piece.encoded() ? piece.index_data() : nullptr;
      for (int64_t i = 0; i < piece.num_rows; ++i) {
        key->rows.push_back(key->entries[indices != nullptr ? indices[i] : i]);
      }
    }
  }

  std::string seed_text_;
  std::vector<Key> keys_;
};

template <typename Splitter>
arrow::Status AssignUnit(const io::Source& source, const io::Unit& unit,
                         const std::vector<int>& columns, const plan::SplitThresholds& thresholds,
                         Splitter splitter, RunContext* context, SplitVector* out) {
  io::BatchOptions options;
  options.batch_rows = std::min<int64_t>(context->options().batch_rows, kSplitBatchRows);
  options.pool = context->budget();
  ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(unit, columns, options));
  out->resize(unit.num_rows);
  int64_t row = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) break;
    ARROW_RETURN_NOT_OK(CheckUnitRows(unit, row + batch->num_rows, /*at_end=*/false));
    ARROW_RETURN_NOT_OK(splitter.Assign(*batch, thresholds, out->data() + row));
    row += batch->num_rows;
    ARROW_RETURN_NOT_OK(context->CheckStop());
  }
  return CheckUnitRows(unit, row, /*at_end=*/true);
}

std::string FirstFlatColumn(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (!arrow::is_nested(field->type()->id())) return field->name();
  }
  return "COLUMN";
}

// The four splits that a byte holds.
constexpr std::array<std::array<uint8_t, 4>, 256> kFourSplits = [] {
  std::array<std::array<uint8_t, 4>, 256> table{};
  for (size_t byte = 0; byte < 256; ++byte) {
    for (size_t i = 0; i < 4; ++i) table[byte][i] = (byte >> (2 * i)) & 3;
  }
  return table;
}();

std::vector<uint8_t> Pack(const SplitVector& splits) {
  std::vector<uint8_t> packed((splits.size() + 3) / 4);
  for (size_t i = 0; i < splits.size(); ++i)
    packed[i / 4] |= static_cast<uint8_t>(splits[i] << (2 * (i % 4)));
  return packed;
}

}  // namespace

std::shared_ptr<const SplitVectors> SplitVectors::Uniform(const io::Source& source, int split) {
  auto vectors = std::make_shared<SplitVectors>();
  vectors->uniform_split_ = split;
  vectors->present_[split] = true;
  for (const io::Unit& unit : source.units()) {
    std::array<int64_t, kNumSplits> counts{};
    counts[split] = unit.num_rows;
    vectors->counts_.push_back(counts);
    vectors->num_rows_.push_back(unit.num_rows);
  }
  return vectors;
}

arrow::Result<std::shared_ptr<const SplitVectors>> SplitVectors::Make(const io::Source& source,
                                                                      const plan::SplitSpec& spec,
                                                                      RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(plan::SplitThresholds thresholds, plan::ThresholdsOf(spec));
  const bool present[kNumSplits] = {
      thresholds.train > 0, thresholds.train_and_validation > thresholds.train,
      thresholds.train_and_validation < plan::SplitThresholds::kBuckets};
  for (int s = 0; s < kNumSplits; ++s) {
    if (present[s] && std::accumulate(present, present + kNumSplits, 0) == 1)
      return Uniform(source, s);
  }
  const arrow::Schema& schema = *source.schema();
  std::vector<int> columns;
  if (spec.key.empty()) {
    for (const auto& field : schema.fields()) {
      if (!arrow::is_nested(field->type()->id())) continue;
      return base::UsageError(
          fmt::format("the split hashes whole rows, and column '{}' is nested ({}), which this "
                      "version cannot hash; give a plan whose "
                      "split has a key, e.g. split: {{method: hash, key: [{}]}}",
                      field->name(), field->type()->ToString(), FirstFlatColumn(schema)));
    }
    columns.resize(schema.num_fields());
    std::iota(columns.begin(), columns.end(), 0);
  } else {
    for (const std::string& name : spec.key) columns.push_back(schema.GetFieldIndex(name));
  }
  auto vectors = std::make_shared<SplitVectors>();
  std::copy(present, present + kNumSplits, vectors->present_.begin());
  const auto& units = source.units();
  vectors->counts_.resize(units.size());
  vectors->packed_.resize(units.size());
  for (const io::Unit& unit : units) vectors->num_rows_.push_back(unit.num_rows);
  vectors->reservation_ = base::MemoryReservation(context->budget());
  ARROW_RETURN_NOT_OK(
      vectors->reservation_.Resize(source.num_rows() / 4 + static_cast<int64_t>(units.size())));

  context->progress()->BeginPhase("split", source.num_rows(), source.num_rows(),
                                  source.num_bytes());
  ARROW_RETURN_NOT_OK(
      base::ParallelFor(context->num_threads(), units.size(), [&](int64_t u) -> arrow::Status {
        SplitVector splits;
        if (spec.key.empty()) {
          RowSplitter splitter(spec.seed, static_cast<int>(columns.size()));
          ARROW_RETURN_NOT_OK(AssignUnit(source, units[u], columns, thresholds, std::move(splitter),
                                         context, &splits));
        } else {
          ARROW_ASSIGN_OR_RAISE(auto splitter, KeySplitter::Make(spec.seed, schema, columns));
          ARROW_RETURN_NOT_OK(AssignUnit(source, units[u], columns, thresholds, std::move(splitter),
                                         context, &splits));
        }
        for (uint8_t split : splits) ++vectors->counts_[u][split];
        vectors->packed_[u] = Pack(splits);
        context->progress()->Advance(units[u].num_rows);
        return arrow::Status::OK();
      }));
  context->progress()->EndPhase();
  return vectors;
}

std::shared_ptr<const SplitVector> SplitVectors::Unpack(int64_t unit) const {
  if (uniform_split_ >= 0) return nullptr;
  const std::vector<uint8_t>& packed = packed_[unit];
  auto splits = std::make_shared<SplitVector>(num_rows_[unit]);
  const size_t n = splits->size();
  for (size_t i = 0; i + 4 <= n; i += 4) {
    std::memcpy(splits->data() + i, kFourSplits[packed[i / 4]].data(), 4);
  }
  for (size_t i = n / 4 * 4; i < n; ++i) (*splits)[i] = kFourSplits[packed[i / 4]][i % 4];
  return splits;
}

std::array<int64_t, kNumSplits> SplitVectors::total_counts() const {
  std::array<int64_t, kNumSplits> total{};
  for (const auto& counts : counts_) {
    for (int s = 0; s < kNumSplits; ++s) total[s] += counts[s];
  }
  return total;
}

}  // namespace emberharmony::engine
