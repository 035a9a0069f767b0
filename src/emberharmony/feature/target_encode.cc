#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/fixed_point_sum_internal.h"
#include "emberharmony/feature/lack_of_values.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/value_index.h"
#include "emberharmony/feature/value_json.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kTargetFoldsDefault = 5;
constexpr int64_t kTargetFoldsMax = 64;
constexpr double kSmoothingMax = 1e12;
constexpr const char* kSmoothingAuto = "auto";

/// Training rows and the sums of their targets.
struct TargetSums {
  int64_t count = 0;
  FixedPointSum sum;
  FixedPointSum squares;

  void Add(double target) {
    ++count;
    sum.Add(target);
    squares.AddSquare(target);
  }
  void Add(const TargetSums& other) {
    count += other.count;
    sum.Add(other.sum);
    squares.Add(other.squares);
  }
  TargetSums Without(const TargetSums& other) const {
    TargetSums rest = *this;
    rest.count -= other.count;
    rest.sum.Subtract(other.sum);
    rest.squares.Subtract(other.squares);
    return rest;
  }
  __float128 Mean() const { return sum.Value() / static_cast<__float128>(count); }
  /// Of the population.
  __float128 Variance() const {
    const __float128 mean = Mean();
    const __float128 variance = squares.Value() / static_cast<__float128>(count) - mean * mean;
    return variance > 0 ? variance : 0;
  }
};

/// The bytes by which values are told apart; false for a missing one.
bool TargetKeyOf(const arrow::Array& values, int64_t row, std::string* key) {
  if (values.IsNull(row)) return false;
  switch (values.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      key->assign(static_cast<const arrow::BinaryArray&>(values).GetView(row));
      return true;
    case arrow::Type::BOOL:
      key->assign(1, static_cast<const arrow::BooleanArray&>(values).Value(row) ? '1' : '0');
      return true;
    case arrow::Type::DOUBLE: {
      const double value = static_cast<const arrow::DoubleArray&>(values).Value(row) + 0.0;
      key->assign(reinterpret_cast<const char*>(&value), sizeof(value));
      return !std::isnan(value);
    }
    case arrow::Type::FLOAT: {
      const float value = static_cast<const arrow::FloatArray&>(values).Value(row) + 0.0F;
      key->assign(reinterpret_cast<const char*>(&value), sizeof(value));
      return !std::isnan(value);
    }
    default: {
      const auto width = static_cast<const arrow::FixedWidthType&>(*values.type()).bit_width() / 8;
      const uint8_t* bytes =
          values.data()->buffers[1]->data() + (values.offset() + row) * int64_t{width};
      key->assign(reinterpret_cast<const char*>(bytes), static_cast<size_t>(width));
      return true;
    }
  }
}

/// The value of a key, as a column of one row.
std::shared_ptr<arrow::ArrayData> TargetOfKey(const std::shared_ptr<arrow::DataType>& type,
                                              const std::string& key) {
  if (type->id() == arrow::Type::BOOL) {
    return arrow::ArrayData::Make(
        type, 1, {nullptr, arrow::Buffer::FromString(std::string(1, key == "1" ? '\1' : '\0'))});
  }
  auto bytes = arrow::Buffer::FromString(key);
  if (!arrow::is_base_binary_like(type->id()))
    return arrow::ArrayData::Make(type, 1, {nullptr, std::move(bytes)});
  const int32_t offsets[2] = {0, static_cast<int32_t>(key.size())};
  std::string offset_bytes(reinterpret_cast<const char*>(offsets), sizeof(offsets));
  return arrow::ArrayData::Make(
      type, 1, {nullptr, arrow::Buffer::FromString(std::move(offset_bytes)), std::move(bytes)});
}

/// Whether a value of this type has such a key.
bool IsTargetKey(const arrow::DataType& type, const std::string& key) {
  if (type.id() == arrow::Type::BOOL) return key == "0" || key == "1";
  if (arrow::is_base_binary_like(type.id())) return key.size() <= INT32_MAX;
  const auto width = static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8;
  if (key.size() != static_cast<size_t>(width)) return false;
  double number = 0;
  if (type.id() == arrow::Type::DOUBLE) std::memcpy(&number, key.data(), sizeof(number));
  float single = 0;
  if (type.id() == arrow::Type::FLOAT) std::memcpy(&single, key.data(), sizeof(single));
  return !std::isnan(number) && !std::isnan(single);
}

