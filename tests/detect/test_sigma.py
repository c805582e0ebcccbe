from __future__ import annotations

import datetime as dt
import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import SHARED, needs_shared
from strategies import documents, text_of

from kulla.detect.rule import Correlation, Filter, Rule
from kulla.detect.sigma import Parsed, parse

GOOD = """title: Certutil
id: 19b08b1c-861d-4e75-a1ef-ea0c1baf202b
status: test
level: high
date: 2026-01-05
modified: 2026/02/01
tags: [attack.execution, attack.t1059.001]
author: A
mine: {a: 1}
logsource: {product: Windows, category: process_creation, definition: x}
detection:
    selection: {Image|endswith: '\\certutil.exe'}
    condition: selection
"""


def fatal(parsed: Parsed) -> list[tuple[int, str]]:
    return [(problem.place.line, problem.message) for problem in parsed.problems if problem.fatal]


def rule(detection: str, head: str = "title: T\nlogsource: {product: p}\n") -> str:
    return f"{head}detection:\n{detection}"


def test_a_rule_is_read_whole() -> None:
    parsed = parse("a.yml", GOOD)
    loaded = parsed.documents[0]
    assert isinstance(loaded, Rule)
    meta = loaded.meta
    assert (meta.status, meta.level, meta.date) == ("test", "high", dt.date(2026, 1, 5))
    assert meta.modified == dt.date(2026, 2, 1)
    assert meta.custom == {"mine": {"a": 1}}
    assert type(meta.custom["mine"]) is dict
    assert str(loaded.logsource) == "windows/process_creation/*"
    assert loaded.condition == "selection"
    assert [problem.check for problem in parsed.problems] == ["modified"]


def test_an_id_is_derived_where_none_is_given_and_stays_the_same() -> None:
    text = rule("    s: {A: x}\n    condition: s")
    first, second = parse("a.yml", text).documents[0], parse("a.yml", text).documents[0]
    assert first.meta.id == second.meta.id != parse("b.yml", text).documents[0].meta.id
    twice = parse("a.yml", f"{text}\n---\n{text}")
    assert len({each.meta.id for each in twice.documents}) == 2


def test_a_file_reports_all_its_errors_at_once_with_their_lines() -> None:
    text = rule(
        "    s:\n        Image|contians: x\n        User|re: '(a'\n        Ip|cidr: 10.0.0.1/8\n    t: {}\n"
        "    condition: s and u and v\n",
        "status: good\nlogsource: {}\n",
    )
    found = fatal(parse("bad.yml", text))
    assert [line for line, _ in found] == [1, 2, 5, 6, 7, 8, 9]
    said = " ".join(message for _, message in found)
    for part in ("title is missing", "contians", "RE2", "10.0.0.0/8", "empty", "`u`", "`v`", "logsource"):
        assert part in said


@pytest.mark.parametrize(
    ("detection", "said"),
    [
        ("    s: {A|contains: null}\n    condition: s", "null"),
        ("    s: {A|contains|startswith: x}\n    condition: s", "exclude each other"),
        ("    s: {A|contains|re: x}\n    condition: s", "first modifier"),
        ("    s: {A|i: x}\n    condition: s", "flag of `re`"),
        ("    s: {A|re|contains: x}\n    condition: s", "cannot follow"),
        ("    s: {A|re: 'a(?=b)'}\n    condition: s", "look-around"),
        ("    s: {A|re: '(a{1000}){1000}'}\n    condition: s", "costly"),
        ("    s: {A|base64: 'a*'}\n    condition: s", "wildcards"),
        ("    s: {A|contains|base64: a}\n    condition: s", "before contains"),
        ("    s: {A|base64|wide: a}\n    condition: s", "before base64"),
        ("    s: {A|wide|utf16be: a}\n    condition: s", "UTF-16 already"),
        ("    s: {A|wide: ë}\n    condition: s", "ASCII"),
        ("    s: {A|base64offset: ''}\n    condition: s", "empty"),
        ("    s: {A|base64|windash: '-a'}\n    condition: s", "before the encodings"),
        ("    s: {A|windash: '-a -b -c -d -e'}\n    condition: s", "variants"),
        ("    s: {A|gt: many}\n    condition: s", "number"),
        ("    s: {A|gt: true}\n    condition: s", "number"),
        ("    s: {A|hour: 24}\n    condition: s", "0 to 23"),
        ("    s: {A|hour: x}\n    condition: s", "0 to 23"),
        ("    s: {A|exists: 1}\n    condition: s", "true or false"),
        ("    s: {'|exists': true}\n    condition: s", "needs a field"),
        ("    s: {'|fieldref': B}\n    condition: s", "field on both sides"),
        ("    s: {A|fieldref: 'B*'}\n    condition: s", "without wildcards"),
        ("    s: {A|cidr: host}\n    condition: s", "network"),
        ("    s: {A|expand: 5}\n    condition: s", "placeholder"),
        ("    s: {A|neq|neq: 5}\n    condition: s", "twice"),
        ("    s: [null]\n    condition: s", "keyword"),
        ("    s: {A: []}\n    condition: s", "no value"),
        ("    s: {A: {B: x}}\n    condition: s", "holds a map"),
        ("    s: {A: [[x]]}\n    condition: s", "list or map"),
        ("    s: [[x]]\n    condition: s", "write one list"),
        ("    s: {A: x}", "condition is missing"),
        ("    s: {A: x}\n    condition: []", "must be text"),
        ("    s: {A: x}\n    condition: {a: b}", "must be text"),
        ("    condition: s", "no selection"),
        ("    s: {A: x}\n    condition: s | count() > 5", "correlation rule"),
        ("    s: {A: x}\n    condition: s near s", "correlation rule"),
        ("    s: {A: x}\n    condition: s s", "does not belong"),
        ("    s: {A: x}\n    condition: s and", "ends where"),
        ("    s: {A: x}\n    condition: (s", "not closed"),
        ("    s: {A: x}\n    condition: 1 of t*", "stands for no selection"),
        ("    s: {A: x}\n    condition: 2 of them", "not possible"),
        ("    s: {A: x, A: y}\n    condition: s", "stands twice"),
    ],
)
def test_errors_say_what_to_do(detection: str, said: str) -> None:
    parsed = parse("a.yml", rule(detection))
    assert not parsed.documents
    assert any(said in message for _, message in fatal(parsed)), parsed.problems


