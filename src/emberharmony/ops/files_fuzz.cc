#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/files.h"
#include "emberharmony/ops/manipulation.h"

// The input is a .npy or .npz file. It is refused, or its tensors are written and read again
// without a change.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using base::FuzzFolder;
using base::FuzzSeeds;
using tensor::Tensor;

const FuzzFolder& Folder() {
  static const FuzzFolder folder;
  return folder;
}

std::string PathOf(const char* name) { return Folder().path() / name; }

bool SameElements(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

void AddSeed(const FuzzSeeds& seeds, const std::string& name, const arrow::Status& written) {
  FuzzSeeds::FuzzRequire(written.ok(), "a seed is written");
  seeds.Add(name, *base::ReadFile(PathOf("seed"), 1 << 20));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const FuzzSeeds seeds(*argc, *argv);
  const Tensor matrix = ops::asarray({{1.5, 2.5}, {3.5, 4.5}});
  AddSeed(seeds, "npy", ops::save(PathOf("seed"), matrix));
  AddSeed(seeds, "reversed", ops::save(PathOf("seed"), ops::transpose(matrix)));
  AddSeed(seeds, "bools", ops::save(PathOf("seed"), ops::asarray({true, false, true})));
  const std::vector<ops::NamedTensor> both = {{"a", matrix}, {"b", ops::arange(3)}};
  AddSeed(seeds, "npz", ops::save_npz(PathOf("seed"), both));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Folder().Write("given", {reinterpret_cast<const char*>(data), size});
  if (const auto tensor = ops::load(PathOf("given")); tensor.ok()) {
    FuzzSeeds::FuzzRequire(ops::save(PathOf("again"), *tensor).ok(), "what is read is written");
    const auto again = ops::load(PathOf("again"));
    FuzzSeeds::FuzzRequire(again.ok() && SameElements(*again, *tensor), "elements stay");
  }
  if (const auto tensors = ops::load_npz(PathOf("given")); tensors.ok()) {
    const bool written = ops::save_npz(PathOf("again"), *tensors).ok();
    const auto again = ops::load_npz(PathOf("again"));
    // Of an archive with two members of one name another cannot be written.
    for (size_t i = 0; written && i < tensors->size(); ++i) {
      FuzzSeeds::FuzzRequire(again.ok() && SameElements((*again)[i].second, (*tensors)[i].second),
                             "members stay");
    }
  }
  return 0;
}
