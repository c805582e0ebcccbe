from __future__ import annotations

from pathlib import Path

from cli.command import kulla

from kulla.cli.exercise import listed


def test_make_tells_what_it_made(tmp_path: Path) -> None:
    where = tmp_path / "country"
    ran = kulla(
        "exercise", "make", where, "--persons", "300", "--months", "2", "--registers", "civil, vehicle", "--json"
    )
    assert ran.code == 0
    made = ran.json()
    assert isinstance(made, dict)
    assert made["reads"] == []
    assert [(each["register"], each["records"]) for each in made["registers"]] == [("civil", 300), ("vehicle", 81)]
    again = kulla("exercise", "make", where)
    assert again.code == 5
    assert "already" in again.err


def test_make_refuses_what_cannot_be_before_it_writes(tmp_path: Path) -> None:
    where = tmp_path / "country"
    for options in (("--registers", "taxes"), ("--misdeeds", "bulk_export"), ("--reads", "some")):
        ran = kulla("exercise", "make", where, *options)
        assert ran.code == 2
        assert options[0] in ran.err
    assert not where.exists()


def test_names_are_listed_with_their_particulars() -> None:
    assert listed(["civil, voter", "", ","]) == ("civil", "voter")
    told = listed(["low_and_slow:rate=20,days=40,pg_dump", "off_hours:account=u1"])
    assert told == ("low_and_slow:rate=20,days=40", "pg_dump", "off_hours:account=u1")


def test_load_refuses_what_is_no_exercise(tmp_path: Path) -> None:
    ran = kulla("exercise", "load", tmp_path, "--dsn", "dbname=nowhere")
    assert ran.code == 3
    assert "kulla exercise make" in ran.err
    assert kulla("exercise", "load", tmp_path, "--dsn", "dbname=x", "--at", "tomorrow").code == 2


def test_make_writes_reads_and_misdeeds(tmp_path: Path) -> None:
    where = tmp_path / "country"
    options = ("--persons", "2000", "--months", "1", "--accounts", "12", "--days", "12", "--read-count", "2000")
    ran = kulla("exercise", "make", where, *options, "--reads", "direct", "--misdeeds", "bulk_export:days=1,pg_dump")
    assert ran.code == 0, ran.err
    assert "misdeeds" in ran.out
    assert (where / "truth" / "misdeeds.jsonl").read_text().count("\n") == 2
    assert list((where / "owner" / "registers" / "payroll" / "outbox" / "reads").glob("reads-*.parquet"))
    assert (where / "exercise.toml").exists()
