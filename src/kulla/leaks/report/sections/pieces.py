"""Pieces of the leak, along the file and in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kulla.leaks.intervals import FOREVER
from kulla.leaks.report.blocks import Block, Code, Facts, Figure, Heading, Para, Text
from kulla.leaks.report.charts.along import along, trajectory
from kulla.leaks.report.charts.dating import dating
from kulla.leaks.report.sections.firstpage import reference
from kulla.leaks.report.view import View, curve, micros, spans


def pieces(view: View) -> Iterator[Block]:
    """Section 3."""
    say, found = view.say, view.trace.pieces
    yield Heading(2, say("s.pieces"))
    if not found:
        yield Para(say("pc.none"))
        return
    yield Para(say("pc.intro"))
    drawn = [(say("one.piece", piece=at + 1), piece["along"]) for at, piece in enumerate(found) if piece.get("along")]
    if drawn:
        names, parts = zip(*drawn, strict=True)
        picture = along(names, parts, say("pc.top"), say("pc.end"))
        yield Figure(picture, say("pc.along"), f"{say('pc.along')}. {say('pc.along.cap')}")
    for at, piece in enumerate(found):
        yield from _piece(view, at, piece)
    bic = found[0].get("bic") or ()
    if len(bic) > 1:
        told = "; ".join(f"{at + 1}: {say.decimal(value)}" for at, value in enumerate(bic))
        yield Para(say("pc.bic", list=told), "quiet")


def _piece(view: View, at: int, piece: Mapping[str, Any]) -> Iterator[Block]:
    say, window = view.say, piece["window"]
    where = view.where(piece["file"], piece["table"])
    yield Heading(3, (say("one.piece", piece=at + 1), " · ", Code(piece["register"])))
    pairs: list[tuple[str, Text]] = [
        (say("pc.where"), where),
        (say("rows"), view.count(piece["rows"])),
        (say("pc.kind"), say(f"pc.kind.{piece['kind']}")),
    ]
    if piece["register"] not in view.electoral:
        pairs.append((say("pc.columns"), view.listed(piece["columns"])))
    pairs += _dated(view, window)
    pairs.append((say("pc.reference"), reference(view, piece)))
    yield Facts(tuple(pairs))
    yield from _pictures(view, at, piece)


def _dated(view: View, window: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    say = view.say
    for first, last in spans(window):
        yield say("pc.window"), say("time.span", first=say.stamp(first), last=say.stamp(last))
    if window["open_end"]:
        yield "", say("pc.open")
    kind = "own" if window["calibrated"] else "shipped"
    yield say("pc.level"), say(f"pc.level.{kind}", level=say.percent(window["level"]))
    if not view.coarse:
        best = [micros(moment) for moment in window["best"]]
        yield say("pc.best"), say("time.span", first=say.stamp(best[0]), last=say.stamp(best[1]))
    rows = view.count(window["rows"])
    if window["contradicted"] is None:
        yield say("pc.rests"), say("pc.rests.few", rows=rows)
    else:
        contradicted = view.count(window["contradicted"])
        yield say("pc.rests"), say("pc.rests.rows", rows=rows, contradicted=contradicted)


def _pictures(view: View, at: int, piece: Mapping[str, Any]) -> Iterator[Block]:
    say, window = view.say, piece["window"]
    points, region = curve(window), spans(window)
    ended = [(first, last) for first, last in region if last is not None]
    if points or (ended and len(ended) == len(region)):
        shaded = [(first, FOREVER if last is None else last) for first, last in region]
        picture = dating(points, shaded, window["drop"] or 0.0, say("pc.region"), say("pc.drop"))
        title = say("pc.curve" if points else "pc.when", piece=at + 1)
        caption = say("pc.curve.cap" if points else "pc.when.cap")
        yield Figure(picture, f"{title}. {_alt(view, window)}", f"{title}. {caption}")
    path = [(int(place), micros(moment) or 0) for place, moment in piece.get("trajectory") or ()]
    if len(path) > 1:
        title = say("pc.path", piece=at + 1)
        yield Figure(trajectory(path, say("pc.top"), say("pc.end")), title, title + ".")


def _alt(view: View, window: Mapping[str, Any]) -> str:
    """What the picture shows, for who cannot see it."""
    say = view.say
    return "; ".join(say("time.span", first=say.stamp(a), last=say.stamp(b)) for a, b in spans(window))
