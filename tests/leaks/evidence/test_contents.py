from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from leaktraces import attribution, candidate, others, trace

from kulla.leaks.candidate import CopyMatch
from kulla.leaks.evidence import (
    Evidence,
    commitment,
    disclosure,
    full,
    intake_list,
    rerun,
    statements,
    statements_sha256,
)
from kulla.leaks.evidence.package import Content

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SECRET = bytes(range(100, 132))


def evidence(**changes: Any) -> Evidence:
    copy = CopyMatch("nightly", "backup", None, ("dba_north",), False, 1.0)
    found = attribution(candidates=(candidate(), *others()), copies=(copy,))
    made = trace(attributions=(found,), marks={"payroll": {"recipients": ["Bank of the North"]}})
    commitments = {"payroll epoch 2": commitment("payroll epoch 2", SECRET)}
    return replace(Evidence(made, lock=b"x==1 --hash=sha256:00\n", commitments=commitments), **changes)


def bytes_of(content: Content) -> bytes:
    assert isinstance(content, bytes)
    return content


def test_disclosure_holds_no_other_person_anywhere() -> None:
    found = disclosure(evidence(), KEY, ["pay_clerk_17"])
    for name, content in found.items():
        for secret in (b"analyst_4", b"app_pool", b"besa.k", b"pay_clerk_02", b"10.20.9.3", b"dba_north", b"Ardi",
                       b"PC-114", b"a journalist", b"Bank of the North"):  # fmt: skip
            assert secret not in bytes_of(content), name
    assert b"pay_clerk_17" in bytes_of(found["trace.json"])
    assert b"10.20.4.17" in bytes_of(found["trace.json"]), "the party's own client stays"


def test_disclosure_tells_nobody_who_could_reach_a_copy() -> None:
    copy = {"name": "nightly", "kind": "backup", "frozen_at": None, "reachable_by": ["dba_hoxha"], "read_log": False}
    used = replace(trace().registers[0], copies=(copy,))
    told = disclosure(evidence(trace=replace(trace(), registers=(used,))), KEY, ["pay_clerk_17"])
    assert b"dba_hoxha" not in b"".join(map(bytes_of, told.values()))
    assert b"nightly" in bytes_of(told["trace.json"])


def test_a_court_resolves_each_mark_and_finds_nothing_else_changed() -> None:
    made = evidence()
    whole, told = full(made, KEY), disclosure(made, KEY, ["pay_clerk_17"])
    resolves = orjson.loads(bytes_of(whole["redactions.json"]))
    text = bytes_of(told["trace.json"]).decode()
    for mark, each in resolves["names"].items():
        digest = hashlib.sha256((each["salt"] + each["text"]).encode()).hexdigest()
        assert mark == f"redacted:{digest}"
        text = text.replace(orjson.dumps(mark).decode(), orjson.dumps(each["text"]).decode())
    assert orjson.loads(text) == orjson.loads(bytes_of(whole["trace.json"]))
    for name, digest in orjson.loads(bytes_of(told["withheld.json"])).items():
        salt = resolves["files"].get(name, "")
        assert hashlib.sha256(salt.encode() + bytes_of(whole[name])).hexdigest() == digest


def test_what_is_withheld_cannot_be_guessed_from_its_hash() -> None:
    """A party knows all of trace.json but the names: a plain hash would let them try names."""
    made = evidence()
    whole, told = full(made, KEY), disclosure(made, KEY, ["pay_clerk_17"])
    given = b"".join(bytes_of(content) for content in told.values())
    for name, content in whole.items():
        if name not in told or told[name] != content:
            plain = hashlib.sha256(bytes_of(content)).hexdigest().encode()
            assert plain not in given or name == "redactions.json"


def test_equal_names_bear_equal_marks_in_every_run_but_not_in_every_leak() -> None:
    first, second = (disclosure(evidence(), KEY, ()) for _ in range(2))
    assert first == second
    other = disclosure(evidence(trace=replace(trace(), leak="0" * 64)), KEY, ())

    def mark(found: dict[str, Content]) -> str:
        account = orjson.loads(bytes_of(found["trace.json"]))["attributions"][0]["candidates"][0]["account"]
        assert isinstance(account, str)
        return account

    assert mark(first) != mark(other)


