"""`kulla leak` as its users run it: good input, bad input, what each message says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from cli.inprocess import kulla
from tracing import Office, office

EXPORT = "payroll@,misdeed=bulk_export,columns=nid+full_name+employer+gross_salary+period,where=period:2024-01"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office(tmp_path_factory.mktemp("office"), persons=1500, months=3, reads=2000)


@pytest.fixture(scope="module")
def leak(made: Office) -> Path:
    return made.leak("leak.csv", EXPORT)


def at_centre(made: Office, *files: object) -> list[object]:
    keys = [f"--owner-key={name}={made.owner_key}" for name in ("civil", "payroll")]
    return ["leak", "trace", *files, "--centre", made.centre.path, "--centre-key", made.centre_key, *keys,
            "--case", "2026/1", "--purpose", "test", "--by", "a.hoxha", "--with", "b.leka"]  # fmt: skip


def at_owner(made: Office, *files: object) -> list[object]:
    return ["leak", "trace", *files, "--owner", made.country.owner.path, "--key", made.owner_key,
            "--case", "1", "--purpose", "rows", "--by", "a", "--with", "b"]  # fmt: skip


def test_a_trace_is_summed_up_and_written(made: Office, leak: Path, tmp_path: Path) -> None:
    out = [tmp_path / f"trace.{form}" for form in ("json", "html", "pdf")]
    ran = kulla(*at_centre(made, leak), *(f"--out={path}" for path in out))
    assert ran.code == 0, ran.err
    assert "Piece 1: " in ran.out
    assert "no account is named" in ran.out or "nothing in this log explains it" in ran.out
    assert orjson.loads(out[0].read_bytes())["case"] == "2026/1"
    assert out[1].read_bytes().startswith(b"<!DOCTYPE html>")
    assert out[2].read_bytes().startswith(b"%PDF")
    assert "kulla: recognise payroll" in ran.err


def test_packages_verify_by_their_own_script(made: Office, leak: Path, tmp_path: Path) -> None:
    ran = kulla(*at_centre(made, leak), "--package", tmp_path / "p", "--package-key", made.path / "sign.key")
    assert ran.code == 0, ran.err
    fingerprint = ran.err.rsplit(": ", 1)[1].strip()
    script = tmp_path / "p" / "full" / "verify.sh"
    good = subprocess.run(["sh", script, fingerprint], capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = subprocess.run(["sh", script, fingerprint[::-1]], capture_output=True, text=True, check=False)
    assert bad.returncode != 0
    assert (tmp_path / "p" / "full" / "inputs" / "01").read_bytes() == leak.read_bytes()


@pytest.mark.parametrize("site", [at_centre, at_owner])
def test_the_procedure_of_a_rerun_gives_the_same_when_followed(
    made: Office, leak: Path, tmp_path: Path, site: Callable[..., list[object]]
) -> None:
    """The file under the name that the package gives it, other persons, another case, the options of PROCEDURE.txt."""
    given = ["--seed", 3, "--seen", "2026-05-01T00:00Z", "--source", "a chat"]
    ran = kulla(*site(made, leak), *given, "--package", tmp_path / "p", "--package-key", made.path / "sign.key")
    assert ran.code == 0, ran.err
    rerun, file = tmp_path / "p" / "rerun", tmp_path / "inputs" / "01"
    file.parent.mkdir()
    shutil.copy(leak, file)
    text = (rerun / "PROCEDURE.txt").read_text("utf-8")
    options = next(line for line in text.splitlines() if "--as-of " in line and "--seed" in line).split()
    assert options.pop() == "\\"
    words = [word if word not in ("2026/1", "a.hoxha", "1", "a") else "expert" for word in site(made, file)]
    ran = kulla(*words, *options, "--out", tmp_path / "trace.json")
    assert ran.code == 0, ran.err
    compared = subprocess.run(
        [sys.executable, rerun / "compare.py", tmp_path / "trace.json", rerun / "expected" / "statements.json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert compared.stdout.strip() == "the same"


def test_a_protected_person_is_found_by_the_lists_owner_alone(made: Office, leak: Path, tmp_path: Path) -> None:
    ids = [line.split(",")[0].strip('"') for line in leak.read_text("utf-8").splitlines()[1:4]]
    members = tmp_path / "judges.csv"
    members.write_text("national_id,phone\nJ99999999X,\n" + "".join(f"{each},\n" for each in ids[:2]))
    key = tmp_path / "judges.key"
    ran = kulla("leak", "protect", members, "--key", key, "--name", "judges", "--out", tmp_path / "judges.sealed")
    assert ran.code == 0, ran.err
    traced = kulla(*at_centre(made, leak), "--protected", tmp_path / "judges.sealed", "--out", tmp_path / "t.json")
    assert traced.code == 0, traced.err
    assert orjson.loads((tmp_path / "t.json").read_bytes())["protected"] == ["judges"]
    opened = kulla("leak", "protected", tmp_path / "judges.answer", "--members", members, "--key", key)
    assert "2 of 3 persons" in opened.out
    assert "lines 3, 4" in opened.out
    assert not any(each in opened.out + opened.err + traced.out + traced.err for each in ids)


def test_a_citizen_is_answered_in_one_size(made: Office, leak: Path, tmp_path: Path) -> None:
    gateway, held = made.path / "gateway.key", tmp_path / "leak.citizens"
    if not gateway.exists():
        assert kulla("register", "keys", "new", gateway).code == 0
    refused = kulla(*at_centre(made, leak), "--citizens", held, "--citizens-key", gateway)
    assert (refused.code, "made at the register's owner" in refused.err) == (2, True)
    ran = kulla(*at_owner(made, leak), "--citizens", held, "--citizens-key", gateway)
    assert ran.code == 0, ran.err
    known = leak.read_text("utf-8").splitlines()[1].split(",")[0].strip('"')
    yes = kulla("leak", "check-citizen", held, "--key", gateway, given=known.encode() + b"\n")
    no = kulla("leak", "check-citizen", held, "--key", gateway, given=b"J99999999X\n")
    assert orjson.loads(yes.out)["found"] is True
    assert set(orjson.loads(yes.out)["categories"]) == {"identity", "work", "money", "other"}
    assert orjson.loads(no.out)["found"] is False
    assert len(yes.out) == len(no.out)


def test_rows_are_for_the_owner(made: Office, leak: Path, tmp_path: Path) -> None:
    refused = kulla(*at_centre(made, leak), "--rows", tmp_path / "rows.parquet")
    assert refused.code == 2
    assert "at the register's owner only" in refused.err
    ran = kulla(
        "leak", "trace", leak, "--owner", made.country.owner.path, "--key", made.owner_key, "--case", "1", "--purpose",
        "rows", "--by", "a", "--with", "b", "--rows", tmp_path / "rows.parquet",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    half = kulla(*at_owner(made, leak), "--citizens", tmp_path / "c")
    assert (half.code, "go together" in half.err) == (2, True)
    assert set(pq.read_table(tmp_path / "rows.parquet")["verdict"].to_pylist()) == {"exact"}


@pytest.mark.parametrize("text", ["nid\nJ00101999W\nJ05115999K\n", "a,b\n" + "1,x\n" * 300])
def test_rows_of_a_file_without_an_exact_row_are_written_too(made: Office, tmp_path: Path, text: str) -> None:
    """Ids alone, whose rows can be exact at no time; and a file of no register, that has no rows to tell of."""
    ids = (
        [line.split(",")[0] for line in (made.path / "leak.csv").read_text("utf-8").splitlines()]
        if "nid" in text
        else []
    )
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(ids) if ids else text)
    ran = kulla(
        "leak", "trace", path, "--owner", made.country.owner.path, "--key", made.owner_key, "--case", "1", "--purpose",
        "rows", "--by", "a", "--with", "b", "--rows", tmp_path / "out.parquet",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    table = pq.read_table(tmp_path / "out.parquet")
    assert set(table["verdict"].to_pylist()) == ({"uncompared"} if ids else set())
    assert table["from"].null_count == len(table)


def test_two_lists_of_one_name_are_refused(made: Office, leak: Path, tmp_path: Path) -> None:
    lists = [f"--protected={tmp_path / place / 'judges.sealed'}" for place in ("a", "b")]
    ran = kulla(*at_centre(made, leak), *lists, "--out", tmp_path / "t.json")
    assert (ran.code, "rename one" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (["--with", "A.Hoxha"], 2, "two different persons"),
        (["--out", "trace.docx"], 2, "must end in .json, .html, .pdf"),
        (["--language", "fr"], 2, "choose en or sq"),
        (["--owner-key", "payroll"], 2, "write REGISTER=FILE"),
        (["--owner-key", "tax=x.key"], 3, "no such register here; there are civil, payroll"),
        (["--register", "tax"], 3, "register tax: has no imprint here"),
        (["--package", "p"], 2, "needs --package-key"),
    ],
)
def test_what_cannot_be_is_said_with_a_remedy(
    made: Office, leak: Path, change: list[str], code: int, said: str
) -> None:
    ran = kulla(*at_centre(made, leak), *change)
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_without_keys_the_registers_are_named(made: Office, leak: Path) -> None:
    words = [w for w in at_centre(made, leak) if not str(w).startswith("--owner-key")]
    ran = kulla(*words)
    assert ran.code == 2
    assert "the owner's key is missing" in ran.err
    assert "civil, payroll" in ran.err


def test_what_is_no_table_is_said(made: Office, tmp_path: Path) -> None:
    path = tmp_path / "picture.csv"
    path.write_bytes(bytes(range(256)) * 40)
    ran = kulla(*at_centre(made, path))
    assert ran.code == 3
    assert "picture.csv" in ran.err
    missing = kulla(*at_centre(made, tmp_path / "none.xlsx"))
    assert missing.code == 3
    assert "none.xlsx" in missing.err


def test_a_folder_that_is_no_centre_is_said(made: Office, leak: Path, tmp_path: Path) -> None:
    words = [tmp_path if w == made.centre.path else w for w in at_centre(made, leak)]
    ran = kulla(*words)
    assert ran.code == 3
    assert "no centre's folder" in ran.err


def test_calibration_makes_margins_for_the_columns_of_a_trace(made: Office, leak: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.json"
    assert kulla(*at_centre(made, leak), "--out", out).code == 0
    where = ["--centre", made.centre.path, "--centre-key", made.centre_key]
    ran = kulla("leak", "calibrate", "payroll", *where, "--like", out, "--runs", 50)
    assert ran.code == 0, ran.err
    assert "margin" in ran.out
    again = kulla(*at_centre(made, leak), "--json")
    (attribution,) = orjson.loads(again.out)["attributions"]
    assert attribution["margin"]["valid"] is True
    wrong = kulla("leak", "calibrate", "payroll", *where, "--columns", "shoe_size")
    assert wrong.code == 2
    assert "shoe_size is not in its imprint" in wrong.err


def test_what_could_not_be_written_stops_the_run_before_it_is_noted(made: Office, leak: Path, tmp_path: Path) -> None:
    """A run is one of few, and an envelope is good for one: neither is spent on a result that has no place."""
    before = made.centre.runs.read_bytes() if made.centre.runs.exists() else b""
    (tmp_path / "file").write_text("x")
    (tmp_path / "p" / "full").mkdir(parents=True)
    (tmp_path / "leak.json").write_text('[{"a": 1}]')
    key = ["--package-key", made.path / "sign.key"]
    for words, said in (
        ([leak, "--out", tmp_path / "file" / "t.json"], "takes no new file"),
        ([leak, "--package", tmp_path / "p", *key], "exists already"),
        ([leak, "--out", tmp_path / "a.json", "--out", tmp_path / "a.json"], "two results"),
        ([tmp_path / "leak.json", "--out", tmp_path / "leak.json"], "is the leaked file itself"),
        ([leak, "--out", tmp_path / "a.pdf", "--tsa-certificates", tmp_path / "none.pem"], "cannot be read"),
    ):
        ran = kulla(*at_centre(made, words[0]), *words[1:])
        assert (ran.code != 0, said in ran.err) == (True, True), ran.err
    assert (tmp_path / "leak.json").read_text() == '[{"a": 1}]'
    assert (made.centre.runs.read_bytes() if made.centre.runs.exists() else b"") == before
