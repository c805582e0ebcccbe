"""The case files: what rules mean, by example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kulla.detect.reference import evaluate
from kulla.detect.ruleset import load

FILES = sorted((Path(__file__).parent / "cases").glob("*.yml"))
CASES = [(path.stem, case) for path in FILES for case in yaml.safe_load(path.read_text("utf-8"))]


def _event(written: dict[str, Any]) -> dict[str, list[str]]:
    return {field: [str(each) for each in (v if isinstance(v, list) else [v])] for field, v in written.items()}


def _text(stem: str, name: str) -> str:
    """The rules of a case as its author wrote them: line by line, since YAML's own reading would change values."""
    lines = (Path(__file__).parent / "cases" / f"{stem}.yml").read_text("utf-8").splitlines()
    start = lines.index(f"- name: {name}") + 1
    end = next((n for n in range(start, len(lines)) if lines[n].startswith(("- name:", "  hits:", "  values:"))), 0)
    body = [line[2:] for line in lines[start:end]]
    if body[0].startswith("rules:"):
        return "\n".join("---\n" + line.strip().removeprefix("- ") for line in body[1:])
    return "title: Case\nlogsource: {product: any}\n" + "\n".join(body)


@pytest.mark.parametrize(("stem", "case"), CASES, ids=[f"{stem}: {case['name']}" for stem, case in CASES])
def test_case(stem: str, case: dict[str, Any]) -> None:
    ruleset = load([("case.yml", _text(stem, case["name"]))], case.get("values"))
    assert not ruleset.problems
    rule = ruleset.rules[0]
    assert not rule.needs
    for written in case["hits"]:
        assert evaluate(rule, _event(written)).matched, written
    for written in case["misses"]:
        assert not evaluate(rule, _event(written)).matched, written
    assert case["hits"]
    assert case["misses"]


def test_there_are_many() -> None:
    assert len(CASES) >= 60