static_assert(std::is_trivially_copyable_v<TargetSums>, "sums are encoded as their bytes");

/// Reads what TargetLearner::Encode writes, which may have been changed since.
class TargetBytes {
 public:
  explicit TargetBytes(std::string_view bytes) : bytes_(bytes) {}

  arrow::Result<std::string_view> Bytes(uint64_t size) {
    if (size > bytes_.size()) return Damaged();
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  arrow::Result<uint64_t> Number() {
    ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, Bytes(sizeof(uint64_t)));
    uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof(number));
    return number;
  }
  bool empty() const { return bytes_.empty(); }
  static arrow::Status Damaged() {
    return base::DataError(
        "the saved sums of target_encode are damaged, or from another version: fit again");
  }

 private:
  std::string_view bytes_;
};

/// The sums of each value and fold. Value 0 is the missing one. Of most values there are few rows,
/// and so few folds: sums of the others are not kept.
class TargetLearner : public RowLearner {
 public:
  static arrow::Result<std::unique_ptr<TargetLearner>> Make(
      std::string column, const std::shared_ptr<arrow::DataType>& type, int64_t num_folds,
      base::MemoryBudget* budget) {
    auto learner = std::unique_ptr<TargetLearner>(new TargetLearner());
    learner->column_ = std::move(column);
    learner->num_folds_ = static_cast<size_t>(num_folds);
    learner->first_sums_.push_back(kNoSums);
    // Rows have to be read while sums grow: what is refused first are sums, which can say why.
    if (budget != nullptr) {
      learner->budget_ =
          budget->MakeChild("target_encode(" + learner->column_ + ")", /*limit_bytes=*/0,
                            /*headroom_bytes=*/budget->limit_bytes() / kHeadroomShare);
    }
    learner->reservation_ = base::MemoryReservation(learner->budget_.get());
    ARROW_ASSIGN_OR_RAISE(learner->values_, arrow::MakeBuilder(type));
    return learner;
  }

  arrow::Status Update(const RowBlock& rows) override {
    return OrNoRoom([&] { return AddRows(rows); });
  }

  /// Where memory was short for what `call` does: a status that says what took it.
  template <class Call>
  arrow::Status OrNoRoom(Call call) const {
    arrow::Status status;
    try {
      status = call();
    } catch (const std::bad_alloc&) {
      status = arrow::Status::OutOfMemory("");
    }
    if (!status.IsOutOfMemory()) return status;
    return status.WithMessage(
        "target_encode keeps the sums of each value of column '", column_, "' in memory, ",
        base::FormatByteSize(bytes_), " for the ", size(),
        " values that it has met so far, and there is no room for more beside what reading takes: "
        "raise --memory, or give it a column of fewer values");
  }

  size_t num_folds() const { return num_folds_; }
  /// Whether there were training rows, with a target or without.
  bool has_rows() const { return has_rows_; }
  /// How many values there are, the missing one among them.
  size_t size() const { return first_sums_.size(); }
  /// Calls use(fold, sums) for each fold in which there are rows of a value.
  template <class Use>
  void ForEachFold(size_t number, Use use) const {
    for (int64_t at = first_sums_[number]; at != kNoSums; at = sums_[at].next) {
      use(sums_[at].fold, sums_[at].sums);
    }
  }
  /// The values from number 1 on; nothing is learned any more then.
  arrow::Result<std::shared_ptr<arrow::Array>> Values() const {
    if (finished_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(finished_, values_->Finish());
    }
    return finished_;
  }

  bool is_mergeable() const override { return true; }
  /// How many folds and values there are; of each value, the missing one first, then by key: the
  /// key's length and bytes, of how many folds there are sums, and these by fold. Numbers are
  /// uint64.
  arrow::Result<std::string> Encode() const override;
  /// What is accounted for of each value and its sums is more.
  int64_t encoded_bytes_max() const override { return bytes_ - learned_bytes_ + kEncodedHeadBytes; }
  arrow::Status MergeEncoded(const std::string& encoded) override;

 private:
  /// The numbers of folds and values, and what the missing value has beside its sums.
  static constexpr int64_t kEncodedHeadBytes = 4 * sizeof(uint64_t);
  static constexpr int64_t kNoSums = -1;
  /// Of the run's memory: what sums leave to all else.
  static constexpr int64_t kHeadroomShare = 4;
  /// Of one value in one fold.
  struct FoldSums {
    TargetSums sums;
    int64_t next;  ///< of the same value: its place in sums_
    size_t fold;
  };

