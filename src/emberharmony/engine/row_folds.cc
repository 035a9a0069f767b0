#include "emberharmony/engine/row_folds.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <string>

#include "emberharmony/base/fingerprint.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/piece_rows.h"
#include "emberharmony/engine/unit_fingerprints.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/io/cell_text.h"

namespace emberharmony::engine {

namespace {

/// The bits that a hash split takes.
constexpr int kSplitBits = 20;

/// The texts of a key's rows, as the split writes them.
class FoldKeyTexts {
 public:
  static arrow::Result<FoldKeyTexts> Make(const arrow::Schema& schema,
                                          const std::vector<int>& columns, int64_t seed) {
    FoldKeyTexts texts;
    texts.seed_ = fmt::format("{}", seed);
    for (const int column : columns) {
      ARROW_ASSIGN_OR_RAISE(auto writer, io::CellTextWriter::Make(schema.field(column)->type()));
      texts.writers_.push_back(std::move(writer));
    }
    return texts;
  }

  uint64_t Fingerprint(const arrow::ArrayVector& keys, int64_t row) {
    text_ = seed_;
    for (size_t k = 0; k < keys.size(); ++k) {
      text_.push_back('\x1f');
      if (keys[k]->IsNull(row)) {
        text_.push_back('\x1e');
      } else {
        writers_[k].Append(*keys[k], row, &text_);
      }
    }
    return base::Fingerprint64(text_);
  }

 private:
  std::string seed_;
  std::vector<io::CellTextWriter> writers_;
  std::string text_;
};

}  // namespace

arrow::Status RowFolds::ByKey(const io::Unit& unit, std::vector<uint64_t>* fingerprints) const {
  const io::Source& source = *requested_.selected;
  std::vector<int> columns;
  std::vector<std::unique_ptr<feature::Pipeline>> as_they_are;
  std::vector<RowInput> inputs;
  for (const std::string& name : spec_.key) {
    columns.push_back(source.schema()->GetFieldIndex(name));
    ARROW_ASSIGN_OR_RAISE(auto pipeline,
                          feature::Pipeline::Make(0, *source.schema()->field(columns.back()),
                                                  {{"passthrough", nullptr}}, {arrow::float32()}));
    as_they_are.push_back(std::move(pipeline));
    inputs.emplace_back(*as_they_are.back(), context_->budget());
  }
  ARROW_ASSIGN_OR_RAISE(auto texts, FoldKeyTexts::Make(*source.schema(), columns, spec_.seed));
  const TaskGate::Pass pass =
      context_->gate()->Enter(2 * ScanBatchesBytes(unit, columns.size(), context_));
  return ScanBatches(source, unit, columns, context_, [&](const io::Batch& batch) -> arrow::Status {
    arrow::ArrayVector keys;
    for (size_t k = 0; k < columns.size(); ++k) {
      ARROW_ASSIGN_OR_RAISE(auto rows, inputs[k].Rows(batch.columns[k]));
      keys.push_back(std::move(rows));
    }
    for (int64_t row = 0; row < batch.num_rows; ++row)
      fingerprints->push_back(texts.Fingerprint(keys, row));
    return arrow::Status::OK();
  });
}

arrow::Status RowFolds::ByRow(const io::Unit& unit, std::vector<uint64_t>* fingerprints) const {
  const io::Source& whole = *requested_.whole;
  std::vector<int> columns(whole.schema()->num_fields());
  std::iota(columns.begin(), columns.end(), 0);
  const int64_t seed = spec_.method == plan::SplitMethod::kTime ? 0 : spec_.seed;
  return FingerprintUnit(whole, unit, columns, seed, context_,
                         [&](int64_t first_row, std::span<const uint64_t> of_rows) {
                           fingerprints->resize(static_cast<size_t>(first_row));
                           fingerprints->insert(fingerprints->end(), of_rows.begin(),
                                                of_rows.end());
                           return arrow::Status::OK();
                         });
}

arrow::Result<std::vector<uint8_t>> RowFolds::Of(const io::Unit& unit, int num_folds) const {
  const auto num_rows = static_cast<size_t>(unit.num_rows);
  std::vector<uint8_t> folds;
  if (num_folds > 0) {
    base::MemoryReservation reservation(context_->budget());
    ARROW_RETURN_NOT_OK(reservation.Resize(unit.num_rows * static_cast<int64_t>(sizeof(uint64_t))));
    std::vector<uint64_t> fingerprints;
    fingerprints.reserve(num_rows);
    const bool by_key = spec_.method == plan::SplitMethod::kHash && !spec_.key.empty();
    ARROW_RETURN_NOT_OK(by_key ? ByKey(unit, &fingerprints) : ByRow(unit, &fingerprints));
    ARROW_RETURN_NOT_OK(
        CheckUnitRows(unit, static_cast<int64_t>(fingerprints.size()), /*at_end=*/true));
    folds.reserve(num_rows);
    for (const uint64_t fingerprint : fingerprints) {
      folds.push_back(
          static_cast<uint8_t>((fingerprint >> kSplitBits) % static_cast<uint64_t>(num_folds)));
    }
  }
  const int only = splits_.uniform_split();
  if (only == 0) return folds;
  if (folds.empty()) folds.resize(num_rows);
  const auto splits = only < 0 ? splits_.Unpack(unit.index) : nullptr;
  for (size_t row = 0; row < num_rows; ++row) {
    if (splits == nullptr || (*splits)[row] != 0) folds[row] = feature::kNoFold;
  }
  return folds;
}

}  // namespace emberharmony::engine
