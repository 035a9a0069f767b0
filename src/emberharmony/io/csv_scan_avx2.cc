#include "emberharmony/io/csv_scan_impl_internal.h"

namespace emberharmony::io::internal {

const CsvScanKernels& Avx2CsvScanKernels() {
  static constexpr CsvScanKernels kernels{"avx2", CountRecordsOf, FindFieldsOf};
  return kernels;
}

}  // namespace emberharmony::io::internal
