from __future__ import annotations

import pytest

from kulla.centre.law.tables import read
from kulla.errors import ConfigError

TEXT = '''schema = 1
name = "x"

[[task]]
id = "a"
text.en = """
several
late = "not a key"
"""
text.sq = "y"
late = 3
[[task]]
id = 7
[[task.step]]
at = "late"
[[task.step]]
at = "soon"
inline = { deep = 3 }
odd = true
'''


def test_faults_are_told_with_their_lines_all_at_once() -> None:
    top = read(TEXT, "x.toml")
    top.whole("schema"), top.text("name")
    first, second = top.tables("task")
    first.text("id"), first.spoken("text", ("en", "sq", "fr")), first.text("late")
    second.text("id")
    steps = second.tables("step")
    steps[0].word("at", ("soon",))
    steps[1].word("at", ("soon",)), steps[1].table("inline").text("deep"), steps[1].texts("missing", None)
    for table in (*steps, first, second, top):
        table.done()
    with pytest.raises(ConfigError) as raised:
        top.source.finish()
    told = str(raised.value).splitlines()
    assert told == [
        "x.toml:6: task.text.fr: is missing",
        "x.toml:11: task.late: must be a text in quotes",
        "x.toml:13: task.id: must be a text in quotes",
        "x.toml:15: task.step.at: must be one of soon",
        "x.toml:18: task.step.inline.deep: must be a text in quotes",
        "x.toml:16: task.step.missing: is missing",
        "x.toml:19: task.step.odd: is no key here; the keys are at, inline, missing",
    ]


def test_what_is_right_raises_nothing() -> None:
    top = read("a = 1\nb = true\nc = ['x']\n", "x.toml")
    assert (top.whole("a"), top.flag("b"), top.texts("c"), top.text("d", "e")) == (1, True, ("x",), "e")
    assert top.table("f", missing=True).keys() == ()
    assert top.spoken("g", ("en",), missing=True) == {}
    top.done()
    top.source.finish()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\nb = \n", "x.toml:2: not TOML"),
        ("a = [1,\n", "x.toml:2: not TOML"),
    ],
)
def test_a_text_that_is_not_toml_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read(text, "x.toml")


@pytest.mark.parametrize(
    ("value", "asked", "told"),
    [
        ('"  "', "text", "must not be empty"),
        ("1", "flag", "must be true or false"),
        ("true", "whole", "must be a whole number"),
        ("[1]", "texts", "must hold texts"),
        ("[[1]]", "tables", "must be tables"),
        ("3", "table", "must be a table"),
    ],
)
def test_kinds_are_checked(value: str, asked: str, told: str) -> None:
    top = read(f"key = {value}\n", "x.toml")
    getattr(top, asked)("key")
    with pytest.raises(ConfigError, match=f"x.toml:1: key: {told}"):
        top.source.finish()
