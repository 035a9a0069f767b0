// The loops of csv_scan_internal.h, written once over masks of 64 bytes and compiled once for each
// instruction set. Everything is in an anonymous namespace, and nothing of the standard library is
// called, so that no function compiled for a newer CPU can take the place of one for an older CPU
// when the library is linked.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "emberharmony/io/csv_scan_internal.h"

namespace emberharmony::io::internal {
namespace {

#define EMBER_INLINE static inline __attribute__((always_inline))

constexpr int64_t kBlock = 64;

/// A bit for each of 64 bytes.
struct Masks {
  uint64_t quotes;
  uint64_t delimiters;
  uint64_t crs;
  uint64_t lfs;
};

#ifdef __AVX2__

/// Which bytes occurred: their minimum (0: a NUL) and their bitwise or (the top bit: not ASCII).
struct Seen {
  __m256i smallest;
  __m256i any;
};

EMBER_INLINE Seen NothingSeen() { return {_mm256_set1_epi8(-1), _mm256_setzero_si256()}; }

EMBER_INLINE uint64_t EqualMask(__m256i low, __m256i high, char byte) {
  const __m256i wanted = _mm256_set1_epi8(byte);
  const auto low_bits = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)));
  const auto high_bits =
      static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)));
  return low_bits | (static_cast<uint64_t>(high_bits) << 32);
}

EMBER_INLINE Masks LoadMasks(const char* data, char delimiter, Seen& seen) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + 32));
  seen.smallest = _mm256_min_epu8(seen.smallest, _mm256_min_epu8(low, high));
  seen.any = _mm256_or_si256(seen.any, _mm256_or_si256(low, high));
  return {EqualMask(low, high, '"'), EqualMask(low, high, delimiter), EqualMask(low, high, '\r'),
          EqualMask(low, high, '\n')};
}

EMBER_INLINE void Tell(const Seen& seen, CsvByteKinds* kinds) {
  const __m256i nul = _mm256_cmpeq_epi8(seen.smallest, _mm256_setzero_si256());
  kinds->has_nul |= _mm256_movemask_epi8(nul) != 0;
  kinds->has_non_ascii |= _mm256_movemask_epi8(seen.any) != 0;
}

#elif defined(__SSE2__)

struct Seen {
  __m128i smallest;
  __m128i any;
};

EMBER_INLINE Seen NothingSeen() { return {_mm_set1_epi8(-1), _mm_setzero_si128()}; }

EMBER_INLINE Masks LoadMasks(const char* data, char delimiter, Seen& seen) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i wanted = _mm_set1_epi8(delimiter);
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  Masks masks{};
  for (int part = 0; part < 4; ++part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + part * 16));
    seen.smallest = _mm_min_epu8(seen.smallest, bytes);
    seen.any = _mm_or_si128(seen.any, bytes);
    const auto mask = [&](__m128i byte) {
      const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, byte));
      return static_cast<uint64_t>(static_cast<uint32_t>(bits)) << (part * 16);
    };
    masks.quotes |= mask(quote);
    masks.delimiters |= mask(wanted);
    masks.crs |= mask(cr);
    masks.lfs |= mask(lf);
  }
  return masks;
}

EMBER_INLINE void Tell(const Seen& seen, CsvByteKinds* kinds) {
  const __m128i nul = _mm_cmpeq_epi8(seen.smallest, _mm_setzero_si128());
  kinds->has_nul |= _mm_movemask_epi8(nul) != 0;
  kinds->has_non_ascii |= _mm_movemask_epi8(seen.any) != 0;
}

#else

struct Seen {
  unsigned char smallest;
  unsigned char any;
};

EMBER_INLINE Seen NothingSeen() { return {0xFF, 0}; }

EMBER_INLINE Masks LoadMasks(const char* data, char delimiter, Seen& seen) {
  Masks masks{};
  for (int i = 0; i < kBlock; ++i) {
    const auto byte = static_cast<unsigned char>(data[i]);
    seen.smallest = byte < seen.smallest ? byte : seen.smallest;
    seen.any |= byte;
    masks.quotes |= static_cast<uint64_t>(data[i] == '"') << i;
    masks.delimiters |= static_cast<uint64_t>(data[i] == delimiter) << i;
    masks.crs |= static_cast<uint64_t>(data[i] == '\r') << i;
    masks.lfs |= static_cast<uint64_t>(data[i] == '\n') << i;
  }
  return masks;
}

