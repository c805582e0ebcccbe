"""The leaked files and the registers they were compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kulla.leaks.report.blocks import Block, Code, Facts, Heading, Items, Para, Table, Text
from kulla.leaks.report.view import View, micros
from kulla.leaks.trace import Input, RegisterUsed

_LISTED: Final = 40
"""Sheets, metadata and problems told of one file: a file can claim any number of them."""


def inputs(view: View) -> Iterator[Block]:
    """Section 1."""
    say, trace = view.say, view.trace
    yield Heading(2, say("s.inputs"))
    yield Para(say("in.intro"))
    for at, one in enumerate(trace.inputs):
        yield from _file(view, at, one)
    if view.stamp.state == "verified":
        yield Para(
            say.rich("in.stamped", time=say.stamp(micros(view.stamp.time)), authority=Code(view.stamp.authority))
        )
    yield from _seen(view)
    yield Heading(3, say("in.registers"))
    for used in trace.registers:
        yield Facts(tuple(_register(view, used)))
        yield from _copies(view, used)


def _file(view: View, at: int, one: Input) -> Iterator[Block]:
    say = view.say
    yield Heading(3, say("file.label", number=at + 1))
    pairs: list[tuple[str, Text]] = [
        ("SHA-256", Code(one.sha256)),
        (say("in.size"), say("in.bytes", size=one.size)),
        (say("in.form"), Code(one.form)),
        (say("rows"), say.number(one.rows)),
    ]
    if view.court:
        told = (
            ("in.name", one.name),
            ("in.source", one.source),
            ("in.by", one.handed_by),
            ("in.basis", one.legal_basis),
        )
        pairs += [(say(key), Code(text) if text else say("dash")) for key, text in told]
    pairs.append((say("in.received"), say.stamp(micros(one.received)) if one.received else say("dash")))
    yield Facts(tuple(pairs))
    if not view.court:
        return
    if one.tables:
        head = (say("in.sheets"), say("rows"))
        rows = tuple((Code(str(t.get("name", ""))), say.number(int(t.get("rows", 0)))) for t in one.tables[:_LISTED])
        yield Table(head, rows, widths=(5, 1), numbers=frozenset({1}))
        yield from _more(view, len(one.tables))
    if one.metadata:
        yield Para(say("in.says"))
        yield Table(
            ("", ""), tuple((Code(k), Code(v)) for k, v in sorted(one.metadata.items())[:_LISTED]), widths=(1, 3)
        )
        yield from _more(view, len(one.metadata))
    if one.problems:
        yield Para(say("in.problems"))
        yield Items(tuple(Code(problem) for problem in one.problems[:_LISTED]))
        yield from _more(view, len(one.problems))


def _seen(view: View) -> Iterator[Block]:
    """Where and when chat exports saw the files."""
    say, seen = view.say, view.trace.sightings
    if not seen:
        return
    yield Heading(3, say("in.seen"))
    keys = ("in.name", "in.seen.where", "in.seen.first", "in.seen.last", "in.seen.times", "in.seen.senders")
    rows = tuple(_sighting(view, each) for each in seen[:_LISTED])
    yield Table(tuple(map(say, keys)), rows, (2, 1.6, 1.6, 1.6, 0.7, 0.9), frozenset({4, 5}))
    yield from _more(view, len(seen))
    yield Para(say("in.seen.note"), "quiet")


def _sighting(view: View, seen: Mapping[str, Any]) -> tuple[Text, ...]:
    say = view.say
    other = say("in.seen.other" if seen["sha256"] else "in.seen.unknown")
    return (
        other if seen["file"] is None else view.file(seen["file"]), Code(f"{seen['channel']}, {seen['kind']}"),
        say.stamp(micros(seen["first"])), say.stamp(micros(seen["last"])), say.number(seen["times"]),
        say("dash") if seen["senders"] is None else say.number(seen["senders"]),
    )  # fmt: skip


def _more(view: View, count: int) -> Iterator[Block]:
    if count > _LISTED:
        yield Para(view.say("more", count=count - _LISTED), "quiet")


def _register(view: View, used: RegisterUsed) -> Iterator[tuple[str, Text]]:
    say = view.say
    first, last = micros(used.history_from), micros(used.history_to)
    history = say("in.history.span", first=say.stamp(first), last=say.stamp(last))
    yield say("register"), Code(used.name)
    yield say("in.owner"), Code(f"{used.owner} ({used.constituent})")
    yield say("in.records"), say.number(used.records)
    yield say("in.history"), history + (f"; {say('in.reconstructed')}" if used.reconstructed else "")
    yield say("in.reads"), say.number(used.reads)
    yield say("in.key"), Code(f"{used.key_id}, {used.epoch}")
    yield say("in.imprint"), Code(used.imprint_sha256)
    yield say("in.readlog"), Code(used.reads_sha256)


def _copies(view: View, used: RegisterUsed) -> Iterator[Block]:
    say = view.say
    if not used.copies:
        return
    head = (say("in.copies"), say("cd.kind"), say("cd.copy.frozen"), say("cd.copy.log"))
    yield Table(head, tuple(_copy(view, copy) for copy in used.copies), widths=(3, 2, 2, 1))


def _copy(view: View, copy: Mapping[str, Any]) -> tuple[Text, ...]:
    say = view.say
    frozen = micros(copy.get("frozen_at"))
    state = say.stamp(frozen) if frozen else say("cd.copy.follows")
    return (
        Code(str(copy.get("name", ""))),
        Code(str(copy.get("kind", ""))),
        state,
        say("yes" if copy.get("read_log") else "no"),
    )
