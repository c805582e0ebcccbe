"""Who asks and why, as the application's name and comments say it, with how far that can be forged.

Both are set by the client. `verified` is said only of what comes through a pooler that the owner trusts to set it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events import sqltemplate
from kulla.registers.audit.lines import label
from kulla.registers.audit.texts import may_hold

GRADES: Final = ("none", "application", "comment", "verified")
_NONE, _APPLICATION, _COMMENT, _VERIFIED = range(4)
_LOOKED_AT: Final = 1 << 16
"""Characters of a statement in which comments are sought."""


@lru_cache(65_536)
def of_application(name: str) -> tuple[str | None, str | None]:
    """The end user and case that an application's name tells.

    >>> of_application("front-office/1.4;user=agron.h;case=2021/881")
    ('agron.h', '2021/881')
    """
    if "=" not in name and ":" not in name:
        return None, None
    found = sqltemplate.hints("/*" + name.replace("*/", " ").replace("/*", " ") + "*/")
    return found.get("user"), found.get("case")


def of_statement(statement: str) -> tuple[str | None, str | None]:
    """The end user and case that a statement's comments tell."""
    found = sqltemplate.hints(statement[:_LOOKED_AT])
    return found.get("user"), found.get("case")


def hinted(
    application: pa.Array, client: pa.Array, statement: pa.Array, poolers: Collection[str]
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """End user, its grade and the case for each access. A comment outranks the application's name, which is older.

    `poolers`: addresses of clients whose application name is trusted.
    """
    told = [of_application(name) for name in application.dictionary.to_pylist()]
    named, case = (_relabelled(application, [each[part] for each in told]) for part in (0, 1))
    trusted = pa.array([address in poolers for address in client.dictionary.to_pylist()], pa.bool_())
    pooled = _true(trusted.take(client.indices))
    rows = np.empty(0, np.int64)
    if may_hold(statement, b"/*", b"--"):
        rows = np.flatnonzero(_true(pc.or_(pc.match_substring(statement, "/*"), pc.match_substring(statement, "--"))))
    known = named.is_valid().to_numpy(zero_copy_only=False)
    by_pooler = pooled & known
    grade = np.where(by_pooler, _VERIFIED, np.where(known, _APPLICATION, _NONE)).astype(np.int32)
    if len(rows):
        pairs = [of_statement(text) for text in statement.take(pa.array(rows)).to_pylist()]
        spoken = [None if by_pooler[row] else pair[0] for row, pair in zip(rows.tolist(), pairs, strict=True)]
        named, case = _said(named, rows, spoken), _said(case, rows, [pair[1] for pair in pairs])
        grade[rows[[name is not None for name in spoken]]] = _COMMENT
    return named, pa.DictionaryArray.from_arrays(pa.array(grade), pa.array(GRADES)), case


def _said(labels: pa.Array, rows: npt.NDArray[np.int64], found: list[str | None]) -> pa.Array:
    """The labels with what was found at some rows in their place."""
    mask = np.zeros(len(labels), np.bool_)
    mask[rows] = [text is not None for text in found]
    told = pa.array([text for text in found if text is not None], pa.string())
    return label(pc.replace_with_mask(labels.cast(pa.string()), pa.array(mask), told)) if len(told) else labels


def _true(values: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), np.bool_)


def _relabelled(labels: pa.Array, values: list[str | None]) -> pa.Array:
    """The value of each row's label, as labels: once for each distinct one."""
    made = label(pa.array(values, pa.string()))
    return pa.DictionaryArray.from_arrays(made.indices.take(labels.indices), made.dictionary)
