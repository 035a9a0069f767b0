#include "emberharmony/engine/split_vectors.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>
#include <sstream>
#include <string>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"
#include "emberharmony/base/philox.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/row_fingerprinter.h"
#include "emberharmony/engine/split_reading.h"
#include "emberharmony/engine/time_cuts.h"
#include "emberharmony/engine/unit_fingerprints.h"
#include "emberharmony/io/cell_text.h"
#include "emberharmony/io/filter/expression.h"

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

// What a time split gives a row that has no instant, until it is refused.
constexpr uint8_t kNoInstant = 4;

// Assigns the rows of a unit's batches, front to back.
class Splitter {
 public:
  virtual ~Splitter() = default;
  virtual arrow::Status Assign(const io::Batch& batch, uint8_t* out) = 0;
};

// Row fingerprints over all columns of the source.
class RowSplitter : public Splitter {
 public:
  RowSplitter(int64_t seed, int num_columns, const plan::SplitThresholds& thresholds,
              base::MemoryBudget* budget)
      : thresholds_(thresholds), fingerprinter_(seed, num_columns, budget) {}

  arrow::Status Assign(const io::Batch& batch, uint8_t* out) override {
    fingerprints_.resize(batch.num_rows);
    ARROW_RETURN_NOT_OK(fingerprinter_.Compute(batch, fingerprints_.data()));
    for (int64_t row = 0; row < batch.num_rows; ++row)
      out[row] = SplitOfFingerprint(fingerprints_[row], thresholds_);
    return arrow::Status::OK();
  }

 private:
  const plan::SplitThresholds thresholds_;
  RowFingerprinter fingerprinter_;
  std::vector<uint64_t> fingerprints_;
};

// Fingerprints of the key's text: the texts of dictionary entries are written once.
class KeySplitter : public Splitter {
 public:
  static arrow::Result<std::unique_ptr<Splitter>> Make(int64_t seed, const arrow::Schema& schema,
                                                       const std::vector<int>& key_columns,
                                                       const plan::SplitThresholds& thresholds,
                                                       base::MemoryBudget* budget) {
    auto splitter = std::make_unique<KeySplitter>();
    splitter->reservation_ = base::MemoryReservation(budget);
    splitter->thresholds_ = thresholds;
    splitter->seed_text_ = fmt::format("{}", seed);
    for (int column : key_columns) {
      ARROW_ASSIGN_OR_RAISE(auto writer, io::CellTextWriter::Make(schema.field(column)->type()));
      splitter->keys_.push_back(Key{std::move(writer), 0, {}, {}, {}});
    }
    return splitter;
  }

  arrow::Status Assign(const io::Batch& batch, uint8_t* out) override {
    for (size_t k = 0; k < keys_.size(); ++k)
      ARROW_RETURN_NOT_OK(SpreadTexts(batch.columns[k], k, batch.num_rows));
    std::string text;
    for (int64_t row = 0; row < batch.num_rows; ++row) {
      text = seed_text_;
      for (const Key& key : keys_) {
        const auto& [begin, end] = key.rows[row];
        text.push_back(kKeySeparator);
        text.append(key.texts, begin, end - begin);
      }
      out[row] = SplitOfFingerprint(base::Fingerprint64(text), thresholds_);
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
  arrow::Status WriteEntries(const arrow::Array& values, Key* key) {
    key->entries.clear();
    key->entries.reserve(values.length() + 1);
    for (int64_t i = 0; i <= values.length(); ++i) {
      size_t begin = key->texts.size();
      if (i == values.length() || values.IsNull(i)) {
        key->texts.push_back(kNullKey);
      } else {
        key->writer.Append(values, i, &key->texts);
      }
      key->entries.emplace_back(begin, key->texts.size());
    }
    return Account();
  }

  arrow::Status Account() {
    size_t bytes = 0;
    for (const Key& key : keys_) {
      bytes += key.texts.capacity() +
               (key.entries.capacity() + key.rows.capacity()) * sizeof(std::pair<size_t, size_t>);
    }
    return reservation_.Resize(static_cast<int64_t>(bytes));
  }

  arrow::Status SpreadTexts(const io::Column& column, size_t k, int64_t num_rows) {
    Key* key = &keys_[k];
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
        ARROW_RETURN_NOT_OK(WriteEntries(*piece.values, key));
        key->dictionary_id = piece.encoded() ? piece.dictionary_id : 0;
      }
      const int32_t* indices = piece.encoded() ? piece.index_data() : nullptr;
      for (int64_t i = 0; i < piece.num_rows; ++i) {
        key->rows.push_back(key->entries[indices != nullptr ? indices[i] : i]);
      }
    }
    return arrow::Status::OK();
  }

