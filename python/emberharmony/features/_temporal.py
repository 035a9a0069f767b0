"""Windows of rows at several strides, in terms of their principal components."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emberharmony import _core, ops
from emberharmony._core import Tensor, temporal
from emberharmony._paths import path_text
from emberharmony.bigquery import _arguments
from emberharmony.features._rows import EntityNumbers, rows_of
from emberharmony.ops._backends import prepare_backend

# Whether numbers make sense is for the processor to tell.
_ANY = -_arguments.INT64_MAX

# In a folder that keeps a data set.
_ENTITIES = "entities.arrow"

_LOG = logging.getLogger("emberharmony.features")


class TemporalResults(Mapping[int, Tensor]):
    """The windows of a whole data set in terms of their components, by stride.

    A mapping from strides to tensors of shape (windows, components). The rows wait on disk, in a
    temporary file without a name that goes with this object, and are projected when a stride is
    asked for: `results[3]` makes the whole tensor, `results.batches(3)` one small tensor after the
    other, in memory that does not depend on the data set's length.
    """

    def __init__(self, results: temporal.TemporalResults) -> None:
        self._results = results

    def __getitem__(self, stride: int) -> Tensor:
        self._check(stride)
        return self._results.read(stride)

    def __iter__(self) -> Iterator[int]:
        return iter(self._results.strides)

    def __len__(self) -> int:
        return len(self._results.strides)

    def __contains__(self, stride: object) -> bool:
        return stride in self._results.strides

    def __repr__(self) -> str:
        shapes = ", ".join(f"{stride}: {self.shape(stride)}" for stride in self)
        return f"TemporalResults({{{shapes}}})"

    def shape(self, stride: int) -> tuple[int, int]:
        """The number of windows and of components of a stride, at no cost.

        Args:
            stride: One of the strides; KeyError for others.
        """
        self._check(stride)
        return self._results.num_windows(stride), self._results.num_components(stride)

    def batches(self, stride: int) -> Iterator[Tensor]:
        """The windows of a stride in tensors of the processor's batch_size.

        Args:
            stride: One of the strides; KeyError for others.

        Yields:
            Tensors of shape (batch_size, components), the last one perhaps shorter: together
            exactly what `self[stride]` is.
        """
        self._check(stride)
        reader = self._results.open(stride)
        while (windows := reader.next()) is not None:
            yield windows

    def to_dict(self) -> dict[int, Tensor]:
        """The tensors of all strides, in one pass over the rows."""
        return self._results.read_all()

    def _check(self, stride: int) -> None:
        if stride not in self._results.strides:
            raise _no_stride(stride, self._results.strides)


class TerabyteTemporalStrideProcessor:
    """Windows of rows at several strides, in terms of their principal components.

    A window is `window_size` consecutive rows; for stride s windows start at rows 0, s, 2s, ... of
    the sequence. One basis for each stride is learned from the whole data set, which may be larger
    than memory, from an exact covariance: results depend neither on how rows come in batches nor on
    the number of threads. Each window is made once, also where batches meet, and what it becomes
    depends on its own rows and the basis alone; windows are ordered by their last rows.

    Rows are matrices of numbers as `ops.asarray` takes them, or tables with the Arrow PyCapsule
    interface (pyarrow, polars, pandas, batches of `emberharmony.bigquery`). float32 stays float32,
    all other numbers count as float64. Missing values and infinities are errors that name the
    column.

    Args:
        window_size: Rows of a window.
        stride_perspectives: Rows from one window to the next, for each stride.
        pca_components: Components of each stride, at most as many as a window has numbers, and as
            there are windows less one; None: half of a window's numbers, at most 32.
        batch_size: Windows of a tensor of `TemporalResults.batches`. Shapes nothing else.
        use_incremental_pca: Taken for the predecessor's sake: the basis is the same either way.
        verbose: Whether to tell what is done, in the log "emberharmony.features".
        preferred_backend: The backend that projects this processor's windows, such as "torch"; what
            the process has chosen stays as it is. None: the one that is chosen now; where the
            choice is automatic (or for "auto") an accelerator if there is one, else native. Bases
            are the same on all; windows that another backend than "native" projects differ in their
            last bits.
        entity_column: The column that names the entity (sensor, customer) a row belongs to, by
            name or position. Each entity's rows, in the order in which they come, are then a
            sequence of their own. None: all rows are one sequence.
        spill_dir: Where rows wait on disk; None: the system's temporary folder.

    Raises:
        ValueError: Sizes, strides or numbers of components that cannot be, or no usable backend of
            that name.
        TypeError: Arguments of other types.

    Examples:
        ```python
        processor = TerabyteTemporalStrideProcessor(window_size=5, stride_perspectives=[1, 3])
        results = processor.process_large_dataset(batches)
        every_row = results[1]
        for windows in results.batches(3):
            ...
        ```
    """

    def __init__(
        self,
        window_size: int = 5,
        stride_perspectives: Sequence[int] | None = (1, 3, 5),
        pca_components: int | None = None,
        batch_size: int = 10000,
        use_incremental_pca: bool = True,
        verbose: bool = True,
        preferred_backend: str | None = None,
        *,
        entity_column: int | str | None = None,
        spill_dir: str | None = None,
    ) -> None:
        self.window_size = _arguments.whole(window_size, "window_size", _ANY)
        self.stride_perspectives = _strides(stride_perspectives)
        self.pca_components = _arguments.optional_whole(pca_components, "pca_components", _ANY)
        self.batch_size = _arguments.whole(batch_size, "batch_size", _ANY)
        self.use_incremental_pca = use_incremental_pca
        self.verbose = verbose
        self.entity_column = _entity_column(entity_column)
        self._entities = EntityNumbers()
        automatic = _core.chooses_automatically() if preferred_backend is None else False
        chosen = ops.get_backend() if preferred_backend is None else preferred_backend
        backend = prepare_backend("auto" if automatic else chosen)
        self.backend = ops.get_backend() if backend == "auto" else backend
        self._processor = temporal.TemporalStrideProcessor(
            window_size=self.window_size,
            strides=self.stride_perspectives,
            components=self.pca_components,
            batch_size=self.batch_size,
            spill_dir="" if spill_dir is None else path_text(spill_dir, "spill_dir"),
            backend=backend,
        )

    def process_large_dataset(
        self,
        data_generator: Iterable[Any],
        maintain_state: bool = True,
        *,
        folder: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> TemporalResults:
        """Learns a basis for each stride from a whole data set, and gives what projects it.

        The rows are written to disk as they come, read once more to learn, and again for each
        result. What was learned before is replaced; after an error it stays as it was.

        With a `folder` the rows are kept there once all of them have come, and what was learned of
        them once it is complete. A process that was stopped or killed meanwhile goes on there with
        `resume`, with the same results; killed while rows came, it begins with the first.

        Args:
            data_generator: Gives batches of rows, all of the same columns and dtype; or a single
                table or matrix.
            maintain_state: Whether all batches are one table, behind whose last row `process_batch`
                goes on. False: each batch stands for itself, no window reaches from one to the
                next.
            folder: Keeps the data set beyond this process, in the place of a temporary file: new,
                empty, or with `resume` one that such a call has made. Results read from it; it
                takes as much as the rows, and goes when it is deleted.
            resume: Goes on with what is in the folder: rows that are kept there are taken as they
                are, and `data_generator` is not asked for any; what was learned of them for such
                windows is not learned again. It begins where there is nothing yet.

        Returns:
            A mapping from strides to tensors (windows, components), which are made when asked for.

        Raises:
            ValueError: Values that are missing or not finite (the message names the cell), fewer
                than two windows of a stride, batches that differ; a folder that holds anything
                else, is in use, or whose rows came with another `maintain_state`.
            OSError: The disk that the rows wait on is full or not writable.
        """
        kept = None if folder is None else Path(path_text(folder, "folder"))
        if _arguments.flag(resume, "resume") and kept is None:
            raise ValueError(
                "resume goes on with a data set that outlives the process: name its folder"
            )
        entities = EntityNumbers()
        batches: Iterator[Any] | None = None
        num_rows = 0

        def next_batch() -> tuple[Tensor, Tensor | None] | None:
            nonlocal num_rows, batches
            if batches is None:
                batches = _batches_of(data_generator, bool(maintain_state))
            for data in batches:
                rows, sequences = rows_of(data, self.entity_column, entities)
                num_rows += rows.shape[0]
                return rows, sequences
            # Before it is noted that all rows are there.
            if kept is not None and self.entity_column is not None:
                entities.write(kept / _ENTITIES)
            return None

        results = TemporalResults(
            self._processor.process_large_dataset(
                next_batch, bool(maintain_state), "" if kept is None else str(kept), resume
            )
        )
        if batches is None and kept is not None and self.entity_column is not None:
            entities = EntityNumbers.read(kept / _ENTITIES)
        self._entities = entities
        if self.verbose and batches is None:
            _LOG.info("rows that were kept in '%s': windows and components %r", kept, results)
        elif self.verbose:
            _LOG.info("%d rows: windows and components %r", num_rows, results)
        return results

    def process_batch(self, data: Any) -> dict[int, Tensor]:
        """The windows that end in these rows, in terms of what was learned.

        The rows follow those of the batches before, or of the data set that was learned from. So
        the last rows of one batch are in the first windows of the next.

        Args:
            data: Rows of the columns that were learned from.

        Returns:
            For each stride a tensor (windows, components), perhaps of no windows.

        Raises:
            ValueError: Nothing was learned yet, other columns, or values that are not finite.
        """
        if not self._processor.is_learned:
            raise ValueError("no basis has been learned yet: call process_large_dataset first")
        rows, sequences = rows_of(data, self.entity_column, self._entities)
        results = self._processor.process_batch(rows, sequences)
        if self.verbose:
            counts = {stride: tensor.shape[0] for stride, tensor in results.items()}
            _LOG.info("%d rows: windows by stride %r", rows.shape[0], counts)
        return results

    def reset_state(self) -> None:
        """Forgets the rows that are kept for the next batch's windows, not what was learned."""
        self._processor.reset_state()
        self._entities = EntityNumbers()

    def get_explained_variance(self, stride: int) -> float:
        """The share of the variance of all windows that the components have, from 0 to 1.

        Args:
            stride: One of the strides.

        Raises:
            KeyError: Another stride.
            ValueError: Nothing was learned yet.
        """
        self._check(stride)
        return self._processor.explained_variance(stride)

    def get_feature_importance(self, stride: int) -> Tensor:
        """For each number of a window, row by row, the sum of the sizes of its loadings.

        Args:
            stride: One of the strides.

        Returns:
            A tensor of window_size times the number of columns.

        Raises:
            KeyError: Another stride.
            ValueError: Nothing was learned yet.
        """
        self._check(stride)
        return self._processor.feature_importance(stride)

    def get_basis(self, stride: int) -> dict[str, Any]:
        """What was learned for a stride, by scikit-learn's names.

        Args:
            stride: One of the strides.

        Returns:
            `num_windows`, and tensors `mean` (features), `components` (components, features),
            `explained_variance` and `explained_variance_ratio` (components).

        Raises:
            KeyError: Another stride.
            ValueError: Nothing was learned yet.
        """
        self._check(stride)
        return self._processor.basis(stride)

    def _check(self, stride: int) -> None:
        if stride not in self.stride_perspectives:
            raise _no_stride(stride, self.stride_perspectives)