  TargetLearner() = default;

  arrow::Status AddRows(const RowBlock& rows) {
    const arrow::Array& values = *rows.columns[0];
    ARROW_ASSIGN_OR_RAISE(const auto targets,
                          ToNumeric({rows.columns[1], false}, arrow::default_memory_pool()));
    for (int64_t row = 0; row < rows.num_rows; ++row) {
      const uint8_t fold = rows.folds == nullptr ? 0 : rows.folds[row];
      const double target = targets->Value(row);
      has_rows_ |= fold != kNoFold;
      if (fold == kNoFold || std::isnan(target)) continue;
      if (!(std::fabs(target) < FixedPointSum::kLimit)) {
        return base::DataError(
            "target_encode takes targets below 2^40 in size, and the target of a row is " +
            NumberText(target) + "; leave such rows out with --where, or scale the target");
      }
      ARROW_ASSIGN_OR_RAISE(const size_t number, NumberOf(values, row));
      ARROW_ASSIGN_OR_RAISE(TargetSums* const sums, SumsOf(number, fold));
      sums->Add(target);
    }
    return arrow::Status::OK();
  }

  arrow::Result<TargetSums*> SumsOf(size_t number, size_t fold) {
    for (int64_t at = first_sums_[number]; at != kNoSums; at = sums_[at].next) {
      if (sums_[at].fold == fold) return &sums_[at].sums;
    }
    ARROW_RETURN_NOT_OK(Account(sizeof(FoldSums)));
    sums_.push_back({{}, first_sums_[number], fold});
    first_sums_[number] = static_cast<int64_t>(sums_.size()) - 1;
    return &sums_.back().sums;
  }

  arrow::Result<size_t> NumberOf(const arrow::Array& values, int64_t row) {
    if (!TargetKeyOf(values, row, &key_)) return 0;
    return NumberOfKey(key_);
  }

  arrow::Result<size_t> NumberOfKey(const std::string& key) {
    const auto found = numbers_.find(key);
    if (found != numbers_.end()) return found->second;
    constexpr int64_t kEntryBytes = 104;
    // When all rows are read each value gets an encoding for each fold and one for all, a count,
    // and a place among the values, which are sorted: there has to be room for that, too.
    constexpr int64_t kLearnedEntryBytes = 64;
    const int64_t learned_bytes =
        static_cast<int64_t>((num_folds_ + 1) * sizeof(double)) + kLearnedEntryBytes;
    ARROW_RETURN_NOT_OK(
        Account(kEntryBytes + learned_bytes + 3 * static_cast<int64_t>(key.size())));
    learned_bytes_ += learned_bytes;
    const size_t number = size();
    first_sums_.push_back(kNoSums);
    const auto value = TargetOfKey(values_->type(), key);
    ARROW_RETURN_NOT_OK(values_->AppendArraySlice(arrow::ArraySpan(*value), 0, 1));
    numbers_.emplace(key, number);
    return number;
  }

  arrow::Status Account(int64_t bytes) {
    constexpr int64_t kStep = int64_t{256} << 10;
    bytes_ += bytes;
    if (bytes_ > reservation_.bytes()) ARROW_RETURN_NOT_OK(reservation_.Resize(bytes_ + kStep));
    return arrow::Status::OK();
  }

  std::string column_;
  size_t num_folds_ = 0;
  bool has_rows_ = false;
  std::unordered_map<std::string, size_t> numbers_;
  std::vector<int64_t> first_sums_;  // by value: a place in sums_
  std::deque<FoldSums> sums_;        // which never moves what is in it
  std::unique_ptr<arrow::ArrayBuilder> values_;
  mutable std::shared_ptr<arrow::Array> finished_;
  int64_t bytes_ = 0;
  int64_t learned_bytes_ = 0;                   // of these, for what is made of the sums
  std::shared_ptr<base::MemoryBudget> budget_;  // outlives the reservation
  base::MemoryReservation reservation_;
  std::string key_;
};

