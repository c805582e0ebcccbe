from __future__ import annotations

from pathlib import Path

from cli.command import kulla


def test_make_tells_what_it_made(tmp_path: Path) -> None:
    where = tmp_path / "country"
    ran = kulla(
        "exercise", "make", where, "--persons", "300", "--months", "2", "--registers", "civil, vehicle", "--json"
    )
    assert ran.code == 0
    made = ran.json()
    assert isinstance(made, list)
    assert [(each["register"], each["records"]) for each in made] == [("civil", 300), ("vehicle", 81)]
    again = kulla("exercise", "make", where)
    assert again.code == 5
    assert "already" in again.err


def test_make_refuses_what_cannot_be(tmp_path: Path) -> None:
    for option, value in (("--persons", "0"), ("--months", "0"), ("--registers", "taxes"), ("--profile", "nowhere")):
        ran = kulla("exercise", "make", tmp_path / "x", option, value)
        assert ran.code == 2
        assert value in ran.err
    assert not (tmp_path / "x" / "exercise.toml").exists()


def test_load_refuses_what_is_no_exercise(tmp_path: Path) -> None:
    ran = kulla("exercise", "load", tmp_path, "--dsn", "dbname=nowhere")
    assert ran.code == 3
    assert "kulla exercise make" in ran.err
    assert kulla("exercise", "load", tmp_path, "--dsn", "dbname=x", "--at", "tomorrow").code == 2
