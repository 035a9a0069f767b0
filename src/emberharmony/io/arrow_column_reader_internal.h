#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/arrow_array_reader_internal.h"
#include "emberharmony/io/arrow_file_internal.h"
#include "emberharmony/io/batch.h"

namespace emberharmony::io::internal {

/// A record batch of a unit.
struct ArrowBatchToRead {
  int32_t batch = 0;  ///< in the file
  std::shared_ptr<const ArrowMessage> message;
  /// Not 0, and of this column and record batch alone: what a dictionary that is read for it is
  /// called.
  uint64_t dictionary_id = 0;
};

/// Reads one column of consecutive record batches of a file, front to back.
///
/// Dictionary columns become encoded pieces, run-end-encoded ones too (with the values of the runs
/// as the dictionary), all others plain ones. What it holds: the rows asked for, the dictionary,
/// and a column's bytes of a record batch where they are few. Errors are DataErrors that name file,
/// record batch and column; memory errors stay memory errors. After an error the reader must not be
/// used. One thread at a time.
class ArrowColumnReader {
 public:
  /// `read_bytes`: up to this size a column of a record batch is read at once.
  ArrowColumnReader(std::shared_ptr<const ArrowFile> file, int column,
                    std::vector<ArrowBatchToRead> batches, int64_t read_bytes,
                    arrow::MemoryPool* pool);

  /// Whether a column of this stored type can be read.
  static bool CanRead(const arrow::DataType& type);

  /// Passes over the first n rows. To be called before the first Read.
  arrow::Status Skip(int64_t n);
  /// Appends the next n rows to out->pieces. There must be that many.
  arrow::Status Read(int64_t n, Column* out);

 private:
  /// A dictionary as pieces have it, and where its entries were.
  struct Dictionary {
    std::shared_ptr<arrow::Array> values;  ///< without nulls
    /// By entry of the file: its index in values, values->length() for null; empty: the same.
    std::vector<int32_t> index_of;
    int64_t num_entries = 0;
    uint64_t id = 0;
    std::vector<int32_t> ordinals;  ///< of the dictionary batches that it is made of
  };

  arrow::Status SkipRows(int64_t n);
  arrow::Status ReadRows(int64_t n, Column* out);
  arrow::Status OpenBatch();
  arrow::Result<ArrowBody> BodyOf(const ArrowBatchToRead& batch) const;
  /// The dictionary batches that batch `i` of the unit may refer to, in order.
  arrow::Result<std::vector<int32_t>> DictionariesFor(size_t i) const;
  arrow::Status LoadDictionary();
  arrow::Result<std::shared_ptr<arrow::Array>> ReadDictionary(int32_t ordinal) const;
  arrow::Status SetDictionary(std::shared_ptr<arrow::Array> entries, Dictionary* out) const;
  arrow::Status OpenRuns(const ArrowBody& body, const ArrayParts& parts);
  arrow::Result<std::shared_ptr<arrow::Buffer>> IndicesOf(const arrow::Array& stored,
                                                          const Dictionary& dictionary) const;
  arrow::Status AppendDictionaryRows(int64_t n, Column* out);
  arrow::Status AppendRunRows(int64_t n, Column* out);
  arrow::Status WithContext(const arrow::Status& status) const;

  const std::shared_ptr<const ArrowFile> file_;
  const int column_;
  const ArrowColumn& stored_;
  const std::string name_;
  const std::vector<ArrowBatchToRead> batches_;
  const int64_t read_bytes_;
  arrow::MemoryPool* const pool_;

  size_t next_batch_ = 0;
  int64_t rows_left_ = 0;                     // of the open batch
  std::unique_ptr<ArrowArrayReader> reader_;  // of plain values, or of indices
  Dictionary dictionary_;

  // Run-end-encoded:
  std::shared_ptr<arrow::Array> run_ends_;     // int32
  std::shared_ptr<arrow::Buffer> run_values_;  // int32: of each run, the index in the dictionary
  Dictionary run_dictionary_;
  int64_t run_ = 0;      // the current run
  int64_t run_row_ = 0;  // of the batch
};

}  // namespace emberharmony::io::internal