  plan::SplitThresholds thresholds_;
  std::string seed_text_;
  std::vector<Key> keys_;
  base::MemoryReservation reservation_;  // of the texts and their places
};

// Instants before and behind the cuts.
class TimeSplitter : public Splitter {
 public:
  explicit TimeSplitter(const plan::TimeCuts& cuts) : cuts_(cuts) {}

  arrow::Status Assign(const io::Batch& batch, uint8_t* out) override {
    for (const io::Piece& piece : batch.columns[0].pieces) {
      const arrow::Array& values = *piece.values;
      entries_.resize(values.length() + 1);
      for (int64_t i = 0; i < values.length(); ++i) {
        entries_[i] = values.IsNull(i) ? kNoInstant : SplitOf(InstantAt(values, i));
      }
      entries_[values.length()] = kNoInstant;
      const int32_t* indices = piece.encoded() ? piece.index_data() : nullptr;
      for (int64_t i = 0; i < piece.num_rows; ++i)
        out[i] = entries_[indices != nullptr ? indices[i] : i];
      out += piece.num_rows;
    }
    return arrow::Status::OK();
  }

 private:
  uint8_t SplitOf(int64_t instant) const {
    if (cuts_.test_from.has_value() && instant >= *cuts_.test_from) return 2;
    return cuts_.validation_from.has_value() && instant >= *cuts_.validation_from ? 1 : 0;
  }

  const plan::TimeCuts cuts_;
  std::vector<uint8_t> entries_;
};

// Random numbers by the rows' positions in the source, before any filter: nothing is read.
void AssignRandomly(int64_t seed, const io::Source& source, const io::Unit& unit,
                    const plan::SplitThresholds& thresholds, SplitVector* splits) {
  const auto seed_bits = static_cast<uint64_t>(seed);
  const std::array<uint32_t, 2> key = {static_cast<uint32_t>(seed_bits),
                                       static_cast<uint32_t>(seed_bits >> 32)};
  size_t row = 0;
  source.VisitPositions(unit, [&](int64_t first, int64_t count) {
    auto position = static_cast<uint64_t>(first);
    for (const size_t end = row + static_cast<size_t>(count); row < end; ++row, ++position) {
      const std::array<uint32_t, 4> counter = {static_cast<uint32_t>(position),
                                               static_cast<uint32_t>(position >> 32), 0, 0};
      (*splits)[row] = SplitOfFingerprint(base::Philox4x32(counter, key)[0], thresholds);
    }
  });
}

arrow::Status AssignUnit(const io::Source& source, const io::Unit& unit,
                         const std::vector<int>& columns, Splitter* splitter, RunContext* context,
                         SplitVector* out) {
  io::BatchOptions options;
  options.batch_rows = BatchRowsOfColumns(
      columns.size(), std::min<int64_t>(context->options().batch_rows, kSplitBatchRows), context);
  options.pool = context->budget();
  ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(unit, columns, options));
  int64_t row = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) break;
    ARROW_RETURN_NOT_OK(CheckUnitRows(unit, row + batch->num_rows, /*at_end=*/false));
    ARROW_RETURN_NOT_OK(splitter->Assign(*batch, out->data() + row));
    row += batch->num_rows;
    ARROW_RETURN_NOT_OK(context->CheckStop());
  }
  return CheckUnitRows(unit, row, /*at_end=*/true);
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

void Unpack(const std::vector<uint8_t>& packed, SplitVector* splits) {
  for (size_t i = 0; i < splits->size(); ++i) (*splits)[i] = (packed[i / 4] >> (2 * (i % 4))) & 3;
}

// Marks the rows of a piece that have no value.
void MarkMissing(const io::Piece& piece, uint8_t* splits) {
  const arrow::Array& values = *piece.values;
  const int64_t n = values.length();
  std::vector<uint8_t> missing(n + 1, kDroppedRow);
  for (int64_t i = 0; i < n; ++i) {
    bool is_nan = false;
    if (values.type_id() == arrow::Type::DOUBLE) {
      is_nan = std::isnan(static_cast<const arrow::DoubleArray&>(values).Value(i));
    } else if (values.type_id() == arrow::Type::FLOAT) {
      is_nan = std::isnan(static_cast<const arrow::FloatArray&>(values).Value(i));
    }
    missing[i] = is_nan || values.IsNull(i) ? kDroppedRow : 0;
  }
  const int32_t* indices = piece.encoded() ? piece.index_data() : nullptr;
  for (int64_t i = 0; i < piece.num_rows; ++i)
    splits[i] = missing[indices != nullptr ? indices[i] : i];
}

}  // namespace

