"""What a retro-hunt by rules asks: pasted rules, and the loaded ones that correlations refer to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kulla.centre.alerts import rules
from kulla.centre.alerts.rules import File
from kulla.centre.hunting.asked import RULES, Asked, read
from kulla.errors import RuleError


def rule(title: str, more: str = "", image: str = "a") -> str:
    return (
        f"title: {title}\n{more}logsource: {{product: windows}}\ndetection: {{s: {{Image: {image}}}, condition: s}}\n"
    )


def correlation(title: str, *names: str, more: str = "") -> str:
    return (
        f"title: {title}\ncorrelation:\n    type: event_count\n    rules: [{', '.join(names)}]\n    group-by: [User]\n"
        f"    timespan: 2h\n    condition: {{gte: 2}}\n{more}"
    )


def titles(asked: Asked) -> tuple[list[str], list[str]]:
    return [each.meta.title for each in asked.rules], [each.meta.title for each in asked.correlations]


LOADED = [
    rule("One", "id: 11111111-1111-4111-8111-111111111111\nname: first\n") + "---\n" + rule("Beside"),
    rule("Two"),
    correlation("Inner", "first"),
]


def named(reference: str) -> list[File]:
    return [
        File(number, f"/rules/{number}.yml", text)
        for number, text in enumerate(LOADED)
        if any(f"{key}: {reference}\n" in text for key in ("id", "name", "title"))
    ]


def test_a_correlation_brings_the_loaded_rules_it_refers_to_and_no_others() -> None:
    asked = read(correlation("C", "11111111-1111-4111-8111-111111111111", "Two"), named)
    assert titles(asked) == (["One", "Two"], ["C"])
    assert asked.titles == ["C"]
    assert asked.quiet == {each.meta.id for each in asked.rules}
    assert set(asked.needs.values()) == {frozenset({"User"})}
    assert titles(read(correlation("C", "first"), named)) == (["One"], ["C"])


def test_a_correlation_of_a_loaded_correlation_brings_its_rules_too() -> None:
    asked = read(correlation("C", "Inner"), named)
    assert titles(asked) == (["One"], ["Inner", "C"])
    assert asked.titles == ["C"]


def test_what_is_pasted_goes_before_what_is_loaded() -> None:
    asked = read(rule("Two", image="b") + "---\n" + correlation("C", "Two", more="    generate: true\n"), named)
    assert [each.meta.place.path for each in asked.rules] == ["pasted.yml"]
    assert asked.quiet == frozenset()
    assert asked.titles == ["C", "Two"]


def test_filters_of_the_place_hold_for_what_is_asked() -> None:
    text = "title: F\nlogsource: {product: windows}\nfilter: {rules: [first], s: {User: svc}, condition: not s}\n"
    plain = read(correlation("C", "first"), named)
    tuned = read(correlation("C", "first"), named, [("/filters/f.yml", text)])
    assert plain.rules[0].tree != tuned.rules[0].tree
    assert plain.rules[0].meta.id == tuned.rules[0].meta.id


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "line 1: the file is empty"), ("title: x", "line 1: the detection is missing"),
     (rule("A") + "---\n" + correlation("C", "Nowhere"), "line 5: no loaded rule has the id, name or title `Nowhere`"),
     (rule("A") + "---\n" + correlation("C", "A").replace("2h", "two hours"), "line 10: `timespan` must be"),
     (correlation("C", "D") + "---\n" + correlation("D", "C"), "line 1: the correlation rests on itself"),
     (rule("A", image="'%who%'").replace("Image", "Image|expand"), "A: needs values for who"),
     ("---\n".join(rule(f"R{n}") for n in range(RULES + 1)), f"paste 1 to {RULES}")],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        read(text, named)
    assert str(caught.value).startswith(said)


def test_more_is_read_than_was_asked_only_for_correlations() -> None:
    noon = datetime(2026, 5, 11, 12, tzinfo=UTC)
    assert read(rule("A")).since(noon) == noon
    both = read(rule("A") + "---\n" + correlation("C", "A") + "---\n" + correlation("D", "C"))
    assert both.since(noon) == noon - timedelta(hours=48 + 4)
    assert both.since(None) is None
    assert read(rule("A") + "---\n" + correlation("C", "A").replace("2h", "99y")).since(
        datetime(50, 1, 1, tzinfo=UTC)
    ) == datetime(1, 1, 1, tzinfo=UTC)


def test_the_folders_of_a_centre_know_rules_by_id_name_and_title(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CENTRE = tmp_path
    own, place = tmp_path / "rules" / "own", tmp_path / "rules" / "filters" / "civil" / "tax"
    own.mkdir(parents=True)
    place.mkdir(parents=True)
    (own / "a.yml").write_text(rule("'It''s: one' # said", 'id: aaaa\nname: "n-1"\n'), "utf-8")
    (own / "b.yml").write_text(rule("Two", "id: aaaa\n"), "utf-8")
    (own / "c.yml").write_text("title: F\nlogsource: {product: linux}\nfilter: {s: {a: b}, condition: s}\n", "utf-8")
    (place / "d.yml").write_text("title: G\nlogsource: {product: linux}\nfilter: {s: {a: b}, condition: s}\n", "utf-8")
    monkeypatch.setenv("KULLA_RULES", str(tmp_path / "none"))
    (tmp_path / "none").mkdir()
    monkeypatch.setattr(rules, "_index", rules._Index())
    names = {each: [Path(file.path).name for file in rules.named(each)] for each in ("aaaa", "n-1", "It's: one", "Two")}
    assert names == {"aaaa": ["a.yml", "b.yml"], "n-1": ["a.yml"], "It's: one": ["a.yml"], "Two": ["b.yml"]}
    assert rules.named("three") == []
    found = rules.find("aaaa")
    assert found is not None
    assert found.rule.meta.title == "It's: one"
    assert [Path(path).name for path, _ in rules.filters("civil", "tax")] == ["c.yml", "d.yml"]
    assert [Path(path).name for path, _ in rules.filters("civil", "health")] == ["c.yml"]
