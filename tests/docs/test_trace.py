"""The cold start of docs/trace.md, command by command, on an exercise where nothing of ours was running before."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import orjson
import pytest
from cli.inprocess import kulla

ROOT = Path(__file__).resolve().parents[2]
REGISTER = "civil"
COLUMNS = "nid+given_name+family_name+birth_date+address"


def commands() -> list[list[str]]:
    """The commands of the section, without comments."""
    section = (ROOT / "docs" / "trace.md").read_text("utf-8").split("## Cold start")[1]
    block = re.findall(r"```\n(.*?)```", section, re.DOTALL)[0].replace("\\\n", " ")
    return [shlex.split(line, comments=True)[1:] for line in block.splitlines()]


def test_seven_commands_give_the_first_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = kulla("exercise", "make", "c", "--persons", 2000, "--months", 4, "--seed", 5, "--registers", REGISTER,
                 "--reads", "logs", "--accounts", 30, "--read-count", 2000,
                 "--misdeeds", "bulk_export:rate=900")  # fmt: skip
    assert made.code == 0, made.err
    for name, at in (("feb", "2024-02-28T23:00"), ("march", "2024-03-31T23:00")):
        assert kulla("exercise", "leak", "c", f"backups/{name}.csv", "--part", f"{REGISTER}@{at}").code == 0
    part = f"{REGISTER}@,misdeed=bulk_export,columns={COLUMNS}"
    assert kulla("exercise", "leak", "c", "leak.xlsx", "--part", part).code == 0
    steps = commands()
    assert len(steps) == 7
    place = {"payroll": REGISTER, "/var/log/postgresql": "c/owner/logs/civil"}
    for words in steps:
        told = [place.get(word, word.replace("@2026-", "@2024-")) for word in words]
        if "add" in told:
            told.append("--yes")
        ran = kulla(*told, *(["--out", "t.json"] if "trace" in told else []))
        assert ran.code == 0, f"{told}: {ran.err}"
    assert (tmp_path / "t.pdf").read_bytes().startswith(b"%PDF")
    trace = orjson.loads((tmp_path / "t.json").read_bytes())
    truth = orjson.loads((tmp_path / "c/truth/misdeeds.jsonl").read_bytes().splitlines()[0])
    (piece,) = trace["pieces"]
    assert any(
        first <= truth["from"] and (last is None or truth["from"] < last) for first, last in piece["window"]["spans"]
    )
    (attribution,) = trace["attributions"]
    assert attribution["named"] == []  # never sealed, never calibrated
    assert truth["accounts"][0] in {each["account"] for each in attribution["candidates"]}
    assert trace["registers"][0]["reconstructed"] is True