arrow::Result<std::string> TargetLearner::Encode() const {
  std::vector<std::pair<std::string_view, size_t>> values(numbers_.begin(), numbers_.end());
  std::sort(values.begin(), values.end());
  values.insert(values.begin(), {std::string_view(), 0});
  std::string out;
  out.reserve(static_cast<size_t>(encoded_bytes_max()));
  const auto put = [&out](uint64_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof(number));
  };
  put(num_folds_);
  put(values.size());
  for (const auto& [key, number] : values) {
    put(key.size());
    out.append(key);
    std::map<size_t, TargetSums> by_fold;
    ForEachFold(number, [&](size_t fold, const TargetSums& sums) { by_fold[fold] = sums; });
    put(by_fold.size());
    for (const auto& [fold, sums] : by_fold) {
      put(fold);
      out.append(reinterpret_cast<const char*>(&sums), sizeof(sums));
    }
  }
  return out;
}

arrow::Status TargetLearner::MergeEncoded(const std::string& encoded) {
  constexpr int64_t kCountMax = int64_t{1} << 48;
  TargetBytes bytes(encoded);
  ARROW_ASSIGN_OR_RAISE(const uint64_t num_folds, bytes.Number());
  ARROW_ASSIGN_OR_RAISE(const uint64_t num_values, bytes.Number());
  if (num_folds != num_folds_ || num_values == 0) return TargetBytes::Damaged();
  // A fit without training rows leaves nothing to be merged.
  has_rows_ = true;
  for (uint64_t v = 0; v < num_values; ++v) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, bytes.Number());
    ARROW_ASSIGN_OR_RAISE(const std::string_view key, bytes.Bytes(size));
    size_t number = 0;
    if (v > 0) {
      key_ = key;
      if (!IsTargetKey(*values_->type(), key_)) return TargetBytes::Damaged();
      ARROW_ASSIGN_OR_RAISE(number, NumberOfKey(key_));
    }
    ARROW_ASSIGN_OR_RAISE(const uint64_t folds, bytes.Number());
    if (folds > num_folds_ || (folds == 0 && v > 0)) return TargetBytes::Damaged();
    for (uint64_t f = 0; f < folds; ++f) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t fold, bytes.Number());
      ARROW_ASSIGN_OR_RAISE(const std::string_view sum_bytes, bytes.Bytes(sizeof(TargetSums)));
      TargetSums part;
      std::memcpy(&part, sum_bytes.data(), sizeof(part));
      if (fold >= num_folds_ || part.count <= 0 || part.count > kCountMax)
        return TargetBytes::Damaged();
      ARROW_ASSIGN_OR_RAISE(TargetSums* const sums, SumsOf(number, fold));
      sums->Add(part);
    }
  }
  return bytes.empty() ? arrow::Status::OK() : TargetBytes::Damaged();
}

/// `target_encode: {folds: 5, smoothing: auto | M}`: the mean of the target in the training rows
/// that hold the value, drawn towards the mean of all: by M further rows of that mean, or, `auto`,
/// by as much as the value's own mean is uncertain (empirical Bayes, as scikit-learn's
/// TargetEncoder).
///
/// Of a training row all sums leave out its own fold, so that its target has no part in its
/// feature; every other row gets those of all folds. A missing value is one like others; a value
/// that no training row has gets the mean of all.
class TargetEncode : public RowTransform {
 public:
  static arrow::Result<std::unique_ptr<RowTransform>> Make(const nlohmann::json& options,
                                                           const RowContext& context);