def test_a_wrong_document_stops_no_other() -> None:
    good = rule("    s: {A: x}\n    condition: s\n")
    parsed = parse("a.yml", f"{good}---\ntitle: only\n---\n- a list\n---\n{good}")
    assert len(parsed.documents) == 2
    assert len({line for line, _ in fatal(parsed)}) >= 2


def test_small_faults_are_remarks_and_leave_the_rule() -> None:
    parsed = parse("a.yml", GOOD.replace("test", "tested").replace("high", "huge").replace("2026-01-05", "soon"))
    assert len(parsed.documents) == 1
    assert {problem.check for problem in parsed.problems} == {"status", "level", "date", "modified"}
    assert parsed.documents[0].meta.level == "medium"


def test_a_placeholder_without_value_is_told_by_needs() -> None:
    text = rule("    s: {A|expand: ['%x%', '%y%%x%']}\n    condition: s")
    bare, given_x, whole = (
        parse("a.yml", text, v).documents[0] for v in (None, {"x": ["a"]}, {"x": ["a"], "y": ["b"]})
    )
    assert isinstance(bare, Rule)
    assert isinstance(given_x, Rule)
    assert isinstance(whole, Rule)
    assert (bare.needs, given_x.needs, whole.needs) == (("x", "y"), ("y",), ())


def test_too_many_alternatives_are_refused() -> None:
    many = ", ".join(f"'-a -b -c -d{number}'" for number in range(50))
    parsed = parse("a.yml", rule(f"    s: {{A|windash|contains: [{many}]}}\n    condition: s"))
    assert "split it" in fatal(parsed)[0][1]
    parsed = parse("a.yml", rule("    s: {A|expand: '%x%%x%%x%'}\n    condition: s"), {"x": ["v"] * 100})
    assert "placeholders make more" in fatal(parsed)[0][1]


CORRELATION = """title: Many
correlation:
    type: {type}
    rules: [a, b]
    group-by: [User]
    timespan: {timespan}
    aliases: {{who: {{a: User, b: Account}}}}
    {condition}
level: high
generate: true
"""


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("event_count", "condition: {gte: 10, lt: 20}"),
        ("value_count", "condition: {field: [User, Host], gt: 5}"),
        ("temporal", ""),
        ("temporal_ordered", "condition: {gte: 2}"),
        ("value_sum", "condition: {field: bytes.sent, gt: 1000000}"),
        ("value_avg", "condition: {field: b, eq: 1.5}"),
        ("value_percentile", "condition: {field: b, percentile: 95, lte: 1}"),
        ("value_median", "condition: {field: b, neq: 3}"),
    ],
)
def test_correlations_of_every_type(kind: str, condition: str) -> None:
    parsed = parse("c.yml", CORRELATION.format(type=kind, timespan="90m", condition=condition))
    loaded = parsed.documents[0]
    assert isinstance(loaded, Correlation)
    assert (loaded.type, loaded.timespan, loaded.generate) == (kind, dt.timedelta(minutes=90), True)
    assert loaded.rules == ("a", "b")
    assert loaded.aliases == {"who": {"a": "User", "b": "Account"}}
    assert (loaded.percentile == 95) is (kind == "value_percentile")
    assert bool(loaded.value_fields) is kind.startswith("value_")


