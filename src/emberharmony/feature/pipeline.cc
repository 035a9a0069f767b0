#include "emberharmony/feature/pipeline.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/learning_passes.h"
#include "emberharmony/feature/numeric_form.h"

namespace emberharmony::feature {
namespace {

arrow::Status AtStep(int step, const arrow::Status& status) {
  if (status.ok()) return status;
  return status.WithMessage("step ", step, ": ", status.message());
}

ColumnInfo SourceInfo(const arrow::Field& source) {
  ColumnInfo info;
  info.name = source.name();
  info.type = source.type();
  if (info.type->id() == arrow::Type::DICTIONARY) {
    info.type = static_cast<const arrow::DictionaryType&>(*info.type).value_type();
  }
  // A float column without nulls may still hold NaN.
  info.nullable = source.nullable() || arrow::is_floating(info.type->id());
  return info;
}

/// Whether the last cast gives the column the plan's output type.
bool TakesOutputType(const ColumnInfo& info) {
  return info.numeric_form || (!info.final_type && HasNumericForm(*info.type));
}

arrow::Result<std::shared_ptr<arrow::Array>> WithNullEntry(
    const std::shared_ptr<arrow::Array>& array, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> null,
                        arrow::MakeArrayOfNull(array->type(), 1, pool));
  return arrow::Concatenate({array, null}, pool);
}

}  // namespace

arrow::Result<std::unique_ptr<Pipeline>> Pipeline::Make(int index, const arrow::Field& source,
                                                        const std::vector<StepSpec>& steps,
                                                        const OutputOptions& output) {
  auto pipeline = std::unique_ptr<Pipeline>(new Pipeline());
  pipeline->index_ = index;
  pipeline->source_column_ = source.name();
  pipeline->source_ = SourceInfo(source);
  pipeline->output_ = output;
  if (output.type->id() != arrow::Type::FLOAT && output.type->id() != arrow::Type::DOUBLE) {
    return base::UsageError("the output type must be float32 or float64; found " +
                            output.type->ToString());
  }
  if (steps.empty() && !HasNumericForm(*pipeline->source_.type)) {
    return base::UsageError("column '" + source.name() + "' is " +
                            pipeline->source_.type->ToString() +
                            " and has no step; add one, such as passthrough");
  }
  pipeline->specs_ = steps;
  pipeline->steps_.resize(steps.size());
  pipeline->learned_.resize(steps.size());
  ARROW_RETURN_NOT_OK(pipeline->Bind(0));
  return pipeline;
}

arrow::Status Pipeline::Bind(int first) {
  for (int i = first; i < num_steps(); ++i) {
    TransformContext context{source_, source_column_, output_.type, output_.quantile_keys,
                             output_.exact_quantiles};
    if (i > 0) {
      if (steps_[i - 1]->traits().last) {
        return AtStep(i, base::UsageError("no step may follow " + steps_[i - 1]->name() +
                                          "; found '" + specs_[i].name + "'"));
      }
      context.input = steps_[i - 1]->outputs().front();
    }
    arrow::Result<std::unique_ptr<Transform>> made =
        TransformRegistry::Get().Make(specs_[i].name, specs_[i].options, context);
    ARROW_RETURN_NOT_OK(AtStep(i, made.status()));
    steps_[i] = *std::move(made);
    learned_[i] = steps_[i]->analyzers().empty();
  }
  return arrow::Status::OK();
}

int Pipeline::num_steps() const { return static_cast<int>(specs_.size()); }

bool Pipeline::learned() const {
  return std::ranges::all_of(learned_, [](bool learned) { return learned; });
}

bool Pipeline::runs_on_backend(int step) const {
  if (!steps_[step]->traits().computes) return false;
  return std::all_of(steps_.begin() + step + 1, steps_.end(),
                     [](const auto& behind) { return behind->traits().continuous; });
}

std::string Pipeline::PathKey(const std::vector<int>& path) const {
  if (path.empty()) return "";
  nlohmann::json key = nlohmann::json::array();
  for (const int i : path) {
    nlohmann::json entry = {{"step", steps_[i]->name()}, {"options", steps_[i]->options()}};
    // What a step has learned is its own: two pipelines share such values at most by chance.
    if (!steps_[i]->analyzers().empty()) {
      entry["pipeline"] = index_;
      entry["position"] = i;
    }
    key.push_back(std::move(entry));
  }
  return key.dump();
}

std::vector<Probe> Pipeline::NextProbes() const {
  std::vector<Probe> probes;
  for (LearnableStep& next : LearnableSteps(*this, learned_)) {
    std::string path_key = PathKey(next.path);
    probes.push_back({next.step, std::move(next.path), std::move(path_key),
                      steps_[next.step]->analyzers(), next.fill_step});
  }
  return probes;
}

arrow::Status Pipeline::ApplySteps(std::span<const int> steps, ValueBlock* block,
                                   arrow::MemoryPool* pool) const {
  const backend::BackendScope native(backend::Native());
  std::vector<ValueBlock> outputs;
  for (const int i : steps) {
    outputs.clear();
    ARROW_RETURN_NOT_OK(AtStep(i, steps_[i]->Apply(*block, pool, &outputs)));
    *block = std::move(outputs.front());
  }
  return arrow::Status::OK();
}

