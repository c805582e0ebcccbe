"""A trace from file to statement, on a small country whose truth is known."""

from __future__ import annotations

import csv
import hashlib
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
from kulla.leaks.desk.hearing import MOST_LEAKS
from kulla.leaks.desk.request import Made, Request
from kulla.leaks.desk.rowfile import write_rows
from kulla.leaks.desk.runs import begin, runs_in
from kulla.leaks.desk.site import Site
from kulla.leaks.desk.tracing import trace
from kulla.leaks.evidence import statements
from kulla.leaks.trace import FEWEST, Trace
from kulla.registers.envelope import Purpose, public_key, sealed
from kulla.registers.keyfile import read_key
from kulla.settings import Settings

EXPORT = "payroll@,misdeed=bulk_export,columns=nid+full_name+employer+gross_salary+period,where=period:2024-01"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return office(tmp_path_factory.mktemp("office"))


def run(request: Request, site: Site, **settings: int) -> Made:
    return trace(request, site, Settings(**{"trace_runs": 1000} | settings), lambda _: None)  # type: ignore[arg-type]


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
    assert (found.tables, found.pieces, found.attributions) == ((), (), ())
    assert found.few_to_say == 300
    assert runs_in(made.centre.runs)[-1].outcome == ("too few rows to say",)
    assert run(made.request(file), made.at_owner()).trace.pieces != ()


def test_one_row_shows_nothing_and_strangers_are_not_from_here(made: Office, tmp_path: Path) -> None:
    one, strangers = tmp_path / "one.txt", tmp_path / "strangers.csv"
    one.write_text("J00101999W\n")
    strangers.write_text("a,b\n" + "".join(f"{n * 7919 % 10007},x{n}\n" for n in range(400)))
    for site in (made.at_centre(), made.at_owner()):
        assert run(made.request(one), site).trace.few_to_say > 0
        found = run(made.request(strangers), site).trace
        assert (found.few_to_say, found.tables) == (0, ())
        assert runs_in(site.runs)[-1].outcome == ("not from these registers",)