// One computation of split vectors.
class SplitAssignment {
 public:
  SplitAssignment(const io::Source& source, const io::Source& named, const plan::SplitSpec& spec,
                  RunContext* context)
      : source_(source),
        named_(named),
        spec_(spec),
        context_(context),
        owner_(std::make_shared<SplitVectors>()),
        vectors_(owner_.get()) {}

  /// With `in_scan`, assigning is left to a scan where that can be; then a unique_ptr to this
  /// belongs to the result.
  arrow::Result<std::shared_ptr<SplitVectors>> Run(
      const std::optional<std::string>& required_column, bool in_scan, bool* pending) {
    ARROW_ASSIGN_OR_RAISE(reading_, DecideSplitReading(source_, named_, spec_, in_scan));
    vectors_->present_ = reading_.present;
    if (spec_.method != plan::SplitMethod::kTime) {
      ARROW_ASSIGN_OR_RAISE(thresholds_, plan::ThresholdsOf(spec_));
    }
    const auto& units = source_.units();
    vectors_->counts_.resize(units.size());
    vectors_->packed_.resize(units.size());
    for (const io::Unit& unit : units) {
      vectors_->num_rows_.push_back(unit.num_rows);
    }
    vectors_->reservation_ = base::MemoryReservation(context_->budget());
    if (required_column.has_value()) ARROW_RETURN_NOT_OK(DropRowsWithout(*required_column));
    ARROW_RETURN_NOT_OK(FindCuts());
    const int only = reading_.only_split;
    if (only >= 0 && vectors_->num_dropped_ == 0) {
      auto uniform = std::const_pointer_cast<SplitVectors>(SplitVectors::Uniform(source_, only));
      uniform->time_cuts_ = vectors_->time_cuts_;
      return uniform;
    }
    ARROW_RETURN_NOT_OK(ReserveVectors());
    *pending = reading_.in_scan;
    if (*pending) {
      is_assigned_.resize(vectors_->packed_.size());
    } else {
      ARROW_RETURN_NOT_OK(AssignAll(only));
    }
    return std::move(owner_);
  }

  arrow::Result<std::unique_ptr<UnitSplits>> BeginUnit(int64_t u) {
    ARROW_ASSIGN_OR_RAISE(auto splitter, MakeSplitter());
    base::MemoryReservation reservation(context_->budget());
    ARROW_RETURN_NOT_OK(reservation.Resize(source_.units()[u].num_rows));
    return std::make_unique<ScannedUnit>(this, u, std::move(splitter), std::move(reservation));
  }

  arrow::Status Complete() {
    const bool all = std::all_of(is_assigned_.begin(), is_assigned_.end(),
                                 [](char assigned) { return assigned != 0; });
    return all ? arrow::Status::OK() : AssignAll(-1);
  }

 private:
  class ScannedUnit : public UnitSplits {
   public:
    ScannedUnit(SplitAssignment* assignment, int64_t unit, std::unique_ptr<Splitter> splitter,
                base::MemoryReservation reservation)
        : assignment_(assignment),
          unit_(unit),
          splitter_(std::move(splitter)),
          reservation_(std::move(reservation)),
          splits_(static_cast<size_t>(assignment->source_.units()[unit].num_rows)) {}
    const std::vector<int>& columns() const override { return assignment_->reading_.columns; }
    arrow::Result<const uint8_t*> Assign(const io::Batch& batch) override {
      if (row_ + batch.num_rows > static_cast<int64_t>(splits_.size())) {
        return arrow::Status::Invalid("unit ", unit_, " has more rows than it states");
      }
      uint8_t* out = splits_.data() + row_;
      ARROW_RETURN_NOT_OK(splitter_->Assign(batch, out));
      row_ += batch.num_rows;
      return out;
    }
    void Finish() override {
      assignment_->Finish(unit_, &splits_);
      assignment_->is_assigned_[unit_] = 1;
    }

   private:
    SplitAssignment* const assignment_;
    const int64_t unit_;
    const std::unique_ptr<Splitter> splitter_;
    base::MemoryReservation reservation_;  // of splits_
    SplitVector splits_;
    int64_t row_ = 0;
  };

  arrow::Status ReserveVectors() {
    return vectors_->reservation_.Resize(source_.num_rows() / 4 +
                                         static_cast<int64_t>(source_.units().size()));
  }

