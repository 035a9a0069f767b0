#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/array_pieces.h"
#include "emberharmony/io/arrow_array_reader_internal.h"
#include "emberharmony/io/arrow_dictionaries_internal.h"
#include "emberharmony/io/arrow_file_internal.h"
#include "emberharmony/io/arrow_value_reader_internal.h"
#include "emberharmony/io/batch.h"
#include "emberharmony/io/column_reader_internal.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io::internal {

/// A record batch of a unit.
struct ArrowBatchToRead {
  int32_t batch = 0;  ///< in the file
  std::shared_ptr<const ArrowMessage> message;
  /// Not 0, and of this column and record batch alone: what a dictionary that is read for it is
  /// called.
  uint64_t dictionary_id = 0;
};

/// Reads one column of consecutive record batches of a file, front to back: a field of the schema,
/// or a member of its structs, null where one of those is.
///
/// Dictionary columns become encoded pieces, run-end-encoded ones too (with the values of the runs
/// as the dictionary), all others plain ones; of nested cells a piece holds some megabytes, or one
/// row. What it holds: the rows asked for, the dictionary, and a column's bytes of a record batch
/// where they are few. Errors are DataErrors that name file, record batch and column; memory errors
/// stay memory errors. After an error the reader must not be used. One thread at a time.
class ArrowColumnReader : public ColumnReader {
 public:
  /// `column`: as the source shows it, with its path in the schema. CanReadArrow says whether what
  /// is found there can be read. `read_bytes`: up to this size a column of a record batch is read
  /// at once.
  ArrowColumnReader(std::shared_ptr<const ArrowFile> file, const StructMember& column,
                    std::vector<ArrowBatchToRead> batches, int64_t read_bytes,
                    arrow::MemoryPool* pool);

  arrow::Status Skip(int64_t n) override;
  arrow::Status Read(int64_t n, Column* out) override;

 private:
  /// What pieces are made of.
  enum class Form { kPlain, kDictionary, kRuns, kNested };
  struct Dictionary {
    PieceDictionary pieces;
    uint64_t id = 0;
    std::vector<int32_t> ordinals;  ///< of the dictionary batches that it is made of
  };

  static Form FormOf(const ArrowColumn& column);
  arrow::Status SkipRows(int64_t n);
  arrow::Status ReadRows(int64_t n, Column* out);
  arrow::Status OpenBatch();
  arrow::Status OpenValues(const ArrowBody& body);
  arrow::Result<ArrowBody> BodyOf(const ArrowBatchToRead& batch, const ArrowColumn& column,
                                  int64_t num_buffers) const;
  arrow::Status LoadDictionary(const ArrowColumn& column);
  arrow::Status OpenRuns(const ArrowBody& body);
  arrow::Result<Piece> ReadPiece(int64_t n);
  arrow::Result<Piece> ReadDictionaryRows(int64_t n);
  arrow::Result<Piece> ReadRunRows(int64_t n);
  arrow::Result<Piece> ReadNestedRows(int64_t n);
  /// Makes rows null where a struct around them is.
  arrow::Status ApplyStructs(Piece* piece);
  arrow::Status WithContext(const arrow::Status& status) const;

  static constexpr int64_t kReadAheadBytes = int64_t{64} << 10;
  static constexpr int64_t kPieceBytes = int64_t{4} << 20;
  static constexpr int64_t kPieceRowsMax = 8192;
  static constexpr int64_t kFirstPieceRows = 64;

  const std::shared_ptr<const ArrowFile> file_;
  const StructMember shown_;
  const ArrowColumnPlace place_;
  const Form form_;
  const std::vector<ArrowBatchToRead> batches_;
  const int64_t read_bytes_;
  arrow::MemoryPool* const pool_;
  ArrowDictionaries dictionaries_;

  size_t next_batch_ = 0;
  int64_t row_ = 0;                           // of the open batch
  int64_t rows_left_ = 0;                     // likewise
  std::unique_ptr<ArrowArrayReader> reader_;  // of plain values, or of indices
  std::unique_ptr<ArrowValueReader> nested_;
  std::vector<ArrowValidity> structs_;  // of the structs around the column
  int64_t piece_rows_ = kFirstPieceRows;
  Dictionary dictionary_;

  // Run-end-encoded:
  std::shared_ptr<arrow::Array> run_ends_;
  std::shared_ptr<arrow::Buffer> run_values_;  // int32: of each run, the index in the dictionary
  Dictionary run_dictionary_;
  int64_t run_ = 0;  // the current run
};

}  // namespace emberharmony::io::internal
