// fit_table PLAN IN MODEL [WHERE]: learns from the record batches of an Arrow file, held in memory
// as one table, and saves the model with its states. PLAN "automatic": without a plan.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <emberharmony/emberharmony.h>

#include <fstream>
#include <iostream>
#include <iterator>

arrow::Status Run(int argc, char** argv) {
  std::optional<std::string> plan;
  if (std::string(argv[1]) != "automatic") {
    std::ifstream file(argv[1]);
    plan.emplace(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  ARROW_ASSIGN_OR_RAISE(const auto source, arrow::io::ReadableFile::Open(argv[2]));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(source));
  ARROW_ASSIGN_OR_RAISE(const auto table, reader->ToTable());
  emberharmony::FitOptions options;
  options.run.keep_state = true;
  if (argc == 5) options.where = argv[4];
  ARROW_ASSIGN_OR_RAISE(const auto model, emberharmony::Fit(plan, table, options));
  return model.Save(argv[3]);
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const arrow::Status status = Run(argc, argv);
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : static_cast<int>(emberharmony::base::KindOf(status));
}