  arrow::Status DropRowsWithout(const std::string& column_name) {
    const int column = named_.schema()->GetFieldIndex(column_name);
    if (column < 0) return arrow::Status::Invalid("no column '", column_name, "' to require");
    ARROW_RETURN_NOT_OK(ReserveVectors());
    std::atomic<int64_t> num_dropped{0};
    const auto& units = source_.units();
    context_->progress()->BeginPhase("drop", source_.num_rows(), source_.num_rows(),
                                     source_.num_bytes());
    ARROW_RETURN_NOT_OK(base::ParallelFor(
        context_->num_threads(), static_cast<int64_t>(units.size()),
        [&](int64_t u) -> arrow::Status {
          if (MayLackValues(named_, units[u], column)) {
            const base::Activity activity("drop", column_name);
            const TaskGate::Pass pass =
                context_->gate()->Enter(units[u].num_rows + ScanBytes(named_, units[u], column));
            base::MemoryReservation reservation(context_->budget());
            ARROW_RETURN_NOT_OK(reservation.Resize(units[u].num_rows));
            SplitVector splits(units[u].num_rows);
            ARROW_RETURN_NOT_OK(ScanColumn(named_, units[u], column, context_,
                                           [&](const io::Piece& piece, int64_t first_row) {
                                             MarkMissing(piece, splits.data() + first_row);
                                             return arrow::Status::OK();
                                           }));
            const int64_t dropped = std::count(splits.begin(), splits.end(), kDroppedRow);
            num_dropped += dropped;
            if (dropped > 0) vectors_->packed_[u] = Pack(splits);
          }
          context_->progress()->Advance(units[u].num_rows);
          return arrow::Status::OK();
        }));
    context_->progress()->EndPhase();
    vectors_->num_dropped_ = num_dropped;
    return arrow::Status::OK();
  }

