"""`kulla register add`, `list`, `show`, `check` as a user runs them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from cli.inprocess import kulla
from payrolls import first_rows, nid, owner, table

ADD = ("--organisation", "Tax", "--constituent", "tax", "--legal-basis", "Law 29/2023")


def source(tmp_path: Path) -> Path:
    pq.write_table(table(first_rows()), tmp_path / "v.parquet")
    return tmp_path / "v.parquet"


def test_add_list_show_check(tmp_path: Path) -> None:
    files, own = source(tmp_path), tmp_path / "own"
    copy = "name=nightly,kind=backup,frozen_at=2021-04-01,reachable_by=dba|agency"
    ran = kulla("register", "add", "payroll", "--files", files, "--owner", own, "--yes", "--copy", copy, *ADD,
                "--column", "note=special:health", "--purpose", "name=tax,roles=clerk")  # fmt: skip
    assert ran.code == 0, ran.err
    assert "8 columns, record nid, 1 copies" in ran.out
    assert "30 of 30 different values have the form" in ran.err
    listed = kulla("register", "list", "--owner", own, "--json").json()
    assert isinstance(listed, list)
    assert [each["name"] for each in listed] == ["payroll"]
    assert "payroll" in kulla("register", "list", "--owner", own).out
    shown = kulla("register", "show", "payroll", "--owner", own).out
    assert "special:health" in shown
    assert "told by the owner" in shown
    assert "dba, agency" in shown
    whole = kulla("register", "show", "payroll", "--owner", own, "--json").json()
    assert isinstance(whole, dict)
    assert whole["imprint_made"] is None
    checked = kulla("register", "check", "payroll", "--owner", own)
    assert checked.code == 3
    assert "no versions here" in checked.out
    for text in (ran.out + ran.err, shown, str(whole), (own / "registers/payroll/manifest.toml").read_text()):
        assert nid(0) not in text
        assert "Krasniqi" not in text


def test_doubtful_columns_are_asked_and_nothing_is_written_before_the_end(tmp_path: Path) -> None:
    files, own = source(tmp_path), tmp_path / "own"
    asked = ("register", "add", "payroll", "--files", files, "--owner", own, *ADD)
    stopped = kulla(*asked, given=b"other\nn\nn\n")
    assert stopped.code == 130
    assert not own.exists()
    ran = kulla(*asked, given=b"wealth\nspecial:health\ny\nname=old,kind=test\nn\ny\n")
    assert ran.code == 0, ran.err
    assert "Column note" in ran.err
    assert "meanings are" in ran.err
    text = (own / "registers/payroll/manifest.toml").read_text()
    assert 'category = "health"' in text
    assert 'kind = "test"' in text


def test_wrong_use_is_told(tmp_path: Path) -> None:
    files, own = source(tmp_path), tmp_path / "own"
    assert kulla("register", "add", "x", "--owner", own).code == 2
    assert kulla("register", "add", "x", "--files", files, "--dsn", "host=x", "--owner", own).code == 2
    wrong = kulla("register", "add", "x", "--files", files, "--owner", own, "--yes", "--column", "pay=money")
    assert (wrong.code, "no such column" in wrong.err) == (2, True)
    owner(own)
    again = kulla("register", "add", "payroll", "--files", files, "--owner", own, "--yes")
    assert (again.code, "declared already" in again.err) == (2, True)
    assert kulla("register", "show", "nothing", "--owner", own).code == 3
