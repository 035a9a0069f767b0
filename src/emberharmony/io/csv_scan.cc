#include "emberharmony/io/csv_scan_impl_internal.h"

namespace emberharmony::io::internal {

const CsvScanKernels& PortableCsvScanKernels() {
  static constexpr CsvScanKernels kernels{"portable", CountRecordsOf, FindFieldsOf};
  return kernels;
}

const CsvScanKernels& BestCsvScanKernels() {
#ifdef __x86_64__
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                               __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  if (has_avx2) return Avx2CsvScanKernels();
#endif
  return PortableCsvScanKernels();
}

}  // namespace emberharmony::io::internal