  arrow::Status FindCuts() {
    if (spec_.method != plan::SplitMethod::kTime) return arrow::Status::OK();
    const arrow::DataType& type = *named_.schema()->field(reading_.columns[0])->type();
    ARROW_ASSIGN_OR_RAISE(vectors_->time_cuts_, plan::GivenCuts(spec_, type));
    if (vectors_->time_cuts_.has_value()) return arrow::Status::OK();
    if (!reading_.finds_cuts) {
      vectors_->time_cuts_ = plan::TimeCuts();
      return arrow::Status::OK();
    }
    const auto counted = [&](int64_t u) -> std::shared_ptr<const SplitVector> {
      if (vectors_->packed_[u].empty()) return nullptr;
      auto splits = std::make_shared<SplitVector>(vectors_->num_rows_[u]);
      Unpack(vectors_->packed_[u], splits.get());
      return splits;
    };
    ARROW_ASSIGN_OR_RAISE(vectors_->time_cuts_, FindTimeCuts(named_, spec_, counted, context_));
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<Splitter>> MakeSplitter() const {
    if (spec_.method == plan::SplitMethod::kTime)
      return std::make_unique<TimeSplitter>(*vectors_->time_cuts_);
    if (reading_.by_row) {
      return std::make_unique<RowSplitter>(spec_.seed, static_cast<int>(reading_.columns.size()),
                                           thresholds_, context_->budget());
    }
    return KeySplitter::Make(spec_.seed, *named_.schema(), reading_.columns, thresholds_,
                             context_->budget());
  }

  arrow::Status AssignByRow(const io::Unit& unit, SplitVector* splits) {
    return FingerprintUnit(source_, unit, reading_.columns, spec_.seed, context_,
                           [&](int64_t first_row, std::span<const uint64_t> fingerprints) {
                             uint8_t* out = splits->data() + first_row;
                             for (const uint64_t fingerprint : fingerprints)
                               *out++ = SplitOfFingerprint(fingerprint, thresholds_);
                             return arrow::Status::OK();
                           });
  }

  arrow::Status AssignAll(int only) {
    std::atomic<int64_t> num_without_instant{0};
    const auto& units = source_.units();
    context_->progress()->BeginPhase("split", source_.num_rows(), source_.num_rows(),
                                     source_.num_bytes());
    ARROW_RETURN_NOT_OK(base::ParallelFor(
        context_->num_threads(), static_cast<int64_t>(units.size()),
        [&](int64_t u) -> arrow::Status {
          const base::Activity activity("split");
          base::MemoryReservation reservation(context_->budget());
          ARROW_RETURN_NOT_OK(reservation.Resize(units[u].num_rows));
          SplitVector splits(units[u].num_rows, static_cast<uint8_t>(std::max(only, 0)));
          if (only < 0 && spec_.method == plan::SplitMethod::kRandom) {
            AssignRandomly(spec_.seed, source_, units[u], thresholds_, &splits);
          } else if (only < 0 && reading_.by_row) {
            ARROW_RETURN_NOT_OK(AssignByRow(units[u], &splits));
          } else if (only < 0) {
            const TaskGate::Pass pass = context_->gate()->Enter(
                SplitKeyBytes(named_, units[u], reading_.columns, context_));
            ARROW_ASSIGN_OR_RAISE(auto splitter, MakeSplitter());
            ARROW_RETURN_NOT_OK(
                AssignUnit(named_, units[u], reading_.columns, splitter.get(), context_, &splits));
          }
          num_without_instant += Finish(u, &splits);
          context_->progress()->Advance(units[u].num_rows);
          return arrow::Status::OK();
        }));
    context_->progress()->EndPhase();
    if (num_without_instant == 0) return arrow::Status::OK();
    const std::string column = spec_.time_column;
    io::filter::Expression in_sql;
    in_sql.kind = io::filter::ExpressionKind::kColumn;
    std::istringstream names(column);
    for (std::string name; std::getline(names, name, '.');) in_sql.path.push_back(name);
    const std::string quoted = io::filter::WriteSql(in_sql);
    return base::DataError(fmt::format(
        "the split's time column '{0}' is null in {1} of {2} rows, and a time split needs an "
        "instant for every row; leave these rows out with --where '{3} IS NOT NULL', or split by "
        "method: hash",
        column, num_without_instant.load(), source_.num_rows() - vectors_->num_dropped_, quoted));
  }

  // Takes out what is dropped, counts and packs; returns the rows that cannot be assigned.
  int64_t Finish(int64_t u, SplitVector* splits) {
    std::vector<uint8_t>& packed = vectors_->packed_[u];
    if (!packed.empty()) {
      SplitVector dropped(splits->size());
      Unpack(packed, &dropped);
      for (size_t i = 0; i < dropped.size(); ++i) {
        if (dropped[i] == kDroppedRow) (*splits)[i] = kDroppedRow;
      }
    }
    int64_t counts[kNoInstant + 1] = {};
    for (const uint8_t split : *splits) ++counts[split];
    std::copy_n(counts, kNumSplits, vectors_->counts_[u].begin());
    if (counts[kNoInstant] == 0) packed = Pack(*splits);
    return counts[kNoInstant];
  }

  const io::Source& source_;
  const io::Source& named_;
  const plan::SplitSpec spec_;
  RunContext* const context_;
  std::shared_ptr<SplitVectors> owner_;  // of vectors_, until Run returns it
  SplitVectors* const vectors_;
  plan::SplitThresholds thresholds_;
  SplitReading reading_;
  std::vector<char> is_assigned_;  // by unit, while pending
};

SplitVectors::SplitVectors() = default;
SplitVectors::~SplitVectors() = default;

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

arrow::Result<std::shared_ptr<const SplitVectors>> SplitVectors::Make(
    const io::Source& source, const io::Source& named, const plan::SplitSpec& spec,
    RunContext* context, const std::optional<std::string>& required_column) {
  bool pending = false;
  return SplitAssignment(source, named, spec, context)
      .Run(required_column, /*in_scan=*/false, &pending);
}

arrow::Result<std::shared_ptr<const SplitVectors>> SplitVectors::MakeForScan(
    const io::Source& source, const io::Source& named, const plan::SplitSpec& spec,
    RunContext* context, const std::optional<std::string>& required_column) {
  auto assignment = std::make_unique<SplitAssignment>(source, named, spec, context);
  bool pending = false;
  ARROW_ASSIGN_OR_RAISE(auto vectors, assignment->Run(required_column, /*in_scan=*/true, &pending));
  if (pending) vectors->assignment_ = std::move(assignment);
  return vectors;
}

arrow::Result<std::unique_ptr<UnitSplits>> SplitVectors::BeginUnit(int64_t unit) const {
  return assignment_->BeginUnit(unit);
}

arrow::Status SplitVectors::Complete() const {
  if (!pending()) return arrow::Status::OK();
  const auto assignment = std::move(assignment_);
  return assignment->Complete();
}

std::shared_ptr<const SplitVector> SplitVectors::Unpack(int64_t unit) const {
  if (uniform_split_ >= 0) return nullptr;
  auto splits = std::make_shared<SplitVector>(num_rows_[unit]);
  engine::Unpack(packed_[unit], splits.get());
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
