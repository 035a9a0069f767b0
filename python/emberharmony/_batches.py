"""Features on their way to a training loop: batches of tensors, streamed and shuffled."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, overload

import pyarrow

from emberharmony import _core
from emberharmony._errors import unknown_column
from emberharmony._shards import FilePath, Part, Shards
from emberharmony.bigquery import Batch, _arguments

_engine: Any = _core.engine

Backend = Literal["torch", "numpy", "mlx", "native"]

Features = dict[str, Any]
"""Tensors by column, of the kind that the backend has."""

_Batch = TypeVar("_Batch", Features, tuple[Features, Any])

# Rows that are mixed with each other, unless the caller says otherwise.
_WINDOW_ROWS = 1 << 18
_READ_ROWS = 1 << 16
# How often a thread that waits looks whether it is still wanted.
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class _Order:
    """What fixes the sequence of batches; nothing else does."""

    batch_size: int
    shuffle: bool
    seed: int
    rank: int
    world_size: int
    drop_last: bool
    window_rows: int


def _permutation(size: int, seed: int, epoch: int, rank: int, part: int) -> pyarrow.Array:
    order = _engine.permutation(size, seed, epoch, rank, part)
    return pyarrow.Array.from_buffers(pyarrow.int64(), size, [None, pyarrow.py_buffer(order)])


def _rank_rows(num_rows: int, order: _Order) -> tuple[int, int]:
    """Which rows of an epoch are this rank's: as many as another's, or one less."""
    begin = num_rows * order.rank // order.world_size
    end = num_rows * (order.rank + 1) // order.world_size
    if order.drop_last:
        # As many batches for each rank: who waits for the others' gradients must not wait forever.
        even = num_rows // order.world_size
        end = begin + even // order.batch_size * order.batch_size
    return begin, end


def _epoch_parts(parts: Sequence[Part], order: _Order, epoch: int) -> list[Part]:
    """All parts in the order of an epoch, which is the same for all ranks."""
    if not order.shuffle:
        return list(parts)
    shuffled = _permutation(len(parts), order.seed, epoch, 0, 0).to_pylist()
    return [parts[i] for i in shuffled]


def _rank_rows_of_epoch(
    shards: Shards, columns: Sequence[str], order: _Order, epoch: int
) -> Iterator[pyarrow.RecordBatch]:
    """The rows of this rank, as they are read."""
    begin, end = _rank_rows(shards.num_rows, order)
    position = 0
    wanted: list[Part] = []
    skip = 0
    for part in _epoch_parts(shards.parts, order, epoch):
        if position < end and position + part.rows > begin:
            if not wanted:
                skip = begin - position
            wanted.append(part)
        position += part.rows
    left = end - begin
    for batch in shards.read(wanted, columns, _READ_ROWS):
        if left == 0:
            return
        if skip >= batch.num_rows:
            skip -= batch.num_rows
            continue
        taken = batch.slice(skip, left)
        skip = 0
        left -= taken.num_rows
        yield taken


def _cut(
    batches: Iterator[pyarrow.RecordBatch], rows: int, schema: pyarrow.Schema
) -> Iterator[pyarrow.Table]:
    """Tables of exactly so many rows, but for the last one."""
    waiting: list[pyarrow.RecordBatch] = []
    num_rows = 0
    for batch in batches:
        start = 0
        while num_rows + batch.num_rows - start >= rows:
            taken = rows - num_rows
            waiting.append(batch.slice(start, taken))
            start += taken
            yield pyarrow.Table.from_batches(waiting, schema)
            waiting, num_rows = [], 0
        if start < batch.num_rows:
            waiting.append(batch.slice(start))
            num_rows += batch.num_rows - start
    if waiting:
        yield pyarrow.Table.from_batches(waiting, schema)


def _whole(table: pyarrow.Table) -> pyarrow.RecordBatch:
    """A table as one batch: without a copy if it is one already."""
    return table.combine_chunks().to_batches()[0]


def _record_batches(
    shards: Shards, columns: Sequence[str], order: _Order, epoch: int
) -> Iterator[pyarrow.RecordBatch]:
    """The batches of an epoch."""
    schema = pyarrow.schema([shards.schema.field(name) for name in columns])
    rows = _rank_rows_of_epoch(shards, columns, order, epoch)
    if not order.shuffle:
        for table in _cut(rows, order.batch_size, schema):
            yield _whole(table)
        return
    for window, table in enumerate(_cut(rows, order.window_rows, schema)):
        mixed = _whole(table)
        del table
        shuffled = _permutation(mixed.num_rows, order.seed, epoch, order.rank, window + 1)
        for start in range(0, mixed.num_rows, order.batch_size):
            yield mixed.take(shuffled.slice(start, order.batch_size))


def _to_torch(tensor: Any, device: Any) -> Any:
    import torch

    moved = torch.from_dlpack(tensor)
    return moved if device is None else moved.to(device, non_blocking=True)


def _to_numpy(tensor: Any, device: Any) -> Any:
    return tensor.numpy()


def _to_mlx(tensor: Any, device: Any) -> Any:
    import mlx.core

    return mlx.core.array(tensor)


def _to_native(tensor: Any, device: Any) -> Any:
    return tensor if device is None else tensor.to_device(device)


_CONVERTERS: dict[str | None, Callable[[Any, Any], Any]] = {
    None: _to_native,
    "native": _to_native,
    "numpy": _to_numpy,
    "torch": _to_torch,
    "mlx": _to_mlx,
}


@dataclass(frozen=True)
class _Item:
    epoch: int
    tensors: dict[str, Any]


def _produce(
    shards: Shards,
    columns: Sequence[str],
    order: _Order,
    epochs: int | None,
    fill_null: float | None,
) -> Iterator[_Item]:
    epoch = 0
    while epochs is None or epoch < epochs:
        for batch in _record_batches(shards, columns, order, epoch):
            ours = Batch(_engine.batch_of_capsules(*batch.__arrow_c_array__()))
            yield _Item(epoch, ours.to_tensors(fill_null=fill_null))
        epoch += 1


def _fill(items: Iterator[_Item], waiting: queue.Queue[Any], stop: threading.Event) -> None:
    """The thread that reads ahead. It knows nothing of who reads, so that nobody need end it."""

    def put(item: Any) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=_LOOK_SECONDS)
                return True
            except queue.Full:
                continue
        return False

    try:
        for item in items:
            if not put(item):
                return
        put(None)
    except BaseException as error:
        put(error)


class Batches(Generic[_Batch]):
    """Batches of tensors, an iterator: what `batches` returns.

    Each is a dict of tensors by column, `Batches[dict[str, Any]]`, or with a target a pair of such
    a dict and the target's tensor, `Batches[tuple[dict[str, Any], Any]]`.

    Several threads may share one: each batch goes to one of them. `close`, or leaving a `with`,
    ends the reading ahead.
    """

    def __init__(
        self,
        shards: Shards,
        columns: Sequence[str],
        order: _Order,
        *,
        epochs: int | None,
        backend: str | None,
        device: Any,
        prefetch: int,
        target: str | None,
        fill_null: float | None,
    ) -> None:
        self._shards = shards
        self._columns = list(columns)
        self._order = order
        self._epochs = epochs
        self._convert = _CONVERTERS[backend]
        self._device = device
        self._target = target
        self._source: object = None  # what must stay while its files are read
        self._epoch = 0
        self._closed = False
        self._turn = threading.Lock()  # whose batch is next
        items = _produce(shards, self._columns, order, epochs, fill_null)
        self._items: Iterator[_Item] | None = items
        self._stop = threading.Event()
        self._waiting: queue.Queue[Any] | None = None
        self._thread: threading.Thread | None = None
        if prefetch > 0:
            self._waiting = queue.Queue(prefetch)
            self._thread = threading.Thread(
                target=_fill,
                args=(items, self._waiting, self._stop),
                name="emberharmony-batches",
                daemon=True,
            )
            weakref.finalize(self, self._stop.set)
            self._thread.start()

    @property
    def column_names(self) -> list[str]:
        """The columns, in their order; the target is one of them."""
        return list(self._columns)

    @property
    def num_rows(self) -> int:
        """The rows of one epoch, of this rank."""
        begin, end = _rank_rows(self._shards.num_rows, self._order)
        return end - begin

    @property
    def batches_per_epoch(self) -> int:
        """The batches of one epoch, of this rank."""
        return -(-self.num_rows // self._order.batch_size)

    @property
    def epoch(self) -> int:
        """The epoch of the last batch, counted from 0."""
        return self._epoch

    @property
    def closed(self) -> bool:
        """Whether the reading is over."""
        return self._closed

    def __len__(self) -> int:
        if self._epochs is None:
            raise TypeError("batches without an end have no length: epochs is None")
        return self._epochs * self.batches_per_epoch

    def __iter__(self) -> Batches[_Batch]:
        return self

    def __next__(self) -> _Batch:
        item = self._next_item()
        if item is None:
            self.close()
            raise StopIteration
        self._epoch = item.epoch
        tensors = {
            name: self._convert(tensor, self._device) for name, tensor in item.tensors.items()
        }
        if self._target is None:
            batch: Any = tensors
        else:
            target = tensors.pop(self._target)
            batch = (tensors, target)
        return batch

    def _next_item(self) -> _Item | None:
        with self._turn:
            # Another thread may close at any time: what it puts away is looked at once.
            items, waiting = self._items, self._waiting
            if self._closed or items is None:
                return None
            item = next(items, None) if waiting is None else self._wait(waiting)
        if isinstance(item, BaseException):
            self.close()
            raise item
        return item

    def _wait(self, waiting: queue.Queue[Any]) -> Any:
        """The next item; None once all is closed. A signal that comes just before a wait without
        end would be seen after it, so each wait has one."""
        while not self._closed:
            try:
                return waiting.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
        return None

    def close(self) -> None:
        """Ends the reading. Twice does no harm."""
        if self._closed:
            return
        self._closed = True
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._waiting = None
        self._items = None

    def __enter__(self) -> Batches[_Batch]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _chosen_columns(
    schema: pyarrow.Schema, columns: Sequence[str] | None, target: str | None
) -> list[str]:
    names = list(schema.names)
    if target is not None and _arguments.text(target, "target") not in names:
        raise unknown_column(target, names, "target: one of the columns")
    chosen = list(names) if columns is None else _arguments.names(columns, "columns")
    for name in chosen:
        if name not in names:
            raise unknown_column(name, names, "columns: some")
    if target is not None and target not in chosen:
        chosen.append(target)
    return chosen


def _to_empty_tensors(schema: pyarrow.Schema, names: Sequence[str]) -> None:
    fields = [schema.field(name) for name in names]
    # pyarrow.array would look for arrays of NumPy, where that is loaded.
    rows = pyarrow.RecordBatch.from_arrays(
        [pyarrow.nulls(0, field.type) for field in fields], schema=pyarrow.schema(fields)
    )
    Batch(_engine.batch_of_capsules(*rows.__arrow_c_array__())).to_tensors()


def _check_types(schema: pyarrow.Schema, names: Sequence[str], target: str | None) -> None:
    """Raises a TypeError for a column that cannot be a tensor, before anything is read."""
    try:
        if target is not None:
            _to_empty_tensors(schema, [target])
    except TypeError as error:
        raise TypeError(
            f"batches: the target, {error}; take a column of numbers as the target, one for each "
            "class, or target=None and columns= without it, and read it beside the batches"
        ) from None
    try:
        _to_empty_tensors(schema, names)
    except TypeError as error:
        raise TypeError(f"batches: {error}; leave it out with columns=") from None


def _checked_order(
    batch_size: Any,
    shuffle: bool,
    seed: Any,
    rank: Any,
    world_size: Any,
    drop_last: bool,
    window_rows: Any,
) -> _Order:
    """What fixes the sequence, of arguments that anybody may have given."""
    batch_size = _arguments.whole(batch_size, "batch_size", 1)
    world_size = _arguments.whole(world_size, "world_size", 1, _arguments.INT32_MAX)
    rank = _arguments.whole(rank, "rank", -_arguments.INT64_MAX)
    if not 0 <= rank < world_size:
        raise ValueError(
            f"rank: expected 0 to world_size - 1, found {rank} with world_size {world_size}"
        )
    wanted = max(_WINDOW_ROWS, 4 * batch_size)
    if window_rows is not None:
        wanted = _arguments.whole(window_rows, "window_rows", 1)
    return _Order(
        batch_size=batch_size,
        shuffle=_arguments.flag(shuffle, "shuffle"),
        seed=_arguments.whole(seed, "seed", -_arguments.INT64_MAX - 1),
        rank=rank,
        world_size=world_size,
        drop_last=_arguments.flag(drop_last, "drop_last"),
        window_rows=-(-wanted // batch_size) * batch_size,
    )


@overload
def batches(
    source: FilePath | Sequence[FilePath],
    batch_size: int = 65536,
    *,
    backend: Backend | None = None,
    device: Any = None,
    shuffle: bool = False,
    seed: int = 0,
    epochs: int | None = 1,
    rank: int = 0,
    world_size: int = 1,
    drop_last: bool = False,
    prefetch: int = 2,
    columns: Sequence[str] | None = None,
    target: None = None,
    fill_null: float | None = None,
    window_rows: int | None = None,
) -> Batches[Features]: ...
@overload
def batches(
    source: FilePath | Sequence[FilePath],
    batch_size: int = 65536,
    *,
    backend: Backend | None = None,
    device: Any = None,
    shuffle: bool = False,
    seed: int = 0,
    epochs: int | None = 1,
    rank: int = 0,
    world_size: int = 1,
    drop_last: bool = False,
    prefetch: int = 2,
    columns: Sequence[str] | None = None,
    target: str,
    fill_null: float | None = None,
    window_rows: int | None = None,
) -> Batches[tuple[Features, Any]]: ...
def batches(
    source: FilePath | Sequence[FilePath],
    batch_size: int = 65536,
    *,
    backend: Backend | None = None,
    device: Any = None,
    shuffle: bool = False,
    seed: int = 0,
    epochs: int | None = 1,
    rank: int = 0,
    world_size: int = 1,
    drop_last: bool = False,
    prefetch: int = 2,
    columns: Sequence[str] | None = None,
    target: str | None = None,
    fill_null: float | None = None,
    window_rows: int | None = None,
) -> Batches[Any]:
    """Batches of tensors from features that `extract` or `transform` has written.

    Files are streamed: memory holds the batches that wait, and with shuffle two windows of rows.
    The sequence depends on the files and on batch_size, shuffle, seed, rank, world_size, drop_last
    and window_rows alone: the same arguments give the same batches, whatever prefetch, backend or
    machine.

    Args:
        source: The folder of a split (`result.paths["train"]`), files, or a list of them: Parquet
            or Arrow.
        batch_size: Rows of a batch; the last one of an epoch may have fewer.
        backend: What the tensors are: "torch", "numpy", "mlx", or "native" (the default), tensors
            of `ops`. On the CPU the memory is shared, not copied; mlx copies.
        device: Where they go, as torch's `to` or `Tensor.to_device` take it; None: the CPU.
        shuffle: Whether each epoch has the rows in another order: parts of the files (row groups)
            first, then the rows within windows of them.
        seed: Of the shuffling.
        epochs: How often all rows come; 0: never, which gives no batch; None: without end.
        rank: Which part of the rows is read here, from 0 on: ranks read disjoint rows, together
            all.
        world_size: How many ranks there are.
        drop_last: Leaves out a last batch that is not full, and with several ranks what it takes
            for all of them to have equally many batches.
        prefetch: Batches that are read ahead by another thread; 0: none.
        columns: Which columns; None: all. Columns of text cannot be tensors.
        target: The column to predict: then each item is a pair (features, target).
        fill_null: What stands for a null; None: NaN, which integers do not have.
        window_rows: Rows that are mixed with each other; None: 262,144, or 4 batches if that is
            more. Rounded up to whole batches.

    Returns:
        An iterator of dicts of tensors by column (matrices for columns of lists), or of pairs with
        a target; also a context manager, with `len()`, `epoch` and `close()`.

    Raises:
        FileNotFoundError: There are no files.
        KeyError: A column that is not there.
        ValueError: Arguments out of range, files of several schemas; later, nulls of integers.
        TypeError: A column that cannot be a tensor, as those of text.
    """
    order = _checked_order(batch_size, shuffle, seed, rank, world_size, drop_last, window_rows)
    if backend not in _CONVERTERS:
        raise ValueError(
            f"backend: expected 'torch', 'numpy', 'mlx' or 'native', found {backend!r}"
        )
    if backend in ("numpy", "mlx") and device is not None:
        raise ValueError(f"device: {backend} takes none, found {device!r}")
    epochs = _arguments.optional_whole(epochs, "epochs", 0)
    prefetch = _arguments.whole(prefetch, "prefetch", 0, _arguments.INT32_MAX)
    if fill_null is not None:
        fill_null = _arguments.real(fill_null, "fill_null")
    shards = Shards(source)
    chosen = _chosen_columns(shards.schema, columns, target)
    _check_types(shards.schema, chosen, target)
    return Batches(
        shards,
        chosen,
        order,
        epochs=epochs,
        backend=backend,
        device=device,
        prefetch=prefetch,
        target=target,
        fill_null=fill_null,
    )
