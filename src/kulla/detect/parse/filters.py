"""Filter rules (Sigma filters specification 2.0)."""

from __future__ import annotations

from kulla.detect.modifiers import scalar_text
from kulla.detect.parse.detection import read_detection
from kulla.detect.parse.meta import read_logsource
from kulla.detect.problems import Problems
from kulla.detect.rule import Filter, Meta
from kulla.detect.values import Expansion
from kulla.detect.yamlines import Map, Seq

_RESERVED = frozenset({"condition", "rules"})


def read_filter(document: Map, meta: Meta, problems: Problems, expansion: Expansion) -> Filter | None:
    """The filter of a document, or None after reporting its problems. `rules: any`, or an empty list, is all rules."""
    logsource = read_logsource(document, problems)
    section = document.get("filter")
    if not isinstance(section, Map):
        problems.error(document.line_of("filter"), "`filter` must be a map with rules, selections and a condition")
        return None
    rules = _rules(section, problems)
    detection = read_detection(section, problems, expansion, _RESERVED)
    if logsource is None or detection is None or rules is None:
        return None
    return Filter(meta, logsource, rules, detection.tree, detection.needs)


def _rules(section: Map, problems: Problems) -> tuple[str, ...] | None:
    written = section.get("rules")
    line = section.line_of("rules")
    if written is None:
        problems.error(line, "`rules` is missing: name rules by id or name, or write `rules: any`")
        return None
    items = list(written) if isinstance(written, Seq) else [written]
    names = [scalar_text(item) for item in items if item is not None and not isinstance(item, Map | Seq)]
    if len(names) < len(items):
        problems.error(line, "`rules` must be `any`, or a list of rules by id or name")
        return None
    return () if [name.lower() for name in names] == ["any"] else tuple(names)
