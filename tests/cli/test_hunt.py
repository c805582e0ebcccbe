from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.command import BAD, kulla, made


def test_plain_output_and_files(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    report, hits = tmp_path / "r.html", tmp_path / "h.jsonl"
    ran = kulla("hunt", log, "--rules", rules, "--out", report, "--out", hits, "--no-cache")
    assert ran.code == 0
    assert [line.split("\t")[0] for line in ran.out.splitlines()][-1] == "group"
    assert ran.err == f"kulla: wrote {report}\nkulla: wrote {hits}\n"
    assert json.loads(hits.read_text())["record"] == 2
    assert "Certutil fetches a file" in report.read_text()


def test_a_missing_file_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    ran = kulla("hunt", tmp_path / "nope.evtx", log, "-r", rules, "--no-cache")
    assert ran.code == 3
    assert f"kulla: {tmp_path / 'nope.evtx'}: No such file or directory\n" in ran.err
    assert "1 record or file could not be read" in ran.out
    assert "\ngroup\t1\t" in ran.out


def test_a_broken_rule_changes_the_exit_code_alone(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    (rules / "bad.yml").write_text(BAD)
    ran = kulla("hunt", log, "-r", rules, "--no-cache")
    assert ran.code == 4
    assert "\ngroup\t1\t" in ran.out


def test_json(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    found = kulla("hunt", "-", "-r", rules, "--json", "--no-cache", given=log.read_bytes()).json()
    assert isinstance(found, dict)
    assert found["hits"] == 1
    assert found["groups"][0]["title"] == "Certutil fetches a file"
    assert found["untimed"] == 0
    assert found["evicted"] == 0


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ((), 2, "Missing argument"),
        (("LOG",), 2, "no rules: give --rules PATH"),
        (("LOG", "-r", "RULES", "--bogus"), 2, "see kulla hunt --help"),
        (("LOG", "-r", "/nowhere"), 2, "no such file or folder"),
        (("LOG", "-r", "RULES", "--level", "loud"), 2, "choose one of"),
        (("LOG", "-r", "RULES", "--tz", "Mars/Olympus"), 2, "Europe/Tirane"),
        (("LOG", "-r", "RULES", "--since", "soon"), 2, "2026-05-11"),
        (("LOG", "-r", "RULES", "--since", "2026-02-01", "--until", "2026-01-01"), 2, "before --until"),
        (("LOG", "-r", "RULES", "--out", "a.pdf"), 2, ".html"),
        (("LOG", "-r", "RULES", "--out", "/nowhere/a.html"), 5, "choose another place"),
        (("LOG", "-r", "RULES", "--format", "word"), 2, "choose one of evtx"),
        (("LOG", "-r", "RULES", "--show", "-1"), 2, "--show"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_way_out(
    tmp_path: Path, options: tuple[str, ...], code: int, told: str
) -> None:
    rules, log = made(tmp_path)
    ran = kulla("hunt", *({"LOG": log, "RULES": rules}.get(option, option) for option in options))
    assert ran.code == code
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert all(line.startswith("kulla: ") for line in ran.err.splitlines())
