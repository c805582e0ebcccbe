"""Windows events and Sysmon for Linux in XML."""

from __future__ import annotations

import pytest
from textlogs import SAMPLES, SYSMON, read, rejects

from kulla.events.formats.sysmon_linux import SysmonLinux
from kulla.events.formats.winxml import WinXml

LOG = WinXml()
EVENT = (
    "<Event><System><Provider Name='P'/><EventID>4625</EventID><Channel>Security</Channel><Computer>dc1</Computer>"
    "<TimeCreated SystemTime='2026-01-05T10:11:12Z'/></System><EventData><Data Name='U'>{}</Data></EventData></Event>"
)


def test_an_export_over_many_lines() -> None:
    (row,) = read(LOG, SAMPLES["winxml"])
    assert (row.fields["TargetUserName"], row.code, row.host, row.provider) == (["jo"], "4625", "dc1", "P")
    assert (row.time, row.quality, row.position) == ("2026-01-05T10:11:12Z", "exact", 1)
    assert not rejects(LOG, SAMPLES["winxml"])


@pytest.mark.parametrize("between", ["", "\n", "\r\n", "\nRecord 2\n<?xml version='1.0'?>\n", "</Events>\n<Events>"])
def test_events_are_found_by_their_tags(between: str) -> None:
    text = between.join(EVENT.format(i) for i in range(4))
    found = read(LOG, text)
    assert [(row.position, row.fields["U"]) for row in found] == [(i + 1, [str(i)]) for i in range(4)]
    assert not rejects(LOG, text)


def test_a_broken_event_takes_no_other() -> None:
    text = EVENT.format("a") + "stray" + EVENT.format("<b>") + EVENT.format("c") + "<Event><Sys"
    assert [row.fields["U"] for row in read(LOG, text)] == [["a"], ["c"]]
    found = rejects(LOG, text)
    assert [(reject.unit, reject.raw) for reject in found] == [
        ("byte", b"stray"),
        ("record", EVENT.format("<b>").encode()),
        ("byte", b"<Event><Sys"),
    ]
    assert found[0].position == len(EVENT.format("a"))


def test_events_longer_than_a_block() -> None:
    values = ["x" * 1_500_000, "y" * 10, "z" * 1_048_500]
    found = read(LOG, "<Events>" + "\n".join(EVENT.format(value) for value in values) + "</Events>")
    assert [row.fields["U"][0] for row in found] == values


def test_sysmon_for_linux() -> None:
    log = SysmonLinux()
    (row,) = read(log, SYSMON + "\n")
    assert (row.fields["CommandLine"], row.code, row.host, row.provider) == (
        ["id && true"],
        "1",
        "web1",
        "Linux-Sysmon",
    )
    assert (row.time, row.quality) == ("2026-01-05T10:11:12.123456Z", "exact")
    (reject,) = rejects(log, SYSMON + "\n<Event>secret</Event>\n")
    assert (reject.position, reject.raw) == (2, b"<Event>secret</Event>")
