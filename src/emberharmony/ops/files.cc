#include "emberharmony/ops/files.h"

#include <set>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/files_npy_internal.h"
#include "emberharmony/ops/files_zip_internal.h"
#include "emberharmony/ops/status.h"

namespace emberharmony::ops {
namespace {

using arrow::Status;

constexpr std::string_view kSuffix = ".npy";

std::string_view BytesOf(const Tensor& contiguous) {
  RequireCpu(contiguous);
  return {static_cast<const char*>(contiguous.data()),
          static_cast<size_t>(contiguous.size_bytes())};
}

/// The same status with the path in front.
Status AtPath(const std::string& path, const Status& status) {
  return status.ok() ? status : status.WithMessage(path, ": ", status.message());
}

/// Reads a .npy from what `read` (size, to) gives, num_bytes in all.
template <class Read>
arrow::Result<Tensor> ReadNpy(int64_t num_bytes, Read read) {
  std::string header(std::min(num_bytes, kNpyPreludeMax), '\0');
  ARROW_RETURN_NOT_OK(read(static_cast<int64_t>(header.size()), header.data()));
  ARROW_ASSIGN_OR_RAISE(const int64_t length, NpyHeaderLength(header));
  const auto begun = static_cast<int64_t>(header.size());
  if (length < begun || length > num_bytes) {
    return Status::Invalid("the file ends within its header");
  }
  header.resize(length);
  ARROW_RETURN_NOT_OK(read(length - begun, header.data() + begun));
  ARROW_ASSIGN_OR_RAISE(const NpyHeader parsed, ParseNpyHeader(header));
  ARROW_ASSIGN_OR_RAISE(const Tensor elements, NpyTensor(parsed, num_bytes - length));
  if (elements.size() > 0) {
    ARROW_RETURN_NOT_OK(read(elements.size_bytes(), elements.mutable_data()));
  }
  return Catch([&] { return FinishNpy(parsed, elements); });
}

arrow::Result<Tensor> LoadNpy(arrow::io::RandomAccessFile* file) {
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  int64_t at = 0;
  return ReadNpy(size, [&](int64_t wanted, void* to) -> Status {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(at, wanted, to));
    at += read;
    return read == wanted ? Status::OK() : Status::Invalid("the file ends too early");
  });
}

arrow::Result<std::vector<NamedTensor>> LoadNpz(arrow::io::RandomAccessFile* file) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<ZipMember> members, ReadZipDirectory(file));
  std::vector<NamedTensor> tensors;
  for (const ZipMember& member : members) {
    if (!std::string_view(member.name).ends_with(kSuffix)) continue;
    std::string name = member.name.substr(0, member.name.size() - kSuffix.size());
    ARROW_ASSIGN_OR_RAISE(const auto reader, ZipMemberReader::Open(file, member));
    const auto read = [&](int64_t wanted, void* to) { return reader->Read(wanted, to); };
    auto tensor = ReadNpy(member.size, read);
    Status status = tensor.status();
    if (status.ok()) status = reader->Finish();
    if (!status.ok()) return AtPath("member " + member.name, status);
    tensors.emplace_back(std::move(name), *std::move(tensor));
  }
  return tensors;
}

}  // namespace

Status save(const std::string& path, const Tensor& x) {
  if (!x.defined()) return Status::Invalid("save: expected a tensor, found an undefined one");
  return Catch([&]() -> Status {
    const Tensor elements = NpyElements(x);
    ARROW_ASSIGN_OR_RAISE(const auto file, base::AtomicFile::Create(path));
    const std::string header = NpyHeaderOf(x);
    ARROW_RETURN_NOT_OK(file->stream()->Write(header.data(), static_cast<int64_t>(header.size())));
    ARROW_RETURN_NOT_OK(file->stream()->Write(elements.data(), elements.size_bytes()));
    return file->Commit();
  });
}

arrow::Result<Tensor> load(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(path));
  auto tensor = LoadNpy(file.get());
  if (!tensor.ok()) return AtPath(path, tensor.status());
  return tensor;
}

Status save_npz(const std::string& path, std::span<const NamedTensor> tensors) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) return Status::Invalid("save_npz: tensor '", name, "' is undefined");
    if (!names.insert(name).second) {
      return Status::Invalid("save_npz: expected different names, found '", name, "' twice");
    }
  }
  return Catch([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto file, base::AtomicFile::Create(path));
    ZipWriter writer(file->stream());
    for (const auto& [name, tensor] : tensors) {
      const Tensor elements = NpyElements(tensor);
      ARROW_RETURN_NOT_OK(
          writer.Add(name + std::string(kSuffix), NpyHeaderOf(tensor), BytesOf(elements)));
    }
    ARROW_RETURN_NOT_OK(writer.Finish());
    return file->Commit();
  });
}

arrow::Result<std::vector<NamedTensor>> load_npz(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(path));
  auto tensors = LoadNpz(file.get());
  if (!tensors.ok()) return AtPath(path, tensors.status());
  return tensors;
}

arrow::Result<bool> is_npz(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(path));
  char bytes[4] = {};
  ARROW_RETURN_NOT_OK(file->ReadAt(0, sizeof(bytes), bytes));
  // Archives without a member begin with the end record.
  const std::string_view found(bytes, sizeof(bytes));
  return found == std::string_view("PK\x03\x04", 4) || found == std::string_view("PK\x05\x06", 4);
}

}  // namespace emberharmony::ops
