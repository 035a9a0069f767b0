"""emberharmony: tensors and feature engineering on one machine.

`from emberharmony import ops` has the tensor functions: the Python array API standard 2025.12 and
more, on the CPU. `from emberharmony import bigquery` reads tables of BigQuery.
"""

from emberharmony import backend_utils, bigquery, ops
from emberharmony._core import Device, DType, Tensor, __version__

__all__ = ["DType", "Device", "Tensor", "__version__", "backend_utils", "bigquery", "ops"]
