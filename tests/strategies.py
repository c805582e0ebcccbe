"""Generated rules and events over one small shared pool of fields and values, so that near-hits are common."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from kulla.detect.rule import Rule
from kulla.detect.sigma import parse

FIELDS = ("Image", "CommandLine", "User", "a.b", "Source Name")
WORDS = ("a", "ab", "B", "aB", "ba", "-a", "/a", " -ab", "x\\y", "\\", "é", "É", "ſ", "K", "\u212a", "line\nend", "")
NUMBERS = ("0", "5", "-1", "1.5", "0x10", "4688", "1e3")
ADDRESSES = ("10.0.0.1", "10.1.2.3", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "10.0.0.999")
TIMES = ("2026-01-05T10:20:30Z", "2026-01-05 23:59:59.5+02:00", "2026-12-31", "1767654000")
# What base64 and UTF-16 of the words look like inside a larger value.
ENCODED = ("YQ==", "YWI=", "xhYg", "a\0b\0", "YQBiAA==", "xhAGIA", "\0a\0b")
PATTERNS = ("a*", "*b", "a?", "*a*b*", "\\*", "\\?", "a\\\\*", "?", "*", "??", "x\\y", "\\\\*", "a\\*")
EXPRESSIONS = ("a", "^a", "b$", "^ab$", "a.b", "[ab]+", "(a|B)", "\\w+", "a{2,3}", "\\\\", "^$", "é", "k", "line.end")
NETWORKS = ("10.0.0.0/8", "10.0.0.1/32", "fe80::/10", "::/0", "::ffff:10.0.0.0/104")
PLACEHOLDERS = {"Admins": ["a", "b*"], "Nets": ["10.0.0.0/8"], "One": ["ab"]}

words = st.sampled_from(WORDS)
values = st.sampled_from((*WORDS, *NUMBERS, *ADDRESSES, *TIMES, *ENCODED)) | st.text("aAbB-/\\ .é", max_size=5)


def events() -> st.SearchStrategy[dict[str, list[str]]]:
    """Events of up to five fields; a field may have several values, also empty ones."""
    many = st.lists(values, min_size=1, max_size=3)
    joined = st.lists(words, min_size=1, max_size=4).map(lambda parts: ["".join(parts)])
    return st.dictionaries(st.sampled_from(FIELDS), many | joined, max_size=len(FIELDS))


def _listed(each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return each | st.lists(each, min_size=1, max_size=3)


def _modified(modifiers: tuple[str, ...], each: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(st.sampled_from(modifiers), _listed(each))


_text = st.sampled_from((*WORDS, *PATTERNS)) | st.text("aAbB-\\*? ", max_size=5)
_filled = st.sampled_from([word for word in WORDS if len(word) > 1 and word.isascii()])
_number = st.sampled_from((0, 5, -1, 1.5, 4688, "0x10"))

ITEMS: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    _modified(
        ("", "contains", "startswith", "endswith", "cased", "contains|cased", "windash", "contains|windash", "neq",
         "windash|contains", "contains|all", "all", "startswith|neq", "endswith|cased", "contains|all|neq"), _text,
    ),
    _modified(("",), st.none() | _number | st.booleans() | _text),
    _modified(("re", "re|i", "re|m", "re|s", "re|i|m|s", "re|all", "re|neq"), st.sampled_from(EXPRESSIONS)),
    _modified(("cidr", "cidr|neq", "cidr|all"), st.sampled_from(NETWORKS)),
    _modified(("lt", "lte", "gt", "gte", "gt|neq"), _number),
    st.tuples(st.sampled_from(("exists", "exists|neq")), st.booleans()),
    _modified(
        ("fieldref", "fieldref|contains", "fieldref|startswith", "fieldref|endswith", "fieldref|neq", "fieldref|cased"),
        st.sampled_from(FIELDS),
    ),
    _modified(("base64", "base64|contains", "wide|base64", "utf16|base64|contains"), _filled),
    _modified(("base64offset|contains", "wide|base64offset|contains", "utf16be|base64offset|contains"), _filled),
    _modified(("wide", "utf16le|contains", "utf16be|contains", "utf16|contains"), _filled),
    _modified(("hour", "hour|gte", "minute|lt", "day", "week", "month"), st.sampled_from((1, 5, 10, 12))),
    _modified(("year", "year|lte"), st.sampled_from((2025, 2026))),
    _modified(("expand", "contains|expand", "expand|endswith"), st.sampled_from(("%Admins%", "%One%x", "%One%%One%"))),
)  # fmt: skip
"""Modifiers with values that suit them."""

KEYWORDS = st.one_of(
    st.lists(st.sampled_from(("a", "ab", "x\\y", "?a", "é", 5, "4688", "\\*")), min_size=1, max_size=3),
    st.tuples(st.sampled_from(("|all", "|re", "|contains|all", "|startswith", "|cased", "|cidr")),
              st.lists(st.sampled_from(("ab", "a", "B")), min_size=2, max_size=2)).map(
        lambda pair: {pair[0]: ["10.0.0.0/8", "::/0"] if pair[0] == "|cidr" else pair[1]}),
)  # fmt: skip


def _map(items: list[tuple[str, tuple[str, Any]]]) -> dict[str, Any]:
    return {f"{field}|{modifiers}" if modifiers else field: value for field, (modifiers, value) in items}


MAPS = st.lists(st.tuples(st.sampled_from(FIELDS), ITEMS), min_size=1, max_size=3).map(_map)
SELECTIONS = st.one_of(MAPS, MAPS, st.lists(MAPS, min_size=1, max_size=3), KEYWORDS)
NAMES = ("sel_a", "sel_b", "other", "_hidden")
CONDITIONS: tuple[str | list[str], ...] = (
    "{0}", "not {0}", "{0} and {1}", "{0} or {1}", "{0} and not {1}", "not ({0} or {1})", "{0} or {1} and {2}",
    "({0} or {1}) and not {2}", "not not {0}", "{0} and not ({1} and not {2})", "1 of them", "all of them",
    "1 of sel_*", "all of sel_*", "not 1 of sel_*", "2 of them", "any of sel_* and not {2}", "all of _hid*",
    "{0} and not 1 of sel_b", ["{0}", "{1} and {2}"],
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A rule as the value of its YAML document."""
    names = draw(st.permutations(NAMES[:3]))
    shape = draw(st.sampled_from(CONDITIONS))
    condition = [each.format(*names) for each in shape] if isinstance(shape, list) else shape.format(*names)
    detection: dict[str, Any] = {name: draw(SELECTIONS) for name in NAMES}
    return {"title": "Generated", "logsource": {"product": "any"}, "detection": {**detection, "condition": condition}}


def text_of(document: dict[str, Any]) -> str:
    """The document as YAML."""
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def loaded(document: dict[str, Any]) -> Rule:
    """The document loaded, placeholders filled; what is generated here must load."""
    parsed = parse("generated.yml", text_of(document), PLACEHOLDERS)
    assert not [problem for problem in parsed.problems if problem.fatal], (document, parsed.problems)
    rule = parsed.documents[0]
    assert isinstance(rule, Rule)
    return rule


def rules() -> st.SearchStrategy[Rule]:
    """Rules with every modifier and every shape of condition."""
    return documents().map(loaded)