  const std::string& name() const override { return kName; }
  RowTraits traits() const override { return {.num_folds = static_cast<int>(num_folds_)}; }
  nlohmann::json options() const override {
    nlohmann::json smoothing = kSmoothingAuto;
    if (smoothing_ >= 0) smoothing = smoothing_;
    return {{"folds", num_folds_}, {"smoothing", std::move(smoothing)}};
  }
  std::vector<ColumnInfo> outputs() const override {
    ColumnInfo output;
    output.name = input_.name + "_target_mean";
    output.type = arrow::float64();
    output.nullable = false;
    return {output};
  }
  arrow::Result<std::unique_ptr<RowLearner>> MakeLearner(
      base::MemoryBudget* budget) const override {
    return TargetLearner::Make(input_.name, input_.type, num_folds_, budget);
  }
  arrow::Status Learn(const RowLearner& learner) override;
  bool learned() const override { return index_ != nullptr; }
  nlohmann::json Describe() const override;
  std::shared_ptr<arrow::RecordBatch> VocabularyTable() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                      arrow::ArrayVector* outputs) const override;

 private:
  /// What values are replaced by: the missing one, then those of index_, then all that are not
  /// known.
  using Encodings = std::vector<double>;

  double Encode(const TargetSums& of_value, const TargetSums& all) const;
  arrow::Status CheckRows(const TargetSums& all, bool has_rows) const;
  arrow::Status LearnFrom(const TargetLearner& found);
  /// Of the learner's values in this order, which fills encodings_ and without_fold_.
  arrow::Status LearnEncodings(const TargetLearner& found, const std::vector<size_t>& numbers);
  arrow::Status CheckTable(const arrow::RecordBatch* table, int64_t count) const;

  static inline const std::string kName = "target_encode";
  ColumnInfo input_;
  int64_t num_folds_ = kTargetFoldsDefault;
  double smoothing_ = -1;  ///< below 0: auto

  // Learned.
  std::unique_ptr<ValueIndex> index_;  ///< of the values, ascending
  std::shared_ptr<arrow::Int64Array> counts_;
  int64_t count_ = 0;
  int64_t missing_count_ = 0;
  Encodings encodings_;
  std::vector<Encodings> without_fold_;  ///< by fold; empty in a model that was loaded
};

arrow::Result<std::unique_ptr<RowTransform>> TargetEncode::Make(const nlohmann::json& options,
                                                                const RowContext& context) {
  auto step = std::make_unique<TargetEncode>();
  StepOptions reader(kName, options);
  step->num_folds_ = reader.Integer("folds", kTargetFoldsDefault, 2, kTargetFoldsMax);
  const nlohmann::json* smoothing = reader.Value("smoothing");
  if (smoothing != nullptr && *smoothing != kSmoothingAuto) {
    const bool fits = smoothing->is_number() && smoothing->get<double>() >= 0 &&
                      smoothing->get<double>() <= kSmoothingMax;
    if (fits) step->smoothing_ = smoothing->get<double>() + 0.0;
    if (!fits) {
      reader.AddFault("option 'smoothing' must be auto or a number of rows of at least 0; found " +
                      OptionText(*smoothing));
    }
  }
  ARROW_RETURN_NOT_OK(reader.Finish());
  step->input_ = context.inputs[0];
  const ColumnInfo& target = context.inputs.back();
  if (!HasNumericForm(*target.type)) {
    return base::UsageError("target_encode needs a target of numbers or booleans, and '" +
                            target.name + "' is " + target.type->ToString());
  }
  ARROW_ASSIGN_OR_RAISE(auto empty, arrow::MakeEmptyArray(step->input_.type));
  ARROW_RETURN_NOT_OK(ValueIndex::Make(std::move(empty)).status());
  return std::unique_ptr<RowTransform>(std::move(step));
}

double TargetEncode::Encode(const TargetSums& of_value, const TargetSums& all) const {
  const __float128 prior = all.Mean();
  if (of_value.count == 0) return static_cast<double>(prior);
  const auto count = static_cast<__float128>(of_value.count);
  if (smoothing_ >= 0) {
    return static_cast<double>((of_value.sum.Value() + smoothing_ * prior) / (count + smoothing_));
  }
  const __float128 weight = count * all.Variance();
  const __float128 whole = weight + of_value.Variance();
  if (!(whole > 0)) return static_cast<double>(prior);
  const __float128 share = weight / whole;
  return static_cast<double>(share * of_value.Mean() + (1 - share) * prior);
}

arrow::Status TargetEncode::CheckRows(const TargetSums& all, bool has_rows) const {
  if (all.count > 0) return arrow::Status::OK();
  const arrow::Status status = base::DataError(
      "column '" + input_.name +
      "': target_encode finds no training rows with a target, or all of them in one fold; give "
      "more rows, or split by a key of more values");
  return has_rows ? AsLackOfValues(status) : status;
}

