"""Our own rules: whole, loadable, and right about their own samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from sigma.collection import SigmaCollection

from kulla.detect.correlate.correlator import Correlator
from kulla.detect.correlate.signals import Signal
from kulla.detect.lint import check
from kulla.detect.reference import evaluate, holds
from kulla.detect.rule import Correlation, Rule, Ruleset
from kulla.events.sqltemplate import template

FOLDER = Path(__file__).parents[2] / "rules"
FILES = sorted(FOLDER.rglob("*.yml"))
Fields = Mapping[str, str | Sequence[str]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def ours() -> Ruleset:
    return check([(str(path), path.read_text(encoding="utf-8")) for path in FILES])


def everything() -> Sequence[Rule | Correlation]:
    return (*ours().rules, *ours().correlations)


def samples(rule: Rule | Correlation) -> Iterator[tuple[str, bool | int, Sequence[Fields]]]:
    own = cast("Mapping[str, list[Mapping[str, object]]]", rule.meta.custom["kulla"])
    for sample in own["samples"]:
        yield str(sample["name"]), cast("bool | int", sample["match"]), cast("Sequence[Fields]", sample["events"])


def event(fields: Fields) -> dict[str, list[str]]:
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in fields.items()
        if not name.startswith("@")
    }


def as_wanted(found: int, wanted: bool | int) -> bool:
    return found > 0 if wanted is True else found == int(wanted)


def signals(events: Sequence[Fields]) -> Iterator[Signal]:
    for number, fields in enumerate(events):
        time = datetime.fromisoformat(str(fields["@time"])) - EPOCH
        for rule in ours().rules:
            if holds(rule.tree, event(fields)):
                micros = round(time.total_seconds() * 1_000_000)
                yield Signal(micros, (0, number), str(number), rule.meta.id, event(fields), {})


def test_all_load_without_a_remark() -> None:
    assert ours().problems == ()
    assert len(everything()) == len(FILES) >= 34


@pytest.mark.parametrize("rule", everything(), ids=lambda rule: Path(rule.meta.place.path).stem)
def test_its_samples(rule: Rule | Correlation) -> None:
    wanted = [match for _, match, _ in samples(rule)]
    assert any(wanted), "no sample that matches"
    assert not all(wanted), "no near miss"
    for name, match, events in samples(rule):
        if isinstance(rule, Rule):
            found = sum(evaluate(rule, event(fields)).matched for fields in events)
        else:
            correlator = Correlator(ours().correlations)
            correlator.add(signals(events))
            found = sum(finding.correlation.meta.id == rule.meta.id for finding in correlator.advance())
        assert as_wanted(found, match), name


@pytest.mark.parametrize("rule", everything(), ids=lambda rule: Path(rule.meta.place.path).stem)
def test_it_says_what_it_must(rule: Rule | Correlation) -> None:
    meta = rule.meta
    assert (meta.author, meta.license, meta.status) == ("Kulla", "Apache-2.0", "experimental")
    assert len(meta.description) > 30
    assert meta.falsepositives
    assert meta.date is not None
    assert any(re.fullmatch(r"attack\.t\d{4}(\.\d{3})?", tag) for tag in meta.tags)
    assert any(re.fullmatch(r"attack\.[a-z-]+", tag) for tag in meta.tags)
    assert cast("Mapping[str, str]", meta.custom["kulla"])["noise"]


@pytest.mark.parametrize("rule", ours().rules, ids=lambda rule: Path(rule.meta.place.path).stem)
def test_statement_rules_see_redacted_statements_too(rule: Rule) -> None:
    by_value = ("postgresql_dump_by_person", "postgresql_wide_grant")
    if rule.logsource.product != "postgresql" or Path(rule.meta.place.path).stem in by_value:
        return
    for name, match, events in samples(rule):
        for fields in events:
            if "statement" in fields:
                redacted = {**fields, "statement": template(str(fields["statement"]))}
                assert holds(rule.tree, event(redacted)) == match, name


def test_pysigma_reads_them() -> None:
    found = SigmaCollection.load_ruleset([FOLDER], collect_errors=True)
    assert [str(error) for rule in found.rules for error in rule.errors] == []
    assert len(found.rules) == len(FILES)
