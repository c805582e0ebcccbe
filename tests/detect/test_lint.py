from __future__ import annotations

import pytest

from kulla.detect.lint import LINTS, check

CLEAN = """title: Certutil downloads
id: 19b08b1c-861d-4e75-a1ef-ea0c1baf202b
status: test
level: high
description: Certutil fetches a file.
date: 2026-01-05
falsepositives: [Unknown]
tags: [attack.command-and-control, attack.t1105]
logsource: {product: windows, category: process_creation}
detection:
    selection: {Image|endswith: '\\certutil.exe'}
    condition: selection
"""


def remarks(text: str) -> set[str]:
    ruleset = check([("a.yml", text)])
    assert not any(problem.fatal for problem in ruleset.problems), ruleset.problems
    return {problem.check for problem in ruleset.problems}


def test_a_careful_rule_has_no_remarks() -> None:
    assert remarks(CLEAN) == set()


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("id: 19b08b1c-861d-4e75-a1ef-ea0c1baf202b\n", "", "missing-id"),
        ("level: high\n", "", "missing-level"),
        ("status: test\n", "", "missing-status"),
        ("description: Certutil fetches a file.\n", "", "missing-description"),
        ("date: 2026-01-05\n", "", "missing-date"),
        ("falsepositives: [Unknown]\n", "", "missing-falsepositives"),
        ("19b08b1c-", "x", "id-form"),
        ("Certutil downloads", "x" * 120, "title-length"),
        ("Certutil downloads", "x" * 300, "title"),
        ("status: test", "status: deprecated", "deprecated"),
        ("status: test", "status: fine", "status"),
        ("level: high", "level: huge", "level"),
        ("level: high", "level: high\nfalsepositive: x", "unknown-key"),
        ("attack.t1105]", "attack.t1105, Foo]", "tags"),
        ("attack.t1105]", "attack.t1105, foo.bar]", "tag-namespace"),
        ("attack.t1105]", "attack.t1105, attack.initial_access]", "attack-tag"),
        ("attack.t1105]", "attack.t9999]", "attack-tag"),
        (", attack.t1105", "", "no-technique"),
        ("date: 2026-01-05", "date: 2026-01-05\nmodified: 2025-01-05", "dates"),
        ("date: 2026-01-05", "date: 2026/01/05", "date"),
        ("condition: selection", "other: {A: x}\n    condition: selection", "unused-selection"),
        ("condition: selection", "condition: all of selection", "of-single"),
        ("condition: selection", "timeframe: 5m\n    condition: selection", "timeframe"),
        ("Image|endswith:", "Image|endswith|all:", "all-single"),
        ("'\\certutil.exe'", "'*'", "only-wildcards"),
        ("'\\certutil.exe'", "'*\\certutil.exe'", "idle-wildcards"),
        ("'\\certutil.exe'", "'a**b'", "double-wildcards"),
        ("'\\certutil.exe'", "''", "empty-contains"),
        ("'\\certutil.exe'", "[a, A]", "repeated-value"),
        ("Image|endswith: '\\certutil.exe'", "Image|re: 'certutil\\.exe'", "plain-regex"),
        ("Image|endswith", "'Image |endswith'", "field-name"),
        ("product: windows", "product: 'win dows'", "logsource"),
    ],
)
def test_each_remark(old: str, new: str, name: str) -> None:
    assert old in CLEAN
    assert name in remarks(CLEAN.replace(old, new))


def test_titles_that_stand_twice() -> None:
    other = CLEAN.replace("19b08b1c", "29b08b1c")
    assert [problem.check for problem in check([("a.yml", CLEAN), ("b.yml", other)]).problems] == ["duplicate-title"]


def test_names_are_distinct() -> None:
    assert len({lint.name for lint in LINTS}) == len(LINTS)
