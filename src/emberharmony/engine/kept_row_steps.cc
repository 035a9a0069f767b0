#include "emberharmony/engine/kept_row_steps.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/engine/row_step_merge.h"

namespace emberharmony::engine {

namespace {

constexpr const char* kSums = "sums";
constexpr const char* kStep = "step";
constexpr const char* kPasses = "passes";

std::string NameOf(int first_derived, const char* what) {
  return fmt::format("rows-{}-{}", what, first_derived);
}

}  // namespace

arrow::Result<std::string> KeptRowSteps::Find(int first_derived, const char* what,
                                              base::MemoryReservation* reservation) const {
  if (checkpoint_ == nullptr) return "";
  ARROW_ASSIGN_OR_RAISE(const auto states,
                        checkpoint_->FindStates(NameOf(first_derived, what), first_derived));
  if (!states || states->size() != 1) return "";
  if (!reservation->Resize(states->front().bytes.size()).ok()) return "";
  return states->front().bytes.ReadAll();
}

arrow::Status KeptRowSteps::Note(int first_derived, const char* what, const std::string& bytes) {
  plan::SavedState state{first_derived, std::string(kRowStepPath), "", {}};
  ARROW_ASSIGN_OR_RAISE(state.bytes, spool_.Keep(bytes));
  return checkpoint_->NoteStates(NameOf(first_derived, what), {std::move(state)});
}

arrow::Result<KeptRowSteps::Found> KeptRowSteps::Restore(int first_derived,
                                                         feature::RowLearner* learner,
                                                         feature::RowTransform* step) {
  base::MemoryReservation reservation(context_->budget());
  if (learner->is_mergeable()) {
    ARROW_ASSIGN_OR_RAISE(const std::string sums, Find(first_derived, kSums, &reservation));
    if (sums.empty()) return Found::kNothing;
    ARROW_RETURN_NOT_OK(learner->MergeEncoded(sums));
    return Found::kSums;
  }
  ARROW_ASSIGN_OR_RAISE(const std::string text, Find(first_derived, kStep, &reservation));
  if (!text.empty()) {
    const auto learned = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (learned.is_object()) {
      ARROW_RETURN_NOT_OK(step->Restore(learned, nullptr));
      return Found::kStep;
    }
  }
  ARROW_ASSIGN_OR_RAISE(const std::string passes, Find(first_derived, kPasses, &reservation));
  if (passes.empty()) return Found::kNothing;
  ARROW_RETURN_NOT_OK(learner->RestorePasses(passes));
  return Found::kPasses;
}

arrow::Status KeptRowSteps::NotePass(int first_derived, const feature::RowLearner& learner) {
  if (checkpoint_ == nullptr) return arrow::Status::OK();
  const std::string passes = learner.EncodePasses();
  if (passes.empty()) return arrow::Status::OK();
  return Note(first_derived, kPasses, passes);
}

arrow::Status KeptRowSteps::NoteLearned(int first_derived, const feature::RowLearner& learner,
                                        const feature::RowTransform& step) {
  if (checkpoint_ == nullptr) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(checkpoint_->NoteLearnedRowStep(first_derived));
  if (learner.is_mergeable()) {
    // What there is no room to write down is learned again: that costs time alone.
    base::MemoryReservation reservation(context_->budget());
    if (!reservation.Resize(learner.encoded_bytes_max()).ok()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const std::string sums, learner.Encode());
    return Note(first_derived, kSums, sums);
  }
  // A step with a vocabulary is not told by its description alone; there is none such.
  if (!step.learned() || step.VocabularyTable() != nullptr) return arrow::Status::OK();
  return Note(first_derived, kStep, base::CanonicalJson(step.Describe()));
}

}  // namespace emberharmony::engine
