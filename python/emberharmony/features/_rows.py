"""Rows of tables as tensors: what may be given where rows of numbers are wanted."""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from emberharmony import ops
from emberharmony._core import Tensor


class EntityNumbers:
    """Numbers of the entities that rows belong to, in the order in which they are first seen."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, entity: Hashable) -> int:
        """The number of an entity, a new one if it was never seen before."""
        return self._numbers.setdefault(entity, len(self._numbers))

    def write(self, path: Path) -> None:
        """Writes the entities to a file, which is on disk then.

        Raises:
            TypeError: They are of kinds that have no common type of Arrow.
        """
        import pyarrow as pa

        try:
            values = pa.array(list(self._numbers))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise TypeError(f"entities of these kinds cannot be kept in a file: {error}") from None
        with path.open("wb") as file:
            with pa.ipc.new_file(file, pa.schema({"entity": values.type})) as writer:
                writer.write_batch(pa.record_batch({"entity": values}))
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, path: Path) -> EntityNumbers:
        """What `write` has written.

        Raises:
            ValueError: The file is not there, or no such file.
        """
        import pyarrow as pa

        entities = cls()
        try:
            with pa.ipc.open_file(path.read_bytes()) as reader:
                values = reader.read_all().column("entity").to_pylist()
        except (OSError, KeyError, pa.ArrowInvalid) as error:
            raise ValueError(
                f"the entities of the kept data set cannot be read ({error}); delete the folder, "
                "and begin anew"
            ) from None
        for entity in values:
            entities.number(entity)
        return entities


def rows_of(
    data: Any, entity_column: int | str | None, entities: EntityNumbers
) -> tuple[Tensor, Tensor | None]:
    """A tensor (rows, columns) of some rows, and the number of the entity of each.

    Args:
        data: A matrix as ops.asarray takes it, or a table with the Arrow PyCapsule interface
            (pyarrow, polars, pandas, a batch of emberharmony.bigquery).
        entity_column: The column that names the entity, which is left out of the rows: by position,
            of a table also by name. None: there is none.
        entities: Which numbers entities have.
    """
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _rows_of_table(data, entity_column, entities)
    rows = ops.asarray(data)
    if len(rows.shape) != 2:
        raise ValueError(f"expected rows of shape (rows, columns), found shape {rows.shape}")
    if entity_column is None:
        return rows, None
    if isinstance(entity_column, str):
        raise ValueError(
            f"expected a table with column names for entity_column {entity_column!r}, found a "
            "matrix; name the column by its position"
        )
    width = rows.shape[1]
    if not -width <= entity_column < width:
        raise ValueError(f"entity_column: expected a column of {width}, found {entity_column}")
    position = entity_column % width
    column = rows[:, position].tolist()
    numbers = ops.asarray([entities.number(entity) for entity in column], dtype=ops.int64)
    others = ops.concat([rows[:, :position], rows[:, position + 1 :]], axis=1)
    return others, numbers


def _rows_of_table(
    data: Any, entity_column: int | str | None, entities: EntityNumbers
) -> tuple[Tensor, Tensor | None]:
    import pyarrow as pa

    table = pa.record_batch(data) if hasattr(data, "__arrow_c_array__") else pa.table(data)
    names = table.schema.names
    numbers = None
    position = _position_of(entity_column, names)
    if position is not None:
        numbers = _entity_numbers(table.column(position), entities)
    columns = [(name, _whole(table.column(i))) for i, name in enumerate(names) if i != position]
    if not columns:
        raise ValueError("expected columns of numbers, found none")
    single = all(pa.types.is_float32(column.type) for _, column in columns)
    target = pa.float32() if single else pa.float64()
    return ops.stack(
        [_tensor_of(name, column, target) for name, column in columns], axis=1
    ), numbers


def _position_of(entity_column: int | str | None, names: list[str]) -> int | None:
    if entity_column is None:
        return None
    if isinstance(entity_column, int):
        if not -len(names) <= entity_column < len(names):
            raise ValueError(
                f"entity_column: expected a column of {len(names)}, found {entity_column}"
            )
        return entity_column % len(names)
    if names.count(entity_column) != 1:
        raise ValueError(
            f"entity_column: expected the name of a column ({', '.join(names)}), "
            f"found {entity_column!r}"
        )
    return names.index(entity_column)


def _whole(column: Any) -> Any:
    """A column as one array."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks()


def _entity_numbers(column: Any, entities: EntityNumbers) -> Tensor:
    """The numbers of a column's entities; null is one as well."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = _whole(column)
    if not pa.types.is_dictionary(encoded.type):
        encoded = pc.dictionary_encode(encoded, null_encoding="encode")
    known = [entities.number(entity) for entity in encoded.dictionary.to_pylist()]
    missing = [entities.number(None)] if encoded.indices.null_count else []
    indices = encoded.indices.cast(pa.int64())
    if missing:
        indices = indices.fill_null(len(known))
    places = ops.asarray([*known, *missing], dtype=ops.int64)
    return ops.take(places, ops.asarray(indices), axis=0)


def _tensor_of(name: str, column: Any, target: Any) -> Tensor:
    import pyarrow as pa

    kind = column.type
    if not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
    ):
        raise TypeError(f"column {name!r}: expected numbers, found {kind}; leave it out")
    if column.null_count:
        raise ValueError(
            f"column {name!r} has {column.null_count} missing values: windows and components are "
            "of numbers; fill or drop them first"
        )
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    return ops.asarray(column.cast(target, safe=False))
