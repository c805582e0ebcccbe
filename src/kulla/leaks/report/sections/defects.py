"""What is wrong with this evidence, found in the trace itself: it is told before anyone has to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kulla.leaks.report.blocks import Code, Text
from kulla.leaks.report.view import View, micros


def defects(view: View) -> list[Text]:
    """The defects, the gravest first."""
    say, trace = view.say, view.trace
    found: list[Text] = []
    if view.stamp.state != "verified":
        found.append(say(f"defect.stamp.{view.stamp.state}"))
    if trace.parameters.get("as_of"):
        found.append(say("defect.as_of", time=say.stamp(micros(trace.parameters["as_of"]))))
    for attribution in trace.attributions:
        found += _of_attribution(view, attribution)
    for at, piece in enumerate(trace.pieces):
        if not piece["window"]["calibrated"]:
            found.append(say("defect.window", piece=at + 1))
    found += [say.rich("defect.reconstructed", register=Code(u.name)) for u in trace.registers if u.reconstructed]
    if any(one.problems for one in trace.inputs):
        found.append(say("defect.problems"))
    return found


def _of_attribution(view: View, attribution: Mapping[str, Any]) -> Iterator[Text]:
    say, number = view.say, attribution["piece"] + 1
    best = [each for each in attribution["candidates"][:1] if each["nats"] is not None and each["nats"] >= 0]
    shown = [attribution["candidates"][at] for at in attribution["named"]] or best
    if any(candidate["sealed"] != "sealed" for candidate in shown):
        yield say("defect.sealed", piece=number)
    if not attribution["margin"]["valid"]:
        yield say("defect.calibration", piece=number)
    if attribution["log_from"] is None:
        yield say("defect.nolog", piece=number)
    elif attribution["covered"] < 1:
        yield say("defect.covered", piece=number, covered=say.percent(attribution["covered"]))
    if any(candidate["extent"] != "exact" for candidate in shown):
        yield say("defect.extent", piece=number)
    if attribution["disagreement"]:
        yield say("defect.disagreement", piece=number)
