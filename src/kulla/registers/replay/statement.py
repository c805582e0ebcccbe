"""From a statement's skeleton to its shape: the only file here that knows sqlglot.

sqlglot only parses; nothing that it writes is ever executed. What is whitelisted becomes a `Shape`; a condition that
is not understood only narrows a conjunction, so it is dropped, and the shape says that it is a bound from above;
anything else is `Refused`. Source of the meaning: PostgreSQL 15 documentation, "Queries" and "SELECT".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from kulla.registers.replay.conditions import Columns, Relation, conjuncts, equal_columns, slot, tested
from kulla.registers.replay.shape import Apart, Link, Order, Refused, Shape, Slot, Source, Test, Understood
from kulla.registers.replay.skeleton import LIST, LITERAL
from kulla.registers.replay.unwrap import unwrap

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns, with the statement's text, of what it does not parse

_PARSED = 20_000
"""Characters of a skeleton up to which it is parsed."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A register as statements name it. table: schema-qualified or not; columns: in the register's order."""

    register: str
    table: str
    columns: tuple[str, ...]

    def named(self, parts: Sequence[str]) -> bool:
        """Whether a name in a statement (its parts, folded) is this table. Without a schema, the search path may."""
        own = [part.casefold() for part in self.table.replace('"', "").split(".")]
        shorter = min(len(own), len(parts))
        return own[-shorter:] == list(parts)[-shorter:]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The declared registers."""

    registers: tuple[Declared, ...]

    def mentioned(self, text: str) -> tuple[str, ...]:
        """Registers whose table's name stands anywhere in a text, as a word."""
        folded = text.casefold()
        return tuple(each.register for each in self.registers if _word(each.table).search(folded))

    @property
    def words(self) -> frozenset[str]:
        """Every name that a template may show."""
        tables = (part for each in self.registers for part in each.table.replace('"', "").split("."))
        return frozenset(name.casefold() for each in self.registers for name in each.columns) | {
            name.casefold() for name in (*tables, *(each.register for each in self.registers))
        }


@cache
def _word(table: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$]){re.escape(table.replace(chr(34), '').split('.')[-1].casefold())}(?![\w$])")


def understand(skeleton: str, vocabulary: Vocabulary) -> Understood:
    """The shape of a skeleton, or why there is none."""
    inner = unwrap(skeleton)
    if inner.apart:
        return Apart(inner.apart)
    mentioned = vocabulary.mentioned(skeleton)
    if not mentioned:
        return Apart("elsewhere")
    tree = _parsed(inner.query)
    if isinstance(tree, str):
        return Refused(tree, mentioned)
    return _Reading(vocabulary, mentioned, inner.around).shape(tree)


def parses(skeleton: str) -> bool:
    """Whether a skeleton, or the query in it, is SQL at all."""
    inner = unwrap(skeleton)
    return not inner.apart and not isinstance(_parsed(inner.query), str)


def _parsed(query: str) -> Any:
    """sqlglot's tree with slots as string literals, or why there is none."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    if len(query) > _PARSED or _depth(query, "[]") > 4 or _depth(query, "()") > 60 or query.count("(") > 500:
        return "too long or too deep"
    counted = iter(range(len(query)))
    marked = re.sub(
        rf'"[^"]*"|\$([0-9]{{1,5}})|[{LITERAL}{LIST}]',
        lambda found: found[0] if found[0][0] == '"' else _mark(found, counted),
        query,
    )
    try:
        trees = [tree for tree in sqlglot.parse(marked, read="postgres") if tree is not None]
    except (SqlglotError, RecursionError, ValueError):
        return "not parsed"
    return trees[0] if len(trees) == 1 else "several statements in one"


def _mark(found: re.Match[str], counted: Iterator[int]) -> str:
    if found[1]:
        return f" 'b{found[1]}' "
    return f" '{'s' if found[0] == LITERAL else 'l'}{next(counted)}' "


def _depth(text: str, pair: str) -> int:
    """How deep brackets nest: sqlglot's time doubles with each `ARRAY[`."""
    depth = deepest = 0
    for character in text:
        depth += (character == pair[0]) - (character == pair[1])
        deepest = max(deepest, depth)
    return deepest


_SELECT = frozenset({"expressions", "from_", "joins", "where", "order", "limit", "offset", "kind", "hint"})
_NARROWING = {
    "distinct": "DISTINCT",
    "group": "GROUP BY",
    "having": "HAVING",
    "locks": "locks rows, which may be newer",
    "windows": "WINDOW",
}
_SCALAR = frozenset({
    "column", "star", "alias", "literal", "null", "boolean", "cast", "paren", "neg", "add", "sub", "mul", "dpipe",
    "concat", "upper", "lower", "trim", "coalesce", "identifier", "datatype", "tochar", "length", "substring",
    "left", "right", "case", "if", "eq", "neq", "lt", "lte", "gt", "gte", "and", "or", "not", "is", "in", "currentdate",
    "currenttimestamp", "tablealias", "var", "dtype",
})  # fmt: skip
"""Nodes of a projection that neither add nor drop rows nor ask anything else."""
_AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "arrayagg", "groupconcat", "stddev", "variance"})


