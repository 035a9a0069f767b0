#include "emberharmony/io/filter/filter.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"
#include "emberharmony/io/filter/bound_node_internal.h"
#include "emberharmony/io/index_kernels_internal.h"

namespace emberharmony::io::filter {

using arrow::Status;

/// The truth of a condition for each entry of a dictionary, and last for null, as in Truth.
struct EntryTruth {
  explicit EntryTruth(arrow::MemoryPool* pool) : truths(pool) {}
  uint64_t dictionary_id = 0;
  PooledArray<uint8_t> truths;
  bool any_failed = false;  // kFailedEntry stands among them
};

namespace {

/// A truth value that is none, of an entry for which the condition fails.
constexpr uint8_t kFailedEntry = 3;

/// What a condition on one column is where the column is null.
Truth TruthOfNull(const BoundNode& node) {
  const auto child = [&](size_t i) { return TruthOfNull(*node.children[i]); };
  switch (node.kind) {
    case NodeKind::kConstant:
      return node.truth;
    case NodeKind::kColumnIsNull:
      return Truth::kTrue;
    case NodeKind::kAnd:
    case NodeKind::kOr: {
      const Truth decisive = node.kind == NodeKind::kAnd ? Truth::kFalse : Truth::kTrue;
      Truth truth = node.kind == NodeKind::kAnd ? Truth::kTrue : Truth::kFalse;
      for (size_t i = 0; i < node.children.size(); ++i) {
        const Truth next = child(i);
        if (next == decisive) return decisive;
        if (next == Truth::kNull) truth = Truth::kNull;
      }
      return truth;
    }
    case NodeKind::kNot: {
      const Truth truth = child(0);
      if (truth == Truth::kNull) return truth;
      return truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
    }
    case NodeKind::kIs:
      return child(0) == node.truth ? Truth::kTrue : Truth::kFalse;
    case NodeKind::kCompare: {
      // As a row of its own, so that there is one truth table.
      TruthBits left(arrow::default_memory_pool());
      TruthBits right(arrow::default_memory_pool());
      if (!left.Fill(1, child(0)).ok() || !right.Fill(1, child(1)).ok()) return Truth::kNull;
      left.Compare(node.op, right);
      return left.at(0);
    }
    default:
      return Truth::kNull;
  }
}

/// AND, OR, NOT, IS and comparisons of truth values, over whatever evaluates the children.
template <typename EvaluateChild>
Status CombineTruths(const BoundNode& node, arrow::MemoryPool* pool, TruthBits* out,
                     EvaluateChild&& evaluate) {
  ARROW_RETURN_NOT_OK(evaluate(*node.children[0], out));
  if (node.kind == NodeKind::kNot) out->Not();
  if (node.kind == NodeKind::kIs) out->Is(node.truth);
  for (size_t i = 1; i < node.children.size(); ++i) {
    // What is decided for every row stays so.
    if (node.kind == NodeKind::kAnd && out->all_false()) break;
    if (node.kind == NodeKind::kOr && out->all_true()) break;
    TruthBits other(pool);
    ARROW_RETURN_NOT_OK(evaluate(*node.children[i], &other));
    if (node.kind == NodeKind::kAnd) out->And(other);
    if (node.kind == NodeKind::kOr) out->Or(other);
    if (node.kind == NodeKind::kCompare) out->Compare(node.op, other);
  }
  return Status::OK();
}

/// The truth of a condition for the values of an array.
class ArrayEvaluation {
 public:
  ArrayEvaluation(const arrow::Array& values, arrow::MemoryPool* pool)
      : values_(values), pool_(pool), test_(pool) {}

