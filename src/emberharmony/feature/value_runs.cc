#include <algorithm>
#include <cstring>
#include <queue>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/value_runs_internal.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kWriteBytes = 256 * 1024;
constexpr int64_t kReadBytes = 64 * 1024;

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// False when there is no whole one of at most 63 bits, in the shortest form.
bool TakeVarint(std::string_view* bytes, int64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < bytes->size() && i < 9; ++i) {
    const auto byte = static_cast<uint8_t>((*bytes)[i]);
    result |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) return false;
      bytes->remove_prefix(i + 1);
      *value = static_cast<int64_t>(result);
      return true;
    }
  }
  return false;
}

class KeyTableStream : public EntryStream {
 public:
  explicit KeyTableStream(const KeyTable& table) : reader_(table) {}
  arrow::Result<bool> Next(CountedEntry* entry) override {
    KeyTable::Entry found;
    if (!reader_.Next(&found)) return false;
    *entry = {KeyTable::Hash(found.key), found.key, {}, found.count};
    return true;
  }

 private:
  KeyTable::OrderedReader reader_;
};

class BytesTableStream : public EntryStream {
 public:
  explicit BytesTableStream(const BytesTable& table) : reader_(table) {}
  arrow::Result<bool> Next(CountedEntry* entry) override {
    BytesTable::Entry found;
    if (!reader_.Next(&found)) return false;
    *entry = {found.hash, 0, found.bytes, found.count};
    return true;
  }

 private:
  BytesTable::OrderedReader reader_;
};

class RunStream : public EntryStream {
 public:
  RunStream(const ValueRun& run, int section)
      : file_(run.file),
        section_(section),
        offset_(run.offset[section]),
        end_(run.offset[section] + run.num_bytes[section]) {}

  arrow::Result<bool> Next(CountedEntry* entry) override {
    while (!TakeEntry(section_, &rest_, entry)) {
      if (offset_ == end_) {
        if (rest_.empty()) return false;
        return base::DataError("a temporary file was changed while it was in use; run again");
      }
      ARROW_RETURN_NOT_OK(Refill());
    }
    return true;
  }

 private:
  // Reads on. Twice as much as before when not even one entry was whole.
  arrow::Status Refill() {
    std::string next(rest_);
    const int64_t kept = static_cast<int64_t>(next.size());
    const int64_t length = std::min(std::max(kReadBytes, kept), end_ - offset_);
    next.resize(kept + length);
    ARROW_RETURN_NOT_OK(file_->Read(offset_, length, next.data() + kept));
    offset_ += length;
    buffer_ = std::move(next);
    rest_ = buffer_;
    return arrow::Status::OK();
  }

  std::shared_ptr<base::SpillFile> file_;
  int section_;
  int64_t offset_;
  int64_t end_;
  std::string buffer_;
  std::string_view rest_;
};

class MergedStream : public EntryStream {
 public:
  explicit MergedStream(std::vector<std::unique_ptr<EntryStream>> streams)
      : streams_(std::move(streams)), heads_(streams_.size()), queue_(Later{&heads_}) {
    for (size_t i = 0; i < streams_.size(); ++i) used_.push_back(i);
  }

  arrow::Result<bool> Next(CountedEntry* entry) override {
    // The streams whose heads the last entry was made of move on only now: its bytes are theirs.
    for (const size_t i : used_) {
      ARROW_ASSIGN_OR_RAISE(const bool more, streams_[i]->Next(&heads_[i]));
      if (more) queue_.push(i);
    }
    used_.clear();
    if (queue_.empty()) return false;
    *entry = heads_[queue_.top()];
    entry->count = 0;
    while (!queue_.empty() && SameValue(heads_[queue_.top()], *entry)) {
      entry->count += heads_[queue_.top()].count;
      used_.push_back(queue_.top());
      queue_.pop();
    }
    return true;
  }

 private:
  struct Later {
    const std::vector<CountedEntry>* heads;
    bool operator()(size_t a, size_t b) const { return ComesBefore((*heads)[b], (*heads)[a]); }
  };

  std::vector<std::unique_ptr<EntryStream>> streams_;
  std::vector<CountedEntry> heads_;
  std::priority_queue<size_t, std::vector<size_t>, Later> queue_;
  std::vector<size_t> used_;
};

}  // namespace

std::unique_ptr<EntryStream> StreamTable(const KeyTable& table) {
  return std::make_unique<KeyTableStream>(table);
}

std::unique_ptr<EntryStream> StreamTable(const BytesTable& table) {
  return std::make_unique<BytesTableStream>(table);
}

std::unique_ptr<EntryStream> StreamRun(const ValueRun& run, int section) {
  return std::make_unique<RunStream>(run, section);
}

std::unique_ptr<EntryStream> MergeStreams(std::vector<std::unique_ptr<EntryStream>> streams) {
  if (streams.size() == 1) return std::move(streams.front());
  return std::make_unique<MergedStream>(std::move(streams));
}

void AppendEntry(const CountedEntry& entry, int section, std::string* out) {
  if (section == kLongSection) {
    AppendVarint(entry.bytes.size(), out);
    out->append(entry.bytes);
  } else {
    char key[8];
    std::memcpy(key, &entry.key, 8);
    out->append(key, 8);
  }
  AppendVarint(static_cast<uint64_t>(entry.count), out);
}

bool TakeEntry(int section, std::string_view* bytes, CountedEntry* entry) {
  std::string_view rest = *bytes;
  if (section == kLongSection) {
    int64_t length = 0;
    if (!TakeVarint(&rest, &length) || length > static_cast<int64_t>(rest.size())) return false;
    entry->bytes = rest.substr(0, length);
    rest.remove_prefix(length);
    entry->key = 0;
    entry->hash = BytesTable::Hash(entry->bytes);
  } else {
    if (rest.size() < 8) return false;
    std::memcpy(&entry->key, rest.data(), 8);
    rest.remove_prefix(8);
    entry->bytes = {};
    entry->hash = KeyTable::Hash(entry->key);
  }
  if (!TakeVarint(&rest, &entry->count)) return false;
  *bytes = rest;
  return true;
}

arrow::Status ValueRunWriter::WriteSection(int section, EntryStream* stream) {
  std::string buffer;
  run_.offset[section] = -1;
  const auto flush = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const int64_t offset, run_.file->Append(buffer));
    if (run_.offset[section] < 0) run_.offset[section] = offset;
    run_.num_bytes[section] += static_cast<int64_t>(buffer.size());
    buffer.clear();
    return arrow::Status::OK();
  };
  CountedEntry entry;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const bool more, stream->Next(&entry));
    if (!more) break;
    AppendEntry(entry, section, &buffer);
    ++run_.num_entries[section];
    if (static_cast<int64_t>(buffer.size()) >= kWriteBytes) ARROW_RETURN_NOT_OK(flush());
  }
  return flush();
}

}  // namespace emberharmony::feature