@pytest.mark.parametrize(
    ("kind", "timespan", "condition", "said"),
    [
        ("count", "1h", "condition: {gte: 1}", "`type`"),
        ("event_count", "1x", "condition: {gte: 1}", "timespan"),
        ("event_count", "0s", "condition: {gte: 1}", "timespan"),
        ("event_count", "999999999y", "condition: {gte: 1}", "timespan"),
        ("event_count", "1h", "", "bound"),
        ("event_count", "1h", "condition: {gte: x}", "number"),
        ("event_count", "1h", "condition: {gte: 1, field: x}", "no use"),
        ("event_count", "1h", "condition: {atleast: 1}", "unknown key"),
        ("value_sum", "1h", "condition: {gte: 1}", "`field`"),
        ("value_sum", "1h", "condition: {gte: 1, field: [a, b]}", "one `field`"),
        ("value_count", "1h", "condition: {field: x}", "bound"),
        ("value_percentile", "1h", "condition: {field: x, gt: 1, percentile: 200}", "0 to 100"),
        ("temporal", "1h", "condition: a and b", "map of bounds"),
        ("temporal", "1h", "groupby: [x]", "unknown key"),
    ],
)
def test_wrong_correlations(kind: str, timespan: str, condition: str, said: str) -> None:
    parsed = parse("c.yml", CORRELATION.format(type=kind, timespan=timespan, condition=condition))
    assert not parsed.documents
    assert any(said in message for _, message in fatal(parsed))


def test_a_filter_needs_rules_and_logsource() -> None:
    text = "title: F\nlogsource: {product: p}\nfilter: {rules: any, s: {A: x}, condition: not s}"
    loaded = parse("f.yml", text).documents[0]
    assert isinstance(loaded, Filter)
    assert loaded.rules == ()
    assert "rules: any" in fatal(parse("f.yml", text.replace("rules: any, ", "")))[0][1]
    assert "logsource" in fatal(parse("f.yml", text.replace("product: p", "")))[0][1]


def test_old_actions() -> None:
    shared = "action: global\ntitle: T\nlogsource: {product: p}\ndetection: {condition: s}\n"
    parsed = parse("a.yml", f"{shared}---\ndetection: {{s: {{A: x}}}}\n---\naction: repeat\nlogsource: {{product: q}}\n"
                            "---\naction: reset\n---\ntitle: alone\n---\naction: other")  # fmt: skip
    products = [each.logsource.product for each in parsed.documents if isinstance(each, Rule)]
    assert products == ["p", "q"]
    assert [line for line, _ in fatal(parsed)] == [13, 13, 15]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@,?~\n \t\\<0\ud800\x00\ufeff"), max_size=60))
def test_no_text_makes_the_loader_raise(text: str) -> None:
    for whole in (text, rule(f"    s: {text}\n    condition: s"), rule(f"    s: {{A: x}}\n    condition: {text}")):
        assert isinstance(parse("f.yml", whole), Parsed)


_any_yaml = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_keys = st.sampled_from(("title", "id", "level", "tags", "logsource", "detection", "correlation", "filter", "action"))


@settings(max_examples=60, deadline=None)
@given(documents(), st.dictionaries(_keys, _any_yaml, max_size=2), st.dictionaries(st.text(max_size=4), _any_yaml))
def test_no_document_makes_the_loader_raise(good: dict[str, object], wrong: object, inner: object) -> None:
    assert isinstance(wrong, dict)
    assert isinstance(inner, dict)
    for document in (good | wrong, good | {"detection": inner}, {"title": "c", "correlation": inner}):
        parsed = parse("f.yml", text_of(document))
        assert parsed.documents or parsed.problems


def _mangled(text: str, rng: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        spot = rng.randrange(len(lines[at]) + 1)
        lines[at] = rng.choice([
            lines[at][:spot], lines[at][:spot] + rng.choice("|:*&[{'\"-#\\%(") + lines[at][spot:], lines[at] * 2, "",
            "  " + lines[at], rng.choice(lines),
        ])  # fmt: skip
    return "\n".join(lines)


def test_mangled_rules_give_a_rule_or_a_problem() -> None:
    rng = random.Random(7)
    for _ in range(300):
        parsed = parse("m.yml", _mangled(GOOD, rng))
        assert parsed.documents or fatal(parsed)


@needs_shared
def test_mangled_rules_of_the_corpus_give_a_rule_or_a_problem() -> None:
    rng = random.Random(8)
    for path in sorted((SHARED / "sigma" / "rules").rglob("*.yml"))[::40]:
        for _ in range(3):
            parsed = parse(path.name, _mangled(path.read_text("utf-8"), rng))
            assert parsed.documents or fatal(parsed)


def test_the_loader_reads_what_yaml_wrote() -> None:
    document = {"title": "T", "logsource": {"product": "p"}, "detection": {"s": {"A": ["x", "1", 1]}, "condition": "s"}}
    assert not parse("a.yml", yaml.safe_dump(document)).problems