arrow::Status TargetEncode::LearnEncodings(const TargetLearner& found,
                                           const std::vector<size_t>& numbers) {
  const size_t num_folds = found.num_folds();
  std::vector<TargetSums> rest(num_folds);  // of all values, without each fold
  TargetSums all;
  for (const size_t number : numbers) {
    found.ForEachFold(number, [&](size_t fold, const TargetSums& sums) {
      rest[fold].Add(sums);
      all.Add(sums);
    });
  }
  ARROW_RETURN_NOT_OK(CheckRows(all, found.has_rows()));
  for (TargetSums& of_fold : rest) {
    of_fold = all.Without(of_fold);
    ARROW_RETURN_NOT_OK(CheckRows(of_fold, found.has_rows()));
  }
  encodings_.clear();
  encodings_.reserve(numbers.size() + 1);
  without_fold_.assign(num_folds, {});
  for (Encodings& encodings : without_fold_) encodings.reserve(numbers.size() + 1);
  std::vector<int64_t> counts;
  counts.reserve(numbers.size());
  std::vector<TargetSums> of_fold(num_folds);
  for (const size_t number : numbers) {
    TargetSums of_value;
    std::fill(of_fold.begin(), of_fold.end(), TargetSums());
    found.ForEachFold(number, [&](size_t fold, const TargetSums& sums) {
      of_fold[fold] = sums;
      of_value.Add(sums);
    });
    encodings_.push_back(Encode(of_value, all));
    for (size_t fold = 0; fold < num_folds; ++fold) {
      without_fold_[fold].push_back(Encode(of_value.Without(of_fold[fold]), rest[fold]));
    }
    counts.push_back(of_value.count);
  }
  encodings_.push_back(static_cast<double>(all.Mean()));
  for (size_t fold = 0; fold < num_folds; ++fold)
    without_fold_[fold].push_back(static_cast<double>(rest[fold].Mean()));
  count_ = all.count;
  missing_count_ = counts[0];
  arrow::Int64Builder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(counts.begin() + 1, counts.end()));
  ARROW_ASSIGN_OR_RAISE(const auto count_array, builder.Finish());
  counts_ = std::static_pointer_cast<arrow::Int64Array>(count_array);
  return arrow::Status::OK();
}

arrow::Status TargetEncode::Learn(const RowLearner& learner) {
  const auto& found = static_cast<const TargetLearner&>(learner);
  return found.OrNoRoom([&] { return LearnFrom(found); });
}

arrow::Status TargetEncode::LearnFrom(const TargetLearner& found) {
  ARROW_ASSIGN_OR_RAISE(auto values, found.Values());
  // The order in which values came is that of threads; theirs is the model's.
  const std::vector<int64_t> order = AscendingOrder(*values);
  std::vector<size_t> numbers = {0};
  for (const int64_t i : order) numbers.push_back(static_cast<size_t>(i) + 1);
  ARROW_RETURN_NOT_OK(LearnEncodings(found, numbers));
  arrow::Int64Builder positions;
  ARROW_RETURN_NOT_OK(positions.AppendValues(order));
  ARROW_ASSIGN_OR_RAISE(const auto taken_positions, positions.Finish());
  ARROW_ASSIGN_OR_RAISE(auto sorted, arrow::compute::Take(*values, *taken_positions));
  ARROW_ASSIGN_OR_RAISE(index_, ValueIndex::Make(std::move(sorted)));
  return arrow::Status::OK();
}

nlohmann::json TargetEncode::Describe() const {
  nlohmann::json described = DescribeOptions(name(), options());
  if (!learned()) return described;
  described["count"] = count_;
  described["missing_count"] = missing_count_;
  described["missing"] = encodings_.front();
  described["prior"] = encodings_.back();
  described["encodings"] = std::vector<double>(encodings_.begin() + 1, encodings_.end() - 1);
  return described;
}

std::shared_ptr<arrow::RecordBatch> TargetEncode::VocabularyTable() const {
  if (!learned()) return nullptr;
  arrow::Int32Builder ids;
  if (!ids.Reserve(index_->size()).ok()) throw std::bad_alloc();
  for (int64_t i = 0; i < index_->size(); ++i) ids.UnsafeAppend(static_cast<int32_t>(i));
  std::shared_ptr<arrow::Array> id_array;
  if (!ids.Finish(&id_array).ok()) throw std::bad_alloc();
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("value", input_.type, false),
                     arrow::field("id", arrow::int32(), false),
                     arrow::field("count", arrow::int64(), false)}),
      index_->size(), arrow::ArrayVector{index_->values(), std::move(id_array), counts_});
}

