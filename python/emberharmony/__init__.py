"""emberharmony: terabyte tables in, model-ready tensors out, on one machine in bounded memory.

`extract` turns a table into training, validation and test features, `batches` hands them to a
training loop as tensors, `load_model` applies the same features to new rows. `from emberharmony
import ops` has the tensor functions: the Python array API standard 2025.12 and more. `from
emberharmony import bigquery` reads tables of BigQuery, `from emberharmony import features` has the
feature extractor and the temporal processor.
"""

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("emberharmony._core") is None:
    raise ImportError(
        "emberharmony is here without its compiled module: run `make build` in the checkout, or "
        "`pip install .`"
    )

from emberharmony import backend_utils, bigquery, ops
from emberharmony._core import Device, DType, Tensor, __version__
from emberharmony._errors import (
    ColumnNotFoundError,
    DataError,
    EmberError,
    MemoryLimitError,
    NotFoundError,
    StoppedError,
    UnsupportedError,
    UsageError,
)

if TYPE_CHECKING:
    from emberharmony import features
    from emberharmony._batches import (
        Batches,
        batches,
    )
    from emberharmony._model import (
        Model,
        load_model,
    )
    from emberharmony._runs import (
        Explanation,
        ExtractResult,
        FitResult,
        Inspection,
        TransformResult,
        explain,
        extract,
        fit,
        inspect,
        merge,
        plan,
        transform,
    )
    from emberharmony._status import (
        RunStatus,
        status,
    )

# Where these are: modules that need pyarrow, which takes a while to load and tensors do not need.
_LATER = {
    "Batches": "_batches",
    "batches": "_batches",
    "Model": "_model",
    "load_model": "_model",
    "Explanation": "_runs",
    "ExtractResult": "_runs",
    "FitResult": "_runs",
    "Inspection": "_runs",
    "TransformResult": "_runs",
    "explain": "_runs",
    "extract": "_runs",
    "fit": "_runs",
    "inspect": "_runs",
    "merge": "_runs",
    "plan": "_runs",
    "transform": "_runs",
    "RunStatus": "_status",
    "status": "_status",
}

__all__ = [
    "Batches",
    "ColumnNotFoundError",
    "DType",
    "DataError",
    "Device",
    "EmberError",
    "Explanation",
    "ExtractResult",
    "FitResult",
    "Inspection",
    "MemoryLimitError",
    "Model",
    "NotFoundError",
    "RunStatus",
    "StoppedError",
    "Tensor",
    "TransformResult",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "backend_utils",
    "batches",
    "bigquery",
    "explain",
    "extract",
    "features",
    "fit",
    "inspect",
    "load_model",
    "merge",
    "ops",
    "plan",
    "status",
    "transform",
]


def __getattr__(name: str) -> Any:
    if name == "features":
        return importlib.import_module("emberharmony.features")
    if name not in _LATER:
        raise AttributeError(f"module 'emberharmony' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"emberharmony.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
