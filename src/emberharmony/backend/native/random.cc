#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/native/random_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Elements below which a second thread costs more than it saves.
constexpr int64_t kGrain = 32768;
static_assert(kGrain % kRandomChunk == 0);

const RandomKernels& ActiveRandomKernels() {
  // Each is made on first use, so no code of an unsupported set ever runs.
#if defined(__x86_64__)
  const InstructionSet set = ActiveInstructionSet();
  if (set == InstructionSet::kAvx512) {
    static const RandomKernels kernels = avx512::MakeRandomKernels();
    return kernels;
  }
  if (set == InstructionSet::kAvx2) {
    static const RandomKernels kernels = avx2::MakeRandomKernels();
    return kernels;
  }
#endif
  static const RandomKernels kernels = scalar::MakeRandomKernels();
  return kernels;
}

/// Writes elements [first, first + n) of the sequence; `chunks(first_block, num_chunks, out)` makes
/// whole chunks. What is asked for of a chunk at either end goes through one apart.
template <class T, class Chunks>
void FillRange(uint64_t first, int64_t n, T* out, const Chunks& chunks) {
  constexpr uint64_t kChunk = kRandomChunk;
  constexpr uint64_t kPerBlock = 16 / sizeof(T);
  const auto part = [&](uint64_t chunk, int64_t skip, int64_t count) {
    T apart[kRandomChunk];
    chunks(chunk * (kChunk / kPerBlock), 1, apart);
    std::memcpy(out, apart + skip, count * sizeof(T));
    out += count;
    n -= count;
  };
  uint64_t chunk = first / kChunk;
  if (const int64_t skip = static_cast<int64_t>(first % kChunk); skip != 0 && n > 0) {
    part(chunk++, skip, std::min(n, kRandomChunk - skip));
  }
  if (const int64_t whole = n / kRandomChunk; whole > 0) {
    chunks(chunk * (kChunk / kPerBlock), whole, out);
    chunk += whole;
    out += whole * kRandomChunk;
    n -= whole * kRandomChunk;
  }
  if (n > 0) part(chunk, 0, n);
}

template <class T, class Chunks>
void Fill(Attributes attributes, const Tensor& output, const Chunks& chunks) {
  const auto first = static_cast<uint64_t>(IntegerOr(attributes, AttributeKey::kFirst, 0));
  T* out = static_cast<T*>(output.mutable_data());
  ParallelRanges(output.size(), kGrain, [&](int64_t begin, int64_t end) {
    FillRange<T>(first + begin, end - begin, out + begin, chunks);
  });
}

RandomSequence SequenceOf(Attributes attributes) {
  return {static_cast<uint64_t>(IntegerOr(attributes, AttributeKey::kSeed, 0)),
          static_cast<uint64_t>(IntegerOr(attributes, AttributeKey::kStream, 0))};
}

template <class T>
void RunBits(BitsKernel<T> kernel, Attributes attributes, const Tensor& output) {
  const RandomSequence sequence = SequenceOf(attributes);
  Fill<T>(attributes, output, [&](uint64_t first_block, int64_t num_chunks, T* out) {
    kernel(sequence, first_block, num_chunks, out);
  });
}

template <class T>
void RunKernel(RandomKernel<T> kernel, Attributes attributes, const Tensor& output) {
  const RandomSequence sequence = SequenceOf(attributes);
  const T a = static_cast<T>(NumberOr(attributes, AttributeKey::kLow, 0));
  const T b = static_cast<T>(NumberOr(attributes, AttributeKey::kHigh, 1));
  Fill<T>(attributes, output, [&](uint64_t first_block, int64_t num_chunks, T* out) {
    kernel(sequence, first_block, num_chunks, a, b, out);
  });
}

bool SupportsBits(std::span<const DType> dtypes) {
  return dtypes.back() == DType::kUInt32 || dtypes.back() == DType::kUInt64;
}

void RandomBits(Tensors, Attributes attributes, Tensors outputs) {
  const RandomKernels& kernels = ActiveRandomKernels();
  if (outputs[0]->dtype() == DType::kUInt32) {
    RunBits(kernels.bits32, attributes, *outputs[0]);
  } else {
    RunBits(kernels.bits64, attributes, *outputs[0]);
  }
}

bool SupportsFloating(std::span<const DType> dtypes) {
  return tensor::IsRealFloating(dtypes.back());
}

template <RandomKernel<float> RandomKernels::* kKernel32,
          RandomKernel<double> RandomKernels::* kKernel64>
void RandomFloating(Tensors, Attributes attributes, Tensors outputs) {
  const RandomKernels& kernels = ActiveRandomKernels();
  if (outputs[0]->dtype() == DType::kFloat32) {
    RunKernel(kernels.*kKernel32, attributes, *outputs[0]);
  } else {
    RunKernel(kernels.*kKernel64, attributes, *outputs[0]);
  }
}

[[maybe_unused]] const bool registered =
    RegisterOperation(Op::kRandomBits, {&SupportsBits, &RandomBits}) &&
    RegisterOperation(Op::kRandomUniform,
                      {&SupportsFloating,
                       &RandomFloating<&RandomKernels::uniform32, &RandomKernels::uniform64>}) &&
    RegisterOperation(
        Op::kRandomNormal,
        {&SupportsFloating, &RandomFloating<&RandomKernels::normal32, &RandomKernels::normal64>}) &&
    RegisterOperation(
        Op::kRandomExponential,
        {&SupportsFloating,
         &RandomFloating<&RandomKernels::exponential32, &RandomKernels::exponential64>});

}  // namespace

RandomSequence::RandomSequence(uint64_t seed, uint64_t stream) : stream(stream) {
  for (uint32_t round = 0; round < 10; ++round) {
    keys0[round] = static_cast<uint32_t>(seed) + round * 0x9E3779B9;
    keys1[round] = static_cast<uint32_t>(seed >> 32) + round * 0xBB67AE85;
  }
}

}  // namespace emberharmony::backend::native