arrow::Status TargetEncode::CheckTable(const arrow::RecordBatch* table, int64_t count) const {
  const auto damaged = [&](const std::string& fault) {
    return base::DataError("model: values of column '" + input_.name + "' in target_encode: " +
                           fault + "; the model is damaged or from another version: fit again");
  };
  if (table == nullptr) return damaged("their file is missing");
  const std::shared_ptr<arrow::Array> values = table->GetColumnByName("value");
  const std::shared_ptr<arrow::Array> ids = table->GetColumnByName("id");
  const std::shared_ptr<arrow::Array> counts = table->GetColumnByName("count");
  if (table->num_columns() != 3 || values == nullptr || ids == nullptr || counts == nullptr ||
      !values->type()->Equals(input_.type) || ids->type_id() != arrow::Type::INT32 ||
      counts->type_id() != arrow::Type::INT64) {
    return damaged("expected columns value, id and count");
  }
  if (values->null_count() + ids->null_count() + counts->null_count() != 0) {
    return damaged("a value, id or count is null");
  }
  int64_t left = count;
  for (int64_t i = 0; i < table->num_rows(); ++i) {
    const int64_t rows = static_cast<const arrow::Int64Array&>(*counts).Value(i);
    if (static_cast<const arrow::Int32Array&>(*ids).Value(i) != i || rows < 1 || rows > left) {
      return damaged("ids are not consecutive, or counts do not add up");
    }
    left -= rows;
  }
  return left == 0 ? arrow::Status::OK() : damaged("counts do not add up");
}

arrow::Status TargetEncode::Restore(const nlohmann::json& learned,
                                    const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  LearnedFacts facts(name(), options(), input_.name, learned);
  const int64_t count = facts.Integer("count", 1);
  const int64_t missing_count = facts.Integer("missing_count");
  const double missing = facts.Number("missing");
  const double prior = facts.Number("prior");
  const nlohmann::json& list = facts.Value("encodings");
  facts.Check(missing_count <= count, "'missing_count' must not be above 'count'");
  const size_t size = vocabulary == nullptr ? 0 : static_cast<size_t>(vocabulary->num_rows());
  bool fits = list.is_array() && list.size() == size;
  Encodings encodings = {missing};
  for (size_t i = 0; fits && i < size; ++i) {
    fits = list[i].is_number() && std::isfinite(list[i].get<double>());
    if (fits) encodings.push_back(list[i].get<double>());
  }
  encodings.push_back(prior);
  facts.Check(fits, "'encodings' must be a finite number for each value of its file");
  ARROW_RETURN_NOT_OK(facts.Finish());
  ARROW_RETURN_NOT_OK(CheckTable(vocabulary.get(), count - missing_count));
  ARROW_ASSIGN_OR_RAISE(index_, ValueIndex::Make(vocabulary->GetColumnByName("value")));
  counts_ = std::static_pointer_cast<arrow::Int64Array>(vocabulary->GetColumnByName("count"));
  count_ = count;
  missing_count_ = missing_count;
  encodings_ = std::move(encodings);
  without_fold_.clear();
  return arrow::Status::OK();
}

arrow::Status TargetEncode::Apply(const RowBlock& rows, RowState* /*state*/,
                                  arrow::MemoryPool* pool, arrow::ArrayVector* outputs) const {
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> positions_buffer,
      arrow::AllocateBuffer(rows.num_rows * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* positions = reinterpret_cast<int32_t*>(positions_buffer->mutable_data());
  ARROW_RETURN_NOT_OK(index_->Lookup(*rows.columns[0], positions));
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(rows.num_rows * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const uint8_t fold = rows.folds == nullptr ? kNoFold : rows.folds[row];
    if (fold != kNoFold && fold >= without_fold_.size()) {
      return arrow::Status::Invalid("target_encode was given a fold that it has not learned");
    }
    const Encodings& encodings = fold == kNoFold ? encodings_ : without_fold_[fold];
    if (positions[row] == ValueIndex::kMissing) {
      out[row] = encodings.front();
    } else if (positions[row] == ValueIndex::kAbsent) {
      out[row] = encodings.back();
    } else {
      out[row] = encodings[static_cast<size_t>(positions[row]) + 1];
    }
  }
  outputs->push_back(std::make_shared<arrow::DoubleArray>(rows.num_rows, std::move(buffer)));
  return arrow::Status::OK();
}

const RowStepRegistration kTargetEncodeRegistration("target_encode", {.learns_from_target = true,
                                                                      .make = TargetEncode::Make});

}  // namespace
}  // namespace emberharmony::feature
