"""A log read in parts by several processes is the log read from front to end."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest
from auditlogs import FORGED, audit, csvlogs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_postgres import csv_line

from kulla.events.sandbox import Pool
from kulla.registers.audit import sessions
from kulla.registers.audit.postgres import stretch
from kulla.registers.audit.sessions import join
from kulla.registers.desk import auditparts
from kulla.registers.desk.auditparts import Part, Task, parts, work
from kulla.settings import Settings

SAID = {
    "audit": audit("select 1"),
    "object": audit("select 1", kind="OBJECT", name="public.a", rows=None),
    "recalled": audit("<previously logged>", kind="OBJECT", name="public.b", parameter="<previously logged>"),
    "other": audit("select 2", number="2"),
    "first line": audit("select 1"),
    "started": "statement: select 1",
    "ended": "duration: 5 ms  statement: select 1",
    "executed": "duration: 5 ms  execute <unnamed>: select 1",
    "duration": "duration: 5 ms",
    "role": "connection authorized: user=a database=reg",
}
"""Messages of a session, by a word for each."""

SAMPLES = Path(__file__).parents[2] / "events" / "formats" / "samples"


def read(data: bytes, form: str, part_bytes: int, jobs: int = 0) -> list[Part]:
    with Pool[Task](work, jobs, Settings()) as pool:
        return list(parts(io.BytesIO(data), len(data), form, (0, 0), "", (), pool, part_bytes))


def said_by(*said: tuple[str, str, int]) -> bytes:
    """A log of (which of SAID, session, number of the line in it)."""
    lines = [
        csv_line({"message": SAID[what], "session": f"6b04c4ae.{who}", "line_num": "1" if "first" in what else f"{at}"})
        for what, who, at in said
    ]
    return "".join(lines).encode()


def same(found: list[Part], data: bytes, form: str) -> None:
    whole = stretch(form, data, 1, None, True)
    accesses = pa.concat_tables([part.accesses for part in found])
    assert sorted(map(str, accesses.to_pylist())) == sorted(map(str, join(whole.steps).accesses.to_pylist()))
    assert [r.position for part in found for r in part.rejects] == [r.position for r in whole.rejects]
    assert sum(part.records for part in found) == whole.records


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(csvlogs(), st.integers(50, 900))
def test_parts_equal_the_whole(data: bytes, part_bytes: int) -> None:
    if data:
        same(read(data, "postgres_csvlog", part_bytes), data, "postgres_csvlog")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(sorted(SAID)), st.sampled_from("ab"), st.integers(1, 9)), max_size=9))
def test_what_is_known_of_a_session_is_carried_over_every_border(said: list[tuple[str, str, int]]) -> None:
    data = said_by(*said)
    if data:
        same(read(data, "postgres_csvlog", 1), data, "postgres_csvlog")


@pytest.mark.parametrize(
    "said",
    [
        ["audit", "audit"],
        ["first line", "first line"],
        ["audit", "duration", "audit"],
        ["audit", "role", "audit"],
        ["duration", "audit", "role", "duration"],
        ["audit", "duration", "recalled"],
        ["executed", "audit", "role", "recalled"],
        ["started", "role", "ended", "audit"],
    ],
    ids="-".join,
)
def test_a_record_goes_on_the_one_before_it_and_no_other(said: list[str]) -> None:
    """Found as differences between parts and the whole: a first line that came twice, and a statement that was waited
    for though another had followed it."""
    data = said_by(*((each, "a", number) for number, each in enumerate(said, 2)))
    for part_bytes in (1, 400, 700):
        same(read(data, "postgres_csvlog", part_bytes), data, "postgres_csvlog")


@pytest.mark.parametrize(
    ("form", "name"),
    [("postgres_csvlog", "postgres.csv"), ("postgres_jsonlog", "postgres.json"), ("postgres_stderr", "postgres.log")],
)
def test_the_real_log_in_parts_by_two_processes(form: str, name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    found = read(data, form, 6000, jobs=2)
    assert len(found) > 3
    same(found, data, form)


def test_a_lost_quote_does_not_make_forged_records_true() -> None:
    """After the lost quote, parts are cut as if texts were records; they must be cut anew."""
    lost = csv_line({"message": "cut off"}).replace('off"', "off")
    forging = csv_line({"message": audit(f"select 1\n{FORGED}\n{FORGED}\n")})
    data = (csv_line({}) + lost + forging * 6 + csv_line({"message": audit("select last")})).encode()
    for part_bytes in (300, 700, 1500):
        found = read(data, "postgres_csvlog", part_bytes, jobs=2 if part_bytes == 700 else 0)
        same(found, data, "postgres_csvlog")
        accounts = {row["account"] for part in found for row in part.accesses.to_pylist()}
        assert accounts == {"clerk7"}


@pytest.mark.parametrize("jobs", [0, 2])
@pytest.mark.parametrize("gone", [False, True], ids=["named", "removed"])
def test_workers_read_a_file_themselves(tmp_path: Path, jobs: int, gone: bool) -> None:
    data = (SAMPLES / "postgres.csv").read_bytes()
    path = tmp_path / "log"
    path.write_bytes(data)
    sent: list[bool] = []

    def watched(task: Task) -> auditparts.Piece:
        sent.append(task.data is not None)
        return work(task)

    with path.open("rb") as stream, Pool[Task](watched, jobs, Settings()) as pool:
        if gone:
            path.rename(tmp_path / "rotated")
            (tmp_path / "rotated").unlink()
        same(list(parts(stream, len(data), "postgres_csvlog", (0, 0), "", (), pool, 6000)), data, "postgres_csvlog")
    assert jobs or (len(sent) > 3 and not any(sent))


@pytest.mark.parametrize(
    ("how", "part_bytes"),
    [("closed", 6000), ("closed", 1 << 20), ("cut off", 6000), ("cut off", 1 << 20), ("written over", 6000)],
)
def test_a_file_that_workers_cannot_read_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, part_bytes: int
) -> None:
    data = (SAMPLES / "postgres.csv").read_bytes()
    path = tmp_path / "log"
    path.write_bytes(data)

    def fetched(task: Task) -> bytes:
        half = data[task.offset : task.offset + task.length // 2]
        return {"closed": b"", "cut off": half, "written over": b'"' * task.length}[how]

    monkeypatch.setattr(auditparts, "_fetched", fetched)
    with path.open("rb") as stream, Pool[Task](work, 0, Settings()) as pool:
        same(
            list(parts(stream, len(data), "postgres_csvlog", (0, 0), "", (), pool, part_bytes)), data, "postgres_csvlog"
        )


def test_statements_wait_only_for_their_own_session_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session's statement is told in two records far apart, with many other sessions between."""
    started = [csv_line({"message": f"statement: select {n}", "session": f"a.{n}", "line_num": "1"}) for n in range(9)]
    ended = [csv_line({"message": f"duration: {n}.5 ms", "session": f"a.{n}", "line_num": "2"}) for n in range(9)]
    data = "".join((*started, *ended)).encode()
    found = read(data, "postgres_csvlog", 400)
    assert len(found) > 8
    same(found, data, "postgres_csvlog")
    assert not any(len(part.accesses) for part in found[:4])
    assert all(part.consumed >= 0 for part in found)  # none waited to the end
    monkeypatch.setattr(sessions, "FORGET_START", 3)
    early = read(data, "postgres_csvlog", 400)
    same(early, data, "postgres_csvlog")  # beyond these lines a duration is nobody's, in parts and whole
    assert sum(len(part.accesses) for part in early) == 9
    assert any(len(part.accesses) for part in early[:4])


@pytest.mark.parametrize("form", ["postgres_csvlog", "postgres_jsonlog"])
def test_what_the_writer_is_still_at_is_left_for_the_next_run(form: str) -> None:
    end = {"postgres_csvlog": "csv", "postgres_jsonlog": "json"}[form]
    data = (SAMPLES / f"postgres.{end}").read_bytes()
    half = data[: data.index(b"SELECT nid, name") + 5]
    last = read(half, form, 1 << 20)[-2:]
    consumed = max(part.consumed for part in last)
    assert data[:consumed].endswith(b"\n")
    assert consumed == half.rindex(b"\n") + 1
    assert max(part.lines for part in last) == half.count(b"\n")