class _Reading:
    """One statement being read. `doubts` gathers why its records are only a bound."""

    def __init__(self, vocabulary: Vocabulary, mentioned: tuple[str, ...], around: str) -> None:
        self._vocabulary, self._mentioned = vocabulary, mentioned
        self._doubts: list[str] = ["its rows went into a table"] if around == "kept" else []
        self._links: list[Link] = []
        self._tests: list[tuple[int, Test]] = []
        self._outer: set[int] = set()
        self._multiplied = False

    def shape(self, tree: Any) -> Understood:
        if tree.key != "select":
            return self._refused(f"not a plain SELECT but {_known(tree.key)}")
        if sum(node.key in ("select", "union", "intersect", "except", "subquery", "cte") for node in tree.walk()) > 1:
            return self._refused("a query inside the query")
        columns = self._relations(tree)
        if columns is None:
            return self._refused("FROM holds more than tables")
        if not any(relation.register for relation in columns.relations):
            return Apart("elsewhere")
        odd = [key for key, value in tree.args.items() if value and key not in _SELECT | _NARROWING.keys() | {"into"}]
        if odd or any(table.args.get("sample") for table in tree.find_all(_table())):
            self._doubts.append("a clause that is not understood")
        self._doubts += [why for key, why in _NARROWING.items() if tree.args.get(key)]
        if tree.args.get("into"):
            self._doubts.append("its rows went into a table")
        self._conditions(tree, columns)
        return self._made(tree, columns)

    def _refused(self, reason: str) -> Refused:
        return Refused(reason, self._mentioned)

    def _relations(self, tree: Any) -> Columns | None:
        start = tree.args.get("from_")
        nodes = [start.this if start else None, *(join.this for join in tree.args.get("joins") or ())]
        relations = [self._relation(node) for node in nodes]
        whole = [each for each in relations if each is not None]
        return Columns(tuple(whole)) if len(whole) == len(relations) else None

    def _relation(self, node: Any) -> Relation | None:
        if node is None or node.key != "table" or node.this.key != "identifier" or node.args.get("joins"):
            return None
        alias = node.args.get("alias")
        if node.args.get("pivots") or node.args.get("laterals") or (alias is not None and alias.args.get("columns")):
            return None
        parts = [part.name.casefold() for part in node.parts]
        for each in self._vocabulary.registers:
            if each.named(parts):
                return Relation(node.alias_or_name.casefold(), each.register, each.columns)
        return Relation(node.alias_or_name.casefold(), "")

    def _conditions(self, tree: Any, columns: Columns) -> None:
        for number, join in enumerate(tree.args.get("joins") or (), 1):
            self._join(join, number, columns)
        where = tree.args.get("where")
        for node in conjuncts(where.this if where else None):
            self._condition(node, columns)

    def _condition(self, node: Any, columns: Columns) -> None:
        pair = equal_columns(node, columns)
        if pair is not None:
            (left, left_column), (right, right_column) = sorted(pair)
            self._links.append(Link(left, left_column, right, right_column))
            return
        found = tested(node, columns)
        if found is None:
            self._doubts.append("a condition that is not understood")
        else:
            self._tests += found
            if self._outer & {number for number, _ in found}:
                self._doubts.append("a condition on the outer side of a join")

    def _join(self, join: Any, number: int, columns: Columns) -> None:
        side = join.args.get("side") or ""
        kind = join.args.get("kind") or ""
        if join.args.get("method") or side not in ("", "LEFT") or kind not in ("", "INNER", "CROSS", "OUTER"):
            self._doubts.append("a join that is not understood")
            self._multiplied = True
            return
        conditions = list(conjuncts(join.args.get("on")))
        if side != "LEFT":
            for node in conditions:
                self._condition(node, columns)
            self._using(join, number, columns, False)
            return
        self._outer.add(number)
        self._using(join, number, columns, True)
        for node in conditions:
            pair = equal_columns(node, columns)
            if pair is None or max(pair)[0] != number:
                self._doubts.append("a condition on the outer side of a join")
            else:
                (left, left_column), (right, right_column) = sorted(pair)
                self._links.append(Link(left, left_column, right, right_column, outer=True))

    def _using(self, join: Any, number: int, columns: Columns, outer: bool) -> None:
        for name in join.args.get("using") or ():
            found = [
                (place, column)
                for place, relation in enumerate(columns.relations[: number + 1])
                for column in relation.columns
                if column.casefold() == name.name.casefold()
            ]
            if len(found) == 2 and found[1][0] == number:
                self._links.append(Link(*found[0], *found[1], outer=outer))
            else:
                self._doubts.append("a join that is not understood")

    def _made(self, tree: Any, columns: Columns) -> Understood:
        declared = [number for number, each in enumerate(columns.relations) if each.register]
        if len(declared) < len(columns.relations):
            self._doubts.append("a join with a table that is not declared")
            self._multiplied = True
        if len(declared) > 1 and not _linked(declared, self._links):
            self._doubts.append("a join without an equality")
        projected = self._projected(tree, columns)
        place = {number: at for at, number in enumerate(declared)}
        sources = tuple(
            Source(
                columns.relations[number].register,
                tuple(test for where, test in self._tests if where == number),
                tuple(c for c in columns.relations[number].columns if (number, c) in projected),
                number in self._outer,
            )
            for number in declared
        )
        links = tuple(
            Link(place[each.left], each.left_column, place[each.right], each.right_column, each.outer)
            for each in self._links
        )
        order, ordered = self._order(tree, columns, place)
        limit, offset = self._limits(tree)
        doubts = tuple(dict.fromkeys(self._doubts))
        return Shape(sources, links, order, ordered, limit, offset, doubts, self._multiplied)

    def _projected(self, tree: Any, columns: Columns) -> set[tuple[int, str]]:
        found: set[tuple[int, str]] = set()
        for expression in tree.expressions:
            nodes = list(expression.walk())
            keys = {node.key for node in nodes}
            if keys & _AGGREGATES:
                self._doubts.append("an aggregate")
                self._multiplied = True
            elif not keys <= _SCALAR:
                self._doubts.append("an expression in the result that is not understood")
                self._multiplied = True
            for node in nodes:
                found |= _returned(node, columns)
        return found

    def _order(self, tree: Any, columns: Columns, place: Mapping[int, int]) -> tuple[tuple[Order, ...], bool]:
        order = tree.args.get("order")
        aliases = {each.alias.casefold() for each in tree.expressions if each.key == "alias"}  # ORDER BY prefers them
        found: list[Order] = []
        for node in order.expressions if order else ():
            where = columns.find(node.this) if node.key == "ordered" else None
            if where is None or where[0] not in place or node.this.name.casefold() in aliases:
                return tuple(found), False
            descending, first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
            found.append(Order(place[where[0]], where[1], descending, first))
        return tuple(found), True

    def _limits(self, tree: Any) -> tuple[Slot | None, Slot | None]:
        limit, offset = tree.args.get("limit"), tree.args.get("offset")
        counted = _counted(limit)
        skipped = None if offset is None else slot(offset.args["expression"])
        endless = limit is not None and limit.key == "limit" and limit.args["expression"].name.upper() == "ALL"
        if (limit is not None and counted is None and not endless) or (offset is not None and skipped is None):
            self._doubts.append("a limit that is not understood")
            return None, None
        return counted, skipped


