"""Events in XML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textlogs import SYSMON

from kulla.events.sysmonxml import event_fields


def test_sysmon() -> None:
    assert event_fields(SYSMON) == {
        "Provider_Name": "Linux-Sysmon", "Provider_Guid": "{ff032593-a8d3-4f13-b0d6-01fc615a0f97}", "EventID": "1",
        "Version": "5", "TimeCreated": "2026-01-05T10:11:12.123456000Z", "EventRecordID": "7",
        "Execution_ProcessID": "11", "Execution_ThreadID": "12", "Channel": "Linux-Sysmon/Operational",
        "Computer": "web1",
        "Security_UserID": "0", "RuleName": "-", "Image": "/usr/bin/id", "CommandLine": "id && true",
    }  # fmt: skip


def test_user_data_unnamed_data_and_empty_values() -> None:
    fields = event_fields(
        "<Event><UserData><LogFileCleared xmlns='x'><SubjectUserName>jo</SubjectUserName><A><B>1</B></A>"
        "</LogFileCleared></UserData></Event>"
    )
    assert fields == {"SubjectUserName": "jo", "A.B": "1"}
    assert event_fields("<Event><EventData><Data>a</Data><Data>b</Data><Data Name='N'/></EventData></Event>") == {
        "Data[0]": "a",
        "Data[1]": "b",
        "N": "",
    }


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE Event [<!ENTITY a "b">]><Event><EventData><Data Name="X">&a;</Data></EventData></Event>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><Event/>',
        "<Event><EventData><Data Name='X'>&undefined;</Data></EventData></Event>",
        "<Event><EventData>",
        "<Event>" + "<a>" * 100 + "</a>" * 100 + "</Event>",
        "",
        "\ud800",
    ],
)
def test_refused(text: str) -> None:
    assert event_fields(text) is None


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Co"]), max_size=30))
def test_values_come_back(value: str) -> None:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert event_fields(f'<Event><EventData><Data Name="V">{escaped}</Data></EventData></Event>') == {"V": value}


@given(st.text(alphabet="<>/&;!D= 'aEvent", max_size=40))
def test_never_raises(text: str) -> None:
    event_fields("<Event>" + text)
