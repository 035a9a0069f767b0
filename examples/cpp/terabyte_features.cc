// Makes training, validation and test features of a table of any size, and streams the first.
#include <arrow/api.h>
#include <emberharmony/emberharmony.h>

#include <iostream>
#include <string>

using emberharmony::ExtractorOptions;
using emberharmony::PrepareOptions;
using emberharmony::TerabyteFeatureExtractor;

arrow::Status Run(const std::string& table, const std::string& target) {
  ExtractorOptions options;
  options.max_memory_gb = 1;
  ARROW_ASSIGN_OR_RAISE(const auto extractor, TerabyteFeatureExtractor::Make(options));

  PrepareOptions prepare;
  prepare.target_column = target;
  ARROW_ASSIGN_OR_RAISE(const auto prepared, extractor.PrepareData(table, prepare));
  for (const auto* split : {&prepared.train, &prepared.validation, &prepared.test}) {
    std::cout << split->name() << ": " << split->num_rows() << " rows\n";
  }
  for (size_t i = 0; i < prepared.scaler.feature_names.size(); ++i) {
    std::cout << prepared.scaler.feature_names[i] << ": mean " << prepared.scaler.mean[i]
              << ", scale " << prepared.scaler.scale[i] << "\n";
  }

  // Files that are read when rows are asked for: one row group at a time is in memory.
  ARROW_ASSIGN_OR_RAISE(const auto rows, prepared.train.Read());
  int64_t num_rows = 0;
  for (const auto& each : *rows) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, each);
    num_rows += batch->num_rows();
  }
  std::cout << num_rows << " rows of " << prepared.feature_names.size() << " features streamed\n";
  return arrow::Status::OK();
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: terabyte_features TABLE TARGET\n";
    return 2;
  }
  const arrow::Status status = Run(argv[1], argv[2]);
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : static_cast<int>(emberharmony::base::KindOf(status));
}
