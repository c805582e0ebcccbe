"""What could explain each piece: candidates, ratios, what speaks against them, and all that were considered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kulla.leaks.report.blocks import Block, Box, Code, Figure, Heading, Items, Para, Table, Text
from kulla.leaks.report.charts.candidates import candidates as drawn
from kulla.leaks.report.ratios import scale
from kulla.leaks.report.sections.candidate import told
from kulla.leaks.report.sections.firstpage import verdict
from kulla.leaks.report.view import View, micros
from kulla.leaks.trace import FEWEST

_DRAWN: Final = 10
_DETAILED: Final = 5
"""Candidates told in full for each piece; of an outcome with more, all of its own."""


def candidates(view: View) -> Iterator[Block]:
    """Section 4."""
    say = view.say
    yield Heading(2, say("s.candidates"))
    if not view.trace.attributions:
        yield Para(say("one.unattributed"))
        return
    yield Para(say("cd.intro"))
    yield Para(say("cd.letters"), "quiet")
    if view.coarse:
        yield Para(say("cd.coarse", fewest=FEWEST), "quiet")
    for attribution in view.trace.attributions:
        yield from _attribution(view, attribution)
    yield Heading(3, say("lr.scale"))
    yield Table((say("lr.from"), say("lr.word")), scale(say), (1, 2))
    yield Para(say("cd.model"), "quiet")
    yield from _marks(view)


def _attribution(view: View, attribution: Mapping[str, Any]) -> Iterator[Block]:
    say, number = view.say, attribution["piece"] + 1
    yield Heading(3, say("one.piece", piece=number))
    blocks = list(verdict(view, attribution))
    if attribution["withheld"] and attribution["candidates"] and not attribution["named"]:
        blocks.append(Para(say("cd.withheld.best")))
    yield Box("result", "", tuple(blocks))
    yield Items(tuple(_frame(view, attribution)))
    yield from _copies(view, attribution)
    found = attribution["candidates"]
    if not found:
        yield Para(say("cd.none"))
        return
    yield from _picture(view, attribution)
    yield from _all(view, attribution)
    named = set(attribution["named"]) if attribution["outcome"] in ("episode", "set") else set()
    # What explains the findings less well than an unlogged copy is no candidate: it is listed, as one considered.
    better = [at for at, one in enumerate(found[:_DETAILED]) if one["nats"] is not None and one["nats"] >= 0]
    detailed = sorted(named.union(better))
    for at in detailed:
        yield from told(view, found[at], at + 1)


def _frame(view: View, attribution: Mapping[str, Any]) -> Iterator[Text]:
    """Cover of the log, margin, and what is left unexplained."""
    say = view.say
    if attribution["log_from"] is None:
        yield say("cd.log.none")
    else:
        first, last = (say.stamp(micros(attribution[key])) for key in ("log_from", "log_to"))
        yield say("cd.log.covers", first=first, last=last, covered=say.percent(attribution["covered"]))
    margin = attribution["margin"]
    if margin["valid"] and not margin["runs"]:
        yield say.rich("cd.calibrated.held", hash=Code(margin["inputs_sha256"][:16]))
    elif margin["valid"]:
        nats, hashed = say.decimal(margin["nats"]), Code(margin["inputs_sha256"][:16])
        yield say.rich("cd.calibrated", nats=nats, runs=margin["runs"], hash=hashed)
    else:
        yield say.rich("cd.uncalibrated", reason=say.said(margin["reason"] or "no_calibration"))
    if attribution["unexplained"] is not None:
        yield say("cd.unexplained", share=say.percent(attribution["unexplained"]))
    if attribution["disagreement"]:
        yield say("cd.disagree")


def _copies(view: View, attribution: Mapping[str, Any]) -> Iterator[Block]:
    say = view.say
    if not attribution["copies"]:
        return
    keys = ("cd.copies", "cd.copy.frozen", "cd.copy.reach", "cd.copy.log", "cd.log")
    rows: list[tuple[Text, ...]] = []
    for copy in attribution["copies"]:
        frozen = micros(copy["frozen_at"])
        reach = view.listed(copy["reachable_by"]) if view.court else say.number(len(copy["reachable_by"]))
        state = say.stamp(frozen) if frozen else say("cd.copy.follows")
        log10 = say("dash") if view.coarse else say.decimal(copy["log10"])
        rows.append((Code(copy["name"]), state, reach, say("yes" if copy["read_log"] else "no"), log10))
    yield Table(tuple(map(say, keys)), tuple(rows), (2, 2, 3, 1, 1), frozenset({4}))


def _picture(view: View, attribution: Mapping[str, Any]) -> Iterator[Block]:
    say, named = view.say, set(attribution["named"])
    rows = [
        (f"{at + 1}. {view.label(one['account'])}", float(one["nats"]), at in named)
        for at, one in enumerate(attribution["candidates"][:_DRAWN])
        if one["nats"] is not None and (one["nats"] > 0 or at in named)
    ]
    if not rows or view.coarse:  # what a centre is told of scores makes no picture
        return
    margin = attribution["margin"]["nats"] if attribution["margin"]["valid"] else None
    title = say("cd.chart", piece=attribution["piece"] + 1)
    alt = "; ".join(f"{label}: {nats:.0f}" for label, nats, _ in rows)
    yield Figure(drawn(rows, margin, say("cd.margin")), f"{title}. {alt}", f"{title}. {say('cd.chart.cap')}")


def _all(view: View, attribution: Mapping[str, Any]) -> Iterator[Block]:
    say, found, named = view.say, attribution["candidates"], set(attribution["named"])
    yield Heading(3, say("cd.all", piece=attribution["piece"] + 1))
    considered, reads = attribution["considered"], attribution["reads"]
    if considered is None:
        yield Para(say("cd.all.held", listed=len(found), reads=reads), "quiet")
    else:
        yield Para(say("cd.all.note", listed=len(found), considered=considered, reads=reads), "quiet")
    keys = ("cd.rank", "cd.account", "cd.time", "cd.extent", "cd.nats", "cd.explained", "cd.in")
    rows: list[tuple[Text, ...]] = []
    for at, one in enumerate(found):
        size = view.count(one["size"]) if one["size"] is not None else say("unknown")
        rows.append((
            str(at + 1), view.account(one["account"]), say.stamp(micros(one["first"])), size,
            _score(view, one["nats"]), view.count(one["explained"]), say("yes" if at in named else "no"),
        ))  # fmt: skip
    yield Table(tuple(map(say, keys)), tuple(rows), (0.5, 2, 2.2, 1.6, 1.1, 1.3, 1.2), frozenset({3, 4, 5}))


def _score(view: View, nats: float | None) -> str:
    """Nats; away from the register's own site only that they are many."""
    if nats is None or (view.coarse and abs(nats) < FEWEST):
        return view.say("few")
    return (
        f"{'> ' if nats > 0 else '< '}{view.say.number(round(nats))}" if view.coarse else view.say.number(round(nats))
    )


def _marks(view: View) -> Iterator[Block]:
    say, marks = view.say, view.trace.marks
    yield Heading(3, say("cd.marks"))
    if marks is None:
        yield Para(say("cd.marks.none"))
        return
    if not view.court:
        yield Para(say("cd.marks.held"))
        return
    rows = tuple((Code(str(name)), Code(_flat(value))) for name, value in sorted(marks.items()))
    yield Table(("", ""), rows, (1, 3))


def _flat(value: Any) -> str:
    """A value of the trace on one line."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_flat(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_flat, value))
    return str(value)
