"""Conditions of WHERE and ON as tests on columns. Works on sqlglot's nodes by their `key`, without importing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kulla.registers.replay.shape import Op, Slot, Test

_COMPARED: dict[str, Op] = {"eq": "eq", "neq": "ne", "lt": "lt", "lte": "le", "gt": "gt", "gte": "ge"}
_MIRRORED: dict[Op, Op] = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_KINDS = {"s": "literal", "l": "list", "b": "bound"}


@dataclass(frozen=True, slots=True)
class Relation:
    """What stands in FROM. register: empty when it is none that is declared; columns: declared ones, as declared."""

    alias: str
    register: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns resolved against the relations in FROM, case folded: what is unquoted is folded anyway."""

    relations: tuple[Relation, ...]

    def find(self, node: Any) -> tuple[int, str] | None:
        """(relation, declared name) of a column node; None when it is no declared column of one relation only."""
        if node.key != "column":
            return None
        name, qualifier = node.name.casefold(), node.table.casefold()
        found = [
            (number, column)
            for number, relation in enumerate(self.relations)
            if not qualifier or relation.alias == qualifier
            for column in relation.columns
            if column.casefold() == name
        ]
        return found[0] if len(found) == 1 else None


def conjuncts(node: Any) -> Iterator[Any]:
    """The conditions that all must hold."""
    if node is None:
        return
    if node.key == "paren":
        yield from conjuncts(node.this)
    elif node.key == "and":
        yield from conjuncts(node.this)
        yield from conjuncts(node.args["expression"])
    else:
        yield node


def slot(node: Any) -> Slot | None:
    """The slot that a node is, through casts, parentheses and a minus; None when it is something else."""
    negative, cast = False, ""
    while node is not None and node.key in ("cast", "paren", "neg"):
        if node.key == "cast":
            if cast or negative:
                return None
            cast = node.args["to"].sql("postgres").lower()
        elif node.key == "neg":
            if negative:
                return None
            negative = True
        node = node.this
    if node is None or node.key != "literal" or not node.args.get("is_string"):
        return None
    return Slot(_KINDS[node.name[0]], int(node.name[1:]), negative, cast)  # type: ignore[arg-type]


def tested(node: Any, columns: Columns) -> list[tuple[int, Test]] | None:
    """The tests that a condition makes, each with its relation; None when it is not understood."""
    if node.key in _COMPARED:
        return _comparison(node, columns)
    if node.key == "in":
        return _membership(node, columns)
    if node.key == "between" and not node.args.get("symmetric"):
        low, high = slot(node.args["low"]), slot(node.args["high"])
        where = columns.find(node.this)
        if where is None or low is None or high is None:
            return None
        return [(where[0], Test(where[1], "ge", (low,))), (where[0], Test(where[1], "le", (high,)))]
    if node.key == "like":
        pattern, where = slot(node.args["expression"]), columns.find(node.this)
        return None if where is None or pattern is None else [(where[0], Test(where[1], "prefix", (pattern,)))]
    if node.key == "is":
        return _null(node, columns, bool(node.args.get("negate")))
    if node.key == "not" and node.this.key == "is" and not node.this.args.get("negate"):
        return _null(node.this, columns, True)
    if node.key == "or":
        return _alternatives(node, columns)
    return None


def equal_columns(node: Any, columns: Columns) -> tuple[tuple[int, str], tuple[int, str]] | None:
    """The two columns, of two relations, that an equality joins."""
    if node.key != "eq":
        return None
    left, right = columns.find(node.this), columns.find(node.args["expression"])
    return (left, right) if left and right and left[0] != right[0] else None


def _comparison(node: Any, columns: Columns) -> list[tuple[int, Test]] | None:
    op = _COMPARED[node.key]
    left, right = node.this, node.args["expression"]
    if columns.find(left) is None:
        left, right, op = right, left, _MIRRORED[op]
    where = columns.find(left)
    if where is None:
        return None
    if right.key == "any":
        listed = _array(right.this) if op == "eq" and left is node.this else None
        return None if listed is None else [(where[0], Test(where[1], "in", listed))]
    value = slot(right)
    return None if value is None else [(where[0], Test(where[1], op, (value,)))]


def _array(node: Any) -> tuple[Slot, ...] | None:
    while node.key == "paren":
        node = node.this
    kind = ""
    if node.key == "cast" and node.this.key == "array":
        kind = node.args["to"].sql("postgres").lower().removesuffix("[]")
        node = node.this
    if node.key == "array":
        return _slots(node.expressions, kind)
    value = slot(node)
    if value is None or value.negative:
        return None
    if value.cast and not value.cast.endswith("[]"):
        return None
    return (Slot(value.kind, value.number, cast=value.cast.removesuffix("[]"), array=True),)


def _slots(nodes: Sequence[Any], cast: str = "") -> tuple[Slot, ...] | None:
    found: list[Slot] = []
    for node in nodes:
        value = slot(node)
        if value is None or (cast and value.cast):
            return None
        found.append(Slot(value.kind, value.number, value.negative, value.cast or cast))
    return tuple(found)


def _membership(node: Any, columns: Columns) -> list[tuple[int, Test]] | None:
    where = columns.find(node.this)
    if where is None or node.args.get("query") or node.args.get("unnest") or node.args.get("field"):
        return None
    listed = _slots(node.expressions)
    return None if not listed else [(where[0], Test(where[1], "in", listed))]


def _null(node: Any, columns: Columns, negated: bool) -> list[tuple[int, Test]] | None:
    where = columns.find(node.this)
    if where is None or node.args["expression"].key != "null":
        return None
    return [(where[0], Test(where[1], "not_null" if negated else "null"))]


def _alternatives(node: Any, columns: Columns) -> list[tuple[int, Test]] | None:
    """`a = x OR a IN (y, z)` as one list; any other OR is not understood."""
    slots: list[Slot] = []
    where: set[tuple[int, str]] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.key == "paren":
            waiting.append(part.this)
        elif part.key == "or":
            waiting += [part.this, part.args["expression"]]
        else:
            found = tested(part, columns) if part.key in ("eq", "in") else None
            if found is None or len(found) != 1 or found[0][1].op not in ("eq", "in"):
                return None
            where.add((found[0][0], found[0][1].column))
            slots += found[0][1].slots
    if len(where) != 1:
        return None
    number, column = where.pop()
    return [(number, Test(column, "in", tuple(slots)))]
