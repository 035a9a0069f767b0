#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/elementwise_internal.h"
#include "emberharmony/backend/native/flat_run_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

/// Elements that a thread takes at a time.
constexpr int64_t kGrain = 64 * kBlock;

/// Bytes moved from which stores go past the caches: below, whoever reads the result next finds
/// part of it there.
constexpr int64_t kStreamBytes = int64_t{24} << 20;

/// Results with so small a part of an input's bytes, as those of comparisons, are not worth the
/// copy: little is read that is overwritten.
constexpr int64_t kStreamPart = 4;

struct alignas(64) StreamBuffer {
  char bytes[kBlock * 16];
};

#if defined(__x86_64__)
constexpr bool kCanStream = true;
/// Copies past the caches; `to` is aligned to 16 bytes.
void StreamCopy(const char* from, char* to, int64_t num_bytes) {
  int64_t i = 0;
  for (; i + 64 <= num_bytes; i += 64) {
    const auto* source = reinterpret_cast<const __m128i*>(from + i);
    auto* target = reinterpret_cast<__m128i*>(to + i);
    const __m128i a = _mm_load_si128(source), b = _mm_load_si128(source + 1);
    const __m128i c = _mm_load_si128(source + 2), d = _mm_load_si128(source + 3);
    _mm_stream_si128(target, a);
    _mm_stream_si128(target + 1, b);
    _mm_stream_si128(target + 2, c);
    _mm_stream_si128(target + 3, d);
  }
  std::memcpy(to + i, from + i, num_bytes - i);
}
void EndStream() { _mm_sfence(); }
#else
constexpr bool kCanStream = false;
void StreamCopy(const char* from, char* to, int64_t num_bytes) { std::memcpy(to, from, num_bytes); }
void EndStream() {}
#endif

class FlatRun {
 public:
  FlatRun(Kernel kernel, const FlatInput* inputs, int num_inputs, char* output,
          int64_t output_item_bytes, int64_t block, bool stream)
      : kernel_(kernel),
        inputs_(inputs),
        num_inputs_(num_inputs),
        output_(output),
        output_item_bytes_(output_item_bytes),
        block_(block),
        stream_(stream) {
    for (int k = 0; k < num_inputs; ++k) in_blocks_ = in_blocks_ || inputs[k].repeats;
  }

  void Run(int64_t begin, int64_t end) const {
    const void* now[kInputsMax];
    const int64_t step = in_blocks_ || stream_ ? block_ : end - begin;
    StreamBuffer buffer;
    for (int64_t at = begin; at < end; at += step) {
      const int64_t n = std::min(step, end - at);
      for (int k = 0; k < num_inputs_; ++k) {
        const FlatInput& input = inputs_[k];
        now[k] = input.repeats ? input.data : input.data + at * input.item_bytes;
      }
      char* target = output_ + at * output_item_bytes_;
      kernel_(now, stream_ ? buffer.bytes : target, n);
      if (stream_) StreamCopy(buffer.bytes, target, n * output_item_bytes_);
    }
    if (stream_) EndStream();
  }

 private:
  Kernel kernel_;
  const FlatInput* inputs_;
  int num_inputs_;
  char* output_;
  int64_t output_item_bytes_;
  int64_t block_;
  bool stream_;
  bool in_blocks_ = false;
};

}  // namespace

void RunFlat(Kernel kernel, const FlatInput* inputs, int num_inputs, char* output,
             int64_t output_item_bytes, int64_t n) {
  int64_t bytes = n * output_item_bytes;
  bool in_place = false;
  int64_t item_bytes = output_item_bytes;
  for (int k = 0; k < num_inputs; ++k) {
    if (!inputs[k].repeats) bytes += n * inputs[k].item_bytes;
    in_place = in_place || inputs[k].data == output;
    item_bytes = std::max(item_bytes, inputs[k].item_bytes);
  }
  const bool aligned = reinterpret_cast<uintptr_t>(output) % 16 == 0;
  const bool stream = kCanStream && bytes >= kStreamBytes && !in_place && aligned &&
                      output_item_bytes * kStreamPart > item_bytes;
  const FlatRun run(kernel, inputs, num_inputs, output, output_item_bytes, BlockOf(item_bytes),
                    stream);
  if (bytes < kParallelBytes) return run.Run(0, n);
  ParallelRanges(n, kGrain, [&](int64_t begin, int64_t end) { run.Run(begin, end); });
}

}  // namespace emberharmony::backend::native
