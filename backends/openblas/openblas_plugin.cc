// The OpenBLAS plugin: a table of LAPACK routines behind plain C types.
//
// OpenBLAS is linked in statically and none of its symbols leaves this library (exports.map): in
// the global scope they would capture the BLAS calls of torch and MLX. The table is all that is
// exported; nothing here throws, and nothing of C++'s run-time library is needed.
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "emberharmony/backend/native/openblas_abi_internal.h"

// Fortran's own names: the letter of the type, the routine, an underscore. All arguments are
// addresses but the lengths of the character arguments, which follow the others by value.
#define EMBER_DECLARE(p, gq)                                                                   \
  void p##gemm_(const char*, const char*, const int32_t*, const int32_t*, const int32_t*,      \
                const void*, const void*, const int32_t*, const void*, const int32_t*,         \
                const void*, void*, const int32_t*, size_t, size_t);                           \
  void p##potrf_(const char*, const int32_t*, void*, const int32_t*, int32_t*, size_t);        \
  void p##getrf_(const int32_t*, const int32_t*, void*, const int32_t*, int32_t*, int32_t*);   \
  void p##getrs_(const char*, const int32_t*, const int32_t*, const void*, const int32_t*,     \
                 const int32_t*, void*, const int32_t*, int32_t*, size_t);                     \
  void p##getri_(const int32_t*, void*, const int32_t*, const int32_t*, void*, const int32_t*, \
                 int32_t*);                                                                    \
  void p##geqrf_(const int32_t*, const int32_t*, void*, const int32_t*, void*, void*,          \
                 const int32_t*, int32_t*);                                                    \
  void p##gq##_(const int32_t*, const int32_t*, const int32_t*, void*, const int32_t*,         \
                const void*, void*, const int32_t*, int32_t*);

#define EMBER_DECLARE_REAL(p)                                                                      \
  void p##syevd_(const char*, const char*, const int32_t*, void*, const int32_t*, void*, void*,    \
                 const int32_t*, int32_t*, const int32_t*, int32_t*, size_t, size_t);              \
  void p##geev_(const char*, const char*, const int32_t*, void*, const int32_t*, void*, void*,     \
                void*, const int32_t*, void*, const int32_t*, void*, const int32_t*, int32_t*,     \
                size_t, size_t);                                                                   \
  void p##gesdd_(const char*, const int32_t*, const int32_t*, void*, const int32_t*, void*, void*, \
                 const int32_t*, void*, const int32_t*, void*, const int32_t*, int32_t*, int32_t*, \
                 size_t);                                                                          \
  void p##gelsd_(const int32_t*, const int32_t*, const int32_t*, void*, const int32_t*, void*,     \
                 const int32_t*, void*, const void*, int32_t*, void*, const int32_t*, int32_t*,    \
                 int32_t*);

#define EMBER_DECLARE_COMPLEX(p)                                                                   \
  void p##heevd_(const char*, const char*, const int32_t*, void*, const int32_t*, void*, void*,    \
                 const int32_t*, void*, const int32_t*, int32_t*, const int32_t*, int32_t*,        \
                 size_t, size_t);                                                                  \
  void p##geev_(const char*, const char*, const int32_t*, void*, const int32_t*, void*, void*,     \
                const int32_t*, void*, const int32_t*, void*, const int32_t*, void*, int32_t*,     \
                size_t, size_t);                                                                   \
  void p##gesdd_(const char*, const int32_t*, const int32_t*, void*, const int32_t*, void*, void*, \
                 const int32_t*, void*, const int32_t*, void*, const int32_t*, void*, int32_t*,    \
                 int32_t*, size_t);                                                                \
  void p##gelsd_(const int32_t*, const int32_t*, const int32_t*, void*, const int32_t*, void*,     \
                 const int32_t*, void*, const void*, int32_t*, void*, const int32_t*, void*,       \
                 int32_t*, int32_t*);

