#include "emberharmony/engine/state_spool.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace emberharmony::engine {
namespace {

constexpr size_t kInMemoryBytesMax = 4 << 10;
constexpr int64_t kPieceBytes = int64_t{256} << 10;

// Pieces of one size but for the last; those of other states may lie between them.
struct SpooledPieces {
  std::shared_ptr<base::SpillFile> file;
  std::vector<int64_t> offsets;

  arrow::Status Read(int64_t offset, int64_t length, void* out) const {
    auto* to = static_cast<char*>(out);
    while (length > 0) {
      const int64_t within = offset % kPieceBytes;
      const int64_t count = std::min(length, kPieceBytes - within);
      ARROW_RETURN_NOT_OK(
          file->Read(offsets.at(static_cast<size_t>(offset / kPieceBytes)) + within, count, to));
      offset += count;
      to += count;
      length -= count;
    }
    return arrow::Status::OK();
  }
};

}  // namespace

arrow::Result<std::shared_ptr<base::SpillFile>> StateSpool::File() {
  std::lock_guard lock(mutex_);
  if (file_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(file_, base::SpillFile::Create(folder_));
  }
  return file_;
}

arrow::Result<feature::EncodedState> StateSpool::Encode(const feature::Analyzer& analyzer,
                                                        const feature::State& state) {
  return Keep([&](const feature::ByteConsumer& out) { return analyzer.EncodeTo(state, out); });
}

arrow::Result<feature::EncodedState> StateSpool::Keep(std::string_view encoded) {
  return Keep([&](const feature::ByteConsumer& out) { return out(encoded); });
}

arrow::Result<feature::EncodedState> StateSpool::Keep(
    const std::function<arrow::Status(const feature::ByteConsumer&)>& write) {
  auto pieces = std::make_shared<SpooledPieces>();
  std::string pending;
  int64_t size = 0;
  const auto flush = [&]() -> arrow::Status {
    if (pieces->file == nullptr) {
      ARROW_ASSIGN_OR_RAISE(pieces->file, File());
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t offset, pieces->file->Append(pending));
    pieces->offsets.push_back(offset);
    pending.clear();
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(write([&](std::string_view bytes) -> arrow::Status {
    size += static_cast<int64_t>(bytes.size());
    if (folder_.empty()) {
      pending.append(bytes);
      return arrow::Status::OK();
    }
    while (!bytes.empty()) {
      const auto room = static_cast<size_t>(kPieceBytes) - pending.size();
      pending.append(bytes.substr(0, room));
      bytes.remove_prefix(std::min(room, bytes.size()));
      if (static_cast<int64_t>(pending.size()) == kPieceBytes) ARROW_RETURN_NOT_OK(flush());
    }
    return arrow::Status::OK();
  }));
  const bool in_memory =
      folder_.empty() || (pieces->offsets.empty() && pending.size() <= kInMemoryBytesMax);
  if (in_memory) return feature::EncodedState(std::move(pending));
  if (!pending.empty()) ARROW_RETURN_NOT_OK(flush());
  return feature::EncodedState(size, [pieces](int64_t offset, int64_t length, void* out) {
    return pieces->Read(offset, length, out);
  });
}

}  // namespace emberharmony::engine
