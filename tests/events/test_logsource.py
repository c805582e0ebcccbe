from __future__ import annotations

import pytest

from kulla.events.logsource import INCLUDES, Includes, Logsource, feeds

CASES = [
    (Logsource("windows", "process_creation"), Logsource("windows", "process_creation", "sysmon"), True),
    (Logsource("windows", "process_creation"), Logsource("linux", "process_creation", "sysmon"), False),
    (Logsource("windows", None, "security"), Logsource("windows", "process_creation", "security"), True),
    (Logsource("windows", None, "security"), Logsource("windows", "process_creation", "sysmon"), False),
    (Logsource("windows"), Logsource("windows", None, None), True),
    (Logsource("Windows"), Logsource("WINDOWS", None, "x"), True),
    (Logsource(category="webserver"), Logsource("nginx", "webserver"), True),
    (Logsource(category="webserver"), Logsource("zeek", "http", "http"), True),
    (Logsource(category="proxy"), Logsource("zeek", "http", "http"), True),
    (Logsource("windows", "registry_event"), Logsource("windows", "registry_delete", "sysmon"), True),
    (Logsource("windows", "registry_set"), Logsource("windows", "registry_event"), False),
    (Logsource("linux", None, "auth"), Logsource("linux", None, "sshd"), True),
    (Logsource("linux", None, "sshd"), Logsource("linux", None, "auth"), False),
    (Logsource("sql", "application"), Logsource("postgresql", "database", "postgresql"), True),
    (Logsource("jvm", "application"), Logsource("spring", "application"), True),
    (Logsource("jvm", "application"), Logsource("postgresql", "database", "postgresql"), False),
    (Logsource("linux"), Logsource(), False),
    (Logsource(), Logsource(), True),
]


@pytest.mark.parametrize(("rule", "event", "expected"), CASES)
def test_feeds(rule: Logsource, event: Logsource, expected: bool) -> None:
    assert feeds(rule, event) is expected


def test_feeds_with_users_includes() -> None:
    event = Logsource("windows", "dns_query", "sysmon")
    assert not feeds(Logsource(category="dns"), event)
    assert feeds(Logsource(category="dns"), event, Includes(category={"dns_query": ("dns",)}))


def test_includes_are_lower_case() -> None:
    for wider in (INCLUDES.product, INCLUDES.category, INCLUDES.service):
        for name, names in wider.items():
            assert name == name.lower()
            assert all(each == each.lower() for each in names)
