"""docs/trace.schema.json holds for every trace, and for nothing that lacks or adds a field."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from leaktraces import situations

from kulla.leaks.assess import Assessment, Factor
from kulla.leaks.candidate import OUTCOMES, Attribution, Candidate, CopyMatch, Line, Margin, Ratio
from kulla.leaks.dated import Piece, Window
from kulla.leaks.matched import VERDICTS, ColumnMatch
from kulla.leaks.trace import Input, RegisterUsed, TableFound, Trace
from kulla.registers.schema import EXTENTS, SEALS

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "trace.schema.json").read_text("utf-8"))
TRACES = {name: json.loads(made.json()) for name, made in situations().items()}
KNOWN = {
    "type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "enum", "const",
    "pattern", "minimum", "maximum", "anyOf", "allOf", "$ref", "description", "title", "$schema", "$defs",
}  # fmt: skip
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def problems(value: Any, schema: dict[str, Any], at: str = "$") -> Iterator[str]:
    """What of a value breaks a schema: JSON Schema 2020-12, as far as ours uses it."""
    assert set(schema) <= KNOWN, f"{at}: {set(schema) - KNOWN}"
    if "$ref" in schema:
        yield from problems(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], at)
    for each in schema.get("allOf", ()):
        yield from problems(value, each, at)
    if "anyOf" in schema and not any(not list(problems(value, each, at)) for each in schema["anyOf"]):
        yield f"{at}: fits none"
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{at}: is no {kind}"
        return
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        yield f"{at}: not one of those allowed"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: pattern"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: out of bounds"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: length"
        for number, each in enumerate(value):
            yield from problems(each, schema.get("items", {}), f"{at}[{number}]")
    if isinstance(value, dict):
        yield from _object(value, schema, at)


def _object(value: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
    yield from (f"{at}: no {name}" for name in schema.get("required", ()) if name not in value)
    rest = schema.get("additionalProperties", True)
    for name, each in value.items():
        if name in schema.get("properties", {}):
            yield from problems(each, schema["properties"][name], f"{at}.{name}")
        elif rest is False:
            yield f"{at}: {name} is not known"
        elif isinstance(rest, dict):
            yield from problems(each, rest, f"{at}.{name}")


@pytest.mark.parametrize("name", sorted(TRACES))
def test_every_trace_fits_the_schema(name: str) -> None:
    assert list(problems(TRACES[name], SCHEMA)) == []


@pytest.mark.parametrize(("kind", "place", "more"), [
    (Trace, "", set()), (Input, "input", set()), (RegisterUsed, "register", set()), (TableFound, "table", set()),
    (ColumnMatch, "column", {"meaning", "category"}), (Window, "window", set()),
    (Piece, "piece", {"file", "bic", "along"}), (Line, "line", set()), (Ratio, "ratio", set()),
    (Candidate, "candidate", set()), (CopyMatch, "copy", set()), (Margin, "margin", set()),
    (Attribution, "attribution", set()), (Factor, "factor", set()), (Assessment, "assessment", set()),
])  # fmt: skip
def test_the_schema_has_the_fields_of_the_code(kind: Any, place: str, more: set[str]) -> None:
    schema = SCHEMA["$defs"][place] if place else SCHEMA
    assert set(schema["properties"]) == {field.name for field in fields(kind)} | more
    assert set(schema["required"]) == set(schema["properties"])


def test_the_schema_has_the_words_of_the_code() -> None:
    defs = SCHEMA["$defs"]
    assert defs["attribution"]["properties"]["outcome"]["enum"] == list(OUTCOMES)
    assert set(defs["table"]["properties"]["verdicts"]["properties"]) == set(VERDICTS)
    assert defs["candidate"]["properties"]["sealed"]["enum"] == list(SEALS)
    assert defs["candidate"]["properties"]["extent"]["enum"] == list(EXTENTS)


def test_a_trace_with_a_field_less_or_more_does_not_fit() -> None:
    draw = random.Random(7)
    places = ["inputs", "registers", "tables", "pieces", "attributions", "leads"]
    for place in places:
        for change in range(6):
            broken = copy.deepcopy(TRACES["episode"])
            target = broken[place][0]
            if change % 2:
                del target[draw.choice(sorted(target))]
            else:
                target["another"] = 1
            assert list(problems(broken, SCHEMA)), place
    for name, value in (("made", "yesterday"), ("format", 2), ("limits", None), ("inputs", {})):
        assert list(problems({**TRACES["episode"], name: value}, SCHEMA)), name
