"""Random nested tables, and what the reference says of nested cells, written down once more."""

import base64
import datetime
import decimal
import json
import math
import random

import farmhash
import pyarrow as pa
import pyarrow.compute as pc

LEAVES = [
    pa.int32(),
    pa.int64(),
    pa.float32(),
    pa.float64(),
    pa.string(),
    pa.bool_(),
    pa.date32(),
    pa.timestamp("us"),
    pa.decimal128(9, 2),
]


def random_type(draw: random.Random, depth: int, lists: bool = True) -> pa.DataType:
    """A type that is nested `depth` levels deep along its first branch."""
    if depth == 0:
        return draw.choice(LEAVES)
    if lists and draw.random() < 0.3:
        return pa.list_(random_type(draw, depth - 1, lists))
    below = [depth - 1] + [draw.randrange(depth) for _ in range(draw.randrange(3))]
    return pa.struct([(f"f{i}", random_type(draw, b, lists)) for i, b in enumerate(below)])


def random_cell(draw: random.Random, kind: pa.DataType, null_share: float = 0.2) -> object:
    if draw.random() < null_share:
        return None
    if pa.types.is_struct(kind):
        return {field.name: random_cell(draw, field.type, null_share) for field in kind}
    if pa.types.is_list(kind):
        return [random_cell(draw, kind.value_type, null_share) for _ in range(draw.randrange(4))]
    if pa.types.is_string(kind):
        return draw.choice(["", "a", 'quo"te', "back\\slash", "line\nend", "é", "\x01", "zz"])
    if pa.types.is_boolean(kind):
        return draw.random() < 0.5
    if pa.types.is_date(kind):
        return datetime.date(2001, 1, 1) + datetime.timedelta(days=draw.randrange(-9999, 9999))
    if pa.types.is_timestamp(kind):
        micros = draw.choice([0, 1, 500_000, 123_456])
        return datetime.datetime(1999, 12, 31, 23, draw.randrange(60), 59, micros)
    if pa.types.is_decimal(kind):
        return decimal.Decimal(draw.randrange(-10_000, 10_000)).scaleb(-2)
    if pa.types.is_floating(kind):
        return draw.choice([0.0, -0.0, 1.0, -2.5, 0.1, 1e21, 1e-7, 123456.75, math.inf, math.nan])
    return draw.randrange(-50, 50)


def random_table(seed: int, rows: int, depths: list[int], lists: bool = True) -> pa.Table:
    """Columns `id` (0, 1, ...) and `c0`, `c1`, ..., one for each depth."""
    draw = random.Random(seed)
    columns = {"id": pa.array(range(rows), pa.int64())}
    for i, depth in enumerate(depths):
        kind = random_type(draw, depth, lists)
        columns[f"c{i}"] = pa.array([random_cell(draw, kind) for _ in range(rows)], kind)
    return pa.table(columns)


def flattened(table: pa.Table) -> pa.Table:
    """Structs replaced by their fields, `parent.child`, null where anything above them is."""
    columns: dict[str, pa.Array] = {}

    def add(name: str, array: pa.Array) -> None:
        if not pa.types.is_struct(array.type):
            columns[name] = array
            return
        for i, field in enumerate(array.type):
            add(f"{name}.{field.name}", pc.struct_field(array, [i]))

    for name in table.column_names:
        add(name, table[name].combine_chunks())
    return pa.table(columns)


def flat_names(table: pa.Table) -> list[str]:
    """The names of the flattened table's columns that are not lists or maps."""
    flat = flattened(table)
    return [name for name in flat.column_names if not pa.types.is_nested(flat[name].type)]


def _number(value: float) -> str:
    """ECMAScript's Number::toString, from Python's shortest digits."""
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0:
        return "0"
    _, digits, exponent = decimal.Decimal(repr(abs(value))).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + exponent
    if len(text) <= point <= 21:
        text += "0" * (point - len(text))
    elif 0 < point <= 21:
        text = text[:point] + "." + text[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        power = point - 1
        mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
        text = f"{mantissa}e{'-' if power < 0 else '+'}{abs(power)}"
    return ("-" if value < 0 else "") + text


def canonical_json(value: object, kind: pa.DataType) -> str:
    if value is None:
        return "null"
    if pa.types.is_struct(kind):
        items = (f"{json.dumps(f.name)}:{canonical_json(value[f.name], f.type)}" for f in kind)
        return "{" + ",".join(items) + "}"
    if pa.types.is_map(kind):
        pairs = (
            f'{{"key":{canonical_json(k, kind.key_type)},'
            f'"value":{canonical_json(v, kind.item_type)}}}'
            for k, v in value
        )
        return "[" + ",".join(pairs) + "]"
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return "[" + ",".join(canonical_json(v, kind.value_type) for v in value) + "]"
    if pa.types.is_boolean(kind):
        return "true" if value else "false"
    if pa.types.is_floating(kind):
        return _number(value)
    if pa.types.is_integer(kind):
        return str(value)
    if pa.types.is_decimal(kind):
        text = f"{value:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in ("-0", "") else text
    if pa.types.is_string(kind):
        return json.dumps(value, ensure_ascii=False)
    if pa.types.is_binary(kind):
        return '"' + base64.b64encode(value).decode() + '"'
    if pa.types.is_date(kind):
        return f'"{value.isoformat()}"'
    if pa.types.is_timestamp(kind):
        text = value.strftime("%Y-%m-%d %H:%M:%S")
        if value.microsecond % 1000:
            text += f".{value.microsecond:06d}"
        elif value.microsecond:
            text += f".{value.microsecond // 1000:03d}"
        return f'"{text}"'
    raise AssertionError(f"no form for {kind}")


def row_fingerprints(table: pa.Table, seed: int) -> list[int]:
    """The fingerprints of the rows of a table of integers and nested cells."""
    fingerprints = []
    columns = [(field.type, table[field.name].to_pylist()) for field in table.schema]
    for row in range(table.num_rows):
        cells = seed.to_bytes(8, "little", signed=True)
        for kind, values in columns:
            value = values[row]
            if value is None:
                cell = 0
            elif pa.types.is_integer(kind):
                cell = farmhash.fingerprint64(b"\x02" + value.to_bytes(8, "little", signed=True))
            else:
                assert pa.types.is_nested(kind)
                cell = farmhash.fingerprint64(b"\x0b" + canonical_json(value, kind).encode())
            cells += cell.to_bytes(8, "little")
        fingerprints.append(farmhash.fingerprint64(cells))
    return fingerprints


def row_buckets(table: pa.Table, seed: int) -> list[int]:
    """The buckets of the rows, split without a key."""
    return [fingerprint & 0xFFFFF for fingerprint in row_fingerprints(table, seed)]
