"""Applications' logs with a time and a level."""

from __future__ import annotations

import pytest
from textlogs import SAMPLES, read, rejects

from kulla.events.formats.plain import Plain

LOG = Plain()
AT = "2026-01-05T10:11:12.345000Z"


@pytest.mark.parametrize(
    ("line", "level", "logger", "thread", "message", "time", "provider"),
    [
        (
            "2026-01-05T10:11:12.345+02:00  WARN 1 --- [app] [main] o.s.S : A",
            "WARN",
            "o.s.S",
            "main",
            "A",
            "2026-01-05T08:11:12.345000Z",
            None,
        ),
        ("2026-01-05 10:11:12.345 ERROR 1 --- [main] o.s.S   : A", "ERROR", "o.s.S", "main", "A", AT, None),
        ("2026-01-05 10:11:12,345 [main] ERROR com.foo.Bar - A", "ERROR", "com.foo.Bar", "main", "A", AT, None),
        ("2026-01-05 10:11:12,345 ERROR [main] com.foo.Bar: A", "ERROR", "com.foo.Bar", "main", "A", AT, None),
        ("2026-01-05 10:11:12,345 - x.y - ERROR - A", "ERROR", "x.y", None, "A", AT, None),
        ("ERROR 2026-01-05 10:11:12,345 A", "ERROR", None, None, "A", AT, None),
        ("[2026-01-05 10:11:12 +0000] [12] [ERROR] A", "ERROR", None, None, "A", "2026-01-05T10:11:12Z", None),
        (
            "[05/Jan/2026 10:11:12] ERROR [django.request:22] A",
            "ERROR",
            "django.request:22",
            None,
            "A",
            "2026-01-05T10:11:12Z",
            None,
        ),
        ("E, [2026-01-05T10:11:12.345 #12] ERROR -- : A", "ERROR", None, None, "A", AT, None),
        ("2026-01-05T10:11:12.345Z error: A", "error", None, None, "A", AT, None),
        ("2026/01/05 10:11:12 [alert] 12#13: *1 A", "alert", None, "13", "*1 A", "2026-01-05T10:11:12Z", "nginx"),
        (
            "[Mon Jan 05 10:11:12.345 2026] [core:notice] [pid 1:tid 2] [client 192.0.2.1:5] A",
            "notice",
            "core",
            "2",
            "A",
            AT,
            "apache",
        ),
        ("[Mon Jan  5 10:11:12 2026] [error] A", "error", None, None, "A", "2026-01-05T10:11:12Z", "apache"),
        ("Jan 05, 2026 3:04:05 PM org.X start\nSEVERE: A", "SEVERE", "org.X", None, "A", "2026-01-05T15:04:05Z", None),
    ],
)
def test_forms(
    line: str, level: str, logger: str | None, thread: str | None, message: str, time: str, provider: str | None
) -> None:
    (row,) = read(LOG, line + "\n\tat x.Y\nCaused by: z\n")
    assert row.fields["message"] == [message + "\n\tat x.Y\nCaused by: z"]
    assert row.fields["level"] == [level]
    assert row.fields.get("logger") == ([logger] if logger else None)
    assert row.fields.get("thread") == ([thread] if thread else None)
    assert (row.time, row.provider) == (time, provider)


def test_stack_traces_do_not_hide_the_next_record() -> None:
    found = read(LOG, SAMPLES["plain"])
    assert [(row.position, row.fields["level"]) for row in found] == [(1, ["ERROR"]), (4, ["INFO"])]
    assert found[0].raw.endswith("(Bar.java:1)")


def test_what_comes_before_the_first_record_is_rejected() -> None:
    text = "secret\n" + SAMPLES["plain"] + "Jan 05, 2026 3:04:05 PM org.X start\nno level\n"
    found = rejects(LOG, text)
    assert [(reject.position, reject.raw) for reject in found] == [
        (1, b"secret"),
        (6, b"Jan 05, 2026 3:04:05 PM org.X start\nno level"),
    ]
    assert not any("secret" in reject.reason for reject in found)
