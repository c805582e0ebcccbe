from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from kulla.leaks.assess import CONTEXT
from kulla.leaks.candidate import OUTCOMES
from kulla.leaks.leads import KINDS
from kulla.leaks.matched import VERDICTS
from kulla.leaks.report.blocks import Code, plain
from kulla.leaks.report.words import LANGUAGES, Words
from kulla.leaks.report.words.speak import TABLES
from kulla.registers.manifest import MEANINGS
from kulla.registers.schema import EXTENTS, SEALS

REPORT = Path(__file__).resolve().parents[3] / "src" / "kulla" / "leaks" / "report"
BUILT = re.compile(r"\{[^}]*\}")
SAME = {"dash", "cd.log", "ld.vpn", "sv.flags", "time.span", "in.history.span", "cd.less", "cd.enduser.verified"}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_the_same_keys_and_blanks() -> None:
    english = TABLES["en"]
    for language in LANGUAGES:
        assert set(TABLES[language]) == set(english), language
        for key, text in TABLES[language].items():
            assert blanks(text) == blanks(english[key]), f"{language} {key}"


def test_albanian_is_albanian() -> None:
    english, albanian = TABLES["en"], TABLES["sq"]
    same = {key for key in english if english[key] == albanian[key] and len(blanks(english[key])) == 0}
    assert {key for key in same if len(english[key]) > 4} <= SAME
    letters = "".join(albanian.values())
    assert letters.count("ë") > 0.03 * len(letters)
    assert letters.count("ç") > 20
    # Words of English that a hurried translation leaves behind.
    assert not re.search(r"\b(the|of|register|piece|rows?|account|file)\b", re.sub(BUILT, "", letters))


def test_every_key_that_the_code_says_exists() -> None:
    asked = set()
    for path in REPORT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = ast.unparse(node.func)
                if called.endswith(("say", "say.rich")) and isinstance(node.args[0].value, str):
                    asked.add(node.args[0].value)
    assert len(asked) > 100
    assert asked <= set(TABLES["en"])


@pytest.mark.parametrize("family", [
    [f"outcome.{word}" for word in OUTCOMES], [f"tb.verdict.{word}" for word in VERDICTS],
    [f"meaning.{word}" for word in MEANINGS], [f"ld.{word}" for word in KINDS],
    [f"cd.extent.{word}" for word in EXTENTS], [f"cd.sealed.{word}" for word in SEALS],
    [f"said.context.{word}" for word in CONTEXT], [f"lr.{at}" for at in range(7)],
])  # fmt: skip
def test_words_of_the_house_are_all_there(family: list[str]) -> None:
    assert set(family) <= set(TABLES["en"])


def test_statements_by_key_are_translated_and_others_shown_as_they_are() -> None:
    say = Words("sq")
    assert plain(say.said("limit.clock|seconds=5")) == "ora e ditarit mund të gabojë me 5 s"
    assert plain(say.said("contradicted|rows=12000")).startswith("12\u202f000 rreshta")
    assert say.said("something in words") == Code("something in words")
    assert say.said("limit.clock") == Code("limit.clock"), "a blank is missing"
    # A blank's value is never a template: braces stay braces.
    assert "{other}" in plain(say.said("missing_columns|columns={other}"))


SENTENCES = [
    ("attribute", "attribute.py"), ("attribute", "judge.py"), ("attribute", "candidates.py"),
    ("calibrate", "calibration.py"), ("desk", "tracing.py"),
]  # fmt: skip


def sentences(path: Path) -> set[str]:
    """Texts of several words, or keys of limits, that a module may put into a trace; blanks as 7."""
    tree = ast.parse(path.read_text("utf-8"))
    quiet = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    quiet |= {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Raise) for inner in ast.walk(node)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in quiet:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(p.value) if isinstance(p, ast.Constant) else "7%" if isinstance(p, ast.FormattedValue)
                           and p.format_spec else "7" for p in node.values)  # fmt: skip
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
        else:
            continue
        if text.startswith("limit.") or (text.count(" ") > 2 and path.parent.name != "desk"):
            found.add(text)
    return found


@pytest.mark.parametrize("place", SENTENCES, ids="/".join)
def test_what_others_say_in_words_is_said_in_each_language(place: tuple[str, str]) -> None:
    path = REPORT.parent.joinpath(*place)
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    said = sentences(path)
    assert said
    say = Words("sq")
    assert {text for text in said if isinstance(say.said(text), Code)} == set()


def test_shares_never_round_to_all_or_none() -> None:
    say = Words("en")
    told = [say.percent(share).replace("\u202f", "") for share in (0, 1e-9, 0.5, 0.123, 0.99999, 1)]
    assert told == ["0%", "<0.1%", "50%", "12.3%", ">99.9%", "100%"]
