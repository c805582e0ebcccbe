"""From proposals to a manifest."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from payrolls import first_rows, nid, row, table

from kulla.errors import UsageError
from kulla.registers.declare import (
    Found,
    Told,
    chosen_column,
    chosen_copy,
    chosen_purpose,
    manifest_of,
    suggestions,
)  # fmt: skip
from kulla.registers.manifest import Column, Copy, Manifest, Purpose, manifest_text, read_manifest

TOLD = Told("payroll", "Tax", "tax", "civil", "Law 29/2023")


def declared(rows: pa.Table, told: Told = TOLD, key: tuple[str, ...] = (), **other: object) -> Manifest:
    found = Found("files", "x", "", rows, key, **other)  # type: ignore[arg-type]
    return manifest_of(found, told, [s.column() for s in suggestions(found)])


def test_a_payroll() -> None:
    rows = table([*first_rows(), *(row(n, 2, 5, 40) for n in range(9))])
    made = declared(rows)
    assert (made.record, made.entry, made.person, made.remit) == (
        ("nid",),
        ("employer_id", "period"),
        "nid",
        "municipality",
    )
    assert (made.history, made.source, made.electoral) == ("versions", "files", False)
    assert [c.name for c in made.columns] == [n for n in rows.column_names if not n.startswith(("valid_", "known_"))]
    assert read_manifest(manifest_text(made), "x") == made


def test_a_record_of_one_row_needs_no_entry() -> None:
    assert declared(table([row(n, 1, 5, 0) for n in range(30)])).entry == ()


def test_two_columns_where_one_does_not_do() -> None:
    rows = []
    for n in range(30):
        first = row(n, 1, 5, 0)
        rows += [first, row(n, 2, 5, 0), first | {"employer_id": "L99999999K"}]
    assert set(declared(table(rows)).entry) == {"period", "employer_id"}


def test_a_vehicle_register_is_by_plate() -> None:
    rows = pa.table({"plate": [f"AA {n:03} BB" for n in range(90)], "nid": [nid(n % 40) for n in range(90)]})
    made = declared(rows)
    assert (made.record, made.person, made.history) == (("plate",), "nid", "none")


def test_the_sources_own_key_counts_and_no_key_is_asked_for() -> None:
    rows = pa.table({"case_no": [str(n) for n in range(90)], "line": ["1"] * 90})
    assert declared(rows, key=("case_no", "line")).record == ("case_no", "line")
    with pytest.raises(UsageError, match="--record"):
        declared(rows)
    people = table(first_rows())
    assert declared(people, key=("nid", "phone")).entry == ("phone",)


def test_what_the_server_tells_is_kept() -> None:
    readers = (("clerk", ("grant",)), ("postgres", ("superuser",)), ("copier", ("replication", "grant")))
    made = declared(table(first_rows()), copies=(Copy("replica r", "replica"),), readers=readers)
    assert made.administrators == ("postgres", "copier")
    assert [c.name for c in made.copies] == ["replica r"]


def test_a_voters_roll_is_electoral() -> None:
    rows = table(first_rows())
    assert declared(rows, Told("voters", "", "", "civil", "")).electoral
    assert not declared(rows, Told("voters", "", "", "civil", "", electoral=False)).electoral


def test_columns_named_wrong_are_told() -> None:
    for told in (Told("p", "", "", "", "", record=("id",)), Told("p", "", "", "", "", remit="town")):
        with pytest.raises(UsageError, match="no such column"):
            declared(table(first_rows()), told)


def test_copies_purposes_and_columns_on_the_command_line() -> None:
    assert chosen_copy(
        "name=nightly, kind=backup, frozen_at=2021-04-01, reachable_by=dba|agency x, read_log=yes"
    ) == Copy("nightly", "backup", "", datetime(2021, 4, 1, tzinfo=UTC), ("dba", "agency x"), True)
    assert chosen_copy("name=x,kind=test,frozen_at=2021-04-01T10:00+02:00").frozen_at == datetime(
        2021, 4, 1, 8, tzinfo=UTC
    )
    assert chosen_purpose("name=audit,roles=a|b,case_required=yes") == Purpose("audit", ("a", "b"), True)
    assert chosen_column("a=b=money") == ("a=b", "money", "")
    for wrong in ("kind=backup", "name=x,kind=tape", "name=x,when=1", "name=x,frozen_at=then", "name"):
        with pytest.raises(UsageError, match="--copy"):
            chosen_copy(wrong)
    for wrong in ("x", "x=", "x=wealth", "=money", "x=special", "x=money:y"):
        with pytest.raises(UsageError, match="--column"):
            chosen_column(wrong)
    with pytest.raises(UsageError, match="--purpose"):
        chosen_purpose("roles=a")


def test_evidence_goes_into_the_manifest() -> None:
    made = declared(table(first_rows()))
    assert made.column("nid") == Column("nid", "national_id", evidence=made.column("nid").evidence)
    assert "30 of 30 different values have the form" in made.column("nid").evidence
