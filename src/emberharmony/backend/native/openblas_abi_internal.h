/* The C boundary between libemberharmony and its OpenBLAS plugin, which is compiled apart from it:
 * plain C types only, append only. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* BLAS and LAPACK routines for one element type, named as there without the type's letter. Matrices
 * are column-major, `ld*` elements from column to column. Elements are passed as void*: float,
 * double, or complex numbers of two of them; "real" below is float or double accordingly. Those
 * with `lwork` answer a query (lwork = -1) by writing the best size into work[0] (an element), and
 * where there are lrwork or liwork into rwork[0] (a real) and iwork[0]. `rwork` is used by the
 * complex types only, except where said. Each returns LAPACK's info: 0 is success, i > 0 what the
 * routine's documentation says. */
typedef struct EmberLapack {
  /* c = op(a) op(b), with op "N" or "T"; c is m x n, k the inner dimension. */
  void (*gemm)(char op_a, char op_b, int32_t m, int32_t n, int32_t k, const void* a, int32_t lda,
               const void* b, int32_t ldb, void* c, int32_t ldc);
  int32_t (*potrf)(char uplo, int32_t n, void* a, int32_t lda);
  int32_t (*getrf)(int32_t m, int32_t n, void* a, int32_t lda, int32_t* pivots);
  int32_t (*getrs)(int32_t n, int32_t num_rhs, const void* a, int32_t lda, const int32_t* pivots,
                   void* b, int32_t ldb);
  int32_t (*getri)(int32_t n, void* a, int32_t lda, const int32_t* pivots, void* work,
                   int32_t lwork);
  int32_t (*geqrf)(int32_t m, int32_t n, void* a, int32_t lda, void* tau, void* work,
                   int32_t lwork);
  /* orgqr, of complex numbers ungqr. */
  int32_t (*orgqr)(int32_t m, int32_t n, int32_t k, void* a, int32_t lda, const void* tau,
                   void* work, int32_t lwork);
  /* syevd, of complex numbers heevd; w: n reals. */
  int32_t (*syevd)(char job, char uplo, int32_t n, void* a, int32_t lda, void* w, void* work,
                   int32_t lwork, void* rwork, int32_t lrwork, int32_t* iwork, int32_t liwork);
  /* Right eigenvectors only (job "V") or none ("N"). w: n complex numbers; of the real types n real
   * parts, then n imaginary parts. rwork: 2 n reals. */
  int32_t (*geev)(char job, int32_t n, void* a, int32_t lda, void* w, void* v, int32_t ldv,
                  void* work, int32_t lwork, void* rwork);
  int32_t (*gesdd)(char job, int32_t m, int32_t n, void* a, int32_t lda, void* s, void* u,
                   int32_t ldu, void* vt, int32_t ldvt, void* work, int32_t lwork, void* rwork,
                   int32_t* iwork);
  /* rcond: one real. A query writes the sizes of rwork and iwork too. */
  int32_t (*gelsd)(int32_t m, int32_t n, int32_t num_rhs, void* a, int32_t lda, void* b,
                   int32_t ldb, void* s, const void* rcond, int32_t* rank, void* work,
                   int32_t lwork, void* rwork, int32_t* iwork);
} EmberLapack;

typedef struct EmberOpenBlas {
  uint32_t version; /* EMBER_OPENBLAS_VERSION of the plugin */
  uint32_t size;    /* sizeof(EmberOpenBlas) there */
  const char* (*config)(void);
  const char* (*core_name)(void);
  EmberLapack float32, float64, complex64, complex128;
} EmberOpenBlas;

/* Raised when a plugin made for an older table can no longer be used. */
#define EMBER_OPENBLAS_VERSION 1u

/* The one function the plugin exports; the table lives as long as the process. */
#define EMBER_OPENBLAS_ENTRY "emberharmony_openblas"
typedef const EmberOpenBlas* (*EmberOpenBlasEntry)(void);

#ifdef __cplusplus
}
#endif
