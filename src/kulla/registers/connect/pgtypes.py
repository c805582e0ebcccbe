"""PostgreSQL's types in Arrow: what a table of rows is typed as, and how values travel as CSV between both.

Types without a counterpart (json, ranges, arrays …) travel as the text that PostgreSQL shows for them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from kulla.registers.schema import TIME

_PLAIN = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": TIME,
}
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_TEXT = re.compile(r"(character varying|character|bpchar|name)(\(\d+\))?")
_PRECISION = re.compile(r"(timestamp)\(\d\)")
_BLOCK = 8 << 20


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type of a PostgreSQL type as format_type() names it; string for what has no counterpart.

    >>> arrow_type("numeric(12,2)"), arrow_type("timestamp(3) without time zone"), arrow_type("uuid")
    (Decimal128Type(decimal128(12, 2)), TimestampType(timestamp[us]), DataType(string))
    """
    if (match := _NUMERIC.fullmatch(name)) and int(match[2]) <= int(match[1]) <= 38:
        return pa.decimal128(int(match[1]), int(match[2]))
    return _PLAIN.get(_PRECISION.sub(r"\1", name), pa.string())


def common_type(one: str, other: str) -> str:
    """The type that holds the values of both: of whole numbers and decimals the wider, else text.

    >>> common_type("numeric(12,2)", "numeric(10,4)"), common_type("integer", "bigint"), common_type("date", "integer")
    ('numeric(14,4)', 'bigint', 'text')
    """
    if one == other:
        return one
    numbers = [_NUMERIC.fullmatch(each) for each in (one, other)]
    if numbers[0] and numbers[1]:
        scale = max(int(each[2]) for each in numbers if each)
        whole = max(int(each[1]) - int(each[2]) for each in numbers if each)
        return f"numeric({whole + scale},{scale})" if whole + scale <= 38 else "text"
    for family in (("smallint", "integer", "bigint"), ("real", "double precision")):
        if one in family and other in family:
            return max(one, other, key=family.index)
    return "text"


def is_text(name: str) -> bool:
    """Whether a type's values are plain text, which travels the same whichever way it is asked for.

    >>> is_text("character varying(20)"), is_text("text[]")
    (True, False)
    """
    return name == "text" or bool(_TEXT.fullmatch(name))


def typed(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Values as PostgreSQL's jsonb shows them, in an Arrow type; far days are bounded as `bounded` does.

    Raises ArrowInvalid for a text that is no value of the type.
    """
    if pa.types.is_string(kind):
        return texts
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        tail = "" if pa.types.is_date(kind) else "T00:00:00" + ("+00:00" if kind.tz else "")
        for word, day in (("infinity", "9999-12-31"), ("-infinity", "0001-01-01")):
            texts = pc.if_else(pc.equal(texts, word), day + tail, texts)
        early = pc.ends_with(texts, " BC")
        texts = pc.if_else(early, "0001-01-01" + tail, texts)
        # Years of five digits and more.
        texts = pc.if_else(pc.match_substring_regex(texts, "^[0-9]{5,}-"), "9999-12-31" + tail, texts)
    if pa.types.is_decimal(kind):
        texts = pc.if_else(pc.equal(texts, "NaN"), pa.scalar(None, pa.string()), texts)
    return pc.cast(texts, kind)


def bounded(expression: str, name: str) -> str:
    """SQL that keeps a value of type `name` within what Arrow and Python hold.

    Days before the year 1 and after 9999, infinite ones included, become the first and last day; numbers that are none
    become null.
    """
    if name == "date":
        return _between(expression, "'0001-01-01'::date", "'9999-12-31'::date")
    if name.startswith("timestamp"):
        kind = "timestamptz" if name.endswith("with time zone") else "timestamp"
        last, first = "9999-12-31 00:00:00+00", "0001-01-01 00:00:00+00"
        return _between(expression, f"'{first}'::{kind}", f"'{last}'::{kind}")
    if _NUMERIC.fullmatch(name):
        return f"nullif({expression}, 'NaN'::numeric)"
    return expression


def _between(expression: str, first: str, last: str) -> str:
    # greatest() and least() pass over nulls: alone they would make a day of none.
    return f"CASE WHEN {expression} IS NOT NULL THEN greatest(least({expression}, {last}), {first}) END"


def from_csv(chunks: Iterable[bytes], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Record batches of COPY … TO STDOUT (FORMAT csv) without a head: an empty unquoted cell is null."""
    reader = csv.open_csv(
        _Stream(chunks),
        read_options=csv.ReadOptions(column_names=schema.names, block_size=_BLOCK, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    yield from reader


def to_csv(batch: pa.RecordBatch) -> bytes:
    """A record batch as COPY … FROM STDIN (FORMAT csv) reads it: null is an empty unquoted cell."""
    arrays = [each.cast(each.type.value_type) if pa.types.is_dictionary(each.type) else each for each in batch.columns]
    out = io.BytesIO()
    plain = pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
    csv.write_csv(plain, out, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return out.getvalue()


class _Stream(io.RawIOBase):
    """Chunks of bytes as one readable file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, got = [self._rest], len(self._rest)
        while size < 0 or got < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(bytes(chunk))
            got += len(chunk)
        whole = b"".join(parts)
        size = len(whole) if size < 0 else size
        self._rest = whole[size:]
        return whole[:size]
