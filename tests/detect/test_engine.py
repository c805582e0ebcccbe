"""The engine means what the reference means: over generated rules, over batches of every shape, however cut."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
import strategies
import synth
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import SHARED, needs_shared

from kulla.detect.engine import Engine, Hits, cache_key, compile_rules
from kulla.detect.reference import View
from kulla.detect.rule import (
    And,
    Cidr,
    Compare,
    Exists,
    FieldRef,
    Match,
    Meta,
    Named,
    Node,
    Not,
    Null,
    Or,
    Place,
    Regex,
    Rule,
    Test,
    Text,
    TimePart,
    Wild,
)  # fmt: skip
from kulla.detect.ruleset import load
from kulla.events.batch import Batch, Group, Origin
from kulla.events.fields import DictFields, Values
from kulla.events.logsource import Alias, Logsource, feeds

Made = Mapping[str, Sequence[str | None]]
WINDOWS = Logsource("windows", "process_creation", "sysmon")
LOGSOURCES = (WINDOWS, Logsource("windows", None, "security"), Logsource("linux", None, "auditd"))
ASKED = (Logsource(), Logsource("windows"), Logsource("windows", "process_creation"), Logsource("linux"))
ALIASES = {
    "User": Alias(("Account", "Image"), values={"powershell": "\u212aali"}),
    "Both": Alias(("Image", "User"), join=" "),
}


class JsonText(DictFields):
    """Fields whose text is only in the raw JSON, as with the JSON formats."""

    def search_text(self) -> Values | None:
        return None


def batch_of(events: Sequence[tuple[Made, int]], aliases: Mapping[str, Alias] | None = None, json: int = 0) -> Batch:
    """Events with the number of their logsource. `json`: 0 fields with search text, 1 raw JSON, 2 JSON all escaped."""
    flat = [
        {
            f"{name}[{at}]" if len(values) > 1 else name: value
            for name, values in event.items()
            for at, value in enumerate(values)
        }
        for event, _ in events
    ]
    count = len(events)
    nulls = pa.nulls(count, pa.string())
    raws = [orjson.dumps(event).decode() if json else None for event in flat]
    if json == 2:
        raws = [escaped(raw or "", row % 2 == 0) for row, raw in enumerate(raws)]
    rows = {place: np.array([row for row, (_, p) in enumerate(events) if p == place], np.int32) for place in range(3)}
    groups = [Group(LOGSOURCES[p], own, aliases or {}) for p, own in rows.items() if len(own)]
    return Batch(
        Origin("x", "00" * 32), (JsonText if json else DictFields)(flat), np.arange(count),
        pa.array(raws, pa.large_string()),
        pa.nulls(count, pa.timestamp("us", "UTC")), nulls, nulls, nulls, nulls, nulls, groups,
    )  # fmt: skip


def escaped(raw: str, letters: bool) -> str:
    """JSON with what is not ASCII escaped, or `letters` too."""
    return "".join(
        rf"\u{ord(char):04X}" if char < "\uffff" and (not char.isascii() or (letters and char.isalpha())) else char
        for char in raw
    )


def rule_of(tree: Node, logsource: Logsource = ASKED[0]) -> Rule:
    return Rule(Meta("id", "title", Place("a.yml")), logsource, tree)


def expected(rules: Sequence[Rule], batch: Batch) -> list[tuple[int, int]]:
    hits = []
    for row in range(len(batch)):
        view = View(batch.event(row))
        has = batch.group(row).logsource
        hits += [
            (row, place)
            for place, rule in enumerate(rules)
            if not rule.needs and feeds(rule.logsource, has) and view.holds(rule.tree)
        ]
    return hits


def pairs(hits: Hits) -> list[tuple[int, int]]:
    return list(zip(hits.rows.tolist(), hits.rules.tolist(), strict=True))


# Long enough for every kind of literal of the scanner, close enough to each other for near-hits.
STEMS = (
    "powershell", "powershell.exe", "\\cmd.exe", "mimikatz", "kerberos::ptt", "shell", " -enc ", "–enc", "C:\\Tools\\",
    "ſtraße", "\u212aerberos::PTT", "İmimiKATZ", "😀", "ab", "a", "", "10.0.0.7", "4688", "0x10",
    "2026-01-05T10:20:30Z", '"quoted"/', "line\nend", "ü", "task", "TA\u017fk",
)  # fmt: skip
FIELDS = ("Image", "CommandLine", "User", "Both", "Absent")
stems = st.sampled_from(STEMS)
values = st.lists(stems | st.text("ashell-\\ .éK", max_size=9), max_size=4).map("".join)
EVENTS = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from((*FIELDS[:3], "Account")), st.lists(st.none() | values, min_size=1, max_size=3)
        ),
        st.integers(0, 2),
    ),
    max_size=12,
)
parts = st.lists(stems.filter(bool) | st.sampled_from(list(Wild)), max_size=4).map(
    lambda items: tuple(synth_normal(items))
)
literal = stems.filter(bool)
PATTERNS = (
    "power(shell|point)", "^C:\\\\Tools", "(?i)KERBEROS::ptt", "[a-z]+shell$", "mimi(katz)?", "ſtraße|task", ".{9,}",
    "shell\\.exe$", "(powershell|mimikatz)\\W", "\\s-enc\\s", "", "ünd|\\x{fc}", "(?:shell){2,}", "line.end",
    "(?-s)l.e$", "task", "kerberos", "(?i:straße)", "a?shell", "(shell|)exe", "😀|ü",
)  # fmt: skip
RELATIONS = ("equals", "contains", "startswith", "endswith")
TESTS: st.SearchStrategy[Test] = st.one_of(
    st.builds(Text, parts, st.booleans()),
    st.builds(lambda text, cased: Text((Wild.MANY, text, Wild.MANY), cased), literal, st.booleans()),
    st.builds(lambda text: Text((Wild.MANY, text)), literal),
    st.builds(lambda text: Text((text, Wild.MANY)), literal),
    st.builds(
        Regex,
        st.sampled_from(PATTERNS),
        st.sampled_from(("", "i", "m", "s", "im", "ims")),
    ),
    st.builds(Cidr, st.sampled_from([ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("::/0")])),
    st.builds(Compare, st.sampled_from(("lt", "lte", "gt", "gte", "eq", "neq")), st.sampled_from((16.0, 4688.0))),
    st.builds(Exists, st.booleans()),
    st.just(Null()),
    st.builds(FieldRef, st.sampled_from(FIELDS), st.sampled_from(RELATIONS), st.booleans()),
    st.builds(TimePart, st.just("hour"), st.sampled_from(("gte", "lt")), st.just(10)),
)  # fmt: skip
LEAVES = st.builds(Match, st.none() | st.sampled_from(FIELDS), TESTS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=4).map(tuple)),
        st.builds(Not, inner),
        st.builds(Named, st.just("selection"), inner),
    ),
    max_leaves=8,
)
RULES = st.lists(st.builds(rule_of, TREES, st.sampled_from(ASKED)), min_size=1, max_size=6)


def synth_normal(items: Sequence[str | Wild]) -> list[str | Wild]:
    result: list[str | Wild] = []
    for item in items:
        if result and isinstance(item, str) and isinstance(result[-1], str):
            result[-1] += item
        elif not (result and item is Wild.MANY and result[-1] is Wild.MANY):
            result.append(item)
    return result


def every_leaf(field: str | None) -> list[Rule]:
    """A rule for each way to look for each stem."""
    texts = [
        Text(parts, cased)
        for stem in STEMS
        if stem
        for parts in (
            (Wild.MANY, stem, Wild.MANY),
            (Wild.MANY, stem),
            (stem, Wild.MANY),
            (stem,),
            (Wild.ONE, stem, Wild.MANY, "l"),
        )
        for cased in (False, True)
    ]
    expressions = [Regex(pattern, flags) for pattern in PATTERNS for flags in ("", "i", "ms")]
    tests: list[Test] = [*texts, *expressions, Text(()), Text((Wild.MANY,))]
    return [rule_of(Match(field, test)) for test in tests]


@pytest.mark.parametrize("json", [0, 1, 2])
@pytest.mark.parametrize("field", ["Image", None])
def test_every_leaf(field: str | None, json: int) -> None:
    rng = random.Random(7)
    doubles = [first + second for first in STEMS for second in STEMS]
    texts = [*STEMS, *rng.sample(doubles, 60 if field else 40), "x" * 8 + "shell", "task", "x\u0041bc", "unshell"]
    batch = batch_of([({"Image": [text]}, number % 3) for number, text in enumerate(texts)], json=json)
    rules = every_leaf(field)
    assert pairs(compile_rules(rules, feeds).match(batch)) == expected(rules, batch)


@settings(max_examples=60, deadline=None)
@given(RULES, EVENTS, st.booleans(), st.integers(0, 2))
def test_engine_is_reference(rules: list[Rule], events: list[tuple[Made, int]], aliased: bool, json: int) -> None:
    batch = batch_of(events, ALIASES if aliased else None, json)
    assert pairs(compile_rules(rules, feeds).match(batch)) == expected(rules, batch)


@settings(max_examples=30, deadline=None)
@given(st.lists(strategies.rules(), min_size=1, max_size=4), st.lists(strategies.events(), max_size=12))
def test_engine_is_reference_on_sigma(rules: list[Rule], events: list[dict[str, list[str]]]) -> None:
    rules = [replace(rule, logsource=Logsource("windows")) for rule in rules]
    batch = batch_of([(event, number % 3) for number, event in enumerate(events)])
    assert pairs(compile_rules(rules, feeds).match(batch)) == expected(rules, batch)


@settings(max_examples=15, deadline=None)
@given(RULES, EVENTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_cut_and_order_do_not_matter(
    rules: list[Rule], events: list[tuple[Made, int]], size: int, rng: random.Random
) -> None:
    engine = compile_rules(rules, feeds)
    whole = pairs(engine.match(batch_of(events)))
    cut = [
        (low + row, rule)
        for low in range(0, len(events), size)
        for row, rule in pairs(engine.match(batch_of(events[low : low + size])))
    ]
    assert cut == whole
    order = rng.sample(range(len(events)), len(events))
    moved = pairs(engine.match(batch_of([events[place] for place in order])))
    assert sorted((order[row], rule) for row, rule in moved) == whole
    backwards = compile_rules(rules[::-1], feeds).match(batch_of(events))
    assert sorted((row, len(rules) - 1 - rule) for row, rule in pairs(backwards)) == whole


def test_values_known_from_earlier_batches() -> None:
    words = ["kiwi", "plum", "pear", "fig!", "lime"]
    tests: list[Test] = [Text((Wild.MANY, word, Wild.MANY)) for word in words]
    rules = [rule_of(Match("Image", test)) for test in [*tests, Text(("plum",)), Text(("PEAR lime",))]]
    engine = compile_rules(rules, feeds)
    engine.match(batch_of([({"Image": [value]}, 0) for value in ["kiwi", "plum", "none"]]))
    values = ["pear lime", "plum", "lime fig!", "none", "kiwi", "plum plum", "kiwi"]
    batch = batch_of([({"Image": [value]}, 0) for value in values])
    assert pairs(engine.match(batch)) == expected(rules, batch) != []
    assert pairs(engine.match(batch)) == expected(rules, batch)


@settings(max_examples=10, deadline=None)
@given(RULES, EVENTS)
def test_a_stored_engine_is_the_engine(rules: list[Rule], events: list[tuple[Made, int]]) -> None:
    engine = compile_rules(rules, feeds)
    again = Engine.loads(engine.dumps(), feeds)
    batch = batch_of(events)
    assert pairs(again.match(batch)) == pairs(engine.match(batch))
    assert again.wanted(LOGSOURCES) == engine.wanted(LOGSOURCES)


@pytest.mark.parametrize("data", [b"", b"x", b"cos\nsystem\n(S'echo no'\ntR.", b"\x80\x05N."])
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a plan"):
        Engine.loads(data, feeds)


def test_key_depends_on_the_rules() -> None:
    assert cache_key(b"a") != cache_key(b"b")


def test_a_very_long_literal() -> None:
    long = "abc" * 3000
    rules = [rule_of(Match("Image", Text((Wild.MANY, long, Wild.MANY)))), rule_of(Match("Image", Regex(long[:9000])))]
    batch = batch_of([({"Image": [text]}, 0) for text in ("x" + long, long[:-1], long.upper())])
    assert pairs(compile_rules(rules, feeds).match(batch)) == expected(rules, batch) != []


def test_no_rules_no_events() -> None:
    assert pairs(compile_rules([], feeds).match(batch_of([({}, 0)]))) == []
    assert pairs(compile_rules([rule_of(And(()))], feeds).match(batch_of([]))) == []


def test_rules_with_needs_never_run() -> None:
    rule = replace(rule_of(And(())), needs=("Admins",))
    assert pairs(compile_rules([rule, rule_of(And(()))], feeds).match(batch_of([({}, 0)]))) == [(0, 1)]


def test_wanted_follows_the_logsource() -> None:
    rules = [
        rule_of(Match("Image", Null()), Logsource("windows")),
        rule_of(Match("exe", FieldRef("comm")), Logsource("linux")),
        rule_of(Match(None, Text(("a",))), Logsource()),
    ]
    engine = compile_rules(rules, feeds)
    assert engine.wanted([WINDOWS]) == ("Image",)
    assert engine.wanted(LOGSOURCES) == ("Image", "comm", "exe")
    assert engine.wanted([]) == ()


def test_costs_add_up() -> None:
    ticks = iter(range(1000))
    engine = compile_rules([rule_of(Match("Image", Exists(True)))], feeds, clock=lambda: float(next(ticks)))
    engine.match(batch_of([({"Image": ["a"]}, 0)]))
    assert engine.costs.rules == {0: 1.0}
    assert set(engine.costs.stages) == {"find", "keywords", "choose"}


CORPUS = """
title: Shell
logsource: {product: windows, category: process_creation}
detection:
  image: {Image|endswith: ['\\powershell.exe', '\\cmd.exe']}
  words: {CommandLine|contains|all: [' -enc', 'http'], ParentImage|startswith: 'C:\\Users\\'}
  filter: {User|contains: SYSTEM}
  condition: image and words and not filter
