// Models: what was learned, applied to rows in memory.
#include <arrow/c/bridge.h>
#include <arrow/table.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <utility>

#include "bindings/bigquery_internal.h"
#include "bindings/engine_internal.h"
#include "bindings/python_error.h"
#include "emberharmony/engine/model.h"

namespace emberharmony::python {
namespace {

/// A value that was made without the GIL, or the error raised.
template <class Function>
auto MadeWithoutGil(const Function& function) {
  decltype(function()) result = arrow::Status::UnknownError("nothing was done");
  {
    const ReleasedGil released;
    result = function();
  }
  return RunValueOrRaise(std::move(result));
}

/// Features of batches, made when they are asked for.
class FeatureReader : public arrow::RecordBatchReader {
 public:
  FeatureReader(engine::Model model, std::shared_ptr<arrow::RecordBatchReader> rows,
                std::shared_ptr<arrow::Schema> schema)
      : model_(std::move(model)), rows_(std::move(rows)), schema_(std::move(schema)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* features) override {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows_->ReadNext(&batch));
    if (batch == nullptr) {
      *features = nullptr;
      return arrow::Status::OK();
    }
    return model_.Transform(*batch).Value(features);
  }

 private:
  const engine::Model model_;
  const std::shared_ptr<arrow::RecordBatchReader> rows_;
  const std::shared_ptr<arrow::Schema> schema_;
};

class PythonModel {
 public:
  explicit PythonModel(engine::Model model) : model_(std::move(model)) {}

  static std::unique_ptr<PythonModel> Load(const std::string& folder, int64_t memory_bytes,
                                           const std::string& backend) {
    engine::RunOptions options;
    options.memory_bytes = memory_bytes;
    options.backend = backend;
    return std::make_unique<PythonModel>(
        MadeWithoutGil([&] { return engine::Model::Load(folder, options); }));
  }

  nanobind::object Transform(const nanobind::object& capsule) const {
    const auto rows = ReaderOfCapsule(capsule);
    const auto features = MadeWithoutGil([&]() -> arrow::Result<std::shared_ptr<arrow::Table>> {
      ARROW_ASSIGN_OR_RAISE(const auto table, rows->ToTable());
      return model_.Transform(*table);
    });
    auto reader = std::make_shared<OwningReader>(features);
    return StreamCapsule(std::move(reader));
  }

  nanobind::object TransformBatches(const nanobind::object& capsule) const {
    auto rows = ReaderOfCapsule(capsule);
    // What is wrong with the columns is raised here, not by who reads.
    const auto nothing =
        MadeWithoutGil([&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
          ARROW_ASSIGN_OR_RAISE(const auto empty, arrow::RecordBatch::MakeEmpty(rows->schema()));
          return model_.Transform(*empty);
        });
    return StreamCapsule(
        std::make_shared<FeatureReader>(model_, std::move(rows), nothing->schema()));
  }

  nanobind::object InputSchema() const { return SchemaCapsule(*model_.input_schema()); }
  nanobind::object OutputSchema(bool with_target) const {
    return SchemaCapsule(*RunValueOrRaise(model_.output_schema(with_target)));
  }
  void Save(const std::string& folder) const {
    arrow::Status status;
    {
      const ReleasedGil released;
      status = model_.Save(folder);
    }
    if (!status.ok()) RaiseRunError(status);
  }
  std::string plan() const { return model_.plan(); }
  std::vector<std::string> feature_names() const { return model_.feature_names(); }

 private:
  /// The batches of a table, which it keeps.
  class OwningReader : public arrow::RecordBatchReader {
   public:
    explicit OwningReader(std::shared_ptr<arrow::Table> table)
        : table_(std::move(table)), reader_(*table_) {}
    std::shared_ptr<arrow::Schema> schema() const override { return table_->schema(); }
    arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
      return reader_.ReadNext(batch);
    }

   private:
    const std::shared_ptr<arrow::Table> table_;
    arrow::TableBatchReader reader_;
  };

  const engine::Model model_;
};

}  // namespace

void InitEngineModel(nanobind::module_& module) {
  nanobind::class_<PythonModel>(module, "Model")
      .def("transform", &PythonModel::Transform)
      .def("transform_batches", &PythonModel::TransformBatches)
      .def("input_schema", &PythonModel::InputSchema)
      .def("output_schema", &PythonModel::OutputSchema)
      .def("save", &PythonModel::Save)
      .def_prop_ro("plan", &PythonModel::plan)
      .def_prop_ro("feature_names", &PythonModel::feature_names);
  module.def("load_model", &PythonModel::Load, nanobind::arg("folder"),
             nanobind::arg("memory_bytes"), nanobind::arg("backend"));
}

}  // namespace emberharmony::python