  Status Evaluate(const BoundNode& node, TruthBits* out) {
    const int64_t n = values_.length();
    switch (node.kind) {
      case NodeKind::kConstant:
        return out->Fill(n, node.truth);
      case NodeKind::kLeaf:
      case NodeKind::kColumnIsNull: {
        if (node.cast == nullptr) return Test(node, values_, out);
        ARROW_ASSIGN_OR_RAISE(const CastValues cast, node.cast->Apply(values_, pool_));
        ARROW_RETURN_NOT_OK(Test(node, *cast.values, out));
        if (!cast.failed.empty()) out->SetFailed(cast.failed.data(), n);
        return Status::OK();
      }
      case NodeKind::kColumnPair:
        return Status::Invalid("two columns were to be compared in one");
      default:
        return CombineTruths(node, pool_, out, [this](const BoundNode& child, TruthBits* bits) {
          return Evaluate(child, bits);
        });
    }
  }

 private:
  /// A leaf, or IS NULL, of the column's values or what is cast of them.
  Status Test(const BoundNode& node, const arrow::Array& values, TruthBits* out) {
    const int64_t n = values.length();
    const bool is_null = node.kind == NodeKind::kColumnIsNull;
    ARROW_RETURN_NOT_OK(test_.Resize(n));
    if (n > 0 && is_null) std::memset(test_.data(), 1, static_cast<size_t>(n));
    if (n > 0 && !is_null) node.leaf->Test(values, test_.data());
    const uint8_t* valid_bits = values.null_count() > 0 ? values.null_bitmap_data() : nullptr;
    ARROW_RETURN_NOT_OK(out->SetTested(test_.data(), valid_bits, values.offset(), n));
    if (is_null) out->IsNull();
    return Status::OK();
  }

  const arrow::Array& values_;
  arrow::MemoryPool* pool_;
  PooledArray<uint8_t> test_;
};

constexpr std::array<uint8_t, 256> MarkOnly(Truth truth) {
  std::array<uint8_t, 256> table{};
  table[static_cast<size_t>(truth)] = 1;
  return table;
}

std::vector<BoundNodePtr> ConjunctsOf(const BoundNodePtr& root) {
  if (root->kind != NodeKind::kAnd) return {root};
  std::vector<BoundNodePtr> conjuncts;
  std::vector<BoundNodePtr> failing;
  for (const BoundNodePtr& child : root->children) {
    (MayFail(*child) ? failing : conjuncts).push_back(child);
  }
  if (failing.size() > 1) {
    auto together = std::make_shared<BoundNode>();
    together->kind = NodeKind::kAnd;
    together->children = std::move(failing);
    together->subject = root->subject;
    failing = {std::move(together)};
  }
  conjuncts.insert(conjuncts.end(), failing.begin(), failing.end());
  return conjuncts;
}

}  // namespace

class BatchEvaluation {
 public:
  BatchEvaluation(FilterEvaluator* evaluator, const Batch& batch)
      : evaluator_(*evaluator), pool_(evaluator->pool_), batch_(batch), row_truths_(pool_) {}

  /// Why a row fails: the first of the casts below that does.
  Status FaultOf(const BoundNode& node, int64_t row) const {
    if (node.cast != nullptr) ARROW_RETURN_NOT_OK(FaultOf(*node.cast, node.column, row));
    if (node.pair != nullptr && node.pair->left_cast() != nullptr) {
      ARROW_RETURN_NOT_OK(FaultOf(*node.pair->left_cast(), node.pair->left(), row));
    }
    if (node.pair != nullptr && node.pair->right_cast() != nullptr) {
      ARROW_RETURN_NOT_OK(FaultOf(*node.pair->right_cast(), node.pair->right(), row));
    }
    for (const BoundNodePtr& child : node.children) ARROW_RETURN_NOT_OK(FaultOf(*child, row));
    return Status::OK();
  }

  Status Evaluate(const BoundNode& node, TruthBits* out) {
    if (node.kind == NodeKind::kConstant) return out->Fill(batch_.num_rows, node.truth);
    if (node.subject.column >= 0) return EvaluateColumn(node, out);
    if (node.kind == NodeKind::kColumnPair) {
      return node.pair->Evaluate(ColumnOf(node.pair->left()), ColumnOf(node.pair->right()),
                                 batch_.num_rows, pool_, out);
    }
    return CombineTruths(node, pool_, out, [this](const BoundNode& child, TruthBits* bits) {
      return Evaluate(child, bits);
    });
  }