EMBER_INLINE void Tell(const Seen& seen, CsvByteKinds* kinds) {
  kinds->has_nul |= seen.smallest == 0;
  kinds->has_non_ascii |= seen.any >= 0x80;
}

#endif

/// Bit i of the result is the parity of bits 0 to i.
EMBER_INLINE uint64_t PrefixXor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

/// InsideQuotes where a quote stands within an unquoted field: visits each quote.
EMBER_INLINE uint64_t InsideIrregularQuotes(uint64_t quotes, uint64_t may_open, int last,
                                            CsvScanState* state) {
  uint64_t left = quotes;
  if (state->quote_pending) {
    state->quote_pending = false;
    if ((quotes & 1) != 0) {
      left &= ~uint64_t{1};
    } else {
      state->quoted = false;
    }
  }
  const uint64_t all = state->quoted ? ~uint64_t{0} : 0;
  uint64_t toggles = 0;
  bool quoted = state->quoted;
  while (left != 0) {
    const int place = __builtin_ctzll(left);
    left &= left - 1;
    if (!quoted) {
      if (((may_open >> place) & 1) == 0) continue;
      quoted = true;
      toggles |= uint64_t{1} << place;
    } else if (place == last) {
      state->quote_pending = true;
    } else if (((quotes >> (place + 1)) & 1) != 0) {
      left &= left - 1;
    } else {
      quoted = false;
      toggles |= uint64_t{1} << (place + 1);
    }
  }
  state->quoted = quoted;
  return all ^ PrefixXor(toggles);
}

/// The bytes inside of quotes (of quotes themselves the bits mean nothing). `breaks`: delimiters
/// and line ends, wherever they are.
EMBER_INLINE uint64_t InsideQuotes(uint64_t quotes, uint64_t breaks, int last,
                                   CsvScanState* state) {
  const uint64_t may_open = (breaks << 1) | static_cast<uint64_t>(state->after_break);
  const bool quoted = state->quoted && !state->quote_pending;
  // Every other quote closes, and where a doubled one follows opens again at once; that is so
  // unless a quote opens in the middle of a field.
  const uint64_t inside = PrefixXor(quotes) ^ (quoted ? ~uint64_t{0} : 0);
  const uint64_t closing = quotes & ~inside;
  const uint64_t opening = quotes & inside;
  const uint64_t doubled = (closing << 1) | static_cast<uint64_t>(state->quote_pending);
  if ((opening & ~(may_open | doubled)) != 0) {
    return InsideIrregularQuotes(quotes, may_open, last, state);
  }
  state->quote_pending = ((closing >> last) & 1) != 0;
  state->quoted = (((inside | closing) >> last) & 1) != 0;
  return inside;
}

/// Delimiters outside of quotes, and the bytes that end records.
struct Ends {
  uint64_t delimiters;
  uint64_t records;
};

/// One block of 64 bytes; what lies behind the `last` place is neither quote nor break.
template <bool kOneColumn>
EMBER_INLINE Ends NextEnds(const Masks& masks, int last, CsvScanState* state) {
  uint64_t inside = 0;
  if ((masks.quotes | static_cast<uint64_t>(state->quoted)) != 0) {
    inside = InsideQuotes(masks.quotes, masks.delimiters | masks.crs | masks.lfs, last, state);
  }
  const uint64_t crs = masks.crs & ~inside;
  const uint64_t lines = crs | (masks.lfs & ~inside);
  const uint64_t delimiters = masks.delimiters & ~inside;
  Ends ends{delimiters, 0};
  if (kOneColumn) {
    ends.records = lines & ~(masks.lfs & ((crs << 1) | static_cast<uint64_t>(state->after_cr)));
  } else {
    ends.records = lines & ~((lines << 1) | static_cast<uint64_t>(state->after_newline));
  }
  state->after_break = (((delimiters | lines) >> last) & 1) != 0;
  state->after_newline = ((lines >> last) & 1) != 0;
  state->after_cr = ((crs >> last) & 1) != 0;
  return ends;
}

