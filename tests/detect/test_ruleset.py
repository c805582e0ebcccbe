from __future__ import annotations

import time

from shared import SHARED, needs_shared

from kulla.detect.reference import holds
from kulla.detect.ruleset import load


def rule(title: str, head: str = "", body: str = "s: {A: x}, condition: s") -> str:
    return f"title: {title}\n{head}logsource: {{product: p}}\ndetection: {{{body}}}\n"


def correlation(title: str, rules: str, more: str = "") -> str:
    return f"title: {title}\ncorrelation: {{type: temporal, rules: [{rules}], timespan: 1m{more}}}\n"


def test_of_two_documents_with_one_id_the_first_is_kept() -> None:
    ruleset = load([("a.yml", rule("A", "id: i\n")), ("b.yml", rule("B", "id: i\n", "s: {A: y}, condition: s"))])
    assert [each.meta.title for each in ruleset.rules] == ["A"]
    assert [(str(each.place), each.fatal) for each in ruleset.problems] == [("b.yml:1", True)]
    assert "a.yml:1" in ruleset.problems[0].message


def test_the_same_rule_twice_is_a_remark() -> None:
    ruleset = load([("a.yml", rule("A", "id: i\n")), ("b.yml", rule("A", "id: i\n"))])
    assert [each.fatal for each in ruleset.problems] == [False]


def test_references_by_id_name_and_title_become_ids() -> None:
    text = correlation("C", "i1, two, Rule 3", ", aliases: {who: {two: User}}")
    ruleset = load([
        ("c.yml", text), ("1.yml", rule("Rule 1", "id: i1\n")), ("2.yml", rule("Rule 2", "id: i2\nname: two\n")),
        ("3.yml", rule("Rule 3", "id: i3\n")),
    ])  # fmt: skip
    assert not ruleset.problems
    assert ruleset.correlations[0].rules == ("i1", "i2", "i3")
    assert ruleset.correlations[0].aliases == {"who": {"i2": "User"}}


def test_correlations_may_rest_on_correlations_but_not_on_themselves() -> None:
    files = [
        ("r.yml", rule("R")), ("c.yml", correlation("C", "R")), ("d.yml", correlation("D", "C, R")),
        ("e.yml", correlation("E", "F")), ("f.yml", correlation("F", "E")), ("g.yml", correlation("G", "nothing")),
        ("h.yml", correlation("H", "G")),
    ]  # fmt: skip
    ruleset = load(files)
    assert [each.meta.title for each in ruleset.correlations] == ["C", "D"]
    assert sorted(each.place.path for each in ruleset.problems) == ["e.yml", "f.yml", "g.yml", "h.yml"]


def test_filters_name_their_selections_after_themselves_and_are_told_when_idle() -> None:
    filters = (
        "title: F\nlogsource: {product: p}\nfilter: {rules: [A], s: {B: y}, condition: not s}\n---\n"
        "title: G\nlogsource: {product: p}\nfilter: {rules: [gone], s: {B: y}, condition: not s}\n---\n"
        "title: H\nlogsource: {product: p}\nfilter: {rules: any, s: {C|expand: '%v%'}, condition: not s}\n"
    )
    ruleset = load([("f.yml", filters), ("a.yml", rule("A")), ("b.yml", rule("B"))])
    first, second = ruleset.rules
    assert "F: s" in repr(first.tree)
    assert "filter" in first.condition
    assert not holds(first.tree, {"A": ["x"], "B": ["y"]})
    assert holds(second.tree, {"A": ["x"], "B": ["y"]})
    assert {each.check for each in ruleset.problems} == {"filter-reference", "needs-value"}
    assert not any(each.fatal for each in ruleset.problems)
    given = load([("f.yml", filters), ("a.yml", rule("A"))], {"v": ["z"]})
    assert not holds(given.rules[0].tree, {"A": ["x"], "C": ["z"]})


@needs_shared
def test_the_whole_corpus_loads_within_its_time() -> None:
    paths = sorted((SHARED / "sigma").glob("rules*/**/*.yml"))
    texts = [(str(path), path.read_text("utf-8")) for path in paths]
    began = time.process_time()
    ruleset = load(texts)
    took = time.process_time() - began
    assert len(ruleset.rules) == len(paths) > 3_000
    assert not ruleset.problems
    assert all(each.needs for each in ruleset.rules if "rules-placeholder" in each.meta.place.path)
    names = {name: ["v"] for each in ruleset.rules for name in each.needs}
    needy = {each.meta.place.path for each in ruleset.rules if each.needs}
    assert not any(each.needs for each in load([each for each in texts if each[0] in needy], names).rules)
    assert took < 15  # 2.7 s of CPU where the core is not shared
