#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/base/spill_file.h"
#include "emberharmony/feature/bytes_table_internal.h"
#include "emberharmony/feature/key_table_internal.h"

namespace emberharmony::feature {

/// Counted values lie in three sections, each in ascending order of (hash, bytes):
/// 0, numbers, or strings of at most 7 bytes (bytes from the lowest on, the length in the highest);
/// 1, strings of 8 bytes as they lie in memory; 2, longer strings.
inline constexpr int kNumSections = 3;
inline constexpr int kLongSection = 2;

/// A value with its count, in the order in which sections are written.
struct CountedEntry {
  uint64_t hash = 0;
  uint64_t key = 0;        ///< sections 0 and 1
  std::string_view bytes;  ///< section 2; valid until the stream moves on
  int64_t count = 0;
};

inline bool SameValue(const CountedEntry& a, const CountedEntry& b) {
  return a.hash == b.hash && a.key == b.key && a.bytes == b.bytes;
}
inline bool ComesBefore(const CountedEntry& a, const CountedEntry& b) {
  return a.hash != b.hash ? a.hash < b.hash : a.bytes < b.bytes;
}

/// Entries of one section, front to back.
class EntryStream {
 public:
  virtual ~EntryStream() = default;
  /// False at the end.
  virtual arrow::Result<bool> Next(CountedEntry* entry) = 0;
};

std::unique_ptr<EntryStream> StreamTable(const KeyTable& table);
std::unique_ptr<EntryStream> StreamTable(const BytesTable& table);

/// Several streams as one: equal values come once, with the sum of their counts.
std::unique_ptr<EntryStream> MergeStreams(std::vector<std::unique_ptr<EntryStream>> streams);

/// Appends an entry: the key (8 bytes, little endian), or the length (LEB128) and the bytes; then
/// the count (LEB128). The form of entries in encoded states and in runs.
void AppendEntry(const CountedEntry& entry, int section, std::string* out);

/// Takes an entry from the front of *bytes; false, and nothing taken, when it holds no whole one.
bool TakeEntry(int section, std::string_view* bytes, CountedEntry* entry);

/// Sections written to a temporary file when memory was short.
struct ValueRun {
  std::shared_ptr<base::SpillFile> file;
  std::array<int64_t, kNumSections> offset{};
  std::array<int64_t, kNumSections> num_bytes{};
  std::array<int64_t, kNumSections> num_entries{};
};

/// Reads a section of a run; the run's file stays open as long as the stream.
std::unique_ptr<EntryStream> StreamRun(const ValueRun& run, int section);

/// Writes a run, section by section, to the end of a file.
class ValueRunWriter {
 public:
  explicit ValueRunWriter(std::shared_ptr<base::SpillFile> file) { run_.file = std::move(file); }
  /// Writes all of a stream as the run's section; sections in ascending order, each at most once.
  arrow::Status WriteSection(int section, EntryStream* stream);
  const ValueRun& run() const { return run_; }

 private:
  ValueRun run_;
};

}  // namespace emberharmony::feature