def test_a_column_that_few_rows_make_the_registers_is_not_told_of(made: Office, tmp_path: Path) -> None:
    """Known rows, and a column that is empty but for a handful: whether it is the salary would tell one of them."""
    with made.leak("sparse.csv", EXPORT).open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    path = tmp_path / "sparse.csv"
    salary = lines[0].index("gross_salary")
    rows = [[*row[:salary], row[salary] if at < 40 else "", *row[salary + 1 :]] for at, row in enumerate(lines)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    columns = [
        {c["register_column"] for c in run(made.request(path), site).trace.tables[0].columns}
        for site in (made.at_owner(), made.at_centre())
    ]
    assert columns[0] - columns[1] == {"gross_salary"}
    assert "employer" in columns[1]


def test_who_was_heard_in_many_leaks_is_heard_no_longer(made: Office, tmp_path: Path) -> None:
    """Other filler each time, one person in all: after a dozen files nothing of that person is heard this year."""
    lines = made.leak("heard.csv", EXPORT).read_text("utf-8").splitlines()
    victim, filler, centre = lines[1], lines[2:], made.at_centre("payroll")
    who = victim.split(",")[0].strip('"')
    later = NOW.replace(year=2031)
    told: list[Made] = []
    for number in range(MOST_LEAKS + 2):
        path = tmp_path / f"heard{number}.csv"
        path.write_text("\n".join([lines[0], *filler[number * 25 : number * 25 + 220], victim]) + "\n")
        told.append(run(made.request(path, registers=("payroll",), now=later), centre))
    heard = [bool(each.compared) and who in each.compared[0].table.data.column(0).to_pylist() for each in told]
    # With some 220 rows the noise of one file in a hundred lets nothing be told at all.
    assert sum(heard[:MOST_LEAKS]) >= MOST_LEAKS - 2
    assert heard[MOST_LEAKS:] == [False] * 2
    again = run(made.request(tmp_path / "heard0.csv", registers=("payroll",), now=later), centre)
    assert statements(again.trace) == statements(told[0].trace)


def test_a_window_at_the_centre_holds_the_time_and_is_no_narrower_than_the_owners(made: Office) -> None:
    """It ends where a hundred rows contradict, the owner's where a few do."""
    part = "civil@2024-03-15T10:00,columns=nid+family_name+given_name+address"
    file = made.leak("window.csv", part, altered=0.1)
    pieces = [
        run(made.request(file, registers=("civil",)), site).trace.pieces[0]
        for site in (made.at_owner(), made.at_centre("civil"))
    ]
    assert all(holds(piece["window"], "2024-03-15T10:00:00+00:00") for piece in pieces)
    owners, (span,) = (piece["window"]["spans"] for piece in pieces)
    assert span[0] < owners[0][0]
    assert span[1] is None or span[1] > owners[-1][1]
    assert pieces[1]["trajectory"] == []


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
            assert abs(count - told) <= 5 * FEWEST  # the noise is beyond that in 1 of 8,000 statements


def test_another_case_or_person_changes_no_statement(made: Office) -> None:
    """An expert repeats the run under their own case; and to run a file again under many numbers tells nothing more."""
    file = made.leak("case.csv", EXPORT, altered=0.1)
    first = run(made.request(file), made.at_centre()).trace
    second = run(made.request(file, case="expert/1", actor="e.x", second="o.y"), made.at_centre()).trace
    assert statements(first) == statements(second)


def test_copies_of_a_row_are_not_heard_at_the_centre(made: Office, tmp_path: Path) -> None:
    """One guess a thousand times: were each copy counted, all shares would tell whether it is right."""
    lines = made.leak("copies.csv", EXPORT).read_text("utf-8").splitlines()
    told: list[Trace] = []
    for salary in ("", ",987654.00,"):
        victim = lines[-1].split(",")
        guess = lines[-1] if not salary else lines[-1].replace(f",{victim[-2]},", salary)
        path = tmp_path / f"copies{len(told)}.csv"
        path.write_text("\n".join(lines[:300] + [guess] * 1000) + "\n")
        told.append(run(made.request(path), made.at_centre()).trace)
    right, wrong = ({c["register_column"]: c for c in one.tables[0].columns} for one in told)
    assert [one.tables[0].rows for one in told] == [1299, 1299]
    for column in right.keys() & wrong.keys():
        assert abs((right[column]["hits"] or 0) - (wrong[column]["hits"] or 0)) < 0.95
        assert (wrong[column]["compared"] or 0) < 900


def test_every_earlier_run_is_told_the_one_that_never_ended_too(made: Office, tmp_path: Path) -> None:
    one, other = made.leak("one.csv", EXPORT + ",rows=410"), made.leak("other.csv", EXPORT + ",rows=420")
    log = made.centre.runs
    begin(log, replace(runs_in(log)[0], time=NOW, leak="0" * 64, files=(sha(one),), case="x/1"), 1000)
    run(made.request(other, case="x/2"), made.at_centre())
    found = run(made.request(one, other, case="x/3", seed=7), made.at_centre()).trace
    assert [(each["case"], each["files"], each["outcome"]) for each in found.earlier] == [
        ("x/1", "some", ["not ended"]),
        ("x/2", "some", list([each for each in runs_in(log) if each.state == "ended"][-2].outcome)),
    ]
    assert found.earlier[1]["parameters"]["seed"] == 1


def test_an_envelope_opened_by_a_run_that_was_killed_is_used_up(made: Office, tmp_path: Path) -> None:
    file = made.leak("killed.csv", EXPORT)
    key = read_key(made.owner_key, "owner")
    told = Purpose("payroll", key.id, key.current, "2026/1", ("x", "y"), NOW + timedelta(days=1))
    path = tmp_path / "payroll.envelope"
    path.write_bytes(sealed(key.secret(), told, public_key(made.key.sealing)))
    site = replace(made.at_centre("payroll"), owners={"payroll": path})

    def killed(stage: str) -> None:
        if stage.startswith("recognise"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trace(made.request(file, registers=("payroll",)), site, Settings(trace_runs=1000), killed)
    with pytest.raises(ConfigError, match="served a run already"):
        run(made.request(file, registers=("payroll",)), site)


def test_the_order_of_the_files_and_a_file_named_twice_change_nothing(made: Office) -> None:
    """Nor is a list that was stamped another one: a second run would fail at its end, its envelope spent."""
    one, other = (
        made.leak("first.csv", EXPORT + ",rows=450"),
        made.leak("second.csv", EXPORT + ",rows=460", altered=0.1),
    )
    found = [run(made.request(*files), made.at_owner()) for files in ((one, other), (other, one), (one, other, one))]
    assert len({statements(each.trace) for each in found}) == 1
    assert {tuple(path.name for path in each.files) for each in found} == {
        tuple(each.name for each in found[0].trace.inputs)
    }


def test_the_request_for_a_time_stamp_is_made_at_intake(made: Office, tmp_path: Path) -> None:
    path = tmp_path / "unreadable.csv"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(InputError):
        run(made.request(path), made.at_centre())
    folder = made.centre.traces(hashlib.sha256(sha(path).encode()).hexdigest()) / "timestamp"
    assert (folder / "request.tsq").exists()
    assert sha(path) in (folder / "intake.sha256").read_text()


def test_without_a_key_for_what_is_asked_nothing_is_said_of_the_leak(made: Office) -> None:
    file = made.leak("keyless.csv", EXPORT)
    with pytest.raises(InputError, match="the owner's key is missing for civil"):
        run(made.request(file, registers=("civil",)), made.at_centre("payroll"))


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
    assert purpose.id in used
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


def test_at_a_centre_pieces_are_those_that_the_file_or_many_rows_set_apart(made: Office) -> None:
    """Two exports, each in the order of ids, are two parts of a file that anybody sees."""
    parts = [f"civil@2024-0{month}-15T10:00,order=id,rows=1200" for month in (1, 4)]
    file = made.leak("sorted.csv", *parts)
    found = run(made.request(file), made.at_centre()).trace
    assert len(found.pieces) in (2, 3)  # one in some hundred draws splits a part
    assert "limit.pieces" in found.limits
    assert "limit.pieces" not in run(made.request(file), made.at_owner()).trace.limits


def test_rows_that_are_left_out_move_no_others(made: Office) -> None:
    """The fourth row that says the same is left out; those after it keep the places that they had in the file."""
    file = made.leak("again.csv", EXPORT, plain=True)
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join([lines[0], *lines[1:2] * 4, *lines[2:]]), "utf-8")
    (compared,) = run(made.request(file), made.at_centre()).compared
    taken = compared.taken
    assert taken is not None
    assert (taken.rows, len(taken.blocks)) == (len(lines) + 2, len(lines) + 2)
    assert taken.place.tolist() == [0, 1, 2, *range(4, taken.rows)]
    assert compared.table.rows == taken.rows - 1
    assert compared.table.lines.tolist() == [2, 3, 4, *range(6, taken.rows + 2)]


def test_joined_registers_are_both_found(made: Office) -> None:
    parts = ["payroll@2024-03-10,columns=nid+employer+gross_salary,where=period:2024-01",
             "civil@2024-03-10,columns=nid+family_name+address"]  # fmt: skip
    file = made.leak("joined.csv", *parts, joined=True)
    found = run(made.request(file), made.at_owner()).trace
    assert {table.register for table in found.tables} == {"civil", "payroll"}
    assert found.joined == (("civil", "payroll"),)


def test_joined_registers_are_dated_each_by_its_own_columns(made: Office) -> None:
    times = {"payroll": "2024-04-10T12:00:00+00:00", "civil": "2024-02-10T12:00:00+00:00"}
    parts = ["payroll@2024-04-10T12:00,columns=nid+employer+gross_salary,where=period:2024-01",
             "civil@2024-02-10T12:00,columns=nid+family_name+address"]  # fmt: skip
    found = run(made.request(made.leak("apart.csv", *parts, joined=True)), made.at_owner()).trace
    windows = {piece["register"]: piece["window"] for piece in found.pieces}
    assert len(found.pieces) == 2
    assert all(holds(windows[name], when) for name, when in times.items())


def test_the_json_is_whole(made: Office) -> None:
    file = made.leak("whole.csv", EXPORT)
    plain = orjson.loads(run(made.request(file, source="a journalist"), made.at_centre()).trace.json())
    assert plain["inputs"][0]["source"] == "a journalist"
    assert plain["parameters"]["site"] == "centre"
    assert plain["assessment"]["score"] > 0
