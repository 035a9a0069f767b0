// transform_batches MODEL IN OUT: applies a model to each record batch of an Arrow file, 701 rows
// at a time (slices that begin amid the bytes of a bitmap), and writes the features as an Arrow
// file.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <emberharmony/emberharmony.h>

#include <iostream>

arrow::Status Run(const std::string& folder, const std::string& in, const std::string& out) {
  ARROW_ASSIGN_OR_RAISE(const auto model, emberharmony::Model::Load(folder));
  ARROW_ASSIGN_OR_RAISE(const auto source, arrow::io::ReadableFile::Open(in));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(source));
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer;
  ARROW_ASSIGN_OR_RAISE(const auto sink, arrow::io::FileOutputStream::Open(out));
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader->ReadRecordBatch(i));
    for (int64_t row = 0; row == 0 || row < batch->num_rows(); row += 701) {
      ARROW_ASSIGN_OR_RAISE(const auto features, model.Transform(*batch->Slice(row, 701)));
      ARROW_RETURN_NOT_OK(features->ValidateFull());
      if (writer == nullptr) {
        ARROW_ASSIGN_OR_RAISE(writer, arrow::ipc::MakeFileWriter(sink, features->schema()));
      }
      ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*features));
    }
  }
  return writer->Close();
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const arrow::Status status = Run(argv[1], argv[2], argv[3]);
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : static_cast<int>(emberharmony::base::KindOf(status));
}
