#include <immintrin.h>

#include "emberharmony/backend/native/comparison_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

// Of comparisons of elements of 8 and of 4 bytes the compiler makes vectors of results as wide and
// packs those to bytes in three steps, or two. The processor compares into masks, which become
// bytes in one.

template <int kPredicate>
__mmask8 Compare(const double* x, const double* y, __mmask8 lanes) {
  return _mm512_cmp_pd_mask(_mm512_maskz_loadu_pd(lanes, x), _mm512_maskz_loadu_pd(lanes, y),
                            kPredicate);
}
template <int kPredicate>
__mmask8 Compare(const int64_t* x, const int64_t* y, __mmask8 lanes) {
  return _mm512_cmp_epi64_mask(_mm512_maskz_loadu_epi64(lanes, x),
                               _mm512_maskz_loadu_epi64(lanes, y), kPredicate);
}
template <int kPredicate>
__mmask8 Compare(const uint64_t* x, const uint64_t* y, __mmask8 lanes) {
  return _mm512_cmp_epu64_mask(_mm512_maskz_loadu_epi64(lanes, x),
                               _mm512_maskz_loadu_epi64(lanes, y), kPredicate);
}

template <class T, int kPredicate>
void CompareLoop(const void* const* inputs, void* output, int64_t n) {
  const T* x = static_cast<const T*>(inputs[0]);
  const T* y = static_cast<const T*>(inputs[1]);
  uint8_t* out = static_cast<uint8_t*>(output);
  constexpr __mmask8 kAll = 0xff;
  const __m128i ones = _mm_set1_epi8(1);
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const __mmask8 a = Compare<kPredicate>(x + i, y + i, kAll);
    const __mmask8 b = Compare<kPredicate>(x + i + 8, y + i + 8, kAll);
    const __mmask8 c = Compare<kPredicate>(x + i + 16, y + i + 16, kAll);
    const __mmask8 d = Compare<kPredicate>(x + i + 24, y + i + 24, kAll);
    const __m128i first = _mm_maskz_mov_epi8(_mm512_kunpackb(b, a), ones);
    const __m128i second = _mm_maskz_mov_epi8(_mm512_kunpackb(d, c), ones);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), first);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i + 16), second);
  }
  for (; i < n; i += 8) {
    const auto lanes = static_cast<__mmask8>(n - i < 8 ? (1 << (n - i)) - 1 : kAll);
    const __mmask8 mask = Compare<kPredicate>(x + i, y + i, lanes);
    _mm_mask_storeu_epi8(out + i, lanes, _mm_maskz_mov_epi8(mask, ones));
  }
}

template <int kPredicate>
__mmask16 Compare(const float* x, const float* y, __mmask16 lanes) {
  return _mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(lanes, x), _mm512_maskz_loadu_ps(lanes, y),
                            kPredicate);
}
template <int kPredicate>
__mmask16 Compare(const int32_t* x, const int32_t* y, __mmask16 lanes) {
  return _mm512_cmp_epi32_mask(_mm512_maskz_loadu_epi32(lanes, x),
                               _mm512_maskz_loadu_epi32(lanes, y), kPredicate);
}
template <int kPredicate>
__mmask16 Compare(const uint32_t* x, const uint32_t* y, __mmask16 lanes) {
  return _mm512_cmp_epu32_mask(_mm512_maskz_loadu_epi32(lanes, x),
                               _mm512_maskz_loadu_epi32(lanes, y), kPredicate);
}

/// The same of elements of 4 bytes.
template <class T, int kPredicate>
void CompareWordsLoop(const void* const* inputs, void* output, int64_t n) {
  const T* x = static_cast<const T*>(inputs[0]);
  const T* y = static_cast<const T*>(inputs[1]);
  uint8_t* out = static_cast<uint8_t*>(output);
  constexpr __mmask16 kAll = 0xffff;
  const __m512i ones = _mm512_set1_epi8(1);
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    const __mmask16 a = Compare<kPredicate>(x + i, y + i, kAll);
    const __mmask16 b = Compare<kPredicate>(x + i + 16, y + i + 16, kAll);
    const __mmask16 c = Compare<kPredicate>(x + i + 32, y + i + 32, kAll);
    const __mmask16 d = Compare<kPredicate>(x + i + 48, y + i + 48, kAll);
    const __mmask64 all = _mm512_kunpackd(_mm512_kunpackw(d, c), _mm512_kunpackw(b, a));
    _mm512_storeu_si512(out + i, _mm512_maskz_mov_epi8(all, ones));
  }
  for (; i < n; i += 16) {
    const auto lanes = static_cast<__mmask16>(n - i < 16 ? (1 << (n - i)) - 1 : kAll);
    const __mmask16 mask = Compare<kPredicate>(x + i, y + i, lanes);
    _mm_mask_storeu_epi8(out + i, lanes, _mm_maskz_mov_epi8(mask, _mm_set1_epi8(1)));
  }
}

template <class T, int kPredicate>
constexpr Kernel LoopOf() {
  if constexpr (sizeof(T) == 8) {
    return &CompareLoop<T, kPredicate>;
  } else {
    return &CompareWordsLoop<T, kPredicate>;
  }
}

template <class T, int kEqual, int kNotEqual, int kLess, int kLessEqual, int kGreater,
          int kGreaterEqual>
void AddWideComparisons(KernelTable* table) {
  const DType dtype = DTypeOf<T>();
  table->Set(Op::kEqual, dtype, LoopOf<T, kEqual>());
  table->Set(Op::kNotEqual, dtype, LoopOf<T, kNotEqual>());
  table->Set(Op::kLess, dtype, LoopOf<T, kLess>());
  table->Set(Op::kLessEqual, dtype, LoopOf<T, kLessEqual>());
  table->Set(Op::kGreater, dtype, LoopOf<T, kGreater>());
  table->Set(Op::kGreaterEqual, dtype, LoopOf<T, kGreaterEqual>());
}

}  // namespace

namespace avx512 {

void AddComparisonKernels(KernelTable* table) {
  AddComparisons(table);
  AddWideComparisons<double, _CMP_EQ_OQ, _CMP_NEQ_UQ, _CMP_LT_OQ, _CMP_LE_OQ, _CMP_GT_OQ,
                     _CMP_GE_OQ>(table);
  AddWideComparisons<float, _CMP_EQ_OQ, _CMP_NEQ_UQ, _CMP_LT_OQ, _CMP_LE_OQ, _CMP_GT_OQ,
                     _CMP_GE_OQ>(table);
  AddWideComparisons<int32_t, _MM_CMPINT_EQ, _MM_CMPINT_NE, _MM_CMPINT_LT, _MM_CMPINT_LE,
                     _MM_CMPINT_GT, _MM_CMPINT_GE>(table);
  AddWideComparisons<uint32_t, _MM_CMPINT_EQ, _MM_CMPINT_NE, _MM_CMPINT_LT, _MM_CMPINT_LE,
                     _MM_CMPINT_GT, _MM_CMPINT_GE>(table);
  AddWideComparisons<int64_t, _MM_CMPINT_EQ, _MM_CMPINT_NE, _MM_CMPINT_LT, _MM_CMPINT_LE,
                     _MM_CMPINT_GT, _MM_CMPINT_GE>(table);
  AddWideComparisons<uint64_t, _MM_CMPINT_EQ, _MM_CMPINT_NE, _MM_CMPINT_LT, _MM_CMPINT_LE,
                     _MM_CMPINT_GT, _MM_CMPINT_GE>(table);
}

}  // namespace avx512
}  // namespace emberharmony::backend::native
