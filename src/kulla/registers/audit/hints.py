"""Who asks and why, as the application's name and comments say it, with how far that can be forged.

Both are set by the client. `verified` is said only of what comes through a pooler that the owner trusts to set it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events import sqltemplate
from kulla.registers.audit.lines import label

GRADES: Final = ("none", "application", "comment", "verified")
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
    named = [_chosen(application, [each[part] for each in told]) for part in (0, 1)]
    commented = pc.or_(pc.match_substring(statement, "/*"), pc.match_substring(statement, "--"))
    rows = np.flatnonzero(pc.fill_null(commented, False).to_numpy(zero_copy_only=False))
    spoken: list[pa.Array] = [pa.nulls(len(statement), pa.string())] * 2
    if len(rows):
        pairs = [of_statement(text) for text in statement.take(pa.array(rows)).to_pylist()]
        at = np.full(len(statement), -1, np.int64)
        at[rows] = np.arange(len(rows))
        where = pa.array(at, mask=at < 0)
        spoken = [pa.array([pair[part] for pair in pairs], pa.string()).take(where) for part in (0, 1)]
    trusted = pa.array([address in poolers for address in client.dictionary.to_pylist()], pa.bool_())
    pooled = pc.fill_null(_chosen(client, trusted), False)
    by_pooler = pc.and_(pooled, pc.is_valid(named[0]))
    user = pc.if_else(by_pooler, named[0], pc.coalesce(spoken[0], named[0]))
    grade = pc.case_when(
        pc.make_struct(by_pooler, pc.is_valid(spoken[0]), pc.is_valid(named[0])), "verified", "comment", "application",
        "none",
    )  # fmt: skip
    return label(user), label(grade), label(pc.coalesce(spoken[1], named[1]))


def _chosen(labels: pa.Array, values: pa.Array | list[str | None]) -> pa.Array:
    """The value of each row's label."""
    array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return array.take(labels.indices)
