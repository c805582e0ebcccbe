from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kulla.errors import ConfigError
from kulla.events.logsource import Alias, Logsource, feeds
from kulla.events.mapping import load, parse, shipped


def test_shipped_table_loads_and_reaches_every_family() -> None:
    table = shipped()
    for rule in (
        Logsource("windows", "process_creation"),
        Logsource("windows", None, "firewall-as"),
        Logsource("linux", None, "auditd"),
        Logsource(category="webserver"),
        Logsource(category="proxy"),
        Logsource(category="dns"),
        Logsource(category="antivirus"),
        Logsource(category="firewall"),
        Logsource(category="database"),
        Logsource("aws", None, "cloudtrail"),
        Logsource("macos", "process_creation"),
        Logsource("opencanary", "application"),
    ):
        assert any(feeds(rule, entry.logsource) for entry in table.entries), rule


def test_users_entries_come_first(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[logsource]]\nformats = "access"\nproduct = "portal"\ncategory = "webserver"\nuse = "access"\n')
    table = load([mine])
    assert table.entries[0].logsource == Logsource("portal", "webserver")
    assert table.entries[0].aliases["cs-method"] == Alias(("method",))
    assert table.entries[1:] == shipped().entries


def test_sources_are_matched_by_path_and_merged() -> None:
    table = parse(
        [
            (
                "a.toml",
                """
[[source]]
path = "web01/*"
timezone = "Europe/Tirane"
clock_offset = "-3m"

[[source]]
path = "*.log"
timezone = "UTC"
constituent = "tax office"
zone = "civil"
audit = true
""",
            )
        ],
        {},
    )
    options = table.for_source("/srv/in/web01/access.log")
    assert options.timezone == ZoneInfo("Europe/Tirane")
    assert options.clock_offset == timedelta(minutes=-3)
    assert (options.constituent, options.zone, options.audit) == ("tax office", "civil", True)
    assert table.for_source("other.txt").timezone is None
    assert table.for_source("WEB01\\x").clock_offset == timedelta(minutes=-3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1h30m", 5400.0), ("+2s", 2.0), ("-250ms", -0.25), ("1.5d", 129600.0)],
)
def test_clock_offsets(text: str, expected: float) -> None:
    table = parse([("a.toml", f'[[source]]\npath = "*"\nclock_offset = "{text}"\n')], {})
    offset = table.for_source("x").clock_offset
    assert offset is not None
    assert offset.total_seconds() == expected


BAD = {
    '[[logsource]]\nproduct = "x"\n': "a.toml: logsource[1]: has no condition",
    '[[logsource]]\nformats = "csv"\n': "a.toml: logsource[1]: names no product, category or service",
    '[[logsource]]\nformats = "csv"\nproduct = 3\n': "a.toml: logsource[1].product: must be text",
    '[[logsource]]\nformat = "csv"\nproduct = "x"\n': "a.toml: logsource[1].format: is no key of this table",
    '[[logsource]]\nformats = "csv"\nproduct = "x"\nuse = "nope"\n': "a.toml: logsource[1].use: there is no alias set",
    '[[logsource]]\nwhere = { a = { like = "x" } }\nproduct = "x"\n': "a.toml: logsource[1].where.a.like: is no key",
    '[[logsource]]\nwhere = { a = { matches = "(" } }\nproduct = "x"\n': "a.toml: logsource[1].where.a.matches: is no",
    '[[logsource]]\nwhere = 3\nproduct = "x"\n': "a.toml: logsource[1].where: must be a table",
    '[aliases.s]\nA = { from = "b", extract = "x" }\n': "a.toml: aliases.s.A.extract: has no group",
    '[aliases.s]\nA = { join = "b" }\n': "a.toml: aliases.s.A.from: is missing",
    "[aliases.s]\nA = 1.5\n": "a.toml: aliases.s.A: must be text",
    "[aliases]\ns = 3\n": "a.toml: aliases.s: must be a table",
    '[aliases.s]\nA = { from = "b", values = { x = 1 } }\n': "a.toml: aliases.s.A.values: must be a table of texts",
    '[[source]]\ntimezone = "UTC"\n': "a.toml: source[1].path: is missing",
    '[[source]]\npath = "x"\ntimezone = "Mars/North"\n': "a.toml: source[1].timezone: cannot be understood",
    '[[source]]\npath = "x"\nclock_offset = "3 parsecs"\n': "a.toml: source[1].clock_offset: cannot be understood",
    '[[source]]\npath = "x"\naudit = "yes"\n': "a.toml: source[1].audit: must be true or false",
    '[source]\npath = "x"\n': "a.toml: source: must be an array of tables; write [[source]]",
    "[logsources]\nx = 1\n": "a.toml: logsources: is no key",
    '[labels]\nhosts = "x"\n': "a.toml: labels.hosts: is no key",
    '[includes]\ncategory = "x"\n': "a.toml: includes.category: must be a table",
    "x = ": "a.toml: is not valid TOML",
}


@pytest.mark.parametrize(("text", "expected"), BAD.items())
def test_errors_name_file_and_key(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse([("a.toml", text)], {})
    assert any(line.startswith(expected) for line in str(caught.value).splitlines())


def test_all_errors_of_all_files_at_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text('[[source]]\npath = 3\ntimezone = "Nowhere"\n')
    two.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError) as caught:
        load([one, two, tmp_path / "none.toml"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert any("none.toml: cannot be read" in line for line in lines)
    assert any("two.toml: is not UTF-8" in line for line in lines)
    assert any("one.toml: source[1].timezone" in line for line in lines)


def test_own_aliases_win_over_sets_and_includes_add_up() -> None:
    table = parse(
        [
            (
                "a.toml",
                """
[includes]
category = { dns_query = "DNS" }
[aliases.base]
Image = "exe"
User = "uid"
[[logsource]]
formats = "csv"
product = "x"
use = ["base"]
aliases = { Image = ["path", "exe"] }
""",
            )
        ],
        {},
    )
    assert table.entries[0].aliases == {"Image": Alias(("path", "exe")), "User": Alias(("uid",))}
    assert table.includes.category["dns_query"] == ("dns",)
    assert table.includes.category["registry_set"] == ("registry_event",)


def test_the_examples_of_the_documentation_are_valid(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "logsources.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    for number, block in enumerate(blocks):
        document = f"[[logsource]]\nproduct = 'x'\n{block}" if block.startswith("where") else block
        path = tmp_path / f"{number}.toml"
        path.write_text(document, "utf-8")
        load([path])
    for alias in re.findall(r"^\| `(\S+ = .*?)` \|", text, re.MULTILINE):
        assert parse([("a.toml", f"[aliases.x]\n{alias}\n")], {})


def test_each_set_that_the_documentation_names_is_shipped(tmp_path: Path) -> None:
    names = ["access", "w3c", "squid", "ecs", "ecs_web", "auditd", "azure", "zeek_http"]
    mine = tmp_path / "a.toml"
    mine.write_text(f'[[logsource]]\nformats = "csv"\nproduct = "x"\nuse = {names}\n')
    assert len(load([mine]).entries[0].aliases) > 50


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml.*no format is called jsn"):
        parse([("mine.toml", '[[logsource]]\nproduct = "x"\nformats = ["jsn"]\n')], {})
