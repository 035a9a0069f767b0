#include "emberharmony/io/bit_packer.h"

#include "emberharmony/io/bit_packer_internal.h"

namespace emberharmony::io {
namespace {

template <int Width, int... J>
inline void PackBlock(const int32_t* values, uint8_t* out, std::integer_sequence<int, J...>) {
  uint64_t word = 0;
  (PutField<Width, J>(static_cast<uint32_t>(values[J]), word, out), ...);
}

template <int Width>
void PackBlocks(const int32_t* values, int64_t num_blocks, uint8_t* out) {
  for (int64_t i = 0; i < num_blocks; ++i) {
    PackBlock<Width>(values + 64 * i, out + 8 * Width * i, std::make_integer_sequence<int, 64>());
  }
}

template <int... Width>
constexpr PackBlocksTable MakeTable(std::integer_sequence<int, Width...>) {
  return {nullptr, &PackBlocks<Width + 1>...};
}

constexpr PackBlocksTable kPortable = MakeTable(std::make_integer_sequence<int, 32>());

const PackBlocksTable& Table() {
#if defined(__x86_64__)
  static const PackBlocksTable* const table = PackBlocksAvx2() ? PackBlocksAvx2() : &kPortable;
  return *table;
#else
  return kPortable;
#endif
}

}  // namespace

void PackBits(const int32_t* values, int64_t n, int bit_width, uint8_t* out) {
  const int64_t num_blocks = n / 64;
  const PackBlocksFunction pack_blocks = Table()[bit_width];
  pack_blocks(values, num_blocks, out);
  const int64_t rest = n % 64;
  if (rest == 0) return;
  int32_t last[64] = {};
  uint8_t packed[64 * 4];
  std::memcpy(last, values + 64 * num_blocks, rest * sizeof(int32_t));
  pack_blocks(last, 1, packed);
  std::memcpy(out + 8 * bit_width * num_blocks, packed, PackedBytes(rest, bit_width));
}

}  // namespace emberharmony::io
