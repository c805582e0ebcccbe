"""One file of Sigma documents: rules, correlations and filters, as plain values with every problem told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kulla.detect.lints._api import Lint, Subject
from kulla.detect.parse.correlation import read_correlation
from kulla.detect.parse.detection import Detection, read_detection
from kulla.detect.parse.filters import read_filter
from kulla.detect.parse.meta import read_logsource, read_meta
from kulla.detect.problems import Problems
from kulla.detect.rule import Correlation, Filter, Meta, Problem, Rule
from kulla.detect.values import Expansion
from kulla.detect.yamlines import Document, Map, Seq, Value, documents

Loaded = Rule | Correlation | Filter


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one file holds. A document with a fatal problem is absent from `documents`. Problems are in line order."""

    documents: tuple[Loaded, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _File:
    path: str
    values: Mapping[str, Sequence[str]]
    lints: Sequence[Lint]
    found: list[Problem] = field(default_factory=list)


def parse(
    path: str, text: str, values: Mapping[str, Sequence[str]] | None = None, lints: Sequence[Lint] = ()
) -> Parsed:
    """The documents of one file, in order. Never raises on any text; one wrong document stops no other.

    `values` gives the values of placeholders by name (see `detect.values`). `lints` are asked about each document
    that loads. Several documents, and the old `action: global`, `reset` and `repeat`, are understood.

    >>> text = "title: A\\nlogsource: {product: windows}\\ndetection: {s: {Image: a}, condition: s}"
    >>> parse("a.yml", text).documents[0].meta.title
    'A'
    """
    file = _File(path, values or {}, lints)
    found, faults = documents(text.removeprefix("\ufeff"))
    problems = Problems(path)
    for fault in faults:
        problems.error(fault.line, fault.message)
    loaded = [one for number, (document, line) in enumerate(_collected(found, problems))
              if (one := _document(document, line, number, file)) is not None]  # fmt: skip
    if not found and not faults:
        problems.error(1, "the file is empty: remove it, or write a rule")
    in_order = sorted((*problems.found, *file.found), key=lambda problem: problem.place.line)
    return Parsed(tuple(loaded), tuple(in_order))


def _collected(found: Sequence[Document], problems: Problems) -> list[tuple[Value, int]]:
    """The documents with old-style actions carried out: `global` gives to all that follow, until `reset`;
    `repeat` goes on from the document before."""
    common: Map = Map()
    before: Map = Map()
    result: list[tuple[Value, int]] = []
    for document in found:
        value = document.value
        action = value.get("action") if isinstance(value, Map) else None
        if value is None and len(found) > 1:
            continue
        if not isinstance(value, Map) or (action is None and not common):
            result.append((value, document.line))
            before = value if isinstance(value, Map) else before
        elif action == "global":
            common = _merged(common, value)
        elif action == "reset":
            common = Map()
        elif action in (None, "repeat"):
            before = _merged(before if action == "repeat" else common, value)
            result.append((before, document.line))
        else:
            problems.error(value.line_of("action"), "`action` must be global, reset or repeat")
    return result


def _merged(below: Map, above: Map) -> Map:
    """Both maps, nested ones merged, `above` going before; `action` left out."""
    result = Map(above.line)
    for source in (below, above):
        for key, value in source.items():
            if key == "action":
                continue
            under = result.get(key)
            result[key] = _merged(under, value) if isinstance(under, Map) and isinstance(value, Map) else value
            result.lines[key] = source.line_of(key)
    return result


def _document(value: Value, line: int, number: int, file: _File) -> Loaded | None:
    problems = Problems(file.path)
    loaded: Loaded | None = None
    if isinstance(value, Map):
        loaded = _read(value, number, problems, file)
    else:
        what = "a list" if isinstance(value, Seq) else "no map"
        problems.error(line, f"a rule is a map of keys such as title and detection, this is {what}")
    file.found += problems.found
    return None if problems.failed else loaded


def _read(document: Map, number: int, problems: Problems, file: _File) -> Loaded | None:
    meta = read_meta(document, number, problems)
    expansion = Expansion(file.values)
    loaded: Loaded | None
    detection: Detection | None = None
    if "correlation" in document:
        loaded = read_correlation(document, meta, problems)
    elif "filter" in document:
        loaded = read_filter(document, meta, problems, expansion)
    else:
        detection = _detection(document, problems, expansion)
        loaded = _rule(document, meta, detection, problems)
    if loaded is not None and not problems.failed:
        subject = Subject(document, loaded, detection)
        for lint in file.lints:
            for at, message in lint.look(subject):
                problems.remark(at, message, lint.name)
    return loaded


def _detection(document: Map, problems: Problems, expansion: Expansion) -> Detection | None:
    section = document.get("detection")
    if not isinstance(section, Map):
        problems.error(document.line_of("detection"), "the detection is missing: add `detection:` with a condition")
        return None
    return read_detection(section, problems, expansion)


def _rule(document: Map, meta: Meta, detection: Detection | None, problems: Problems) -> Rule | None:
    logsource = read_logsource(document, problems)
    if logsource is None or detection is None:
        return None
    return Rule(meta, logsource, detection.tree, detection.needs, detection.condition)
