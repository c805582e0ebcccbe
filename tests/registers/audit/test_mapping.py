"""What a mapping file may say, and what is said when it is wrong."""

from __future__ import annotations

import textwrap
from itertools import takewhile
from pathlib import Path

import pytest

from kulla.errors import ConfigError
from kulla.registers.audit.mapping import _TABLES, COLUMNS, FORMATS, read_mapping, shipped
from kulla.registers.schema import ACCESS_KINDS

GOOD = 'schema = 1\nname = "x"\nformat = "csv"\n[columns]\ntime = "t"\nobject_name = { join = ["a", "b"], by = "." }\n'


def test_the_least_mapping() -> None:
    rule = read_mapping(GOOD, "x.toml")
    assert (rule.formats, rule.columns["time"].names, rule.columns["object_name"].by) == (("csv",), ("t",), ".")
    assert rule.kind_default == "statement"


def test_everything_wrong_is_said_at_once() -> None:
    wrong = (
        'schema = 1\nformat = "xml"\ncolour = 1\n[columns]\nwhen = "t"\naccount = 3\n[kind]\nvalues = { A = "peek" }\n'
        'default = "guess"\nfild = "x"\n[pattern]\nfield = "line"\ntext = "("\n[statement]\nlongest = "many"\n'
    )
    with pytest.raises(ConfigError) as caught:
        read_mapping(wrong, "x.toml")
    said = str(caught.value)
    for part in (
        "name: is missing", "format: 'xml': must be one of", "colour: is no key", "columns.when: is no column",
        "columns.account: must be", "columns.time: is missing", "kind.values.A: must be", "kind.default: 'guess'",
        "kind.fild: is no key", "pattern.text: is no regular expression", "statement.longest: must be a whole number",
    ):  # fmt: skip
        assert f"x.toml: {part}" in said
    assert len(said.splitlines()) == 11


@pytest.mark.parametrize("text", ["schema = 2", "= 1", "schema = 1\nkind = 3"])
def test_what_is_no_mapping(text: str) -> None:
    with pytest.raises(ConfigError, match=r"x\.toml: "):
        read_mapping(text, "x.toml")


def test_the_documentation_is_true() -> None:
    page = (Path(__file__).parents[3] / "docs" / "audit-logs.md").read_text("utf-8")
    block = page[page.index("    schema = 1") :]
    lines = list(takewhile(lambda line: line.startswith("    ") or not line, block.splitlines()))
    rule = read_mapping(textwrap.dedent("\n".join(lines)), "docs/audit-logs.md")
    assert (rule.kinds["VIEW"], rule.columns["account"].names) == ("read", ("db_user", "user"))
    for word in (*shipped(), *COLUMNS, *ACCESS_KINDS, *FORMATS):
        assert word in page
    for table in _TABLES:
        assert f"[{table}]" in page
