"""The shape of a statement: what it asks of which registers, with slots where its values stand.

A shape is made from a statement's skeleton (see `skeleton`) and holds no value. Only what is in here is ever replayed;
the statement's text is not: it was written by whoever may be under suspicion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SlotKind = Literal["literal", "list", "bound"]
Op = Literal["eq", "in", "ne", "lt", "le", "gt", "ge", "prefix", "null", "not_null"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value stands.

    Attributes:
        kind: `literal`: the number-th literal of the statement, from 0; `list`: the same, of a list of literals;
            `bound`: the parameter $number, from 1.
        negative: whether a minus stands before it.
        cast: the type it is cast to, in small letters; empty when it is not cast.
        array: whether the value is the text of an array, `{a,b}`.
    """

    kind: SlotKind
    number: int
    negative: bool = False
    cast: str = ""
    array: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """A condition that every returned row meets. `slots`: one for comparisons, any number for `in`, none for null."""

    column: str
    op: Op
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One register in FROM.

    Attributes:
        register: its name.
        tests: conditions on its columns, all of which hold.
        columns: which of its columns the statement returns, in the register's order.
        outer: rows of the result may lack this register (the right side of a LEFT JOIN).
    """

    register: str
    tests: tuple[Test, ...]
    columns: tuple[str, ...]
    outer: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An equality that joins two sources, by their positions. `outer`: the right one is LEFT JOINed."""

    left: int
    left_column: str
    right: int
    right_column: str
    outer: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One column of ORDER BY."""

    source: int
    column: str
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What a statement asks.

    Attributes:
        sources: at least one register.
        links: how several are joined.
        order: columns of ORDER BY up to the first that is no declared column.
        ordered: whether the statement has an ORDER BY, and every column of it stands in `order`.
        limit, offset: slots of LIMIT and OFFSET.
        doubts: why the records found are only a bound from above; none: the shape is in the proven set.
        multiplied: a row of a register may occur several times in the result, so the logged row count says nothing.
    """

    sources: tuple[Source, ...]
    links: tuple[Link, ...] = ()
    order: tuple[Order, ...] = ()
    ordered: bool = True
    limit: Slot | None = None
    offset: Slot | None = None
    doubts: tuple[str, ...] = ()
    multiplied: bool = False

    @property
    def name(self) -> str:
        """The shape's name in counts: key, list, range, page, whole table, join; `bounded` when not proven."""
        if self.doubts:
            return "bounded"
        if len(self.sources) > 1:
            return "join"
        if self.limit is not None or self.offset is not None:
            return "page"
        ops = {test.op for test in self.sources[0].tests}
        if not ops:
            return "whole table"
        return "list" if "in" in ops else "range" if ops - {"eq", "null", "not_null"} else "equality"


@dataclass(frozen=True, slots=True)
class Refused:
    """A statement whose extent stays unknown.

    Attributes:
        reason: why, without a word of the statement.
        registers: which registers it names.
    """

    reason: str
    registers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """A statement that returns no record of a declared register. `reason`: elsewhere, write, no data."""

    reason: str


Understood = Shape | Refused | Apart
