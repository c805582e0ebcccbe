"""Leads, severity, earlier runs, method and limits: the report's end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kulla.leaks.leads import KINDS
from kulla.leaks.report.blocks import Block, Code, Facts, Heading, Items, Para, Table, Text, joined
from kulla.leaks.report.view import View, micros


def leads(view: View) -> Iterator[Block]:
    """Section 5: candidates and comparison accounts side by side. A None is a log that does not exist."""
    say, found = view.say, view.trace.leads
    yield Heading(2, say("s.leads"))
    if not found:
        yield Para(say("ld.none"))
        return
    yield Para(say("ld.intro"))
    head = (say("cd.account"), say("ld.role"), say("piece"), *(say(f"ld.{kind}") for kind in KINDS))
    widths = (1.7, 1.6, 0.8, *(1.2,) * len(KINDS))
    yield Table(head, tuple(_lead(view, lead) for lead in found), widths, frozenset(range(3, 3 + len(KINDS))))


def _lead(view: View, lead: Mapping[str, Any]) -> tuple[Text, ...]:
    say = view.say
    shown = lead["found"]
    counts = (say("ld.nolog") if shown.get(kind) is None else say.number(shown[kind]) for kind in KINDS)
    return (view.account(lead["account"]), say(f"ld.{lead['role']}"), str(lead["piece"] + 1), *counts)


def severity(view: View) -> Iterator[Block]:
    """Section 6."""
    say, found = view.say, view.trace.assessment
    yield Heading(2, say("s.severity"))
    if not found:
        yield Para(say("sv.none"))
        return
    yield Para(say("sv.intro"))
    score, level = say.decimal(found["score"], 2), say(f"level.{found['level']}")
    yield Para(say("sv.score", score=score, level=level), "lead")
    head = (say("sv.input"), say("sv.value"), say("sv.why"), say("sv.author"))
    yield Table(head, tuple(_factor(view, factor) for factor in found["factors"]), (1.6, 0.6, 4, 1.2), frozenset({1}))
    if found["flags"]:
        yield Para(say("sv.flags"))
        yield Items(tuple(say(f"flag.{flag}") for flag in found["flags"]))
    yield Para(say("sv.sign") + "_" * 40)


def _factor(view: View, factor: Mapping[str, Any]) -> tuple[Text, ...]:
    say = view.say
    told = joined((say.said(reason) for reason in factor["reasons"]), " ")
    by: Text = say("author.proposed") if factor["author"] == "proposed" else Code(factor["author"])
    if not view.court and factor["author"] != "proposed":
        by = say("dash")
    return say(f"as.{factor['name']}"), say.decimal(factor["value"], 2), told, by


def earlier(view: View) -> Iterator[Block]:
    """Section 7: every earlier run, so that nobody can run until the answer pleases."""
    say, runs = view.say, view.trace.earlier
    yield Heading(2, say("s.earlier"))
    if not runs:
        yield Para(say("er.none"))
        return
    yield Para(say("er.intro"), "quiet")
    keys = ("er.time", "er.case", "er.files", "mt.parameters", "er.outcome")
    yield Table(tuple(map(say, keys)), tuple(_run(view, run) for run in runs), (1.4, 1.1, 1, 1.5, 1.6))


def _run(view: View, run: Mapping[str, Any]) -> tuple[Text, ...]:
    """A run on this leak under another case's number is told to the court."""
    say = view.say
    mine = view.court or run["case"] == view.trace.case
    used: Mapping[str, Any] = run.get("parameters") or {}
    told = ", ".join(f"{name} {value}" for name, value in sorted(used.items()) if value is not None)
    return (
        say.stamp(micros(run["time"])), Code(str(run["case"])) if mine else say("dash"),
        say(f"er.files.{run.get('files', 'same')}"), Code(told) if told else say("dash"),
        _outcome(view, run["outcome"]),
    )  # fmt: skip


def _outcome(view: View, words: str | Sequence[str]) -> Text:
    """Outcomes of a run's pieces."""
    told = [words] if isinstance(words, str) else list(words)
    return joined(view.say.known(f"outcome.{word}", word) for word in told) or view.say("dash")


def method(view: View) -> Iterator[Block]:
    """Section 8."""
    say, trace = view.say, view.trace
    yield Heading(2, say("s.method"))
    yield Para(say("mt.intro"))
    yield Items(tuple(say(f"mt.{number}") for number in range(1, 7)), ordered=True)
    yield Heading(3, say("mt.limits"))
    limits = view.said(trace.limits)
    yield Items(limits) if limits else Para(say("mt.limits.none"))
    yield Heading(3, say("mt.run"))
    pairs: list[tuple[str, Text]] = [(say("mt.sha"), Code(trace.leak))]
    if view.court:
        told = (("mt.actor", trace.actor), ("mt.second", trace.second), ("mt.purpose", trace.purpose))
        pairs += [(say(key), Code(text) if text else say("dash")) for key, text in told]
    if trace.protected:
        names = say.rich("mt.protected.told", names=Code(", ".join(trace.protected)))
        count = say("mt.protected.count", count=len(trace.protected))
        pairs.append((say("mt.protected"), names if view.court else count))
    yield Facts(tuple(pairs))
    if trace.parameters:
        yield Heading(3, say("mt.parameters"))
        rows = tuple((Code(name), Code(str(value))) for name, value in sorted(trace.parameters.items()))
        yield Table(("", ""), rows, (1, 2))