 private:
  Status FaultOf(const ColumnCast& cast, const ColumnPath& path, int64_t row) const {
    for (const Piece& piece : ColumnOf(path).pieces) {
      if (row >= piece.num_rows) {
        row -= piece.num_rows;
        continue;
      }
      const int64_t entry = piece.encoded() ? piece.index_data()[row] : row;
      if (entry >= piece.values->length()) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(auto value,
                            ValuesAt(piece.values->Slice(entry, 1), path.fields, pool_));
      ARROW_ASSIGN_OR_RAISE(const CastValues values, cast.Apply(*value, pool_));
      return values.failed.empty() ? Status::OK() : base::UsageError(values.first_fault);
    }
    return Status::OK();
  }

  const Column& ColumnOf(const ColumnPath& path) const {
    const std::vector<int>& columns = evaluator_.filter_->columns();
    const auto found = std::lower_bound(columns.begin(), columns.end(), path.column);
    return batch_.columns[static_cast<size_t>(found - columns.begin())];
  }

  Status EvaluateColumn(const BoundNode& node, TruthBits* out) {
    const Column& column = ColumnOf(node.subject);
    if (column.pieces.size() == 1) return EvaluatePiece(node, column.pieces[0], out);
    ARROW_RETURN_NOT_OK(out->Fill(batch_.num_rows, Truth::kNull));
    int64_t row = 0;
    for (const Piece& piece : column.pieces) {
      TruthBits bits(pool_);
      ARROW_RETURN_NOT_OK(EvaluatePiece(node, piece, &bits));
      out->Place(bits, row);
      row += piece.num_rows;
    }
    return Status::OK();
  }

  Status EvaluatePiece(const BoundNode& node, const Piece& piece, TruthBits* out) {
    if (!piece.encoded()) {
      ARROW_ASSIGN_OR_RAISE(auto values, ValuesAt(piece.values, node.subject.fields, pool_));
      return ArrayEvaluation(*values, pool_).Evaluate(node, out);
    }
    ARROW_ASSIGN_OR_RAISE(const uint8_t* truths, EntryTruths(node, piece));
    const int64_t n = piece.num_rows;
    ARROW_RETURN_NOT_OK(row_truths_.Resize(n));
    const int32_t* indices = piece.index_data();
    uint8_t* row_truths = row_truths_.data();
    for (int64_t i = 0; i < n; ++i) row_truths[i] = truths[indices[i]];
    ARROW_RETURN_NOT_OK(out->Fill(n, Truth::kNull));
    static constexpr auto kTrueTable = MarkOnly(Truth::kTrue);
    static constexpr auto kFalseTable = MarkOnly(Truth::kFalse);
    LookUpBits(row_truths, n, kTrueTable.data(), reinterpret_cast<uint8_t*>(out->true_words()));
    LookUpBits(row_truths, n, kFalseTable.data(), reinterpret_cast<uint8_t*>(out->false_words()));
    if (evaluator_.entries_[&node]->any_failed) {
      for (int64_t i = 0; i < n; ++i) {
        row_truths[i] = static_cast<uint8_t>(row_truths[i] == kFailedEntry);
      }
      out->SetFailed(row_truths, n);
    }
    return Status::OK();
  }

  arrow::Result<const uint8_t*> EntryTruths(const BoundNode& node, const Piece& piece) {
    auto& kept = evaluator_.entries_[&node];
    if (kept == nullptr) kept = std::make_unique<EntryTruth>(pool_);
    if (piece.dictionary_id != 0 && kept->dictionary_id == piece.dictionary_id) {
      return kept->truths.data();
    }
    kept->dictionary_id = 0;
    ARROW_ASSIGN_OR_RAISE(auto values, ValuesAt(piece.values, node.subject.fields, pool_));
    const int64_t n = values->length();
    TruthBits bits(pool_);
    ARROW_RETURN_NOT_OK(ArrayEvaluation(*values, pool_).Evaluate(node, &bits));
    ARROW_RETURN_NOT_OK(kept->truths.Resize(n + 1));
    kept->any_failed = bits.any_failed();
    for (int64_t i = 0; i < n; ++i) {
      kept->truths[i] = bits.failed(i) ? kFailedEntry : static_cast<uint8_t>(bits.at(i));
    }
    kept->truths[n] = static_cast<uint8_t>(TruthOfNull(node));
    kept->dictionary_id = piece.dictionary_id;
    return kept->truths.data();
  }

