from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events.pgaudit import FIELDS, unpack

TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=30)


def test_a_real_record() -> None:
    message = 'AUDIT: SESSION,2,1,READ,SELECT,TABLE,public.payroll,"select nid, name from payroll",<none>,100'
    assert unpack(message) == {
        "audit_type": "SESSION",
        "statement_id": "2",
        "substatement_id": "1",
        "class": "READ",
        "command": "SELECT",
        "object_type": "TABLE",
        "object_name": "public.payroll",
        "statement": "select nid, name from payroll",
        "rows": "100",
    }


def test_without_rows_and_with_parameters() -> None:
    audit = unpack('AUDIT: OBJECT,1,1,READ,SELECT,TABLE,t,select 1,"""{1,2,3}"""')
    assert audit is not None
    assert audit["parameter"] == '"{1,2,3}"'
    assert "rows" not in audit


def test_other_messages_are_not_audit() -> None:
    assert unpack("duration: 1 ms") is None
    assert unpack("AUDIT: something else") is None


def test_wrong_quotes_leave_the_members_before_the_statement() -> None:
    assert unpack("AUDIT: SESSION,1,1,READ,SELECT,,,select a\nfrom t,x,1") == {
        "audit_type": "SESSION",
        "statement_id": "1",
        "substatement_id": "1",
        "class": "READ",
        "command": "SELECT",
    }
    shifted = unpack("AUDIT: SESSION,1,1,READ,SELECT,,,select a,b,c,d,1")
    assert shifted is not None
    assert "rows" not in shifted


@given(st.lists(TEXT.filter(lambda t: t not in ("", "<none>", "<not logged>")), min_size=9, max_size=9))
@settings(max_examples=50, deadline=None)
def test_whatever_pgaudit_quotes_comes_back(members: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(["SESSION", *members])
    assert unpack("AUDIT: " + out.getvalue()[:-1]) == dict(zip(FIELDS, ["SESSION", *members], strict=True))
