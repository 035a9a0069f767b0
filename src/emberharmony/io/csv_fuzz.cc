#include <arrow/array.h>
#include <arrow/scalar.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/csv_source_internal.h"

// The input's first two bytes say how it is read, the rest is a CSV file. Whatever it is, opening
// and reading it ends in values or an error; where units and blocks end changes nothing.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own

void Require(bool condition) {
  if (!condition) std::abort();
}

/// A file of this process that holds the input at hand.
const std::string& InputPath() {
  static const std::string path = [] {
    const char* folder = getenv("TMPDIR");
    return std::string(folder != nullptr ? folder : "/tmp") + "/ember_csv_fuzz_" +
           std::to_string(getpid()) + ".csv";
  }();
  return path;
}

/// Every cell as text, in order; "!" where reading failed.
std::string ReadAll(const io::internal::SourceFiles& files, const io::internal::CsvSizes& sizes,
                    int64_t batch_rows) {
  const auto opened = io::internal::CsvSource::Make(files, sizes);
  if (!opened.ok()) return "!";
  const io::Source& source = **opened;
  const auto budget = base::MemoryBudget::MakeRoot("fuzz", int64_t{256} << 20);
  io::BatchOptions options;
  options.batch_rows = batch_rows;
  options.pool = budget.get();
  std::vector<int> columns;
  for (int c = 0; c < source.schema()->num_fields(); ++c) columns.push_back(c);
  std::vector<std::string> texts(columns.size());
  for (const io::Unit& unit : source.units()) {
    const auto reader = source.Open(unit, columns, options);
    if (!reader.ok()) return "!";
    int64_t rows = 0;
    while (true) {
      const auto batch = (*reader)->Next();
      if (!batch.ok()) return "!";
      if (!batch->has_value()) break;
      rows += (*batch)->num_rows;
      for (size_t c = 0; c < columns.size(); ++c) {
        int64_t of_column = 0;
        for (const io::Piece& piece : (*batch)->columns[c].pieces) {
          Require(piece.values->ValidateFull().ok());
          Require(piece.values->type()->Equals(*source.schema()->field(columns[c])->type()));
          of_column += piece.num_rows;
          for (int64_t i = 0; i < piece.num_rows; ++i) {
            const int64_t at = piece.encoded() ? piece.index_data()[i] : i;
            Require(at >= 0 && at <= piece.values->length());
            const bool null = at == piece.values->length() || piece.values->IsNull(at);
            texts[c] += null ? "N" : "V" + (*piece.values->GetScalar(at))->ToString() + '\0';
          }
        }
        Require(of_column == (*batch)->num_rows);
      }
    }
    Require(rows == unit.num_rows);
  }
  std::string all = source.schema()->ToString();
  for (const std::string& text : texts) all += '\n' + text;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  {
    std::ofstream file(InputPath(), std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(data) + 2, static_cast<std::streamsize>(size) - 2);
  }
  const auto files = io::internal::FindLocalFiles(InputPath());
  if (!files.ok()) return 0;
  // The types are those of the first unit, so units change with nothing else here.
  const int64_t unit_bytes = data[0] % 2 == 0 ? 1 << 20 : 1 + data[0];
  const std::string one = ReadAll(*files, {unit_bytes, 1 << 20, 1 << 20}, 65536);
  const std::string other =
      ReadAll(*files, {unit_bytes, 1 + data[1] % 64, 1 << 20}, 1 + data[1] / 64);
  Require(one == other);
  std::filesystem::remove(InputPath());
  return 0;
}