def _no_stride(stride: object, there: Iterable[int]) -> KeyError:
    strides = ", ".join(map(str, there))
    return KeyError(f"stride: expected one of {strides}, found {stride!r:.80}")


def _entity_column(column: int | str | None) -> int | str | None:
    if column is None or isinstance(column, str):
        return column
    try:
        return _arguments.whole(column, "entity_column", _ANY)
    except TypeError:
        raise TypeError(
            f"entity_column: expected a column's name or its position, found {column!r}"
        ) from None


def _strides(strides: Sequence[int] | None) -> list[int]:
    if strides is None:
        return [1, 3, 5]
    if isinstance(strides, str) or not isinstance(strides, Iterable):
        raise TypeError(f"stride_perspectives: expected a list of strides, found {strides!r}")
    return [
        _arguments.whole(stride, f"stride_perspectives[{index}]", _ANY)
        for index, stride in enumerate(strides)
    ]


def _batches_of(data: Any, joined: bool) -> Iterator[Any]:
    """The batches that a data set consists of: a table or a matrix is one, or its parts if they
    count as one sequence."""
    if isinstance(data, Iterator):
        return data
    if joined and hasattr(data, "__arrow_c_stream__"):
        import pyarrow

        return iter(pyarrow.RecordBatchReader.from_stream(data))
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return iter([data])
    if len(getattr(data, "shape", ())) == 2:
        return iter([data])
    if isinstance(data, str | bytes | Mapping) or not isinstance(data, Iterable):
        raise TypeError(
            "data_generator: expected batches of rows (an iterable of matrices or tables), or one "
            f"of them, found {type(data).__name__}"
        )
    return iter(data)