arrow::Result<ValueBlock> Pipeline::ApplyPath(const Probe& probe, const ValueBlock& source,
                                              arrow::MemoryPool* pool) const {
  ValueBlock block = source;
  ARROW_RETURN_NOT_OK(ApplySteps(probe.path, &block, pool));
  return block;
}

arrow::Result<Fill> Pipeline::FillFor(const Probe& probe, arrow::MemoryPool* pool) const {
  const std::optional<Fill> fill =
      probe.fill_step >= 0 ? steps_[probe.fill_step]->fill() : std::nullopt;
  if (!fill.has_value()) {
    return arrow::Status::Invalid("step ", probe.step, " has no fill to join: step ",
                                  probe.fill_step, " has not learned one");
  }
  Fill result = *fill;
  const auto after = std::ranges::upper_bound(probe.path, probe.fill_step);
  ARROW_RETURN_NOT_OK(
      ApplySteps(std::span<const int>(after, probe.path.end()), &result.value, pool));
  return result;
}

arrow::Status Pipeline::CheckNext(int step) const {
  if (step < 0 || step >= num_steps() || learned_[step]) {
    return arrow::Status::Invalid("step ", step, " of column '", source_column_,
                                  "' has nothing to learn");
  }
  if (std::find(learned_.begin(), learned_.begin() + step, false) != learned_.begin() + step) {
    return arrow::Status::Invalid("step ", step, " of column '", source_column_,
                                  "' cannot learn before the steps ahead of it");
  }
  return arrow::Status::OK();
}

arrow::Status Pipeline::Learn(int step,
                              const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  ARROW_RETURN_NOT_OK(CheckNext(step));
  ARROW_RETURN_NOT_OK(AtStep(step, steps_[step]->Learn(statistics)));
  learned_[step] = true;
  return Bind(step + 1);
}

arrow::Status Pipeline::Restore(int step, const nlohmann::json& learned,
                                const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  if (step >= 0 && step < num_steps() && steps_[step]->analyzers().empty()) {
    return AtStep(step, steps_[step]->Restore(learned, vocabulary));
  }
  ARROW_RETURN_NOT_OK(CheckNext(step));
  ARROW_RETURN_NOT_OK(AtStep(step, steps_[step]->Restore(learned, vocabulary)));
  learned_[step] = true;
  return Bind(step + 1);
}

arrow::Status Pipeline::RestoreOnDisk(int step, const nlohmann::json& learned,
                                      arrow::RecordBatchReader* vocabulary,
                                      const StateOptions& memory) {
  ARROW_RETURN_NOT_OK(CheckNext(step));
  ARROW_RETURN_NOT_OK(AtStep(step, steps_[step]->RestoreOnDisk(learned, vocabulary, memory)));
  learned_[step] = true;
  return Bind(step + 1);
}

std::vector<ColumnInfo> Pipeline::OutputInfos() const {
  if (steps_.empty()) return {source_};
  std::vector<ColumnInfo> infos = steps_.back()->outputs();
  for (size_t i = 0; i + 1 < steps_.size(); ++i) {
    const std::vector<ColumnInfo> outputs = steps_[i]->outputs();
    infos.insert(infos.end(), outputs.begin() + 1, outputs.end());
  }
  return infos;
}

arrow::FieldVector Pipeline::outputs() const {
  arrow::FieldVector fields;
  for (const ColumnInfo& info : OutputInfos()) {
    fields.push_back(
        arrow::field(info.name, TakesOutputType(info) ? output_.type : info.type, info.nullable));
  }
  return fields;
}

arrow::Result<std::vector<std::shared_ptr<arrow::Array>>> Pipeline::Apply(
    const ValueBlock& source, arrow::MemoryPool* pool) const {
  if (!learned()) {
    return arrow::Status::Invalid("the steps of column '", source_column_, "' have not learned");
  }
  ValueBlock block = source;
  std::vector<ValueBlock> blocks;
  std::vector<ValueBlock> beside;
  std::optional<backend::BackendScope> native;
  for (int i = 0; i < num_steps(); ++i) {
    blocks.clear();
    native.reset();
    if (!runs_on_backend(i)) native.emplace(backend::Native());
    ARROW_RETURN_NOT_OK(AtStep(i, steps_[i]->Apply(block, pool, &blocks)));
    if (i + 1 < num_steps()) {
      beside.insert(beside.end(), blocks.begin() + 1, blocks.end());
      block = std::move(blocks.front());
    }
  }
  native.reset();
  if (steps_.empty()) blocks.push_back(block);
  blocks.insert(blocks.end(), beside.begin(), beside.end());

  const std::vector<ColumnInfo> infos = OutputInfos();
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (size_t i = 0; i < blocks.size(); ++i) {
    std::shared_ptr<arrow::Array> array = blocks[i].values;
    if (TakesOutputType(infos[i])) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DoubleArray> numeric,
                            ToNumeric(blocks[i], pool));
      ARROW_ASSIGN_OR_RAISE(array, FromNumeric(*numeric, output_.type, pool));
    } else if (blocks[i].null_slot && blocks.size() > 1) {
      ARROW_ASSIGN_OR_RAISE(array, WithNullEntry(array, pool));
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace emberharmony::feature
