"""Access databases (.mdb, .accdb) through access_parser. The only file that knows it.

It reads rows column by column; a table whose columns come out of different length is refused, since its rows can no
longer be told apart.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from access_parser import AccessParser  # type: ignore[import-untyped]

from kulla.errors import InputError
from kulla.leaks.intake._api import Blob, Fact, Found, Grid, Problem, Task
from kulla.leaks.intake.cells import named, text_column

_JET: Final = (b"Standard Jet DB", b"Standard ACE DB")
_MONEY, _BINARY, _OLE, _DATE = 5, 9, 11, 8
_NO_DATE: Final = frozenset({"(Empty Date)", "(Invalid Date)"})


class Access:
    """Every table that is not the database's own."""

    name = "access"

    def sniff(self, blob: Blob) -> bool:
        return blob.head(64)[4:19] in _JET

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        logging.getLogger("access_parser").setLevel(logging.CRITICAL + 1)  # its errors quote pages
        try:
            database = AccessParser(blob.path)
            names = [name for name in database.catalog if not str(name).startswith("MSys")]
        except Exception as error:  # noqa: BLE001 - it raises whatever it meets in a damaged file
            raise InputError(f"a damaged Access database ({type(error).__name__})") from None
        yield Fact("application", f"Jet {database.version}")
        yield from (Fact("sheets", str(name)) for name in names)
        # With the formats that a table declares, amounts come out as `$1,234.00`.
        database.extra_props = {}
        for name in names:
            try:
                yield _table(database.get_table(name), str(name))
            except InputError as error:
                yield Problem(f"table {name}: {error}")
            except Exception as error:  # noqa: BLE001 - as above
                yield Problem(f"table {name}: damaged ({type(error).__name__})")


def _table(table: Any, name: str) -> Grid:
    kinds = {column.col_name_str: column.type for column in table.columns.values()}
    parsed = table.parse()
    found = {title: list(parsed[title] or ()) for title in kinds if title in parsed}
    lengths = {len(values) for values in found.values()}
    if len(lengths) > 1:
        raise InputError("its columns are of different length, so its rows cannot be told apart")
    columns = [text_column([_value(value, kinds.get(title)) for value in values]) for title, values in found.items()]
    return Grid(name, named(columns, lengths.pop() if lengths else 0), tuple(map(str, found)) or ("",))


def _value(value: Any, kind: int | None) -> Any:
    if kind == _MONEY and isinstance(value, int):
        return Decimal(value) / 10_000
    if kind == _DATE and isinstance(value, str):
        return None if value in _NO_DATE else value.removesuffix(" 00:00:00")
    return None if kind in (_BINARY, _OLE) else value