  FilterEvaluator& evaluator_;
  arrow::MemoryPool* const pool_;
  const Batch& batch_;
  PooledArray<uint8_t> row_truths_;
};

Filter::Filter(std::shared_ptr<const BoundNode> root, std::string sql)
    : root_(std::move(root)),
      conjuncts_(ConjunctsOf(root_)),
      columns_(ColumnsOf(*root_)),
      sql_(std::move(sql)),
      may_fail_(MayFail(*root_)) {}

Filter::~Filter() = default;

arrow::Result<std::shared_ptr<const Filter>> Filter::Bind(const Expression& expression,
                                                          const arrow::Schema& schema,
                                                          std::string_view name) {
  ARROW_ASSIGN_OR_RAISE(BoundNodePtr root, BindExpression(expression, schema, name));
  return std::shared_ptr<const Filter>(new Filter(std::move(root), WriteSql(expression)));
}

uint64_t Filter::hash() const { return base::Fingerprint64(sql_); }

Verdict Filter::Judge(const std::vector<ColumnRange>& ranges, int64_t num_rows) const {
  if (num_rows == 0) return Verdict::kNone;
  const Outcomes outcomes = OutcomesOf(*root_, columns_, ranges, num_rows);
  if (!outcomes.maybe_true) return Verdict::kNone;
  return outcomes.maybe_false || outcomes.maybe_null ? Verdict::kSome : Verdict::kAll;
}

std::vector<std::shared_ptr<const Filter>> Filter::Conjuncts() const {
  std::vector<std::shared_ptr<const Filter>> conjuncts;
  for (const BoundNodePtr& child : conjuncts_) conjuncts.emplace_back(new Filter(child, sql_));
  return conjuncts;
}

FilterEvaluator::FilterEvaluator(std::shared_ptr<const Filter> filter, arrow::MemoryPool* pool)
    : filter_(std::move(filter)), pool_(pool) {}

FilterEvaluator::~FilterEvaluator() = default;

arrow::Result<int64_t> FilterEvaluator::Evaluate(const Batch& batch,
                                                 std::vector<uint64_t>* passes) {
  TruthBits bits(pool_);
  const auto num_words = static_cast<size_t>((batch.num_rows + 63) / 64);
  if (!filter_->may_fail()) {
    ARROW_RETURN_NOT_OK(BatchEvaluation(this, batch).Evaluate(*filter_->root_, &bits));
    passes->assign(bits.true_words(), bits.true_words() + num_words);
  } else {
    // One by one, as FilterRows does, so that the same rows fail.
    passes->assign(num_words, ~uint64_t{0});
    for (const BoundNodePtr& conjunct : filter_->conjuncts_) {
      BatchEvaluation evaluation(this, batch);
      ARROW_RETURN_NOT_OK(evaluation.Evaluate(*conjunct, &bits));
      for (int64_t row = 0; bits.any_failed() && row < batch.num_rows; ++row) {
        const bool wanted = ((*passes)[static_cast<size_t>(row / 64)] >> (row % 64) & 1) != 0;
        if (!wanted || !bits.failed(row)) continue;
        ARROW_RETURN_NOT_OK(evaluation.FaultOf(*conjunct, row));
        return Status::Invalid("a row failed, of which every value can be cast");
      }
      for (size_t i = 0; i < num_words; ++i) {
        (*passes)[i] &= bits.true_words()[static_cast<int64_t>(i)];
      }
    }
  }
  int64_t count = 0;
  for (const uint64_t word : *passes) count += std::popcount(word);
  return count;
}

}  // namespace emberharmony::io::filter
