from __future__ import annotations

import re

from shared import SHARED, needs_shared

from kulla.events import formats
from kulla.events.coverage import unfed
from kulla.events.logsource import Logsource
from kulla.events.mapping import parse, shipped

FORMATS = tuple(each.name for each in formats.FORMATS)


def test_the_table_speaks_of_formats_that_exist() -> None:
    named = {name for entry in (*shipped().entries, *shipped().renames) for name in entry.formats}
    assert named <= set(FORMATS)
    assert "json_array" in named


def test_reasons() -> None:
    asked = [
        Logsource("windows", "process_creation"),
        Logsource("fortios", None, "sslvpnd"),
        Logsource("beos"),
        Logsource("windows", "webserver"),
    ]
    reasons = unfed(asked, shipped(), FORMATS)
    assert list(reasons) == asked[1:]
    assert "FortiOS" in reasons[asked[1]]
    assert "product beos" in reasons[asked[2]]
    assert "all of its parts together" in reasons[asked[3]]


def test_formats_at_hand_decide() -> None:
    rule = Logsource("linux", None, "auditd")
    assert "not at hand" in unfed([rule], shipped(), ["evtx"])[rule]
    assert unfed([rule], shipped(), ["auditd"]) == {}


def test_a_users_source_feeds() -> None:
    rule = Logsource("beos", "application")
    table = parse([("a.toml", '[[source]]\npath = "*"\nproduct = "beos"\ncategory = "application"\n')], {})
    assert unfed([rule], table + shipped(), FORMATS) == {}


@needs_shared
def test_the_corpus_is_fed_but_for_two() -> None:
    asked: set[Logsource] = set()
    for path in (SHARED / "sigma").glob("rules*/**/*.yml"):
        told = re.search(r"^logsource:\n((?:[ \t].*\n)+)", path.read_text("utf-8"), re.MULTILINE)
        assert told is not None, path
        given = dict(re.findall(r"^\s+(product|category|service):\s*['\"]?([\w.-]+)", told[1], re.MULTILINE))
        asked.add(Logsource(**given))
    assert len(asked) > 100
    assert {str(each) for each in unfed(asked, shipped(), FORMATS)} == {
        "paloalto/file_event/globalprotect",
        "fortios/*/sslvpnd",
    }
