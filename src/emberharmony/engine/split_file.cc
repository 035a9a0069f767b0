// SplitVectors as a file: a line of JSON, then the packed splits, unit by unit.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/split_vectors.h"

namespace emberharmony::engine {

namespace {

constexpr int64_t kSplitHeaderBytesMax = 4096;

nlohmann::json SplitCutJson(const std::optional<int64_t>& cut) {
  return cut ? nlohmann::json(*cut) : nlohmann::json();
}

std::optional<int64_t> SplitCutOf(const nlohmann::json& json) {
  return json.is_number_integer() ? std::optional<int64_t>(json.get<int64_t>()) : std::nullopt;
}

arrow::Status DamagedSplits(const std::string& path) {
  return base::DataError(fmt::format("'{}' is damaged", path));
}

// The line at the beginning of the file, whose end is behind it then.
arrow::Result<nlohmann::json> ReadSplitHeader(const std::string& path,
                                              arrow::io::ReadableFile* file) {
  std::string head(kSplitHeaderBytesMax, '\0');
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(0, kSplitHeaderBytesMax, head.data()));
  head.resize(static_cast<size_t>(read));
  const size_t end = head.find('\n');
  if (end == std::string::npos) return DamagedSplits(path);
  auto json = nlohmann::json::parse(head.substr(0, end), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return DamagedSplits(path);
  for (const char* name : {"uniform", "train", "validation", "test", "dropped", "cuts"}) {
    if (!json.contains(name)) return DamagedSplits(path);
  }
  ARROW_RETURN_NOT_OK(file->Seek(static_cast<int64_t>(end) + 1));
  return json;
}

}  // namespace

arrow::Status SplitVectors::Write(arrow::io::OutputStream* stream) const {
  nlohmann::json header = {{"uniform", uniform_split_}, {"dropped", num_dropped_}};
  for (int s = 0; s < kNumSplits; ++s) header[kSplitNames[s]] = present_[s];
  header["cuts"] = nlohmann::json();
  if (time_cuts_) {
    header["cuts"] = {SplitCutJson(time_cuts_->validation_from),
                      SplitCutJson(time_cuts_->test_from)};
  }
  const std::string line = header.dump() + "\n";
  ARROW_RETURN_NOT_OK(stream->Write(line.data(), static_cast<int64_t>(line.size())));
  for (const std::vector<uint8_t>& packed : packed_) {
    ARROW_RETURN_NOT_OK(stream->Write(packed.data(), static_cast<int64_t>(packed.size())));
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<const SplitVectors>> SplitVectors::ReadFile(const std::string& path,
                                                                          const io::Source& source,
                                                                          RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(path));
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json header, ReadSplitHeader(path, file.get()));
  const nlohmann::json& uniform = header["uniform"];
  const nlohmann::json& dropped = header["dropped"];
  const nlohmann::json& cuts = header["cuts"];
  if (!uniform.is_number_integer() || !dropped.is_number_integer()) return DamagedSplits(path);
  const auto split = uniform.get<int64_t>();
  if (split < -1 || split >= kNumSplits) return DamagedSplits(path);
  auto vectors = std::make_shared<SplitVectors>();
  if (split >= 0) {
    vectors = std::const_pointer_cast<SplitVectors>(Uniform(source, static_cast<int>(split)));
  } else {
    for (int s = 0; s < kNumSplits; ++s) {
      if (!header[kSplitNames[s]].is_boolean()) return DamagedSplits(path);
      vectors->present_[s] = header[kSplitNames[s]].get<bool>();
    }
    vectors->num_dropped_ = dropped.get<int64_t>();
    ARROW_RETURN_NOT_OK(vectors->ReadUnits(path, file.get(), source, context));
  }
  if (cuts.is_array() && cuts.size() == 2)
    vectors->time_cuts_ = plan::TimeCuts{SplitCutOf(cuts[0]), SplitCutOf(cuts[1])};
  return vectors;
}

arrow::Status SplitVectors::ReadUnits(const std::string& path, arrow::io::ReadableFile* file,
                                      const io::Source& source, RunContext* context) {
  reservation_ = base::MemoryReservation(context->budget());
  ARROW_RETURN_NOT_OK(
      reservation_.Resize(source.num_rows() / 4 + static_cast<int64_t>(source.units().size())));
  int64_t found_dropped = 0;
  for (const io::Unit& unit : source.units()) {
    std::vector<uint8_t> packed(static_cast<size_t>((unit.num_rows + 3) / 4));
    ARROW_ASSIGN_OR_RAISE(const int64_t read,
                          file->Read(static_cast<int64_t>(packed.size()), packed.data()));
    if (read != static_cast<int64_t>(packed.size())) return DamagedSplits(path);
    std::array<int64_t, kNumSplits + 1> counts{};
    for (int64_t row = 0; row < unit.num_rows; ++row)
      ++counts[(packed[static_cast<size_t>(row / 4)] >> (2 * (row % 4))) & 3];
    found_dropped += counts[kDroppedRow];
    counts_.push_back({counts[0], counts[1], counts[2]});
    num_rows_.push_back(unit.num_rows);
    packed_.push_back(std::move(packed));
  }
  return found_dropped == num_dropped_ ? arrow::Status::OK() : DamagedSplits(path);
}

}  // namespace emberharmony::engine
