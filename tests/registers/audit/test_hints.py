"""Who asks and why, as the client says."""

from __future__ import annotations

import pyarrow as pa

from kulla.registers.audit.hints import hinted, of_application
from kulla.registers.audit.lines import label


def told(application: str | None, statement: str | None, poolers: tuple[str, ...] = ()) -> tuple[object, ...]:
    found = hinted(
        label(pa.array([application, "x"], pa.string())), label(pa.array(["10.0.0.9", None], pa.string())),
        pa.array([statement, None], pa.large_string()), poolers,
    )  # fmt: skip
    return tuple(each[0].as_py() for each in found)


def test_grades() -> None:
    assert told("app;user=a.b;case=7", "select 1") == ("a.b", "application", "7")
    assert told("app;user=a.b;case=7", "/* user=c.d */ select 1") == ("c.d", "comment", "7")
    assert told("app;user=a.b", "/* user=c.d */ select 1", ("10.0.0.9",)) == ("a.b", "verified", None)
    assert told(None, "select '/* user=c.d */'") == (None, "none", None)
    assert told("psql", None) == (None, "none", None)


def test_a_name_cannot_leave_its_comment() -> None:
    assert of_application("x;user=a*/ -- user=boss") == ("boss", None)
    assert of_application("nothing told") == (None, None)