def _counted(limit: Any) -> Slot | None:
    if limit is None:
        return None
    if limit.key == "fetch":
        options = limit.args.get("limit_options")
        plain = options is None or not (options.args.get("percent") or options.args.get("with_ties"))
        return slot(limit.args.get("count")) if plain and limit.args.get("count") else None
    return slot(limit.args["expression"])


def _returned(node: Any, columns: Columns) -> set[tuple[int, str]]:
    """The declared columns that a node of the projection returns: `*`, `t.*` and a whole row `t` all of them."""
    whole: list[int] = []
    if node.key == "star" and (node.parent is None or node.parent.key == "select"):
        whole = list(range(len(columns.relations)))
    elif node.key == "column":
        where = columns.find(node)
        if where is not None:
            return {where}
        name = node.table if node.this.key == "star" else node.name
        whole = [n for n, relation in enumerate(columns.relations) if relation.alias == name.casefold()]
    return {(number, column) for number in whole for column in columns.relations[number].columns}


def _linked(numbers: Sequence[int], links: Sequence[Link]) -> bool:
    reached = {numbers[0]}
    for _ in numbers:
        for link in links:
            if {link.left, link.right} & reached:
                reached |= {link.left, link.right}
    return set(numbers) <= reached


@cache
def _table() -> Any:
    from sqlglot import exp

    return exp.Table


@cache
def sql_words() -> frozenset[str]:
    """Words that SQL itself has: keywords and functions, in small letters."""
    from sqlglot import exp
    from sqlglot.dialects.postgres import Postgres

    words = {part for name in Postgres.Tokenizer.KEYWORDS for part in re.findall(r"[A-Za-z_]+", name)}
    more = ("cursor", "scroll", "hold", "stdout", "do", "execute", "declare", "prepare")
    return frozenset(word.casefold() for word in (*words, *exp.FUNCTION_BY_NAME, *more))


def _known(key: str) -> str:
    return key.upper() if key.casefold() in sql_words() else "another statement"