extern "C" {
EMBER_DECLARE(s, orgqr)
EMBER_DECLARE(d, orgqr)
EMBER_DECLARE(c, ungqr)
EMBER_DECLARE(z, ungqr)
EMBER_DECLARE_REAL(s)
EMBER_DECLARE_REAL(d)
EMBER_DECLARE_COMPLEX(c)
EMBER_DECLARE_COMPLEX(z)
char* openblas_get_config(void);
char* openblas_get_corename(void);
}

namespace {

/// Addresses that routines do not look at, but which must be valid.
constexpr char kNoVectors = 'N';
constexpr int32_t kOne = 1;

// Each function passes its arguments by address, in the routine's order.

/// R: the real type of the elements, which are two of them if complex.
template <class R, auto kRoutine>
void Gemm(char op_a, char op_b, int32_t m, int32_t n, int32_t k, const void* a, int32_t lda,
          const void* b, int32_t ldb, void* c, int32_t ldc) {
  const R one[2] = {R(1), R(0)};
  const R zero[2] = {R(0), R(0)};
  kRoutine(&op_a, &op_b, &m, &n, &k, one, a, &lda, b, &ldb, zero, c, &ldc, 1, 1);
}

template <auto kRoutine>
int32_t Potrf(char uplo, int32_t n, void* a, int32_t lda) {
  int32_t info = 0;
  kRoutine(&uplo, &n, a, &lda, &info, 1);
  return info;
}

template <auto kRoutine>
int32_t Getrf(int32_t m, int32_t n, void* a, int32_t lda, int32_t* pivots) {
  int32_t info = 0;
  kRoutine(&m, &n, a, &lda, pivots, &info);
  return info;
}

template <auto kRoutine>
int32_t Getrs(int32_t n, int32_t num_rhs, const void* a, int32_t lda, const int32_t* pivots,
              void* b, int32_t ldb) {
  const char op = 'N';
  int32_t info = 0;
  kRoutine(&op, &n, &num_rhs, a, &lda, pivots, b, &ldb, &info, 1);
  return info;
}

template <auto kRoutine>
int32_t Getri(int32_t n, void* a, int32_t lda, const int32_t* pivots, void* work, int32_t lwork) {
  int32_t info = 0;
  kRoutine(&n, a, &lda, pivots, work, &lwork, &info);
  return info;
}

template <auto kRoutine>
int32_t Geqrf(int32_t m, int32_t n, void* a, int32_t lda, void* tau, void* work, int32_t lwork) {
  int32_t info = 0;
  kRoutine(&m, &n, a, &lda, tau, work, &lwork, &info);
  return info;
}

template <auto kRoutine>
int32_t Orgqr(int32_t m, int32_t n, int32_t k, void* a, int32_t lda, const void* tau, void* work,
              int32_t lwork) {
  int32_t info = 0;
  kRoutine(&m, &n, &k, a, &lda, tau, work, &lwork, &info);
  return info;
}

template <auto kRoutine>
int32_t RealSyevd(char job, char uplo, int32_t n, void* a, int32_t lda, void* w, void* work,
                  int32_t lwork, void*, int32_t, int32_t* iwork, int32_t liwork) {
  int32_t info = 0;
  kRoutine(&job, &uplo, &n, a, &lda, w, work, &lwork, iwork, &liwork, &info, 1, 1);
  return info;
}
template <auto kRoutine>
int32_t ComplexHeevd(char job, char uplo, int32_t n, void* a, int32_t lda, void* w, void* work,
                     int32_t lwork, void* rwork, int32_t lrwork, int32_t* iwork, int32_t liwork) {
  int32_t info = 0;
  kRoutine(&job, &uplo, &n, a, &lda, w, work, &lwork, rwork, &lrwork, iwork, &liwork, &info, 1, 1);
  return info;
}

template <class R, auto kRoutine>
int32_t RealGeev(char job, int32_t n, void* a, int32_t lda, void* w, void* v, int32_t ldv,
                 void* work, int32_t lwork, void*) {
  int32_t info = 0;
  R* const real = static_cast<R*>(w);
  kRoutine(&kNoVectors, &job, &n, a, &lda, real, real + n, nullptr, &kOne, v, &ldv, work, &lwork,
           &info, 1, 1);
  return info;
}
template <auto kRoutine>
int32_t ComplexGeev(char job, int32_t n, void* a, int32_t lda, void* w, void* v, int32_t ldv,
                    void* work, int32_t lwork, void* rwork) {
  int32_t info = 0;
  kRoutine(&kNoVectors, &job, &n, a, &lda, w, nullptr, &kOne, v, &ldv, work, &lwork, rwork, &info,
           1, 1);
  return info;
}

template <auto kRoutine>
int32_t RealGesdd(char job, int32_t m, int32_t n, void* a, int32_t lda, void* s, void* u,
                  int32_t ldu, void* vt, int32_t ldvt, void* work, int32_t lwork, void*,
                  int32_t* iwork) {
  int32_t info = 0;
  kRoutine(&job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, iwork, &info, 1);
  return info;
}
template <auto kRoutine>
int32_t ComplexGesdd(char job, int32_t m, int32_t n, void* a, int32_t lda, void* s, void* u,
                     int32_t ldu, void* vt, int32_t ldvt, void* work, int32_t lwork, void* rwork,
                     int32_t* iwork) {
  int32_t info = 0;
  kRoutine(&job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, rwork, iwork, &info, 1);
  return info;
}

template <auto kRoutine>
int32_t RealGelsd(int32_t m, int32_t n, int32_t num_rhs, void* a, int32_t lda, void* b, int32_t ldb,
                  void* s, const void* rcond, int32_t* rank, void* work, int32_t lwork, void*,
                  int32_t* iwork) {
  int32_t info = 0;
  kRoutine(&m, &n, &num_rhs, a, &lda, b, &ldb, s, rcond, rank, work, &lwork, iwork, &info);
  return info;
}
template <auto kRoutine>
int32_t ComplexGelsd(int32_t m, int32_t n, int32_t num_rhs, void* a, int32_t lda, void* b,
                     int32_t ldb, void* s, const void* rcond, int32_t* rank, void* work,
                     int32_t lwork, void* rwork, int32_t* iwork) {
  int32_t info = 0;
  kRoutine(&m, &n, &num_rhs, a, &lda, b, &ldb, s, rcond, rank, work, &lwork, rwork, iwork, &info);
  return info;
}

/// The kernels for this CPU. OpenBLAS 0.3.21 recognizes CPUs by their model numbers and runs those
/// for SSE3 on every one that is newer than it; here the instructions that there are decide.
const char* ChosenCore() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

const char* Config() { return openblas_get_config(); }
const char* CoreName() { return openblas_get_corename(); }

const EmberOpenBlas kTable = {
    EMBER_OPENBLAS_VERSION,
    sizeof(EmberOpenBlas),
    Config,
    CoreName,
    {Gemm<float, sgemm_>, Potrf<spotrf_>, Getrf<sgetrf_>, Getrs<sgetrs_>, Getri<sgetri_>,
     Geqrf<sgeqrf_>, Orgqr<sorgqr_>, RealSyevd<ssyevd_>, RealGeev<float, sgeev_>,
     RealGesdd<sgesdd_>, RealGelsd<sgelsd_>},
    {Gemm<double, dgemm_>, Potrf<dpotrf_>, Getrf<dgetrf_>, Getrs<dgetrs_>, Getri<dgetri_>,
     Geqrf<dgeqrf_>, Orgqr<dorgqr_>, RealSyevd<dsyevd_>, RealGeev<double, dgeev_>,
     RealGesdd<dgesdd_>, RealGelsd<dgelsd_>},
    {Gemm<float, cgemm_>, Potrf<cpotrf_>, Getrf<cgetrf_>, Getrs<cgetrs_>, Getri<cgetri_>,
     Geqrf<cgeqrf_>, Orgqr<cungqr_>, ComplexHeevd<cheevd_>, ComplexGeev<cgeev_>,
     ComplexGesdd<cgesdd_>, ComplexGelsd<cgelsd_>},
    {Gemm<double, zgemm_>, Potrf<zpotrf_>, Getrf<zgetrf_>, Getrs<zgetrs_>, Getri<zgetri_>,
     Geqrf<zgeqrf_>, Orgqr<zungqr_>, ComplexHeevd<zheevd_>, ComplexGeev<zgeev_>,
     ComplexGesdd<zgesdd_>, ComplexGelsd<zgelsd_>}};

}  // namespace