/// The last block, of fewer than 64 bytes: what lies beyond the end is taken for spaces.
EMBER_INLINE void CopyTail(const char* data, int64_t size, char* block) {
  for (int64_t i = 0; i < kBlock; ++i) block[i] = i < size ? data[i] : ' ';
}

template <bool kOneColumn>
int64_t CountRecords(const char* data, int64_t size, char delimiter, CsvScanState* state_inout,
                     CsvByteKinds* kinds) {
  CsvScanState state = *state_inout;
  Seen seen = NothingSeen();
  int64_t records = 0;
  int64_t done = 0;
  for (; done + kBlock <= size; done += kBlock) {
    const Masks masks = LoadMasks(data + done, delimiter, seen);
    records += __builtin_popcountll(NextEnds<kOneColumn>(masks, 63, &state).records);
  }
  if (done < size) {
    char tail[kBlock];
    CopyTail(data + done, size - done, tail);
    const Masks masks = LoadMasks(tail, delimiter, seen);
    const int last = static_cast<int>(size - done) - 1;
    records += __builtin_popcountll(NextEnds<kOneColumn>(masks, last, &state).records);
  }
  Tell(seen, kinds);
  *state_inout = state;
  return records;
}

/// Writes the places of the set bits; up to 64 elements are written whatever their number.
EMBER_INLINE uint32_t* WritePlaces(uint64_t bits, uint32_t base, uint32_t* out) {
  uint32_t* const end = out + __builtin_popcountll(bits);
  // Eight at a time without a look at each: few blocks have more than 16.
  do {
    for (int i = 0; i < 8; ++i) {
      out[i] = base + static_cast<uint32_t>(__builtin_ctzll(bits | (uint64_t{1} << 63)));
      bits &= bits - 1;
    }
    out += 8;
  } while (out < end);
  return end;
}

template <bool kOneColumn>
int64_t FindFields(const char* data, int64_t size, char delimiter, uint32_t base,
                   CsvScanState* state_inout, CsvByteKinds* kinds, uint32_t* ends,
                   int64_t* num_ends) {
  CsvScanState state = *state_inout;
  Seen seen = NothingSeen();
  int64_t records = 0;
  uint32_t* out = ends;
  for (int64_t done = 0; done < size; done += kBlock) {
    char tail[kBlock];
    const char* block = data + done;
    int last = 63;
    if (size - done < kBlock) {
      CopyTail(block, size - done, tail);
      block = tail;
      last = static_cast<int>(size - done) - 1;
    }
    const Ends found = NextEnds<kOneColumn>(LoadMasks(block, delimiter, seen), last, &state);
    records += __builtin_popcountll(found.records);
    const uint64_t bits = kOneColumn ? found.records : found.delimiters | found.records;
    out = WritePlaces(bits, base + static_cast<uint32_t>(done), out);
  }
  Tell(seen, kinds);
  *state_inout = state;
  *num_ends = out - ends;
  return records;
}

int64_t CountRecordsOf(const char* data, int64_t size, const CsvDialect& dialect,
                       CsvScanState* state, CsvByteKinds* kinds) {
  return dialect.one_column ? CountRecords<true>(data, size, dialect.delimiter, state, kinds)
                            : CountRecords<false>(data, size, dialect.delimiter, state, kinds);
}

int64_t FindFieldsOf(const char* data, int64_t size, const CsvDialect& dialect, uint32_t base,
                     CsvScanState* state, CsvByteKinds* kinds, uint32_t* ends, int64_t* num_ends) {
  return dialect.one_column
             ? FindFields<true>(data, size, dialect.delimiter, base, state, kinds, ends, num_ends)
             : FindFields<false>(data, size, dialect.delimiter, base, state, kinds, ends, num_ends);
}

}  // namespace
}  // namespace emberharmony::io::internal
