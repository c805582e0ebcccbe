"""A trace from file to statement, on a small country whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from tracing import NOW, Office, office

from kulla.errors import ConfigError, InputError, UsageError
from kulla.leaks.desk.request import Made, Request
from kulla.leaks.desk.rowfile import write_rows
from kulla.leaks.desk.runs import runs_in
from kulla.leaks.desk.site import Site
from kulla.leaks.desk.tracing import trace
from kulla.leaks.trace import FEWEST
from kulla.registers.envelope import Purpose, public_key, sealed
from kulla.registers.keyfile import read_key
from kulla.settings import Settings

EXPORT = "payroll@,misdeed=bulk_export,columns=nid+full_name+employer+gross_salary+period,where=period:2024-01"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office(tmp_path_factory.mktemp("office"))


def run(request: Request, site: Site, **settings: int) -> Made:
    return trace(request, site, Settings(**{"trace_runs": 1000} | settings), lambda _: None)  # type: ignore[arg-type]


def holds(window: Mapping[str, Any], moment: str) -> bool:
    time = datetime.fromisoformat(moment)
    return any(
        datetime.fromisoformat(first) <= time and (last is None or time < datetime.fromisoformat(last))
        for first, last in window["spans"]
    )


def test_an_export_is_recognised_dated_and_explained(made: Office) -> None:
    file = made.leak("export.csv", EXPORT, altered=0.1, invented=0.05, plain=True)
    found = run(made.request(file), made.at_owner()).trace
    assert [table.register for table in found.tables] == ["payroll"]
    (piece,) = found.pieces
    truth = made.misdeed()
    assert holds(piece["window"], truth["from"])
    assert piece["reference"] == ["2024-01", "2024-01"]
    (attribution,) = found.attributions
    # In so small a country a nightly job that reads all may have seen the same state: then both explain it.
    nats = {each["account"]: each["nats"] for each in reversed(attribution["candidates"])}
    assert nats[truth["accounts"][0]] > max(nats.values()) - 1
    # There is no calibration here, so nobody may be named.
    assert attribution["named"] == []
    assert any("calibration" in reason for reason in attribution["withheld"])
    verdicts = found.tables[0].verdicts
    rows = found.inputs[0].rows
    assert verdicts["exact"] is not None
    assert verdicts["exact"] > 0.8 * rows
    assert (verdicts["no_such_person"] or 0) > 0.02 * rows


def test_the_same_inputs_give_the_same_statements(made: Office) -> None:
    file = made.leak("again.csv", EXPORT)
    first, second = (run(made.request(file), made.at_centre()).trace for _ in range(2))
    assert replace(first, earlier=()).json() == replace(second, earlier=()).json()
    assert len(second.earlier) == len(first.earlier) + 1


def test_the_centre_tells_nothing_of_few_records(made: Office) -> None:
    file = made.leak("few.csv", EXPORT + ",rows=60")
    found = run(made.request(file), made.at_centre()).trace
    assert found.pieces == ()
    assert found.attributions == ()
    counts = [*found.tables[0].verdicts.values(), *found.tables[0].persons.values(), found.tables[0].duplicates]
    assert set(counts) == {None}
    assert f"limit.few_records|fewest={FEWEST}" in found.limits
    assert run(made.request(file), made.at_owner()).trace.pieces != ()


def test_the_centre_tells_whole_hundreds(made: Office) -> None:
    file = made.leak("hundreds.csv", EXPORT, altered=0.2)
    found = run(made.request(file), made.at_centre()).trace
    exact = run(made.request(file), made.at_owner()).trace
    for word, count in found.tables[0].verdicts.items():
        told = exact.tables[0].verdicts[word]
        assert told is not None
        assert count is None if told < FEWEST // 2 else True
        if count is not None:
            assert count % FEWEST == 0
            assert abs(count - told) <= FEWEST


def test_nothing_personal_is_in_a_trace(made: Office) -> None:
    file = made.leak("personal.csv", EXPORT)
    text = run(made.request(file), made.at_centre()).trace.json()
    for line in file.read_text("utf-8").splitlines()[1:200]:
        for value in line.replace('"', "").split(","):
            if len(value) >= 6 and value != "2024-01":
                assert value.encode() not in text


def test_row_verdicts_exist_at_the_owner(made: Office, tmp_path: Path) -> None:
    file = made.leak("rows.csv", EXPORT, altered=0.1, invented=0.1)
    done = run(made.request(file), made.at_owner())
    count = write_rows(done, tmp_path / "rows.parquet")
    table = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert count == len(table) == done.trace.inputs[0].rows
    for row in table:
        assert (row["verdict"] == "exact") == (row["piece"] is not None) or row["verdict"] == "exact"
        assert (row["record_no"] is None) == (row["verdict"] in ("no_such_person", "ambiguous"))
    assert {row["altered_column"] for row in table if row["verdict"] == "altered"} - {None}


def test_an_unrelated_file_is_not_from_these_registers(made: Office, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    lines = [f"{n:07},Name{n} Surname{n % 97},{30_000 + 37 * n % 9000}" for n in range(3000)]
    path.write_text("number,name,amount\n" + "\n".join(lines))
    found = run(made.request(path), made.at_centre()).trace
    assert (found.tables, found.pieces, found.attributions) == ((), (), ())


def test_every_run_is_noted_with_its_end(made: Office) -> None:
    file = made.leak("noted.csv", EXPORT)
    before = len(runs_in(made.centre.runs))
    run(made.request(file), made.at_centre())
    begun, ended = runs_in(made.centre.runs)[before:]
    assert (begun.state, ended.state) == ("begun", "ended")
    assert (begun.case, begun.actor, begun.second) == ("2026/1", "a.hoxha", "b.leka")
    assert ended.outcome


def test_a_failed_run_is_noted_too(made: Office, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("")
    before = len(runs_in(made.centre.runs))
    with pytest.raises(InputError, match=r"empty\.csv"):
        run(made.request(path), made.at_centre())
    assert runs_in(made.centre.runs)[before + 1].outcome == ("failed",)


def test_runs_are_limited_for_each_register(made: Office) -> None:
    file = made.leak("limited.csv", EXPORT)
    with pytest.raises(UsageError, match="in 24 hours"):
        run(made.request(file), made.at_centre(), trace_runs=1)


def test_two_persons_are_needed(made: Office) -> None:
    file = made.leak("two.csv", EXPORT)
    with pytest.raises(UsageError, match="two different persons"):
        run(made.request(file, second="A.Hoxha "), made.at_centre())
    with pytest.raises(UsageError, match="--case"):
        run(made.request(file, case=" "), made.at_centre())


def test_a_register_without_its_key_is_left_out_and_said(made: Office) -> None:
    file = made.leak("nokey.csv", EXPORT)
    found = run(made.request(file), made.at_centre("civil")).trace
    assert "limit.no_key|register=payroll" in found.limits
    assert [used.name for used in found.registers] == ["civil"]


def test_an_envelope_serves_one_run_of_its_case(made: Office, tmp_path: Path) -> None:
    file = made.leak("envelope.csv", EXPORT)
    owner = read_key(made.owner_key, "owner")
    purpose = Purpose("payroll", owner.id, owner.current, "2026/1", ("x", "y"), NOW + timedelta(days=1))
    path = tmp_path / "payroll.envelope"
    path.write_bytes(sealed(owner.secret(), purpose, public_key(made.key.sealing)))
    site = replace(made.at_centre(), owners={"payroll": path})
    found = run(made.request(file, registers=("payroll",)), site).trace
    assert found.pieces
    used = frozenset(envelope for each in runs_in(made.centre.runs) for envelope in each.envelopes)
    assert used == {purpose.id}
    with pytest.raises(ConfigError, match="used"):
        run(made.request(file, registers=("payroll",)), replace(site, used=used))
    with pytest.raises(ConfigError, match="needed is one for"):
        run(made.request(file, registers=("payroll",), case="2026/2"), replace(site, case="2026/2"))


def test_a_foreign_key_is_refused(made: Office, tmp_path: Path) -> None:
    from kulla.registers.keyfile import new_key, write_key

    write_key(tmp_path / "other.key", new_key("owner", NOW))
    file = made.leak("foreign.csv", EXPORT)
    with pytest.raises(ConfigError, match="the imprint was made with key"):
        run(made.request(file), replace(made.at_centre(), owners={"payroll": tmp_path / "other.key"}))


def test_two_pieces_of_one_register_are_told_apart(made: Office) -> None:
    parts = [f"civil@2024-0{month}-15T10:00,order=shuffled,rows=1200" for month in (1, 4)]
    file = made.leak("pieces.csv", *parts)
    found = run(made.request(file), made.at_owner()).trace
    assert len(found.pieces) == 2
    for piece, when in zip(found.pieces, ("2024-01-15T10:00:00+00:00", "2024-04-15T10:00:00+00:00"), strict=True):
        assert holds(piece["window"], when)


def test_joined_registers_are_both_found(made: Office) -> None:
    parts = ["payroll@2024-03-10,columns=nid+employer+gross_salary,where=period:2024-01",
             "civil@2024-03-10,columns=nid+family_name+address"]  # fmt: skip
    file = made.leak("joined.csv", *parts, joined=True)
    found = run(made.request(file), made.at_owner()).trace
    assert {table.register for table in found.tables} == {"civil", "payroll"}
    assert found.joined == (("civil", "payroll"),)


def test_the_json_is_whole(made: Office) -> None:
    file = made.leak("whole.csv", EXPORT)
    plain = orjson.loads(run(made.request(file, source="a journalist"), made.at_centre()).trace.json())
    assert plain["inputs"][0]["source"] == "a journalist"
    assert plain["parameters"]["site"] == "centre"
    assert plain["assessment"]["score"] > 0