extern "C" {

__attribute__((visibility("default"))) const EmberOpenBlas* emberharmony_openblas(void) {
  return &kTable;
}

/// OpenBLAS asks the environment which kernels to use; the linker leads its calls of getenv here.
char* __real_getenv(const char* name);
char* __wrap_getenv(const char* name) {
  char* const value = __real_getenv(name);
  if (value != nullptr || strcmp(name, "OPENBLAS_CORETYPE") != 0) return value;
  return const_cast<char*>(ChosenCore());
}

/// Debian's build without threads takes its buffers without a lock, so that two threads may get the
/// same one. Nothing else in it is shared between calls; the linker leads its calls here.
static pthread_mutex_t buffers = PTHREAD_MUTEX_INITIALIZER;
void* __real_blas_memory_alloc(int kind);
void __real_blas_memory_free(void* buffer);
void* __wrap_blas_memory_alloc(int kind) {
  pthread_mutex_lock(&buffers);
  void* const buffer = __real_blas_memory_alloc(kind);
  pthread_mutex_unlock(&buffers);
  return buffer;
}
void __wrap_blas_memory_free(void* buffer) {
  pthread_mutex_lock(&buffers);
  __real_blas_memory_free(buffer);
  pthread_mutex_unlock(&buffers);
}

/// OpenBLAS maps 128 MiB for each routine that runs at the same time, of which small matrices touch
/// a few; the linker leads its calls of mmap here. Where the system limits private memory, which
/// counts what is mapped, touched or not, that would be all of a small limit: shared memory is not
/// counted, and resident as far as it is touched like any other.
void* __real_mmap(void*, size_t, int, int, int, off_t);
static const int kSharedFlags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
static struct {
  void* begin;
  size_t size;
} shared_buffers[128];
static int num_shared_buffers = 0;  // grows under the lock of buffers

/// A forked process would work in the buffers of its parent: it gets others in their place.
static void ReplaceSharedBuffers(void) {
  for (int i = 0; i < num_shared_buffers; ++i) {
    __real_mmap(shared_buffers[i].begin, shared_buffers[i].size, PROT_READ | PROT_WRITE,
                kSharedFlags | MAP_FIXED, -1, 0);
  }
}

void* __wrap_mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  struct rlimit limit;
  const int num = num_shared_buffers;
  if (file != -1 || num == sizeof(shared_buffers) / sizeof(shared_buffers[0]) ||
      getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      (num == 0 && pthread_atfork(NULL, NULL, ReplaceSharedBuffers) != 0)) {
    return __real_mmap(address, size, protection, flags, file, offset);
  }
  void* const begin = __real_mmap(address, size, protection, kSharedFlags, file, offset);
  if (begin == MAP_FAILED) return begin;
  shared_buffers[num].begin = begin;
  shared_buffers[num].size = size;
  ++num_shared_buffers;
  return begin;
}

/// What LAPACK calls for an argument that no caller may pass. The library's own prints, and may end
/// the process; info tells of the fault as well.
void xerbla_(const char*, const int32_t*, size_t) {}

/// Fortran's a // b: cut off or filled up with blanks. The one function of gfortran's run-time
/// library that the routines above call; it stands here so that the library is not needed.
void _gfortran_concat_string(size_t length, char* to, size_t length_a, const char* a,
                             size_t length_b, const char* b) {
  const size_t from_a = length_a < length ? length_a : length;
  const size_t from_b = length_b < length - from_a ? length_b : length - from_a;
  memcpy(to, a, from_a);
  memcpy(to + from_a, b, from_b);
  memset(to + from_a + from_b, ' ', length - from_a - from_b);
}
}