def test_the_rerun_holds_no_key_and_all_that_the_run_depends_on() -> None:
    found = rerun(evidence())
    for content in found.values():
        assert SECRET not in bytes_of(content)
        assert SECRET.hex().encode() not in bytes_of(content)
    assert orjson.loads(bytes_of(found["parameters.json"]))["parameters"]["seed"] == 7
    assert orjson.loads(bytes_of(found["registers.json"]))[0]["imprint_sha256"] == trace().registers[0].imprint_sha256
    assert b"order 114" not in b"".join(
        bytes_of(each) for each in found.values() if each != found["expected/statements.json"]
    )


def test_the_procedure_commits_to_keys_as_we_do(tmp_path: Path) -> None:
    """The command of PROCEDURE.txt, run by a shell, gives the commitment."""
    (tmp_path / "KEY").write_bytes(SECRET)
    text = bytes_of(rerun(evidence())["PROCEDURE.txt"]).decode()
    line = next(line.strip() for line in text.splitlines() if "key commitment" in line)
    command = line.replace("LABEL", "payroll epoch 2")
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == commitment("payroll epoch 2", SECRET)


def test_statements_are_the_same_whoever_runs_it_again() -> None:
    again = replace(trace(), made="2026-01-05T10:00:00+00:00", actor="x", second="y", case="2026/1", purpose="re-run",
                    earlier=())  # fmt: skip
    assert statements(again) == statements(trace())
    assert statements_sha256(again) == statements_sha256(trace())
    assert statements_sha256(replace(trace(), limits=())) != statements_sha256(trace())


def test_how_a_file_is_called_and_handed_over_changes_no_statement() -> None:
    """In a package it is inputs/01; and a table of text bears its file's name."""
    one = trace().inputs[0]
    tables = ({"name": one.name, "rows": 5, "notes": []}, {"name": "Sheet1", "rows": 5, "notes": []})
    named = replace(one, tables=tables, problems=(f"{one.name}: half of it",))
    first = replace(trace(), inputs=(named,), tables=(replace(trace().tables[0], table=one.name),))
    there = ({"name": "01", "rows": 5, "notes": []}, tables[1])
    moved = replace(
        named, name="01", source="x", handed_by="y", received="", tables=there, problems=("01: half of it",)
    )
    assert statements(replace(first, inputs=(moved,), tables=(replace(first.tables[0], table="01"),))) == statements(
        first
    )
    assert statements(replace(first, tables=(replace(first.tables[0], table="Sheet1"),))) != statements(first)


def test_the_procedure_compares_as_we_do(tmp_path: Path) -> None:
    """Step 6, run on traces made by another at another time."""
    found = rerun(evidence())
    (tmp_path / "expected").mkdir()
    for name in ("expected/statements.json", "compare.py"):
        (tmp_path / name).write_bytes(bytes_of(found[name]))
    text = bytes_of(found["PROCEDURE.txt"]).decode()
    command = next(line.strip() for line in text.splitlines() if "compare.py" in line)
    told = []
    for made in (replace(evidence().trace, actor="z"), replace(evidence().trace, limits=())):
        (tmp_path / "trace.json").write_bytes(made.json())
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
        told.append((done.returncode, done.stdout.strip()))
    assert told == [(0, "the same"), (1, "different in: limits")]


def test_the_intake_list_is_what_sha256sum_checks(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    hashes = []
    for at in range(3):
        (tmp_path / "inputs" / f"{at + 1:02}").write_bytes(bytes([at]))
        hashes.append(hashlib.sha256(bytes([at])).hexdigest())
    listed = intake_list(hashes)
    done = subprocess.run(["sha256sum", "-c", "-"], input=listed, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("text", ["a\nb", "x; rm -rf /", "\x1b[31m", "{case}", "'$(id)'"])
def test_readers_of_the_procedure_see_one_line_of_what_others_wrote(text: str) -> None:
    told = bytes_of(rerun(evidence(trace=replace(trace(), case=text)))["PROCEDURE.txt"]).decode()
    assert told.splitlines()[0].startswith("PROCEDURE FOR A RE-RUN")
    assert "\x1b" not in told