---
title: Keywords
logsource: {product: windows}
detection: {words: ['kerberos::ptt', 'mimilib.dll'], condition: words}
---
title: Expression
logsource: {product: windows}
detection: {s: {CommandLine|re: 'https?://[0-9]{1,3}\\.0[0-9]{3,7}'}, condition: s}
"""


def check_corpus(files: Sequence[tuple[str, str]], events: int) -> int:
    rules = [replace(rule, logsource=Logsource("windows")) for rule in load(files).rules]
    rng = random.Random(20260105)
    made: list[tuple[Made, int]] = []
    for rule in rules:
        made += [(event, rng.randrange(2)) for event in synth.events_for(rule, rng, positives=1, mutants=1)]
    made = rng.sample(made, min(events, len(made)))
    batch = batch_of(made)
    engine = compile_rules(rules, feeds)
    hits = pairs(engine.match(batch))
    assert hits == expected(rules, batch)
    return len(hits)


def test_small_corpus() -> None:
    assert check_corpus([("a.yml", CORPUS)], 100) >= 3


@needs_shared
def test_whole_corpus() -> None:
    paths = sorted(Path(SHARED / "sigma").glob("rules*/**/*.yml"))[::12]
    assert check_corpus([(str(path), path.read_text("utf-8")) for path in paths], 120) > 60
