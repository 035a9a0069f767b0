#include <immintrin.h>

#include "emberharmony/backend/native/comparison_kernels_internal.h"

namespace emberharmony::backend::native {
namespace {

// Of comparisons of 8-byte elements the compiler makes vectors of 8-byte results and packs those to
// bytes in three steps. The processor compares into masks, which become bytes in one.

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

template <class T, int kEqual, int kNotEqual, int kLess, int kLessEqual, int kGreater,
          int kGreaterEqual>
void AddWideComparisons(KernelTable* table) {
  const DType dtype = DTypeOf<T>();
  table->Set(Op::kEqual, dtype, &CompareLoop<T, kEqual>);
  table->Set(Op::kNotEqual, dtype, &CompareLoop<T, kNotEqual>);
  table->Set(Op::kLess, dtype, &CompareLoop<T, kLess>);
  table->Set(Op::kLessEqual, dtype, &CompareLoop<T, kLessEqual>);
  table->Set(Op::kGreater, dtype, &CompareLoop<T, kGreater>);
  table->Set(Op::kGreaterEqual, dtype, &CompareLoop<T, kGreaterEqual>);
}

}  // namespace

namespace avx512 {

void AddComparisonKernels(KernelTable* table) {
  AddComparisons(table);
  AddWideComparisons<double, _CMP_EQ_OQ, _CMP_NEQ_UQ, _CMP_LT_OQ, _CMP_LE_OQ, _CMP_GT_OQ,
                     _CMP_GE_OQ>(table);
  AddWideComparisons<int64_t, _MM_CMPINT_EQ, _MM_CMPINT_NE, _MM_CMPINT_LT, _MM_CMPINT_LE,
                     _MM_CMPINT_GT, _MM_CMPINT_GE>(table);
  AddWideComparisons<uint64_t, _MM_CMPINT_EQ, _MM_CMPINT_NE, _MM_CMPINT_LT, _MM_CMPINT_LE,
                     _MM_CMPINT_GT, _MM_CMPINT_GE>(table);
}

}  // namespace avx512
}  // namespace emberharmony::backend::native
