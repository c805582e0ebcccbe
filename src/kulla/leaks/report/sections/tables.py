"""What was recognised: tables of the leak against registers, columns, verdicts, persons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kulla.leaks.matched import VERDICTS
from kulla.leaks.report.blocks import Block, Code, Heading, Para, Table, Text
from kulla.leaks.report.view import View
from kulla.leaks.trace import FEWEST, TableFound


def tables(view: View) -> Iterator[Block]:
    """Section 2. Of an electoral register numbers alone are told."""
    say, trace = view.say, view.trace
    yield Heading(2, say("s.tables"))
    if view.coarse:
        yield Para(say("tb.fewest", fewest=FEWEST), "quiet")
    if not trace.tables:
        yield Para(say("tb.none"))
    for found in trace.tables:
        yield from _table(view, found)
    for first, second in trace.joined:
        yield Para(say.rich("tb.joined", first=Code(first), second=Code(second)))


def _table(view: View, found: TableFound) -> Iterator[Block]:
    say = view.say
    yield Heading(3, (*view.where(found.file, found.table), " · ", Code(found.register)))
    yield Para(say(f"tb.linked.{found.linked_by}"))
    if found.register in view.electoral:
        yield Para(say("tb.electoral"))
    else:
        yield from _columns(view, found)
    known = {verdict: found.verdicts.get(verdict, 0) for verdict in VERDICTS}
    counts: list[tuple[Text, ...]] = [
        (say(f"tb.verdict.{verdict}"), view.count(count)) for verdict, count in known.items() if count != 0
    ]
    yield Table((say("tb.verdicts"), say("tb.count")), (*counts, ("∑", say.number(found.rows))), (4, 1), frozenset({1}))
    if found.duplicates != 0:
        yield Para(say("tb.duplicates", count=view.count(found.duplicates)))
    persons = tuple(view.count(found.persons.get(key, 0)) for key in ("certain", "probable", "ambiguous"))
    head = tuple(say(f"one.{key}") for key in ("certain", "probable", "ambiguous"))
    yield Table((say("one.persons"), *head), (("", *persons),), (2, 1, 1, 1.4), frozenset({1, 2, 3}))
    if any(count is not None for count in found.altered_columns.values()) and found.register not in view.electoral:
        altered = tuple((Code(name), view.count(count)) for name, count in found.altered_columns.items())
        yield Table((say("tb.altered"), say("tb.count")), altered, (4, 1), frozenset({1}))


def _columns(view: View, found: TableFound) -> Iterator[Block]:
    if not found.columns:
        return
    say = view.say
    keys = ("tb.place", "tb.column", "tb.meaning", "tb.hits", "tb.chance", "tb.margin", "tb.compared")
    rows = tuple(_column(view, column) for column in found.columns)
    yield Table(tuple(map(say, keys)), rows, (1.1, 2, 1.6, 1, 1, 1.2, 1.2), frozenset({3, 4, 5, 6}))


def _column(view: View, column: Mapping[str, Any]) -> tuple[Text, ...]:
    say = view.say
    places = ", ".join(str(at + 1) for at in (column["column"], *column.get("joined", ())))
    return (
        places,
        Code(column["register_column"]),
        say.meaning(f"{column.get('meaning', 'other')}:{column.get('category', '')}"),
        *(view.share(column[key]) for key in ("hits", "chance", "margin")),
        view.count(column["compared"]),
    )
