"""Our own rules: whole, loadable, and right about their own samples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from sigma.collection import SigmaCollection

from kulla.detect.lint import check
from kulla.detect.reference import holds
from kulla.detect.rule import Correlation, Rule, Ruleset
from kulla.events.sqltemplate import template
from kulla.hunt.samples import Sample, expanded, read, run

FOLDER = Path(__file__).parents[2] / "rules"
FILES = sorted(FOLDER.rglob("*.yml"))


@cache
def ours() -> Ruleset:
    return check([(str(path), path.read_text(encoding="utf-8")) for path in FILES])


def everything() -> Sequence[Rule | Correlation]:
    return (*ours().rules, *ours().correlations)


def samples(rule: Rule | Correlation) -> list[Sample]:
    found, wrong = read(rule)
    assert wrong == []
    return found


def test_all_load_without_a_remark() -> None:
    assert ours().problems == ()
    assert len(everything()) == len(FILES) >= 34


@pytest.mark.parametrize("rule", everything(), ids=lambda rule: Path(rule.meta.place.path).stem)
def test_it_brings_a_hit_and_a_near_miss(rule: Rule | Correlation) -> None:
    wanted = [sample.match for sample in samples(rule)]
    assert any(wanted), "no sample that matches"
    assert not all(wanted), "no near miss"


def test_their_samples() -> None:
    outcomes = run([str(FOLDER)])
    assert len(outcomes) >= 2 * len(FILES)
    assert [outcome for outcome in outcomes if not outcome.passed] == []


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
    for sample in samples(rule):
        for fields, _ in expanded(sample):
            if "statement" in fields:
                redacted = {**fields, "statement": [template(text) for text in fields["statement"]]}
                assert holds(rule.tree, redacted) == sample.match, sample.name


def test_pysigma_reads_them() -> None:
    found = SigmaCollection.load_ruleset([FOLDER], collect_errors=True)
    assert [str(error) for rule in found.rules for error in rule.errors] == []
    assert len(found.rules) == len(FILES)
