"""Findings as a layer of the MITRE ATT&CK Navigator, format 4.5 (attack-navigator, layers/spec/v4.5/layerformat.md).

A technique's score is its number of hits; its comment names the rules. Sub-techniques stand for themselves.
"""

from __future__ import annotations

from typing import BinaryIO

import orjson

from kulla.hunt import words
from kulla.hunt.findings import Findings
from kulla.hunt.visible import visible

TITLES = 20
"""A comment names so many rules, and how many more there are."""
# A single-hue ramp keeps its order for every reader, colour-blind ones included.
COLOURS = ("#fff4d6", "#f2a33a", "#b3261e")


class NavigatorWriter:
    """An ATT&CK Navigator layer."""

    suffix = ".navigator.json"

    def write(self, out: BinaryIO, findings: Findings) -> None:
        out.write(orjson.dumps(layer(findings), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def layer(findings: Findings) -> dict[str, object]:
    """The layer as plain values."""
    techniques = [_technique(findings, number.id, groups) for number, groups in findings.techniques().items()]
    most = max((int(str(item["score"])) for item in techniques), default=1)
    facts = findings.facts
    return {
        "name": "Kulla hunt",
        "versions": {"navigator": "4.9.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": f"{words.many(findings.count, 'hit')} in {words.many(facts.events, 'event')}, "
        f"{words.clock_span(facts.time_first, facts.time_last)}. Scores are hits.",
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "hideDisabled": False,
        "techniques": techniques,
        "gradient": {"colors": list(COLOURS), "minValue": 0, "maxValue": max(1, most)},
        "legendItems": [],
        "showTacticRowBackground": False,
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
    }


def _technique(findings: Findings, number: str, members: list[int]) -> dict[str, object]:
    groups = [findings.ranked[at].group for at in members]
    titles = list(dict.fromkeys(visible(group.title) for group in groups))
    more = [f"and {len(titles) - TITLES} more rules"] if len(titles) > TITLES else []
    return {
        "techniqueID": number,
        "score": sum(group.count for group in groups),
        "comment": "\n".join([*titles[:TITLES], *more]),
        "enabled": True,
        "metadata": [
            {"name": "groups", "value": str(len(groups))},
            {"name": "best rank", "value": str(members[0] + 1)},
        ],
        "showSubtechniques": "." not in number,
    }
